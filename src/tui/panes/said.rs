//! What the checks of the alerts on screen say now.
//!
//! The row of the World and the alert keep the numbers of their last change, so that tens of
//! thousands of them stay still while nothing happens. What is on screen shows the present number:
//! the results of those checks are asked for as long as their rows are there.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Alert, CheckKey, SafeText, Timestamp};
use crate::protocol::{CheckRow, Interest, LiveCheck};
use crate::tui::app::{App, Pane};
use crate::tui::lists::{CheckLine, Item, List, Row};
use crate::tui::panes::hosts::worst;

/// Fewest rows that are asked for around the cursor: a cursor that moves a little asks for nothing.
const PAGE: usize = 20;
/// Most checks.
const MOST: usize = 150;

/// What was said, by check.
#[derive(Debug, Default)]
pub struct State {
    said: HashMap<CheckKey, (Timestamp, SafeText)>,
}

/// The checks whose present words are to be shown: those of the page of a list with the cursor, and
/// of the pages before and after it, as far as they are a problem. None on a slow line, nor in a
/// storm, whose numbers nobody reads.
#[must_use]
pub fn wanted(app: &App) -> Vec<CheckKey> {
    if app.options.low_bandwidth || app.storm.storm().is_some() {
        return Vec::new();
    }
    let page = usize::from(app.size.1).max(PAGE);
    let mut keys: BTreeSet<&CheckKey> = BTreeSet::new();
    if app.shows(Pane::Alerts) || app.wall.board() {
        keys.extend(around(&app.lists.alerts, page).map(|row| &row.alert.check));
    }
    if app.shows(Pane::CheckList) {
        let bad = |line: &&CheckLine| line.row.status.state.is_problem();
        keys.extend(around(&app.lists.checks, page).filter(bad).map(|line| &line.row.key));
    }
    if app.shows(Pane::Hosts) && !app.is_grid() {
        let entries = around(&app.lists.hosts, page).filter_map(|row| app.world.host(&row.name));
        keys.extend(entries.filter_map(worst).map(|row| &row.key));
    }
    // In the order of names: a list that is only sorted anew asks for nothing.
    keys.retain(|key| app.world.check(key).is_some());
    keys.into_iter().take(MOST).cloned().collect()
}

/// The items of a list around its cursor, in steps of a page.
fn around<T: Item>(list: &List<T>, page: usize) -> impl Iterator<Item = &T> {
    let from = (list.index / page).saturating_sub(1) * page;
    list.rows.iter().skip(from).take(3 * page).filter_map(Row::item)
}

/// Forgets what is no longer asked for, or was said by another engine.
pub fn keep(app: &mut App, wanted: &Interest) {
    let same = app.looked.is_some();
    app.own.said.said.retain(|key, _| same && wanted.has(key));
}

/// Takes a result.
pub fn live(app: &mut App, result: &LiveCheck) {
    let wanted = app.looked.as_ref().is_some_and(|looked| looked.has(&result.check));
    let newer = app.own.said.said.get(&result.check).is_none_or(|(at, _)| *at <= result.at);
    if wanted && newer {
        let said = (result.at, result.observation.output.clone());
        app.own.said.said.insert(result.check.clone(), said);
    }
}

/// The words of a row with the present numbers, as far as they are known.
#[must_use]
pub fn of_row<'a>(app: &'a App, row: &'a CheckRow) -> &'a SafeText {
    let said = app.own.said.said.get(&row.key).filter(|_| !row.status.late);
    // What was said before the state began is of another one.
    said.filter(|(at, _)| *at >= row.status.since).map_or(&row.status.output, |(_, text)| text)
}

/// The words of an alert with the present numbers, as far as they are known: those of its check's
/// last result while that is in the alert's state. While the check flaps, or nothing is known of
/// it, or it was good again without the alert being over, the alert's own words stand.
#[must_use]
pub fn of_alert<'a>(app: &'a App, alert: &'a Alert) -> &'a SafeText {
    let row = app.world.check(&alert.check).filter(|_| alert.is_open() && alert.flapping.is_none());
    match row.filter(|row| row.status.state == alert.state) {
        Some(row) if app.own.said.said.contains_key(&row.key) => of_row(app, row),
        _ => &alert.output,
    }
}
