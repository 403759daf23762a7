//! What becomes of a window when it shall repeat otherwise from now on, or not any more.
//!
//! In: the window with its new times, the rule, the time. Out: the window at its occurrence by that
//! rule, or a sentence about what is wrong. Never: looks at a clock, moves what is in effect.
//!
//! An occurrence in effect goes on to its end; the rule counts for those after it. A rule that says
//! the same days with other exceptions, or another last day, keeps its count (`every 2 weeks` stays
//! in its week) and does not bring back what was left out. Another rule counts from today, or from
//! the first day of a series that has not begun. The time of day and the length stay those of the
//! series, unless the change is of every occurrence, or there was no series in that zone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::maintenance::Maintenance;
use super::recurrence::{Occurrence, Recurrence};
use super::repeats::Repeats;
use super::time::Timestamp;

/// How a window repeats from now on: `never`, or as [`Repeats`] is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repetition(pub Option<Repeats>);

impl Maintenance {
    /// The window, whose `start` and `end` are changed already, as it repeats after the change: as
    /// `repeats` says, or as it did `before`. With `every` its times are those of every occurrence
    /// from this one on, which another rule means, too, when times were changed with it.
    ///
    /// # Errors
    /// A sentence that says why it cannot repeat so.
    pub fn rescheduled(
        &self,
        before: &Self,
        repeats: Option<&Repetition>,
        every: bool,
        wall: Timestamp,
    ) -> Result<Self, String> {
        let was = Repetition(before.recurrence.as_ref().map(|old| old.repeats.clone()));
        let anew = repeats.unwrap_or(&was);
        let moved = (self.start, self.end) != (before.start, before.end);
        let every = every || moved && !anew.has_days_of(&was);
        if *anew == was && !(every && was.0.is_some()) {
            return Ok(self.clone());
        }
        self.repeating(anew, every, wall)
    }

    fn repeating(&self, anew: &Repetition, every: bool, wall: Timestamp) -> Result<Self, String> {
        let Repetition(Some(repeats)) = anew else {
            return Ok(Self { recurrence: None, previous: None, ..self.clone() });
        };
        let old = self.recurrence.as_deref().filter(|old| old.repeats.zone == repeats.zone);
        let same = old.filter(|old| old.repeats.rule == repeats.rule);
        let mut made = match old.filter(|_| !every) {
            Some(old) => old.with_rule(repeats.clone())?,
            None => Recurrence::shaped(repeats.clone(), self.start, self.end)?,
        };
        let anchor = match (same, old) {
            (Some(same), _) => Some(same.first.date()),
            (None, Some(old)) if !every => made.today(wall).map(|now| now.max(old.first.date())),
            (None, _) => None,
        };
        if let Some(anchor) = anchor {
            made.first = anchor.and_time(made.first.time());
        }
        if self.start <= wall {
            made.day = old.map_or_else(|| made.first.date(), |old| old.day);
            // Without a day after this one it ends with what is in effect.
            let goes_on = made.next(Some(made.day), wall).is_some();
            let previous = self.previous.filter(|_| goes_on);
            let recurrence = goes_on.then(|| Box::new(made));
            return Ok(Self { recurrence, previous, ..self.clone() });
        }
        let after = same.and_then(|same| same.day.pred_opt());
        let mut found = made.next(after, wall);
        if let Some((day, _)) = found.filter(|(_, found)| found.start < wall) {
            found = made.next(Some(day), wall);
        }
        let (day, first) =
            found.ok_or_else(|| "no day is left: it would never begin".to_owned())?;
        made.day = day;
        // One that was moved by itself stays where it was put.
        let stays = !every && same.is_some_and(|same| same.day == day);
        let as_it_is = Occurrence { start: self.start, end: self.end };
        let Occurrence { start, end } = if stays { as_it_is } else { first };
        Ok(Self { start, end, recurrence: Some(Box::new(made)), ..self.clone() })
    }
}

impl Repetition {
    /// True when both name the same days but for exceptions and the last one.
    fn has_days_of(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.rule == other.rule && one.zone == other.zone,
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(repeats) => repeats.fmt(f),
            None => f.write_str("never"),
        }
    }
}

impl FromStr for Repetition {
    type Err = String;

    /// `never`, or as [`Repeats`] reads it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(if text.trim().eq_ignore_ascii_case("never") { None } else { Some(text.parse()?) }))
    }
}

impl Serialize for Repetition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Repetition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| serde::de::Error::custom(format!("repeats: {why}")))
    }
}

#[cfg(test)]
#[path = "repetition_tests.rs"]
mod tests;
