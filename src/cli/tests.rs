//! The command line's shape.

use clap::CommandFactory as _;

use super::check_args::CheckKind;
use super::*;
use crate::config::{Machine, adhoc, keys};
use crate::model::{Check, Kind, Range, Spec};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

fn check(line: &str) -> Check {
    check_of(&line.split_whitespace().collect::<Vec<_>>())
}

fn check_of(words: &[&str]) -> Check {
    let Ok(Cli { command: Some(Command::Check(args)), .. }) = Cli::try_parse_from(words) else {
        panic!("{words:?}: {}", Cli::try_parse_from(words).unwrap_err())
    };
    let (target, keys) = args.kind.keys().unwrap();
    adhoc(args.kind.kind(), target.as_deref(), &keys.given, &Machine::default())
        .unwrap_or_else(|all| panic!("{words:?}: {all}"))
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_kind_can_be_checked_and_its_flags_are_the_files_keys() {
    let commands = Cli::command();
    let checks = commands.find_subcommand("check").unwrap();
    for kind in Kind::ALL {
        let command = checks.find_subcommand(kind.word()).unwrap_or_else(|| panic!("{kind}"));
        let flags: Vec<String> = command
            .get_arguments()
            .map(|arg| arg.get_long().map_or(arg.get_id().to_string(), str::to_owned))
            .collect();
        for key in keys::parameters(*kind) {
            let flag = key.replace('_', "-");
            // Lists and tables are given one by one; `family` is -4 and -6.
            let singular = match *key {
                "headers" => "header",
                "resolvers" => "resolver",
                "answers" => "answer",
                "metrics" if *kind == Kind::Scrape => "series",
                "values" => "path",
                "nodes" => "url",
                "token" => "token-env",
                "service_key" => "service-key-env",
                "metrics" if *kind == Kind::Fluxbase => "metrics",
                "metrics" => "metric",
                // A single run brings no rules along and shows no log.
                "rules" | "log" if *kind == Kind::Fluxbase => continue,
                "thresholds" => "threshold",
                "family" => "v4",
                "process" | "query" if *kind != Kind::Mysql => "name",
                "user" | "database" | "port" if *kind == Kind::Mysql => "url",
                "password" => "password-env",
                "community" => "community-env",
                "auth_password" => "auth-password-env",
                "privacy_password" => "privacy-password-env",
                "interfaces" => "interface",
                "host_metrics" => "only",
                _ => &flag,
            };
            assert!(flags.iter().any(|have| have == singular), "{kind}: --{flag} of {flags:?}");
        }
    }
}

#[test]
fn options_make_the_check_that_the_file_would() {
    let ping = check("fluxnoc check ping 127.0.0.1 -w 100ms,10% -c 300ms,50% -t 3 --packets 2 -4");
    assert_eq!(ping.timeout.millis(), 3000);
    assert_eq!(ping.limit("loss").unwrap().warning, Some(Range::above(10.0)));
    let http = check(
        "fluxnoc check http https://x/ -w 0.5 --header A=b --header C=d=e --status 200-299 \
         --status 404 --insecure --max-body 64KiB",
    );
    let Spec::Http(spec) = &*http.spec else { panic!() };
    assert_eq!((spec.headers.len(), spec.max_body, spec.insecure), (2, 65_536, true));
    assert_eq!(
        (spec.headers["C"].as_str(), spec.status.to_string()),
        ("d=e", "200-299,404".into())
    );
    let typed =
        ["fluxnoc", "check", "http", "https://x/", "--header", "Authorization: Basic eDp5=="];
    let http = check_of(&typed);
    let Spec::Http(spec) = &*http.spec else { panic!() };
    assert_eq!(spec.headers["Authorization"], "Basic eDp5==");
    let custom = check("fluxnoc check custom --metric q=80,90 -- /bin/echo -n x");
    assert_eq!(custom.limit("q").unwrap().critical, Some(Range::above(90.0)));
    let mysql = check("fluxnoc check mysql mysql://mon%40x@[::1]:3307/shop --password-env P");
    let Spec::Mysql(spec) = &*mysql.spec else { panic!() };
    assert_eq!((spec.user.as_str(), spec.port, &*mysql.address), ("mon@x", 3307, "[::1]"));
    let mysql = check("fluxnoc check mysql mysql://a@b -w 200ms");
    assert_eq!(mysql.limit("query_time").unwrap().warning, Some(Range::above(0.2)));
    let json = check_of(&[
        "fluxnoc",
        "check",
        "json",
        "https://x/s",
        "--path",
        "$.queue[*].n",
        "--label",
        "name",
        "--value-critical",
        "10",
        "--token-env",
        "T",
        "-w",
        "1s",
    ]);
    let Spec::Json(spec) = &*json.spec else { panic!() };
    assert_eq!(
        (spec.values[0].path.as_str(), spec.values[0].label.as_deref()),
        ("$.queue[*].n", Some("name"))
    );
    assert_eq!(
        json.limit("value").unwrap().critical,
        Some(Range { start: 0.0, end: 10.0, inverted: false })
    );
    assert_eq!(json.limit("time").unwrap().warning, Some(Range::above(1.0)));
    assert!(spec.endpoint.token.is_some());
    let scrape = check_of(&[
        "fluxnoc",
        "check",
        "scrape",
        "http://x:9100/metrics",
        "--series",
        "up{a=\"b\"}",
        "--series-warning",
        "1:",
        "--fallback",
        "text",
    ]);
    let Spec::Scrape(spec) = &*scrape.spec else { panic!() };
    assert_eq!(spec.metrics[0].series.to_string(), "up{a=\"b\"}");
    assert_eq!(scrape.limit("value").unwrap().warning, Some(Range::below(1.0)));
    let system = check("fluxnoc check system --threshold cpu_usage=1,2 --threshold io_wait=,50");
    assert_eq!(system.limit("cpu_usage").unwrap().warning, Some(Range::above(1.0)));
}

#[test]
fn what_is_wrong_is_said_with_the_options_name() {
    let words = |line: &str| {
        let Ok(Cli { command: Some(Command::Check(args)), .. }) = parse(line) else { panic!() };
        let (target, keys) = args.kind.keys().unwrap();
        let all = adhoc(args.kind.kind(), target.as_deref(), &keys.given, &Machine::default());
        all.unwrap_err().list.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let all = words("fluxnoc check tcp 127.0.0.1 80 -w 5x -t 1y");
    assert!(all[0].starts_with("--warning: `5x` is not a threshold"), "{all:?}");
    assert!(all[1].starts_with("--timeout: `1y` is not a duration"), "{all:?}");
    let http = words("fluxnoc check http example.com");
    assert!(http[0].starts_with("URL: `example.com` must begin with http"), "{http:?}");
    let ping = words("fluxnoc check ping a..b");
    assert!(ping[0].contains("`a..b` is no address"), "{ping:?}");
}

#[test]
fn usage_errors_of_check_are_3_and_of_the_rest_2() {
    let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
    assert!(is_check(&words("fluxnoc --config x check tcp")));
    assert!(is_check(&words("fluxnoc --read-only check tcp")));
    assert!(!is_check(&words("fluxnoc config check")));
    assert!(!is_check(&words("fluxnoc --config check trace")));
    assert!(parse("fluxnoc check tcp 127.0.0.1").is_err());
}

#[test]
fn the_kind_of_every_command_is_its_word() {
    for (line, kind) in [("ping h", Kind::Ping), ("system", Kind::System), ("dns n", Kind::Dns)] {
        let Ok(Cli { command: Some(Command::Check(args)), .. }) =
            parse(&format!("fluxnoc check {line}"))
        else {
            panic!()
        };
        assert_eq!(args.kind.kind(), kind);
        assert!(!matches!(args.kind, CheckKind::Custom(_)));
    }
}
