//! Tables: what an observation means.

use super::*;
use crate::model::spec::{CustomCommand, CustomSpec, HttpSpec, MysqlSpec, PingSpec, SystemSpec};
use crate::model::{Limit, Spec};

fn system() -> Check {
    let mut check = Check::new("db-1", "system", "127.0.0.1", Spec::System(SystemSpec::default()));
    check.limits = Check::default_limits(Kind::System);
    check
}

fn custom() -> Check {
    let command = CustomCommand::Argv(vec!["/bin/x".to_owned()]);
    let spec = CustomSpec { command, env: std::collections::BTreeMap::new() };
    Check::new("db-1", "script", "127.0.0.1", Spec::Custom(spec))
}

fn ping() -> Check {
    let mut check = Check::new("db-1", "ping", "192.0.2.1", Spec::Ping(PingSpec::default()));
    check.limits = Check::default_limits(Kind::Ping);
    check
}

fn judged(check: &Check, mut seen: Observation) -> (State, String) {
    let verdict = evaluate(check, State::Unknown, &mut seen);
    (verdict.state, verdict.output.as_str().to_owned())
}

/// OK at and below `warn`, WARNING above it up to `crit`, CRITICAL above that.
fn boundaries(metric: &str, unit: &Unit, warn: f64, crit: f64) {
    let state = |value| {
        judged(&system(), Observation::seen("", vec![Metric::new(metric, value, unit.clone())])).0
    };
    assert_eq!(state(0.0), State::Ok, "{metric}");
    assert_eq!(state(warn), State::Ok, "{metric} at {warn}");
    assert_eq!(state(warn + 0.01), State::Warning, "{metric} above {warn}");
    assert_eq!(state(crit), State::Warning, "{metric} at {crit}");
    assert_eq!(state(crit + 0.01), State::Critical, "{metric} above {crit}");
    assert_eq!(state(f64::NAN), State::Unknown, "{metric} without a value");
}

#[test]
fn fm_08_cpu_thresholds_are_strict() {
    boundaries("cpu_usage", &Unit::Percent, 75.0, 90.0);
}

#[test]
fn fm_09_memory_thresholds_are_strict() {
    boundaries("memory_usage", &Unit::Percent, 80.0, 95.0);
}

#[test]
fn fm_10_disk_thresholds_are_strict_and_the_worst_filesystem_wins() {
    boundaries("disk_usage", &Unit::Percent, 80.0, 90.0);
    let disk = |mount: &str, value| Metric::new("disk_usage", value, Unit::Percent).of(mount);
    let seen =
        Observation::seen("3 disks", vec![disk("/", 12.0), disk("/var", 83.0), disk("/srv", 91.5)]);
    assert_eq!(
        judged(&system(), seen),
        (
            State::Critical,
            "disk_usage[/srv] 91.5 % (> 90); disk_usage[/var] 83 % (> 80); 3 disks".to_owned()
        )
    );
}

#[test]
fn fm_11_io_wait_thresholds_are_strict() {
    boundaries("io_wait", &Unit::Percent, 20.0, 40.0);
}

#[test]
fn fm_12_network_error_rate_thresholds_are_strict() {
    boundaries("network_error_rate", &Unit::Percent, 1.0, 5.0);
}

#[test]
fn fm_12_a_rate_that_a_first_run_cannot_know_is_no_problem() {
    let seen = Observation::seen("ok", vec![Metric::new("cpu_usage", 1.0, Unit::Percent)]);
    assert_eq!(judged(&system(), seen).0, State::Ok);
}

#[test]
fn fm_13_load_is_judged_per_core_and_unknown_without_cores() {
    boundaries("load1_per_core", &Unit::Count, 2.0, 4.0);
    let seen = Observation::seen("", vec![Metric::new("load1_per_core", f64::NAN, Unit::Count)]);
    assert_eq!(judged(&system(), seen), (State::Unknown, "load1_per_core has no value".to_owned()));
}

#[test]
fn fm_03_all_within_limits_is_ok_and_says_what_the_probe_said() {
    let metrics =
        vec![Metric::new("rtt", 0.012, Unit::Seconds), Metric::new("loss", 0.0, Unit::Percent)];
    let seen = Observation::seen("rtt 12 ms, 0 % lost", metrics);
    assert_eq!(judged(&ping(), seen), (State::Ok, "rtt 12 ms, 0 % lost".to_owned()));
}

#[test]
fn fm_04_one_metric_in_its_warning_range_is_warning() {
    let metrics =
        vec![Metric::new("rtt", 0.2005, Unit::Seconds), Metric::new("loss", 0.0, Unit::Percent)];
    let seen = Observation::seen("5 packets", metrics);
    assert_eq!(
        judged(&ping(), seen),
        (State::Warning, "rtt 200.5 ms (> 200); 5 packets".to_owned())
    );
}

#[test]
fn fm_06_what_could_not_be_checked_is_unknown_and_names_connectivity() {
    for kind in [
        FailureKind::Unreachable,
        FailureKind::NoRoute,
        FailureKind::Resolve,
        FailureKind::Denied,
        FailureKind::Missing,
        FailureKind::Plugin,
        FailureKind::Local,
        FailureKind::Config,
        FailureKind::Internal,
        FailureKind::Stale,
    ] {
        let (state, text) = judged(&ping(), Observation::failed(Failure::new(kind, "no luck")));
        assert_eq!(state, State::Unknown, "{kind:?}");
        assert!(text.starts_with("no luck; ") && text.contains("connectivity"), "{text}");
    }
    let mut exit_3 = Observation::seen("DISK UNKNOWN", Vec::new());
    exit_3.claimed = Some(State::Unknown);
    let (state, text) = judged(&custom(), exit_3);
    assert_eq!(state, State::Unknown);
    assert!(text.starts_with("DISK UNKNOWN; ") && text.contains("connectivity"), "{text}");
}

#[test]
fn d_27_a_bad_service_is_critical() {
    for kind in [
        FailureKind::Timeout,
        FailureKind::Refused,
        FailureKind::Tls,
        FailureKind::Protocol,
        FailureKind::Mismatch,
        FailureKind::Login,
        FailureKind::TooLarge,
    ] {
        let seen = Observation::failed(Failure::new(kind, "refused by 10.0.0.1:3306"));
        let expected = (State::Critical, "refused by 10.0.0.1:3306".to_owned());
        assert_eq!(judged(&ping(), seen), expected, "{kind:?}");
    }
}

#[test]
fn d_27_no_answer_is_unknown_unless_the_host_says_critical() {
    let verdict = |unreachable| {
        let mut seen = Observation::failed(Failure::new(FailureKind::Unreachable, "no answer"));
        // All lost is "unreachable", never "loss above its limit".
        seen.metrics = vec![Metric::new("loss", 100.0, Unit::Percent)];
        let state = evaluate(&ping(), unreachable, &mut seen).state;
        assert_eq!(seen.metrics[0].critical, Some(Range::above(60.0)), "graphs show the range");
        state
    };
    assert_eq!(verdict(State::Unknown), State::Unknown);
    assert_eq!(verdict(State::Warning), State::Unknown);
    assert_eq!(verdict(State::Ok), State::Unknown);
    assert_eq!(verdict(State::Critical), State::Critical);
}

#[test]
fn d_27_ping_without_thresholds_has_the_documented_ones() {
    let state = |rtt, loss| {
        let metrics =
            vec![Metric::new("rtt", rtt, Unit::Seconds), Metric::new("loss", loss, Unit::Percent)];
        judged(&ping(), Observation::seen("", metrics)).0
    };
    assert_eq!(state(0.2, 20.0), State::Ok);
    assert_eq!(state(0.201, 0.0), State::Warning);
    assert_eq!(state(0.01, 40.0), State::Warning);
    assert_eq!(state(0.5, 60.0), State::Warning);
    assert_eq!(state(0.501, 0.0), State::Critical);
    assert_eq!(state(0.01, 80.0), State::Critical);
}

#[test]
fn d_25_interval_timeout_attempts_and_retry_are_the_documented_ones() {
    let check = ping();
    assert_eq!(check.interval.to_string(), "1m");
    assert_eq!(check.timeout.to_string(), "10s");
    assert_eq!(check.retry.to_string(), "15s");
    assert_eq!(check.attempts, 3);
}

#[test]
fn d_06_critical_wins_over_unknown_wins_over_warning() {
    let metric = |name, value| Metric::new(name, value, Unit::Percent);
    let mut metrics = vec![metric("cpu_usage", 80.0), metric("memory_usage", f64::NAN)];
    let unknown = judged(&system(), Observation::seen("", metrics.clone()));
    assert_eq!(unknown.0, State::Unknown);
    assert_eq!(unknown.1, "memory_usage has no value; cpu_usage 80 % (> 75)");
    metrics.push(metric("io_wait", 50.0));
    assert_eq!(judged(&system(), Observation::seen("", metrics)).0, State::Critical);
}

#[test]
fn a_plugin_is_made_worse_by_a_limit_but_never_better() {
    let mut check = custom();
    check.limits = vec![Limit::new("queue", Some(Range::above(10.0)), Some(Range::above(20.0)))];
    let state = |claimed, value| {
        let mut seen = Observation::seen("said", vec![Metric::new("queue", value, Unit::Count)]);
        seen.claimed = Some(claimed);
        judged(&check, seen).0
    };
    assert_eq!(state(State::Critical, 0.0), State::Critical);
    assert_eq!(state(State::Ok, 15.0), State::Warning);
    assert_eq!(state(State::Warning, 25.0), State::Critical);
    assert_eq!(state(State::Unknown, 15.0), State::Unknown);
}

#[test]
fn a_number_that_the_operator_named_must_be_there() {
    let mut script = custom();
    script.limits = vec![Limit::new("queue", Some(Range::above(10.0)), None)];
    let claims = |claimed| {
        let mut seen = Observation::seen("said", Vec::new());
        seen.claimed = Some(claimed);
        judged(&script, seen)
    };
    assert_eq!(claims(State::Ok), (State::Unknown, "metric queue is missing; said".to_owned()));
    assert_eq!(claims(State::Critical), (State::Critical, "said".to_owned()));
    let spec = MysqlSpec {
        user: "m".to_owned(),
        password: None,
        port: 3306,
        socket: None,
        database: None,
        tls: crate::model::spec::MysqlTls::Prefer,
        query: None,
    };
    let mut mysql = Check::new("db-1", "mysql", "127.0.0.1", Spec::Mysql(spec));
    mysql.limits = vec![Limit::new("result", None, Some(Range::below(1.0)))];
    assert_eq!(judged(&mysql, Observation::seen("ok", Vec::new())).0, State::Unknown);
}

#[test]
fn a_certificate_is_judged_where_there_is_one() {
    let mut check = Check::new("w", "http", "w", Spec::Http(HttpSpec::get("http://w/")));
    check.limits = Check::default_limits(Kind::Http);
    assert_eq!(judged(&check, Observation::seen("HTTP 200", Vec::new())).0, State::Ok);
    let days = |days| {
        let metric = Metric::new("certificate_days", days, Unit::Other("d".into()));
        judged(&check, Observation::seen("HTTP 200", vec![metric]))
    };
    assert_eq!(days(21.0).0, State::Ok);
    assert_eq!(days(3.0), (State::Critical, "certificate_days 3 d (< 7); HTTP 200".to_owned()));
}

#[test]
fn the_ranges_of_a_plugin_stay_where_no_limit_is() {
    let mut metric = Metric::new("queue", 5.0, Unit::Count);
    metric.warning = Some(Range::above(3.0));
    let mut seen = Observation::seen("", vec![metric]);
    seen.claimed = Some(State::Ok);
    assert_eq!(evaluate(&custom(), State::Unknown, &mut seen).state, State::Ok);
    assert_eq!(seen.metrics[0].warning, Some(Range::above(3.0)));
}

#[test]
fn reasons_show_why_even_when_it_is_close_and_in_units_of_people() {
    let say = |value, unit, limit: &str| {
        let mut check = custom();
        check.limits = vec![Limit::new("x", limit.parse().ok(), None)];
        let mut seen = Observation::seen("", vec![Metric::new("x", value, unit)]);
        seen.claimed = Some(State::Ok);
        judged(&check, seen).1
    };
    assert_eq!(say(75.0001, Unit::Percent, "75"), "x 75.0001 % (> 75)");
    assert_eq!(say(0.612, Unit::Seconds, "0.07"), "x 612 ms (> 70)");
    assert_eq!(say(7200.0, Unit::Seconds, "3600"), "x 7200 s (> 3600)");
    assert_eq!(say(3.0 * 1_073_741_824.0, Unit::Bytes, "2147483648"), "x 3 GiB (> 2)");
    assert_eq!(say(2.5e6, Unit::BitsPerSecond, "1000000"), "x 2.5 Mbit/s (> 1)");
    assert_eq!(say(3.0, Unit::Count, "5:"), "x 3 (< 5)");
    assert_eq!(say(1.0, Unit::Count, "@1:2"), "x 1 (inside 1:2)");
    assert_eq!(say(-1.0, Unit::Count, "10"), "x -1 (< 0)");
}

#[test]
fn many_reasons_are_counted() {
    let disks: Vec<Metric> = (0..9)
        .map(|n| Metric::new("disk_usage", 95.0, Unit::Percent).of(&format!("/{n}")))
        .collect();
    let (state, text) = judged(&system(), Observation::seen("", disks));
    assert_eq!(state, State::Critical);
    assert!(text.ends_with("disk_usage[/4] 95 % (> 90); 4 more"), "{text}");
}

#[test]
fn an_answer_of_no_use_says_nothing_of_connectivity() {
    let seen = Observation::failed(Failure::new(FailureKind::Unreadable, "no JSON"));
    assert_eq!(judged(&system(), seen), (State::Unknown, "no JSON; check not made".to_owned()));
}

#[test]
fn fm_01_a_level_that_an_agent_does_not_give_is_missing_and_a_counter_is_not() {
    use crate::model::Secret;
    use crate::model::snmp::{SnmpEntry, SnmpLogin, SnmpSpec};
    let entry = |name: &str, counts| SnmpEntry {
        name: name.to_owned(),
        oid: "1.3.6.1.2.1".parse().unwrap(),
        label: None,
        unit: Unit::Count,
        scale: 1.0,
        counts,
    };
    let mut spec = SnmpSpec::new(SnmpLogin::V2c(Secret::Inline("public".to_owned())));
    spec.get = vec![entry("fans", SnmpType::Gauge), entry("octets", SnmpType::Counter)];
    spec.walk = vec![entry("temperature", SnmpType::Gauge)];
    let mut check = Check::new("sw-1", "snmp", "192.0.2.1", Spec::Snmp(Box::new(spec)));
    check.limits = ["fans", "octets", "temperature", "other"]
        .map(|metric| Limit { metric: metric.into(), thresholds: Thresholds::above(1.0, 2.0) })
        .into();
    let (state, output) = judged(&check, Observation::seen("up", vec![]));
    assert_eq!(state, State::Unknown);
    assert_eq!(output, "metric fans is missing; metric temperature is missing; up");
}

#[test]
fn values_are_told_in_the_unit_of_people() {
    let told = |value, unit: Unit| plain(&Metric::new("x", value, unit));
    assert_eq!(told(60.0, Unit::Seconds), "x 60 s");
    assert_eq!(told(59.9, Unit::Seconds), "x 59900 ms");
    assert_eq!(told(1023.0, Unit::Bytes), "x 1023 B");
    assert_eq!(told(1024.0, Unit::Bytes), "x 1 KiB");
    assert_eq!(told(1_000_000.0, Unit::BitsPerSecond), "x 1 Mbit/s");
}

#[test]
fn a_value_just_beyond_its_limit_is_shown_beyond_it_in_its_unit() {
    let slow = Metric::new("time", 0.200_004_9, Unit::Seconds);
    let limits = Thresholds { warning: None, critical: Some(Range::above(0.2)) };
    assert_eq!(reason(&slow, &limits, State::Critical), "time 200.005 ms (> 200)");
    let quick = Metric::new("time", 0.1, Unit::Seconds);
    let limits = Thresholds { warning: None, critical: Some(Range::below(0.2)) };
    assert_eq!(reason(&quick, &limits, State::Critical), "time 100 ms (< 200)");
}
