//! Sending a number of packets on their beat and collecting what comes back until the end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::socket::{Answer, PingSocket};
use crate::model::spec::PingSpec;
use crate::model::{Failure, FailureKind};
use crate::probe::errno;

/// How long stragglers are waited for after the last packet when others did answer.
const GRACE: Duration = Duration::from_secs(2);
/// What every packet gets at least, where the deadline allows it.
const LEAST_WAIT: Duration = Duration::from_secs(1);
/// Most packets of one run; the configuration allows no more.
const PACKET_LIMIT: u16 = 100;

/// What one run sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where to.
    target: IpAddr,
    /// How many packets, at least 1.
    packets: u16,
    /// Time between two packets.
    gap: Duration,
    /// Payload bytes.
    size: usize,
    /// When the first packet goes out.
    start: Instant,
    /// When the report must be ready.
    end: Instant,
}

impl Plan {
    /// Fits the wanted packets into `budget`: when they do not, they go out faster, so that the
    /// last one too has a second (or half the budget) to be answered.
    pub(super) fn new(target: IpAddr, spec: &PingSpec, start: Instant, budget: Duration) -> Self {
        let packets = spec.packets.clamp(1, PACKET_LIMIT);
        let sending = budget.saturating_sub(LEAST_WAIT.min(budget / 2));
        let gaps = u32::from(packets - 1).max(1);
        Self {
            target,
            packets,
            gap: spec.packet_interval.to_std().min(sending / gaps),
            size: usize::from(spec.size),
            start,
            end: start + budget,
        }
    }
}

/// What one run saw.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The round-trip time of each packet that was sent, in the order of sending; `None` is lost.
    pub(super) round_trips: Vec<Option<Duration>>,
    /// The network's word that there is no way to the target.
    pub(super) no_route: Option<String>,
    /// A word about the host itself that came back instead of an answer.
    pub(super) hint: Option<String>,
    /// What kept this machine from sending some packets.
    own: Option<Failure>,
}

/// Sends the plan's packets and gives what came back, at the plan's end at the latest.
///
/// # Errors
/// When this machine could send nothing at all, for a reason of its own.
pub(super) async fn survey(socket: &Arc<PingSocket>, plan: &Plan) -> Result<Survey, Failure> {
    let mut seen = Survey::default();
    let mut pending = FuturesUnordered::new();
    let mut tried: u16 = 0;
    let mut last_sent = plan.start;
    loop {
        let sending = tried < plan.packets;
        if !sending && pending.is_empty() {
            break;
        }
        let stop = if !sending && seen.round_trips.iter().any(Option::is_some) {
            plan.end.min(last_sent + GRACE)
        } else {
            plan.end
        };
        let due = plan.start + plan.gap * u32::from(tried);
        tokio::select! {
            // Answers first: a packet that is due can wait for what is there already.
            biased;
            Some((index, answer)) = pending.next(), if !pending.is_empty() => {
                seen.note(index, answer);
            }
            () = tokio::time::sleep_until(stop.into()) => break,
            () = tokio::time::sleep_until(due.into()), if sending => {
                tried += 1;
                last_sent = Instant::now();
                match socket.send(plan.target, plan.size).await {
                    Ok(outstanding) => {
                        let index = seen.round_trips.len();
                        seen.round_trips.push(None);
                        pending.push(async move { (index, outstanding.wait().await) });
                    }
                    Err(error) => seen.unsent(plan.target, &error),
                }
            }
        }
    }
    match seen.own.take() {
        // Loss is a share of what was sent; what we could not send is not the target's loss.
        Some(own) if seen.round_trips.is_empty() => Err(own),
        _ => Ok(seen),
    }
}

impl Survey {
    fn note(&mut self, index: usize, answer: Result<Duration, Answer>) {
        match answer {
            Ok(took) => {
                if let Some(slot) = self.round_trips.get_mut(index) {
                    *slot = Some(took);
                }
            }
            Err(Answer::Error { text, host: true }) => self.hint = Some(text),
            Err(Answer::Error { text, host: false }) => self.no_route = Some(text),
            Err(Answer::Echo(_)) => {}
        }
    }

    /// A packet that the kernel did not take.
    fn unsent(&mut self, target: IpAddr, error: &std::io::Error) {
        let words = errno::words(error);
        let kind = errno::kind(error);
        if kind == Some(FailureKind::NoRoute) {
            self.no_route = Some(words);
            self.round_trips.push(None);
            return;
        }
        let text = match kind {
            Some(FailureKind::Denied) => {
                format!(
                    "this machine's firewall or address rules forbid pings to {target}: {words}"
                )
            }
            Some(FailureKind::Local) => format!("this machine cannot ping {target}: {words}"),
            _ => format!("cannot ping {target}: {words}"),
        };
        self.own = Some(Failure::new(kind.unwrap_or(FailureKind::Internal), text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    fn plan(packets: u16, gap_ms: u64, budget_ms: u64) -> Plan {
        let packet_interval = Span::from_millis(gap_ms);
        let spec = PingSpec { packets, packet_interval, ..PingSpec::default() };
        let target = IpAddr::from([127, 0, 0, 1]);
        Plan::new(target, &spec, Instant::now(), Duration::from_millis(budget_ms))
    }

    #[test]
    fn packets_are_fitted_into_the_deadline() {
        for (packets, gap, budget, fitted) in [
            (5, 200, 9_950, 200),
            (5, 200, 1_000, 125),
            (100, 1_000, 10_000, 90),
            (1, 1_000, 500, 250),
            (2, 60_000, 3_000, 2_000),
        ] {
            let plan = plan(packets, gap, budget);
            let whole = u64::try_from(plan.gap.as_millis()).unwrap();
            assert_eq!(whole, fitted, "{packets} packets, {budget} ms");
            assert!(plan.start + plan.gap * u32::from(packets - 1) < plan.end);
        }
        assert_eq!(plan(0, 1, 1).packets, 1);
    }
}
