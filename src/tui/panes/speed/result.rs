//! How one speedtest looks: its figures, and its rate over time.

use crate::model::speed::{
    Interval, LatencyBand, SpeedResult, Throughput, jitter_is_high, loss_is_high,
};
use crate::model::{Direction, Measured, Test, TestPhase, TestSpec, Timestamp, Unit};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::panes::empty;
use crate::tui::panes::speed::{list, pair_words, words};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Dot, Line};
use crate::tui::widgets::gauge::gauge;
use crate::tui::wrap::broken;
use crate::tui::zone::Zone;

/// Columns of the labels.
const LABEL: usize = 9;
/// Columns of the figures, where the graph stands beside them.
const BESIDE: usize = 58;
/// From this width on it does.
const WIDE: usize = 110;
/// Rows of the graph, at least.
const GRAPH: usize = 6;
/// Rows of one text.
const LONGEST: usize = 4;

/// A line of the figures: what it is, what it says, its tint.
type Fact = (&'static str, String, Role);

/// The pair, and how its test stands.
pub fn title(app: &App) -> (String, String) {
    let Some(row) = app.own.speed.row() else { return ("Result".to_owned(), String::new()) };
    let how = row.test().map_or("never tested", |test| words::state(test).0.trim());
    (pair_words(&row.agent, &row.target), how.to_owned())
}

/// Draws it.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.speed;
    let Some(row) = own.row() else { return empty(surface, &["No pair is selected."]) };
    let Some(brief) = row.test() else {
        let key = app.keymap.key(&app.pane_contexts(), Action::RunTest).unwrap_or_default();
        let text = format!("Never tested: {key} runs it.");
        return empty(surface, &[&text, &list::why(app, &row).0]);
    };
    let whole = own.whole.as_deref().filter(|whole| whole.id == brief.id);
    let result = whole.and_then(|whole| match whole.result.as_deref() {
        Some(Measured::Speedtest(result)) => Some(result),
        _ => None,
    });
    let mut facts = facts(app, brief, result);
    if let Some((pair, why)) = &own.refused
        && *pair == row.pair()
    {
        facts.insert(0, ("not run", why.clone(), Role::Bad));
    }
    if let (None, Some(problem)) = (result, &own.whole_problem) {
        facts.push(("", format!("its series cannot be had: {problem}"), Role::Muted));
    }
    let (wide, high) = (surface.width(), surface.height());
    let beside = wide >= WIDE;
    let room = if beside { BESIDE } else { wide };
    let graph = result.is_some_and(has_series);
    let most = if beside || !graph { high } else { high.saturating_sub(GRAPH) };
    let used = write(app, &mut surface.part(0, 0, room, most), brief, &facts);
    let Some(result) = result.filter(|_| graph) else { return };
    let (x, y) = if beside { (BESIDE + 1, 0) } else { (1, used) };
    let part = &mut surface.part(x, y, wide.saturating_sub(x + 1), high.saturating_sub(y));
    draw(app, part, brief, result);
}

fn has_series(result: &SpeedResult) -> bool {
    let some = |way: &Option<Throughput>| way.as_ref().is_some_and(|way| way.intervals.len() > 1);
    some(&result.download) || some(&result.upload)
}

/// Writes the figures; returns the rows used.
fn write(app: &App, surface: &mut Surface<'_>, test: &Test, facts: &[Fact]) -> usize {
    let (wide, high) = (surface.width(), surface.height());
    let room = wide.saturating_sub(LABEL + 4);
    let mut y = 0;
    if let Some((share, _)) = words::progress(test, app.wall()) {
        let style = surface.theme.style(Role::Muted);
        surface.put_right(LABEL + 1, y, LABEL, "so far", style);
        let text = words::far(test, app.wall()).unwrap_or_default();
        let bar = room.saturating_sub(24).clamp(8, 30);
        gauge(surface, (LABEL + 3, y), bar, (share, Role::Chart1), &[], app.options.glyphs);
        surface.say(LABEL + bar + 5, y, room.saturating_sub(bar + 2), &text, Role::Strong);
        y += 1;
    }
    for (label, text, role) in facts {
        for (at, line) in broken(text, room, LONGEST).iter().enumerate() {
            if y >= high {
                return y;
            }
            let style = surface.theme.style(Role::Muted);
            surface.put_right(LABEL + 1, y, LABEL, if at == 0 { label } else { "" }, style);
            surface.say(LABEL + 3, y, room, line, *role);
            y += 1;
        }
    }
    y
}

/// Everything that is known of a test, the most wanted first.
fn facts(app: &App, test: &Test, result: Option<&SpeedResult>) -> Vec<Fact> {
    let (_, role) = words::state(test);
    let when = match (test.phase, test.ended_at, test.started_at) {
        (TestPhase::Queued, _, _) => {
            format!("since {}", app.options.zone.seconds(test.asked_at))
        }
        (TestPhase::Running, _, Some(at)) => format!("since {}", app.options.zone.seconds(at)),
        (_, Some(at), _) => app.options.zone.moment(at, app.wall()),
        _ => app.options.zone.moment(test.asked_at, app.wall()),
    };
    let mut facts: Vec<Fact> =
        vec![("state", format!("{} {when}, asked by {}", test.phase, test.asked_by), role)];
    let reason = test.reason.as_str();
    if !reason.is_empty() {
        facts.push((
            if test.phase == TestPhase::Queued { "waits" } else { "why" },
            reason.to_owned(),
            Role::Text,
        ));
    }
    facts.extend(test.breaches.iter().map(|b| ("breach", b.to_string(), Role::StateWarning)));
    let figures = test.figures;
    let way = |mbps: Option<f64>, way: Option<&Throughput>| {
        mbps.or_else(|| way.map(|way| way.mbps)).map(|mbps| {
            let more = way.map_or_else(String::new, more);
            format!("{}{more}", words::mbps(Some(mbps)))
        })
    };
    let down = way(figures.download_mbps, result.and_then(|r| r.download.as_ref()));
    let up = way(figures.upload_mbps, result.and_then(|r| r.upload.as_ref()));
    facts.extend(down.map(|text| ("down", text, Role::Strong)));
    facts.extend(up.map(|text| ("up", text, Role::Strong)));
    if let Some(ms) = figures.latency_ms {
        let (band, role) = match LatencyBand::of(ms) {
            LatencyBand::Excellent => ("excellent (< 10 ms)", Role::StateOk),
            LatencyBand::Acceptable => ("acceptable (< 50 ms)", Role::Text),
            LatencyBand::High => ("high (50 ms or more)", Role::StateWarning),
        };
        facts.push(("latency", format!("{}, {band}", words::ms(Some(ms))), role));
    }
    if let Some(ms) = figures.jitter_ms {
        let high = if jitter_is_high(ms) { ", flagged (> 10 ms)" } else { "" };
        facts.push((
            "jitter",
            format!("{}{high}", words::ms(Some(ms))),
            words::jitter_role(Some(ms)),
        ));
    }
    if let Some(pct) = figures.loss_pct {
        let high = if loss_is_high(pct) { ", flagged (> 0.1 %)" } else { "" };
        facts.push((
            "loss",
            format!("{}{high}", words::loss(Some(pct))),
            words::loss_role(Some(pct)),
        ));
    }
    if let Some(result) = result {
        if let Some(grade) = result.grade {
            facts.push((
                "grade",
                format!("{grade}: what the load adds to the latency"),
                Role::Text,
            ));
        }
        if !result.note.is_empty() {
            facts.push(("note", result.note.to_string(), Role::Text));
        }
    }
    facts.push(("test", words::what(&test.spec), Role::Muted));
    let place = result.map(|result| {
        let address = result.address.as_ref().map_or_else(String::new, |a| format!(" at {a}"));
        format!("{} to {}{address}", result.engine.word(), result.target)
    });
    facts.push(("to", place.unwrap_or_else(|| test.target.to_string()), Role::Muted));
    if test.in_maintenance {
        facts.push((
            "",
            "in maintenance: no baseline is made of it".to_owned(),
            Role::StateMaintenance,
        ));
    }
    facts
}

/// `, 2.4 GB in 20.0 s, 12 sent again, 24.1 ms under load`.
fn more(way: &Throughput) -> String {
    let mut text =
        format!(", {} in {:.1} s", words::moved(way.bytes), f64::from(way.took_ms) / 1000.0);
    if let Some(again) = way.retransmits {
        text = format!("{text}, {again} sent again");
    }
    if let Some(ms) = way.loaded_ms {
        text = format!("{text}, {} under load", words::ms(Some(ms)));
    }
    if let Some(ms) = way.jitter_ms {
        text = format!("{text}, jitter {}", words::ms(Some(ms)));
    }
    if let Some(pct) = way.loss_pct {
        text = format!("{text}, loss {}", words::loss(Some(pct)));
    }
    text
}

fn dots(intervals: &[Interval]) -> Vec<Dot> {
    let sane = intervals.iter().filter(|one| one.mbps.is_finite() && one.mbps >= 0.0);
    sane.map(|one| Dot::single(Timestamp::from_millis(one.at_ms.into()), one.mbps * 1e6)).collect()
}

/// The rate of both ways, each from its own beginning on.
fn draw(app: &App, surface: &mut Surface<'_>, test: &Test, result: &SpeedResult) {
    let (mut x, wide) = (0, surface.width());
    let TestSpec::Speedtest(spec) = &test.spec else { return };
    let mut lines = Vec::new();
    for (wanted, way, word, role) in [
        (spec.direction != Direction::Upload, &result.download, "– down  ", Role::Chart1),
        (spec.direction != Direction::Download, &result.upload, "– up  ", Role::Chart2),
    ] {
        if let Some(way) = way.as_ref().filter(|_| wanted) {
            x += surface.say(x, 0, wide.saturating_sub(x), word, role);
            lines.push(Line { dots: dots(&way.intervals), role });
        }
    }
    surface.say(x, 0, wide.saturating_sub(x), "since each way began", Role::Muted);
    let last = lines.iter().filter_map(|line| line.dots.last()).map(|dot| dot.at).max();
    let begin = Timestamp::from_millis(0);
    let end = Timestamp::from_millis(i64::from(spec.duration_seconds) * 1000);
    let end = last.map_or(end, |last| last.max(end));
    let zone = Zone::Fixed { offset: 0, name: String::new() };
    let mut chart = Chart::new(&Unit::BitsPerSecond, &zone, app.options.glyphs, (begin, end));
    chart.lines = lines;
    chart.now = last.unwrap_or(begin);
    let high = surface.height().saturating_sub(1);
    chart.draw(&mut surface.part(0, 1, wide, high));
}
