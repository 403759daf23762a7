//! What takes more than one question to the engine: a test that runs elsewhere and is waited for,
//! and a schedule that is looked up before it is changed.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::remote::{Said, ask_now};
use super::render;
use super::report_args;
use super::results;
use super::schedule_args::{EditArgs, SchedulesCommand};
use super::test_args::Elsewhere;
use super::verb::{Ask, Form};
use super::{print, speedtest, trace_table};
use crate::backend::Backend;
use crate::model::safe_text::truncate;
use crate::model::test::PortState;
use crate::model::{Measured, Plan, Schedule, ScheduleId, Test, TestId, TestPhase, TestSpec};
use crate::protocol::{Actor, Answer, Command, Outcome, Problem, ProblemKind, Query, ReportWish};
use crate::tui::zone::Zone;

/// How often a test that runs elsewhere is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often in a row that may fail.
const FAILED_LOOKS: u32 = 60;
/// Columns of a line of progress.
const COLUMNS: usize = 78;

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// Run a test, and wait for its end.
    Run(Elsewhere),
    /// Have a report made.
    Report {
        /// Of what.
        wish: ReportWish,
        /// Where it is written.
        out: PathBuf,
    },
    /// Do something with a schedule.
    Schedule {
        /// Its id, its name or `AGENT/NAME`.
        which: String,
        /// What.
        deed: Deed,
        /// Whether the answer is wanted as JSON.
        json: bool,
    },
}

/// What is done with a schedule.
#[derive(Debug)]
pub enum Deed {
    /// It is changed.
    Edit(Box<EditArgs>),
    /// It is paused, or goes on.
    Pause(bool),
    /// Its test is run now.
    Run,
    /// It is removed.
    Remove,
}

impl Job {
    /// The job of a verb of `schedules`.
    ///
    /// # Errors
    /// The verb, when it asks once.
    pub fn of_schedules(command: SchedulesCommand) -> Result<Self, SchedulesCommand> {
        let job = |which, deed, json| Ok(Self::Schedule { which, deed, json });
        match command {
            SchedulesCommand::Add(_) => Err(command),
            SchedulesCommand::Edit(args) => {
                let (which, json) = (args.which.clone(), args.options.json);
                job(which, Deed::Edit(args), json)
            }
            SchedulesCommand::Pause(one) => job(one.which, Deed::Pause(true), one.json),
            SchedulesCommand::Resume(one) => job(one.which, Deed::Pause(false), one.json),
            SchedulesCommand::Run(one) => job(one.which, Deed::Run, one.json),
            SchedulesCommand::Remove(one) => job(one.which, Deed::Remove, one.json),
        }
    }

    /// Why nothing can come of it where no engine runs; `None` when it can.
    #[must_use]
    pub const fn alone(&self) -> Option<&'static str> {
        match self {
            Self::Run(_) => Some(
                "no fluxnoc runs here that could ask an agent; start one, name a server with \
                 --connect, or leave --agent out to test from here",
            ),
            Self::Schedule { deed: Deed::Run, .. } => {
                Some("no fluxnoc runs here, so nothing can be run")
            }
            Self::Schedule { .. } | Self::Report { .. } => None,
        }
    }

    /// Does it, and prints what came of it.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn run(self, backend: &Backend, actor: Actor) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(wanted) => run(wanted, backend, &actor).await,
            // It may take minutes.
            Self::Report { wish, out } => match backend.query(actor, Query::TestReport(wish)).await
            {
                Ok(Answer::Report(file)) => report_args::save(&file, &out),
                Ok(_) => anyhow::bail!("the engine answered with something else"),
                Err(problem) => Ok(refused(&problem)),
            },
            Self::Schedule { which, deed, json } => {
                schedule(&which, deed, json, backend, &actor).await
            }
        }
    }
}

/// Says why not. What was asked for wrongly is a mistake of usage.
fn refused(problem: &Problem) -> ExitCode {
    print::error(&problem.to_string());
    ExitCode::from(if problem.kind == ProblemKind::Invalid { 2 } else { 1 })
}

async fn run(wanted: Elsewhere, backend: &Backend, actor: &Actor) -> anyhow::Result<ExitCode> {
    let Elsewhere { there, spec, json } = wanted;
    let command = Command::RunTest { agent: there.agent, spec, wait: there.wait };
    // From before there is a test, so that none is left behind.
    let mut interrupted = signal(SignalKind::interrupt())?;
    let test = match ask_now(backend, actor, Ask::Do(command)).await? {
        Ok(Said::Done(Outcome::Test(test))) => test,
        Ok(_) => anyhow::bail!("the engine answered with something else"),
        Err(problem) => return Ok(refused(&problem)),
    };
    let test = match until_over(*test, &mut interrupted, backend, actor).await? {
        Ok(test) => test,
        Err(problem) => return Ok(refused(&problem)),
    };
    if json {
        print::json(&test);
    } else {
        tell(&test);
    }
    Ok(if is_well(&test) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at a test until it is over. Whoever interrupts it takes it back.
async fn until_over(
    begun: Test,
    interrupted: &mut Signal,
    backend: &Backend,
    actor: &Actor,
) -> anyhow::Result<Result<Test, Problem>> {
    let mut progress = Progress::new();
    let (mut test, mut failed, mut cancelled) = (begun, 0, false);
    while !test.phase.is_over() {
        progress.show(&test);
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = interrupted.recv(), if !cancelled => {
                cancelled = true;
                // What was over just now is told as it ended.
                let cancel = Command::CancelTest { id: test.id };
                let _ = ask_now(backend, actor, Ask::Do(cancel)).await?;
            }
        }
        match look(test.id, backend, actor).await {
            Ok(seen) => (test, failed) = (seen, 0),
            Err(problem) if problem.kind == ProblemKind::NotFound => {
                progress.end();
                return Ok(Err(problem));
            }
            Err(problem) => {
                failed += 1;
                if failed >= FAILED_LOOKS {
                    progress.end();
                    print::error(&format!("test {} may go on; see `fluxnoc results`", test.id));
                    return Ok(Err(problem));
                }
            }
        }
    }
    progress.end();
    Ok(Ok(test))
}

async fn look(id: TestId, backend: &Backend, actor: &Actor) -> Result<Test, Problem> {
    match ask_now(backend, actor, Ask::Tell(Query::Test { id })).await {
        Ok(Ok(Said::Told(Answer::Test(test)))) => Ok(*test),
        Ok(Ok(_)) => Err(Problem::unavailable("the engine answered with something else")),
        Ok(Err(problem)) => Err(problem),
        Err(error) => Err(Problem::unavailable(format!("{error:#}"))),
    }
}

/// A line on a terminal's stderr that says how far it is.
struct Progress {
    shown: bool,
    is_terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self { shown: false, is_terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, test: &Test) {
        if self.is_terminal {
            self.shown = true;
            let line = progress(test);
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{}", truncate(&line, COLUMNS));
            let _ = std::io::stderr().lock().flush();
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

/// How far a test is, in a line.
fn progress(test: &Test) -> String {
    let begin =
        format!("{} at {}: {}", test.spec.kind(), print::safe_line(&test.agent), test.phase);
    let more = match (test.result.as_deref(), &test.spec) {
        (Some(Measured::Trace(report)), TestSpec::Trace(spec)) => {
            let time = test.figures.latency_ms.map(|ms| format!(", {ms:.1} ms"));
            let hops = report.hops.len();
            let time = time.unwrap_or_default();
            format!("round {} of {}, {hops} hops{time}", report.rounds, spec.count)
        }
        _ => test.reason.to_string(),
    };
    if more.is_empty() { begin } else { format!("{begin}, {more}") }
}

/// Prints a test that is over as the same test from here is printed.
fn tell(test: &Test) {
    match test.result.as_deref() {
        Some(Measured::Trace(report)) => print::out(&trace_table::table(report)),
        Some(Measured::Probe(port)) => print::out(port.output.as_str()),
        Some(Measured::Dns(dns)) => print::whole(&results::resolvers(dns)),
        Some(Measured::Speedtest(speed)) => print::out(&speedtest::told(speed)),
        None => {}
    }
    if test.phase != TestPhase::Done {
        print::error(&format!("{}: {}", test.phase, test.reason));
    }
}

/// True when it measured, and what it was aimed at answered.
fn is_well(test: &Test) -> bool {
    let answered = match test.result.as_deref() {
        None => false,
        Some(Measured::Trace(report)) => report.reached,
        Some(Measured::Probe(port)) => {
            matches!(port.state, PortState::Open | PortState::OpenOrFiltered)
        }
        Some(Measured::Dns(dns)) => dns.resolvers.iter().all(|one| one.failure.is_none()),
        Some(Measured::Speedtest(_)) => true,
    };
    test.phase == TestPhase::Done && answered
}

async fn schedule(
    which: &str,
    deed: Deed,
    json: bool,
    backend: &Backend,
    actor: &Actor,
) -> anyhow::Result<ExitCode> {
    let all = match ask_now(backend, actor, Ask::Tell(Query::Schedules)).await? {
        Ok(Said::Told(Answer::Schedules(rows))) => rows,
        Ok(_) => anyhow::bail!("the engine answered with something else"),
        Err(problem) => return Ok(refused(&problem)),
    };
    let all: Vec<Schedule> = all.into_iter().map(|row| row.schedule).collect();
    let command = match find(&all, which).and_then(|known| command(known, &deed)) {
        Ok(command) => command,
        Err(why) => {
            print::error(&why);
            return Ok(ExitCode::from(2));
        }
    };
    match ask_now(backend, actor, Ask::Do(command)).await? {
        Ok(said) => {
            let form = if json { Form::Json } else { Form::Text(Zone::utc()) };
            print::whole(&render::said(&said, &form)?);
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => Ok(refused(&problem)),
    }
}

/// The schedule that is meant.
fn find<'a>(all: &'a [Schedule], which: &str) -> Result<&'a Schedule, String> {
    let id: Option<ScheduleId> = which.parse().ok();
    let is_meant = |one: &&Schedule| {
        Some(one.id) == id
            || one.plan.name == which
            || which
                .split_once('/')
                .is_some_and(|(agent, name)| *one.vantage == *agent && one.plan.name == name)
    };
    let found: Vec<&Schedule> = all.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(format!("there is no schedule {}", print::safe_line(&which))),
        several => {
            let places = several.iter().map(|one| format!("{}/{}", one.vantage, one.plan.name));
            let places = places.collect::<Vec<_>>().join(", ");
            Err(format!("several schedules have this name; write one of {places}"))
        }
    }
}

fn command(known: &Schedule, deed: &Deed) -> Result<Command, String> {
    let id = known.id;
    let edited = |change: &dyn Fn(&mut Plan) -> Result<(), String>| {
        let mut plan = Box::new(known.plan.clone());
        change(&mut plan)?;
        Ok(Command::EditSchedule { id, plan })
    };
    match deed {
        Deed::Edit(args) => edited(&|plan| args.put(plan)),
        Deed::Pause(paused) => edited(&|plan| {
            plan.paused = *paused;
            Ok(())
        }),
        Deed::Run => Ok(Command::RunSchedule { id }),
        Deed::Remove => Ok(Command::RemoveSchedule { id }),
    }
}

#[cfg(test)]
#[path = "nettest_tests.rs"]
mod tests;
