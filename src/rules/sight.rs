//! Whether the engine itself sees anything: while it is blind, no target turns CRITICAL (FAULTS T20, I8).
//!
//! Canaries are hosts that answer whenever the engine's own network works.
//!
//! | canaries | sight |
//! |---|---|
//! | there are none, or none gives results | clear |
//! | the last word of all of them is no answer | blind |
//! | one has answered in a run that began after the problem did | clear |
//! | else | in doubt, and they are asked |
//!
//! | sight | a problem of something that is OK or soft | of something that is a hard problem |
//! |---|---|---|
//! | clear | counts | counts |
//! | in doubt | counts, and is not hard by it; the check is run when a canary answers | stays as it was |
//! | blind | is UNKNOWN, "isolated"; the check is run when a canary answers | stays in its state, "isolated" |
//!
//! What was OK is OK: something answered. What does not go over the network is not touched.

use super::evaluate::Verdict;
use super::reach::{Heard, Net, alive};
use crate::model::{SafeText, State, Status, Timestamp};

/// Whether the engine sees anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sight {
    /// Its own network works, as far as is known.
    #[default]
    Clear,
    /// The canaries say it next.
    Doubt,
    /// None of them answers.
    Blind,
}

/// The sight for a problem that began at `since`, on the engine's own scale of time.
#[must_use]
pub fn sight(net: &impl Net, since: Timestamp) -> Sight {
    let (mut any, mut fresh, mut silent) = (false, false, true);
    for name in net.canaries() {
        let key = net.host(name).and_then(alive);
        let Some(Heard { silent: one, began, .. }) = key.and_then(|key| net.heard(&key)) else {
            continue;
        };
        any = true;
        silent &= one;
        fresh |= !one && began >= Some(since);
    }
    match (any, silent, fresh) {
        (false, ..) | (_, false, true) => Sight::Clear,
        (true, true, _) => Sight::Blind,
        (true, false, false) => Sight::Doubt,
    }
}

/// What a verdict means with this sight.
#[must_use]
pub fn through(before: &Status, verdict: Verdict, sight: Sight) -> Verdict {
    if sight != Sight::Blind || !verdict.state.is_problem() {
        return verdict;
    }
    let known = before.hard && before.hard_state.is_problem();
    let state = if known { before.hard_state } else { State::Unknown };
    let output = SafeText::line(&format!("isolated, no canary answers: {}", verdict.output));
    Verdict { state, output, ..verdict }
}

/// The status that a result gives with this sight; `after` is what it would be.
#[must_use]
pub fn confirm(before: &Status, after: Status, sight: Sight) -> Status {
    if sight != Sight::Doubt || !after.state.is_problem() || !after.hard {
        return after;
    }
    if before.hard && before.hard_state.is_problem() {
        if before.hard_state == after.state {
            return after;
        }
        return Status { last_result: after.last_result, late: false, ..before.clone() };
    }
    Status { hard: false, hard_state: before.hard_state, ..after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CheckKey, Host, Name};

    fn status(state: State, hard: bool) -> Status {
        let hard_state = if hard { state } else { State::Ok };
        let last_result = Some(Timestamp::from_millis(1));
        Status { state, hard, hard_state, last_result, ..Status::default() }
    }

    #[test]
    fn t20_blind_nothing_turns_critical_and_what_is_known_stays() {
        let critical = Verdict { silent: true, ..Verdict::new(State::Critical, "timeout") };
        for (before, wanted) in [
            (status(State::Ok, true), State::Unknown),
            (status(State::Critical, false), State::Unknown),
            (status(State::Warning, true), State::Warning),
            (status(State::Critical, true), State::Critical),
        ] {
            let seen = through(&before, critical.clone(), Sight::Blind);
            assert_eq!((seen.state, seen.silent), (wanted, true));
            assert_eq!(seen.output.as_str(), "isolated, no canary answers: timeout");
            assert_eq!(through(&before, critical.clone(), Sight::Doubt), critical);
            let good = Verdict::new(State::Ok, "fine");
            assert_eq!(through(&before, good.clone(), Sight::Blind), good);
        }
    }

    /// Canaries of which each says something.
    struct Canaries(Vec<Host>, Vec<Name>, Vec<Option<Heard>>);

    impl Net for Canaries {
        fn host(&self, name: &str) -> Option<&Host> {
            self.0.iter().find(|host| &*host.name == name)
        }

        fn canaries(&self) -> &[Name] {
            &self.1
        }

        fn heard(&self, check: &CheckKey) -> Option<Heard> {
            let at = self.1.iter().position(|name| *name == check.host)?;
            *self.2.get(at)?
        }
    }

    /// `-` gives no results, `a` answered since, `o` before, `s` does not answer.
    fn seen(letters: &str) -> Sight {
        let since = Timestamp::from_millis(1000);
        let mut all = Canaries(Vec::new(), Vec::new(), Vec::new());
        for (at, letter) in letters.chars().enumerate() {
            let mut host = Host::new(&format!("c{at}"), "192.0.2.1");
            host.alive = Some("ping".into());
            all.1.push(host.name.clone());
            all.0.push(host);
            let began = if letter == 'o' { Timestamp::from_millis(999) } else { since };
            let silent = letter == 's';
            let heard = Heard { silent, hard: true, explained: false, began: Some(began) };
            all.2.push((letter != '-').then_some(heard));
        }
        sight(&all, since)
    }

    #[test]
    fn t20_what_the_canaries_say() {
        for (letters, wanted) in [
            ("", Sight::Clear),
            ("-", Sight::Clear),
            ("a", Sight::Clear),
            ("s", Sight::Blind),
            ("ss", Sight::Blind),
            ("s-", Sight::Blind),
            ("as", Sight::Clear),
            ("sa", Sight::Clear),
            ("o", Sight::Doubt),
            ("os", Sight::Doubt),
            ("so", Sight::Doubt),
            ("oa", Sight::Clear),
        ] {
            assert_eq!(seen(letters), wanted, "{letters}");
        }
    }

    #[test]
    fn t20_in_doubt_what_stays_is_as_fresh_as_its_result() {
        let before = Status { late: true, ..status(State::Warning, true) };
        let last_result = Some(Timestamp::from_millis(9));
        let after = Status { last_result, ..status(State::Critical, true) };
        let kept = confirm(&before, after, Sight::Doubt);
        assert_eq!((kept.state, kept.last_result, kept.late), (State::Warning, last_result, false));
    }

    #[test]
    fn t20_in_doubt_nothing_gets_hard() {
        let hard = status(State::Critical, true);
        for (before, wanted) in [
            (status(State::Ok, true), (State::Critical, false, State::Ok)),
            (status(State::Critical, false), (State::Critical, false, State::Ok)),
            (status(State::Warning, true), (State::Warning, true, State::Warning)),
            (status(State::Critical, true), (State::Critical, true, State::Critical)),
        ] {
            let after = confirm(&before, hard.clone(), Sight::Doubt);
            assert_eq!((after.state, after.hard, after.hard_state), wanted);
            assert_eq!(confirm(&before, hard.clone(), Sight::Clear), hard);
            let good = status(State::Ok, true);
            assert_eq!(confirm(&before, good.clone(), Sight::Doubt), good);
        }
    }
}
