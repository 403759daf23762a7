//! Who asks, and which role each command and query needs: the one table.

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::problem::Problem;
use super::query::Query;
pub use crate::model::Role;
use crate::model::SafeText;

/// Who asks. Made in two places only: the command line and the socket's peer check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Actor {
    /// A person at this machine.
    Local {
        /// Their name, as history shows it.
        name: SafeText,
        /// What they may do.
        role: Role,
    },
    /// The engine's own worker.
    Worker,
    /// The engine itself: deadlines, start, reload by signal.
    Engine,
}

impl Actor {
    /// The name that history shows.
    #[must_use]
    pub fn name(&self) -> SafeText {
        match self {
            Self::Local { name, .. } => name.clone(),
            Self::Worker => SafeText::line("worker"),
            Self::Engine => SafeText::line("fluxnoc"),
        }
    }
}

enum Need {
    Role(Role),
    Worker,
}

/// Whether the actor may run the command.
///
/// # Errors
/// [`Problem::forbidden`] naming the role it needs.
pub fn may_execute(actor: &Actor, command: &Command) -> Result<(), Problem> {
    let need = match command {
        Command::Acknowledge { .. }
        | Command::Comment { .. }
        | Command::Unacknowledge { .. }
        | Command::AddMaintenance(_)
        | Command::EndMaintenance { .. }
        | Command::CancelMaintenance { .. }
        | Command::ExtendMaintenance { .. }
        | Command::EditMaintenance { .. }
        | Command::Undo { .. }
        | Command::TestNotify { .. }
        | Command::Recheck { .. }
        | Command::ResendNotifications { .. }
        | Command::DropNotifications { .. }
        | Command::HoldPaging { .. }
        | Command::ResumePaging
        | Command::Escalate { .. }
        | Command::Note { .. }
        | Command::SignOff { .. } => Need::Role(Role::Operator),
        Command::Look { .. } | Command::Remember { .. } => Need::Role(Role::Viewer),
        Command::SaveRule { .. } | Command::DeleteRule { .. } | Command::Reload | Command::Stop => {
            Need::Role(Role::Admin)
        }
        Command::Claim { .. } | Command::Report(_) => Need::Worker,
    };
    match (need, actor) {
        (_, Actor::Engine) | (Need::Worker, Actor::Worker) => Ok(()),
        (Need::Role(needed), Actor::Local { role, .. }) if *role >= needed => Ok(()),
        (Need::Role(needed), _) => {
            Err(Problem::forbidden(format!("`{}` needs the role {needed:?}", command.name())))
        }
        (Need::Worker, _) => {
            Err(Problem::forbidden(format!("`{}` is for workers only", command.name())))
        }
    }
}

/// Whether the actor may ask the query: everybody who reached the engine may look.
///
/// # Errors
/// None in this version; the signature is the seam's.
pub fn may_query(_actor: &Actor, _query: &Query) -> Result<(), Problem> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_can_change_nothing_and_a_person_is_no_worker() {
        let viewer = Actor::Local { name: SafeText::line("v"), role: Role::Viewer };
        let admin = Actor::Local { name: SafeText::line("a"), role: Role::Admin };
        for command in Command::samples() {
            let looks = matches!(command, Command::Look { .. } | Command::Remember { .. });
            assert_eq!(may_execute(&viewer, &command).is_ok(), looks, "{}", command.name());
            let work = matches!(command, Command::Claim { .. } | Command::Report(_));
            assert_eq!(may_execute(&admin, &command).is_err(), work, "{}", command.name());
        }
    }
}
