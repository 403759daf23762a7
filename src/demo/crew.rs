//! The other operators of the simulated network: what they take, and which work they plan.

use super::Plot;
use super::dice::{roll, share};
use crate::model::{CheckKey, Span, Timestamp};

/// Who they are.
pub const NAMES: [&str; 3] = ["kim", "noc-2", "jose"];

/// Words of an acknowledgement.
const WORDS: [&str; 6] = [
    "on it",
    "carrier ticket 48112 opened",
    "known, fix is rolled out tonight",
    "restarted, watching it",
    "called the owner, they look at it",
    "replacing the optic",
];

/// What somebody else does about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Who.
    pub operator: &'static str,
    /// When, after it fired.
    pub after: Span,
    /// Why.
    pub comment: &'static str,
}

/// Whether and how another operator takes the alert of a check that fired at a moment. In a storm
/// nobody else does anything: that is for the one who learns.
#[must_use]
pub fn taking(plot: Plot, check: &CheckKey, fired: Timestamp) -> Option<Taking> {
    if plot.storm.is_some() {
        return None;
    }
    let name = check.to_string();
    // By the minute of the story, so that the same seed has the same helpers.
    let minute = fired.millis().saturating_sub(plot.begin.millis()).div_euclid(60_000);
    if share(plot.seed, &name, minute.cast_unsigned()) > 0.45 {
        return None;
    }
    let dice = roll(plot.seed, &name, 7);
    let pick = |count: usize, of: u64| usize::try_from(of).unwrap_or(0) % count.max(1);
    Some(Taking {
        operator: NAMES.get(pick(NAMES.len(), dice)).copied().unwrap_or("kim"),
        after: Span::from_secs(120 + dice % 420),
        comment: WORDS.get(pick(WORDS.len(), dice >> 8)).copied().unwrap_or("on it"),
    })
}

/// Planned work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What for.
    pub name: String,
    /// The hosts, as a glob.
    pub hosts: String,
    /// Begin.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
    /// Who planned it.
    pub operator: &'static str,
}

/// The sites whose switches are worked on, one after the other.
const WORKED: [&str; 3] = ["ams", "sin", "dal"];
/// From one window to the next.
const EVERY: Span = Span::from_secs(3 * 3600);
/// Length of a window.
const LENGTH: Span = Span::from_secs(75 * 60);

/// The window of a count, from 0. The first one is in effect when the story begins.
#[must_use]
pub fn work(plot: Plot, count: u64) -> Work {
    let site = usize::try_from(count).ok().and_then(|n| WORKED.get(n % WORKED.len()));
    let site = site.copied().unwrap_or("ams");
    let start = plot.begin - Span::from_secs(12 * 60);
    let start = start + Span::from_millis(EVERY.millis().saturating_mul(count));
    Work {
        name: format!("firmware of the {site} switches"),
        hosts: format!("sw-{site}-*"),
        start,
        end: start + LENGTH,
        operator: NAMES.get(2).copied().unwrap_or("jose"),
    }
}

/// The count of the last window that has begun, when one has.
#[must_use]
pub fn works_begun(plot: Plot, at: Timestamp) -> u64 {
    let first = work(plot, 0).start;
    if at < first { 0 } else { at.since(first).millis() / EVERY.millis() + 1 }
}

/// True while a switch reboots under its planned work: ten minutes in, for a quarter of an hour.
pub(super) fn is_being_worked_on(plot: Plot, host: &str, at: Timestamp) -> bool {
    let Some(count) = works_begun(plot, at).checked_sub(1) else { return false };
    let work = work(plot, count);
    let prefix = work.hosts.trim_end_matches('*');
    let within = at.since(work.start);
    host.starts_with(prefix)
        && (Span::from_secs(600)..Span::from_secs(1500)).contains(&within)
        && host.ends_with("-1")
}
