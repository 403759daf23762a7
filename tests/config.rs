//! Whole configuration files: good ones, bad ones with their messages, and the example.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fluxnoc::config::{Config, Env, Machine, Place, Settings, Source, keys, load, parse};
use fluxnoc::model::{Kind, Span};

fn machine() -> Machine {
    Machine { hostname: "noc-1".to_owned(), addresses: Vec::new() }
}

fn folder(name: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .expect("fixtures exist")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn read(text: &str) -> Config {
    parse("config.toml", text, &machine(), &Env::default()).unwrap_or_else(|all| panic!("{all}"))
}

/// The same without the places, which differ between two texts.
fn nowhere(mut config: Config) -> Config {
    config.warnings.clear();
    config.keys.source.clear();
    for binding in &mut config.keys.bindings {
        binding.place = Place::default();
    }
    for action in &mut config.keys.actions {
        action.place = Place::default();
    }
    config.origins.clear();
    for host in &mut config.hosts {
        host.origin = None;
    }
    for check in &mut config.checks {
        check.origin = None;
        check.limits.sort_by(|a, b| a.metric.cmp(&b.metric));
    }
    for job in &mut config.jobs {
        job.prototype.origin = None;
        job.prototype.limits.sort_by(|a, b| a.metric.cmp(&b.metric));
    }
    for rule in &mut config.rules {
        rule.origin = None;
    }
    config.checks.sort_by(|a, b| a.key.cmp(&b.key));
    config.hosts.sort_by(|a, b| a.name.cmp(&b.name));
    config
}

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml.example");
    fs::read_to_string(path).expect("config.toml.example exists")
}

/// The example with every `#key = default` switched on.
fn example_with_defaults() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    example().lines().map(on).collect::<Vec<_>>().join("\n")
}

#[test]
fn f82_bad_files_are_refused_with_every_problem_its_place_and_its_mend() {
    for file in folder("invalid") {
        let text = fs::read_to_string(&file).expect("readable");
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap_or_default();
        let found = parse("config.toml", &text, &machine(), &Env::default());
        let found = found.expect_err(&file.display().to_string()).to_string();
        if std::env::var_os("FLUXNOC_TEST_BLESS").is_some() {
            fs::write(file.with_extension("expected"), format!("{found}\n")).expect("writable");
            continue;
        }
        assert_eq!(found.trim_end(), expected.trim_end(), "{}", file.display());
    }
}

#[test]
fn good_files_are_read_and_what_is_shown_reads_back_the_same() {
    let example = ("config.toml.example".to_owned(), example());
    let files = folder("valid")
        .into_iter()
        .map(|file| (file.display().to_string(), fs::read_to_string(&file).expect("readable")));
    for (name, text) in files.chain([example]) {
        let config = read(&text);
        let shown = config.effective();
        let again = read(&shown);
        assert_eq!(nowhere(again), nowhere(config), "{name}, shown as\n{shown}");
    }
}

#[test]
fn every_default_in_the_example_is_the_codes_default() {
    let mut with = read(&example_with_defaults());
    // There is no default of it, and who copies the example has no PostgreSQL.
    with.settings.store.url = None;
    // Nor of what tells several servers apart.
    with.settings.server.node_id = None;
    with.settings.cluster = fluxnoc::config::settings::Cluster::default();
    // Nor of an endpoint for others, nor of what tests may reach.
    with.settings.speed = fluxnoc::config::settings::Speed::default();
    // Nor of what an installation is called in templates, and who is told of alerts.
    with.settings.promql = fluxnoc::config::settings::Promql::default();
    assert_eq!(nowhere(read(&example())), nowhere(with));
    let mut settings = read(&example_with_defaults()).settings;
    settings.console.operator = None;
    settings.console.shifts = fluxnoc::model::Shifts::default();
    // What people name themselves has no default.
    settings.alerting.contact_list = None;
    (settings.promql.external_url, settings.promql.contact_list) = (None, None);
    settings.defaults.contact_lists.clear();
    let service = &mut settings.flux_notify;
    (service.url, service.api_key, service.contact_list) = (None, None, None);
    settings.store.url = None;
    settings.cluster = fluxnoc::config::settings::Cluster::default();
    settings.speed = fluxnoc::config::settings::Speed::default();
    settings.server.node_id = None;
    let server = &mut settings.server;
    (server.listen, server.certificate, server.key) = (None, None, None);
    assert_eq!(settings, Settings::default());
}

#[test]
fn d_25_the_example_prints_60_s_10_s_and_3_attempts_15_s_apart() {
    let text = example();
    for line in ["#interval = \"60s\"", "#timeout = \"10s\"", "#attempts = 3", "#retry = \"15s\""] {
        assert!(text.lines().any(|have| have == line), "{line}");
    }
    let defaults = read(&example_with_defaults()).settings.defaults;
    assert_eq!((defaults.interval, defaults.timeout), (Span::from_secs(60), Span::from_secs(10)));
    assert_eq!((defaults.attempts, defaults.retry), (3, Span::from_secs(15)));
}

/// The keys that stand in a table of the example, by how it is called.
fn keys_of(table: &toml::Table) -> BTreeSet<String> {
    table.keys().cloned().collect()
}

#[test]
fn the_example_has_every_key_that_the_code_knows_and_no_other() {
    let document: toml::Table = example_with_defaults().parse().expect("the example is TOML");
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys_of(&document), set(keys::TOP));
    for (section, known) in [
        ("console", keys::CONSOLE),
        ("store", keys::STORE),
        ("series", keys::SERIES),
        ("promql", keys::PROMQL),
        ("defaults", keys::DEFAULTS),
        ("alerting", keys::ALERTING),
        ("flux_notify", keys::FLUX_NOTIFY),
        ("watchdog", keys::WATCHDOG),
        ("wall", keys::WALL),
        ("bell", keys::BELL),
        ("server", keys::SERVER),
        ("cluster", keys::CLUSTER),
        ("speed", keys::SPEED),
        ("access", keys::ACCESS),
        ("metrics", keys::METRICS),
        ("health", keys::HEALTH),
        ("engine", keys::ENGINE),
    ] {
        let table = document[section].as_table().expect("a table");
        assert_eq!(keys_of(table), set(known), "[{section}]");
    }
    let list = |value: Option<&toml::Value>| -> Vec<toml::Table> {
        let tables = value.and_then(toml::Value::as_array).cloned().unwrap_or_default();
        tables.into_iter().filter_map(|table| table.as_table().cloned()).collect()
    };
    let actions: BTreeSet<String> = list(document.get("action")).iter().flat_map(keys_of).collect();
    assert_eq!(actions, set(keys::ACTION), "[[action]]");
    let channels = list(document.get("channel"));
    for (kind, known) in [
        ("webhook", keys::WEBHOOK),
        ("exec", keys::EXEC),
        ("email", keys::EMAIL),
        ("flux_notify", keys::FLUX_CHANNEL),
    ] {
        let of_kind = channels.iter().filter(|channel| channel["kind"].as_str() == Some(kind));
        let written: BTreeSet<String> = of_kind.flat_map(keys_of).collect();
        assert_eq!(written, set(known), "[[channel]] of kind {kind}");
    }
    let rules: BTreeSet<String> = list(document.get("rule")).iter().flat_map(keys_of).collect();
    assert_eq!(rules, set(keys::RULE), "[[rule]]");
    let lists: BTreeSet<String> =
        list(document.get("contact_list")).iter().flat_map(keys_of).collect();
    assert_eq!(lists, set(keys::CONTACT_LIST), "[[contact_list]]");
    let steps = list(document.get("contact_list")).into_iter();
    let steps: Vec<toml::Table> = steps.flat_map(|one| list(one.get("escalate"))).collect();
    let steps: BTreeSet<String> = steps.iter().flat_map(keys_of).collect();
    assert_eq!(steps, set(keys::ESCALATION), "escalate");
    let contexts: BTreeSet<String> =
        list(document.get("context")).iter().flat_map(keys_of).collect();
    assert_eq!(contexts, set(keys::CONTEXT), "[[context]]");
    let caps: BTreeSet<String> =
        list(document.get("traffic_cap")).iter().flat_map(keys_of).collect();
    assert_eq!(caps, set(keys::TRAFFIC_CAP), "[[traffic_cap]]");
    let schedules: BTreeSet<String> =
        list(document.get("schedule")).iter().flat_map(keys_of).collect();
    assert!(schedules.is_superset(&set(keys::SCHEDULE)), "[[schedule]]");
    let first = list(document.get("schedule"));
    let limits = keys_of(first[0]["thresholds"].as_table().expect("a table"));
    assert_eq!(limits, set(keys::THRESHOLDS), "thresholds");
    let hosts = list(document.get("host"));
    let all: BTreeSet<String> = hosts.iter().flat_map(keys_of).collect();
    assert_eq!(all, set(keys::HOST), "[[host]]");
    let shared = list(document.get("check"));
    let checks: Vec<toml::Table> =
        hosts.iter().flat_map(|host| list(host.get("check"))).chain(shared).collect();
    let common: BTreeSet<String> = checks.iter().flat_map(keys_of).collect();
    assert!(common.is_superset(&set(keys::CHECK)) && common.is_superset(&set(keys::SHARED)));
    let jobs: BTreeSet<String> = list(document.get("scrape")).iter().flat_map(keys_of).collect();
    assert!(jobs.is_superset(&set(keys::SCRAPE)), "[[scrape]]");
    for kind in Kind::ALL {
        let of_kind = checks.iter().filter(|check| check["kind"].as_str() == Some(kind.word()));
        let written: BTreeSet<String> = of_kind.flat_map(keys_of).collect();
        for key in keys::parameters(*kind) {
            assert!(written.contains(*key), "`{key}` of {kind} is not in the example");
        }
    }
}

#[test]
fn a_file_that_is_missing_unreadable_or_too_large_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let words = |path: PathBuf| {
        load(&Source::File(path), &machine(), &Env::default()).expect_err("refused").to_string()
    };
    let missing = words(folder.path().join("none.toml"));
    assert!(missing.contains("none.toml: cannot read it") && missing.contains("--config"));
    assert!(words(folder.path().to_owned()).contains("it is a directory"));
    let huge = folder.path().join("huge.toml");
    fs::File::create(&huge).and_then(|file| file.set_len(17 << 20)).expect("writable");
    assert!(words(huge).contains("larger than 16 MiB"));
    let binary = folder.path().join("binary.toml");
    fs::write(&binary, b"[store]\nraw = \"\xff\"\n").expect("writable");
    assert!(words(binary).contains("binary.toml:2:8: this byte is no UTF-8"));
}

#[test]
fn a_hundred_thousand_checks_are_read_and_one_more_is_refused() {
    let hosts = |count: usize| -> String {
        let one = |n| format!("[[host]]\nname = \"h{n}\"\naddress = \"127.0.0.1\"\n");
        (0..count).map(one).collect::<Vec<_>>().concat()
    };
    let checks = (0..100)
        .map(|n| format!("[[check]]\nhosts = \"*\"\nkind = \"tcp\"\nname = \"t{n}\"\nport = 80\n"))
        .collect::<Vec<_>>()
        .concat();
    let good = hosts(1000) + &checks;
    assert_eq!(read(&good).checks.len(), 100_000);
    let bad = hosts(1001) + &checks;
    let all = parse("config.toml", &bad, &machine(), &Env::default()).expect_err("too many");
    assert!(all.to_string().contains("more than 100000 checks"), "{all}");
}
