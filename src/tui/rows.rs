//! What keys do to the rows of the focused list: cursor, marks, order, groups, the next problem.

use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::lists::Keys;
use crate::tui::lists::shape::Order;
use crate::tui::panes;
use crate::tui::views::View;

/// The list of the focused pane.
pub fn list(app: &mut App) -> Option<&mut dyn Keys> {
    match app.focus {
        Pane::Alerts => Some(&mut app.lists.alerts),
        Pane::Hosts if !app.is_grid() => Some(&mut app.lists.hosts),
        Pane::CheckList => Some(&mut app.lists.checks),
        _ => None,
    }
}

/// Moves the cursor of the focused list; false when the pane has none.
pub fn go(app: &mut App, by: isize) -> bool {
    if app.focus == Pane::Hosts && app.is_grid() {
        panes::hosts::go(app, by);
        return true;
    }
    app.newest = false;
    let Some(list) = list(app) else { return false };
    list.go(by);
    went(app);
    true
}

/// The selected host follows a cursor that went.
fn went(app: &mut App) {
    let host = match app.focus {
        Pane::Alerts => app.selected_alert().map(|alert| alert.check.host.clone()),
        Pane::Hosts => {
            let row = app.lists.hosts.row().and_then(crate::tui::lists::Row::item);
            row.map(|row| row.name.clone())
        }
        Pane::CheckList => {
            let row = app.lists.checks.row().and_then(crate::tui::lists::Row::item);
            row.map(|line| line.row.key.host.clone())
        }
        _ => None,
    };
    if let Some(host) = host {
        app.choose_host(host);
    }
}

/// Runs an action on rows; false when it is none or means something else here.
pub fn act(app: &mut App, action: Action) -> bool {
    match action {
        Action::Top | Action::Bottom => {
            // What waits outside is taken in first: the end of the list is its real end.
            app.take_in();
            app.settle_and_follow();
            go(app, if action == Action::Top { isize::MIN / 2 } else { isize::MAX / 2 })
        }
        Action::Mark => with(app, |list| list.mark()),
        Action::MarkRange => with(app, |list| list.mark_range()),
        Action::MarkAll => mark_all(app),
        Action::ClearMarks => with(app, |list| {
            list.clear_marks();
        }),
        Action::Sort => reshape(app, |list| list.next_order()),
        Action::Reverse => reshape(app, |list| list.reverse()),
        Action::GroupBy if app.focus == Pane::Alerts && app.ungroup_storm() => {
            app.say(Tone::Note, "the storm is not grouped any more");
            app.take_in();
            true
        }
        Action::GroupBy => reshape(app, |list| list.next_groups()),
        Action::Left | Action::Right => {
            if app.focus == Pane::Hosts && app.is_grid() {
                panes::hosts::step(app, action == Action::Right);
                return true;
            }
            fold(app, action == Action::Right)
        }
        Action::Newest => newest(app),
        // The hosts view is a table or a grid: there the whole screen is had already.
        Action::Zoom if app.view == View::Hosts => {
            app.dense = !app.dense;
            true
        }
        _ => false,
    }
}

fn with(app: &mut App, what: impl FnOnce(&mut dyn Keys)) -> bool {
    let Some(list) = list(app) else { return false };
    what(list);
    went(app);
    true
}

fn mark_all(app: &mut App) -> bool {
    // All that the filter lets through, also what came since the last key.
    app.take_in();
    app.settle_and_follow();
    with(app, |list| list.mark_all())
}

fn reshape(app: &mut App, what: impl FnOnce(&mut dyn Keys) -> String) -> bool {
    let Some(list) = list(app) else { return false };
    let said = what(list);
    app.say(Tone::Note, said);
    app.take_in();
    true
}

fn fold(app: &mut App, open: bool) -> bool {
    let Some(list) = list(app) else { return false };
    if list.fold(open) {
        app.take_in();
    }
    true
}

/// Opens or closes the group under the cursor; false when it is on no group.
pub fn toggle(app: &mut App) -> bool {
    let toggled = list(app).is_some_and(crate::tui::lists::Keys::toggle);
    if toggled {
        app.take_in();
    }
    toggled
}

/// Takes the marks of the focused list away; false when it has none.
pub fn clear_marks(app: &mut App) -> bool {
    list(app).is_some_and(crate::tui::lists::Keys::clear_marks)
}

fn newest(app: &mut App) -> bool {
    if app.focus != Pane::Alerts {
        return false;
    }
    app.newest = !app.newest;
    if app.newest {
        app.lists.alerts.shape.order = Order::Change;
        app.lists.alerts.shape.reverse = false;
        app.lists.alerts.unselect();
        app.renew();
        app.say(Tone::Note, "the cursor follows the newest alert; any movement ends that");
    } else {
        app.say(Tone::Note, "the cursor stays where it is");
    }
    true
}

/// Goes to the next or previous problem that nobody has, the worst first, over the whole list and
/// round its ends.
pub fn next_problem(app: &mut App, forward: bool) {
    app.newest = false;
    app.take_in();
    app.settle_and_follow();
    let problems = app.lists.problems(app.look());
    let count = problems.len();
    if count == 0 {
        app.say(Tone::Good, "nothing is unhandled");
        return;
    }
    let here = problems
        .iter()
        .position(|at| app.lists.alerts.cursor.is_some() && *at == app.lists.alerts.index);
    let next = match (here, forward) {
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
        (None, true) => 0,
        (None, false) => count - 1,
    };
    if !matches!(app.view, View::Overview | View::Alerts | View::Hosts) {
        app.show(View::Alerts);
    }
    if !matches!(app.focus, Pane::Alerts | Pane::Hosts) {
        app.focus = Pane::Alerts;
    }
    if let Some(at) = problems.get(next) {
        app.lists.alerts.select(*at);
        if let Some(alert) = app.selected_alert() {
            let host = alert.check.host.clone();
            app.choose_host(host);
        }
    }
}
