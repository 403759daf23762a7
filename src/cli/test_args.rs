//! Network tests on the command line: `trace`, `dns`, `probe` from here or from an agent, and
//! `results`. What can be typed, and the test that it asks for.

use clap::{Args, Subcommand};

use super::check_keys::seconds;
use super::verb::{Ask, Past};
use crate::model::spec::TraceProtocol;
use crate::model::test::{Expect, PortProtocol};
use crate::model::{
    LookupSpec, Name, PathSpec, PortSpec, ScheduleId, Span, TestId, TestKind, TestPhase, TestSpec,
    Timestamp,
};
use crate::protocol::{Command, Query, TestFilter};
use crate::tui::zone::Zone;

/// How long an answer is waited for at an agent, unless it is said, in milliseconds.
const USUAL_MS: u32 = 2000;

/// Where a test is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct There {
    /// Run it at this agent, or at the server under its machine's name, not from here; the result
    /// is kept [default: from here, and nothing is kept]
    #[arg(long, value_name = "NAME")]
    pub agent: Option<Name>,
    /// Let it wait for an agent that is away
    #[arg(long, requires = "agent")]
    pub wait: bool,
}

/// `fluxnoc trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Address or name
    pub host: String,
    /// Rounds: every hop is asked once in each
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub count: u64,
    /// Time of one round
    #[arg(long, default_value = "1s")]
    pub interval: Span,
    /// What is sent: icmp, udp or tcp
    #[arg(long, default_value = "icmp", value_parser = protocol)]
    pub protocol: TraceProtocol,
    /// Destination port of udp [default: 33434] and tcp [default: 443]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Most hops
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub max_hops: u8,
    /// IPv4 only
    #[arg(short = '4', conflicts_with_all = ["v6", "agent"])]
    pub v4: bool,
    /// IPv6 only
    #[arg(short = '6', conflicts_with = "agent")]
    pub v6: bool,
    /// Numbers only: look up no names
    #[arg(short = 'n', long, conflicts_with = "agent")]
    pub numeric: bool,
    /// Where it is run.
    #[command(flatten)]
    pub there: There,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

fn protocol(text: &str) -> Result<TraceProtocol, String> {
    match text {
        "icmp" => Ok(TraceProtocol::Icmp),
        "udp" => Ok(TraceProtocol::Udp),
        "tcp" => Ok(TraceProtocol::Tcp),
        _ => Err("write icmp, udp or tcp".to_owned()),
    }
}

/// `fluxnoc dns`.
#[derive(Debug, Args)]
pub struct DnsArgs {
    /// The name to ask for
    pub name: String,
    /// ADDRESS or ADDRESS:PORT of a resolver, any number of times [default: the system's]
    #[arg(long = "resolver", value_name = "ADDRESS")]
    pub resolvers: Vec<String>,
    /// Record type: A AAAA CNAME MX NS PTR SOA SRV TXT CAA
    #[arg(long = "type", value_name = "TYPE", default_value = "A")]
    pub record_type: String,
    /// Time for all of it
    #[arg(short, long)]
    pub timeout: Option<String>,
    /// Where it is run.
    #[command(flatten)]
    pub there: There,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `fluxnoc probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Address or name
    pub host: String,
    /// The port
    pub port: u16,
    /// UDP instead of TCP
    #[arg(long)]
    pub udp: bool,
    /// Time for all of it
    #[arg(short, long)]
    pub timeout: Option<String>,
    /// Where it is run.
    #[command(flatten)]
    pub there: There,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

fn in_u32(field: &str, span: Span) -> Result<u32, String> {
    u32::try_from(span.millis()).map_err(|_| format!("{field}: {span} is too long"))
}

/// The time that was given, in milliseconds.
fn timeout_ms(timeout: Option<&String>) -> Result<u32, String> {
    let Some(text) = timeout else { return Ok(USUAL_MS) };
    let span = seconds(text).parse::<Span>().map_err(|why| format!("--timeout: {why}"))?;
    in_u32("--timeout", span)
}

/// A test that is to be run elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    /// Where.
    pub there: There,
    /// What.
    pub spec: TestSpec,
    /// Whether its result is wanted as JSON.
    pub json: bool,
}

impl TraceArgs {
    /// The trace as an agent runs it.
    ///
    /// # Errors
    /// A sentence that names what is out of range.
    pub fn elsewhere(self) -> Result<Elsewhere, String> {
        let spec = TestSpec::Trace(PathSpec {
            target: self.host,
            count: u32::try_from(self.count).map_err(|_| "--count: at most 1000".to_owned())?,
            interval_ms: in_u32("--interval", self.interval)?,
            protocol: self.protocol,
            port: self.port,
            max_hops: self.max_hops,
        });
        spec.check()?;
        Ok(Elsewhere { there: self.there, spec, json: self.json })
    }
}

impl DnsArgs {
    /// The timing as an agent runs it.
    ///
    /// # Errors
    /// A sentence that names what is out of range.
    pub fn elsewhere(self) -> Result<Elsewhere, String> {
        let spec = TestSpec::Dns(LookupSpec {
            hostname: self.name,
            resolvers: self.resolvers,
            record_type: self.record_type.to_ascii_uppercase(),
            timeout_ms: timeout_ms(self.timeout.as_ref())?,
        });
        spec.check()?;
        Ok(Elsewhere { there: self.there, spec, json: self.json })
    }
}

impl ProbeArgs {
    /// The probe as an agent runs it.
    ///
    /// # Errors
    /// A sentence that names what is out of range.
    pub fn elsewhere(self) -> Result<Elsewhere, String> {
        let spec = TestSpec::Probe(PortSpec {
            target: self.host,
            port: self.port,
            protocol: if self.udp { PortProtocol::Udp } else { PortProtocol::Tcp },
            timeout_ms: timeout_ms(self.timeout.as_ref())?,
            expect: Expect::Any,
        });
        spec.check()?;
        Ok(Elsewhere { there: self.there, spec, json: self.json })
    }
}

/// `fluxnoc results`.
#[derive(Debug, Args)]
pub struct ResultsArgs {
    /// What else; the list without one
    #[command(subcommand)]
    pub command: Option<ResultsCommand>,
    /// Everything of this one; others are not listed
    #[arg(value_name = "ID", conflicts_with_all = ["agent", "target", "test", "schedule", "phase", "since", "until", "limit"])]
    pub id: Option<TestId>,
    /// Only of this agent, or of the server under its machine's name
    #[arg(long, value_name = "NAME")]
    pub agent: Option<Name>,
    /// Only of this target, as it was written
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Only of this kind: speedtest, trace, probe or dns
    #[arg(long, value_name = "KIND", value_parser = test_kind)]
    pub test: Option<TestKind>,
    /// Only of the schedule with this id
    #[arg(long, value_name = "ID")]
    pub schedule: Option<ScheduleId>,
    /// Only such as are so far: queued, running, done, failed, cancelled or missed
    #[arg(long, value_name = "PHASE", value_parser = test_phase)]
    pub phase: Option<TestPhase>,
    /// Only such as were asked for since then: 14:00 (the last one), 8h (ago), 2026-02-25 (UTC) or
    /// 2026-02-25T14:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only such as were asked for before; of a day it is the last
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: Option<u32>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `fluxnoc results cancel`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ResultsCommand {
    /// Take a test back that waits, or end one that runs
    Cancel {
        /// The test's id
        id: TestId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Results that are listed when nothing is said.
const LISTED: u32 = 50;

/// A kind of test as it is typed.
pub(super) fn test_kind(text: &str) -> Result<TestKind, String> {
    text.parse().map_err(|()| "write speedtest, trace, probe or dns".to_owned())
}

fn test_phase(text: &str) -> Result<TestPhase, String> {
    text.parse().map_err(|()| "write queued, running, done, failed, cancelled or missed".to_owned())
}

fn moment(
    option: &str,
    text: &str,
    is_end: bool,
    (now, zone): (Timestamp, &Zone),
) -> Result<Timestamp, String> {
    let day = Timestamp::of_day_or_moment(text, is_end);
    let at = day.or_else(|_| text.parse::<Past>().and_then(|past| past.seen_from(now, zone)));
    at.map_err(|why| format!("{option}: {why}"))
}

/// What `fluxnoc results` asks for, and whether the answer is wanted as JSON.
///
/// # Errors
/// A sentence about a time that makes no sense.
pub fn results(args: ResultsArgs, now: Timestamp, zone: &Zone) -> Result<(Ask, bool), String> {
    if let Some(ResultsCommand::Cancel { id, json }) = args.command {
        return Ok((Ask::Do(Command::CancelTest { id }), json));
    }
    if let Some(id) = args.id {
        return Ok((Ask::Tell(Query::Test { id }), args.json));
    }
    let at = |option: &str, text: Option<String>, is_end: bool| {
        text.map(|text| moment(option, &text, is_end, (now, zone))).transpose()
    };
    let filter = TestFilter {
        agent: args.agent,
        target: args.target,
        test_type: args.test,
        schedule: args.schedule,
        phase: args.phase,
        start: at("--since", args.since, false)?,
        end: at("--until", args.until, true)?,
        before: None,
    };
    let limit = args.limit.unwrap_or(LISTED);
    Ok((Ask::Tell(Query::Tests { filter, limit }), args.json))
}
