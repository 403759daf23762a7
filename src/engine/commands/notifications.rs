//! Sending notifications again and giving them up, by an operator.
//!
//! In: keys, or a destination. Out: staged changes of the outbox, and how many they are.
//! Never: touches what was delivered.

use super::super::batch::{Promised, Redo};
use super::super::core::Core;
use super::tally::Tally;
use crate::protocol::command::TARGET_LIMIT;
use crate::protocol::notifications::NOTIFICATION_KEY_LIMIT;
use crate::protocol::{NotificationScope, Outcome, Problem};

impl Core {
    /// Sends again, or gives up, what was not delivered.
    pub(super) async fn redo(
        &mut self,
        redo: Redo,
        which: &NotificationScope,
    ) -> Result<Outcome, Problem> {
        let failed = |error| Problem::unavailable(format!("cannot read: {error}"));
        let mut tally = Tally::default();
        match which {
            NotificationScope::Destination(name) => {
                let standings = self.store.standings().await.map_err(failed)?;
                let one = standings.iter().find(|one| one.destination == *name);
                let count = one.map_or(0, |one| match redo {
                    Redo::Resend => one.parked + one.failing,
                    Redo::Drop => one.parked + one.due,
                });
                if count == 0 {
                    tally.fail(&format!("nothing for `{name}` is to be {}", redo.done()));
                } else {
                    tally.done(usize::try_from(count).unwrap_or(usize::MAX));
                    self.batch.promised.push(Promised { redo, which: which.clone() });
                }
            }
            NotificationScope::Keys(keys) => {
                if keys.is_empty() || keys.len() > TARGET_LIMIT {
                    return Err(Problem::invalid(format!("`keys` has 1 to {TARGET_LIMIT}")));
                }
                let mut good = Vec::new();
                for key in keys {
                    let state = match key.len() {
                        1..=NOTIFICATION_KEY_LIMIT => self.store.promise_state(key).await,
                        _ => Ok(None),
                    };
                    match (state.map_err(failed)?.as_deref(), redo) {
                        (Some("due" | "parked"), _) | (Some("dropped"), Redo::Resend) => {
                            tally.done(1);
                            good.push(key.clone());
                        }
                        (None, _) => tally.fail(&format!("there is no notification `{key}`")),
                        (Some(state), _) => {
                            let word = match state {
                                "sent" => "delivered",
                                "digest" => "told in a digest",
                                other => other,
                            };
                            tally.fail(&format!("`{key}` is {word} already"));
                        }
                    }
                }
                if !good.is_empty() {
                    let which = NotificationScope::Keys(good);
                    self.batch.promised.push(Promised { redo, which });
                }
            }
        }
        tally.outcome(None)
    }
}
