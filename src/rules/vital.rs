//! Whether the monitor itself moves, so that its heartbeat may be sent.
//!
//! What each part must have done lately is said at [`Vitals`]; the moments are of the steady clock,
//! so that no step of the wall clock looks like a standstill.

use crate::model::{Span, Steady};

/// A loop that turns every second and has not for so long does not move.
pub const TURN: Span = Span::from_secs(30);
/// How long the next result may be late besides its check's own interval and time limit.
pub const GRACE: Span = Span::from_secs(30);
/// Tries that all failed for so long say that nobody can be told anything.
pub const FAILING: Span = Span::from_secs(600);
/// A failure that is older is of something that is not tried any more.
const TRIED: Span = Span::from_secs(180);

/// Tries to deliver of which none was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The first since something was last taken, anywhere.
    pub since: Steady,
    /// The last.
    pub last: Steady,
}

/// What the parts did lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// When the engine last looked after its deadlines.
    pub turned: Steady,
    /// When a result of any check was last taken, or one began to be expected.
    pub result: Steady,
    /// The longest time between two of those: the shortest interval of a check with its time limit
    /// and [`GRACE`]; `None` while no check runs.
    pub within: Option<Span>,
    /// Checks that run.
    pub checks: usize,
    /// Those of them whose result is late.
    pub late: usize,
    /// Whether results can be stored.
    pub stored: bool,
    /// Whether a probe could be written just now.
    pub written: bool,
    /// When the outbox was last read and what was due was sent off.
    pub posted: Steady,
    /// While nothing that is tried is taken.
    pub failing: Option<Failing>,
}

/// A part that does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// The engine does not look after its deadlines.
    Engine,
    /// No result came within the time in which one must, or most are late.
    Checks,
    /// Nothing can be stored.
    Store,
    /// What is due is not sent off.
    Outbox,
    /// All that is sent fails for long.
    Deliveries,
}

impl Stuck {
    /// What it is, in words for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Engine => "the engine stands still",
            Self::Checks => "no check gives results in time",
            Self::Store => "nothing can be stored",
            Self::Outbox => "the outbox stands still",
            Self::Deliveries => "no notification is taken anywhere",
        }
    }
}

/// The parts that do not move at `now`, the first cause first.
#[must_use]
pub fn stuck(vitals: &Vitals, now: Steady) -> Vec<Stuck> {
    let still = |turned: Steady| now.since(turned) > TURN;
    let engine = still(vitals.turned);
    let store = !vitals.stored || !vitals.written;
    // Who cannot store results takes none; an engine that stands still takes none either.
    let checks = !engine
        && !store
        && vitals.within.is_some_and(|within| {
            now.since(vitals.result) > within || vitals.late * 2 > vitals.checks
        });
    let failing = vitals.failing.is_some_and(|failing| {
        now.since(failing.since) > FAILING && now.since(failing.last) <= TRIED
    });
    let all = [
        (engine, Stuck::Engine),
        (store, Stuck::Store),
        (checks, Stuck::Checks),
        (still(vitals.posted) && !store, Stuck::Outbox),
        (failing, Stuck::Deliveries),
    ];
    all.into_iter().filter(|(stuck, _)| *stuck).map(|(_, what)| what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Steady {
        Steady::from_millis(seconds * 1000)
    }

    #[test]
    fn each_part_is_named_alone_and_at_its_second() {
        let good = Vitals {
            turned: at(1000),
            result: at(1000),
            within: Some(Span::from_secs(100)),
            checks: 4,
            late: 2,
            stored: true,
            written: true,
            posted: at(1000),
            failing: None,
        };
        let failing = |since, last| Some(Failing { since: at(since), last: at(last) });
        let now = 1030;
        for (vitals, named) in [
            (good, vec![]),
            (Vitals { turned: at(999), ..good }, vec![Stuck::Engine]),
            (Vitals { posted: at(999), ..good }, vec![Stuck::Outbox]),
            (Vitals { result: at(930), ..good }, vec![]),
            (Vitals { result: at(929), ..good }, vec![Stuck::Checks]),
            (Vitals { result: at(0), within: None, ..good }, vec![]),
            (Vitals { late: 3, ..good }, vec![Stuck::Checks]),
            (Vitals { late: 6, checks: 10, ..good }, vec![Stuck::Checks]),
            (Vitals { late: 5, checks: 10, ..good }, vec![]),
            (Vitals { stored: false, ..good }, vec![Stuck::Store]),
            (Vitals { written: false, ..good }, vec![Stuck::Store]),
            // What follows from the store is not named besides.
            (Vitals { written: false, posted: at(0), result: at(0), ..good }, vec![Stuck::Store]),
            (Vitals { failing: failing(430, 1020), ..good }, vec![]),
            (Vitals { failing: failing(429, 1020), ..good }, vec![Stuck::Deliveries]),
            (Vitals { failing: failing(429, 850), ..good }, vec![Stuck::Deliveries]),
            // It was parked or dropped: nothing is tried any more.
            (Vitals { failing: failing(429, 849), ..good }, vec![]),
        ] {
            assert_eq!(stuck(&vitals, at(now)), named, "{vitals:?}");
        }
        let words = [Stuck::Engine, Stuck::Checks, Stuck::Store, Stuck::Outbox, Stuck::Deliveries];
        assert_eq!(
            words.map(Stuck::words),
            [
                "the engine stands still",
                "no check gives results in time",
                "nothing can be stored",
                "the outbox stands still",
                "no notification is taken anywhere"
            ]
        );
        let all = Vitals { turned: at(0), posted: at(0), failing: failing(0, 1000), ..good };
        assert_eq!(stuck(&all, at(now)), [Stuck::Engine, Stuck::Outbox, Stuck::Deliveries]);
    }
}
