//! The checks that rules made: judged from the results of other checks, and asked for when a
//! duration ends.
//!
//! Nothing of this is run by a worker. What a result means to a rule is decided by
//! `rules::reading` and `rules::duration`.

use crate::model::{Check, CheckKey, Now, Ruled, Status};
use crate::protocol::work::{Directives, Finding};
use crate::rules::Moment;
use crate::rules::attempts::{self, Freshness};
use crate::rules::duration;
use crate::rules::reading::{self, Reading};

use super::batch::Judged;
use super::core::Core;

/// Why the alert of a check whose rule changed from `old` to `new` must end; `None` when it is
/// judged as before.
pub(super) fn judged_anew(old: &Check, new: &Check) -> Option<String> {
    match (&old.rule, &new.rule) {
        (None, None) => None,
        (Some(before), Some(after)) if before.source == after.source => {
            let (before, after) = (&before.rule, &after.rule);
            let said = || {
                let (was, is) = (before.words(), after.words());
                if was == is { String::new() } else { format!(": {was} became {is}") }
            };
            (!before.judges_as(after)).then(|| format!("its rule was changed{}", said()))
        }
        (Some(_), Some(after)) => Some(format!("its rule judges check {} now", after.source)),
        (Some(_), None) => Some("its rule was removed from the configuration".to_owned()),
        (None, Some(_)) => Some("its check was removed from the configuration".to_owned()),
    }
}

impl Core {
    /// A moment on both scales of time.
    pub(super) fn moment(&self, now: Now) -> Moment {
        let line = self.begun.wall + now.steady.since(self.begun.steady);
        Moment { wall: now.wall, line }
    }

    /// Lets the rules of a check judge its result; `seen` is what it saw.
    pub(super) fn judge_rules(&mut self, at: usize, finding: &Finding, now: Now) {
        for place in self.table.judged_from(at) {
            let Some(slot) = self.table.get(place).filter(|slot| slot.check.enabled) else {
                continue;
            };
            let (check, generation) = (std::sync::Arc::clone(&slot.check), slot.generation);
            let Some(ruled) = &check.rule else { continue };
            let mine = Finding {
                check: check.key.clone(),
                generation,
                slot: finding.slot,
                at: finding.at,
                forced: finding.forced,
                sample: false,
                observation: reading::part(ruled, &finding.observation),
            };
            self.judge_rule(place, &check, ruled, mine, now);
        }
    }

    fn judge_rule(
        &mut self,
        at: usize,
        check: &Check,
        ruled: &Ruled,
        mut finding: Finding,
        now: Now,
    ) {
        self.run_began(at, finding.slot, now);
        let before = self.status_of(at);
        let line = self.moment(now).line - now.wall.since(finding.at);
        let moment = Moment { wall: finding.at, line };
        let (after, verdict, known) = match reading::read(ruled, &finding.observation) {
            Reading::Absent => return,
            Reading::Nothing(verdict) => {
                (duration::hold(&before, &verdict, finding.at), verdict, false)
            }
            Reading::Value(verdict) => {
                let rule = &ruled.rule;
                let after = duration::advance(&before, rule, check.flapping, &verdict, moment);
                (after, verdict, true)
            }
        };
        self.touch(before.state != after.state);
        finding.observation.output = verdict.output;
        self.batch.judged.push(Judged { at, finding, state: after.state, late: false });
        if known && attempts::row_changed(&before, &after) {
            self.set_status(at, &after, check.attempts, now);
        } else if before != after {
            // What is not known changes no alert, and what lists do not show is kept all the same.
            self.batch.statuses.insert(at, after.clone());
        }
        self.after_result(at, &before, &after, now);
    }

    /// The status of a rule's check that got no value for too long.
    pub(super) fn without_value(&self, at: usize, before: &Status, now: Now) -> Option<Status> {
        let slot = self.table.get(at)?;
        let ruled = slot.check.rule.as_deref()?;
        let source = self.table.place(&slot.check.source()).and_then(|at| self.table.get(at));
        let comes = source.is_some_and(|source| {
            attempts::freshness(&source.check, source.expected_since, now.steady)
                == Freshness::Fresh
        });
        let age = now.steady.since(slot.expected_since);
        let expected = before.last_result.unwrap_or(now.wall - age);
        Some(duration::without_value(before, &slot.check, ruled, comes, expected, now.wall))
    }

    /// Has the checks run whose results decide whether a duration is over.
    pub(super) fn ask_for_values(&mut self, now: Now) {
        let line = self.moment(now).line;
        let mut run_now: Vec<CheckKey> = Vec::new();
        for at in self.table.open() {
            let Some(slot) = self.table.get_mut(at) else { continue };
            let Some(ruled) = &slot.check.rule else { continue };
            let due = duration::due(&slot.status, &ruled.rule).filter(|due| *due <= line);
            if due.is_some() && due != slot.asked {
                slot.asked = due;
                run_now.push(slot.check.source());
            }
        }
        run_now.sort();
        run_now.dedup();
        if !run_now.is_empty() {
            self.direct(Directives { run_now, ..Directives::default() }, now.steady);
        }
    }
}
