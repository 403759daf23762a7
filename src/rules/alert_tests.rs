//! What the stories do not reach: who mints an episode, and what is no edge.

use super::*;
use crate::model::Flap;

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
