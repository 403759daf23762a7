//! When lists follow the World, where cursors end up then, and when the screen wakes by itself.

use crate::model::{Span, Steady};
use crate::tui::app::{App, Link, Pane};
use crate::tui::lists::Lists;
use crate::tui::views::View;

/// How long sorted lists of a thousand hosts stand: those of ten thousand follow the World four
/// times a second, shorter ones at once.
const STAND: u64 = 25;

impl App {
    /// Brings the lists up to the World and the cursors back onto their objects; not more often
    /// than their length allows, because ten thousand hosts take longer than a key may wait.
    pub fn settle(&mut self) {
        if !self.stale || self.now.steady < self.settle_at {
            return;
        }
        self.stale = false;
        let hosts = u64::try_from(self.world.host_count()).unwrap_or(u64::MAX);
        self.settle_at = self.now.steady + Span::from_millis(hosts / 1000 * STAND);
        self.lists = Lists::build(&self.world, &self.filter.1);
        if !self.world.is_ready() {
            // A cursor on half a picture would stay on what happened to come first.
            return;
        }
        if !self.chosen {
            (self.alert, self.alert_index, self.host) = (None, 0, None);
        }
        let before = self.alert;
        let kept = self.alert.and_then(|id| self.lists.alert_at(id));
        let last = self.lists.alerts.len().saturating_sub(1);
        self.alert_index = kept.unwrap_or(self.alert_index).min(last);
        self.alert = self.selected_alert().map(|alert| alert.id);
        // A filter or an end put the feed's cursor on another alert: its host is the selected one.
        if self.alert != before && self.focus == Pane::Alerts && !self.in_detail() {
            self.host = self.selected_alert().map(|a| a.check.host.clone()).or(self.host.take());
        }
        let wall = self.wall();
        if let Some(detail) = &mut self.detail {
            detail.refresh(&self.world, wall);
        }
        let known = self.host.as_ref().is_some_and(|name| self.world.host(name).is_some());
        if !known {
            let own = || self.world.host(self.world.engine().host.as_str());
            self.host = self
                .selected_alert()
                .map(|alert| alert.check.host.clone())
                .or_else(|| own().map(|entry| entry.host.name.clone()))
                .or_else(|| self.lists.hosts.first().map(|row| row.name.clone()));
        }
    }

    /// The next moment at which something on screen may change by itself.
    #[must_use]
    pub fn next_wake(&self) -> Steady {
        // Durations and the clock move in steps that ten-second marks of the wall clock contain.
        let into = u64::try_from(self.now.wall.millis().rem_euclid(10_000)).unwrap_or(0);
        let mut at = self.now.steady + Span::from_millis(10_000 - into);
        // Log lines come without a message of their own.
        if matches!(self.link, Link::Lost(..)) || self.view == View::Logs {
            at = at.min(self.now.steady + Span::from_secs(1));
        }
        let message = self.message.as_ref().and_then(|message| message.until);
        let trace = self.trace_next.is_some().then_some(self.trace_at);
        let lists = self.stale.then_some(self.settle_at);
        for other in [message, self.look_at, trace, lists].into_iter().flatten() {
            at = at.min(other);
        }
        if let Some(edge) = self.window_edge {
            at = at.min(self.now.steady + edge.since(self.now.wall));
        }
        at
    }
}
