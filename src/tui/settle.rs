//! When the lists follow the World, and where the cursors go: nothing moves under a hand.
//!
//! The lists are brought up to what happened before a frame is painted, never between a frame and
//! the key that answers it. From a key until [`REST`] after the last one their rows stay where they
//! are.

use crate::model::{Span, Steady};
use crate::tui::app::{App, Lead, Pane};
use crate::tui::link::Freshness;
use crate::tui::lists::{Key, Look};
use crate::tui::storm_watch::STEP;
use crate::tui::views::View;
use crate::tui::{act, panes, triage, watch};

/// How long after the last key the hand counts as resting.
pub const REST: Span = Span::from_secs(3);
/// How long sorted lists of a thousand hosts stand: those of ten thousand follow the World four
/// times a second, shorter ones at once.
const STAND: u64 = 25;
/// The same for a thousand alerts.
const STAND_ALERTS: u64 = 100;

/// What the lists wait for.
#[derive(Debug)]
pub struct Pace {
    /// True when the World changed since the lists were made.
    pub stale: bool,
    /// Before this moment what the World says does not change the lists again.
    at: Steady,
    /// When a key was last pressed.
    hand: Option<Steady>,
    /// A person asked for what is new: it is taken in once, hand or not.
    take_in: bool,
    /// A person changed what is asked for: the row under the cursor goes when it is not.
    ask_anew: bool,
}

impl Pace {
    /// At the start.
    #[must_use]
    pub const fn new(now: Steady) -> Self {
        Self { stale: true, at: now, hand: None, take_in: false, ask_anew: false }
    }
}

impl App {
    /// What lists are made from.
    #[must_use]
    pub const fn look(&self) -> Look<'_> {
        Look {
            world: &self.world,
            filter: &self.filter.1,
            snoozed: &self.snoozed,
            now: self.now.wall,
            actor: &self.actor,
        }
    }

    /// Has the lists follow at once, as far as a hand allows: the picture is whole.
    pub(crate) fn refresh(&mut self) {
        self.pace.stale = true;
        self.pace.at = self.now.steady;
    }

    /// Takes in what waits outside the lists: a person asked for it.
    pub(crate) fn take_in(&mut self) {
        self.refresh();
        self.pace.take_in = true;
    }

    /// Has the lists show something else at once: a person changed what is asked for.
    pub(crate) fn renew(&mut self) {
        self.take_in();
        self.pace.ask_anew = true;
    }

    /// True from a key until the hand rests.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.pace.hand.is_some_and(|at| self.now.steady < at + REST)
    }

    /// A key arrived. At a list that nobody held it acts on what was painted when it was pressed,
    /// and from now on the list holds still.
    pub(crate) fn hand(&mut self, at: Steady) {
        if !self.is_held() && self.world.is_ready() {
            self.lists.alerts.rewind(at);
            self.lists.hosts.rewind(at);
            self.lists.checks.rewind(at);
            if !self.chosen && self.lead == Lead::Alerts {
                let under = self.selected_alert().map(|alert| alert.check.host.clone());
                self.host = under.or(self.host.take());
            }
            self.refresh();
        }
        self.pace.hand = Some(self.now.steady.max(at));
        // From the first key on, what is selected stays selected.
        self.chosen = true;
    }

    /// Brings the lists up to the World and the cursors back onto their objects; not more often
    /// than their length allows, because ten thousand hosts take longer than a key may wait.
    pub fn settle(&mut self) {
        let held = self.is_held() && !self.pace.take_in;
        if !held && self.lists.waits() {
            self.pace.stale = true;
        }
        if !self.pace.stale || self.now.steady < self.pace.at {
            return;
        }
        self.pace.stale = false;
        if !self.world.is_ready() && !self.lists.hosts.is_empty() && self.whole {
            // A new picture is on its way: the old one stands until it is whole.
            return;
        }
        self.pace.at = self.now.steady + self.stand();
        let is_chosen = self.chosen && self.world.is_ready();
        if !is_chosen || self.follows_newest() && !held {
            self.lists.alerts.unselect();
        }
        if !is_chosen {
            self.lists.hosts.unselect();
            self.host = None;
        }
        let keeps = is_chosen && !self.pace.ask_anew;
        (self.pace.take_in, self.pace.ask_anew) = (false, false);
        self.settle_lists(keeps, held);
        if !self.world.is_ready() {
            // A cursor on half a picture would stay on what happened to come first.
            self.lists.alerts.unselect();
            return;
        }
        self.whole = true;
        let wall = self.wall();
        if let Some(detail) = &mut self.detail {
            detail.refresh(&self.world, wall);
        }
        self.know_host();
    }

    /// How long the lists stand.
    fn stand(&self) -> Span {
        let many = |count: usize| u64::try_from(count).unwrap_or(u64::MAX) / 1000;
        let hosts = many(self.world.host_count()).saturating_mul(STAND);
        let alerts = many(self.lists.alerts.len()).saturating_mul(STAND_ALERTS);
        let storm = if self.storm.storm().is_some() { STEP.millis() } else { 0 };
        Span::from_millis(hosts.max(alerts).max(storm).min(2000))
    }

    fn settle_lists(&mut self, keeps: bool, held: bool) {
        let look = Look {
            world: &self.world,
            filter: &self.filter.1,
            snoozed: &self.snoozed,
            now: self.now.wall,
            actor: &self.actor,
        };
        self.lists.settle_alerts(look, keeps, held);
        self.lists.settle_hosts(look, keeps, held);
        if self.view == View::Checks {
            self.lists.settle_checks(look, keeps, held);
        } else {
            self.lists.checks.sleep();
        }
    }

    /// There is always a selected host that exists, while any does.
    fn know_host(&mut self) {
        let known = self.host.as_ref().is_some_and(|name| self.world.host(name).is_some());
        // A host that is gone keeps its row, and the cursor, until the cursor leaves it.
        let kept = self.host.as_ref().is_some_and(|name| self.lists.hosts.at(name).is_some());
        if known || kept {
            return;
        }
        let own = || self.world.host(self.world.engine().host.as_str());
        self.host = self
            .selected_alert()
            .map(|alert| alert.check.host.clone())
            .or_else(|| own().map(|entry| entry.host.name.clone()))
            .or_else(|| self.lists.hosts.items().next().map(|row| row.name.clone()));
    }

    /// Brings the cursors together: one host is selected, by the list that has the keys or had them
    /// last; the feed's cursor goes to an alert of the host when there is one.
    pub(crate) fn follow(&mut self) {
        if !self.world.is_ready() {
            return;
        }
        match self.focus {
            Pane::Alerts => self.lead = Lead::Alerts,
            Pane::Hosts | Pane::CheckList => self.lead = Lead::Hosts,
            _ => {}
        }
        self.keep_host_in_sight();
        let under = self.selected_alert().map(|alert| alert.check.host.clone());
        match (self.lead, under) {
            (Lead::Alerts, Some(host)) => act::select_host(self, host),
            (Lead::Hosts, under) if self.host != under => {
                let of = |row: &crate::tui::lists::AlertRow| {
                    Some(&row.alert.check.host) == self.host.as_ref()
                };
                let mut rows = self.lists.alerts.rows.iter();
                if let Some(at) = rows.position(|row| row.item().is_some_and(of)) {
                    self.lists.alerts.select(at);
                }
            }
            _ => {}
        }
        self.find_host();
    }

    /// With the keys on the hosts, a key means a host that is on screen: where a filter takes the
    /// selected one away, the one under the cursor is selected.
    fn keep_host_in_sight(&mut self) {
        let list = &self.lists.hosts;
        let in_sight = self.host.as_ref().is_some_and(|host| list.at(host).is_some());
        let under = list.row().and_then(crate::tui::lists::Row::item);
        if self.focus == Pane::Hosts
            && !in_sight
            && let Some(name) = under.map(|row| row.name.clone())
        {
            act::select_host(self, name);
        }
    }

    /// Puts the cursor of the hosts on the selected host, unless it is on a group on purpose.
    fn find_host(&mut self) {
        let list = &mut self.lists.hosts;
        let on_group = matches!(list.cursor, Some(Key::Group(_))) && self.focus == Pane::Hosts;
        let Some(host) = self.host.as_ref().filter(|_| !on_group) else { return };
        if !matches!(&list.cursor, Some(Key::Item(name)) if name == host)
            && let Some(at) = list.at(host)
        {
            list.select(at);
        }
    }

    /// The next moment at which something on screen may change by itself.
    #[must_use]
    pub fn next_wake(&self) -> Steady {
        // Durations and the clock move in steps that ten-second marks of the wall clock contain.
        let into = u64::try_from(self.now.wall.millis().rem_euclid(10_000)).unwrap_or(0);
        let mut at = self.now.steady + Span::from_millis(10_000 - into);
        // Log lines come without a message of their own.
        let fresh = self.link.freshness(self.now.steady, self.pulses());
        if fresh != Freshness::Live || self.view == View::Logs || !self.waiting.is_empty() {
            at = at.min(self.now.steady + Span::from_secs(1));
        }
        let message = self.message.as_ref().and_then(|message| message.until);
        let trace = self.trace_next.is_some().then_some(self.trace_at);
        let storm = self.storm.storm().map(|_| self.now.steady + STEP);
        let lists = self.pace.stale.then_some(self.pace.at);
        let rest = if self.lists.waits() { self.pace.hand.map(|at| at + REST) } else { None };
        let others = [message, self.look_at, trace, lists, rest, storm, panes::wake(self)];
        let more = [self.wall.wake(self.now), self.ringer.wake(), triage::next_wake(self)];
        for other in others.into_iter().chain(more).flatten() {
            at = at.min(other);
        }
        if let Some(edge) = self.window_edge {
            at = at.min(self.now.steady + edge.since(self.now.wall));
        }
        at
    }

    /// What the console does before a frame: lists, then cursors.
    pub(crate) fn settle_and_follow(&mut self) {
        self.settle();
        self.follow();
    }

    /// Marks a selected host, and begins to wait until the cursor rests there.
    pub(crate) fn choose_host(&mut self, host: crate::model::Name) {
        if self.host.as_ref() != Some(&host) {
            self.host = Some(host);
            watch::moved(self);
        }
    }
}
