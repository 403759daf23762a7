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
    let alone = match &verb.ask {
        Ask::Do(Command::Recheck { .. }) => {
            Some("no fluxnoc runs here, so nothing can be checked again")
        }
        _ => None,
    };
    let anywhere = is_of_accounts(verb);
    let work = async |backend: &Backend, actor: Actor| ask(backend, actor, verb).await;
    let said = near(plan, (operator, read_only), (anywhere, alone), work)??;
    told(verb, said)
}

/// Does work at the running engine through its socket, or at one that runs for so long.
///
/// `anywhere`: also at a database that others may use. `alone`: why it cannot be done without a
/// running engine.
///
/// # Errors
/// When no engine can be asked and none can be opened.
pub fn near<T>(
    mut plan: Plan,
    (operator, read_only): (&str, bool),
    (anywhere, alone): (bool, Option<&str>),
    work: impl AsyncFnOnce(&Backend, Actor) -> T,
) -> anyhow::Result<T> {
    let role = if read_only { Role::Viewer } else { Role::Admin };
    let actor = Actor::Local { name: SafeText::line(operator), role };
    // On a file of our own an engine may run for the time of a verb. A PostgreSQL may be another
    // server's at this moment; only its first account must be made before there is a server.
    plan.refuse = (plan.database.is_some() && !anywhere).then(|| {
        "no `fluxnoc serve` runs on this data directory; start it, or ask a server elsewhere with \
         --connect URL"
            .to_owned()
    });
    match lifecycle::find_or_start(plan, operator, role)? {
        Place::There(client) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let backend = Backend::Remote(client);
            Ok(runtime.block_on(work(&backend, actor)))
        }
        Place::Here(home) => {
            if let Some(why) = alone {
                home.stop()?;
                return Err(anyhow!("{why}"));
            }
            let said = home.runtime().block_on(work(&home.backend(), actor));
            // Why it could not start says more than that it does not answer.
            home.stop()?;
            Ok(said)
        }
    }
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
    let work = async |backend: &Backend, actor: Actor| ask(backend, actor, verb).await;
    let said = far(global, context, work)??;
    told(verb, said)
}

/// Does work at a server.
///
/// # Errors
/// When the server cannot be asked.
pub fn far<T>(
    global: &Global,
    context: Context,
    work: impl AsyncFnOnce(&Backend, Actor) -> T,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let Entered { client, me, .. } = connect::enter(global, context).await?;
        let role = if global.read_only { Role::Viewer } else { me.role };
        let actor = Actor::Local { name: me.name, role };
        Ok(work(&Backend::Remote(client), actor).await)
    })
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
    ask_now(backend, &actor, verb.ask.clone()).await
}

/// Asks the engine one thing, with an end to the patience.
///
/// # Errors
/// When it does not answer in time.
pub(super) async fn ask_now(
    backend: &Backend,
    actor: &Actor,
    what: Ask,
) -> anyhow::Result<Result<Said, Problem>> {
    let actor = actor.clone();
    let asked = async {
        match what {
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
