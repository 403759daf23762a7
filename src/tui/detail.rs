//! The state of the host view: which host, which of its checks, what is known of it.

use std::sync::Arc;

use crate::model::trace::TraceReport;
use crate::model::{Edge, Name, Observation, ShownState, State, Timestamp};
use crate::protocol::{CheckRow, World};
use crate::tui::book::Book;
use crate::tui::widgets::Scroll;

/// What the engine answered about one check.
#[derive(Clone, Debug)]
pub struct Last {
    /// The check.
    pub check: Name,
    /// What was seen; `None` when nothing was since the engine began.
    pub seen: Option<Observation>,
    /// When that was.
    pub at: Option<Timestamp>,
    /// When it runs next.
    pub next: Option<Timestamp>,
}

/// The host view.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The host.
    pub host: Name,
    /// The check under the cursor.
    pub check: Option<Name>,
    /// Its place in the list, for when it vanishes.
    pub index: usize,
    /// The checks, worst first.
    pub rows: Vec<Arc<CheckRow>>,
    /// The metric in the graph: its label.
    pub metric: Option<String>,
    /// The numbers of the check under the cursor.
    pub book: Option<Book>,
    /// What was answered about a check: its last result, until live ones continue it.
    pub last: Option<Last>,
    /// The last path of a check that traces.
    pub path: Option<(Name, TraceReport)>,
    /// Events of the host, newest first; `None` until they have come.
    pub edges: Option<Vec<Edge>>,
    /// Why they have not.
    pub edges_problem: Option<String>,
    /// First event on screen.
    pub edge: usize,
    /// First line of the output on screen.
    pub line: usize,
    /// Scroll offset of the checks.
    pub scroll: Scroll,
}

impl Detail {
    /// A view of a host of which nothing was asked yet.
    #[must_use]
    pub fn new(host: Name, check: Option<Name>) -> Self {
        Self {
            host,
            check,
            index: 0,
            rows: Vec::new(),
            metric: None,
            book: None,
            last: None,
            path: None,
            edges: None,
            edges_problem: None,
            edge: 0,
            line: 0,
            scroll: Scroll::default(),
        }
    }

    /// Sorts the checks anew and keeps the cursor on its check. What is not confirmed stands behind
    /// what is.
    pub fn refresh(&mut self, world: &World, wall: Timestamp) {
        self.rows = world.host(&self.host).map_or_else(Vec::new, |entry| entry.checks.clone());
        let soft = |row: &CheckRow| {
            if row.status.confirmed().is_some_and(State::is_problem) { 0 } else { 3 }
        };
        let rank = |row: &CheckRow| match world.shown_check(row, wall) {
            _ if !row.enabled => 9,
            _ if row.status.is_waiting() => 6,
            ShownState::Critical => soft(row),
            ShownState::Unknown => 1 + soft(row),
            ShownState::Warning => 2 + soft(row),
            ShownState::Maintenance => 7,
            ShownState::Ok => 8,
        };
        self.rows.sort_by_cached_key(|row| (rank(row), row.key.name.clone()));
        let kept = self
            .check
            .as_ref()
            .and_then(|name| self.rows.iter().position(|row| row.key.name == *name));
        self.index = kept.unwrap_or(self.index).min(self.rows.len().saturating_sub(1));
        if kept.is_none() {
            self.check = self.rows.get(self.index).map(|row| row.key.name.clone());
        }
    }

    /// The check under the cursor.
    #[must_use]
    pub fn row(&self) -> Option<&Arc<CheckRow>> {
        self.rows.get(self.index)
    }

    /// Puts the cursor on a row.
    pub fn select(&mut self, index: usize) {
        self.index = index.min(self.rows.len().saturating_sub(1));
        let name = self.row().map(|row| row.key.name.clone());
        if name != self.check {
            self.check = name;
            self.metric = None;
            self.line = 0;
        }
    }

    /// What was last seen of the check under the cursor.
    #[must_use]
    pub fn observation(&self) -> Option<&Observation> {
        let name = self.check.as_ref()?;
        let live = self.book.as_ref().filter(|book| book.key.name == *name);
        if let Some(live) = live.and_then(|book| book.last.as_ref()) {
            return Some(&live.observation);
        }
        self.last.as_ref().filter(|last| last.check == *name)?.seen.as_ref()
    }

    /// When the check under the cursor ran last, and when it runs next. The row of the World lags
    /// behind while nothing changes, so the latest that is known of any source counts.
    #[must_use]
    pub fn run(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let known = self.row().and_then(|row| row.status.last_result);
        let Some(name) = self.check.as_ref() else { return (known, None) };
        let asked = self.last.as_ref().filter(|last| last.check == *name);
        let known = known.max(asked.and_then(|last| last.at));
        let live = self.book.as_ref().filter(|book| book.key.name == *name);
        match live.and_then(|book| book.run) {
            Some((at, next)) => (known.max(Some(at)), Some(next)),
            None => (known, asked.and_then(|last| last.next)),
        }
    }
}
