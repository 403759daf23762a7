//! Properties that hold in every story: random results, windows, acknowledgements and waits.

use proptest::prelude::*;

use super::notify::Audience;
use super::{Cover, Input, Reach, Step, Verdict, alert, attempts, cover};
use crate::model::{
    Acknowledgement, Alert, AlertId, CauseStage, CheckKey, EdgeKind, EscalationStep, FlapLimits,
    Maintenance, MaintenanceId, Phase, Policy, Reason, SafeText, Span, State, Status, Timestamp,
};

#[derive(Clone, Copy, Debug)]
enum Move {
    Result(State),
    Stale,
    Tick,
    Take {
        sticky: bool,
        minutes: Option<i64>,
    },
    GiveBack,
    Remove,
    /// An operator has the next step sent.
    Escalate,
    /// Paging is held, or no more.
    Hold(bool),
    /// What is heard of the way: nothing, a doubt, or that one of two gives no answer.
    Hear(u8),
}

fn moves() -> impl Strategy<Value = (i64, Move)> {
    let state = prop_oneof![
        3 => Just(State::Ok),
        1 => Just(State::Warning),
        3 => Just(State::Critical),
        1 => Just(State::Unknown)
    ];
    let step = prop_oneof![
        8 => state.prop_map(Move::Result),
        1 => Just(Move::Stale),
        2 => Just(Move::Tick),
        2 => (any::<bool>(), prop::option::of(1..30_i64))
            .prop_map(|(sticky, minutes)| Move::Take { sticky, minutes }),
        1 => Just(Move::GiveBack),
        1 => Just(Move::Remove),
        1 => Just(Move::Escalate),
        1 => any::<bool>().prop_map(Move::Hold),
        3 => (0..4_u8).prop_map(Move::Hear),
    ];
    (1..10_i64, step)
}

fn windows() -> impl Strategy<Value = Vec<Maintenance>> {
    let window =
        (0..200_i64, 1..60_i64, any::<bool>()).prop_map(|(start, length, suppress)| Maintenance {
            id: MaintenanceId::from_parts(start, [1; 10]),
            name: SafeText::line("w"),
            host_pattern: "*".parse().ok(),
            check: None,
            hosts: std::collections::BTreeSet::new(),
            checks: std::collections::BTreeSet::new(),
            start: minute(start),
            end: minute(start + length),
            children: None,
            recurrence: None,
            previous: None,
            suppress_notifications: suppress,
            created_by: None,
            author: SafeText::line("noc"),
            created: minute(0),
        });
    prop::collection::vec(window, 0..4)
}

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

/// A story under way, with what the store would hold.
struct Story {
    key: CheckKey,
    status: Status,
    alert: Option<Alert>,
    windows: Vec<Maintenance>,
    now: Timestamp,
    born: i64,
    last_seq: u32,
    had_ok: bool,
    had_problem: bool,
    flaps: Option<FlapLimits>,
    reach: Reach,
    began: Option<Timestamp>,
    held: bool,
    /// The time that has counted by the book, in minutes.
    counted: i64,
    /// When it was last looked at, and whether it counted then.
    looked: (Timestamp, bool),
}

/// Steps after 5, 12 and 20 minutes.
fn policy() -> Policy {
    let step = |(minutes, to): (u64, &str)| EscalationStep {
        after: Span::from_secs(minutes * 60),
        to: to.into(),
    };
    let steps = [(5, "lead"), (12, "boss"), (20, "all")].map(step);
    Policy { escalate: Some(steps.into_iter().collect()), ..Policy::default() }
}

impl Story {
    fn step(&mut self, input: Input<'_>) -> (Step, Cover) {
        let (reach, began) = (self.reach.clone(), self.began);
        let held = self.held;
        let cover = Cover { reach, began, held, ..cover(&self.windows, &self.key, self.now) };
        self.born += 1;
        let id = AlertId::from_parts(self.born, [2; 10]);
        let before = self.alert.clone();
        let step = alert::step(before.as_ref(), input, &cover, &policy(), self.now, || id);
        self.check(before.as_ref(), &step, &cover);
        self.alert = step.alert.clone().filter(Alert::is_open);
        (step, cover)
    }

    fn check(&mut self, before: Option<&Alert>, step: &Step, cover: &Cover) {
        if before.is_none() {
            self.last_seq = 0;
        }
        for edge in &step.edges {
            self.last_seq += 1;
            assert_eq!(edge.seq, self.last_seq, "edges have no gaps");
            assert_eq!(edge.at, self.now);
            assert_eq!(edge.in_maintenance, cover.in_maintenance);
            assert_eq!(edge.seq == 1, edge.kind == EdgeKind::Fired, "an episode begins with fired");
        }
        for notice in &step.notices {
            let told_before = before.is_some_and(|alert| alert.notified.is_some());
            if notice.reason == Reason::Recovered {
                let known = before.and_then(|alert| alert.escalation.as_ref());
                let escalated = known.is_some_and(|known| !known.told.is_empty());
                assert!(told_before || escalated, "only who heard of it hears its end");
                let only = notice.to == Audience::Escalated;
                assert_eq!(only, !told_before, "and nobody else");
            } else if notice.reason == Reason::Escalation && notice.edge.actor.is_some() {
                // An operator tells whom they want to.
            } else {
                assert!(!cover.suppressed, "silence means silence");
                let alert = step.alert.as_ref().unwrap();
                assert!(alert.ack.is_none(), "what somebody has is not told");
                assert!(alert.cause.is_none(), "what another alert explains is not told");
                assert!(alert.notified.is_some());
            }
        }
        self.check_flapping(before, step);
        self.check_cause(before, step, cover);
        self.check_escalation(before, step);
        let Some(alert) = &step.alert else { return };
        assert!(!(alert.ack.is_some() && alert.is_unhandled()));
        assert_eq!(
            (alert.in_maintenance, alert.suppressed),
            (cover.in_maintenance, cover.suppressed)
        );
        assert!(alert.state.is_problem() || alert.phase == Phase::Resolved);
        if alert.is_unhandled() {
            assert!(alert.notified.is_some(), "nobody is left untold of an unhandled problem");
        }
        if let Some(wake) = step.wake_at {
            let due = alert.escalation.as_ref().and_then(crate::model::Escalation::due);
            // A step that is due already is sent at once, also after one by hand.
            let at_once = due.is_some_and(|due| wake == due.max(self.now));
            assert!(
                wake > self.now
                    || at_once
                    || alert.ack.as_ref().and_then(|a| a.expires) == Some(wake)
            );
        }
    }

    /// An alert is explained while something is down, and until its check was run after that, or
    /// two minutes.
    fn check_cause(&self, before: Option<&Alert>, step: &Step, cover: &Cover) {
        let Some(alert) = step.alert.as_ref().filter(|alert| alert.is_open()) else { return };
        match &cover.reach {
            Reach::Down(check) => assert_eq!(alert.root(), Some(check)),
            Reach::Up | Reach::Doubt(_) => assert_eq!(alert.root(), None),
        }
        let known = before.and_then(|alert| alert.cause.as_ref());
        let firing = before.is_some_and(|alert| alert.phase == Phase::Firing);
        if let Some(known) = known.filter(|_| firing && alert.cause.is_none()) {
            let ran = cover.began >= Some(known.at) && known.stage == CauseStage::Over;
            let waited = self.now >= known.at + super::cause::PATIENCE;
            let late = waited && known.stage == CauseStage::Over;
            assert!(ran || late || known.stage == CauseStage::Doubt, "{known:?}");
        }
    }

    /// Each step once and in order, by time no sooner than its time has counted.
    fn check_escalation(&mut self, before: Option<&Alert>, step: &Step) {
        if before.is_none() {
            (self.counted, self.looked) = (0, (self.now, false));
        }
        let (at, counted) = self.looked;
        if counted {
            self.counted += (self.now.millis() - at.millis()) / 60_000;
        }
        let told = |alert: Option<&Alert>| -> Vec<String> {
            let known = alert.and_then(|alert| alert.escalation.as_ref());
            known.into_iter().flat_map(|known| &known.told).map(|one| one.to.to_string()).collect()
        };
        let (had, has) = (told(before), told(step.alert.as_ref()));
        let all = ["lead", "boss", "all"];
        assert!(has.iter().zip(all).all(|(one, wanted)| one == wanted), "{has:?}");
        let notices: Vec<_> =
            step.notices.iter().filter(|one| one.reason == Reason::Escalation).collect();
        let edges = step.edges.iter().filter(|edge| edge.kind == EdgeKind::Escalated).count();
        let fresh = has.len().saturating_sub(had.len());
        assert_eq!((notices.len(), edges), (fresh, fresh), "{had:?} {has:?}");
        assert!(fresh <= 1 && has.starts_with(&had), "{had:?} {has:?}");
        for notice in notices {
            let to = has.last().unwrap();
            assert_eq!(notice.to, Audience::Step(to.as_str().into()));
            let after = [5, 12, 20][has.len() - 1];
            if notice.edge.actor.is_none() {
                assert!(self.counted >= after, "{to} after {} min", self.counted);
                // The next one has its distance.
                self.counted = after;
            }
        }
        let alert = step.alert.as_ref();
        let counts =
            alert.is_some_and(|alert| super::escalate::counts(alert, &policy(), self.held));
        let since = alert.and_then(|alert| alert.escalation.as_ref()).and_then(|one| one.since);
        assert_eq!(since.is_some(), counts);
        if let Some(alert) = alert.filter(|_| counts)
            && let Some(next) = alert.escalation.as_ref().and_then(|known| known.next.as_ref())
        {
            let overdue = self.counted * 60_000 >= i64::try_from(next.after.millis()).unwrap();
            assert!(!overdue || fresh == 1, "{} is not told", next.words());
        }
        self.looked = (self.now, counts);
    }

    /// What changes while it flaps is recorded, not told.
    fn check_flapping(&self, before: Option<&Alert>, step: &Step) {
        let flapped = before.is_some_and(|alert| alert.flapping.is_some());
        let flaps = step.alert.as_ref().is_some_and(|alert| alert.flapping.is_some());
        let count = |kind| step.edges.iter().filter(|edge| edge.kind == kind).count();
        let closed = count(EdgeKind::Closed);
        assert_eq!(count(EdgeKind::FlappingStarted), usize::from(flaps && !flapped));
        assert_eq!(
            count(EdgeKind::FlappingStopped) + closed * usize::from(flapped),
            usize::from(flapped && !flaps)
        );
        if flapped && flaps {
            assert_eq!(count(EdgeKind::Recovered), 0);
            for notice in &step.notices {
                let of_result = [EdgeKind::Fired, EdgeKind::Worse, EdgeKind::Better];
                assert!(!of_result.contains(&notice.edge.kind), "{notice:?}");
            }
        }
    }

    fn play(&mut self, action: Move) {
        match action {
            Move::Result(state) => {
                self.had_ok |= state == State::Ok;
                self.began = Some(self.now);
                self.status = attempts::advance(
                    &self.status,
                    3,
                    self.flaps,
                    &Verdict::new(state, "x"),
                    self.now,
                );
                self.report();
            }
            Move::Stale => {
                self.status = attempts::stale(&self.status, self.now, 3, self.now);
                self.report();
            }
            Move::Hear(word) => {
                let of = |name| CheckKey::new(name, "ping");
                self.reach = match word {
                    0 => Reach::Up,
                    1 => Reach::Doubt(of("core-1")),
                    2 => Reach::Down(of("core-1")),
                    _ => Reach::Down(of("core-2")),
                };
                drop(self.step(Input::Tick));
            }
            Move::Tick => drop(self.step(Input::Tick)),
            Move::Take { sticky, minutes } => {
                let expires =
                    minutes.map(|m| Timestamp::from_millis(self.now.millis() + m * 60_000));
                let (author, comment) = (SafeText::line("ann"), SafeText::line("on it"));
                let at = self.now;
                let ack = Acknowledgement { author, comment, at, expires, sticky };
                drop(self.step(Input::Acknowledge { ack, notify: false }));
            }
            Move::GiveBack => {
                drop(self.step(Input::Unacknowledge { actor: SafeText::line("bob") }));
            }
            Move::Escalate => {
                drop(self.step(Input::Escalate { actor: SafeText::line("bob") }));
            }
            Move::Hold(held) => {
                self.held = held;
                drop(self.step(Input::Tick));
            }
            Move::Remove => {
                drop(self.step(Input::Removed { why: SafeText::line("gone") }));
                assert!(self.alert.is_none());
                self.status = Status::waiting(self.now);
                self.had_ok = false;
                self.had_problem = false;
            }
        }
    }

    fn report(&mut self) {
        let (key, status) = (self.key.clone(), self.status.clone());
        assert!(status.state != State::Ok || self.had_ok, "never OK without an OK");
        assert!(status.hard_state != State::Ok || self.had_ok, "never OK without an OK");
        drop(self.step(Input::Status { check: &key, status: &status, attempts: 3 }));
        let wanted = status.state.is_problem() || (status.flap.active && self.had_problem);
        assert_eq!(self.alert.is_some(), wanted, "one open alert per problem");
        self.had_problem = self.alert.is_some();
        let held = self.alert.as_ref().is_some_and(|alert| alert.flapping.is_some());
        assert_eq!(held, self.alert.is_some() && status.flap.active, "held open while it flaps");
    }
}

proptest! {
    #[test]
    fn every_story_keeps_its_promises(
        windows in windows(),
        flaps in any::<bool>(),
        story in prop::collection::vec(moves(), 1..60),
    ) {
        let mut play = Story {
            key: CheckKey::new("db-1", "cpu"),
            status: Status::waiting(minute(0)),
            alert: None,
            windows,
            now: minute(0),
            born: 0,
            last_seq: 0,
            had_ok: false,
            had_problem: false,
            flaps: flaps.then(FlapLimits::default),
            reach: Reach::Up,
            began: None,
            held: false,
            counted: 0,
            looked: (minute(0), false),
        };
        for (wait, action) in story {
            play.now = Timestamp::from_millis(play.now.millis() + wait * 60_000);
            play.play(action);
        }
    }
}
