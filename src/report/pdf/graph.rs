//! A chart on a page: the average over time with its spread, what was promised, what broke it, and
//! when there was maintenance.

use chrono_tz::Tz;

use super::paper::{
    BLUE, FAINT, GREY, INNER, Ink, MARGIN, Mark, NOTE, PALE, Paper, RED, SKY, Style, WIDTH,
};
use crate::model::{Span, Timestamp};
use crate::report::chart::Chart;

/// How tall it is.
pub const TALL: f32 = 132.0;
/// What the numbers at its left take.
const LEFT: f32 = 58.0;

/// What a chart is of.
pub struct Plot<'a> {
    /// The figure.
    pub chart: &'a Chart,
    /// What was promised of it.
    pub limit: Option<f64>,
    /// A figure in words.
    pub words: fn(f64) -> String,
    /// The period and its zone.
    pub period: (Timestamp, Timestamp, Tz),
}

/// Where things lie.
struct Frame {
    x: f32,
    y: f32,
    wide: f32,
    top: f64,
}

impl Frame {
    #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
    fn height(&self, value: f64) -> f32 {
        self.y + TALL - (value / self.top).clamp(0.0, 1.0) as f32 * TALL
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
    fn place(&self, place: f64) -> f32 {
        self.x + place as f32 * self.wide
    }
}

/// Puts a chart with its legend.
pub fn put(paper: &mut Paper<'_>, plot: &Plot<'_>) {
    paper.need(TALL + 44.0);
    paper.space(8.0);
    let (step, steps) = scale(plot.chart.highest().max(plot.limit.unwrap_or(0.0)) * 1.02);
    let frame =
        Frame { x: MARGIN + LEFT, y: paper.y(), wide: INNER - LEFT, top: step * f64::from(steps) };
    shades(paper, plot, &frame);
    for index in 0..=steps {
        let value = step * f64::from(index);
        let y = frame.height(value);
        let points = vec![(frame.x, y), (WIDTH - MARGIN, y)];
        paper.put(Mark::Line { points, width: 0.5, ink: FAINT, is_dashed: false });
        let words = if index == 0 { "0".to_owned() } else { (plot.words)(value) };
        let x = frame.x - 5.0 - paper.width(&words, SMALL);
        paper.text((x, y + 2.5), SMALL, LEFT, &words);
    }
    days(paper, plot, &frame);
    spread(paper, plot, &frame);
    if let Some(limit) = plot.limit {
        let y = frame.height(limit);
        let points = vec![(frame.x, y), (WIDTH - MARGIN, y)];
        paper.put(Mark::Line { points, width: 1.1, ink: RED, is_dashed: true });
    }
    broken(paper, plot, &frame);
    paper.space(TALL + 15.0);
    legend(paper, plot, &frame);
    paper.space(8.0);
}

const SMALL: Style = Style { size: 7.0, ..NOTE };
/// Most lines above the lowest.
const STEPS: f64 = 5.0;

/// The distance of two lines, 1, 2, 2.5 or 5 times a power of ten, and how many there are above the
/// lowest, so that all fits below the highest.
fn scale(most: f64) -> (f64, u32) {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let raw = most / STEPS;
    let power = 10_f64.powf(raw.log10().floor());
    let nice = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|nice| nice * power >= raw);
    let step = nice.unwrap_or(10.0) * power;
    let fits = (1..=5).find(|count| f64::from(*count) * step >= most);
    (step, fits.unwrap_or(5))
}

/// The ground of times of maintenance.
fn shades(paper: &mut Paper<'_>, plot: &Plot<'_>, frame: &Frame) {
    let (count, columns) = columns(plot);
    for (index, column) in columns {
        if column.in_maintenance {
            let (from, to) = (frame.place(index / count), frame.place((index + 1.0) / count));
            let at = (from, frame.y);
            paper.put(Mark::Box { at, size: (to - from, TALL), ink: SHADE });
        }
    }
}

/// The ground of maintenance.
const SHADE: Ink = Ink(0xe4, 0xe0, 0xd2);

fn columns<'a>(
    plot: &Plot<'a>,
) -> (f64, impl Iterator<Item = (f64, &'a crate::report::chart::Column)> + use<'a>) {
    let count = u32::try_from(plot.chart.columns.len()).unwrap_or(u32::MAX).max(1);
    ((f64::from(count)), (0_u32..).map(f64::from).zip(&plot.chart.columns))
}

/// From the least to the most of each column, and a line through the averages.
fn spread(paper: &mut Paper<'_>, plot: &Plot<'_>, frame: &Frame) {
    let (count, all) = columns(plot);
    let mut line = Vec::new();
    let mut gap = 0.0;
    let mut lines = Vec::new();
    for (index, column) in all {
        let Some(mean) = column.mean() else {
            gap += 1.0;
            continue;
        };
        let x = frame.place((index + 0.5) / count);
        if column.count > 1 {
            let (low, high) = (frame.height(column.min), frame.height(column.max));
            let points = vec![(x, low + 0.4), (x, high - 0.4)];
            paper.put(Mark::Line { points, width: 1.3, ink: SKY, is_dashed: false });
        }
        // Where much was not measured there is no line.
        if gap > f64::max(6.0, count / 40.0) && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        gap = 0.0;
        line.push((x, frame.height(mean)));
    }
    lines.push(line);
    for mut points in lines {
        // One alone is a short stroke.
        if let [(x, y)] = *points.as_slice() {
            points = vec![(x - 1.2, y), (x + 1.2, y)];
        }
        paper.put(Mark::Line { points, width: 1.0, ink: BLUE, is_dashed: false });
    }
}

fn broken(paper: &mut Paper<'_>, plot: &Plot<'_>, frame: &Frame) {
    let (count, columns) = columns(plot);
    for (index, column) in columns {
        if let Some(value) = column.broke {
            dot(paper, frame.place((index + 0.5) / count), frame.height(value));
        }
    }
}

fn dot(paper: &mut Paper<'_>, x: f32, y: f32) {
    paper.put(Mark::Box { at: (x - 1.7, y - 1.7), size: (3.4, 3.4), ink: RED });
}

/// The moments below: midnights of the zone, or hours of a short period.
fn days(paper: &mut Paper<'_>, plot: &Plot<'_>, frame: &Frame) {
    let (start, end, zone) = plot.period;
    let length = end.since(start).millis();
    let is_short = length <= 2 * 86_400_000;
    let moments: Vec<(Timestamp, String)> = if is_short {
        let hour = (length / 8).max(3_600_000).div_ceil(3_600_000) * 3_600_000;
        let step = Span::from_millis(hour);
        let every = |at: &Timestamp| Some(*at + step);
        let all = std::iter::successors(Some(start), every).take_while(|at| *at < end).take(12);
        let shown = |at: Timestamp| Some((at, local(at, zone)?.format("%d %b %H:%M").to_string()));
        all.filter_map(shown).collect()
    } else {
        midnights(start, end, zone)
    };
    for (at, words) in moments {
        let x = frame.place(plot.chart.place(at));
        let points = vec![(x, frame.y + TALL), (x, frame.y + TALL + 3.0)];
        paper.put(Mark::Line { points, width: 0.6, ink: GREY, is_dashed: false });
        let wide = paper.width(&words, SMALL);
        if x + wide / 2.0 < WIDTH - MARGIN + 8.0 {
            paper.text((x - wide / 2.0, frame.y + TALL + 11.0), SMALL, 80.0, &words);
        }
    }
}

fn local(at: Timestamp, zone: Tz) -> Option<chrono::DateTime<Tz>> {
    Some(at.to_utc()?.with_timezone(&zone))
}

/// At most nine midnights, evenly.
fn midnights(start: Timestamp, end: Timestamp, zone: Tz) -> Vec<(Timestamp, String)> {
    use chrono::{Days, MappedLocalTime, NaiveTime, TimeZone as _};
    let days = end.since(start).millis() / 86_400_000;
    let step = days.div_ceil(8).max(1);
    let Some(first) = local(start, zone).map(|at| at.date_naive()) else { return Vec::new() };
    let form = if days > 300 { "%d %b %Y" } else { "%d %b" };
    let found = (0..12).filter_map(|index| {
        let day = first.checked_add_days(Days::new(index * step))?;
        let at = match zone.from_local_datetime(&day.and_time(NaiveTime::MIN)) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at,
            MappedLocalTime::None => return None,
        };
        let at = Timestamp::from_millis(at.timestamp_millis());
        (at >= start && at < end).then(|| (at, day.format(form).to_string()))
    });
    found.collect()
}

fn legend(paper: &mut Paper<'_>, plot: &Plot<'_>, frame: &Frame) {
    paper.space(11.0);
    let y = paper.y();
    let mut x = frame.x;
    let mut say = |paper: &mut Paper<'_>, words: &str, sample: fn(&mut Paper<'_>, f32, f32)| {
        sample(paper, x, y - 2.5);
        paper.text((x + 18.0, y), SMALL, 200.0, words);
        x += 30.0 + paper.width(words, SMALL);
    };
    say(paper, "average", |paper, x, y| {
        let points = vec![(x, y), (x + 14.0, y)];
        paper.put(Mark::Line { points, width: 1.2, ink: BLUE, is_dashed: false });
    });
    if plot.chart.columns.iter().any(|column| column.count > 1) {
        say(paper, "least to most", |paper, x, y| {
            paper.put(Mark::Box { at: (x, y - 3.0), size: (14.0, 6.0), ink: SKY });
        });
    }
    if let Some(limit) = plot.limit {
        let words = format!("promised: {}", (plot.words)(limit));
        say(paper, &words, |paper, x, y| {
            let points = vec![(x, y), (x + 14.0, y)];
            paper.put(Mark::Line { points, width: 1.1, ink: RED, is_dashed: true });
        });
    }
    if plot.chart.columns.iter().any(|column| column.broke.is_some()) {
        say(paper, "limit broken", |paper, x, y| dot(paper, x + 7.0, y));
    }
    if plot.chart.columns.iter().any(|column| column.in_maintenance) {
        say(paper, "maintenance, not counted", |paper, x, y| {
            paper.put(Mark::Box { at: (x, y - 3.0), size: (14.0, 6.0), ink: SHADE });
        });
    }
    if plot.chart.is_empty() {
        let at = (frame.x + 12.0, frame.y + TALL / 2.0);
        paper.put(Mark::Box { at: (at.0 - 6.0, at.1 - 12.0), size: (140.0, 18.0), ink: PALE });
        paper.text(at, NOTE, 200.0, "nothing was measured");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_chart_are_round_and_all_fits_below_the_highest() {
        for (most, step, count) in
            [(972.0, 200.0, 5), (34.6, 10.0, 4), (1.0, 0.2, 5), (0.0, 0.2, 5), (2001.0, 500.0, 5)]
        {
            let (found, lines) = scale(most);
            assert!((found - step).abs() < 1e-9 && lines == count, "{most}: {found} {lines}");
        }
        for most in [f64::NAN, f64::INFINITY, -3.0, 1e-9, 1e12] {
            let (step, lines) = scale(most);
            assert!(step > 0.0 && lines > 0, "{most}");
        }
    }
}
