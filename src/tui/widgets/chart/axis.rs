//! Axes: their lines, the round values at the left, the round moments below.

use super::scale::Scale;
use super::short;
use crate::model::safe_text::width;
use crate::model::{Timestamp, Unit};
use crate::tui::glyphs::GlyphTier;
use crate::tui::num::{millis, real};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::zone::Zone;

/// Steps between moments, in seconds.
const STEPS: [i64; 25] = [
    1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 5_184_000, 7_776_000, 15_552_000,
];
const DAY: i64 = 86_400_000;

/// The signs of axes: upright, level, a value's mark, a moment's mark, the corner.
const fn signs(tier: GlyphTier) -> (char, char, char, char, char) {
    match tier {
        GlyphTier::Ascii => ('|', '-', '+', '+', '+'),
        _ => ('│', '─', '┤', '┬', '└'),
    }
}

/// Columns that the values at the left need.
#[must_use]
pub fn margin(scale: &Scale, unit: &Unit) -> usize {
    scale.ticks.iter().map(|value| width(&short(*value, unit))).max().unwrap_or(0)
}

/// The upright axis with its values; `row` says where a value lies.
pub fn upright(
    surface: &mut Surface<'_>,
    (margin, high): (usize, usize),
    (scale, unit, tier): (&Scale, &Unit, GlyphTier),
    row: &impl Fn(f64) -> usize,
) {
    let style = surface.theme.style(Role::Axis);
    let (upright, _, mark, ..) = signs(tier);
    for y in 0..high {
        surface.mark(margin, y, upright, style);
    }
    let mut before: Option<usize> = None;
    let last = scale.ticks.len().saturating_sub(1);
    for (at, value) in scale.ticks.iter().enumerate() {
        let y = row(*value);
        // From below: two values on one row cannot both be read, and the top one says most.
        let crowded = before.is_some_and(|below| y + 1 >= below) && high > 2;
        let covers_top = at != last && y == row(scale.top);
        if (crowded && at != last) || covers_top {
            continue;
        }
        surface.put_right(margin, y, margin, &short(*value, unit), style);
        surface.mark(margin, y, mark, style);
        before = Some(y);
    }
}

/// How a moment is written on an axis with that step.
fn label(zone: &Zone, at: Timestamp, step: i64) -> String {
    let midnight = || zone.format(at, "%H:%M:%S") == "00:00:00";
    let pattern = match step {
        ..60_000 => "%H:%M:%S",
        _ if step >= DAY || midnight() => "%-d %b",
        _ => "%H:%M",
    };
    zone.format(at, pattern)
}

/// Milliseconds east of UTC.
fn offset(zone: &Zone, at: Timestamp) -> i64 {
    let text = zone.format(at, "%z");
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i64>().ok());
    let (Some(hours), Some(minutes)) = (number(1..3), number(3..5)) else { return 0 };
    let east = (hours * 60 + minutes) * 60_000;
    if text.starts_with('-') { -east } else { east }
}

/// Round moments in the zone, so many that their labels stand apart.
#[must_use]
pub fn moments(
    (from, to): (Timestamp, Timestamp),
    wide: usize,
    zone: &Zone,
) -> Vec<(Timestamp, String)> {
    let length = to.millis().saturating_sub(from.millis());
    if length <= 0 || wide == 0 {
        return Vec::new();
    }
    let fits = |step: &i64| {
        let size = if *step < 60 { 8.0 } else { 6.0 };
        millis(length) / millis(step * 1000) * (size + 6.0) <= real(wide)
    };
    let Some(step) = STEPS.into_iter().find(fits).map(|secs| secs * 1000) else {
        return Vec::new();
    };
    let east = offset(zone, from);
    let mut at = (from.millis().saturating_add(east)).div_euclid(step) * step - east;
    let mut moments = Vec::new();
    while at <= to.millis() && moments.len() < 64 {
        // A day may have 23 or 25 hours: midnight stays midnight.
        let mut moment = at;
        if step >= 3_600_000 {
            moment += east - offset(zone, Timestamp::from_millis(at));
        }
        let moment = Timestamp::from_millis(moment);
        if moment >= from && moment <= to {
            moments.push((moment, label(zone, moment, step)));
        }
        at += step;
    }
    moments
}

/// The level axis with its moments; the zone's name stands under the values.
pub fn level(
    surface: &mut Surface<'_>,
    (margin, wide, high): (usize, usize, usize),
    window: (Timestamp, Timestamp),
    (zone, tier): (&Zone, GlyphTier),
) {
    let style = surface.theme.style(Role::Axis);
    let (_, level, _, mark, corner) = signs(tier);
    for x in 0..wide {
        surface.mark(margin + 1 + x, high, level, style);
    }
    surface.mark(margin, high, corner, style);
    let name = zone.name(window.1);
    let mut free = 0;
    if width(&name) <= margin {
        surface.put_right(margin, high + 1, margin, &name, style);
        free = margin + 1;
    }
    let to_x = super::line::across(window, wide);
    for (at, text) in moments(window, wide, zone) {
        let x = margin + 1 + to_x(at);
        let size = width(&text);
        let start = x.saturating_sub(size / 2).min((margin + 1 + wide).saturating_sub(size));
        if start < free {
            continue;
        }
        surface.mark(x, high, mark, style);
        surface.put(start, high + 1, size, &text, style);
        free = start + size + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: &str, secs: i64, wide: usize, zone: &Zone) -> Vec<String> {
        let from: Timestamp = from.parse().unwrap();
        let to = Timestamp::from_millis(from.millis() + secs * 1000);
        moments((from, to), wide, zone).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn moments_are_round_in_the_zone() {
        let utc = Zone::utc();
        let india = Zone::Fixed { offset: 19_800, name: "IST".to_owned() };
        let quarter = labels("2026-02-24T20:50:00Z", 900, 40, &utc);
        assert_eq!(quarter, ["20:50", "20:55", "21:00", "21:05"]);
        assert_eq!(
            labels("2026-02-24T20:49:10Z", 120, 60, &utc),
            ["20:49:30", "20:50:00", "20:50:30", "20:51:00"]
        );
        assert_eq!(
            labels("2026-02-24T03:00:00Z", 86_400, 60, &india),
            ["12:00", "18:00", "25 Feb", "06:00"]
        );
        assert_eq!(labels("2026-02-24T03:00:00Z", 7 * 86_400, 100, &utc).len(), 7);
        // A year has room for some of its months where there is little.
        assert!(labels("2025-02-24T03:00:00Z", 365 * 86_400, 60, &utc).len() > 1);
        assert!(labels("2026-02-24T03:00:00Z", 7 * 86_400, 4, &utc).is_empty());
        assert!(labels("2026-02-24T03:00:00Z", 0, 40, &utc).is_empty());
    }
}
