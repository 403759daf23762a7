//! Words and numbers of the model as columns hold them, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::model::{Phase, SafeText, State, Timestamp};

pub(super) fn state(word: &str) -> Option<State> {
    State::WORST_FIRST.into_iter().find(|state| state.word() == word)
}

pub(super) fn phase(word: &str) -> Option<Phase> {
    [Phase::Pending, Phase::Firing, Phase::Resolved].into_iter().find(|phase| phase.word() == word)
}

/// A stored text is outside, too: it is sanitised again.
pub(super) fn safe(text: &str) -> SafeText {
    SafeText::text(text)
}

pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::millis)
}

pub(super) fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

pub(super) fn small(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

pub(super) fn json<T: Serialize>(what: &T) -> Result<String, StoreError> {
    serde_json::to_string(what).map_err(|error| {
        StoreError::Internal(format!("a value cannot be written as JSON: {error}"))
    })
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
