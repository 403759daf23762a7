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
use unicode_segmentation::UnicodeSegmentation;

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
    let label = metrics.iter().map(|m| width(&m.label())).max().unwrap_or(0).min(wide / 2);
    let bars = label + 13 + 2 + BAR <= wide && metrics.iter().any(|metric| bar(metric).is_some());
    for metric in metrics {
        let text = metric_line(metric, label, wide, bars);
        let gauge = if bars { bar(metric).map(|bar| (label + 15, bar)) } else { None };
        lines.push(Row { text, role: Role::Text, gauge });
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
        let who = hop.addresses.first().map_or_else(
            || "no answer".to_owned(),
            |first| match &first.name {
                Some(name) => format!("{name} {}", first.address),
                None => first.address.to_string(),
            },
        );
        let room = wide.saturating_sub(24).max(8);
        let who = crate::model::safe_text::truncate(&sanitize(&who, 1024), room);
        let pad = " ".repeat(room.saturating_sub(width(&who)));
        let rtt = format::round_trip(hop.avg_ms);
        let text = format!("{:>3} {who}{pad} {:>4.0} % {rtt:>7} ms", hop.ttl, hop.loss_pct);
        lines.push(Row::new(text, Role::Text));
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

/// `rtt        12.4 ms   > 200 ms / > 500 ms`: warning and critical, whole or not at all.
fn metric_line(metric: &Metric, room: usize, wide: usize, bars: bool) -> String {
    let label = crate::model::safe_text::truncate(&metric.label(), room);
    let pad = " ".repeat(room.saturating_sub(width(&label)));
    let value = format::value(metric.value, &metric.unit);
    let blank = if bars { " ".repeat(BAR + 2) } else { String::new() };
    let line = format!("{label}{pad} {value:>12}{blank}");
    let limits = match (metric.warning, metric.critical) {
        (None, None) => return line.trim_end().to_owned(),
        (warning, critical) => [warning, critical]
            .map(|range| range.map_or("–".to_owned(), |range| range_words(&range, metric)))
            .join(" / "),
    };
    let whole = format!("{line}   {limits}");
    let short = format!("{}   {limits}", line.trim_end());
    // Under the bars of other metrics limits stand in their column, while there is room for it.
    match [whole, short].into_iter().find(|text| width(text) <= wide) {
        Some(text)
            if bar(metric).is_none() || width(&text) == width(&line) + 3 + width(&limits) =>
        {
            text
        }
        _ => line.trim_end().to_owned(),
    }
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

/// Breaks a text at blanks where it can, at any column where it must.
pub(super) fn wrap(text: &str, wide: usize, role: Role, lines: &mut Vec<Row>) {
    let text = sanitize(text, 64 * 1024);
    let wide = wide.max(10);
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_word_bounds() {
        let size = width(word);
        if used + size > wide && used > 0 {
            lines.push(Row::new(std::mem::take(&mut line), role));
            used = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        for grapheme in word.graphemes(true) {
            let size = width(grapheme);
            if used + size > wide {
                lines.push(Row::new(std::mem::take(&mut line), role));
                used = 0;
            }
            line.push_str(grapheme);
            used += size;
        }
        if lines.len() >= LINE_LIMIT {
            return;
        }
    }
    if !line.is_empty() {
        lines.push(Row::new(line, role));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unit;

    #[test]
    fn long_outputs_are_whole() {
        let mut lines = Vec::new();
        wrap("connection refused by 10.0.0.1", 12, Role::Text, &mut lines);
        let lines: Vec<&str> = lines.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(lines, ["connection ", "refused by ", "10.0.0.1"]);
    }

    #[test]
    fn limits_are_short_and_whole_or_absent() {
        let mut metric = Metric::new("cpu", 77.0, Unit::Percent);
        assert_eq!(metric_line(&metric, 5, 80, false), "cpu           77 %");
        metric.warning = Some(Range::above(75.0));
        assert_eq!(metric_line(&metric, 5, 80, false), "cpu           77 %   > 75 / –");
        metric.critical = Some(Range::above(90.0));
        assert_eq!(metric_line(&metric, 5, 32, false), "cpu           77 %   > 75 / > 90");
        assert_eq!(metric_line(&metric, 5, 31, false), "cpu           77 %");
        let mut metric = Metric::new("rtt", 0.0124, Unit::Seconds);
        metric.warning = Some(Range::above(0.2));
        metric.critical = "0.1:0.5".parse().ok();
        assert_eq!(
            metric_line(&metric, 5, 80, false),
            "rtt        12.4 ms   > 200 ms / < 100 ms or > 500 ms"
        );
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
    }
}
