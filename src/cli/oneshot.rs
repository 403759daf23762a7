//! One test from here, now: `check`, `dns`, `probe` and `trace`. No engine, no store.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::args::CheckArgs;
use super::check_args::CheckKind;
use super::check_keys::{Keys, seconds};
use super::test_args::{DnsArgs, ProbeArgs, TraceArgs};
use super::{machine, print, trace_table};
use crate::config::{Given, Problems, adhoc, toml_text, valid_target};
use crate::model::spec::{Family, TraceSpec};
use crate::model::{Check, CheckKey, Kind, Metric, Observation, SafeText, State};
use crate::probe::{self, Context, Memory, Shared, trace};
use crate::rules::{Verdict, evaluate};

/// How long a name lookup of `trace` may take.
const LOOKUP: Duration = Duration::from_secs(10);

/// `fluxnoc check`: prints a plugin line, exits with 0 to 3.
#[must_use]
pub fn check(args: &CheckArgs) -> ExitCode {
    let kind = args.kind.kind();
    let common = args.kind.common();
    let made = args.kind.keys().map_err(|why| vec![why]).and_then(|(target, keys)| {
        let unreachable = unreachable(&common.unreachable).map_err(|why| vec![why])?;
        let check = make(&args.kind, target.as_deref(), &keys)?;
        Ok((check, unreachable))
    });
    let (check, unreachable) = match made {
        Ok(made) => made,
        Err(problems) => {
            // A scheduler of plugins reads stdout only.
            print::out(&plugin_line(kind, State::Unknown, &problems.join("; "), &[], ""));
            return ExitCode::from(State::Unknown.exit_code());
        }
    };
    let (verdict, seen) = match observe(&check, unreachable) {
        Ok(done) => done,
        Err(error) => {
            let why = format!("cannot start: {error}");
            print::out(&plugin_line(kind, State::Unknown, &why, &[], ""));
            return ExitCode::from(State::Unknown.exit_code());
        }
    };
    if common.json {
        print::json(&result_json(&check, &verdict, &seen));
    } else {
        let output = verdict.output.as_str();
        print::out(&plugin_line(kind, verdict.state, output, &seen.metrics, seen.long.as_str()));
    }
    ExitCode::from(verdict.state.exit_code())
}

fn unreachable(word: &str) -> Result<State, String> {
    match word {
        "unknown" => Ok(State::Unknown),
        "critical" => Ok(State::Critical),
        _ => Err("--unreachable: write unknown or critical".to_owned()),
    }
}

/// The check that the options describe.
fn make(kind: &CheckKind, target: Option<&str>, keys: &Keys) -> Result<Check, Vec<String>> {
    let mut check =
        adhoc(kind.kind(), target, &keys.given, &machine::this()).map_err(|all| messages(&all))?;
    match kind {
        // Without an address the probe asks the system's resolvers.
        CheckKind::Dns(_) => check.address = "".into(),
        // The address holds for the URL's host, as for a monitored host of that name.
        CheckKind::Http(args) if args.address.is_some() => {
            let url = url::Url::parse(&args.url).ok();
            let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
            let name = host.trim_start_matches('[').trim_end_matches(']');
            check.key = CheckKey::new(name, check.key.name);
        }
        _ => {}
    }
    Ok(check)
}

/// The problems as they concern what was typed; an address is always the argument `HOST`.
fn messages(problems: &Problems) -> Vec<String> {
    let worded = |message: &String| match message.strip_prefix("address: ") {
        Some(rest) => format!("HOST: {rest}"),
        None => message.clone(),
    };
    problems.list.iter().map(|problem| worded(&problem.message)).collect()
}

/// Runs a check once and judges it.
fn observe(check: &Check, unreachable: State) -> std::io::Result<(Verdict, Observation)> {
    run(async |shared| {
        let context = Context::new(&shared, check.timeout.to_std());
        let mut memory = Memory::default();
        let mut seen = Box::pin(probe::run(check, &context, &mut memory)).await;
        let verdict = evaluate(check, unreachable, &mut seen);
        (verdict, seen)
    })
}

/// Runs a future on a runtime of its own, with the shared sockets.
fn run<T, F: Future<Output = T>>(work: impl FnOnce(Arc<Shared>) -> F) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Shared::start()?;
    let done = runtime.block_on(work(shared));
    // A name lookup may hang in the C library beyond its deadline; nobody waits for it.
    runtime.shutdown_background();
    Ok(done)
}

/// `PING OK - 3 ms | rtt=0.003s`, then the long output. `|` separates, so it cannot be in texts.
fn plugin_line(kind: Kind, state: State, output: &str, metrics: &[Metric], long: &str) -> String {
    let plain = |text: &str| SafeText::text(text).to_string().replace('|', "/");
    let first = SafeText::line(output).to_string().replace('|', "/");
    let mut line = format!("{} {state} - {first}", kind.word().to_uppercase());
    if !metrics.is_empty() {
        let tokens: Vec<String> = metrics.iter().map(Metric::perfdata).collect();
        line.push_str(" | ");
        // Names in it may be the target's.
        line.push_str(&print::safe_line(&tokens.join(" ").replace(['\n', '\r'], " ")));
    }
    if !long.is_empty() {
        line.push('\n');
        line.push_str(&plain(long));
    }
    line
}

fn result_json(check: &Check, verdict: &Verdict, seen: &Observation) -> serde_json::Value {
    json!({
        "kind": check.kind(),
        "target": &*check.address,
        "state": verdict.state,
        "output": verdict.output,
        "long": seen.long,
        "duration_ms": millis(seen.duration_us),
        "failure": seen.failure.as_ref().map(|failure| failure.kind),
        "metrics": seen.metrics,
    })
}

#[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// `fluxnoc dns`: one line for each resolver; 1 when one of them failed.
#[must_use]
pub fn dns(args: &DnsArgs) -> ExitCode {
    let mut given = vec![
        one("query", toml_text(&args.name), "NAME"),
        one("type", toml_text(&args.record_type.to_ascii_uppercase()), "--type"),
    ];
    if !args.resolvers.is_empty() {
        let list: Vec<String> = args.resolvers.iter().map(|text| toml_text(text)).collect();
        given.push(one("resolvers", format!("[{}]", list.join(", ")), "--resolver"));
    }
    let made = plain_check(Kind::Dns, None, given, args.timeout.as_ref());
    tell(made.map(|check| Check { address: "".into(), ..check }), args.json)
}

/// `fluxnoc probe`: is the port open? 1 when not.
#[must_use]
pub fn probe(args: &ProbeArgs) -> ExitCode {
    let kind = if args.udp { Kind::Udp } else { Kind::Tcp };
    let given = vec![one("port", args.port.to_string(), "PORT")];
    tell(plain_check(kind, Some(&args.host), given, args.timeout.as_ref()), args.json)
}

fn one(key: &'static str, value: String, shown: &str) -> Given {
    Given { key, value, shown: shown.to_owned() }
}

fn plain_check(
    kind: Kind,
    target: Option<&str>,
    mut given: Vec<Given>,
    timeout: Option<&String>,
) -> Result<Check, Problems> {
    if let Some(timeout) = timeout {
        given.push(one("timeout", toml_text(&seconds(timeout)), "--timeout"));
    }
    adhoc(kind, target, &given, &machine::this())
}

/// Runs the check and prints what it saw; 2 when it could not be made from the arguments.
fn tell(made: Result<Check, Problems>, json: bool) -> ExitCode {
    let check = match made {
        Ok(check) => check,
        Err(problems) => {
            for message in messages(&problems) {
                print::error(&message);
            }
            return ExitCode::from(2);
        }
    };
    let (verdict, seen) = match observe(&check, State::Unknown) {
        Ok(done) => done,
        Err(error) => {
            print::error(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if json {
        print::json(&result_json(&check, &verdict, &seen));
    } else {
        if !seen.long.is_empty() {
            print::out(seen.long.as_str());
        }
        print::out(verdict.output.as_str());
    }
    if seen.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// `fluxnoc trace`: a table of hops, or JSON; 1 when the target does not answer.
#[must_use]
pub fn trace(args: &TraceArgs) -> ExitCode {
    if let Err(why) = valid_target(&args.host).and_then(|()| trace_options(args)) {
        print::error(&why);
        return ExitCode::from(2);
    }
    let spec = TraceSpec {
        protocol: args.protocol,
        port: args.port,
        max_hops: args.max_hops,
        round: args.interval,
        family: match (args.v4, args.v6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Auto,
        },
    };
    let traced = run(async |shared| {
        let context = Context::new(&shared, LOOKUP);
        trace::trace_once(&args.host, &spec, args.count, !args.numeric, &context).await
    });
    let report = match traced {
        Ok(Ok(report)) => report,
        Ok(Err(failure)) => {
            print::error(failure.message.as_str());
            return ExitCode::FAILURE;
        }
        Err(error) => {
            print::error(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if args.json {
        print::json(&trace_table::json(&report));
    } else {
        print::out(&trace_table::table(&report));
    }
    if report.reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn trace_options(args: &TraceArgs) -> Result<(), String> {
    let bounds = crate::model::Span::from_millis(100)..=crate::model::Span::from_secs(60);
    if !bounds.contains(&args.interval) {
        return Err(format!("--interval: {} is not within 100ms to 1m", args.interval));
    }
    if args.port.is_some() && args.protocol == crate::model::spec::TraceProtocol::Icmp {
        return Err("--port has no meaning for icmp; write --protocol udp or tcp".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Range, Unit};

    #[test]
    fn a_plugin_line_has_one_bar_and_its_long_output_below() {
        let mut time = Metric::new("time", 0.25, Unit::Seconds);
        time.warning = Some(Range::above(0.2));
        let line =
            plugin_line(Kind::Http, State::Warning, "a|b\u{1b}[2J", &[time], "first|x\nsecond");
        assert_eq!(line, "HTTP WARNING - a/b␛[2J | time=0.25s;~:0.2\nfirst/x\nsecond");
        assert_eq!(plugin_line(Kind::Tcp, State::Ok, "open", &[], ""), "TCP OK - open");
    }
}
