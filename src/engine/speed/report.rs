//! Reports and trends: read from the store a part at a time, beside everything else.

use std::sync::Arc;

use chrono_tz::Tz;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::core::Core;
use super::super::queries::{Reply, read};
use crate::model::{SafeText, Sla};
use crate::protocol::speed::REPORT_PATIENCE;
use crate::protocol::{Answer, Problem, ReportFormat, ReportWish, TrendWish};
use crate::report::{self, Asked, Builder, csv::Lines, pdf};
use crate::rules::due::{self, Times};
use crate::rules::trend;
use crate::store::{Store, StoreError, TestSelect};

/// Reports that are made at once.
const AT_ONCE: usize = 2;
/// Results that are read at once.
const PART: u32 = 2000;
/// Most results of one report.
const RESULTS: u64 = 2_000_000;
/// Longest period.
const PERIOD: i64 = 3 * 366 * 86_400_000;
/// Most runs that are counted as due.
const EXPECTED: u64 = 10_000_000;

/// Room for reports.
#[derive(Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

fn zone(name: Option<&str>) -> Result<Tz, Problem> {
    due::zone(name).map_err(Problem::invalid)
}

impl Core {
    /// How the figures of a vantage and target went.
    pub(in crate::engine) fn trend(&self, wish: TrendWish, reply: Reply) {
        let zone = match zone(wish.zone.as_deref()) {
            Ok(zone) => zone,
            Err(problem) => {
                let _ = reply.send(Err(problem));
                return;
            }
        };
        let (store, now) = (self.store.clone(), self.clock.now().wall);
        let select = TestSelect {
            agent: Some(self.vantage_as_kept(&wish.agent)),
            target: Some(wish.target),
            kind: Some(wish.test_type),
            start: Some(trend::start(wish.view, zone, now)),
            end: Some(now),
            ..TestSelect::default()
        };
        read(reply, async move {
            let mut points = Vec::new();
            let mut after = None;
            loop {
                let part = store.tests_after(&select, after, PART).await?;
                after = part.last().map(|test| test.id);
                let is_last = part.len() < PART as usize;
                points.extend(
                    part.into_iter()
                        .filter(|test| test.phase == crate::model::TestPhase::Done)
                        .map(|test| trend::Point { at: test.asked_at, figures: test.figures }),
                );
                if is_last {
                    break;
                }
            }
            Ok(Answer::Trend(trend::trend(wish.view, zone, now, points)))
        });
    }

    /// A report as a file.
    pub(in crate::engine) fn report_file(&self, wish: ReportWish, reply: Reply) {
        let prepared = self.prepare(wish);
        let room = Arc::clone(&self.speed.reports.0).try_acquire_owned();
        let job = match (prepared, room) {
            (Ok(job), Ok(room)) => (job, room),
            (Err(problem), _) => {
                let _ = reply.send(Err(problem));
                return;
            }
            (Ok(_), Err(_)) => {
                let busy = Problem::conflict("other reports are being made; ask again in a minute");
                let _ = reply.send(Err(busy));
                return;
            }
        };
        tokio::spawn(async move {
            let mut reply = reply;
            let (job, room) = job;
            let answer = tokio::select! {
                // Whoever asked went away: nobody wants it any more.
                () = reply.closed() => None,
                made = tokio::time::timeout(REPORT_PATIENCE, job.make(room)) => Some(match made {
                    Ok(made) => made.map(Answer::Report),
                    Err(_) => Err(Problem::unavailable("the report took longer than 5 minutes; \
                        ask for a shorter period")),
                }),
            };
            if let Some(answer) = answer {
                let _ = reply.send(answer);
            }
        });
    }

    fn prepare(&self, wish: ReportWish) -> Result<Job, Problem> {
        let zone = zone(wish.zone.as_deref())?;
        if wish.end <= wish.start {
            return Err(Problem::invalid("`end`: it must be later than `start`"));
        }
        if wish.end.millis() - wish.start.millis() > PERIOD {
            return Err(Problem::invalid("`end`: a report is of three years at most"));
        }
        let agent = wish.agent.as_ref().map(|name| self.vantage_as_kept(name));
        let shown = |text: Option<&String>, all: &str| {
            SafeText::line(text.map_or(all, |text| text.as_str()))
        };
        let asked = Asked {
            sla: self.promise_of(agent.as_deref(), wish.target.as_deref()),
            expected: self.expected(agent.as_deref(), &wish),
            agent: shown(agent.as_ref(), "all agents"),
            target: shown(wish.target.as_ref(), "all targets"),
            start: wish.start,
            end: wish.end,
            zone,
            made_at: self.clock.now().wall,
        };
        let select = TestSelect {
            agent,
            target: wish.target,
            kind: Some(wish.test_type),
            start: Some(wish.start),
            end: Some(wish.end),
            ..TestSelect::default()
        };
        Ok(Job { store: self.store.clone(), select, asked, format: wish.format })
    }

    /// What was promised of a vantage and target.
    fn promise_of(&self, agent: Option<&str>, target: Option<&str>) -> Option<Sla> {
        let (agent, target) = (agent?, target?);
        let place = self.speed.targets.iter().find(|one| one.name == target);
        let names: Vec<&str> =
            std::iter::once(target).chain(place.map(|one| one.target.place.as_str())).collect();
        self.speed.slas.iter().find(|sla| sla.is_for(agent, &names)).cloned()
    }

    /// How many runs of the schedules that are there now were due in the period.
    fn expected(&self, agent: Option<&str>, wish: &ReportWish) -> Option<u64> {
        let ours = |entry: &&super::Scheduled| {
            let schedule = &entry.schedule;
            agent.is_none_or(|agent| *schedule.vantage == *agent)
                && schedule.plan.test_type == wish.test_type
                && (wish.target.is_none() || wish.target == schedule.plan.target)
        };
        let mut runs = None;
        for entry in self.speed.schedules.values().filter(ours) {
            let schedule = &entry.schedule;
            let Ok(times) = Times::of(&schedule.plan, super::due::hash(schedule.id)) else {
                continue;
            };
            let start = wish.start.max(schedule.created_at);
            let end = wish.end.min(self.clock.now().wall);
            let count = if end > start { times.between(start, end, EXPECTED) } else { 0 };
            runs = Some(runs.unwrap_or(0_u64).saturating_add(count));
        }
        runs
    }
}

/// A report to be made.
struct Job {
    store: Store,
    select: TestSelect,
    asked: Asked,
    format: ReportFormat,
}

impl Job {
    /// Makes it; its room is taken until the last of its work is done, even when nobody waits.
    async fn make(self, room: OwnedSemaphorePermit) -> Result<Vec<u8>, Problem> {
        let failed = |error: StoreError| Problem::unavailable(format!("cannot read: {error}"));
        let unwritten = |error: std::io::Error| Problem::internal(error.to_string());
        let mut builder = Builder::new(self.asked);
        let mut lines = match self.format {
            ReportFormat::Csv => Some(Lines::begin(Vec::new()).map_err(unwritten)?),
            ReportFormat::Pdf => None,
        };
        let (mut after, mut count) = (None, 0_u64);
        loop {
            let part = self.store.tests_after(&self.select, after, PART).await.map_err(failed)?;
            after = part.last().map(|test| test.id);
            count += part.len() as u64;
            if count > RESULTS {
                return Err(Problem::invalid(format!(
                    "`end`: the period has more than {RESULTS} results; ask for a shorter one"
                )));
            }
            for test in part.iter().filter(|test| test.phase.is_over()) {
                if let (Some(row), Some(lines)) = (builder.add(test), lines.as_mut()) {
                    lines.add(&row).map_err(unwritten)?;
                }
            }
            if part.len() < PART as usize {
                break;
            }
            tokio::task::yield_now().await;
        }
        // Sorting and drawing take a while: not on a thread that others wait for.
        let work = tokio::task::spawn_blocking(move || {
            let _room = room;
            let report: report::Report = builder.finish();
            match lines {
                Some(lines) => lines.finish(&report).map_err(unwritten),
                None => pdf::write(&report).map_err(Problem::internal),
            }
        });
        work.await.map_err(|error| Problem::internal(error.to_string()))?
    }
}
