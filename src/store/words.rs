//! Words and numbers of the model as columns hold them, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::model::{Flap, Phase, SafeText, State, Timestamp};

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

/// Bit 20 says that it flaps, the bits below which of the last results were changes.
pub(super) fn flap(flap: Flap) -> i64 {
    i64::from(flap.changes & 0xF_FFFF) | (i64::from(flap.active) << 20)
}

pub(super) fn stored_flap(number: i64) -> Option<Flap> {
    let bits = small(number).filter(|bits| bits >> 21 == 0)?;
    Some(Flap { changes: bits & 0xF_FFFF, active: bits >> 20 == 1 })
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
