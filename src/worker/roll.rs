//! The checks of an agent as its servers gave them: kept for a start without a server, and held to
//! what a server may ask of this machine.

use std::collections::{BTreeMap, HashMap};

use super::keep::{Keep, Roll};
use crate::model::{CheckKey, Name, Span, Steady};
use crate::protocol::work::{Assignment, Directives};

/// Most checks of an agent.
const CHECK_LIMIT: usize = 20_000;
/// Shortest time between two runs, and for one run.
const SHORTEST: Span = Span::from_millis(100);
/// Longest time for one run.
const LONGEST_RUN: Span = Span::from_secs(600);
/// How long changes gather before they are kept.
const GATHER: Span = Span::from_secs(5);

/// The numbers, before and now, of checks that are the same: a server that was started anew numbers
/// anew, and drops what comes under a number that is not the present one.
pub(super) type Renumbered = HashMap<CheckKey, (u64, u64)>;

/// The checks.
#[derive(Debug)]
pub(super) struct Rolls {
    agent: Name,
    checks: BTreeMap<CheckKey, Assignment>,
    pause: bool,
    /// There was a list at all.
    is_known: bool,
    changed: Option<Steady>,
}

impl Rolls {
    /// What the last start kept.
    pub(super) fn open(keep: &Keep, agent: &Name) -> Self {
        let mut rolls = Self {
            agent: agent.clone(),
            checks: BTreeMap::new(),
            pause: false,
            is_known: false,
            changed: None,
        };
        if let Some(roll) = keep.roll(agent) {
            rolls.take_all(roll.checks, roll.pause);
        }
        rolls
    }

    /// The list, when there is one.
    pub(super) fn kept(&self) -> Option<(Vec<Assignment>, bool)> {
        self.is_known.then(|| (self.checks.values().cloned().collect(), self.pause))
    }

    /// Takes the whole list; gives what of it is run, and how what was found is numbered now.
    pub(super) fn take_all(
        &mut self,
        assignments: Vec<Assignment>,
        pause: bool,
    ) -> (Vec<Assignment>, Renumbered) {
        let before = std::mem::take(&mut self.checks);
        (self.pause, self.is_known) = (pause, true);
        for assignment in assignments {
            self.put(assignment);
        }
        let same = self.checks.iter().filter_map(|(key, now)| {
            let then = before.get(key).filter(|then| then.check == now.check)?;
            Some((key.clone(), (then.generation, now.generation)))
        });
        let renumbered = same.collect();
        (self.checks.values().cloned().collect(), renumbered)
    }

    fn put(&mut self, assignment: Assignment) -> bool {
        let key = assignment.check.key.clone();
        if let Err(why) = may_run(&assignment) {
            tracing::error!("the check {key} is not run: {why}");
            self.checks.remove(&key);
            return false;
        }
        if self.checks.len() >= CHECK_LIMIT && !self.checks.contains_key(&key) {
            tracing::error!("the check {key} is not run: an agent runs at most {CHECK_LIMIT}");
            return false;
        }
        self.checks.insert(key, assignment);
        true
    }

    /// Takes what changes; gives what of it is obeyed.
    pub(super) fn take(&mut self, mut directives: Directives, now: Steady) -> Directives {
        let changes = !directives.assign.is_empty()
            || !directives.drop.is_empty()
            || !directives.pace.is_empty()
            || directives.pause.is_some();
        for key in &directives.drop {
            self.checks.remove(key);
        }
        directives.assign.retain(|assignment| self.put(assignment.clone()));
        for (key, soft) in &directives.pace {
            if let Some(assignment) = self.checks.get_mut(key) {
                assignment.soft = *soft;
            }
        }
        self.pause = directives.pause.unwrap_or(self.pause);
        if changes {
            self.changed = self.changed.or(Some(now));
        }
        directives
    }

    /// When changes are kept.
    pub(super) fn next_save(&self) -> Option<Steady> {
        self.changed.map(|changed| changed + GATHER)
    }

    /// Keeps what changed long enough ago.
    pub(super) fn tick(&mut self, keep: &Keep, now: Steady) {
        if self.next_save().is_some_and(|at| at <= now) {
            self.save(keep);
        }
    }

    /// Keeps the list, when there is one.
    pub(super) fn save(&mut self, keep: &Keep) {
        if let Some((checks, pause)) = self.kept() {
            self.changed = None;
            keep.put_roll(&Roll { agent: self.agent.clone(), pause, checks });
        }
    }
}

/// A server may be anybody's: its numbers must not stop the timetable.
fn may_run(assignment: &Assignment) -> Result<(), &'static str> {
    let check = &assignment.check;
    if check.interval < SHORTEST || check.retry < SHORTEST {
        return Err("its interval is shorter than 100 ms");
    }
    if check.timeout > LONGEST_RUN {
        return Err("its timeout is longer than 10 minutes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::spec::{PingSpec, Spec};
    use crate::model::{Check, State};

    fn assignment(name: &str, interval: Span) -> Assignment {
        let mut check = Check::new("h", name, "127.0.0.1", Spec::Ping(PingSpec::default()));
        check.interval = interval;
        Assignment { check: Arc::new(check), generation: 1, last: State::Ok, soft: false }
    }

    #[test]
    fn fs_06_changes_are_in_the_list_of_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep::open(dir.path()).unwrap();
        let mut rolls = Rolls::open(&keep, &"a-1".into());
        assert!(rolls.kept().is_none());
        let minute = Span::from_secs(60);
        rolls.take_all(vec![assignment("a", minute), assignment("b", minute)], false);
        let now = Steady::from_millis(0);
        rolls.take(
            Directives {
                assign: vec![assignment("c", minute)],
                drop: vec![CheckKey::new("h", "a")],
                pace: vec![(CheckKey::new("h", "b"), true)],
                pause: Some(true),
                ..Directives::default()
            },
            now,
        );
        rolls.tick(&keep, now + Span::from_secs(5));
        let (checks, pause) = Rolls::open(&keep, &"a-1".into()).kept().unwrap();
        let names: Vec<_> = checks.iter().map(|a| (&*a.check.key.name, a.soft)).collect();
        assert_eq!((&*names, pause), (&[("b", true), ("c", false)][..], true));
    }

    #[test]
    fn t10_more_than_the_machine_can_run_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let mut rolls = Rolls::open(&Keep::open(dir.path()).unwrap(), &"a-1".into());
        let list = (0..CHECK_LIMIT + 5).map(|n| assignment(&n.to_string(), Span::from_secs(60)));
        assert_eq!(rolls.take_all(list.collect(), false).0.len(), CHECK_LIMIT);
        let bad = assignment("0", Span::ZERO);
        let directives = Directives { assign: vec![bad], ..Directives::default() };
        assert!(rolls.take(directives, Steady::from_millis(0)).assign.is_empty());
        assert_eq!(rolls.kept().unwrap().0.len(), CHECK_LIMIT - 1);
    }
}
