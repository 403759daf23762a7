//! Host view: everything that is known of the check under the cursor, whole.

use crate::model::safe_text::{sanitize, width};
use crate::model::trace::TraceReport;
use crate::model::{CheckKey, Metric, Name, Range, ShownState, Unit};
use crate::tui::app::App;
use crate::tui::detail::Detail;
use crate::tui::format;
use crate::tui::panes::{checks, empty};
use crate::tui::theme::Role;
use crate::tui::widgets::{Surface, gauge};
use crate::tui::wrap::broken;

/// Most lines of one output.
pub const LINE_LIMIT: usize = 2000;
/// Most windows of one check.
const WINDOWS: usize = 8;

/// The check.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let kind = detail.row().map(|row| row.kind.word()).unwrap_or_default();
    (format!("Output: {}", detail.check.as_deref().unwrap_or("")), kind.to_owned())
}

/// A line of the pane.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) role: Role,
    /// A bar over blanks of the text: its first column and what it shows.
    gauge: Option<(usize, Bar)>,
}

impl Row {
    pub(super) const fn new(text: String, role: Role) -> Self {
        Self { text, role, gauge: None }
    }

    /// Draws it into a line.
    pub(super) fn draw(&self, app: &App, surface: &mut Surface<'_>, y: usize) {
        let room = surface.width().saturating_sub(2);
        surface.say(1, y, room, &self.text, self.role);
        if let Some((x, bar)) = &self.gauge {
            let what = (bar.part, bar.role);
            gauge::gauge(surface, (1 + x, y), BAR, what, &bar.marks, app.options.glyphs);
        }
    }
}

/// A part of a whole with its thresholds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    part: f64,
    role: Role,
    marks: Vec<(f64, Role)>,
}

/// Columns of a bar.
const BAR: usize = 16;

/// Draws state, output and numbers, the windows and the path; scrolls.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let lines = lines(app, detail, surface.width().saturating_sub(3));
    if lines.is_empty() {
        empty(surface, &["No check is selected."]);
        return;
    }
    let height = surface.height();
    let first = detail.line.min(lines.len().saturating_sub(height));
    for (y, row) in lines.iter().skip(first).take(height).enumerate() {
        row.draw(app, surface, y);
    }
    if first + height < lines.len() {
        let more = format!("↓ {} more", lines.len() - first - height);
        let style = surface.theme.style(Role::Muted);
        let end = surface.width();
        surface.put_right(end, height.saturating_sub(1), 12, &more, style);
    }
}

fn lines(app: &App, detail: &Detail, wide: usize) -> Vec<Row> {
    let Some(row) = detail.row() else { return Vec::new() };
    let status = &row.status;
    let zone = &app.options.zone;
    let shown = app.world.shown_check(row, app.wall());
    let mut lines = Vec::new();
    let hard = if status.hard { "hard" } else { "soft" };
    let mut head = if status.is_waiting() {
        "no result yet".to_owned()
    } else {
        let since = zone.moment(status.since, app.wall());
        format!("{} {hard} {}/{} since {since}", status.state, status.attempt, row.attempts)
    };
    if shown == ShownState::Maintenance {
        head.push_str(", in a maintenance window");
    }
    if status.late {
        head.push_str(", late");
    }
    lines.push(Row::new(head, Role::of(shown)));
    for (text, role) in super::ruled::lines(app, row) {
        wrap(&text, wide, role, &mut lines);
    }
    let seen = detail.observation();
    let mut times = format!("every {}", row.interval);
    let (last, next) = detail.run();
    if let Some(last) = last {
        times = format!("{times}, last result {}", zone.seconds(last));
    }
    if let Some(next) = next {
        times = format!("{times}, next {}", zone.seconds(next));
    }
    lines.push(Row::new(times, Role::Muted));
    let output = seen.map_or(&status.output, |seen| &seen.output);
    wrap(output.as_str(), wide, Role::Text, &mut lines);
    if let Some(seen) = seen {
        if let Some(failure) = &seen.failure
            && failure.message != *output
        {
            wrap(failure.message.as_str(), wide, Role::Text, &mut lines);
        }
        for line in seen.long.as_str().lines() {
            wrap(line, wide, Role::Muted, &mut lines);
        }
        numbers(&seen.metrics, wide, &mut lines);
    }
    path(detail, wide, &mut lines);
    windows(app, &row.key, &mut lines);
    lines.truncate(LINE_LIMIT);
    lines
}

/// The numbers as a table: name, value, a bar for percentages, limits.
pub(super) fn numbers(metrics: &[Metric], wide: usize, lines: &mut Vec<Row>) {
    if metrics.is_empty() {
        return;
    }
    lines.push(Row::new(String::new(), Role::Text));
    let table = Table::of(metrics, wide);
    for metric in metrics {
        table.metric(metric, lines);
    }
}

/// What a number is of its whole: a percentage, or a value with its least and its most.
fn bar(metric: &Metric) -> Option<Bar> {
    let (least, most) = match (&metric.unit, metric.min, metric.max) {
        (Unit::Percent, ..) => (0.0, 100.0),
        (Unit::Counter, ..) => return None,
        (_, least, Some(most)) => (least.unwrap_or(0.0), most),
        _ => return None,
    };
    if most <= least || !metric.value.is_finite() {
        return None;
    }
    let part = |value: f64| (value - least) / (most - least);
    let ends = [(metric.warning, Role::ChartWarning), (metric.critical, Role::ChartCritical)];
    let marks = ends.iter().filter_map(|(range, role)| {
        let end = range.as_ref()?.end;
        end.is_finite().then_some((part(end), *role))
    });
    let broken = |range: Option<Range>| range.is_some_and(|range| range.alerts(metric.value));
    let role = if broken(metric.critical) {
        Role::ChartCritical
    } else if broken(metric.warning) {
        Role::ChartWarning
    } else {
        Role::Muted
    };
    Some(Bar { part: part(metric.value), role, marks: marks.collect() })
}

/// The way of a check that traces, hop by hop.
fn path(detail: &Detail, wide: usize, lines: &mut Vec<Row>) {
    let of = |(name, _): &&(Name, TraceReport)| Some(name) == detail.check.as_ref();
    let Some((_, path)) = detail.path.as_ref().filter(of) else { return };
    lines.push(Row::new(String::new(), Role::Text));
    lines.push(Row::new("path".to_owned(), Role::Muted));
    for hop in &path.hops {
        let room = wide.saturating_sub(22).max(8);
        let (who, address) = match hop.addresses.first() {
            None => ("no answer".to_owned(), None),
            Some(first) => match &first.name {
                Some(name) => {
                    let both = format!("{name} {}", first.address);
                    // Where there is no room for both the address has a line of its own.
                    let fits = width(&both) <= room;
                    if fits { (both, None) } else { (name.to_string(), Some(first.address)) }
                }
                None => (first.address.to_string(), None),
            },
        };
        let who = crate::model::safe_text::truncate(&sanitize(&who, 1024), room);
        let pad = " ".repeat(room.saturating_sub(width(&who)));
        let rtt = format::round_trip(hop.avg_ms);
        let text = format!("{:>3} {who}{pad} {:>4.0} % {rtt:>7} ms", hop.ttl, hop.loss_pct);
        lines.push(Row::new(text, Role::Text));
        lines.extend(address.map(|address| Row::new(format!("    {address}"), Role::Muted)));
    }
    wrap(path.verdict.as_str(), wide, Role::Text, lines);
}

/// The windows that cover the check: in effect, to come, and the last that were.
pub(super) fn windows(app: &App, key: &CheckKey, lines: &mut Vec<Row>) {
    let (wall, zone) = (app.wall(), &app.options.zone);
    let mut covering = checks::covering(app, key);
    if covering.is_empty() {
        return;
    }
    lines.push(Row::new(String::new(), Role::Text));
    lines.push(Row::new("windows".to_owned(), Role::Muted));
    covering
        .sort_by_key(|window| (window.is_over(wall), wall.millis().abs_diff(window.end.millis())));
    for window in covering.into_iter().take(WINDOWS) {
        let moment = |at| zone.moment(at, wall);
        let (when, role) = if window.is_active(wall) {
            (format!("◇ now until {}", moment(window.end)), Role::StateMaintenance)
        } else if window.is_over(wall) {
            (format!("– {} to {}", moment(window.start), moment(window.end)), Role::Muted)
        } else {
            (format!("· {} to {}", moment(window.start), moment(window.end)), Role::Text)
        };
        let who = window.created_by.as_ref().unwrap_or(&window.author);
        let repeats = window.recurrence.as_ref().map(|recurrence| &recurrence.repeats.rule);
        let repeats = repeats.map(|rule| format!("  {rule}")).unwrap_or_default();
        lines.push(Row::new(format!("{when}  {}{repeats}  {who}", window.name), role));
    }
}

/// Columns of a value, and where limits would not stand beside it otherwise.
const VALUE: usize = 12;
const VALUE_LEAST: usize = 10;
/// Columns of the name of a number, at least.
const LABEL: usize = 12;
/// Blanks before the limits.
const GAP: &str = "   ";

/// How the numbers stand: `rtt        12.4 ms   > 200 ms / > 500 ms`.
struct Table {
    wide: usize,
    label: usize,
    value: usize,
    bars: bool,
}

impl Table {
    /// Limits stand beside every value where there is room for them; the bars give way first, then
    /// the names, of which a longer one has a line of its own.
    fn of(metrics: &[Metric], wide: usize) -> Self {
        let longest = |of: fn(&Metric) -> usize| metrics.iter().map(of).max().unwrap_or(0);
        let names = longest(|metric| width(&metric.label())).min(wide / 2);
        let limits = longest(|metric| limits(metric).map_or(0, |text| width(&text) + GAP.len()));
        let value = if names + 1 + VALUE + limits <= wide { VALUE } else { VALUE_LEAST };
        let room = wide.saturating_sub(1 + value + limits);
        let label = names.min(room.max(LABEL));
        let bars = label + 1 + value + 2 + BAR + limits <= wide
            && metrics.iter().any(|metric| bar(metric).is_some());
        Self { wide, label, value, bars }
    }

    fn metric(&self, metric: &Metric, lines: &mut Vec<Row>) {
        let mut label = metric.label();
        if width(&label) > self.label {
            wrap(&label, self.wide, Role::Text, lines);
            label.clear();
        }
        let pad = " ".repeat(self.label.saturating_sub(width(&label)));
        let value = format::value(metric.value, &metric.unit);
        let blank = if self.bars { " ".repeat(BAR + 2) } else { String::new() };
        let line = format!("{label}{pad} {value:>0$}{blank}", self.value);
        let limits = limits(metric).unwrap_or_default();
        let gauge = bar(metric).filter(|_| self.bars).map(|bar| (self.label + self.value + 3, bar));
        let fits = width(&line) + GAP.len() + width(&limits) <= self.wide;
        let text = if fits { format!("{line}{GAP}{limits}") } else { line };
        lines.push(Row { text: text.trim_end().to_owned(), role: Role::Text, gauge });
        if !fits {
            let text = format!("{GAP}{limits}");
            wrap(&text, self.wide, Role::Text, lines);
        }
    }
}

/// Warning and critical, when there is one of them.
fn limits(metric: &Metric) -> Option<String> {
    let of = |range: Option<Range>| match range {
        Some(range) => range_words(&range, metric),
        None => "–".to_owned(),
    };
    let some = metric.warning.is_some() || metric.critical.is_some();
    some.then(|| format!("{} / {}", of(metric.warning), of(metric.critical)))
}

fn range_words(range: &Range, metric: &Metric) -> String {
    let value = |number: f64| match &metric.unit {
        // Beside a value in the same unit, which is never scaled.
        Unit::Percent | Unit::Celsius => format::figure(number),
        unit => format::value(number, unit),
    };
    match (range.inverted, range.start.is_finite() && range.start != 0.0, range.end.is_finite()) {
        (false, false, true) => format!("> {}", value(range.end)),
        (false, true, false) => format!("< {}", value(range.start)),
        (false, _, _) => format!("< {} or > {}", value(range.start), value(range.end)),
        (true, _, _) => format!("{} to {}", value(range.start), value(range.end)),
    }
}

/// Breaks a text into lines of the pane.
pub(super) fn wrap(text: &str, wide: usize, role: Role, lines: &mut Vec<Row>) {
    let room = LINE_LIMIT.saturating_sub(lines.len()).max(1);
    lines.extend(broken(text, wide, room).into_iter().map(|line| Row::new(line, role)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unit;

    fn shown(metrics: &[Metric], wide: usize) -> Vec<String> {
        let mut lines = Vec::new();
        numbers(metrics, wide, &mut lines);
        lines.into_iter().skip(1).map(|row| row.text).collect()
    }

    #[test]
    fn limits_are_short_and_stand_beside_every_value_that_has_room() {
        let mut metric = Metric::new("cpu", 77.0, Unit::Celsius);
        assert_eq!(shown(&[metric.clone()], 80), ["cpu        77 °C"]);
        metric.warning = Some(Range::above(75.0));
        assert_eq!(shown(&[metric.clone()], 80), ["cpu        77 °C   > 75 / –"]);
        metric.critical = Some(Range::above(90.0));
        assert_eq!(shown(&[metric.clone()], 30), ["cpu        77 °C   > 75 / > 90"]);
        assert_eq!(shown(&[metric.clone()], 28), ["cpu      77 °C   > 75 / > 90"]);
        assert_eq!(shown(&[metric], 27), ["cpu      77 °C", "   > 75 / > 90"]);
        let mut metric = Metric::new("rtt", 0.0124, Unit::Seconds);
        metric.warning = Some(Range::above(0.2));
        metric.critical = "0.1:0.5".parse().ok();
        assert_eq!(shown(&[metric], 80), ["rtt      12.4 ms   > 200 ms / < 100 ms or > 500 ms"]);
    }

    #[test]
    fn a_long_name_does_not_take_the_limits_of_the_others_away() {
        let with = |name: &str| Metric {
            warning: Some(Range::above(75.0)),
            critical: Some(Range::above(90.0)),
            ..Metric::new(name, 40.0, Unit::Percent)
        };
        let rate = with("network_error_rate").of("te-0/1/0");
        let lines = shown(&[with("cpu_usage"), rate], 50);
        assert_eq!(
            lines,
            [
                "cpu_usage                       40 %   > 75 / > 90",
                "network_error_rate[te-0/1/0]",
                "                                40 %   > 75 / > 90"
            ]
        );
        assert!(lines.iter().all(|line| width(line) <= 50));
    }

    #[test]
    fn percentages_and_values_with_a_most_have_a_bar() {
        let mut metric = Metric::new("disk", 83.0, Unit::Percent);
        metric.warning = Some(Range::above(80.0));
        metric.critical = Some(Range::above(90.0));
        let seen = bar(&metric).unwrap();
        assert!((seen.part - 0.83).abs() < 1e-9);
        assert_eq!((seen.role, seen.marks.len()), (Role::ChartWarning, 2));
        let mut free = Metric::new("used", 512.0, Unit::Bytes);
        assert_eq!(bar(&free), None);
        free.max = Some(1024.0);
        assert!((bar(&free).unwrap().part - 0.5).abs() < 1e-9);
        free.max = Some(0.0);
        assert_eq!(bar(&free), None, "nothing is a part of nothing");
        let mut lines = Vec::new();
        numbers(&[metric.clone()], 70, &mut lines);
        assert_eq!(lines[1].text, "disk         83 %                     > 80 / > 90");
        assert_eq!(lines[1].gauge.as_ref().unwrap().0, 19);
        numbers(&[metric], 30, &mut lines);
        assert_eq!(lines[3].gauge, None, "no room, no bar");
        assert_eq!(lines[3].text, "disk       83 %   > 80 / > 90");
    }
}
