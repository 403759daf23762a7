//! What an operator lets the engine remember.

use super::super::batch::Preference;
use super::super::core::Core;
use crate::model::safe_text::sanitize;
use crate::protocol::command::{REMEMBER_KEY_LIMIT, REMEMBER_LIMIT, REMEMBER_VALUE_LIMIT};
use crate::protocol::{Actor, Outcome, Problem};

/// Most operators that something is remembered for.
const OPERATORS: usize = 256;

impl Core {
    pub(super) async fn remember_for(
        &mut self,
        actor: &Actor,
        key: &str,
        value: Option<&str>,
    ) -> Result<Outcome, Problem> {
        if key.is_empty() || key.len() > REMEMBER_KEY_LIMIT || sanitize(key, usize::MAX) != key {
            return Err(Problem::invalid(format!(
                "`key` has 1 to {REMEMBER_KEY_LIMIT} bytes of visible characters"
            )));
        }
        if value.is_some_and(|value| value.len() > REMEMBER_VALUE_LIMIT) {
            return Err(Problem::invalid(format!(
                "`value` has at most {REMEMBER_VALUE_LIMIT} bytes"
            )));
        }
        let operator = actor.name();
        let failed = |error| Problem::unavailable(format!("cannot read: {error}"));
        if value.is_some() {
            let known = self.store.preferences(operator.as_str()).await.map_err(failed)?;
            if known.len() >= REMEMBER_LIMIT && known.iter().all(|(name, _)| name != key) {
                return Err(Problem::conflict(format!(
                    "{REMEMBER_LIMIT} things are remembered for {operator}; forget one first"
                )));
            }
            if known.is_empty()
                && self.store.remembering_operators().await.map_err(failed)? >= OPERATORS
            {
                return Err(Problem::conflict(format!(
                    "things are remembered for {OPERATORS} operators already"
                )));
            }
        }
        self.batch.preferences.push(Preference {
            operator,
            key: key.to_owned(),
            value: value.map(Into::into),
        });
        Ok(Outcome::done(1))
    }
}
