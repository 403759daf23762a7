//! What is remembered of an instance between runs, so that a 429 is no state of its own. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::show::Seen;
use crate::model::Span;
use crate::model::State;
use crate::model::spec::FluxbasePart;

/// For how long a state is kept that could not be asked for again.
const KEEP: Duration = Duration::from_mins(15);
/// A run that comes so little before the end of a pause is not held back.
const EARLY: Duration = Duration::from_secs(1);

/// What was said last, and until when the instance wants to be left alone.
#[derive(Debug, Default)]
pub struct Known {
    last: BTreeMap<FluxbasePart, Last>,
    until: Option<Instant>,
    /// Which of the places of the exposition answered last.
    pub(super) place: usize,
}

#[derive(Debug)]
struct Last {
    state: State,
    text: String,
    at: Instant,
}

impl Known {
    /// Remembers what a surface said.
    pub(super) fn keep(&mut self, part: FluxbasePart, seen: &Seen, now: Instant) {
        self.last.insert(part, Last { state: seen.state, text: seen.text(), at: now });
    }

    /// True while the instance wants to be left alone.
    pub(super) fn is_paused(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until.saturating_duration_since(now) > EARLY)
    }

    /// It was asked too often: no question for so long.
    pub(super) fn pause(&mut self, time: Span, now: Instant) {
        self.until = now.checked_add(time.to_std());
    }

    /// What is to be said of a surface that cannot be asked now: what it said last, as long as
    /// that is not too old.
    pub(super) fn held(&self, part: FluxbasePart, now: Instant) -> Seen {
        let left = self.until.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let left = left.as_secs_f64().ceil();
        let why = format!("asked too often (HTTP 429), and asked again in {left} s");
        let last = self.last.get(&part).filter(|last| now.duration_since(last.at) <= KEEP);
        match last {
            Some(last) => {
                let ago = now.duration_since(last.at).as_secs();
                let line = format!("{ago} s ago: {}", last.text);
                Seen { state: last.state, reasons: vec![why], line, ..Seen::default() }
            }
            None => Seen { state: State::Unknown, reasons: vec![why], ..Seen::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_429_keeps_the_last_state_for_a_while_and_then_nothing_is_known() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut known = Known::default();
        known.pause(Span::from_secs(60), start);
        assert_eq!(known.held(FluxbasePart::Health, start).state, State::Unknown);
        let seen = Seen { state: State::Warning, line: "degraded".to_owned(), ..Seen::default() };
        known.keep(FluxbasePart::Health, &seen, start);
        assert!(known.is_paused(after(58)) && !known.is_paused(after(59)));
        let held = known.held(FluxbasePart::Health, after(10));
        assert_eq!(held.state, State::Warning);
        assert!(held.metrics.is_empty(), "old figures are no new ones");
        let text = held.text();
        assert!(text.contains("again in 50 s") && text.contains("10 s ago: degraded"), "{text}");
        assert_eq!(known.held(FluxbasePart::System, after(10)).state, State::Unknown);
        assert_eq!(known.held(FluxbasePart::Health, after(901)).state, State::Unknown);
    }
}
