//! The check that stands for a schedule at its vantage: what schedules find goes through the same
//! judgement, alerts, windows and history as every other result.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::Inventory as Wanted;
use super::super::batch::Inventory;
use super::super::core::Core;
use crate::model::{
    Breach, BreachKind, Check, CheckKey, Failure, FailureKind, Host, Metric, Name, Now,
    Observation, Schedule, ScheduleId, Span, Spec, State, Test, TestPhase, Unit, speed,
};
use crate::protocol::work::Finding;
use crate::rules::breach;

/// The interval of a stand-in whose schedule follows a `cron`.
const CRON: Span = Span::from_secs(86_400);

/// True for a check that stands for a schedule.
pub(in crate::engine) fn is_stand_in(check: &Check) -> bool {
    matches!(&*check.spec, Spec::Schedule)
}

/// Which check stands for a schedule.
pub(super) fn stand_in_key(schedule: &Schedule) -> CheckKey {
    CheckKey::new(Name::clone(&schedule.vantage), schedule.plan.name.as_str())
}

fn stand_in(schedule: &Schedule) -> Check {
    let plan = &schedule.plan;
    let interval = plan.interval().unwrap_or(CRON);
    let attempts = if plan.of_last.is_some() { 1 } else { plan.consecutive_failures };
    Check {
        interval,
        retry: plan.retest_seconds.map_or(interval, Span::from_secs),
        attempts,
        contact_list: plan.notify_contact_list.as_deref().map(Name::from),
        enabled: !plan.paused,
        ..Check::new(&schedule.vantage, &plan.name, "127.0.0.1", Spec::Schedule)
    }
}

impl Core {
    /// Adds what the schedules bring along to what is wanted.
    pub(in crate::engine) fn with_schedules(&self, wanted: &mut Wanted) {
        if self.speed.schedules.is_empty() {
            return;
        }
        let mut hosts: HashSet<Name> =
            wanted.hosts.iter().map(|host| Name::clone(&host.name)).collect();
        let known: HashSet<CheckKey> =
            wanted.checks.iter().map(|check| check.key.clone()).collect();
        for entry in self.speed.schedules.values() {
            let check = stand_in(&entry.schedule);
            if known.contains(&check.key) {
                tracing::warn!(
                    "`{}` is written as a check: its schedule alerts no more",
                    check.key
                );
                continue;
            }
            if hosts.insert(Name::clone(&check.key.host)) {
                wanted.hosts.push(Host::new(&check.key.host, "127.0.0.1"));
            }
            wanted.checks.push(check);
        }
    }

    /// Stages the check that stands for a schedule.
    pub(super) fn bring_stand_in(&mut self, schedule: &Schedule) {
        let check = stand_in(schedule);
        if self.table.host(&check.key.host).is_none() {
            let host = Host::new(&check.key.host, "127.0.0.1");
            self.batch.inventory.push(Inventory::Host(Arc::new(host)));
        }
        let known = self.table.place(&check.key).and_then(|at| self.table.get(at));
        if known.is_none_or(|slot| *slot.check != check) {
            self.batch.inventory.push(Inventory::Check(Arc::new(check)));
        }
    }

    /// Stages that a schedule has no check any more.
    pub(super) fn take_stand_in(&mut self, schedule: &Schedule, why: &str, now: Now) {
        let key = stand_in_key(schedule);
        if self.table.place(&key).is_some() {
            self.close(&key, why, now);
            self.batch.inventory.push(Inventory::CheckGone(key));
        }
    }

    /// Gives the check that stands for a schedule what its test found; `missed` is how many runs were
    /// missed, with it or before it.
    pub(super) fn tell_stand_in(&mut self, id: ScheduleId, test: &Test, missed: u64, now: Now) {
        let Some(entry) = self.speed.schedules.get(&id) else { return };
        let plan = &entry.schedule.plan;
        let alerts = plan.alert_on_breach;
        let observation = match test.phase {
            TestPhase::Done => {
                let confirmed = plan.of_last.is_none_or(|of| {
                    let latest = entry.recent.iter().rev().map(|broke| Some(*broke));
                    breach::confirmed(latest, plan.consecutive_failures, Some(of))
                });
                let other_way = plan.alert_on_path_change && confirmed;
                done(test, alerts && confirmed, other_way, missed)
            }
            TestPhase::Failed if alerts => failed(test, "the test failed"),
            TestPhase::Missed if plan.alert_on_missed && !test.in_maintenance => {
                failed(test, &counted(missed, "was missed", "were missed"))
            }
            _ => return,
        };
        let key = stand_in_key(&entry.schedule);
        let Some(at) = self.table.place(&key) else { return };
        let Some(slot) = self.table.get(at).filter(|slot| is_stand_in(&slot.check)) else { return };
        let generation = slot.generation;
        // Each run that was missed counts as one, as if it had been told at its time.
        let times = match test.phase {
            TestPhase::Missed => missed.clamp(1, u64::from(slot.check.attempts.max(1))),
            _ => 1,
        };
        let slot = match test.phase {
            TestPhase::Missed => now.wall,
            _ => test.started_at.unwrap_or(test.asked_at),
        };
        for before in (0..times).rev() {
            self.receive(Finding {
                check: key.clone(),
                generation,
                slot,
                at: now.wall - Span::from_millis(before),
                forced: false,
                sample: false,
                observation: observation.clone(),
            });
        }
    }
}

/// `a run was missed`, `3 runs were missed`.
fn counted(runs: u64, one: &str, several: &str) -> String {
    if runs == 1 { format!("a run {one}") } else { format!("{runs} runs {several}") }
}

fn failed(test: &Test, what: &str) -> Observation {
    let why = format!("{what}: {} to {}: {}", test.spec.kind(), test.target, test.reason);
    Observation::failed(Failure::new(FailureKind::Stale, why))
}

/// What a test that measured says. A limit that is broken is CRITICAL, only a baseline WARNING; what
/// did not answer is a problem without any limit.
fn done(test: &Test, judged: bool, other_way: bool, missed: u64) -> Observation {
    let figures = &test.figures;
    let mut metrics = Vec::new();
    let mut put = |name, value: Option<f64>, scale: f64, unit| {
        metrics.extend(value.map(|value| Metric::new(name, value * scale, unit)));
    };
    put("download", figures.download_mbps, 1e6, Unit::BitsPerSecond);
    put("upload", figures.upload_mbps, 1e6, Unit::BitsPerSecond);
    put("latency", figures.latency_ms, 1e-3, Unit::Seconds);
    put("jitter", figures.jitter_ms, 1e-3, Unit::Seconds);
    put("loss", figures.loss_pct, 1.0, Unit::Percent);
    let soft = |one: &Breach| {
        matches!(one.kind, BreachKind::DownloadBaseline | BreachKind::UploadBaseline)
    };
    let unanswered = test.result.as_ref().and_then(|result| result.unanswered());
    let broken = (!test.breaches.is_empty())
        .then(|| if test.breaches.iter().all(soft) { State::Warning } else { State::Critical });
    let silent = unanswered.as_ref().map(|(state, _)| *state);
    let claimed = [broken, silent].into_iter().flatten().reduce(State::worst).filter(|_| judged);
    let change = test.path_change.as_ref();
    let moved = change.filter(|_| other_way).map(|_| State::Warning);
    let claimed = [claimed, moved].into_iter().flatten().reduce(State::worst);
    let mut words = if let Some((_, why)) = unanswered {
        why.to_string()
    } else if test.breaches.is_empty() {
        let mut parts = Vec::new();
        parts.extend(figures.download_mbps.map(|mbps| format!("{} down", speed::rate(mbps))));
        parts.extend(figures.upload_mbps.map(|mbps| format!("{} up", speed::rate(mbps))));
        parts.extend(figures.latency_ms.map(|ms| format!("{ms:.1} ms")));
        parts.extend(figures.jitter_ms.map(|ms| format!("jitter {ms:.1} ms")));
        parts.extend(figures.loss_pct.map(|pct| format!("loss {pct:.2} %")));
        parts.join(", ")
    } else {
        test.breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    if let Some(change) = change {
        words = format!("{words}; {}", change.words);
    }
    if missed > 0 {
        let missed = counted(missed, "was missed", "were missed");
        words = format!("{words}; {missed} before it");
    }
    let output = format!("{} to {}: {words}", test.spec.kind(), test.target);
    Observation { claimed, ..Observation::seen(output, metrics) }
}
