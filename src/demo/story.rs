//! What happens when: incidents that come and go, problems that stay, a flapping link, a storm.
//!
//! Each check lives in cycles of six to nine hours of its own; in most of them it has one incident
//! of a few minutes. Over some 170 checks that is a new problem about every two minutes.

use super::dice::{roll, share};
use super::sites::FIRST_OF_STORM;
use super::{Plot, crew};
use crate::model::{CheckKey, Timestamp};

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// How a check is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is wrong.
    Well,
    /// Slow, lossy or nearly full: between the two limits.
    Poor,
    /// Beyond the second limit, or an error that the target itself reports.
    Bad,
    /// It does not answer at all.
    Silent,
}

/// How a check is at a moment.
pub fn fate(plot: Plot, key: &CheckKey, at: Timestamp) -> Fate {
    if let Some(stays) = standing(key) {
        return stays;
    }
    if let Some((_, from)) = plot.storm {
        return storm(plot, key, at, from);
    }
    // Under the work of its window a switch is away for a while.
    if &*key.name == "ping" && crew::is_being_worked_on(plot, &key.host, at) {
        return Fate::Silent;
    }
    if key.host.starts_with("core-lon-1") && &*key.name == "link te1/1" {
        return flapping(plot, at);
    }
    incident(plot, key, at)
}

/// True when the whole host is away.
pub fn is_away(plot: Plot, host: &str, at: Timestamp) -> bool {
    fate(plot, &CheckKey::new(host, "ping"), at) == Fate::Silent
}

/// Problems that were there before and stay.
fn standing(key: &CheckKey) -> Option<Fate> {
    match (&*key.host, &*key.name) {
        ("mail-ams-1", "webmail") | ("web-dal-3", "system") => Some(Fate::Poor),
        ("db-lon-1", "backup") => Some(Fate::Bad),
        _ => None,
    }
}

/// A link that is down half of the time, in hours that it has its mood.
fn flapping(plot: Plot, at: Timestamp) -> Fate {
    let hour = at.millis().div_euclid(60 * MINUTE).cast_unsigned();
    let moody = share(plot.seed, "mood te1/1", hour) < 0.4;
    let spell = at.millis().div_euclid(2 * MINUTE).cast_unsigned();
    let down = share(plot.seed, "flap te1/1", spell) < 0.5;
    if moody && down { Fate::Bad } else { Fate::Well }
}

/// How long the fall of a site lasts; then it comes back within a minute.
const STORM: i64 = 20 * MINUTE;

fn storm(plot: Plot, key: &CheckKey, at: Timestamp, from: Timestamp) -> Fate {
    let falls = key.host.starts_with("acc-") || &*key.host == FIRST_OF_STORM;
    if !falls || &*key.name != "ping" {
        return Fate::Well;
    }
    // Each is asked once a minute, so the minute after the fall spreads them by itself.
    let late = i64::try_from(roll(plot.seed, &key.host, 1) % 60_000).unwrap_or(0);
    let over = at.millis() - from.millis();
    if (0..STORM + late).contains(&over) { Fate::Silent } else { Fate::Well }
}

fn incident(plot: Plot, key: &CheckKey, at: Timestamp) -> Fate {
    let name = key.to_string();
    let cycle = (360 + i64::try_from(roll(plot.seed, &name, 0) % 180).unwrap_or(0)) * MINUTE;
    // Relative to the begin, so that a seed tells the same story at any time of day.
    let shift = i64::try_from(roll(plot.seed, &name, 1) % 540).unwrap_or(0) * MINUTE;
    let elapsed = at.millis() - plot.begin.millis() + shift;
    let (count, within) = (elapsed.div_euclid(cycle).cast_unsigned(), elapsed.rem_euclid(cycle));
    let chance = share(plot.seed, &name, count.wrapping_add(100));
    let length = length(share(plot.seed, &name, count.wrapping_add(200)));
    if within >= length {
        return Fate::Well;
    }
    match chance {
        c if c < 0.15 => Fate::Well,
        c if c < 0.45 => Fate::Poor,
        c if c < 0.75 => Fate::Bad,
        _ => Fate::Silent,
    }
}

/// Most incidents take a few minutes; some are over before they are believed, a few take an hour.
fn length(share: f64) -> i64 {
    let minutes: &[(f64, i64)] = &[(0.15, 1), (0.4, 4), (0.7, 9), (0.9, 18), (1.0, 55)];
    let found = minutes.iter().find(|(upto, _)| share <= *upto);
    found.map_or(4, |(_, minutes)| *minutes) * MINUTE
}
