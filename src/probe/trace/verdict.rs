//! One line in words about a path: where it ends, where loss begins, and whether it is loss at all.
//! Pure.
//!
//! Routers answer expired probes in their spare time, so a hop's own loss says little. What counts
//! is what gets through to the hops behind it: the path up to a hop loses at most as much as any
//! later hop shows.

use std::net::IpAddr;

use super::tracker::{Ending, LATELY};
use crate::model::spec::TraceProtocol;
use crate::model::trace::Hop;
use crate::model::words::plural;

/// What the verdict is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub hops: &'a [Hop],
    pub protocol: TraceProtocol,
    /// The target answered in the last rounds.
    pub reached: bool,
    /// At least one round is over.
    pub begun: bool,
    pub ending: Option<Ending>,
    /// Why probes cannot be sent from this machine.
    pub problem: Option<&'a str>,
}

/// The line.
pub(super) fn verdict(facts: &Facts) -> String {
    if let Some(problem) = facts.problem {
        return format!("cannot send: {problem}");
    }
    if facts.reached {
        return reached(facts);
    }
    let Some(last) = facts.hops.iter().rfind(|hop| answers_lately(hop)) else {
        return if facts.begun {
            "no answers at all, not even from the first hop".to_owned()
        } else {
            "no answers yet".to_owned()
        };
    };
    if let Some(repeated) = repetition(facts.hops) {
        return repeated;
    }
    match facts.ending {
        Some(ending) => {
            let place = facts
                .hops
                .iter()
                .find(|hop| hop.ttl == ending.ttl && speaks_as(hop, ending.from))
                .map_or_else(|| format!("hop {} ({})", ending.ttl, ending.from), place);
            format!("answers end at {place}, which reports: {}", ending.refusal)
        }
        None => format!("answers end at {}", place(last)),
    }
}

fn reached(facts: &Facts) -> String {
    let losses: Vec<Option<f64>> = facts.hops.iter().map(loss).collect();
    // The loss that the path up to each hop can have: no more than any later hop shows.
    let mut carried = losses.clone();
    let mut least: Option<f64> = None;
    for entry in carried.iter_mut().rev() {
        least = match (least, *entry) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        *entry = least;
    }
    let Some(target) = facts.hops.last() else { return "the target answers".to_owned() };
    let at_target = losses.last().copied().flatten().unwrap_or(0.0);
    if at_target > 0.0 {
        let before = carried.iter().rev().nth(1).copied().flatten().unwrap_or(0.0);
        return lossy(facts, &carried, target, at_target, before) + &window(target);
    }
    lossless(facts.hops)
}

fn lossy(facts: &Facts, carried: &[Option<f64>], target: &Hop, lost: f64, before: f64) -> String {
    let amount = percent(lost);
    let most = |hop: &&Option<f64>| hop.is_some_and(|loss| loss >= lost / 2.0);
    let first = carried.iter().position(|hop| most(&hop)).and_then(|i| facts.hops.get(i));
    match first {
        Some(first) if first.ttl < target.ttl => {
            format!("{amount} loss begins at {} and stays to the target", place(first))
        }
        _ if before > 0.0 => {
            format!(
                "{amount} loss at the target, {}, and {} before it",
                place(target),
                percent(before)
            )
        }
        _ if facts.protocol == TraceProtocol::Udp => format!(
            "the target, {}, leaves {amount} unanswered, the hops before it nothing: hosts limit \
             their `port unreachable` answers, so this need not be loss (icmp tells)",
            place(target)
        ),
        _ => format!("{amount} loss begins at the target, {}", place(target)),
    }
}

fn lossless(hops: &[Hop]) -> String {
    let middle = hops.get(..hops.len().saturating_sub(1)).unwrap_or_default();
    let mut remarks = Vec::new();
    let limiting: Vec<&Hop> =
        middle.iter().filter(|hop| loss(hop).is_some_and(|l| l > 0.0 && l < 100.0)).collect();
    let few = |hop: &Hop| unanswered(hop) < 2;
    match limiting.as_slice() {
        [] => {}
        [hop] if few(hop) => {
            let probes = hop.recent_ms.len();
            remarks.push(format!("{} left 1 of {probes} probes unanswered", place(hop)));
        }
        [hop] => remarks.push(format!(
            "{} limits its ICMP replies ({} unanswered)",
            place(hop),
            percent(loss(hop).unwrap_or(0.0))
        )),
        several if several.iter().all(|hop| few(hop)) => {
            remarks.push(format!("{} left single probes unanswered", numbers(several)));
        }
        several => {
            let worst = several.iter().filter_map(|hop| loss(hop)).fold(0.0, f64::max);
            remarks.push(format!(
                "{} limit their ICMP replies (up to {} unanswered)",
                numbers(several),
                percent(worst)
            ));
        }
    }
    let silent: Vec<&Hop> =
        middle.iter().filter(|hop| loss(hop).is_some_and(|l| l >= 100.0)).collect();
    match silent.as_slice() {
        [] => {}
        [hop] => remarks.push(format!("hop {} does not answer", hop.ttl)),
        several => remarks.push(format!("{} do not answer", numbers(several))),
    }
    if !remarks.is_empty() {
        return format!("{}, the path itself loses nothing", remarks.join(", "));
    }
    let earlier = hops.iter().any(|hop| hop.received < hop.sent);
    let all = match hops.len() {
        1 => "the target answers at the first hop".to_owned(),
        n => format!("all {n} hops answer"),
    };
    if earlier {
        let probes = hops.iter().map(|hop| hop.recent_ms.len()).max().unwrap_or(0);
        return format!("{all}, no loss in the last {}", plural(probes, "probe"));
    }
    format!("{all}, no loss")
}

/// A loop shows as one router that answers at several hops with another one between them.
fn repetition(hops: &[Hop]) -> Option<String> {
    let lately: Vec<(u8, IpAddr)> = hops
        .iter()
        .filter(|hop| answers_lately(hop))
        .filter_map(|hop| Some((hop.ttl, hop.addresses.first()?.address)))
        .collect();
    for (index, (ttl, address)) in lately.iter().enumerate() {
        let again = lately.iter().skip(index + 1).find(|(_, other)| other == address);
        let Some((later, _)) = again else { continue };
        let other = lately.iter().any(|(t, a)| t > ttl && t < later && a != address);
        if other {
            let hop = hops.iter().find(|hop| hop.ttl == *ttl)?;
            return Some(format!(
                "the path runs in a loop: {} answers again at hop {later}",
                place(hop)
            ));
        }
    }
    None
}

/// Loss among the remembered probes; `None` before the first is over.
fn loss(hop: &Hop) -> Option<f64> {
    let all = hop.recent_ms.len();
    (all > 0).then(|| count(unanswered(hop)) * 100.0 / count(all))
}

fn unanswered(hop: &Hop) -> usize {
    hop.recent_ms.iter().filter(|probe| probe.is_none()).count()
}

#[expect(clippy::cast_precision_loss, reason = "at most a few dozen")]
const fn count(n: usize) -> f64 {
    n as f64
}

fn answers_lately(hop: &Hop) -> bool {
    let lately = usize::try_from(LATELY).unwrap_or(usize::MAX);
    hop.recent_ms.iter().rev().take(lately).any(Option::is_some)
}

fn speaks_as(hop: &Hop, address: IpAddr) -> bool {
    hop.addresses.iter().any(|known| known.address == address)
}

/// Says which probes a number is about, where the table shows more of them.
fn window(hop: &Hop) -> String {
    let remembered = hop.recent_ms.len();
    if hop.sent > remembered as u64 {
        format!(" (last {})", plural(remembered, "probe"))
    } else {
        String::new()
    }
}

/// `hop 3 (core-1 10.0.3.1)`.
fn place(hop: &Hop) -> String {
    match hop.addresses.first() {
        None => format!("hop {} (silent)", hop.ttl),
        Some(known) => match &known.name {
            Some(name) => format!("hop {} ({name} {})", hop.ttl, known.address),
            None => format!("hop {} ({})", hop.ttl, known.address),
        },
    }
}

/// `hops 2, 3 and 7`.
fn numbers(hops: &[&Hop]) -> String {
    let all: Vec<String> = hops.iter().map(|hop| hop.ttl.to_string()).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("hops {} and {last}", rest.join(", ")),
        _ => format!("hop {}", all.join(", ")),
    }
}

/// `3.1 %`, `41 %`: one decimal where it says something.
pub(super) fn percent(value: f64) -> String {
    let text = if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let text = text.strip_suffix(".0").unwrap_or(&text);
    format!("{text} %")
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
