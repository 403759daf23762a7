//! What the status of an HTTP answer says to whoever sent something there: one judgement for all that
//! sends.

use super::time::Span;

/// What a receiver may ask for in `Retry-After`, in seconds.
const AGAIN: std::ops::RangeInclusive<u64> = 1..=300;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The receiver took it.
    Taken,
    /// Not now: the same request may be taken later.
    Later,
    /// It is elsewhere, where nothing is sent that is not configured.
    Elsewhere,
    /// Never.
    Refused,
}

impl Reply {
    /// What a status means: 5xx, and of 4xx those that speak of the moment and not of the request (408, 425,
    /// 429), ask for another try.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            300..=399 => Self::Elsewhere,
            408 | 425 | 429 | 500..=599 => Self::Later,
            _ => Self::Refused,
        }
    }
}

/// `Retry-After` in seconds, within bounds; a date counts as not said.
#[must_use]
pub fn retry_after(written: &str) -> Option<Span> {
    let seconds: u64 = written.trim().parse().ok()?;
    Some(Span::from_secs(seconds.clamp(*AGAIN.start(), *AGAIN.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_the_moment_is_tried_again_and_nothing_else() {
        for (status, reply) in [
            (100, Reply::Refused),
            (200, Reply::Taken),
            (204, Reply::Taken),
            (301, Reply::Elsewhere),
            (308, Reply::Elsewhere),
            (400, Reply::Refused),
            (401, Reply::Refused),
            (404, Reply::Refused),
            (408, Reply::Later),
            (413, Reply::Refused),
            (425, Reply::Later),
            (429, Reply::Later),
            (500, Reply::Later),
            (503, Reply::Later),
            (599, Reply::Later),
            (600, Reply::Refused),
        ] {
            assert_eq!(Reply::of(status), reply, "{status}");
        }
    }

    #[test]
    fn a_receiver_asks_for_patience_within_bounds() {
        for (written, seconds) in [
            ("2", Some(2)),
            (" 7 ", Some(7)),
            ("0", Some(1)),
            ("86400", Some(300)),
            ("99999999999999999999", None),
            ("-1", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("", None),
        ] {
            assert_eq!(retry_after(written), seconds.map(Span::from_secs), "{written}");
        }
    }
}
