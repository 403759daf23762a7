//! What people ask to see. What the engine knows is answered at once; what the store knows is
//! read beside, under a limit and a deadline, so that nothing waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::core::Core;
use crate::model::{
    Alert, Check, CheckKey, Host, Maintenance, Pattern, Secret, ShownState, Span, Spec, Timestamp,
};
use crate::protocol::query::{
    AlertAnswer, CheckAnswer, CheckDetail, HostAnswer, PAGE_LIMIT, Point, Series, StateSpan,
};
use crate::protocol::{Answer, EngineStatus, HostEntry, Problem, Query};
use crate::store::{History, Point as Stored, StatePoint, StoreError};

type Reply = oneshot::Sender<Result<Answer, Problem>>;

/// Longest a stored answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most resolved alerts or ended windows of one answer.
const PAST: u32 = 1000;

impl Core {
    /// Answers a query.
    pub(super) fn query(&self, query: Query, reply: Reply) {
        let now = self.clock.now().wall;
        let answer = match query {
            Query::Hosts { pattern } => Answer::Hosts(self.hosts(pattern.as_ref())),
            Query::Alerts { all: false } => Answer::Alerts(self.open_alerts()),
            Query::Alerts { all: true } => {
                let open = self.open_alerts();
                let store = self.store.clone();
                return read(reply, async move {
                    let past = store.resolved_alerts(PAST).await?;
                    let past = past.iter().map(AlertAnswer::from);
                    Ok(Answer::Alerts(open.into_iter().chain(past).collect()))
                });
            }
            Query::Maintenance { all: false } => Answer::Maintenance(self.windows(now)),
            Query::Maintenance { all: true } => {
                let open = self.windows(now);
                let store = self.store.clone();
                return read(reply, async move {
                    let mut all = open;
                    let known: Vec<_> = all.iter().map(|w| w.id).collect();
                    let past = store.ended_maintenance(now, PAST).await?;
                    all.extend(past.into_iter().filter(|w| !known.contains(&w.id)));
                    Ok(Answer::Maintenance(all))
                });
            }
            Query::Check { key } => match self.check_detail(&key) {
                Ok(detail) => Answer::Check(Box::new(detail)),
                Err(problem) => {
                    let _ = reply.send(Err(problem));
                    return;
                }
            },
            Query::History { key, from, to, points } => {
                return self.history(&key, from, to, points, reply);
            }
            Query::Edges { host, alert, limit } => {
                let limit = limit.clamp(1, u32::try_from(PAGE_LIMIT).unwrap_or(1000));
                let store = self.store.clone();
                return read(reply, async move {
                    Ok(Answer::Edges(store.edges(host.as_deref(), alert, limit).await?))
                });
            }
            Query::Engine => {
                let lag = self.lag(self.clock.now().steady);
                Answer::Engine(EngineStatus { lag, ..self.status.clone() })
            }
            Query::Config => return self.configuration(reply),
            Query::Alert { .. }
            | Query::Comments { .. }
            | Query::Log { .. }
            | Query::Paths { .. }
            | Query::PathChanges { .. }
            | Query::Remembered
            | Query::Settings => {
                let _ = reply.send(Err(Problem::unavailable("this engine cannot tell that")));
                return;
            }
        };
        // Whoever asked may be gone.
        let _ = reply.send(Ok(answer));
    }

    fn configuration(&self, reply: Reply) {
        let render = Arc::clone(&self.render);
        let mut hosts: Vec<Host> = self.table.hosts().map(|host| Host::clone(host)).collect();
        hosts.sort_by(|a, b| a.name.cmp(&b.name));
        let checks = self.table.iter().map(|(_, slot)| masked(&slot.check));
        let mut checks: Vec<Check> = checks.collect();
        checks.sort_by(|a, b| a.key.cmp(&b.key));
        tokio::task::spawn_blocking(move || {
            let _ = reply.send(Ok(Answer::Config(render(hosts, checks))));
        });
    }

    fn hosts(&self, pattern: Option<&Pattern>) -> Vec<HostAnswer> {
        let wanted = |entry: &&HostEntry| pattern.is_none_or(|p| p.matches(&entry.host.name));
        self.world.hosts().filter(wanted).map(|entry| self.host_answer(entry)).collect()
    }

    fn host_answer(&self, entry: &HostEntry) -> HostAnswer {
        let checks = entry.checks.iter().map(|row| {
            let slot = self.table.place(&row.key).and_then(|at| self.table.get(at));
            let last = slot.and_then(|slot| slot.last.as_ref());
            CheckAnswer {
                name: row.key.name.clone(),
                kind: row.kind,
                state: row.status.state,
                hard: row.status.hard,
                output: last.map_or_else(|| row.status.output.clone(), |last| last.output.clone()),
                last_result: last.map(|last| last.at).or(row.status.last_result),
            }
        });
        HostAnswer {
            name: entry.host.name.clone(),
            address: entry.host.address.clone(),
            state: ShownState::of(entry.state, entry.window.is_some()),
            underlying_state: entry.state,
            more: (&*entry.host).into(),
            checks: checks.collect(),
        }
    }

    fn open_alerts(&self) -> Vec<AlertAnswer> {
        self.world.feed().iter().map(|alert: &Arc<Alert>| AlertAnswer::from(&**alert)).collect()
    }

    fn windows(&self, now: Timestamp) -> Vec<Maintenance> {
        let open = self.world.windows().filter(|w| !w.is_over(now));
        let mut open: Vec<Maintenance> = open.map(|w| Maintenance::clone(w)).collect();
        open.sort_by_key(|w| w.start);
        open
    }

    fn check_detail(&self, key: &CheckKey) -> Result<CheckDetail, Problem> {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        let slot = slot.ok_or_else(|| Problem::not_found(format!("there is no check `{key}`")))?;
        let last = slot.last_observation();
        Ok(CheckDetail {
            check: masked(&slot.check),
            row: slot.row(&slot.status),
            trace: last.as_ref().and_then(|o| o.trace.as_deref().cloned()),
            last,
            next: None,
        })
    }

    fn history(&self, key: &CheckKey, from: Timestamp, to: Timestamp, points: u32, reply: Reply) {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        let Some(slot) = slot else {
            let _ = reply.send(Err(Problem::not_found(format!("there is no check `{key}`"))));
            return;
        };
        if to <= from {
            let _ = reply.send(Err(Problem::invalid("`to` must be later than `from`")));
            return;
        }
        let (store, no, check) = (self.store.clone(), slot.no, Arc::clone(&slot.check));
        let points = points.clamp(1, 2000);
        read(reply, async move {
            let mut history = store.history(no, from, to).await?;
            for series in &mut history.series {
                if let Some(limit) = check.limit(&series.metric.name) {
                    series.metric.warning = limit.warning;
                    series.metric.critical = limit.critical;
                }
            }
            Ok(thin(history, from, to, points))
        });
    }
}

/// The definition as others may see it: inline secrets travel masked by themselves.
fn masked(check: &crate::model::Check) -> crate::model::Check {
    let mut shown = check.clone();
    if let Spec::Mysql(spec) = &*check.spec
        && matches!(spec.password, Some(Secret::Inline(_)))
    {
        let mut spec = spec.clone();
        spec.password = Some(Secret::Inline(crate::model::secret::MASK.to_owned()));
        shown.spec = Arc::new(Spec::Mysql(spec));
    }
    shown
}

/// Merges results into at most `points` points a series: mean, min and max of each piece of time.
/// Days before the single results come as they are.
fn thin(history: History, from: Timestamp, to: Timestamp, points: u32) -> Answer {
    let width = (to.since(from).millis() / u64::from(points)).max(1);
    let series = history.series.into_iter().map(|stored| {
        let days = stored.days.iter().map(|d| Point {
            at: d.day + Span::from_secs(43_200),
            value: d.mean,
            min: d.min,
            max: d.max,
            band: None,
        });
        let mut out: Vec<Point> = days.collect();
        let mut piece = None;
        let mut merged = 0_u32;
        for point in stored.points {
            let here = point.at.since(from).millis() / width;
            match out.last_mut() {
                Some(last) if piece == Some(here) => {
                    merged += 1;
                    last.value += (point.value - last.value) / f64::from(merged);
                    last.min = last.min.min(point.value);
                    last.max = last.max.max(point.value);
                }
                _ => {
                    let Stored { at, value } = point;
                    out.push(Point::one(at, value));
                    (piece, merged) = (Some(here), 1);
                }
            }
        }
        Series { metric: stored.metric, points: out, lost: Vec::new() }
    });
    Answer::History { series: series.collect(), states: spans(&history.states) }
}

/// Runs of one state; a run ends where the next begins, the last one at its last result.
fn spans(states: &[StatePoint]) -> Vec<StateSpan> {
    let mut out: Vec<StateSpan> = Vec::new();
    for point in states {
        match out.last_mut() {
            Some(last) if last.state == point.state => last.to = point.at,
            last => {
                if let Some(last) = last {
                    last.to = point.at;
                }
                out.push(StateSpan { from: point.at, to: point.at, state: point.state });
            }
        }
    }
    out
}

fn read(reply: Reply, work: impl Future<Output = Result<Answer, StoreError>> + Send + 'static) {
    tokio::spawn(async move {
        let answer = match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Problem::unavailable(format!("cannot read: {error}"))),
            Err(_) => Err(Problem::unavailable("the store took longer than 10 s to answer")),
        };
        let _ = reply.send(answer);
    });
}
