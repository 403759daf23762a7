//! The bottom line: what just happened, and the keys that do something here and now.

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::layout::Mode;
use crate::tui::panes;
use crate::tui::targets;
use crate::tui::theme::Role;
use crate::tui::triage::undo;
use crate::tui::views::View;
use crate::tui::widgets::Surface;

/// Draws the bottom line, unless an input line is there.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    if matches!(app.overlay, Some(Overlay::Line(_))) {
        return;
    }
    let y = surface.height().saturating_sub(1);
    surface.tint(y, Role::Footer);
    let mut wide = surface.width();
    if let Some(toast) = undo::toast(app) {
        let style = surface.theme.style(Role::Note);
        surface.put_right(wide.saturating_sub(1), y, wide / 2, &toast, style);
        wide = wide.saturating_sub(width(&toast).min(wide / 2) + 2);
    }
    let mut x = 1;
    if let Some((text, role)) = said(app) {
        let more = 14;
        x += surface.say(x, y, wide.saturating_sub(x + more), &text, role) + 3;
    }
    if app.overlay.is_some() {
        return;
    }
    let help = app.keymap.key(&app.contexts(), Action::Help).unwrap_or_default();
    let help_wide = width(&help) + 6;
    for action in wishes(app) {
        let Some(key) = app.keymap.key(&app.contexts(), action) else { continue };
        let refused = app.refusal(action).is_some();
        let label = if refused {
            format!("{} (read-only)", action.label())
        } else {
            action.label().to_owned()
        };
        let size = width(&key) + 1 + width(&label) + 2;
        if x + size + help_wide >= wide {
            break;
        }
        let key_role = if refused { Role::KeyOff } else { Role::Key };
        let text = format!(" {label}  ");
        x = surface.line(x, y, &[(&key, key_role), (&text, Role::Footer)]);
    }
    if !help.is_empty() {
        let words = [(&*help, Role::Key), (" help", Role::Footer)];
        surface.line(wide.saturating_sub(help_wide), y, &words);
    }
    if !app.pressed.is_empty() {
        let keys: String = app.pressed.iter().map(ToString::to_string).collect();
        let style = surface.theme.style(Role::Accent);
        surface.put_right(wide, y, 4, &keys, style);
    }
}

/// The sentence to show: the last message, else what the engine wants known.
fn said(app: &App) -> Option<(String, Role)> {
    let engine = app.world.engine();
    if let Some(message) = &app.message {
        let role = match message.tone {
            Tone::Note => Role::Note,
            Tone::Good => Role::Good,
            Tone::Bad => Role::Bad,
        };
        return Some((message.text.clone(), role));
    }
    if let Some(isolated) = &engine.isolated {
        return Some((isolated.to_string(), Role::Bad));
    }
    if let Some(problem) = &engine.storage {
        return Some((format!("results are not stored: {problem}"), Role::Bad));
    }
    if let Some(trouble) = engine.heartbeat.as_ref().and_then(|beat| beat.trouble()) {
        return Some((trouble.to_string(), Role::Bad));
    }
    engine.notice.as_ref().map(|notice| (notice.to_string(), Role::Note))
}

/// The actions worth a hint, the most useful first; only such that do something now.
#[must_use]
pub fn wishes(app: &App) -> Vec<Action> {
    if app.wall.is_on() {
        return vec![Action::Quit, Action::Pause, Action::Mute];
    }
    let mut wishes = Vec::new();
    let found = targets::hint(app);
    let here = &found.alerts;
    let acts_on_objects = matches!(
        app.focus,
        Pane::Alerts
            | Pane::Hosts
            | Pane::Checks
            | Pane::CheckList
            | Pane::AlertPage
            | Pane::PathList
            | Pane::SeriesList
            | Pane::RuleChecks
            | Pane::Agents
    ) || app.in_detail();
    let object = !found.is_empty();
    let mut wish = |action, when: bool| {
        if when {
            wishes.push(action);
        }
    };
    wish(Action::Copy, app.focus == Pane::Handover);
    wish(Action::Ack, acts_on_objects && here.iter().any(|alert| alert.ack.is_none()));
    wish(Action::Unack, acts_on_objects && here.iter().any(|alert| alert.ack.is_some()));
    wish(Action::Window, acts_on_objects && object);
    wish(
        Action::Open,
        object
            && matches!(
                app.focus,
                Pane::Alerts
                    | Pane::Hosts
                    | Pane::CheckList
                    | Pane::AlertPage
                    | Pane::Interfaces
                    | Pane::SeriesList
                    | Pane::Agents
            ),
    );
    wish(Action::Open, matches!(app.focus, Pane::RuleList | Pane::RuleChecks));
    wish(Action::Edit, app.focus == Pane::RuleList);
    wish(Action::NewRule, app.view == View::Rules);
    let (resend, give_up) = match app.focus {
        Pane::Notifications => panes::notifications::can(app),
        _ => (false, false),
    };
    let agent = app.focus == Pane::Agents && panes::agents::selected(app).is_some();
    wish(Action::RemoveAgent, agent);
    wish(Action::Resend, resend);
    wish(Action::DropNotification, give_up);
    wish(Action::Trace, app.host.is_some() && !matches!(app.focus, Pane::Hops | Pane::Handover));
    wish(Action::NotifyTest, panes::settings::channel(app).is_some());
    wish(Action::Recheck, acts_on_objects && object);
    wish(Action::Pin, panes::pin::here(app).is_some());
    let graphs = panes::pin::title(app).is_none()
        && app.graph.as_ref().is_some_and(|book| book.interfaces().len() > 1)
        && app.focus == Pane::Throughput;
    wish(
        Action::MetricNext,
        graphs || matches!(app.focus, Pane::Graph | Pane::PathGraph) || app.in_detail(),
    );
    wish(
        Action::RangeLonger,
        matches!(
            app.focus,
            Pane::Throughput
                | Pane::Graph
                | Pane::PathGraph
                | Pane::AlertPage
                | Pane::InterfaceGraph
        ),
    );
    wish(Action::Interfaces, app.view == View::Host && panes::interfaces::is_here(app));
    wish(Action::Sort, app.focus == Pane::Interfaces);
    wish(
        Action::Earlier,
        matches!(app.focus, Pane::Throughput | Pane::Graph | Pane::InterfaceGraph),
    );
    wish(Action::GraphNewest, app.focus == Pane::Graph && app.own.lens.end.is_some());
    wish(Action::NextProblem, app.world.unhandled() > 0 && app.focus == Pane::Alerts);
    let away = app.view != View::Overview;
    wish(Action::Back, away || app.zoom || !app.filter.0.is_empty());
    wish(Action::NextPane, app.panes().len() > 1);
    wish(Action::Zoom, app.mode() == Mode::Wide);
    wish(Action::Filter, !app.in_detail());
    wish(Action::Palette, true);
    wish(Action::Quit, !away);
    wishes
}
