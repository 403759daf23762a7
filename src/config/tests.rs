//! The configuration's behaviour on small texts; whole files are in `tests/config.rs`.

use proptest::prelude::*;

use super::*;
use crate::model::{Kind, Range, Secret, Span, Spec, State};

fn machine() -> Machine {
    Machine { hostname: "noc".to_owned(), addresses: Vec::new() }
}

pub(super) fn read(text: &str) -> Config {
    parse("c", text, &machine(), &Env::default()).unwrap_or_else(|all| panic!("{all}"))
}

pub(super) fn problems(text: &str) -> Vec<String> {
    let all = parse("c", text, &machine(), &Env::default()).expect_err("should be refused");
    all.list.iter().map(ToString::to_string).collect()
}

#[test]
fn fs_05_a_demonstration_has_the_looks_of_a_configuration_and_tells_nobody() {
    let text = "[console]\ntheme = \"dusk\"\n[keys]\nack = \"x\"\n[store]\nmax_size = \"1GiB\"\n\
        [alerting]\ncontact_list = \"All\"\n[watchdog]\nurl = \"http://w/\"\n\
        [[channel]]\nname = \"pager\"\nkind = \"webhook\"\nurl = \"http://p/\"\n\
        [[contact_list]]\nname = \"All\"\nchannels = [\"pager\"]\n\
        [[action]]\nname = \"ticket\"\ncommand = [\"x\"]\n";
    let own = read(&(text.to_owned() + &one("kind = \"system\"")));
    assert!(own.routes.watchdog.is_some() && !own.routes.channels.is_empty());
    let (hosts, checks) = (vec![Host::new("made-up", "192.0.2.1")], Vec::new());
    let demo = own.for_demo(hosts, checks);
    assert_eq!(demo.routes, crate::model::Routes::default());
    assert_eq!(demo.settings.console.theme, "dusk");
    assert_eq!((demo.keys.bindings.len(), demo.keys.actions.len()), (1, 0));
    let said = demo.effective();
    assert!(said.starts_with("# demo: "), "{said}");
    assert!(said.contains("theme = \"dusk\"  # c:2") && said.contains("made-up"), "{said}");
    for gone in ["1GiB", "pager", "watchdog", "ticket", "\"All\"", "no configuration file"] {
        assert!(!said.contains(gone), "{gone}: {said}");
    }
}

/// One host with one check of these keys.
fn one(keys: &str) -> String {
    format!("[[host]]\nname = \"h\"\naddress = \"127.0.0.1\"\n[[host.check]]\n{keys}\n")
}

#[test]
fn d_25_a_check_that_says_nothing_runs_every_60_s_with_10_s_timeout_and_3_attempts_15_s_apart() {
    let check = read(&one("kind = \"ping\"")).checks.remove(0);
    assert_eq!(check.interval, Span::from_secs(60));
    assert_eq!(check.timeout, Span::from_secs(10));
    assert_eq!((check.attempts, check.retry), (3, Span::from_secs(15)));
    let quick = read(&one("kind = \"ping\"\ninterval = \"5s\"")).checks.remove(0);
    assert_eq!((quick.timeout, quick.retry), (Span::from_secs(5), Span::from_secs(5)));
}

#[test]
fn d_27_ping_without_thresholds_warns_at_200_ms_or_20_per_cent() {
    let check = read(&one("kind = \"ping\"")).checks.remove(0);
    let rtt = check.limit("rtt").unwrap();
    let loss = check.limit("loss").unwrap();
    assert_eq!((rtt.warning, rtt.critical), (Some(Range::above(0.2)), Some(Range::above(0.5))));
    assert_eq!((loss.warning, loss.critical), (Some(Range::above(20.0)), Some(Range::above(60.0))));
}

#[test]
fn d_27_unreachable_is_unknown_unless_said_per_host_or_globally() {
    let text = "[defaults]\nunreachable = \"critical\"\n[[host]]\nname = \"a\"\n\
                [[host]]\nname = \"b\"\nunreachable = \"unknown\"\n";
    let hosts = read(text).hosts;
    assert_eq!([hosts[0].unreachable, hosts[1].unreachable], [State::Critical, State::Unknown]);
    assert_eq!(read("[[host]]\nname = \"a\"").hosts[0].unreachable, State::Unknown);
}

#[test]
fn fm_08_to_13_system_has_the_six_default_thresholds_and_each_can_be_replaced() {
    let check =
        read(&one("kind = \"system\"\nthresholds = { cpu_usage = [50, 60], io_wait = [] }"))
            .checks
            .remove(0);
    assert_eq!(check.limit("cpu_usage").unwrap().warning, Some(Range::above(50.0)));
    assert_eq!(check.limit("memory_usage").unwrap().critical, Some(Range::above(95.0)));
    assert_eq!(check.limit("io_wait"), None);
    assert_eq!(check.limits.len(), 5);
}

#[test]
fn a_misspelt_key_is_refused_with_a_suggestion() {
    let all = problems("[[host]]\nname = \"a\"\n adress = \"x\"\n");
    assert_eq!(all.len(), 1);
    assert!(
        all[0].starts_with(
            "c:3:2: unknown key `adress` in [[host]]; did you mean `address`? allowed: "
        ),
        "{all:?}"
    );
}

#[test]
fn kinds_take_the_documents_names_and_misspelt_ones_get_a_hint() {
    let check = read(&one("kind = \"check_tcp\"\nport = 22")).checks.remove(0);
    assert_eq!((check.kind(), &*check.key.name), (Kind::Tcp, "tcp"));
    let all = problems(&one("kind = \"htp\""));
    assert!(all[0].contains("did you mean `http`?"), "{all:?}");
}

#[test]
fn one_bad_entry_hides_no_other() {
    let text = "[store]\nmax_size = \"4 gigs\"\n[[host]]\nnam = \"a\"\n[[host]]\nname = \"b\"\n\
                [[host.check]]\nkind = \"http\"\nurl = \"ftp://x\"\ntimeout = \"2m\"\n\
                [[host.check]]\nkind = \"tcp\"\nport = 70000\n[[check]]\nhosts = \"a[\"\nkind = \"ping\"\n";
    let lines: Vec<String> =
        problems(text).iter().map(|p| p.split(':').nth(1).unwrap().to_owned()).collect();
    assert_eq!(lines, ["2", "3", "4", "9", "10", "13", "15"]);
}

#[test]
fn a_syntax_error_is_said_once_and_hides_nothing_elsewhere() {
    let text =
        "[[host]]\nname = \"a\"\naddress = 10.0.0.1\n[[host]]\nname = \"b\"\nadress = \"x\"\n";
    let all = problems(text);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("c:3:") && all[1].starts_with("c:6:1: unknown key"), "{all:?}");
}

#[test]
fn f29_times_are_bounded_and_no_timeout_or_retry_exceeds_the_interval() {
    for (keys, words) in [
        ("interval = \"0s\"", "is not within 1s to 7d"),
        ("interval = \"1ms\"", "is not within 1s to 7d"),
        ("interval = \"100w\"", "is not within 1s to 7d"),
        ("interval = \"5s\"\ntimeout = \"6s\"", "longer than the interval of 5s"),
        ("interval = \"5s\"\nretry = \"6s\"", "longer than the interval of 5s"),
        ("interval = 60", "expected a duration in quotes"),
        ("attempts = 0", "is not within 1 to 100"),
        ("attempts = 101", "is not within 1 to 100"),
        ("packets = 100\npacket_interval = \"1s\"", "not less than the timeout"),
    ] {
        let all = problems(&one(&format!("kind = \"ping\"\n{keys}")));
        assert!(all.len() == 1 && all[0].contains(words), "{keys}: {all:?}");
    }
}

#[test]
fn d_05_flapping_is_as_alerting_says_unless_the_check_says_otherwise() {
    let flapping = |alerting: &str, check: &str| {
        let text = format!("[alerting]\n{alerting}\n{}", one(&format!("kind = \"ping\"\n{check}")));
        let config = parse("c", &text, &machine(), &Env::default()).unwrap();
        config.checks[0].flapping.map(|limits| (limits.start, limits.stop))
    };
    let limits = "flapping_start = 50\nflapping_stop = 10";
    assert_eq!(flapping("", ""), Some((30, 25)));
    assert_eq!(flapping(limits, ""), Some((50, 10)));
    assert_eq!(flapping("flapping = false", ""), None);
    assert_eq!(flapping(limits, "flapping = false"), None);
    let off = format!("flapping = false\n{limits}");
    assert_eq!((flapping(&off, ""), flapping(&off, "flapping = true")), (None, Some((50, 10))));
    for (alerting, words) in [
        ("flapping = 1", "c:2:12: alerting.flapping: expected true or false"),
        ("flapping_start = 0", "c:2:18: alerting.flapping_start: 0 is not within 1 to 99"),
        ("flapping_stop = 31", "flapping_stop of 31 is above flapping_start of 30"),
        ("flaping = true", "c:2:1: unknown key `alerting.flaping`"),
    ] {
        let all = problems(&format!("[alerting]\n{alerting}"));
        assert!(all.len() == 1 && all[0].contains(words), "{alerting}: {all:?}");
    }
}

#[test]
fn thresholds_are_refused_where_they_make_no_sense() {
    for (keys, words) in [
        ("kind = \"ping\"\nwarning = \"600ms\"", "lies beyond critical 500ms"),
        ("kind = \"ping\"\nwarning = \"100,20%\"", "has no unit"),
        ("kind = \"ping\"\nwarning = \"200ms,90%\"", "for loss"),
        ("kind = \"tcp\"\nport = 1\nwarning = \"2s\"\ncritical = \"1s\"", "lies beyond"),
        ("kind = \"custom\"\nshell = \"x\"\nwarning = \"5\"", "exit code"),
        ("kind = \"system\"\nwarning = \"5\"", "thresholds ="),
        ("kind = \"system\"\nthresholds = { cpu_usge = [1, 2] }", "did you mean `cpu_usage`?"),
        ("kind = \"system\"\nthresholds = { cpu_usage = [90, 75] }", "lies beyond"),
        (
            "kind = \"process\"\nprocess = \"x\"\ncount = \"1:\"\ncritical = \"2:\"",
            "same as critical",
        ),
        (
            "kind = \"http\"\nurl = \"http://x\"\ncertificate_warning = \"3d\"",
            "lies beyond critical 7d",
        ),
        ("kind = \"mysql\"\nuser = \"u\"\nresult_warning = 5", "judges the result"),
    ] {
        let all = problems(&one(keys));
        assert!(all.len() == 1 && all[0].contains(words), "{keys}: {all:?}");
    }
}

#[test]
fn local_kinds_need_this_machine() {
    let text =
        "[[host]]\nname = \"db\"\naddress = \"192.0.2.1\"\n[[host.check]]\nkind = \"system\"\n";
    assert!(problems(text)[0].starts_with("c:4:1: `system` looks at the machine it runs on"));
    let shared = "[[host]]\nname = \"a\"\naddress = \"192.0.2.1\"\n[[host]]\nname = \"noc\"\n\
                  [[check]]\nhosts = \"*\"\nkind = \"process\"\nprocess = \"x\"\n";
    assert_eq!(problems(shared).len(), 1);
    assert_eq!(read(&shared.replace("\"*\"", "\"noc\"")).checks.len(), 1);
}

#[test]
fn shared_checks_spread_and_duplicates_are_refused_naming_the_first() {
    let text = "[[host]]\nname = \"db-1\"\n[[host]]\nname = \"db-2\"\n[[host]]\nname = \"web\"\n\
                [[check]]\nhosts = [\"db-*\"]\nkind = \"ping\"\n";
    let config = read(text);
    let keys: Vec<String> = config.checks.iter().map(|check| check.key.to_string()).collect();
    assert_eq!(keys, ["db-1/ping", "db-2/ping"]);
    assert_eq!(config.checks[0].origin.as_deref(), Some("c:7"));
    let twice = format!("{text}[[check]]\nhosts = \"db-1\"\nkind = \"ping\"\n");
    let all = problems(&twice);
    assert!(all[0].contains("check `db-1/ping` exists already, in line 7"), "{all:?}");
    let hosts = problems("[[host]]\nname = \"a\"\n[[host]]\nname = \"a\"\n");
    assert!(hosts[0].contains("host `a` exists already, in line 2"), "{hosts:?}");
    let nobody = read("[[check]]\nhosts = \"x\"\nkind = \"ping\"\n");
    assert!(nobody.warnings[0].message.contains("matches no host"));
}

#[test]
fn an_inline_password_is_accepted_warned_about_and_never_shown() {
    let text = one("kind = \"mysql\"\nuser = \"u\"\npassword = \"hunter2\"");
    let config = read(&text);
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].to_string().starts_with("c:7:12: password is readable"));
    assert!(!config.effective().contains("hunter2"));
    let Spec::Mysql(spec) = &*config.checks[0].spec else { panic!() };
    assert_eq!(spec.password, Some(Secret::Inline("hunter2".to_owned())));
    let url = problems(&one("kind = \"http\"\nurl = \"http://u:hunter2@x/\""));
    assert!(!url[0].contains("hunter2") && url[0].contains("login"), "{url:?}");
}

#[test]
fn settings_come_from_defaults_file_environment_and_flags_in_that_order() {
    let mut env = Env::default();
    env.variables.insert("FLUXNOC_STORE__RAW".to_owned(), "20d".to_owned());
    env.variables.insert("FLUXNOC_THEME".to_owned(), "light".to_owned());
    let env = env.with_flag("--theme", "console.theme", Some("mono"));
    let text = "[store]\nmax_size = \"1GiB\"\nraw = \"10d\"\n[console]\ntheme = \"dark\"\n";
    let config = parse("c", text, &machine(), &env).unwrap();
    assert_eq!(config.settings.store.max_size, 1 << 30);
    assert_eq!(config.settings.store.raw, Span::from_secs(20 * 86_400));
    assert_eq!(config.settings.console.theme, "mono");
    let shown = config.effective();
    for line in [
        "max_size = \"1GiB\"  # c:2",
        "raw = \"20d\"  # environment FLUXNOC_STORE__RAW",
        "theme = \"mono\"  # --theme",
        "daily = \"400d\"  # default",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let mut bad = Env::default();
    bad.variables.insert("FLUXNOC_STORE__RWA".to_owned(), "20d".to_owned());
    let all = parse("c", "", &machine(), &bad).unwrap_err().to_string();
    assert!(all.contains("did you mean `FLUXNOC_STORE__RAW`?"), "{all}");
}

#[test]
fn without_a_file_this_machine_its_gateway_and_its_resolvers_are_monitored() {
    let resolver = "192.0.2.53".parse().unwrap();
    let config = builtin(&machine(), "192.0.2.1".parse().ok(), &[resolver]);
    let keys: Vec<String> = config.checks.iter().map(|check| check.key.to_string()).collect();
    assert_eq!(keys, ["noc/system", "gateway/ping", "gateway/trace", "resolver-1/dns"]);
    let again = parse("c", &config.effective(), &machine(), &Env::default()).unwrap();
    assert_eq!(again.checks.len(), config.checks.len());
    assert_eq!(again.checks[0].limits, config.checks[0].limits);
}

#[test]
fn hostile_texts_are_refused_and_safe_to_print() {
    let nested = format!("a = {}", "[".repeat(5000));
    let names = "[[host]]\nname = \"a\\u001b[2J\"\n".to_owned();
    let many = "[[host]]\nx = 1\n".repeat(5000);
    let bytes = "\u{0}\u{feff}[[[\"\"\"".to_owned();
    for text in [nested, names, many, bytes] {
        let all = parse("c", &text, &machine(), &Env::default()).unwrap_err();
        assert!(all.list.len() <= problem::PROBLEM_LIMIT);
        assert!(!all.to_string().chars().any(|c| c.is_control() && c != '\n'));
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = parse("c", &text, &machine(), &Env::default());
    }

    #[test]
    fn arbitrary_toml_never_panics(lines in proptest::collection::vec(
        prop_oneof![
            Just("[[host]]".to_owned()), Just("[[host.check]]".to_owned()),
            Just("[[check]]".to_owned()), Just("[host]".to_owned()), Just("[store]".to_owned()),
            Just("[[store]]".to_owned()), Just("[host.check.labels]".to_owned()),
            Just("check.x = 1".to_owned()), Just("host.check = []".to_owned()),
            Just("name = \"h\"".to_owned()), Just("kind = \"ping\"".to_owned()),
            "[a-z_.]{1,12} = (\"[^\"]{0,8}\"|[0-9.e-]{1,6}|\\[|\\{|true|1979-05-27)",
            "(warning|critical|interval|timeout|thresholds|password|status|url) = (\"[0-9a-z:,%@~]{0,8}\"|-?[0-9]{1,22}|nan|-inf|\\{ a = [0-9] \\}|\\[ \\[ \\] \\])",
        ], 0..30)) {
        let _ = parse("c", &lines.join("\n"), &machine(), &Env::default());
    }
}

/// A configuration with variables of the environment.
fn with_env(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let env = Env { variables: variables.collect(), flags: Vec::new() };
    parse("config.toml", text, &machine(), &env).map_err(|problems| problems.to_string())
}

/// The names of the channels that a contact list, or nothing, leads to.
fn led(config: &Config, list: Option<&str>) -> Vec<String> {
    config.routes.destinations(list).iter().map(ToString::to_string).collect()
}

#[test]
fn fm_27_and_d_01_the_established_names_make_a_channel_and_ours_win_over_them() {
    let service = |config: &Config| match config.routes.channels.get("flux-notify") {
        Some(channel) => match &channel.kind {
            crate::model::ChannelKind::FluxNotify(service) => Some((**service).clone()),
            _ => None,
        },
        None => None,
    };
    let none = with_env("", &[]).unwrap();
    assert_eq!(service(&none), None, "no URL is built in");
    assert_eq!(led(&none, None), ["log"]);
    let all = [
        ("FLUX_NOTIFY_URL", "http://flux-notify:8080"),
        ("FLUX_NOTIFY_API_KEY", "s3cret"),
        ("AUTO_INCIDENT_SEVERITY", "CRITICAL"),
        ("DEFAULT_SEVERITY", "HIGH"),
        ("DEFAULT_CONTACT_LIST", "NOC Team"),
    ];
    let config = with_env("", &all).unwrap();
    let made = service(&config).unwrap();
    assert_eq!(made.url, "http://flux-notify:8080");
    assert_eq!(made.api_key, Some(Secret::Inline("s3cret".to_owned())));
    assert_eq!(made.gate, crate::model::flux_notify::Gate::Critical);
    assert_eq!(led(&config, None), ["flux-notify"]);
    assert_eq!(led(&config, Some("NOC Team")), ["flux-notify"]);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let shown: Vec<String> = config
        .in_force()
        .iter()
        .filter(|setting| setting.key.as_str().starts_with("flux_notify."))
        .map(|setting| format!("{} {} {}", setting.key, setting.value, setting.source))
        .collect();
    assert_eq!(
        shown,
        [
            "flux_notify.url \"http://flux-notify:8080\" environment FLUX_NOTIFY_URL",
            "flux_notify.api_key \"********\" environment FLUX_NOTIFY_API_KEY",
            "flux_notify.incident_severity \"CRITICAL\" environment AUTO_INCIDENT_SEVERITY",
            "flux_notify.default_severity \"HIGH\" environment DEFAULT_SEVERITY",
            "flux_notify.contact_list \"NOC Team\" environment DEFAULT_CONTACT_LIST",
        ]
    );
    assert!(!config.effective().contains("s3cret"));

    // The file below, our own names above; both of the document's URLs work.
    let file = "[flux_notify]\nurl = \"http://flux-notify:4004\"\napi_key = \"x\"\n";
    assert_eq!(service(&with_env(file, &[]).unwrap()).unwrap().url, "http://flux-notify:4004");
    assert_eq!(
        service(&with_env(file, &all[..1]).unwrap()).unwrap().url,
        "http://flux-notify:8080"
    );
    let ours = ("FLUXNOC_FLUX_NOTIFY__URL", "http://ours:1");
    assert_eq!(service(&with_env(file, &[all[0], ours]).unwrap()).unwrap().url, "http://ours:1");
    for (written, both) in [("both", true), ("critical,high", true), ("HIGH", false)] {
        let config = with_env(file, &[("AUTO_INCIDENT_SEVERITY", written)]).unwrap();
        let gate = service(&config).unwrap().gate;
        assert_eq!(gate == crate::model::flux_notify::Gate::Both, both, "{written}");
    }
}

#[test]
fn fs_31_a_list_that_is_not_there_is_refused_and_one_that_tells_nobody_is_warned_of() {
    // Elsewhere these names may mean something else.
    let stray = [("DEFAULT_SEVERITY", "debug"), ("DEFAULT_CONTACT_LIST", "x")];
    assert!(with_env("", &stray).is_ok());
    let url = ("FLUX_NOTIFY_URL", "http://flux-notify:8080");
    let wrong = with_env("", &[url, ("DEFAULT_SEVERITY", "SEVERE")]).unwrap_err();
    assert!(wrong.contains("DEFAULT_SEVERITY: `SEVERE` is unknown"), "{wrong}");
    let lonely = with_env("", &[url]).unwrap();
    assert!(lonely.warnings[0].message.contains("no contact list names the channel"));
    let channel = "[[channel]]\nname = \"own\"\nkind = \"flux_notify\"\nurl = \"http://x\"\n";
    let list = [("DEFAULT_CONTACT_LIST", "Gone")];
    let wrong = with_env(channel, &list).unwrap_err();
    assert!(wrong.contains("there is no contact list `Gone`"), "{wrong}");
    let host = "[[host]]\nname = \"a\"\naddress = \"192.0.2.1\"\ncontact_list = \"DBA Team\"\n";
    let wrong = with_env(host, &[url]).unwrap_err();
    assert!(wrong.contains("there is no contact list `DBA Team`"), "{wrong}");
    // What a channel of the file says of itself counts, and all else is as the section says.
    let own = format!("{channel}incident_severity = \"HIGH\"\n");
    let config = with_env(&own, &[url, ("FLUX_NOTIFY_API_KEY", "k")]).unwrap();
    let names: Vec<&str> = config.routes.channels.keys().map(AsRef::as_ref).collect();
    assert_eq!(names, ["own"], "one that is written takes the place of the implied one");
}
