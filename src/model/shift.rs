//! Shifts: the times of day at which one team takes over from another.
//!
//! In: times of day, a zone, a moment. Out: when the shift of that moment began and ends, and the one
//! before it. Where the clocks are put forward over a time, the shift begins when they go on; where
//! they show a time twice, at the first.
//! Never: reads a clock or the machine's zone.

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};

use super::time::{Span, Timestamp};

/// Most shifts of a day.
pub const SHIFT_LIMIT: usize = 24;
/// Days before and after a moment in which the begins of its shifts are looked for: a zone that
/// changes its side of the date line has no such day at all.
const DAYS: i64 = 3;
/// Longest time, in minutes, that clocks are put forward over.
const FORWARD: i64 = 24 * 60;

/// The times of day at which shifts begin; none of them, when nobody works in shifts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shifts(Vec<u16>);

/// A shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// When the one before it began.
    pub before: Timestamp,
    /// When it began.
    pub start: Timestamp,
    /// When the next one begins.
    pub end: Timestamp,
}

impl Shifts {
    /// Reads `06:00,14:00,22:00`; nothing is no shifts.
    ///
    /// # Errors
    /// A sentence with what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let mut minutes = Vec::new();
        for word in words {
            let minute = minute_of_day(word).ok_or_else(|| {
                let word: String = word.chars().take(40).collect();
                format!("`{word}` is no time of day; write 06:00")
            })?;
            if minutes.contains(&minute) {
                return Err(format!("`{word}` is there twice"));
            }
            if minutes.len() == SHIFT_LIMIT {
                return Err(format!("more than {SHIFT_LIMIT} shifts a day"));
            }
            minutes.push(minute);
        }
        minutes.sort_unstable();
        Ok(Self(minutes))
    }

    /// True when nobody works in shifts.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As [`Self::parse`] reads it.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|minute| clock(*minute)).collect::<Vec<_>>().join(",")
    }

    /// The shift of a moment; `None` without shifts, or beyond the years of the calendar.
    #[must_use]
    pub fn at<Z: TimeZone>(&self, zone: &Z, now: Timestamp) -> Option<Shift> {
        let today = now.to_utc()?.with_timezone(zone).date_naive();
        let mut begins = Vec::new();
        for days in -DAYS..=DAYS {
            let Some(day) = today.checked_add_signed(TimeDelta::days(days)) else { continue };
            for minute in &self.0 {
                let time =
                    NaiveTime::from_hms_opt(u32::from(minute / 60), u32::from(minute % 60), 0)?;
                begins.extend(moment(zone, day.and_time(time)));
            }
        }
        begins.sort_unstable();
        begins.dedup();
        let next = begins.partition_point(|at| *at <= now);
        let past = |back: usize| next.checked_sub(back).and_then(|at| begins.get(at)).copied();
        Some(Shift { before: past(2)?, start: past(1)?, end: begins.get(next).copied()? })
    }
}

/// When the clocks of a zone first show a time, or what comes after it where they skip it.
fn moment<Z: TimeZone>(zone: &Z, naive: NaiveDateTime) -> Option<Timestamp> {
    let found = |local: LocalResult<DateTime<Z>>| {
        local.earliest().map(|at| Timestamp::from_millis(at.timestamp_millis()))
    };
    (0..=FORWARD).find_map(|minutes| {
        let later = naive.checked_add_signed(TimeDelta::minutes(minutes))?;
        found(zone.from_local_datetime(&later))
    })
}

/// Minutes since midnight of `HH:MM`.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number = |text: &str, most: u16| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|n: &u16| digits && *n <= most)
    };
    Some(number(hours, 23)? * 60 + number(minutes, 59)?)
}

/// `HH:MM` of a minute of the day.
#[must_use]
pub fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// When an acknowledgement ends by itself, unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AckExpiry {
    /// With the shift; where nobody works in shifts, after [`AckExpiry::STANDARD`].
    #[default]
    Shift,
    /// After so long.
    After(Span),
    /// Not by itself.
    Never,
}

impl AckExpiry {
    /// How long an acknowledgement lasts where nobody works in shifts.
    pub const STANDARD: Span = Span::from_secs(8 * 3600);

    /// The end of one that is given now.
    #[must_use]
    pub fn end(self, shift: Option<Shift>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::After(span) => Some(now + span),
            Self::Shift => Some(shift.map_or(now + Self::STANDARD, |shift| shift.end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Zone, shifts, moment, begin before, begin, end; all in UTC.
    const TABLE: [(&str, &str, &str, [&str; 3], &str); 12] = [
        (
            "UTC",
            "06:00,14:00,22:00",
            "2026-03-03T09:00:00Z",
            ["2026-03-02T22:00:00Z", "2026-03-03T06:00:00Z", "2026-03-03T14:00:00Z"],
            "the early one",
        ),
        (
            "UTC",
            "06:00,14:00,22:00",
            "2026-03-03T14:00:00Z",
            ["2026-03-03T06:00:00Z", "2026-03-03T14:00:00Z", "2026-03-03T22:00:00Z"],
            "it begins with its first moment",
        ),
        (
            "UTC",
            "06:00,14:00,22:00",
            "2026-03-03T13:59:59Z",
            ["2026-03-02T22:00:00Z", "2026-03-03T06:00:00Z", "2026-03-03T14:00:00Z"],
            "and ends before the next",
        ),
        (
            "UTC",
            "06:00,14:00,22:00",
            "2026-03-03T02:00:00Z",
            ["2026-03-02T14:00:00Z", "2026-03-02T22:00:00Z", "2026-03-03T06:00:00Z"],
            "over midnight",
        ),
        (
            "UTC",
            "08:00",
            "2026-03-03T07:00:00Z",
            ["2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z"],
            "one a day",
        ),
        (
            "Europe/Berlin",
            "06:00,14:00,22:00",
            "2026-03-29T02:30:00Z",
            ["2026-03-28T13:00:00Z", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"],
            "the night of the clocks put forward has seven hours",
        ),
        (
            "Europe/Berlin",
            "06:00,14:00,22:00",
            "2026-10-25T00:30:00Z",
            ["2026-10-24T12:00:00Z", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"],
            "the one of the clocks put back has nine",
        ),
        (
            "Europe/Berlin",
            "02:30,14:30",
            "2026-03-29T01:00:00Z",
            ["2026-03-28T13:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T12:30:00Z"],
            "02:30 is skipped: it begins at 03:00",
        ),
        (
            "Europe/Berlin",
            "02:30,14:30",
            "2026-03-29T00:59:59Z",
            ["2026-03-28T01:30:00Z", "2026-03-28T13:30:00Z", "2026-03-29T01:00:00Z"],
            "and not before",
        ),
        (
            "Europe/Berlin",
            "02:30,14:30",
            "2026-10-25T01:00:00Z",
            ["2026-10-24T12:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T13:30:00Z"],
            "02:30 twice: it begins at the first",
        ),
        (
            "America/New_York",
            "07:00,19:00",
            "2026-03-08T10:30:00Z",
            ["2026-03-07T12:00:00Z", "2026-03-08T00:00:00Z", "2026-03-08T11:00:00Z"],
            "west of here",
        ),
        (
            "Australia/Lord_Howe",
            "02:00,14:00",
            "2026-10-03T15:29:00Z",
            ["2026-10-02T15:30:00Z", "2026-10-03T03:30:00Z", "2026-10-03T15:30:00Z"],
            "half an hour put forward over its begin",
        ),
    ];

    #[test]
    fn shifts_follow_the_clocks_of_their_zone() {
        for (zone, shifts, now, [before, start, end], why) in TABLE {
            let zone: chrono_tz::Tz = zone.parse().unwrap();
            let shift = Shifts::parse(shifts).unwrap().at(&zone, at(now));
            let wanted = Shift { before: at(before), start: at(start), end: at(end) };
            assert_eq!(shift, Some(wanted), "{why}");
        }
    }

    #[test]
    fn shifts_are_read_as_they_are_written() {
        let good = Shifts::parse(" 22:00, 06:00 ,14:00").unwrap();
        assert_eq!(good.text(), "06:00,14:00,22:00");
        assert_eq!(Shifts::parse(&good.text()), Ok(good));
        assert!(Shifts::parse("").unwrap().is_empty());
        assert_eq!(Shifts::default().at(&chrono::Utc, at("2026-03-03T14:00:00Z")), None);
        for bad in ["6:00", "24:00", "06:60", "noon", "06:00,06:00", "é6:00", "06:00:00"] {
            assert!(Shifts::parse(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..25).map(|n| format!("{:02}:{:02}", n % 24, n / 24)).collect();
        assert!(Shifts::parse(&many.join(",")).is_err());
    }

    #[test]
    fn an_acknowledgement_ends_with_the_shift_or_after_eight_hours() {
        let now = at("2026-03-03T13:00:00Z");
        let shift = Shifts::parse("06:00,14:00").unwrap().at(&chrono::Utc, now);
        for (expiry, shift, end) in [
            (AckExpiry::Shift, shift, Some("2026-03-03T14:00:00Z")),
            (AckExpiry::Shift, None, Some("2026-03-03T21:00:00Z")),
            (AckExpiry::After(Span::from_secs(60)), shift, Some("2026-03-03T13:01:00Z")),
            (AckExpiry::Never, shift, None),
        ] {
            assert_eq!(expiry.end(shift, now), end.map(at), "{expiry:?}");
        }
    }
}
