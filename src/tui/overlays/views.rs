//! The saved views: each under its letter, opened with one more key.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::keymap::Found;
use crate::tui::lists::shape::{By, Order};
use crate::tui::saved::{self, SavedView, Sort, Target};
use crate::tui::theme::Role;
use crate::tui::triage::remember;
use crate::tui::views::View;
use crate::tui::widgets::Surface;
use crate::tui::{filtering, groups::GroupBy};

/// Columns of one entry.
const CELL: usize = 26;

/// Takes a key: a letter opens its view, what closes closes.
pub fn key(app: &mut App, key: KeyEvent, found: Found) {
    app.overlay = None;
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char(letter) if !control => open(app, letter),
        _ if matches!(found, Found::Action(Action::Back | Action::Interrupt)) => {}
        _ => app.say(Tone::Note, "a saved view has a letter"),
    }
}

/// Opens the view under a letter.
pub fn open(app: &mut App, letter: char) {
    match app.triage.views.get(letter).cloned() {
        Ok(view) => apply(app, &view),
        Err(why) => app.say(Tone::Bad, why),
    }
}

/// Shows the list of a view as it was kept.
pub fn apply(app: &mut App, view: &SavedView) {
    app.show(match view.target {
        Target::Alerts => View::Alerts,
        Target::Hosts => View::Hosts,
        Target::Checks => View::Checks,
        Target::Maintenance => View::Maintenance,
    });
    let filter = view.filter_at(app.wall(), app.triage.left);
    filtering::set(app, &filter);
    let order = match view.sort {
        Sort::Severity => Order::Severity,
        Sort::Newest => Order::Change,
        Sort::Oldest => Order::Age,
        Sort::Name => Order::Host,
    };
    let by = match &view.group {
        None => By::Nothing,
        Some(GroupBy::Host) => By::Host,
        Some(GroupBy::Check) => By::Check,
        Some(GroupBy::Group) => By::Group,
        Some(GroupBy::Site) => By::Site,
        Some(GroupBy::Tag(label)) => By::Tag(label.as_str().into()),
    };
    let shape = match view.target {
        Target::Alerts => Some(&mut app.lists.alerts.shape),
        Target::Hosts => Some(&mut app.lists.hosts.shape),
        Target::Checks => Some(&mut app.lists.checks.shape),
        Target::Maintenance => None,
    };
    if let Some(shape) = shape {
        (shape.order, shape.by, shape.reverse) = (order, by, false);
    }
    app.renew();
    app.say(Tone::Note, format!("view {}: {}", view.letter, view.name));
}

/// The list on screen as a view to keep.
///
/// # Errors
/// What is wrong with the name, or that there is no list here.
pub fn of_screen(app: &App, rest: &str) -> Result<SavedView, String> {
    let (letter, name) = crate::tui::saved::save_command(rest)?;
    let (target, shape) = match (app.view, app.focus) {
        (View::Checks, _) => (Target::Checks, Some(&app.lists.checks.shape)),
        (View::Maintenance, _) => (Target::Maintenance, None),
        (View::Hosts, _) | (View::Overview, Pane::Hosts) => {
            (Target::Hosts, Some(&app.lists.hosts.shape))
        }
        (View::Alerts | View::Overview, _) => (Target::Alerts, Some(&app.lists.alerts.shape)),
        _ => return Err("there is no list here to keep; go to one first".to_owned()),
    };
    let group = shape.and_then(|shape| match &shape.by {
        By::Nothing => None,
        By::Host => Some(GroupBy::Host),
        By::Check => Some(GroupBy::Check),
        By::Group => Some(GroupBy::Group),
        By::Site => Some(GroupBy::Site),
        By::Tag(label) => Some(GroupBy::Tag(label.to_string())),
    });
    let sort = match shape.map(|shape| shape.order) {
        None | Some(Order::Severity) => Sort::Severity,
        Some(Order::Change) => Sort::Newest,
        Some(Order::Age) => Sort::Oldest,
        Some(Order::Host | Order::Check) => Sort::Name,
    };
    Ok(SavedView { letter, name, target, filter: app.filter.0.clone(), group, sort })
}

/// Keeps the list on screen for the operator here: `rest` is a letter and a name; without a name
/// it is called after its filter.
pub fn save(app: &mut App, rest: &str) -> Vec<Effect> {
    let mut rest = rest.trim().to_owned();
    if rest.chars().count() == 1 {
        let filter: String = app.filter.0.chars().take(saved::NAME_LIMIT).collect();
        let name = if filter.is_empty() { app.view.name().to_owned() } else { filter };
        rest = format!("{rest} {name}");
    }
    let mut views = app.triage.views.clone();
    let kept = of_screen(app, &rest).and_then(|view| {
        let said = format!("view {} is kept: {}", view.letter, view.name);
        let before = views.put(view)?;
        let before = before.map_or_else(String::new, |old| format!(" (it was {})", old.name));
        Ok((format!("{said}{before}"), views.to_text()?))
    });
    match kept {
        Ok((said, text)) => {
            app.triage.views = views;
            app.say(Tone::Good, said);
            vec![remember::keep(app, "the view", remember::VIEWS, Some(text))]
        }
        Err(why) => {
            app.say(Tone::Bad, why);
            Vec::new()
        }
    }
}

/// Draws the list above the bottom line.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let views: Vec<_> = app.triage.views.iter().collect();
    let (wide, high) = (surface.width(), surface.height());
    let columns = (wide.saturating_sub(2) / CELL).max(1);
    let rows = views.len().div_ceil(columns).min(high.saturating_sub(4));
    let top = high.saturating_sub(2 + rows);
    let mut s = surface.part(0, top, wide, rows + 1);
    s.clear();
    s.rule(0);
    s.say(1, 0, wide.saturating_sub(2), " saved views ", Role::TitleFocused);
    for (at, one) in views.iter().enumerate().take(rows * columns) {
        let (x, y) = (1 + at / rows.max(1) * CELL, 1 + at % rows.max(1));
        let letter = one.letter.to_string();
        let used = s.say(x + 1, y, 2, &letter, Role::Key);
        let room = CELL.saturating_sub(width(&letter) + 4);
        s.say(x + used + 2, y, room, &one.name, Role::Text);
    }
}
