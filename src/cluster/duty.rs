//! When a server takes the lease, renews it and gives it up: a pure state machine with the moment as
//! an argument.
//!
//! The time of a lease is counted from before its statement was sent, on the clock that goes on
//! while the machine or the process sleeps. The database counts from when it carried the statement
//! out, which is later: whoever leads stops acting before anybody else can begin.
//!
//! ```text
//! Standing --took--> Leading --another epoch--> Standing
//! ```
//!
//! While the database gives no answer, a lease may be over and nobody else may have it. Then nothing
//! is written and nobody is told of anything (see [`Duty::until`]), but the engine stays, with the
//! results that wait in it: checks go on through an outage of the database, and when it is back
//! either the lease is renewed as it was, or another server has it.

use crate::model::{Span, Steady};

use super::TTL;

/// How often a lease is renewed.
const RENEW: Span = Span::from_secs(2);
/// How soon a renewal is tried again that had no answer.
const AGAIN: Span = Span::from_millis(500);
/// How often a lease is asked for that another server holds.
const POLL: Span = Span::from_secs(1);
/// The least time between two tries.
const BREATH: Span = Span::from_millis(50);
/// A lease counts as over so much earlier than it is.
const MARGIN: Span = Span::from_secs(1);
/// How long another server is given to take over from one that could not go on.
const MODESTY: Span = Span::from_secs(3);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask for the lease.
    Take,
    /// Renew it.
    Renew {
        /// Its epoch.
        epoch: i64,
    },
    /// Stop leading.
    Resign {
        /// The epoch that is over.
        epoch: i64,
    },
    /// Nothing until then.
    Wait(Steady),
}

/// What came of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// It holds for another while.
    Held,
    /// It is another server's.
    Lost,
    /// There was no answer.
    Unknown,
}

/// Whether this server leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// It does not; it asks at that moment.
    Standing {
        /// When.
        at: Steady,
    },
    /// It does.
    Leading {
        /// In that epoch.
        epoch: i64,
        /// It may act until then.
        until: Steady,
        /// When it is renewed.
        renew: Steady,
        /// Another server has it, or the engine could not go on.
        lost: bool,
    },
}

impl Duty {
    /// A server that asks at once.
    pub(super) const fn new(now: Steady) -> Self {
        Self::Standing { at: now }
    }

    /// What is to be done at this moment.
    pub(super) fn next(self, now: Steady) -> Next {
        match self {
            Self::Standing { at } if now >= at => Next::Take,
            Self::Standing { at } => Next::Wait(at),
            Self::Leading { epoch, lost: true, .. } => Next::Resign { epoch },
            Self::Leading { epoch, renew, .. } if now >= renew => Next::Renew { epoch },
            Self::Leading { renew, .. } => Next::Wait(renew),
        }
    }

    /// The lease was asked for at `sent`; `free_at` is when that of another one is over, as far as
    /// it is known.
    pub(super) fn took(
        &mut self,
        taken: Option<i64>,
        sent: Steady,
        free_at: Option<Steady>,
        now: Steady,
    ) {
        let until = over(sent);
        *self = match taken {
            Some(epoch) if now < until => {
                Self::Leading { epoch, until, renew: sent + RENEW, lost: false }
            }
            // The answer came too late to be worth anything.
            Some(_) => Self::Standing { at: now + BREATH },
            None => {
                let free = free_at.map_or(now + POLL, |free| free.max(now + BREATH));
                Self::Standing { at: free.min(now + POLL) }
            }
        };
    }

    /// The lease was to be renewed at `sent`.
    pub(super) fn renewed(&mut self, renewal: Renewal, sent: Steady, now: Steady) {
        if let Self::Leading { until, renew, lost, .. } = self {
            match renewal {
                Renewal::Held => {
                    *until = over(sent).max(*until);
                    *renew = sent + RENEW;
                }
                Renewal::Lost => *lost = true,
                Renewal::Unknown => *renew = now + AGAIN,
            }
        }
    }

    /// The fence found another epoch, or the engine could not go on.
    pub(super) fn lost(&mut self) {
        if let Self::Leading { lost, .. } = self {
            *lost = true;
        }
    }

    /// It leads no more.
    pub(super) fn resigned(&mut self, now: Steady) {
        *self = Self::Standing { at: now + MODESTY };
    }

    /// Another server gave the lease up.
    pub(super) fn woken(&mut self, now: Steady) {
        if let Self::Standing { at } = self {
            *at = now.min(*at);
        }
    }

    /// Until when it may act; `None` while it does not lead.
    pub(super) const fn until(self) -> Option<Steady> {
        match self {
            Self::Standing { .. } | Self::Leading { lost: true, .. } => None,
            Self::Leading { until, .. } => Some(until),
        }
    }
}

/// When a lease is over that was asked for at `sent`.
fn over(sent: Steady) -> Steady {
    sent + Span::from_millis(TTL.millis() - MARGIN.millis())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(millis: i64) -> Steady {
        Steady::from_millis(millis)
    }

    fn leading() -> Duty {
        let mut duty = Duty::new(at(0));
        assert_eq!(duty.next(at(0)), Next::Take);
        duty.took(Some(7), at(0), None, at(20));
        duty
    }

    #[test]
    fn f_71_a_lease_is_taken_the_moment_it_is_free() {
        let mut duty = Duty::new(at(0));
        duty.took(None, at(0), Some(at(400)), at(10));
        assert_eq!(duty.next(at(399)), Next::Wait(at(400)));
        assert_eq!(duty.next(at(400)), Next::Take);
        duty.took(None, at(400), None, at(410));
        assert_eq!(duty.next(at(411)), Next::Wait(at(1410)), "asked every second");
        duty.woken(at(500));
        assert_eq!(duty.next(at(500)), Next::Take, "or when it was given up");
    }

    #[test]
    fn f_72_without_an_answer_it_stops_acting_before_the_lease_is_over_and_stays() {
        let mut duty = leading();
        assert_eq!(duty.next(at(100)), Next::Wait(at(2000)));
        let mut now = at(2000);
        // An hour without a database.
        while now < at(3_600_000) {
            assert_eq!(duty.next(now), Next::Renew { epoch: 7 });
            duty.renewed(Renewal::Unknown, now, now + Span::from_millis(300));
            assert_eq!(duty.until(), Some(at(5000)), "nobody acts later than that");
            now = now + Span::from_millis(800);
        }
        let (mut held, mut lost) = (duty, duty);
        held.renewed(Renewal::Held, now, now + Span::from_millis(10));
        assert_eq!(held.until(), Some(now + Span::from_secs(5)), "nobody else took it");
        lost.renewed(Renewal::Lost, now, now);
        assert_eq!((lost.until(), lost.next(now)), (None, Next::Resign { epoch: 7 }));
        lost.resigned(now);
        assert_eq!(lost.next(now), Next::Wait(now + Span::from_secs(3)));
    }

    #[test]
    fn a_server_that_slept_may_not_act_before_it_has_asked() {
        let duty = leading();
        assert_eq!(duty.next(at(90_000)), Next::Renew { epoch: 7 });
        assert!(duty.until().unwrap() < at(90_000));
        let mut asked = Duty::new(at(0));
        asked.took(Some(8), at(0), None, at(90_000));
        assert_eq!(asked.until(), None, "an answer that was slept over counts for nothing");
        let mut renewing = leading();
        renewing.renewed(Renewal::Held, at(2000), at(90_000));
        assert!(renewing.until().unwrap() < at(90_000), "the same for a renewal");
    }

    #[test]
    fn another_epoch_ends_it_at_once() {
        let mut duty = leading();
        duty.renewed(Renewal::Lost, at(2000), at(2100));
        assert_eq!(duty.next(at(2100)), Next::Resign { epoch: 7 });
        let mut duty = leading();
        duty.lost();
        assert_eq!(duty.next(at(50)), Next::Resign { epoch: 7 });
    }

    proptest! {
        /// The database's lease begins when it carries a statement out, somewhere between sending
        /// and answer. However slow each is and whatever is lost, no two lead at one moment.
        #[test]
        fn i6_no_two_lead_at_one_moment(
            steps in proptest::collection::vec((0_usize..2, 1_i64..900, 0_i64..4000, 0_u8..4), 1..300),
        ) {
            // The database: owner, epoch, when it is over.
            let mut lease = (usize::MAX, 0_i64, 0_i64);
            let mut all = [Duty::new(at(0)), Duty::new(at(0))];
            let mut clocks = [0_i64, 0];
            let mut now = 0;
            for (who, carried, answered, fate) in steps {
                now += carried;
                // Each lives its own life; an answer that is on its way keeps its server waiting.
                if now < clocks[who] {
                    continue;
                }
                let sent = at(now);
                let done = now + carried / 2;
                let back = at(done + answered);
                let duty = &mut all[who];
                match duty.next(sent) {
                    Next::Take => {
                        let free = lease.2 <= done && fate != 0;
                        if free {
                            lease = (who, lease.1 + 1, done + 6000);
                        }
                        duty.took(free.then_some(lease.1), sent, None, back);
                    }
                    Next::Renew { epoch } => {
                        let ours = (lease.0, lease.1) == (who, epoch);
                        if ours && fate != 0 {
                            lease.2 = done + 6000;
                        }
                        let renewal = match (fate, ours) {
                            (0 | 1, _) => Renewal::Unknown,
                            (_, true) => Renewal::Held,
                            (_, false) => Renewal::Lost,
                        };
                        duty.renewed(renewal, sent, back);
                    }
                    Next::Resign { .. } => duty.resigned(sent),
                    Next::Wait(_) => {}
                }
                clocks[who] = back.millis();
                now = now.max(done);
                let leads = |duty: &Duty| duty.until().is_some_and(|until| at(now) < until);
                prop_assert!(!(leads(&all[0]) && leads(&all[1])), "{all:?} at {now}");
            }
        }
    }
}
