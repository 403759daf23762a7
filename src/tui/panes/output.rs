//! Host view: everything that is known of the check under the cursor, whole.

use crate::model::safe_text::{sanitize, width};
use crate::model::{Metric, Range, ShownState, Unit};
use crate::tui::app::App;
use crate::tui::detail::Detail;
use crate::tui::format;
use crate::tui::panes::empty;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use unicode_segmentation::UnicodeSegmentation;

/// Most lines of one output.
pub const LINE_LIMIT: usize = 2000;

/// The check.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let kind = detail.row().map(|row| row.kind.word()).unwrap_or_default();
    (format!("Output: {}", detail.check.as_deref().unwrap_or("")), kind.to_owned())
}

/// Draws state, output and numbers; scrolls.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let lines = lines(app, detail, surface.width().saturating_sub(3));
    if lines.is_empty() {
        empty(surface, &["No check is selected."]);
        return;
    }
    let height = surface.height();
    let first = detail.line.min(lines.len().saturating_sub(height));
    for (y, (text, role)) in lines.iter().skip(first).take(height).enumerate() {
        let room = surface.width().saturating_sub(2);
        surface.say(1, y, room, text, *role);
    }
    if first + height < lines.len() {
        let more = format!("↓ {} more", lines.len() - first - height);
        let style = surface.theme.style(Role::Muted);
        let end = surface.width();
        surface.put_right(end, height.saturating_sub(1), 12, &more, style);
    }
}

fn lines(app: &App, detail: &Detail, wide: usize) -> Vec<(String, Role)> {
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
    lines.push((head, Role::of(shown)));
    let seen = detail.observation();
    let mut times = format!("every {}", row.interval);
    if let Some(last) = status.last_result {
        times = format!("{times}, last result {}", zone.seconds(last));
    }
    if let Some(next) = seen.and_then(|(_, next)| next) {
        times = format!("{times}, next {}", zone.seconds(next));
    }
    lines.push((times, Role::Muted));
    let output = seen.map_or(&status.output, |(seen, _)| &seen.output);
    wrap(output.as_str(), wide, Role::Text, &mut lines);
    let Some((seen, _)) = seen else { return lines };
    if let Some(failure) = &seen.failure
        && failure.message != *output
    {
        wrap(failure.message.as_str(), wide, Role::Text, &mut lines);
    }
    for line in seen.long.as_str().lines() {
        wrap(line, wide, Role::Muted, &mut lines);
    }
    if !seen.metrics.is_empty() {
        lines.push((String::new(), Role::Text));
    }
    let label = seen.metrics.iter().map(|m| width(&m.label())).max().unwrap_or(0).min(wide / 2);
    for metric in &seen.metrics {
        lines.push((metric_line(metric, label, wide), Role::Text));
    }
    lines.truncate(LINE_LIMIT);
    lines
}

/// `rtt        12.4 ms   > 200 ms / > 500 ms`: warning and critical, whole or not at all.
fn metric_line(metric: &Metric, room: usize, wide: usize) -> String {
    let label = crate::model::safe_text::truncate(&metric.label(), room);
    let pad = " ".repeat(room.saturating_sub(width(&label)));
    let value = format::value(metric.value, &metric.unit);
    let line = format!("{label}{pad} {value:>12}");
    let limits = match (metric.warning, metric.critical) {
        (None, None) => return line,
        (warning, critical) => [warning, critical]
            .map(|range| range.map_or("–".to_owned(), |range| range_words(&range, metric)))
            .join(" / "),
    };
    let whole = format!("{line}   {limits}");
    if width(&whole) <= wide { whole } else { line }
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
fn wrap(text: &str, wide: usize, role: Role, lines: &mut Vec<(String, Role)>) {
    let text = sanitize(text, 64 * 1024);
    let wide = wide.max(10);
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_word_bounds() {
        let size = width(word);
        if used + size > wide && used > 0 {
            lines.push((std::mem::take(&mut line), role));
            used = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        for grapheme in word.graphemes(true) {
            let size = width(grapheme);
            if used + size > wide {
                lines.push((std::mem::take(&mut line), role));
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
        lines.push((line, role));
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
        let lines: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(lines, ["connection ", "refused by ", "10.0.0.1"]);
    }

    #[test]
    fn limits_are_short_and_whole_or_absent() {
        let mut metric = Metric::new("cpu", 77.0, Unit::Percent);
        assert_eq!(metric_line(&metric, 5, 80), "cpu           77 %");
        metric.warning = Some(Range::above(75.0));
        assert_eq!(metric_line(&metric, 5, 80), "cpu           77 %   > 75 / –");
        metric.critical = Some(Range::above(90.0));
        assert_eq!(metric_line(&metric, 5, 32), "cpu           77 %   > 75 / > 90");
        assert_eq!(metric_line(&metric, 5, 31), "cpu           77 %");
        let mut metric = Metric::new("rtt", 0.0124, Unit::Seconds);
        metric.warning = Some(Range::above(0.2));
        metric.critical = "0.1:0.5".parse().ok();
        assert_eq!(
            metric_line(&metric, 5, 80),
            "rtt        12.4 ms   > 200 ms / < 100 ms or > 500 ms"
        );
    }
}
