//! Who asks, and which role each command and query needs: the one table.

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::problem::Problem;
use super::query::Query;
use crate::model::account::TOKEN_PREFIX;
use crate::model::agent::AGENT_PREFIX;
use crate::model::{Name, SafeText};
pub use crate::model::{Role, Scope};

/// Who asks. Made in three places only: the command line, the socket's peer check, and for the
/// network by what the accounts know.
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
    /// A user who logged in over the network.
    User {
        /// Their name.
        name: SafeText,
        /// What they may do.
        role: Role,
        /// From where.
        address: Option<SafeText>,
    },
    /// A program with a token.
    Token {
        /// The token's name.
        name: SafeText,
        /// What it may do at most.
        role: Role,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// From where.
        address: Option<SafeText>,
    },
    /// The engine's own worker.
    Worker,
    /// A worker on another machine, with its own key.
    Agent {
        /// Its name.
        name: Name,
        /// From where.
        address: Option<SafeText>,
    },
    /// The engine itself: deadlines, start, reload by signal.
    Engine,
}

impl Actor {
    /// The name that history shows. A token is not the person of the same name.
    #[must_use]
    pub fn name(&self) -> SafeText {
        match self {
            Self::Local { name, .. } | Self::User { name, .. } => name.clone(),
            Self::Token { name, .. } => SafeText::line(&format!("{TOKEN_PREFIX}{name}")),
            Self::Agent { name, .. } => SafeText::line(&format!("{AGENT_PREFIX}{name}")),
            Self::Worker => SafeText::line("worker"),
            Self::Engine => SafeText::line("fluxnoc"),
        }
    }

    /// The person's name; nothing for a program.
    #[must_use]
    pub fn person(&self) -> &str {
        match self {
            Self::Local { name, .. } | Self::User { name, .. } => name.as_str(),
            Self::Token { .. } | Self::Agent { .. } | Self::Worker | Self::Engine => "",
        }
    }

    /// What they may do.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Local { role, .. } | Self::User { role, .. } | Self::Token { role, .. } => *role,
            Self::Worker | Self::Agent { .. } => Role::Viewer,
            Self::Engine => Role::Admin,
        }
    }

    /// From where they ask, when over the network.
    #[must_use]
    pub const fn address(&self) -> Option<&SafeText> {
        match self {
            Self::User { address, .. }
            | Self::Token { address, .. }
            | Self::Agent { address, .. } => address.as_ref(),
            Self::Local { .. } | Self::Worker | Self::Engine => None,
        }
    }

    /// The same, who may do at most this.
    #[must_use]
    pub fn capped(mut self, most: Role) -> Self {
        if let Self::Local { role, .. } | Self::User { role, .. } | Self::Token { role, .. } =
            &mut self
        {
            *role = most.min(*role);
        }
        self
    }

    /// Whether they have this role or more; the worker has none.
    #[must_use]
    pub const fn is_at_least(&self, wanted: Role) -> bool {
        match self {
            Self::Local { role, .. } | Self::User { role, .. } | Self::Token { role, .. } => {
                *role as u8 >= wanted as u8
            }
            Self::Engine => true,
            Self::Worker | Self::Agent { .. } => false,
        }
    }

    /// Whether a token was made for this; everybody else has no such bounds.
    fn is_within(&self, wanted: &[Scope]) -> bool {
        match self {
            Self::Token { scopes, .. } => scopes.iter().any(|scope| wanted.contains(scope)),
            _ => true,
        }
    }
}

/// What a command or query needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// This role or more.
    Role(Role),
    /// To be a user who logged in: it is about their own account.
    Login,
    /// To be a worker: the engine's own, or an agent.
    Worker,
    /// A token that lets an agent in.
    Enrol,
}

/// What a command needs.
#[must_use]
pub const fn need(command: &Command) -> Need {
    match command {
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
        | Command::RunTest { .. }
        | Command::CancelTest { .. }
        | Command::AddSchedule { .. }
        | Command::EditSchedule { .. }
        | Command::RemoveSchedule { .. }
        | Command::RunSchedule { .. }
        | Command::Note { .. }
        | Command::SignOff { .. } => Need::Role(Role::Operator),
        Command::Look { .. } | Command::Remember { .. } => Need::Role(Role::Viewer),
        Command::SaveRule { .. }
        | Command::DeleteRule { .. }
        | Command::AddUser { .. }
        | Command::EditUser { .. }
        | Command::RemoveUser { .. }
        | Command::AddToken { .. }
        | Command::RevokeToken { .. }
        | Command::RemoveAgent { .. }
        | Command::Reload
        | Command::Stop => Need::Role(Role::Admin),
        Command::ChangePassword { .. } | Command::Logout => Need::Login,
        Command::Claim(_) | Command::Report(_) | Command::Beat(_) => Need::Worker,
        Command::Enrol(_) => Need::Enrol,
    }
}

/// What a query needs.
#[must_use]
pub const fn need_of_query(query: &Query) -> Need {
    match query {
        Query::Users | Query::Tokens => Need::Role(Role::Admin),
        Query::Hosts { .. }
        | Query::Agents
        | Query::Alerts { .. }
        | Query::Maintenance { .. }
        | Query::Check { .. }
        | Query::History { .. }
        | Query::Edges { .. }
        | Query::Alert { .. }
        | Query::Comments { .. }
        | Query::Log { .. }
        | Query::Paths { .. }
        | Query::PathChanges { .. }
        | Query::SeriesList { .. }
        | Query::SeriesPast { .. }
        | Query::Fluxbase { .. }
        | Query::Notifications { .. }
        | Query::Handover { .. }
        | Query::Review { .. }
        | Query::Rules { .. }
        | Query::TryRules { .. }
        | Query::Tests { .. }
        | Query::Test { .. }
        | Query::Trend(_)
        | Query::TestReport(_)
        | Query::Schedules
        | Query::Nodes
        | Query::Contacts
        | Query::Remembered
        | Query::Settings
        | Query::Engine
        | Query::Config => Need::Role(Role::Viewer),
    }
}

/// Whether the actor may run the command.
///
/// # Errors
/// [`Problem::forbidden`] naming the role it needs.
pub fn may_execute(actor: &Actor, command: &Command) -> Result<(), Problem> {
    may(actor, need(command), command.name(), &[Scope::Api])
}

/// Whether the actor may ask the query.
///
/// # Errors
/// As [`may_execute`].
pub fn may_query(actor: &Actor, query: &Query) -> Result<(), Problem> {
    match (actor, need_of_query(query)) {
        // It looks at what it works for.
        (Actor::Worker, Need::Role(Role::Viewer)) => Ok(()),
        (_, need) => may(actor, need, "this", &[Scope::Api, Scope::Read]),
    }
}

/// Whether the actor may see what changes.
///
/// # Errors
/// As [`may_execute`].
pub fn may_watch(actor: &Actor) -> Result<(), Problem> {
    match actor {
        Actor::Worker | Actor::Agent { .. } => Ok(()),
        _ => may(actor, Need::Role(Role::Viewer), "events", &[Scope::Api, Scope::Read]),
    }
}

fn may(actor: &Actor, need: Need, what: &str, scopes: &[Scope]) -> Result<(), Problem> {
    let no = |why: String| Err(Problem::forbidden(format!("`{what}` {why}")));
    match (need, actor) {
        (_, Actor::Engine)
        | (Need::Worker, Actor::Worker | Actor::Agent { .. })
        | (Need::Login, Actor::User { .. }) => Ok(()),
        (Need::Enrol, Actor::Token { scopes, .. }) if scopes.contains(&Scope::Agent) => Ok(()),
        (Need::Enrol, _) => no("needs a token that was made for an agent".to_owned()),
        (Need::Worker, _) => no("is for workers only".to_owned()),
        (Need::Login, _) => no("is for users who logged in".to_owned()),
        (Need::Role(_), _) if !actor.is_within(scopes) => {
            no("is not what this token was made for".to_owned())
        }
        (Need::Role(needed), Actor::Worker | Actor::Agent { .. }) => {
            no(format!("needs the role {needed:?}"))
        }
        (Need::Role(needed), _) if actor.role() >= needed => Ok(()),
        (Need::Role(needed), _) => no(format!("needs the role {needed:?}")),
    }
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
            let other = !matches!(need(&command), Need::Role(_));
            assert_eq!(may_execute(&admin, &command).is_err(), other, "{}", command.name());
        }
    }
}
