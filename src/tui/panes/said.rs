//! What the checks of the alerts on screen say now.
//!
//! The row of the World and the alert keep the numbers of their last change, so that tens of
//! thousands of them stay still while nothing happens. What is on screen shows the present number:
//! the results of those checks are asked for as long as their rows are there.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{Alert, CheckKey, SafeText, Timestamp};
use crate::protocol::{CheckRow, Interest, LiveCheck};
use crate::tui::app::{App, Pane};
use crate::tui::lists::{CheckLine, Item, List, Row};
use crate::tui::panes::hosts::worst;

/// Fewest rows that are asked for around the cursor: a cursor that moves a little asks for nothing.
const PAGE: usize = 20;
/// Most checks.
const MOST: usize = 150;

/// Most words that are kept.
const KEPT: usize = 1000;

/// What was said, by check.
#[derive(Debug, Default)]
pub struct State {
    said: HashMap<CheckKey, (Timestamp, SafeText)>,
    /// The checks whose results are asked for.
    wanted: HashSet<CheckKey>,
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

/// Notes what is asked for; what another engine said is forgotten.
pub fn keep(app: &mut App, interest: &Interest) {
    let same = app.looked.is_some();
    let own = &mut app.own.said;
    own.wanted = interest.checks.iter().chain(&interest.rows).cloned().collect();
    if !same {
        own.said.clear();
    } else if own.said.len() > KEPT / 2 {
        own.said.retain(|key, _| own.wanted.contains(key));
    }
}

/// Takes a result, asked for or not: one may cross the question on its way.
pub fn live(app: &mut App, result: &LiveCheck) {
    let said = &mut app.own.said.said;
    let known = said.get(&result.check).map(|(at, _)| *at);
    if known.is_some_and(|at| at <= result.at) || known.is_none() && said.len() < KEPT {
        said.insert(result.check.clone(), (result.at, result.observation.output.clone()));
    }
}

/// What the last result of a row's check said, as far as that is asked for and known.
fn present<'a>(app: &'a App, row: &CheckRow) -> Option<&'a SafeText> {
    let own = &app.own.said;
    let (at, text) = own.said.get(&row.key).filter(|_| own.wanted.contains(&row.key))?;
    // What was said before the state began is of another one.
    (!row.status.late && *at >= row.status.since).then_some(text)
}

/// The words of a row with the present numbers, as far as they are known.
#[must_use]
pub fn of_row<'a>(app: &'a App, row: &'a CheckRow) -> &'a SafeText {
    present(app, row).unwrap_or(&row.status.output)
}

/// The words of an alert with the present numbers, as far as they are known: those of its check's
/// last result while that is in the alert's state. While the check flaps, or nothing is known of
/// it, or it was good again without the alert being over, the alert's own words stand.
#[must_use]
pub fn of_alert<'a>(app: &'a App, alert: &'a Alert) -> &'a SafeText {
    let row = app.world.check(&alert.check).filter(|_| alert.is_open() && alert.flapping.is_none());
    let row = row.filter(|row| row.status.state == alert.state);
    row.and_then(|row| present(app, row)).unwrap_or(&alert.output)
}
