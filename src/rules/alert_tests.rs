//! What the stories do not reach: who mints an episode, and what is no edge.

use super::*;
use crate::model::{Flap, Span};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn key() -> CheckKey {
    CheckKey::new("web-1", "http")
}

fn status(state: State, hard: bool, second: i64) -> Status {
    Status {
        state,
        hard,
        hard_state: if hard { state } else { State::Ok },
        attempt: 1,
        since: at(second),
        last_result: Some(at(second)),
        output: SafeText::line("refused"),
        ..Status::default()
    }
}

fn play(alert: Option<&Alert>, input: Input<'_>, second: i64) -> Step {
    let id = || AlertId::from_parts(1, [1; 10]);
    step(alert, input, &Cover::default(), &Policy::default(), at(second), id)
}

fn fed(alert: Option<&Alert>, status: &Status, second: i64) -> Step {
    play(alert, Input::Status { check: &key(), status, attempts: 3 }, second)
}

fn kinds(step: &Step) -> Vec<EdgeKind> {
    step.edges.iter().map(|edge| edge.kind).collect()
}

#[test]
fn what_is_good_or_waits_mints_no_episode() {
    let mut waits = status(State::Critical, false, 1);
    waits.last_result = None;
    assert!(waits.is_waiting());
    for status in [status(State::Ok, true, 1), waits] {
        let input = Input::Status { check: &key(), status: &status, attempts: 3 };
        let mint = || panic!("an episode of {status:?}");
        let cover = Cover::default();
        let step = step(None, input, &cover, &Policy::default(), at(1), mint);
        assert_eq!(step, Step::default());
    }
}

#[test]
fn a_comment_is_an_edge_of_what_fires() {
    let say = || Input::Comment { actor: SafeText::line("ann"), text: SafeText::line("fan") };
    let pending = fed(None, &status(State::Critical, false, 1), 1).alert.unwrap();
    let after = play(Some(&pending), say(), 2);
    assert_eq!((kinds(&after), after.alert.as_ref()), (vec![], Some(&pending)));
    let firing = fed(None, &status(State::Critical, true, 1), 1).alert.unwrap();
    let after = play(Some(&firing), say(), 2);
    assert_eq!(kinds(&after), [EdgeKind::Commented]);
    assert_eq!(after.edges[0].text.as_str(), "fan");
}

#[test]
fn what_begins_to_flap_in_another_state_is_in_that_state() {
    let flapping = |state, second| Status {
        flap: Flap { active: true, ..Flap::default() },
        ..status(state, true, second)
    };
    let warning = fed(None, &status(State::Warning, true, 1), 1).alert.unwrap();
    let same = fed(Some(&warning), &flapping(State::Warning, 9), 9).alert.unwrap();
    assert_eq!((same.state, same.since), (State::Warning, at(1)), "it did not change");
    let worse = fed(Some(&warning), &flapping(State::Critical, 9), 9).alert.unwrap();
    assert_eq!((worse.state, worse.since), (State::Critical, at(9)));
    let good = fed(Some(&warning), &flapping(State::Ok, 9), 9).alert.unwrap();
    assert_eq!((good.state, good.since), (State::Warning, at(1)), "it is held open");
}

fn covered(alert: &Alert, in_maintenance: bool, suppressed: bool) -> Step {
    let cover = Cover { in_maintenance, suppressed, ..Cover::default() };
    let id = || AlertId::from_parts(1, [1; 10]);
    step(Some(alert), Input::Tick, &cover, &Policy::default(), at(9), id)
}

#[test]
fn fm_07_what_begins_and_what_ends_of_two_windows() {
    let firing = fed(None, &status(State::Critical, true, 1), 1).alert.unwrap();
    let loud = covered(&firing, true, false);
    assert_eq!(kinds(&loud), [EdgeKind::WindowBegan]);
    let loud = loud.alert.unwrap();
    let quiet = covered(&loud, true, true);
    assert_eq!(kinds(&quiet), [EdgeKind::WindowBegan], "its silence begins");
    let quiet = quiet.alert.unwrap();
    assert_eq!(kinds(&covered(&quiet, true, false)), [EdgeKind::WindowEnded]);
    assert_eq!(kinds(&covered(&quiet, false, false)), [EdgeKind::WindowEnded]);
    assert_eq!(kinds(&covered(&quiet, true, true)), []);
}

#[test]
fn a_pending_alert_that_comes_to_nothing_is_dropped_by_its_id() {
    let pending = fed(None, &status(State::Critical, false, 1), 1).alert.unwrap();
    let over = fed(Some(&pending), &status(State::Ok, true, 2), 2);
    assert_eq!((over.dropped, over.alert), (Some(pending.id), None));
}

#[test]
fn d_05_a_step_is_due_at_its_moment_and_when_what_counts_changes() {
    let lead = crate::model::EscalationStep { after: Span::from_secs(300), to: "lead".into() };
    let policy = Policy { escalate: Some([lead].into_iter().collect()), ..Policy::default() };
    let hard = status(State::Critical, true, 1);
    let web = key();
    let input = || Input::Status { check: &web, status: &hard, attempts: 3 };
    let id = || AlertId::from_parts(1, [1; 10]);
    let firing =
        |policy: &Policy| step(None, input(), &Cover::default(), policy, at(1), id).alert.unwrap();
    let alert = firing(&policy);
    let due = |held, second| escalate::is_due(&alert, &policy, held, at(second));
    assert_eq!([due(false, 2), due(false, 300), due(false, 301)], [false, false, true]);
    assert!(due(true, 2), "the time stands still from now on");
    let plain = firing(&Policy::default());
    assert!(!escalate::is_due(&plain, &Policy::default(), false, at(999)), "it has no steps");
}

#[test]
fn what_an_edge_says_to_whom_knows_nothing_and_to_whom_knows() {
    let mut firing = fed(None, &status(State::Critical, true, 1), 1).alert.unwrap();
    let edge = |kind, actor: Option<&str>| Edge {
        alert: firing.id,
        check: key(),
        seq: 2,
        at: at(2),
        kind,
        from: State::Ok,
        to: State::Critical,
        text: SafeText::empty(),
        actor: actor.map(SafeText::line),
        in_maintenance: false,
    };
    let stopped = edge(EdgeKind::FlappingStopped, None);
    let lapsed = edge(EdgeKind::Unacknowledged, None);
    let given = edge(EdgeKind::Unacknowledged, Some("ann"));
    let taken = edge(EdgeKind::Acknowledged, Some("ann"));
    let policy = Policy::default();
    let mut told = |edge: &Edge, notified| {
        firing.notified = notified;
        let edges = std::slice::from_ref(edge);
        let notices = notify::decide(&mut firing, edges, Lifted::default(), &policy);
        notices.first().map(|notice| notice.reason)
    };
    assert_eq!(told(&stopped, None), Some(Reason::First));
    assert_eq!(told(&stopped, Some(State::Critical)), Some(Reason::FlappingStopped));
    assert_eq!(told(&lapsed, None), None, "its change of state says it");
    assert_eq!(told(&given, None), Some(Reason::First));
    firing.notified = Some(State::Critical);
    assert!(notify::taken(&firing, std::slice::from_ref(&taken), &policy).is_some());
    firing.suppressed = true;
    assert!(notify::taken(&firing, std::slice::from_ref(&taken), &policy).is_none());
}

#[test]
fn d_05_what_explains_a_pending_alert_does_so_since_it_was_found() {
    use crate::model::{Cause, CauseStage};
    let root = CheckKey::new("core-1", "ping");
    let known = Cause { check: root.clone(), stage: CauseStage::Down, at: at(1) };
    let reach = super::super::reach::Reach::Down(root);
    let (firing, fired_before, began) = (false, false, None);
    let seen = cause::Seen { reach: &reach, began, fired_before, firing, line: at(9) };
    assert_eq!(cause::follow(Some(&known), seen), (Some(known.clone()), None));
}
