//! The time zone of the screen: wall-clock moments as people read and write them.
//!
//! chrono knows the offset of the machine's zone but not its short name; that is in the last line
//! of the zone file (`CET-1CEST,M3.5.0,M10.5.0/3`).

use chrono::{
    DateTime, FixedOffset, Local, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike as _, Utc,
};

use crate::model::{Repeats, Shift, Shifts, Span, Timestamp, repeats};

/// A time zone with the name that the header shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The machine's zone; its short names in winter and summer, when they are known.
    Local {
        /// Name without daylight saving.
        standard: Option<String>,
        /// Name with daylight saving.
        daylight: Option<String>,
        /// Its name in the IANA database.
        iana: Option<chrono_tz::Tz>,
    },
    /// Always the same offset from UTC, in seconds east.
    Fixed {
        /// Seconds east of UTC.
        offset: i32,
        /// Its name.
        name: String,
    },
}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self::Fixed { offset: 0, name: "UTC".to_owned() }
    }

    /// The machine's zone.
    #[must_use]
    pub fn system() -> Self {
        let named = std::env::var("TZ").ok().filter(|zone| !zone.is_empty());
        let file = match named.as_deref().map(|zone| zone.trim_start_matches(':')) {
            None => std::fs::read("/etc/localtime").ok(),
            Some(zone) if zone.starts_with('/') => std::fs::read(zone).ok(),
            Some(zone) if zone.contains("..") => None,
            Some(zone) => std::fs::read(format!("/usr/share/zoneinfo/{zone}")).ok(),
        };
        let footer = file.as_deref().and_then(footer).or(named);
        let (standard, daylight) = footer.as_deref().map_or((None, None), names);
        let name = std::env::var("TZ").ok().filter(|name| !name.is_empty());
        let name = name.or_else(|| iana_time_zone::get_timezone().ok());
        let iana = name.and_then(|name| repeats::named(name.trim_start_matches(':')).ok());
        Self::Local { standard, daylight, iana }
    }

    /// The zone in which a window repeats that names none.
    ///
    /// # Errors
    /// That the name of this zone is not known.
    pub fn iana(&self) -> Result<chrono_tz::Tz, String> {
        match self {
            Self::Local { iana: Some(zone), .. } => Ok(*zone),
            Self::Fixed { offset: 0, .. } => Ok(chrono_tz::Tz::UTC),
            _ => Err("this machine's zone has no known name: add one, such as in Europe/Berlin"
                .to_owned()),
        }
    }

    /// How a window repeats, as it was typed; none for `never`. A text that names no zone means
    /// this one.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn repeats(&self, text: &str) -> Result<Option<Repeats>, String> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("never") {
            return Ok(None);
        }
        // Without a zone of its own the text is read for its mistakes first.
        let read = Repeats::parse(text, chrono_tz::Tz::UTC)?;
        let names_one = text.split_whitespace().any(|word| word.eq_ignore_ascii_case("in"));
        Ok(Some(if names_one { read } else { Repeats { zone: self.iana()?, ..read } }))
    }

    fn at(&self, moment: Timestamp) -> Option<DateTime<FixedOffset>> {
        let utc: DateTime<Utc> = moment.to_utc()?;
        Some(match self {
            Self::Local { .. } => utc.with_timezone(&Local).fixed_offset(),
            Self::Fixed { offset, .. } => utc.with_timezone(&FixedOffset::east_opt(*offset)?),
        })
    }

    /// `21:04`.
    #[must_use]
    pub fn clock(&self, moment: Timestamp) -> String {
        self.format(moment, "%H:%M")
    }

    /// `21:04:58`.
    #[must_use]
    pub fn seconds(&self, moment: Timestamp) -> String {
        self.format(moment, "%H:%M:%S")
    }

    /// `21:04` on the day of `now`, `24 Feb 21:04` on another, with the year in another year.
    #[must_use]
    pub fn moment(&self, moment: Timestamp, now: Timestamp) -> String {
        let day = |at| self.format(at, "%Y-%j");
        if day(moment) == day(now) {
            self.clock(moment)
        } else if self.format(moment, "%Y") == self.format(now, "%Y") {
            self.format(moment, "%-d %b %H:%M")
        } else {
            self.format(moment, "%Y-%m-%d %H:%M")
        }
    }

    /// The shift of a moment, by the clocks of this zone.
    #[must_use]
    pub fn shift(&self, shifts: &Shifts, now: Timestamp) -> Option<Shift> {
        match self {
            Self::Local { .. } => shifts.at(&Local, now),
            Self::Fixed { offset, .. } => shifts.at(&FixedOffset::east_opt(*offset)?, now),
        }
    }

    /// By chrono's pattern; `?` for a moment beyond its years.
    #[must_use]
    pub fn format(&self, moment: Timestamp, pattern: &str) -> String {
        self.at(moment).map_or_else(|| "?".to_owned(), |time| time.format(pattern).to_string())
    }

    /// The minute of the day: 0 to 1439.
    #[must_use]
    pub fn minute(&self, moment: Timestamp) -> u16 {
        let minutes = self.at(moment).map_or(0, |time| time.hour() * 60 + time.minute());
        u16::try_from(minutes).unwrap_or(0)
    }

    /// The zone's short name at that moment: `CET`, `CEST`, `UTC`, or `+05:30`.
    #[must_use]
    pub fn name(&self, moment: Timestamp) -> String {
        match self {
            Self::Fixed { name, .. } => name.clone(),
            Self::Local { standard, daylight, .. } => {
                let Some(time) = self.at(moment) else { return String::new() };
                let offset = time.offset().fix().local_minus_utc();
                // Daylight saving is the larger of the offsets of January and July.
                let january = self.offset_near(moment, 1);
                let july = self.offset_near(moment, 7);
                let summer = january != july && Some(offset) == january.max(july);
                let known = if summer { daylight } else { standard };
                known.clone().unwrap_or_else(|| time.format("%:z").to_string())
            }
        }
    }

    fn offset_near(&self, moment: Timestamp, month: u32) -> Option<i32> {
        let year = chrono::Datelike::year(&moment.to_utc()?);
        let day = Utc.with_ymd_and_hms(year, month, 2, 12, 0, 0).single()?;
        let at = self.at(Timestamp::from_millis(day.timestamp_millis()))?;
        Some(at.offset().fix().local_minus_utc())
    }

    /// The first moment after `now` at which the clocks show `HH:MM`.
    ///
    /// # Errors
    /// A sentence that says how to write it.
    pub fn next(&self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let bad = || format!("`{text}` is not a time of day; write 06:00");
        let time = NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| bad())?;
        let mut day = self.at(now).ok_or_else(bad)?.date_naive();
        // A time that a change of clocks skips does not exist on that day: take the next.
        for _ in 0..3 {
            let naive = day.and_time(time);
            if let Some(at) = self.moment_of(&naive).filter(|at| *at > now) {
                return Ok(at);
            }
            day = day.succ_opt().ok_or_else(bad)?;
        }
        Err(bad())
    }

    /// The moment at which the clocks show this; `None` for one that a change of clocks skips.
    fn moment_of(&self, naive: &NaiveDateTime) -> Option<Timestamp> {
        let local = match self {
            Self::Local { .. } => {
                Local.from_local_datetime(naive).earliest().map(|t| t.timestamp_millis())
            }
            Self::Fixed { offset, .. } => FixedOffset::east_opt(*offset)
                .and_then(|zone| zone.from_local_datetime(naive).earliest())
                .map(|t| t.timestamp_millis()),
        };
        local.map(Timestamp::from_millis)
    }

    /// A moment that was typed with its day: `2026-11-25 22:00`; `None` for another form.
    fn dated(&self, text: &str) -> Option<Timestamp> {
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok()?;
        self.moment_of(&naive)
    }

    /// When something begins that was typed as `now`, `22:00`, `in 1h` or `2026-11-25 22:00`.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn start(&self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let text = text.trim();
        if matches!(text, "" | "now") {
            return Ok(now);
        }
        if let Some(at) = self.dated(text) {
            return Ok(at);
        }
        let bad = || format!("`{text}` is no moment; write now, 22:00 or 2026-11-25 22:00");
        if let Some(span) = text.strip_prefix("in ") {
            return span.trim().parse::<Span>().map(|span| now + span).map_err(|_| bad());
        }
        self.next(text, now).map_err(|_| bad())
    }

    /// When something ends that was typed as `1h30m`, `until 06:00`, `06:00` or with its
    /// day as `2026-11-26 06:00`.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn end(&self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let text = text.trim();
        let day = text.strip_prefix("until").map_or(text, str::trim);
        if let Some(at) = self.dated(day) {
            return Ok(at);
        }
        if day.contains(':') {
            return self.next(day, now);
        }
        match text.parse::<Span>() {
            Ok(Span::ZERO) => Err("it must last longer than nothing".to_owned()),
            Ok(span) => Ok(now + span),
            Err(_) => Err(format!("`{text}` is no length of time; write 1h, 30m or until 06:00")),
        }
    }

    /// As [`Self::end`], of what begins `now`: a day that is over is no end.
    ///
    /// # Errors
    /// As [`Self::end`].
    pub fn end_from(&self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let end = self.end(text, now)?;
        if end > now {
            return Ok(end);
        }
        Err(format!("{} is over; write 1h, 30m or until 06:00", self.moment(end, now)))
    }
}

/// The last line of a version 2 zone file.
fn footer(file: &[u8]) -> Option<String> {
    let body = file.strip_suffix(b"\n")?;
    let start = body.iter().rposition(|byte| *byte == b'\n')?;
    String::from_utf8(body.get(start + 1..)?.to_vec()).ok()
}

/// The names in `CET-1CEST,...`: letters, or anything printable between `<` and `>`.
fn names(rule: &str) -> (Option<String>, Option<String>) {
    let name = |text: &str| -> Option<(String, usize)> {
        if let Some(rest) = text.strip_prefix('<') {
            let end = rest.find('>')?;
            return Some((rest.get(..end)?.to_owned(), end + 2));
        }
        let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        (end >= 3).then(|| (text[..end].to_owned(), end))
    };
    let readable = |name: String| {
        let good = name.len() <= 6 && name.chars().all(|c| c.is_ascii_alphabetic());
        good.then_some(name)
    };
    let Some((standard, used)) = name(rule) else { return (None, None) };
    let rest = rule.get(used..).unwrap_or("");
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "+-:".contains(c));
    let daylight = name(rest).map(|(name, _)| name);
    (readable(standard), daylight.and_then(readable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cet() -> Zone {
        Zone::Fixed { offset: 3600, name: "CET".to_owned() }
    }

    #[test]
    fn names_come_from_the_zone_file() {
        assert_eq!(names("CET-1CEST,M3.5.0,M10.5.0/3"), (Some("CET".into()), Some("CEST".into())));
        assert_eq!(names("UTC0"), (Some("UTC".into()), None));
        assert_eq!(names("<+0530>-5:30"), (None, None));
        assert_eq!(names(""), (None, None));
        assert_eq!(footer(b"TZif2...\nCET-1CEST\n").as_deref(), Some("CET-1CEST"));
        assert_eq!(footer(b"nothing"), None);
    }

    #[test]
    fn ends_are_durations_or_times_of_day() {
        // 2026-02-24 20:04 UTC is 21:04 in CET.
        let now: Timestamp = "2026-02-24T20:04:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(cet().end("1h", now), Ok(at("2026-02-24T21:04:00Z")));
        assert_eq!(cet().end("until 06:00", now), Ok(at("2026-02-25T05:00:00Z")));
        assert_eq!(cet().end(" 22:00 ", now), Ok(at("2026-02-24T21:00:00Z")));
        for bad in ["", "0s", "soon", "until", "until 25:00", "-1h", "é:00"] {
            assert!(cet().end(bad, now).is_err(), "{bad}");
        }
        assert_eq!(cet().moment(at("2026-02-25T05:00:00Z"), now), "25 Feb 06:00");
        assert_eq!(cet().moment(at("2026-02-24T21:00:00Z"), now), "22:00");
    }
}
