//! How the past looks: one graph below the other as far as there is room, each with its figures.

use crate::model::schedule::Baseline;
use crate::model::speed::rate;
use crate::model::{Bucket, Mean, Span, Trend, Unit, View as Stretch};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::format::plural;
use crate::tui::panes::speed::pair_words;
use crate::tui::panes::trend::{Figure, State, schedule};
use crate::tui::panes::{empty, not_ready, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Band, Chart, Dot, Limit, Line};

/// Rows of one graph with its figures, at least.
const LEAST: usize = 16;
/// By how much of it a rate may fall short of what is usual, when no schedule says it, in per cent.
const SHORT: f64 = 30.0;

/// The stretch in words.
const fn words(stretch: Stretch) -> &'static str {
    match stretch {
        Stretch::SixHours => "6 h",
        Stretch::Day => "24 h",
        Stretch::Week => "7 d",
        Stretch::Month => "30 d",
        Stretch::Year => "12 months",
    }
}

/// The vantage and target with the stretch; what one point is.
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.trend;
    let Some(of) = &own.of else { return ("Trend".to_owned(), String::new()) };
    let pair = pair_words(&of.agent, &of.target);
    let all = Figure::of(of.kind);
    let each = match own.stretch {
        Stretch::SixHours | Stretch::Day => "every result".to_owned(),
        other => format!("by the {}", other.bucket()),
    };
    let at = format!("{} {} of {}", figure(own).word(), at(own) + 1, all.len());
    (format!("{pair}: {}, {}", of.kind, words(own.stretch)), format!("{each} · {at}"))
}

fn at(own: &State) -> usize {
    let count = own.of.as_ref().map_or(1, |of| Figure::of(of.kind).len());
    own.figure % count.max(1)
}

fn figure(own: &State) -> Figure {
    let all = own.of.as_ref().map_or(&[][..], |of| Figure::of(of.kind));
    all.get(at(own)).copied().unwrap_or(Figure::Times)
}

/// Draws it.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.trend;
    let Some(of) = &own.of else {
        return empty(surface, &["The trend is of a test: choose one in Speed or Schedules."]);
    };
    let trend = own.trend.as_ref().filter(|(wish, _)| wish.view == own.stretch);
    let (Some((_, trend)), None) = (trend, &own.problem) else {
        return match (&own.problem, not_ready(app)) {
            (Some(problem), _) => empty(surface, &["The trend cannot be shown:", problem]),
            (None, Some(text)) => empty(surface, &[text]),
            (None, None) => empty(surface, &["Asking the engine…"]),
        };
    };
    let all = Figure::of(of.kind);
    let has = |bucket: &Bucket| bucket.named().iter().any(|(_, mean)| mean.is_some());
    if !trend.buckets.iter().any(has) {
        let key = |action| app.keymap.key(&app.pane_contexts(), action).unwrap_or_default();
        let text = format!(
            "Nothing was measured in {}: {} shows a longer time.",
            words(own.stretch),
            key(Action::RangeLonger)
        );
        return empty(surface, &[&text]);
    }
    let (wide, high) = (surface.width(), surface.height());
    let count = (high / LEAST).clamp(1, all.len());
    let each = high / count;
    for place in 0..count {
        let Some(figure) = all.get((at(own) + place) % all.len()) else { continue };
        let rows = if place + 1 == count { high - each * place } else { each };
        draw(app, &mut surface.part(0, each * place, wide, rows), trend, *figure);
    }
}

/// The figures of one graph: what they are called, which they are, in which colour.
type Series = (&'static str, fn(&Bucket) -> Option<Mean>, Role);

/// What a graph shows, its unit, and by what to multiply.
fn series(figure: Figure) -> (&'static [Series], Unit, f64) {
    match figure {
        Figure::Rates => (
            &[
                ("down", |bucket| bucket.download_mbps, Role::Chart1),
                ("up", |bucket| bucket.upload_mbps, Role::Chart2),
            ],
            Unit::BitsPerSecond,
            1e6,
        ),
        Figure::Times => (
            &[
                ("latency", |bucket| bucket.latency_ms, Role::Chart1),
                ("jitter", |bucket| bucket.jitter_ms, Role::Chart2),
            ],
            Unit::Seconds,
            1e-3,
        ),
        Figure::Loss => (&[("loss", |bucket| bucket.loss_pct, Role::Chart1)], Unit::Percent, 1.0),
    }
}

fn dots(trend: &Trend, of: fn(&Bucket) -> Option<Mean>, factor: f64) -> Vec<Dot> {
    let dot = |bucket: &Bucket| {
        let mean = of(bucket).filter(|mean| mean.mean.is_finite())?;
        let half = Span::from_millis(bucket.end.since(bucket.start).millis() / 2);
        Some(Dot {
            at: bucket.start + half,
            value: mean.mean * factor,
            min: mean.min * factor,
            max: mean.max * factor,
            quarters: None,
        })
    };
    trend.buckets.iter().filter_map(dot).collect()
}

fn draw(app: &App, surface: &mut Surface<'_>, trend: &Trend, figure: Figure) {
    let (all, unit, factor) = series(figure);
    let (wide, high) = (surface.width(), surface.height());
    let window = (trend.start, trend.end);
    let mut y = 0;
    let mut lines = Vec::new();
    for (name, of, role) in all {
        let line = Line { dots: dots(trend, *of, factor), role: *role };
        if line.dots.is_empty() {
            continue;
        }
        throughput::figures(app, surface, y, name, &line, (&unit, window.0, window.1));
        lines.push(line);
        y += 1;
    }
    if lines.is_empty() {
        let text = format!("No {} was measured in {}.", figure.word(), words(trend.view));
        return empty(surface, &[&text]);
    }
    let mut chart = Chart::new(&unit, &app.options.zone, app.options.glyphs, window);
    (chart.cursor, chart.log) = (app.own.lens.cursor, app.own.lens.log);
    chart.now = trend.end;
    chart.limits = limits(app, figure);
    if figure == Figure::Rates {
        let text = usual(app, &mut chart);
        surface.say(1, y, wide.saturating_sub(2), &text, Role::Muted);
        y += 1;
    }
    chart.lines = lines;
    chart.draw(&mut surface.part(1, y, wide.saturating_sub(2), high.saturating_sub(y)));
}

/// What a schedule demands of it.
fn limits(app: &App, figure: Figure) -> Vec<Limit> {
    let Some(row) = schedule(app) else { return Vec::new() };
    let all = &row.schedule.plan.thresholds;
    let limit = |value: Option<f64>, factor: f64, word| {
        value.map(|value| Limit { value: value * factor, role: Role::ChartWarning, word })
    };
    let limits = match figure {
        Figure::Rates => [
            limit(all.download_min_mbps, 1e6, "least down"),
            limit(all.upload_min_mbps, 1e6, "least up"),
        ],
        Figure::Times => [
            limit(all.latency_max_ms, 1e-3, "latency at most"),
            limit(all.jitter_max_ms, 1e-3, "jitter at most"),
        ],
        Figure::Loss => [limit(all.packet_loss_max_pct, 1.0, "at most"), None],
    };
    limits.into_iter().flatten().collect()
}

/// Puts the band of what is usual into a graph of rates, and says what it is; while it is learned
/// how far that is.
fn usual(app: &App, chart: &mut Chart<'_>) -> String {
    let own = &app.own.trend;
    let key = app.keymap.key(&app.pane_contexts(), Action::Baseline).unwrap_or_default();
    if own.without_usual {
        return format!("{key} shows what is usual");
    }
    let Some(row) = schedule(app) else {
        return "no schedule runs this: nothing is known to be usual".to_owned();
    };
    let short = row.schedule.plan.thresholds.baseline_deviation_pct.unwrap_or(SHORT);
    let both = [
        ("down", row.baselines.download, Role::Chart1),
        ("up", row.baselines.upload, Role::Chart2),
    ];
    let mut said = Vec::new();
    for (word, baseline, role) in both {
        let Some(baseline) = baseline.filter(|one: &Baseline| one.median.is_finite()) else {
            continue;
        };
        let (high, low) = (baseline.median * 1e6, baseline.median * 1e6 * (1.0 - short / 100.0));
        let how = baseline.learning();
        if how.is_none() {
            chart.bands.push(Band { low, high, role });
        }
        let how = how.unwrap_or_else(|| format!("of {}", plural(baseline.count, "result")));
        said.push(format!("{word} {}, {how}", rate(baseline.median)));
    }
    if said.is_empty() {
        return "usual: learning 0/50".to_owned();
    }
    format!("usual: {}; band -{short} %", said.join("; "))
}

/// What is shown in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.trend;
    let Some(of) = &own.of else { return };
    let pair = pair_words(&of.agent, &of.target);
    let tested = schedule(app).map(|row| format!("  tested by `{}`", row.schedule.plan.name));
    let tested = tested.unwrap_or_else(|| "  no schedule tests it".to_owned());
    surface.line(1, 0, &[(&pair, Role::Strong), (&tested, Role::Muted)]);
    let key = |action| app.keymap.key(&app.pane_contexts(), action).unwrap_or_default();
    let text = format!(
        "{} {} the time shown, {} the next figure, {} what is usual",
        key(Action::RangeLonger),
        key(Action::RangeShorter),
        key(Action::MetricNext),
        key(Action::Baseline)
    );
    surface.say(1, 1, surface.width().saturating_sub(2), &text, Role::Muted);
}
