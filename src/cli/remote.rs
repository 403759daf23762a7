//! The script verbs: asks the running engine through its socket, or opens the store itself when
//! none runs.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use super::args::Global;
use super::connect::{self, Entered};
use super::lifecycle::{self, Place, Plan};
use super::verb::{Ask, Verb};
use super::{print, render, rules_cmd};
use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::contexts::Context;
use crate::model::{RequestId, SafeText};
use crate::protocol::{Actor, Answer, Command, Outcome, Problem, Query, Request, Role};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of a verb.
#[expect(clippy::large_enum_variant, reason = "one of them lives for one verb")]
pub enum Said {
    /// It was done.
    Done(Outcome),
    /// It was told.
    Told(Answer),
}

/// Runs a verb and prints its answer.
///
/// # Errors
/// When no engine can be asked and none can be opened.
pub fn run(verb: &Verb, plan: Plan, operator: &str, read_only: bool) -> anyhow::Result<ExitCode> {
    let role = if read_only { Role::Viewer } else { Role::Admin };
    let actor = Actor::Local { name: SafeText::line(operator), role };
    let mut plan = plan;
    // On a file of our own an engine may run for the time of a verb. A PostgreSQL may be another
    // server's at this moment; only its first account must be made before there is a server.
    plan.refuse = (plan.database.is_some() && !is_of_accounts(verb)).then(|| {
        "no `fluxnoc serve` runs on this data directory; start it, or ask a server elsewhere with \
         --connect URL"
            .to_owned()
    });
    let said = match lifecycle::find_or_start(plan, operator, role)? {
        Place::There(client) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let backend = Backend::Remote(client);
            runtime.block_on(ask(&backend, actor, verb))?
        }
        Place::Here(home) => {
            if let Ask::Do(Command::Recheck { .. }) = &verb.ask {
                home.stop()?;
                return Err(anyhow!("no fluxnoc runs here, so nothing can be checked again"));
            }
            let said = home.runtime().block_on(ask(&home.backend(), actor, verb));
            // Why it could not start says more than that it does not answer.
            home.stop()?;
            said?
        }
    };
    told(verb, said)
}

fn is_of_accounts(verb: &Verb) -> bool {
    match &verb.ask {
        Ask::Tell(query) => matches!(query, Query::Users | Query::Tokens),
        Ask::Do(command) => matches!(
            command,
            Command::AddUser { .. }
                | Command::EditUser { .. }
                | Command::RemoveUser { .. }
                | Command::AddToken { .. }
                | Command::RevokeToken { .. }
        ),
    }
}

/// Runs a verb at a server and prints its answer.
///
/// # Errors
/// When the server cannot be asked.
pub fn run_there(verb: &Verb, global: &Global, context: Context) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = runtime.block_on(async {
        let Entered { client, me, .. } = connect::enter(global, context).await?;
        let role = if global.read_only { Role::Viewer } else { me.role };
        let actor = Actor::Local { name: me.name, role };
        ask(&Backend::Remote(client), actor, verb).await
    })?;
    told(verb, said)
}

/// Prints what came of a verb.
fn told(verb: &Verb, said: Result<Said, Problem>) -> anyhow::Result<ExitCode> {
    match said {
        Ok(Said::Told(Answer::TryRules(answer))) if !answer.problems.is_empty() => {
            let Ask::Tell(Query::TryRules { name, .. }) = &verb.ask else {
                return Ok(ExitCode::from(2));
            };
            for line in rules_cmd::problems(name, &answer).lines() {
                print::error(line);
            }
            Ok(ExitCode::from(2))
        }
        Ok(said) => {
            print::whole(&render::said(&said, &verb.form)?);
            let whole = !matches!(&said, Said::Done(Outcome::Done { failures, .. }) if !failures.is_empty());
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(problem) => {
            print::error(&problem.to_string());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Asks the engine, with an end to the patience.
///
/// # Errors
/// When it does not answer in time.
pub(super) async fn ask(
    backend: &Backend,
    actor: Actor,
    verb: &Verb,
) -> anyhow::Result<Result<Said, Problem>> {
    let asked = async {
        match verb.ask.clone() {
            Ask::Tell(query) => backend.query(actor, query).await.map(Said::Told),
            Ask::Do(command) => {
                let now = Clock::System.now().wall;
                let id = RequestId::from_parts(now.millis(), rand::random());
                backend.execute(Request { id, actor, command }).await.map(Said::Done)
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.context("the engine did not answer within 15 s")
}
