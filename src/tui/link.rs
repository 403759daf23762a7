//! The line to the engine: how fresh what is shown is, and when it is too old to be believed.
//!
//! In: the moments at which something was heard. Out: a badge and its age.
//! Never: asks the engine anything.

use crate::model::{Span, Steady};
use crate::tui::app::App;

/// A stream is never quieter than that while its engine is well: it shows every 5 s that it lives.
const LAGS: Span = Span::from_secs(8);
/// From here on what is shown may be wrong.
const STALE: Span = Span::from_secs(20);
/// From here on no state is believed.
pub const BLIND: Span = Span::from_secs(60);

/// The stream of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not yet there.
    Connecting,
    /// Up; when something was last heard.
    Live(Steady),
    /// Down for that reason; when something was last heard.
    Lost(Steady, String),
}

/// How fresh what is shown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As it is.
    Live,
    /// Something should have been heard by now.
    Lagging(Span),
    /// It may be wrong.
    Stale(Span),
    /// There is no stream.
    Offline(Span),
}

impl Link {
    /// Something was heard.
    pub fn heard(&mut self, now: Steady) {
        if let Self::Live(at) = self {
            *at = now;
        }
    }

    /// The stream ended.
    pub fn lose(&mut self, now: Steady, why: String) {
        match self {
            Self::Lost(_, known) => *known = why,
            Self::Live(at) => *self = Self::Lost(*at, why),
            Self::Connecting => *self = Self::Lost(now, why),
        }
    }

    /// How fresh what is shown is; `pulses` says that the stream shows that it lives.
    #[must_use]
    pub fn freshness(&self, now: Steady, pulses: bool) -> Freshness {
        match self {
            Self::Live(at) if pulses => match now.since(*at) {
                age if age >= STALE => Freshness::Stale(age),
                age if age >= LAGS => Freshness::Lagging(age),
                _ => Freshness::Live,
            },
            Self::Live(_) | Self::Connecting => Freshness::Live,
            Self::Lost(at, _) => Freshness::Offline(now.since(*at)),
        }
    }

    /// True when nothing was heard for so long that no state is believed.
    #[must_use]
    pub fn is_blind(&self, now: Steady, pulses: bool) -> bool {
        match self.freshness(now, pulses) {
            Freshness::Live => false,
            Freshness::Lagging(age) | Freshness::Stale(age) | Freshness::Offline(age) => {
                age >= BLIND
            }
        }
    }
}

impl App {
    /// Whether the stream shows that it lives: that of an engine in another process does.
    #[must_use]
    pub const fn pulses(&self) -> bool {
        self.options.attached || self.options.remote.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_grows_old_in_steps() {
        let at = |seconds: i64| Steady::from_millis(seconds * 1000);
        let age = Span::from_secs;
        let (live, lost) = (Link::Live(at(0)), Link::Lost(at(0), "cut".to_owned()));
        for (link, now, pulses, wanted, blind) in [
            (&live, 7, true, Freshness::Live, false),
            (&live, 8, true, Freshness::Lagging(age(8)), false),
            (&live, 20, true, Freshness::Stale(age(20)), false),
            (&live, 59, true, Freshness::Stale(age(59)), false),
            (&live, 60, true, Freshness::Stale(age(60)), true),
            (&live, 3600, false, Freshness::Live, false),
            (&lost, 1, true, Freshness::Offline(age(1)), false),
            (&lost, 60, false, Freshness::Offline(age(60)), true),
            (&Link::Connecting, 600, true, Freshness::Live, false),
        ] {
            assert_eq!(link.freshness(at(now), pulses), wanted, "{link:?} at {now}");
            assert_eq!(link.is_blind(at(now), pulses), blind, "{link:?} at {now}");
        }
    }

    #[test]
    fn an_age_counts_from_what_was_heard_last_however_often_it_fails() {
        let at = |seconds: i64| Steady::from_millis(seconds * 1000);
        let mut link = Link::Live(at(0));
        link.heard(at(10));
        link.lose(at(30), "cut".to_owned());
        link.lose(at(40), "refused".to_owned());
        assert_eq!(link, Link::Lost(at(10), "refused".to_owned()));
        link.heard(at(50));
        assert_eq!(link, Link::Lost(at(10), "refused".to_owned()), "a rest of the old stream");
    }
}
