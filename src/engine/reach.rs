//! Which alerts another one explains: parents are asked at once when a check fails, and open alerts
//! follow what they say.
//!
//! What the answers mean is decided by `rules::reach` and `rules::cause`; this file knows whom to
//! ask, when to look again, and how many hosts stand behind one.

use std::collections::BTreeSet;

use crate::model::{
    Alert, CauseStage, CheckKey, Host, Kind, Name, Now, Phase, SafeText, Span, Status, Timestamp,
};
use crate::rules::Verdict;
use crate::rules::alert::Input;
use crate::rules::attempts::{self, Freshness};
use crate::rules::cause::{self, Seen};
use crate::rules::reach::{self, Heard, Net, Reach};
use crate::rules::sight::{self, Sight};
use crate::rules::suppress::Cover;

use super::core::Core;

/// Longest way that a change goes in one look; the next look goes on.
const ROUNDS: usize = 64;
/// How much longer than its timeout an asked check may take before it is asked again.
const SLACK: Span = Span::from_secs(5);

/// What the engine keeps in mind between two looks.
#[derive(Debug)]
pub struct Watch {
    /// Something was heard that may explain alerts, or explain them no more.
    pub changed: bool,
    /// An alert waits for an answer.
    pub doubts: bool,
    /// The hosts that tell whether the engine sees anything, in the order of the configuration.
    pub canaries: Vec<Name>,
    /// Checks whose problem may be the engine's own: run when a canary answers.
    pub unsure: BTreeSet<usize>,
}

impl Default for Watch {
    /// After a start everything is looked at once.
    fn default() -> Self {
        let (canaries, unsure) = (Vec::new(), BTreeSet::new());
        Self { changed: true, doubts: true, canaries, unsure }
    }
}

impl Net for Core {
    fn host(&self, name: &str) -> Option<&Host> {
        self.table.host(name).map(AsRef::as_ref)
    }

    fn canaries(&self) -> &[Name] {
        &self.reach.canaries
    }

    fn vantage(&self, check: &CheckKey) -> Option<&Host> {
        let slot = self.table.place(check).and_then(|at| self.table.get(at))?;
        self.table.host(slot.check.agent.as_ref()?).map(AsRef::as_ref)
    }

    fn heard(&self, check: &CheckKey) -> Option<Heard> {
        let at = self.table.place(check)?;
        let slot = self.table.get(at).filter(|slot| slot.check.enabled)?;
        let now = self.clock.now().steady;
        if attempts::freshness(&slot.check, slot.expected_since, now) == Freshness::Stale {
            return None;
        }
        let status = self.batch.statuses.get(&at).unwrap_or(&slot.status);
        let explains = |alert: &Alert| {
            alert.cause.as_ref().is_some_and(|cause| cause.stage != CauseStage::Doubt)
        };
        let explained = self.open_alert(at).is_some_and(explains);
        Some(Heard { silent: status.silent, hard: status.hard, explained, began: slot.began })
    }
}

impl Core {
    /// The open alert of a check as the batch has it.
    fn open_alert(&self, at: usize) -> Option<&Alert> {
        match self.batch.alerts.get(&at) {
            Some(staged) => staged.as_ref(),
            None => self.table.get(at)?.alert.as_deref(),
        }
    }

    /// True when it is the check that tells whether its host can be reached.
    fn is_alive(&self, check: &CheckKey) -> bool {
        let host = self.table.host(&check.host);
        host.is_some_and(|host| host.alive.as_ref() == Some(&check.name))
    }

    /// A moment of the wall clock on the engine's own scale.
    fn on_line(&self, wall: Timestamp, now: Now) -> Timestamp {
        self.moment(now).line - now.wall.since(wall)
    }

    /// Adds to a cover whether the host can be reached.
    pub(super) fn add_reach(&self, at: usize, cover: &mut Cover, before: Option<&Alert>, now: Now) {
        let Some(slot) = self.table.get(at) else { return };
        let since = self.on_line(before.map_or(now.wall, |alert| alert.opened), now);
        cover.reach = reach::of_check(self, &slot.check.key, since);
        cover.began = slot.began;
        let fires = before.is_none_or(|alert| alert.phase == Phase::Pending);
        if fires && self.status_of(at).silent && self.sees(now) == Sight::Blind {
            cover.behind = self.table.hosts().count().saturating_sub(1);
        } else if fires && self.is_alive(&slot.check.key) {
            cover.behind =
                crate::model::behind(self.table.hosts().map(AsRef::as_ref), [&slot.check.key.host])
                    .len();
        }
    }

    /// Takes in that a run of a check began; before it is judged.
    pub(super) fn run_began(&mut self, at: usize, began: Timestamp, now: Now) {
        let began = self.on_line(began, now);
        if let Some(slot) = self.table.get_mut(at) {
            slot.began = Some(began);
        }
    }

    /// Whether the engine sees anything, by the last word of the canaries.
    fn sees(&self, now: Now) -> Sight {
        sight::sight(self, self.moment(now).line)
    }

    /// The sight for a result of a check; `before` is where it stood.
    pub(super) fn sight_for(&self, at: usize, before: &Status, now: Now) -> Sight {
        let Some(slot) = self.table.get(at).filter(|_| !self.reach.canaries.is_empty()) else {
            return Sight::Clear;
        };
        let own = matches!(slot.check.kind(), Kind::System | Kind::Process)
            || self.reach.canaries.contains(&slot.check.key.host);
        if own {
            return Sight::Clear;
        }
        let soft = before.state.is_problem() && !before.is_waiting();
        let began = soft.then(|| self.on_line(before.since, now)).or(slot.began);
        sight::sight(self, began.unwrap_or(self.moment(now).line))
    }

    /// What the first canary says while the engine is blind is about the engine.
    pub(super) fn own_words(&self, check: &CheckKey, verdict: Verdict) -> Verdict {
        let mut others = self.reach.canaries.iter();
        if others.next() != Some(&check.host) || !verdict.silent || !self.is_alive(check) {
            return verdict;
        }
        let dark = |name: &Name| {
            let key = self.table.host(name).and_then(|host| reach::alive(host));
            key.and_then(|key| self.heard(&key)).is_none_or(|heard| heard.silent)
        };
        if !others.all(dark) {
            return verdict;
        }
        let output = format!("this monitor is isolated, no canary answers: {}", verdict.output);
        Verdict { output: SafeText::line(&output), ..verdict }
    }

    /// Says on every console whether the engine sees anything, and has run what it did not see.
    fn look_around(&mut self, now: Now) {
        let blind = self.sees(now) == Sight::Blind;
        if blind != self.status.isolated.is_some() {
            let since = now.wall.to_utc().map(|at| at.format("%H:%M UTC").to_string());
            let text = format!(
                "isolated since {}: no canary answers ({}), nothing is judged CRITICAL",
                since.unwrap_or_default(),
                self.reach.canaries.join(", ")
            );
            self.status.isolated = blind.then(|| SafeText::line(&text));
            tracing::warn!("{}", if blind { text.as_str() } else { "a canary answers again" });
            self.blind(blind, now.wall);
            self.tell_status();
        }
    }

    /// Takes the canaries of an inventory.
    pub(super) fn take_canaries(&mut self, hosts: &[Host]) {
        let canaries = hosts.iter().filter(|host| host.canary);
        self.reach.canaries = canaries.map(|host| Name::clone(&host.name)).collect();
    }

    /// What follows from a judged result: whom to ask, and whether others must follow.
    pub(super) fn after_result(&mut self, at: usize, before: &Status, after: &Status, now: Now) {
        let Some(slot) = self.table.get(at) else { return };
        let (key, began) = (slot.check.key.clone(), slot.began);
        let same = (before.silent, before.hard) == (after.silent, after.hard);
        if (!same || self.reach.doubts) && self.is_alive(&key) {
            self.reach.changed = true;
        }
        if self.reach.canaries.contains(&key.host) && self.is_alive(&key) {
            self.look_around(now);
            if !after.silent {
                let unsure = std::mem::take(&mut self.reach.unsure);
                let keys = unsure.into_iter().filter_map(|at| self.table.get(at));
                let keys: Vec<CheckKey> = keys.map(|slot| slot.check.source()).collect();
                if !keys.is_empty() {
                    self.touch(true);
                    self.batch.directives.run_now.extend(keys);
                }
            }
        }
        if after.state.is_problem() && attempts::row_changed(before, after) {
            for key in reach::asked(self, &key) {
                self.ask(&key, began, now);
            }
        } else if self.open_alert(at).is_some_and(|alert| alert.cause.is_some()) {
            // The run decides, also when its result is what it was.
            self.step(at, Input::Tick, now);
        }
    }

    /// Has a check run at once, unless it has answered since, fails already (then it is run often
    /// enough), or was asked.
    fn ask(&mut self, key: &CheckKey, since: Option<Timestamp>, now: Now) {
        let line = self.moment(now).line;
        let Some(heard) = self.heard(key).filter(|heard| !heard.silent) else { return };
        if heard.began >= since {
            return;
        }
        let Some(slot) = self.table.place(key).and_then(|at| self.table.get_mut(at)) else {
            return;
        };
        let patience = slot.check.timeout + SLACK;
        let waits = |asked: &Timestamp| heard.began < Some(*asked) && line < *asked + patience;
        if slot.asked_at.as_ref().is_some_and(waits) {
            return;
        }
        slot.asked_at = Some(line);
        self.touch(true);
        self.batch.directives.run_now.push(key.clone());
    }

    /// Lets open alerts follow what was heard since the last look.
    pub(super) fn follow_reach(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        for _ in 0..ROUNDS {
            if !self.reach.changed && !self.reach.doubts {
                return;
            }
            (self.reach.changed, self.reach.doubts) = (false, false);
            let open: BTreeSet<usize> =
                self.table.open().into_iter().chain(self.batch.alerts.keys().copied()).collect();
            for at in open {
                if self.turns(at, now) {
                    self.step(at, Input::Tick, now);
                }
                let doubt = |alert: &Alert| {
                    alert.cause.as_ref().is_some_and(|cause| cause.stage == CauseStage::Doubt)
                };
                self.reach.doubts |= self.open_alert(at).is_some_and(doubt);
            }
            if !self.reach.changed {
                return;
            }
        }
    }

    /// True when the cause of an open alert is another than it says.
    fn turns(&self, at: usize, now: Now) -> bool {
        let (Some(alert), Some(slot)) = (self.open_alert(at), self.table.get(at)) else {
            return false;
        };
        let reach = reach::of_check(self, &slot.check.key, self.on_line(alert.opened, now));
        if reach == Reach::Up && alert.cause.is_none() {
            return false;
        }
        let firing = alert.phase == Phase::Firing;
        let seen = Seen {
            reach: &reach,
            began: slot.began,
            fired_before: firing,
            firing,
            line: self.moment(now).line,
        };
        let (after, turn) = cause::follow(alert.cause.as_ref(), seen);
        turn.is_some() || after != alert.cause
    }

    /// After a step: what was explained until now is run at once, and others may follow.
    pub(super) fn cause_changed(
        &mut self,
        at: usize,
        before: Option<&Alert>,
        after: Option<&Alert>,
    ) {
        let stage = |alert: Option<&Alert>| {
            alert.and_then(|alert| alert.cause.as_ref()).map(|cause| cause.stage)
        };
        let (before, after) = (stage(before), stage(after));
        if before == after {
            return;
        }
        self.reach.doubts |= after == Some(CauseStage::Doubt);
        let Some(slot) = self.table.get(at) else { return };
        let (key, source) = (slot.check.key.clone(), slot.check.source());
        if self.is_alive(&key) {
            self.reach.changed = true;
        }
        if after == Some(CauseStage::Over) {
            self.batch.directives.run_now.push(source);
        }
    }
}
