//! What people ask to see. What the engine knows is answered at once; what the store knows is
//! read beside, under a limit and a deadline, so that nothing waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::core::Core;
use super::pages::next_run;
use super::thin::thin;
use crate::model::{
    Alert, AlertId, Check, CheckKey, Host, Maintenance, Name, Pattern, Secret, ShownState, Spec,
    Timestamp,
};
use crate::protocol::query::{AlertAnswer, CheckAnswer, CheckDetail, HostAnswer, PAGE_LIMIT};
use crate::protocol::{Actor, Answer, EngineStatus, HostEntry, Problem, Query};
use crate::store::StoreError;

pub(super) type Reply = oneshot::Sender<Result<Answer, Problem>>;

/// Longest a stored answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most resolved alerts or ended windows of one answer.
const PAST: u32 = 1000;

impl Core {
    /// Answers a query.
    pub(super) fn query(&self, actor: &Actor, query: Query, reply: Reply) {
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
            Query::SeriesList { host, check, text, limit } => {
                let (host, check) = (host.as_ref(), check.as_ref());
                let _ = reply.send(self.series_list(host, check, text.as_deref(), limit));
                return;
            }
            Query::SeriesPast { key, series, from, to, points } => {
                let _ = reply.send(self.series_past(&key, &series, (from, to), points));
                return;
            }
            Query::Fluxbase { host, from, to, points } => {
                return self.fluxbase(host.as_ref(), (from, to), points, reply);
            }
            Query::Edges { host, alert, limit } => return self.edges(host, alert, limit, reply),
            Query::Tests { filter, limit } => return self.tests_page(filter, page(limit), reply),
            Query::Test { id } => return self.one_test(id, reply),
            Query::Trend(wish) => return self.trend(wish, reply),
            Query::TestReport(wish) => return self.report_file(wish, reply),
            Query::Schedules => Answer::Schedules(self.schedule_rows()),
            Query::Nodes => Answer::Nodes(self.nodes()),
            Query::Contacts => Answer::Contacts((&**self.routes.borrow()).into()),
            Query::Engine => {
                let lag = self.lag(self.clock.now().steady);
                Answer::Engine(EngineStatus { lag, ..self.status.clone() })
            }
            Query::Config => return self.configuration(reply),
            Query::Users => Answer::Users(self.gate.accounts().users()),
            Query::Tokens => Answer::Tokens(self.gate.accounts().tokens()),
            Query::Agents => Answer::Agents(self.agents.all()),
            Query::Settings => Answer::Settings(self.settings.to_vec()),
            Query::Paths { host, limit } => Answer::Paths(self.traces(host.as_ref(), limit)),
            Query::Alert { id } => return self.alert_page(id, reply),
            Query::Log { filter, before, limit } => return self.log(filter, before, limit, reply),
            Query::Comments { host, check, limit } => {
                let (store, limit) = (self.store.clone(), page(limit));
                return read(reply, async move {
                    Ok(Answer::Comments(store.comments(&host, check.as_deref(), limit).await?))
                });
            }
            Query::PathChanges { host, check, limit } => {
                let (store, limit) = (self.store.clone(), page(limit));
                return read(reply, async move {
                    let changes = store.path_changes(&host, check.as_deref(), limit).await?;
                    Ok(Answer::PathChanges(changes))
                });
            }
            Query::Notifications { destination, limit } => {
                return self.notifications(destination, page(limit), reply);
            }
            Query::Handover { since, shift, before } => {
                return self.handover(since, shift.zip(before), reply);
            }
            Query::Review { days } => return self.review(days, reply),
            Query::Rules { limit } => self.rule_page(limit),
            Query::TryRules { name, text, since } => {
                return self.try_rules(&name, text, since, reply);
            }
            Query::Remembered => {
                let (store, operator) = (self.store.clone(), actor.name());
                return read(reply, async move {
                    let kept = store.preferences(operator.as_str()).await?;
                    Ok(Answer::Remembered(kept.into_iter().collect()))
                });
            }
        };
        // Whoever asked may be gone.
        let _ = reply.send(Ok(answer));
    }

    fn edges(&self, host: Option<Name>, alert: Option<AlertId>, limit: u32, reply: Reply) {
        let (store, limit) = (self.store.clone(), page(limit));
        read(
            reply,
            async move { Ok(Answer::Edges(store.edges(host.as_deref(), alert, limit).await?)) },
        );
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
            next: next_run(slot, self.clock.now()),
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
            // A device has many series: each in fewer points, so that the answer stays what it is.
            let series = u32::try_from(history.series.len()).unwrap_or(u32::MAX).max(1);
            let points = points.min((ANSWER_POINTS / series).max(FEWEST));
            for series in &mut history.series {
                if let Some(limit) = check.limit(&series.metric.name) {
                    series.metric.warning = limit.warning;
                    series.metric.critical = limit.critical;
                }
            }
            Ok(thin(&history, from, to, points))
        });
    }
}

/// Most points of all series of a history together, but for [`FEWEST`] of each.
const ANSWER_POINTS: u32 = 102_400;
const FEWEST: u32 = 40;

/// A limit of rows as it is asked for, within what an answer may hold.
fn page(limit: u32) -> u32 {
    limit.clamp(1, u32::try_from(PAGE_LIMIT).unwrap_or(1000))
}

/// The definition as others may see it: inline secrets travel masked by themselves.
fn masked(check: &crate::model::Check) -> crate::model::Check {
    let mut shown = check.clone();
    let mut spec = Spec::clone(&check.spec);
    let secrets: Vec<&mut Secret> = match &mut spec {
        Spec::Mysql(spec) => spec.password.iter_mut().collect(),
        Spec::Json(spec) => spec.endpoint.secrets_mut().collect(),
        Spec::Scrape(spec) => spec.endpoint.secrets_mut().collect(),
        Spec::Fluxbase(spec) => spec.secrets_mut().collect(),
        Spec::Snmp(spec) => {
            **spec = spec.masked();
            Vec::new()
        }
        _ => return shown,
    };
    for secret in secrets {
        if matches!(secret, Secret::Inline(_)) {
            *secret = Secret::Inline(crate::model::secret::MASK.to_owned());
        }
    }
    shown.spec = Arc::new(spec);
    shown
}

/// Answers from the store, beside everything else. The outer result is the store's, the inner one
/// what the query gets.
pub(super) fn read<T: Into<Told>>(
    reply: Reply,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) {
    tokio::spawn(async move {
        let answer = match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(told)) => told.into().0,
            Ok(Err(error)) => Err(Problem::unavailable(format!("cannot read: {error}"))),
            Err(_) => Err(Problem::unavailable("the store took longer than 10 s to answer")),
        };
        let _ = reply.send(answer);
    });
}

/// What a query gets.
pub(super) struct Told(Result<Answer, Problem>);

impl From<Answer> for Told {
    fn from(answer: Answer) -> Self {
        Self(Ok(answer))
    }
}

impl From<Result<Answer, Problem>> for Told {
    fn from(result: Result<Answer, Problem>) -> Self {
        Self(result)
    }
}
