//! `fluxnoc user` and `fluxnoc token`: who may come in over the network.
//!
//! A password comes from a prompt without echo, or is the first line of stdin: never from the
//! arguments or the environment, which others can read.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use clap::Subcommand;
use nix::sys::termios::{self, LocalFlags, SetArg};

use crate::model::{Name, Password, Role, Scope, Span, Timestamp};
use crate::protocol::{Command, Query};

/// How long a token lasts unless it is said.
const LASTS: Span = Span::from_secs(90 * 86_400);
/// Most bytes that are read as a password.
const LIMIT: u64 = 4096;

/// `fluxnoc user`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Let somebody log in; the password comes from a prompt, or is the first line of stdin
    Add {
        /// The name
        name: Name,
        /// admin, operator or viewer
        #[arg(long)]
        role: Role,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List who may log in
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give somebody another password; their sessions end
    Passwd {
        /// The name
        name: Name,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give somebody another role; their sessions end
    Role {
        /// The name
        name: Name,
        /// admin, operator or viewer
        role: Role,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let somebody not log in any more; their sessions end
    Remove {
        /// The name
        name: Name,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `fluxnoc token`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a program, and show it once
    Add {
        /// What it may do at most: admin, operator or viewer
        #[arg(long, required_unless_present = "agent", conflicts_with = "agent")]
        role: Option<Role>,
        /// The agent that may register with it, and nothing else
        #[arg(long, value_name = "NAME", conflicts_with = "scopes")]
        agent: Option<Name>,
        /// How often that may happen [default: again whenever no live agent has the name]
        #[arg(long, value_name = "N", requires = "agent")]
        uses: Option<u32>,
        /// Its name [default: one after the moment, or agent-NAME]
        #[arg(long)]
        name: Option<Name>,
        /// What it may be used for, any number of times: api (all that its role may), read, metrics
        #[arg(long = "scope", value_name = "SCOPE", default_value = "api")]
        scopes: Vec<Scope>,
        /// When it ends: 90d, or never
        #[arg(long, value_name = "WHEN", default_value = "90d", value_parser = lasts)]
        expires: Lasts,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List tokens: what each may, until when, when it was last used
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a token not be used any more
    Revoke {
        /// Its name
        name: Name,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// How long a token lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasts(Option<Span>);

fn lasts(text: &str) -> Result<Lasts, String> {
    if text == "never" {
        return Ok(Lasts(None));
    }
    match text.parse::<Span>() {
        Ok(Span::ZERO) => Err("a token that is over at once; write 90d or never".to_owned()),
        Ok(span) => Ok(Lasts(Some(span))),
        Err(why) => Err(format!("{why}; write {LASTS} or never")),
    }
}

/// What is asked of the engine: a command or a query, and whether the answer is wanted as JSON.
pub enum Asked {
    /// To do something.
    Do(Command, bool),
    /// To tell something.
    Tell(Query, bool),
}

/// What `agents` can do besides listing them.
#[derive(Clone, Debug, Subcommand)]
pub enum AgentsCommand {
    /// Forget an agent: its key counts no more
    Remove {
        /// Its name
        name: Name,
    },
}

/// What `agents` asks.
#[must_use]
pub fn agents(typed: Option<AgentsCommand>, json: bool) -> Asked {
    match typed {
        None => Asked::Tell(Query::Agents, json),
        Some(AgentsCommand::Remove { name }) => Asked::Do(Command::RemoveAgent { name }, json),
    }
}

/// What `user` asks; its password is asked of `password` with the name.
///
/// # Errors
/// Why there is no password.
pub fn user(
    typed: UserCommand,
    password: &mut dyn FnMut(&str) -> Result<Password, String>,
) -> Result<Asked, String> {
    Ok(match typed {
        UserCommand::Add { name, role, json } => {
            let password = password(&name)?;
            Asked::Do(Command::AddUser { name, role, password }, json)
        }
        UserCommand::Passwd { name, json } => {
            let password = Some(password(&name)?);
            Asked::Do(Command::EditUser { name, role: None, password }, json)
        }
        UserCommand::Role { name, role, json } => {
            Asked::Do(Command::EditUser { name, role: Some(role), password: None }, json)
        }
        UserCommand::Remove { name, json } => Asked::Do(Command::RemoveUser { name }, json),
        UserCommand::List { json } => Asked::Tell(Query::Users, json),
    })
}

/// What `token` asks.
#[must_use]
pub fn token(typed: TokenCommand, now: Timestamp) -> Asked {
    match typed {
        TokenCommand::Add { role, agent, uses, name, scopes, expires: Lasts(lasts), json } => {
            let name = name.unwrap_or_else(|| match &agent {
                Some(agent) => format!("agent-{agent}").into(),
                None => format!("token-{}", now.millis()).into(),
            });
            let role = role.unwrap_or(Role::Viewer);
            let scopes = if agent.is_some() { vec![Scope::Agent] } else { scopes };
            let expires = lasts.map(|span| now + span);
            Asked::Do(Command::AddToken { name, role, scopes, expires, agent, uses }, json)
        }
        TokenCommand::List { json } => Asked::Tell(Query::Tokens, json),
        TokenCommand::Revoke { name, json } => Asked::Do(Command::RevokeToken { name }, json),
    }
}

/// A new password: typed twice without echo, or the first line of stdin when that is no terminal.
///
/// # Errors
/// When nothing is typed, or not twice the same.
pub fn new_password(name: &str) -> Result<Password, String> {
    if !std::io::stdin().is_terminal() {
        return line();
    }
    let first = prompt(&format!("new password for {name}: "))?;
    let second = prompt("again: ")?;
    if first == second { Ok(first) } else { Err("the two are not the same".to_owned()) }
}

/// A secret that is typed at the terminal and not shown.
///
/// # Errors
/// When the terminal cannot be asked.
pub fn prompt(words: &str) -> Result<Password, String> {
    let failed = |error: nix::Error| format!("the terminal cannot hide what is typed: {error}");
    let input = std::io::stdin();
    let before = termios::tcgetattr(&input).map_err(failed)?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    hidden.local_flags.insert(LocalFlags::ECHONL);
    // What was typed before the question is no answer to it. Hidden first, then asked: an answer may
    // come as quickly as a paste.
    termios::tcsetattr(&input, SetArg::TCSAFLUSH, &hidden).map_err(failed)?;
    let words = crate::model::SafeText::line(words);
    let _ = write!(std::io::stderr().lock(), "{words}");
    let _ = std::io::stderr().flush();
    let typed = line();
    let back = termios::tcsetattr(&input, SetArg::TCSADRAIN, &before).map_err(failed);
    back.and(typed)
}

fn line() -> Result<Password, String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LIMIT).read_line(&mut text);
    read.map_err(|error| format!("no password can be read: {error}"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("no password was given; type one, or send it as the first line".to_owned());
    }
    Ok(Password::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lasts_as_long_as_is_said() {
        assert_eq!(lasts("90d"), Ok(Lasts(Some(LASTS))));
        assert_eq!(lasts("never"), Ok(Lasts(None)));
        assert!(lasts("0s").is_err() && lasts("soon").is_err());
    }

    #[test]
    fn a_password_is_asked_for_only_where_one_is_needed() {
        let mut asked = Vec::new();
        let mut password = |name: &str| {
            asked.push(name.to_owned());
            Ok(Password::new("correct horse battery".to_owned()))
        };
        let name = || Name::from("ann");
        let typed = [
            UserCommand::Add { name: name(), role: Role::Admin, json: false },
            UserCommand::Passwd { name: name(), json: false },
            UserCommand::Role { name: name(), role: Role::Viewer, json: false },
            UserCommand::Remove { name: name(), json: true },
            UserCommand::List { json: true },
        ];
        for typed in typed {
            assert!(user(typed, &mut password).is_ok());
        }
        assert_eq!(asked.len(), 2);
        let list = UserCommand::Passwd { name: name(), json: false };
        assert!(user(list, &mut |_| Err("no".to_owned())).is_err());
    }
}
