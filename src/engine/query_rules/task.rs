//! When groups are due, and where they are evaluated: on a thread of its own, one group at a time, so
//! that neither the judgement nor the console ever waits for an expression.
//!
//! A group is due at the same places of its interval on the wall clock's face, whenever the program
//! started. What comes too late for its time is skipped and counted; what takes longer than its
//! interval, or than ten seconds, is ended, and each of its rules has a share of that.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::turn::{Before, Ground, Iteration, Memo, News, Running, turn};
use super::{Group, QueryRules, series_key};
use crate::clock::Clock;
use crate::model::{CheckKey, Name, Span, Timestamp};
use crate::series::Memory;

/// The longest that one iteration may take.
const LONGEST: Duration = Duration::from_secs(10);
/// The shortest that it may always take.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long nothing is due when there is no rule.
const IDLE: Span = Span::from_secs(3600);

/// What was known of alerts before the start, by source, group and rule.
pub(in crate::engine) type Befores = HashMap<(Name, Name, Name), Vec<Before>>;

/// What the evaluation needs.
pub(in crate::engine) struct Task {
    pub memory: Arc<Memory>,
    pub clock: Clock,
    pub rules: watch::Receiver<Arc<QueryRules>>,
    pub befores: Befores,
    pub news: mpsc::Sender<News>,
    pub stop: CancellationToken,
}

/// Evaluates the rules until stopped.
pub(in crate::engine) async fn run(mut task: Task) {
    let mut rules = Arc::clone(&task.rules.borrow_and_update());
    let mut all = task.follow(Vec::new(), &rules, &rules);
    loop {
        let now = task.clock.now();
        let due = all.iter().enumerate().map(|(at, one)| (next(one, now.wall), at)).min();
        let wait = due.map_or(IDLE, |(due, _)| due.since(now.wall));
        if wait > Span::ZERO {
            let (clock, until) = (task.clock.clone(), now.steady + wait);
            tokio::select! {
                () = task.stop.cancelled() => return,
                changed = task.rules.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let fresh = Arc::clone(&task.rules.borrow_and_update());
                    all = task.follow(all, &rules, &fresh);
                    rules = fresh;
                }
                () = clock.sleep_until(until) => {}
            }
            continue;
        }
        let Some((due, at)) = due else { continue };
        let running = all.swap_remove(at);
        let (at, missed) = latest(&running.group, due, now.wall);
        let Some((running, made)) = evaluate(&task, &rules, running, at).await else { return };
        let news = News { group: Arc::clone(&running.group), at, missed, made };
        all.push(running);
        tokio::select! {
            () = task.stop.cancelled() => return,
            sent = task.news.send(news) => if sent.is_err() { return },
        }
    }
}

/// When a group is due next.
fn next(one: &Running, now: Timestamp) -> Timestamp {
    let interval = i64::try_from(one.group.interval.millis()).unwrap_or(i64::MAX).max(1);
    let offset = i64::try_from(one.group.offset.millis()).unwrap_or(0);
    let after = |at: i64| {
        let past = at.saturating_sub(offset).rem_euclid(interval);
        Timestamp::from_millis(at.saturating_sub(past).saturating_add(interval))
    };
    // What lies ahead when the clock is put back has been.
    after(one.last.min(now).millis())
}

/// The newest time of a group that is due since `due`, and how many before it are skipped.
fn latest(group: &Group, due: Timestamp, now: Timestamp) -> (Timestamp, u64) {
    let missed = now.since(due).millis() / group.interval.millis().max(1);
    (due + Span::from_millis(missed.saturating_mul(group.interval.millis())), missed)
}

/// An iteration on a thread of its own; `None` when that failed inside.
async fn evaluate(
    task: &Task,
    rules: &Arc<QueryRules>,
    mut running: Running,
    at: Timestamp,
) -> Option<(Running, Iteration)> {
    let stop = Arc::new(AtomicBool::new(false));
    let most = running.group.interval.to_std().clamp(SHORTEST, LONGEST);
    let (memory, rules, flag) = (Arc::clone(&task.memory), Arc::clone(rules), Arc::clone(&stop));
    let mut work = tokio::task::spawn_blocking(move || {
        let until = Instant::now() + most;
        let ground = Ground { rules: &rules, memory: &memory, stop: &flag, until };
        let made = turn(&mut running, at, &ground);
        (running, made)
    });
    let done = match tokio::time::timeout(most, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            stop.store(true, Ordering::Relaxed);
            work.await
        }
    };
    match done {
        Ok(done) => Some(done),
        Err(error) => {
            tracing::error!(%error, "the evaluation of rules failed inside");
            None
        }
    }
}

impl Task {
    /// The groups as they are now; what their rules remember goes on where a rule is called as before
    /// and has the same labels. What is not recorded any more is forgotten.
    fn follow(
        &mut self,
        old: Vec<Running>,
        before: &QueryRules,
        rules: &Arc<QueryRules>,
    ) -> Vec<Running> {
        let just_before = self.clock.now().wall - Span::from_millis(1);
        let befores = &self.befores;
        let keys = |rules: &QueryRules, group: &Group| -> Vec<CheckKey> {
            (0..group.rules.len()).map(|at| series_key(rules, group, at)).collect()
        };
        let mut written: Vec<CheckKey> =
            old.iter().flat_map(|one| keys(before, &one.group)).collect();
        let mut known: HashMap<(Name, Name), Running> = old
            .into_iter()
            .map(|one| ((Name::clone(&one.group.source), Name::clone(&one.group.name)), one))
            .collect();
        let mut all = Vec::with_capacity(rules.groups.len());
        for group in &rules.groups {
            let id = (Name::clone(&group.source), Name::clone(&group.name));
            let known = known.remove(&id);
            let last = known.as_ref().map_or(just_before, |one| one.last);
            let mut memos: Vec<Option<Memo>> = Vec::new();
            let mut names = Vec::new();
            if let Some(one) = known {
                memos = one.memos.into_iter().map(Some).collect();
                names = one
                    .group
                    .rules
                    .iter()
                    .map(|rule| (rule.name.clone(), rule.labels.clone()))
                    .collect();
            }
            let rules = group.rules.iter().map(|rule| {
                let same = names.iter().zip(&memos).position(|((name, labels), memo)| {
                    memo.is_some() && *name == rule.name && *labels == rule.labels
                });
                let kept = same.and_then(|at| memos.get_mut(at)).and_then(Option::take);
                kept.unwrap_or_else(|| {
                    let (source, group) = (Name::clone(&group.source), Name::clone(&group.name));
                    let before = befores.get(&(source, group, Name::clone(&rule.name)));
                    Memo::new(before.cloned().unwrap_or_default())
                })
            });
            let memos = rules.collect();
            all.push(Running { group: Arc::clone(group), memos, last });
        }
        let now: std::collections::HashSet<CheckKey> =
            all.iter().flat_map(|one| keys(rules, &one.group)).collect();
        written.retain(|key| !now.contains(key));
        for key in &written {
            self.memory.forget(key);
        }
        // What was known before the start counts for the first rules that there are.
        if !rules.groups.is_empty() {
            self.befores.clear();
        }
        all
    }
}
