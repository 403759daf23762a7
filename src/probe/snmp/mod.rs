//! `snmp`: host metrics, interfaces and any object of an agent, in one poll.
//!
//! In: an agent's answers, and the counters of the poll before.
//! Out: the six metrics of the rules, rates and states of interfaces, what an operator named.
//! Never: judges; sends a credential anywhere else; asks without end; makes a rate of an interval
//! in which the agent began anew.

mod agent;
mod counter;
mod entries;
mod host;
mod interfaces;
mod oids;
mod session;
mod table;
mod value;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_snmp::{Client, Oid, Value};

use self::agent::Agent;
use self::host::{Counters, Objects, Tables};
use self::interfaces::{Filter, Found, Reading};
use self::oids::Numbers;
pub use self::session::{Session, Sockets};
use super::context::{Context, Memory};
use super::dial::early;
use super::resolve;
use super::system::summary;
use crate::model::metric::{DEVICE_SERIES_LIMIT, SERIES_LIMIT};
use crate::model::snmp::SnmpSpec;
use crate::model::{Check, Failure, FailureKind, Metric, Observation, Pattern, Unit};

/// How long the list of interfaces holds where the agent does not say that it changed.
const LOOK_AGAIN: Duration = Duration::from_mins(5);
/// Most interfaces that are named in the output because they are down.
const NAMED: usize = 3;
/// Most problems that are told in one line.
const PROBLEM_LIMIT: usize = 5;

/// Polls once. The first poll has no rates: an agent reads its own counters every few seconds only,
/// so a second one at once would show nothing or twice the truth.
pub(super) async fn run(
    check: &Check,
    spec: &SnmpSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let context = early(context);
    let filters = Filters::new(spec)?;
    let mut session = memory.snmp.take().unwrap_or_default();
    let deadline = tokio::time::Instant::from_std(context.deadline);
    let begun = Instant::now();
    let polled = tokio::time::timeout_at(
        deadline,
        poll(check, spec, &filters, &context, memory, &mut session),
    )
    .await
    .unwrap_or_else(|_| {
        let waited = super::errno::time(begun.elapsed());
        Err(session::unusable(format!(
            "the agent did not come to an end in {waited}; ask for less or write a longer timeout"
        )))
    });
    // Also a part that failed may mean that the client no longer fits the agent.
    if polled.as_ref().map_or(true, |seen| seen.failure.is_some()) {
        session.forget_client();
    }
    memory.snmp = Some(session);
    polled
}

/// What is left out, compiled.
#[derive(Clone, Debug, Default)]
struct Filters {
    interfaces: Filter,
    disks: Vec<Pattern>,
}

impl Filters {
    fn new(spec: &SnmpSpec) -> Result<Self, Failure> {
        let compile = |globs: &[String]| {
            let patterns: Result<Vec<Pattern>, _> = globs.iter().map(|glob| glob.parse()).collect();
            patterns.map_err(|error| Failure::new(FailureKind::Config, error.to_string()))
        };
        let interfaces =
            Filter { include: compile(&spec.interfaces)?, exclude: compile(&spec.exclude_if)? };
        Ok(Self { interfaces, disks: compile(&spec.exclude_fs)? })
    }
}

async fn poll(
    check: &Check,
    spec: &SnmpSpec,
    filters: &Filters,
    context: &Context,
    memory: &mut Memory,
    session: &mut Session,
) -> Result<Observation, Failure> {
    let addresses = resolve::addresses(&check.address, spec.family, context).await?;
    session.log_in(spec, context).await?;
    let (client, head) = reach(spec, &addresses, context, session).await?;
    let mut agent = Agent::new(client, &spec.login, session);
    let at = Instant::now();
    let elapsed = memory.sampled.map_or(Duration::ZERO, |before| at - before);
    let uptime = head.objects.get(oids::UPTIME).and_then(ticks);
    let began = match (agent.session.uptime, uptime) {
        (Some(before), Some(after)) => counter::restarted(before, after, elapsed),
        _ => false,
    };
    if began {
        agent.session.absent.clear();
        agent.session.found = None;
    }
    let nothing = Counters::new();
    let before = if began { &nothing } else { &memory.counters };
    let mut after = host::ticks(&head.objects);
    let mut seen = Seen { first: memory.sampled.is_none(), began, ..Seen::default() };

    let mut reader = entries::Reader { before, after: &mut after, elapsed, problems: Vec::new() };
    for (entry, value) in spec.get.iter().zip(&head.own) {
        seen.metrics.extend(reader.get(entry, value.as_ref()));
    }
    let mut host = Vec::new();
    if spec.host_metrics {
        let (metrics, problem) = match tables(&mut agent, &head.objects).await {
            Ok(tables) => host::metrics(&head.objects, &tables, before, &filters.disks),
            Err(failure) => {
                seen.failure = Some(failure);
                host::metrics(&head.objects, &Tables::default(), before, &filters.disks)
            }
        };
        host = metrics;
        // A load without a number of processors is not judged (FM-13), and that is a problem.
        seen.unknown = problem.filter(|_| check.limit("load1_per_core").is_some());
    }
    host.extend(up_for(&head.objects));
    for entry in &spec.walk {
        if seen.failure.is_some() {
            break;
        }
        match agent.rows_of(entries::columns(entry)).await {
            Ok(rows) => seen.metrics.extend(reader.walk(entry, &rows)),
            Err(failure) => seen.failure = Some(failure),
        }
    }
    seen.problems = reader.problems;
    // The host's own stay, and there is room for interfaces, whatever the tables of the operator
    // are as long as.
    seen.dropped = seen.metrics.len().saturating_sub(SERIES_LIMIT.saturating_sub(host.len()));
    seen.metrics.truncate(SERIES_LIMIT.saturating_sub(host.len()));
    seen.host = host;
    if !spec.interfaces.is_empty() && seen.failure.is_none() {
        let room = DEVICE_SERIES_LIMIT.saturating_sub(seen.metrics.len() + seen.host.len());
        let extra = check.limit("network_utilization").is_some();
        let read = links(&mut agent, &head.objects, &filters.interfaces, room, extra);
        match read.await {
            Ok(links) => seen.links(&links, before, &mut after, elapsed, extra),
            Err(failure) => seen.failure = Some(failure),
        }
    }
    agent.session.uptime = uptime;
    memory.sampled = Some(at);
    memory.counters = after;
    Ok(seen.observation())
}

/// The first answer: is somebody there, since when, and the single objects.
struct Head {
    objects: Objects,
    /// The values of `get`.
    own: Vec<Option<Value>>,
}

/// Asks the address that answered last, else one of each family in turn.
async fn reach(
    spec: &SnmpSpec,
    addresses: &[IpAddr],
    context: &Context,
    session: &mut Session,
) -> Result<(Client, Head), Failure> {
    let known = session.peer().filter(|peer| addresses.contains(peer));
    let first = |v4: bool| addresses.iter().copied().find(|ip| ip.is_ipv4() == v4);
    let in_turn = addresses.first().copied();
    let other = in_turn.and_then(|ip| first(!ip.is_ipv4()));
    let candidates: Vec<IpAddr> = match known {
        Some(peer) => vec![peer],
        None => in_turn.into_iter().chain(other).collect(),
    };
    let mut last = Failure::new(FailureKind::Internal, "no address to try");
    for (n, ip) in candidates.iter().enumerate() {
        // Each gets its share of the time, so that the last one can answer too.
        let parts = u32::try_from(candidates.len() - n).unwrap_or(1);
        let share =
            Context { deadline: Instant::now() + context.remaining() / parts, ..context.clone() };
        let client = match session.client(spec, *ip, &share).await {
            Ok(client) => client,
            Err(failure) if failure.kind == FailureKind::NoRoute => {
                last = failure;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let mut agent = Agent::new(client.clone(), &spec.login, session);
        match head(&mut agent, spec).await {
            Ok(head) => return Ok((client, head)),
            Err(failure) => {
                let silent =
                    matches!(failure.kind, FailureKind::Unreachable | FailureKind::NoRoute);
                last = failure;
                session.forget_client();
                if !silent {
                    break;
                }
            }
        }
    }
    Err(last)
}

async fn head(agent: &mut Agent<'_>, spec: &SnmpSpec) -> Result<Head, Failure> {
    let mut names: Vec<Numbers> = vec![oids::UPTIME];
    if !spec.interfaces.is_empty() {
        names.extend([oids::IF_NUMBER, oids::IF_LAST_CHANGE]);
    }
    if spec.host_metrics {
        names.extend(oids::HOST);
    } else {
        names.push(oids::HOST_UPTIME);
    }
    let mut asked: Vec<Oid> = names.iter().map(|numbers| Oid::from_slice(numbers)).collect();
    asked.extend(spec.get.iter().map(entries::oid));
    let mut values = agent.get(&asked).await?;
    let own = values.split_off(names.len().min(values.len()));
    let objects = names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?)));
    Ok(Head { objects: objects.collect(), own })
}

fn ticks(value: &Value) -> Option<u32> {
    value.as_u32()
}

/// `uptime` of the machine, or else of its agent.
fn up_for(objects: &Objects) -> Option<Metric> {
    let of = |name: Numbers| objects.get(name).and_then(value::number);
    let ticks = of(oids::HOST_UPTIME).or_else(|| of(oids::UPTIME))?;
    Some(Metric::new("uptime", ticks / 100.0, Unit::Seconds))
}

async fn tables(agent: &mut Agent<'_>, objects: &Objects) -> Result<Tables, Failure> {
    let storage = agent.rows(&host::STORAGE).await?;
    let disks = agent.rows(&host::DISK).await?;
    // Its rows are asked for where the UCD objects are missing.
    let known = host::has_ticks(objects) && objects.contains_key(oids::CPU_COUNT);
    let processors =
        if known { table::Rows::new() } else { agent.rows(&[oids::PROCESSOR_LOAD]).await? };
    Ok(Tables { storage, disks, processors })
}

/// The interfaces with what they said, as many as there is room for.
struct Links {
    read: Vec<(interfaces::Interface, Reading)>,
    /// How many there is no room for.
    more: usize,
}

async fn links(
    agent: &mut Agent<'_>,
    objects: &Objects,
    filter: &Filter,
    room: usize,
    utilization: bool,
) -> Result<Links, Failure> {
    let marks =
        [oids::IF_NUMBER, oids::IF_LAST_CHANGE].map(|name| objects.get(name).and_then(value::size));
    let holds = |(at, found): &(Instant, Found)| at.elapsed() < LOOK_AGAIN && found.marks == marks;
    let found = match agent.session.found.take().filter(holds) {
        Some(known) => known,
        None => {
            let rows = agent.rows(&interfaces::IDENTITY).await?;
            let interfaces = interfaces::find(&rows, filter, agent.is_v1);
            (Instant::now(), Found { interfaces, marks })
        }
    };
    let each = interfaces::SERIES + usize::from(utilization);
    let kept = found.1.interfaces.iter().take(room / each);
    let objects: Vec<Vec<Oid>> = kept.clone().map(interfaces::Interface::objects).collect();
    let values = agent.get(&objects.concat()).await?;
    let mut rest = values.as_slice();
    let mut read = Vec::with_capacity(objects.len());
    for (interface, asked) in kept.zip(&objects) {
        let (own, others) = rest.split_at(asked.len().min(rest.len()));
        rest = others;
        let reading = interface.read(own);
        // A row that went away since it was found is no interface any more.
        if own.iter().any(Option::is_some) {
            read.push((interface.clone(), reading));
        }
    }
    let more = found.1.interfaces.len() - objects.len();
    agent.session.found = Some(found);
    Ok(Links { read, more })
}

/// What a poll saw.
#[derive(Debug, Default)]
struct Seen {
    first: bool,
    began: bool,
    /// What the operator named.
    metrics: Vec<Metric>,
    host: Vec<Metric>,
    interfaces: Vec<Metric>,
    aliases: std::collections::BTreeMap<crate::model::Name, crate::model::SafeText>,
    /// `18 of 48 interfaces up`, and who is down.
    standing: Option<String>,
    /// Numbers beyond the limit of a check.
    dropped: usize,
    problems: Vec<String>,
    failure: Option<Failure>,
    /// What cannot be judged although the rest can.
    unknown: Option<String>,
}

impl Seen {
    fn links(
        &mut self,
        links: &Links,
        before: &Counters,
        after: &mut Counters,
        elapsed: Duration,
        utilization: bool,
    ) {
        let mut down = Vec::new();
        let up = links.read.iter().filter(|(_, reading)| reading.is_up()).count();
        for (interface, reading) in &links.read {
            let name = &interface.name;
            self.interfaces.extend(interfaces::metrics(
                name,
                reading,
                before,
                elapsed,
                utilization,
            ));
            interfaces::remember(name, reading, after);
            if reading.is_down() {
                down.push(match &interface.alias {
                    Some(alias) if alias != name => format!("{name} ({alias})"),
                    _ => name.clone(),
                });
            }
        }
        let all: Vec<interfaces::Interface> =
            links.read.iter().map(|(interface, _)| interface.clone()).collect();
        self.aliases = interfaces::aliases(&all);
        let mut standing = match all.len() {
            0 => "no interface matches".to_owned(),
            count => format!("{up} of {count} interfaces up"),
        };
        if (1..=NAMED).contains(&down.len()) {
            standing = format!("{standing}, down: {}", down.join(", "));
        }
        if links.more > 0 {
            standing = format!(
                "{standing}, {} more are not kept ({DEVICE_SERIES_LIMIT} series a device): choose with \
                 `interfaces`",
                links.more
            );
        }
        self.standing = Some(standing);
    }

    fn observation(self) -> Observation {
        let mut parts = vec![summary(&self.host)];
        parts.extend(self.standing);
        let shown = self.metrics.iter().filter(|metric| metric.instance.is_none()).take(NAMED);
        parts.extend(shown.map(|metric| format!("{} {}", metric.name, short(metric.value))));
        if self.began {
            parts.push("the agent began anew, no rates this time".to_owned());
        } else if self.first {
            parts.push("rates from the next poll on".to_owned());
        }
        if self.dropped > 0 {
            let dropped = self.dropped;
            parts.push(format!(
                "{dropped} more values are not kept ({SERIES_LIMIT} series a check)"
            ));
        }
        parts.retain(|part| !part.is_empty());
        if parts.is_empty() {
            parts.push("the agent answers".to_owned());
        }
        let more = self.problems.len().saturating_sub(PROBLEM_LIMIT);
        parts.extend(self.problems.into_iter().take(PROBLEM_LIMIT));
        if more > 0 {
            parts.push(format!("{more} more"));
        }
        let mut output = parts.join(", ");
        let failure = self.failure.or_else(|| self.unknown.map(session::unusable));
        if let Some(failure) = &failure {
            output = format!("{}; {output}", failure.message);
        }
        let metrics = [self.metrics, self.host, self.interfaces].concat();
        let aliases = (!self.aliases.is_empty()).then(|| Arc::new(self.aliases));
        let failure = failure.map(|failure| Failure::new(failure.kind, &output));
        Observation { failure, aliases, ..Observation::seen(output, metrics) }
    }
}

/// A number with at most two decimals.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
