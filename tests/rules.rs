//! Rules from their text to their alerts: every form they are written in, what refuses them, and the
//! engine that judges by them on a manual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/dice.rs"]
mod dice;
#[path = "common/lab.rs"]
mod lab;
#[path = "rules/queries.rs"]
mod queries;
#[path = "rules/save.rs"]
mod save;
#[path = "rules/trial.rs"]
mod trial;

use std::path::Path;
use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::config::{Config, Env, Machine, Source, apply_rules, load, parse};
use fluxnoc::engine::Inventory;
use fluxnoc::model::{
    AlertId, CheckKey, Failure, FailureKind, Metric, Observation, Phase, Reason, Rule, Span, State,
    Unit,
};
use fluxnoc::protocol::{Answer, Command, Event, Query, Target};
use lab::{Lab, START};

const LIST: &str = "[[contact_list]]\nname = \"DBA Team\"\nchannels = [\"log\"]\n";

fn hosts(names: &[&str]) -> String {
    let one = |name| {
        format!(
            "[[host]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"system\"\n"
        )
    };
    names.iter().map(one).collect()
}

fn read(text: &str) -> Config {
    parse("c", text, &Machine::default(), &Env::default()).unwrap_or_else(|all| panic!("{all}"))
}

fn refused(text: &str) -> String {
    parse("c", text, &Machine::default(), &Env::default()).unwrap_err().to_string()
}

/// A configuration file beside a file of rules, read as the program reads it.
fn beside(name: &str, rules: &str, rest: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(dir.path().join(name), rules).unwrap();
    std::fs::write(&path, format!("rule_files = [{name:?}]\n{rest}")).unwrap();
    let found = load(&Source::File(path), &Machine::default(), &Env::default());
    found.map_err(|all| all.to_string().replace(dir.path().to_str().unwrap(), "D"))
}

fn nowhere(rules: &[Rule]) -> Vec<Rule> {
    rules.iter().map(|rule| Rule { origin: None, ..rule.clone() }).collect()
}

#[test]
fn fm_24_and_d_29_the_document_s_own_block_is_read_as_it_stands_in_every_form() {
    let wanted = Rule {
        duration: Span::from_secs(300),
        re_alert: Some(Span::from_secs(1800)),
        contact_list: Some("DBA Team".into()),
        ..Rule::new(
            "High CPU",
            "db-prod-*".parse().unwrap(),
            "cpu_usage",
            fluxnoc::model::Condition::Above,
            (Some(75.0), Some(90.0)),
        )
    };
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let block = fixture("document.yaml");
    let rest = LIST.to_owned() + &hosts(&["db-prod-01"]);
    let key = block.lines().skip(1).collect::<Vec<_>>().join("\n  ");
    for (name, text) in [
        ("rules.yaml", block.clone()),
        ("rules.yml", format!("rules:\n- {}\n", key)),
        ("rules", format!("---\n{block}\n...\n")),
        ("rules.json", fixture("list.json")),
        ("one.json", fixture("list.json").trim().trim_matches(['[', ']']).to_owned()),
        ("many.json", format!("{{\"rule\": {}}}", fixture("list.json"))),
        ("rules.toml", fixture("table.toml")),
        ("one.toml", fixture("table.toml").replace("[[rule]]\n", "")),
    ] {
        let config = beside(name, &text, &rest).unwrap_or_else(|all| panic!("{name}: {all}"));
        assert_eq!(nowhere(&config.rules), std::slice::from_ref(&wanted), "{name}");
        assert!(config.warnings.is_empty(), "{name}: {:?}", config.warnings);
    }
    let inline = read(&(rest.clone() + &fixture("table.toml")));
    assert_eq!(nowhere(&inline.rules), [wanted]);
    assert_eq!(inline.rules[0].origin.as_deref(), Some("c:9"));
    // Several documents are several rules, and a comment is no rule.
    let two = format!(
        "{block}\n---\n{}",
        block.replace("High CPU", "Other").replace("cpu_u", "memory_u")
    );
    assert_eq!(beside("two.yaml", &two, &rest).unwrap().rules.len(), 2);
}

#[test]
fn fm_24_every_problem_of_a_file_of_rules_has_its_file_line_and_column() {
    let rest = hosts(&["db-1"]);
    for (name, text, wanted) in [
        (
            "r.yaml",
            "rule_name: x\nhost_patern: a\n",
            "D/r.yaml:2:1: unknown key `host_patern` in the rule; did you mean `host_pattern`?",
        ),
        (
            "r.yaml",
            "- rule_name: x\n  host_pattern: '*'\n  metric: cpu_usage\n  condition: '>'\n  warning_threshold: 9\n  critical_threshold: 8\n",
            "D/r.yaml:6:23: critical_threshold: with `>` WARNING at 9 lies beyond CRITICAL at 8",
        ),
        (
            "r.yaml",
            "rule_name: x\nhost_pattern: '*'\nmetric: cpu_usage\ncondition: '>'\ncritical_threshold: nan\n",
            "D/r.yaml:5:21: critical_threshold: must be a finite number",
        ),
        (
            "r.yaml",
            "rule_name: x\nhost_pattern: '*'\nmetric: cpu_usage\ncondition: '>'\ncritical_threshold: 9\nnotify_contact_list: NOC\n",
            "D/r.yaml:6:22: notify_contact_list: there is no contact list `NOC`; write a [[contact_list]] of that name",
        ),
        ("r.yaml", "rule_name: x\nrule_name: y\n", "D/r.yaml:2:1: duplicate key `rule_name`"),
        ("r.yaml", "rule_name: &a x\nmetric: *a\n", "D/r.yaml:2:9: aliases (*name) are not read"),
        ("r.yaml", "rule_name: [x\n", "D/r.yaml:"),
        ("r.yaml", "# nothing\n", "D/r.yaml:1:1: there is no rule in it"),
        (
            "r.yaml",
            "just a text\n",
            "D/r.yaml:1:1: expected a rule, a list of rules, or a map with `rule`",
        ),
        (
            "r.json",
            "[{\"rule_name\": \"x\", \"metric\": 5}]",
            "D/r.json:1:31: metric: expected a text in quotes, found a whole number",
        ),
        (
            "r.json",
            "[{\"rule_name\": \"x\", \"critical_threshold\": \"75\", \"auto_notify\": \"true\"}]",
            "D/r.json:1:64: auto_notify: expected true or false, found a text",
        ),
        ("r.toml", "rule_name = \n", "D/r.toml:1:13: "),
        (
            "r.toml",
            "[[rules]]\nrule_name = \"x\"\n[other]\n",
            "D/r.toml:3:2: unknown key `other` in the file",
        ),
    ] {
        let found = beside(name, text, &rest).unwrap_err();
        assert!(found.contains(wanted), "{text}\n{found}");
    }
    let missing = refused("rule_files = [\"/nowhere/r.yaml\"]\n");
    let wanted = "c:1:15: rule_files: /nowhere/r.yaml: cannot read it: No such file or directory";
    assert!(missing.starts_with(wanted), "{missing}");
}

fn rule(name: &str, pattern: &str, metric: &str, rest: &str) -> String {
    format!(
        "[[rule]]\nrule_name = {name:?}\nhost_pattern = {pattern:?}\nmetric = {metric:?}\n\
         condition = \">\"\nwarning_threshold = 75\ncritical_threshold = 90\n{rest}\n"
    )
}

/// What an engine is given by a configuration.
fn inventory(config: &Config) -> Inventory {
    let mut checks = config.checks.clone();
    assert!(apply_rules(&config.rules, &mut checks).is_empty());
    Inventory { hosts: config.hosts.clone(), checks, ..Inventory::default() }
}

fn made(config: &Config) -> Vec<String> {
    let checks = inventory(config).checks;
    let ruled = checks.iter().filter(|check| check.rule.is_some());
    ruled.map(|check| check.key.to_string()).collect()
}

#[test]
fn fm_25_the_pattern_is_a_glob_over_whole_names_and_covers_hosts_that_come_later() {
    let text = rule("High CPU", "db-prod-*", "cpu_usage", "");
    let few = read(&(hosts(&["db-prod-01", "xdb-prod-1"]) + &text));
    assert_eq!(made(&few), ["db-prod-01/High CPU"]);
    let more = read(&(hosts(&["db-prod-01", "xdb-prod-1", "db-prod-02"]) + &text));
    assert_eq!(made(&more), ["db-prod-01/High CPU", "db-prod-02/High CPU"]);
    let none = read(&(hosts(&["web-1"]) + &text));
    assert!(made(&none).is_empty());
    let said: Vec<String> = none.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["c:8:16: rule `High CPU` judges nothing yet: `db-prod-*` matches no host"]);
    // A pattern that would take a backtracking matcher for ever.
    let evil = rule("x", &format!("{}b", "*a".repeat(200)), "cpu_usage", "");
    let begun = std::time::Instant::now();
    read(&(hosts(&[&"a".repeat(100)]) + &evil));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn fm_20_a_metric_has_one_judge() {
    let base = hosts(&["db-1"]);
    let two = rule("A", "*", "cpu_usage", "") + &rule("B", "db-*", "cpu_usage", "");
    let found = refused(&(base.clone() + &two));
    assert!(
        found.contains("c:15:13: cpu_usage of db-1/system is judged by rule `A` already"),
        "{found}"
    );
    let text = rule("A", "*", "cpu_usage", "") + &rule("B", "db-*", "cpu_usage", "override = true");
    assert_eq!(made(&read(&(hosts(&["db-1", "web-1"]) + &text))), ["db-1/B", "web-1/A"]);
    let off = rule("A", "*", "cpu_usage", "enabled = false") + &rule("B", "*", "cpu_usage", "");
    assert_eq!(made(&read(&(base.clone() + &off))), ["db-1/B"]);
    let both = rule("A", "*", "cpu_usage", "override = true")
        + &rule("B", "*", "cpu_usage", "override = true");
    assert!(refused(&(base + &both)).contains("by rule `A` already"));
}

#[test]
fn fm_20_a_bare_name_is_every_check_that_gives_it_and_a_label_is_known_by_its_check() {
    let text = "[[host]]\nname = \"h\"\naddress = \"127.0.0.1\"\n\
        [[host.check]]\nkind = \"tcp\"\nport = 80\n\
        [[host.check]]\nkind = \"http\"\nurl = \"http://h/\"\n\
        [[host.check]]\nkind = \"custom\"\nname = \"backup\"\ncommand = [\"/bin/true\"]\n";
    let config = read(&(text.to_owned() + &rule("slow", "*", "time", "")));
    assert_eq!(made(&config), ["h/slow (tcp)", "h/slow (http)"]);
    let config = read(&(text.to_owned() + &rule("slow", "*", "http.time", "")));
    assert_eq!(made(&config), ["h/slow"]);
    let config = read(&(text.to_owned() + &rule("old", "*", "backup.age", "")));
    assert_eq!(made(&config), ["h/old"]);
    let found = refused(&(text.to_owned() + &rule("old", "*", "age", "")));
    assert!(found.contains("metric: `age` is given by no check"), "{found}");
    assert!(found.contains("a plugin's perfdata is written CHECK.LABEL"), "{found}");
}

fn cpu(percent: f64) -> Observation {
    let metrics = vec![
        Metric::new("cpu_usage", percent, Unit::Percent),
        Metric::new("memory_usage", 40.0, Unit::Percent),
    ];
    Observation::seen("cpu", metrics)
}

async fn lab(dir: &tempfile::TempDir, config: &Config) -> Lab {
    Lab::start(dir.path(), inventory(config), Clock::manual(START)).await
}

fn five_minutes() -> Config {
    let text = rule("High CPU", "db-*", "cpu_usage", "duration_minutes = 5\nre_alert_minutes = 30");
    read(&(hosts(&["db-1"]) + &text))
}

/// Reports a value every minute for so many minutes; the clock ends at the last.
async fn every_minute(lab: &mut Lab, minutes: u32, seen: &Observation) {
    for minute in 0..minutes {
        if minute > 0 {
            lab.clock.advance(Span::from_millis(59_700));
        }
        lab.report("db-1/system", seen.clone()).await;
    }
}

/// Lets time pass so slowly that the engine does not think that it slept.
async fn pass(lab: &mut Lab, seconds: u64) {
    for _ in 0..seconds.div_ceil(5) {
        lab.clock.advance(Span::from_secs(5));
        // Questions are answered in turn: the deadlines of this moment were looked at.
        lab.query(Query::Engine).await;
        lab.query(Query::Engine).await;
        lab.drain();
    }
}

async fn reload(lab: &mut Lab, config: &Config) {
    *lab.inventory.lock().unwrap() = Ok(inventory(config));
    lab.execute(Command::Reload).await.unwrap();
    lab.claim().await;
    lab.drain();
}

async fn alerts(lab: &mut Lab) -> Vec<(String, Phase, State)> {
    let Answer::Alerts(all) = lab.query(Query::Alerts { all: true }).await else { panic!() };
    all.iter().map(|a| (a.check.to_string(), a.phase, a.state)).collect()
}

#[tokio::test]
async fn fm_20_a_rule_judges_instead_of_the_check_and_colours_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let text = rule("High CPU", "db-*", "cpu_usage", "");
    let mut lab = lab(&dir, &read(&(hosts(&["db-1"]) + &text))).await;
    lab.report("db-1/system", cpu(95.0)).await;
    assert_eq!(lab.state("db-1/system"), (State::Ok, true), "the check's own limit is not judged");
    assert_eq!(lab.state("db-1/High CPU"), (State::Critical, true));
    assert_eq!(lab.world.host("db-1").unwrap().state, State::Critical);
    let alert = lab.world.open_alerts().next().unwrap();
    assert_eq!(alert.output.as_str(), "cpu_usage 95 % (> 90)");
    let row = lab.world.check(&"db-1/High CPU".parse().unwrap()).unwrap();
    assert_eq!(row.rule.as_ref().unwrap().words(), "cpu_usage > 75 WARNING, > 90 CRITICAL");
    // What no rule names is judged by the check.
    let memory = vec![Metric::new("memory_usage", 99.0, Unit::Percent)];
    for _ in 0..3 {
        lab.report("db-1/system", Observation::seen("m", memory.clone())).await;
    }
    assert_eq!(lab.state("db-1/system"), (State::Critical, true));
}

#[tokio::test]
async fn fm_21_the_engine_asks_for_the_value_that_decides() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &five_minutes()).await;
    let mut worker = lab.worker().await;
    every_minute(&mut lab, 5, &cpu(95.0)).await;
    assert_eq!(lab.state("db-1/High CPU"), (State::Critical, false));
    assert!(!lab.world.open_alerts().any(|alert| alert.phase == Phase::Firing));
    lab.clock.advance(Span::from_secs(61));
    let asked = lab::asked(&mut worker).await;
    assert_eq!(asked, ["db-1/system".parse::<CheckKey>().unwrap()], "once, and the check itself");
    assert_eq!(lab.edges().await.len(), 0, "the clock alone fires nothing");
    lab.report("db-1/system", cpu(96.0)).await;
    assert_eq!(lab.edges().await, ["fired"]);
}

#[tokio::test]
async fn fm_21_a_restart_neither_restarts_nor_skips_a_duration() {
    let dir = tempfile::tempdir().unwrap();
    let config = five_minutes();
    let mut first = lab(&dir, &config).await;
    every_minute(&mut first, 4, &cpu(95.0)).await;
    let clock = Clock::manual(first.clock.now().wall + Span::from_secs(30));
    first.engine.stopped().await.unwrap();
    let mut second = Lab::start(dir.path(), inventory(&config), clock).await;
    assert_eq!(second.state("db-1/High CPU"), (State::Critical, false));
    second.clock.advance(Span::from_millis(29_000));
    second.report("db-1/system", cpu(95.0)).await;
    assert!(second.edges().await.is_empty(), "not yet five minutes");
    second.clock.advance(Span::from_secs(60));
    second.report("db-1/system", cpu(95.0)).await;
    assert!(second.edges().await.is_empty(), "half a second is missing");
    second.clock.advance(Span::from_secs(1));
    second.report("db-1/system", cpu(95.0)).await;
    assert_eq!(second.edges().await, ["fired"]);
    // Away for longer than a run and its timeout: what waited begins again.
    let dir = tempfile::tempdir().unwrap();
    let mut first = lab(&dir, &config).await;
    every_minute(&mut first, 4, &cpu(95.0)).await;
    let clock = Clock::manual(first.clock.now().wall + Span::from_secs(600));
    first.engine.stopped().await.unwrap();
    let mut second = Lab::start(dir.path(), inventory(&config), clock).await;
    second.report("db-1/system", cpu(95.0)).await;
    assert!(second.edges().await.is_empty());
}

/// What a start finds when the engine is killed now: its store as the last commit left it.
fn killed(dir: &Path) -> tempfile::TempDir {
    let found = tempfile::tempdir().unwrap();
    for name in ["fluxnoc.db", "fluxnoc.db-wal"] {
        std::fs::copy(dir.join(name), found.path().join(name)).unwrap();
    }
    found
}

#[tokio::test]
async fn fm_21_a_kill_neither_restarts_nor_skips_a_duration() {
    let host = "[[host]]\nname = \"db-1\"\naddress = \"127.0.0.1\"\n\
        [[host.check]]\nkind = \"system\"\ninterval = \"5s\"\n";
    let rule = rule("High CPU", "db-*", "cpu_usage", "duration_minutes = 1");
    let config = read(&(host.to_owned() + &rule));
    let dir = tempfile::tempdir().unwrap();
    let mut first = lab(&dir, &config).await;
    for _ in 0..5 {
        first.report("db-1/system", cpu(95.0)).await;
        first.clock.advance(Span::from_millis(4_700));
    }
    // The last of five results was made at 20 s; the last sign of life is that of the start.
    let at = |seconds| Clock::manual(START + Span::from_secs(seconds));
    let dir = killed(dir.path());
    let mut second = Lab::start(dir.path(), inventory(&config), at(33)).await;
    assert_eq!(second.state("db-1/High CPU"), (State::Critical, false));
    second.report("db-1/system", cpu(95.0)).await;
    second.clock.advance(Span::from_millis(26_200));
    second.report("db-1/system", cpu(95.0)).await;
    assert!(second.edges().await.is_empty(), "half a second is missing");
    let dir = killed(dir.path());
    second.clock.advance(Span::from_secs(1));
    second.report("db-1/system", cpu(95.0)).await;
    assert_eq!(second.edges().await, ["fired"]);
    // Killed once more just before its end: the first result after it decides.
    let mut third = Lab::start(dir.path(), inventory(&config), at(70)).await;
    assert!(third.edges().await.is_empty(), "no clock alone fires");
    third.report("db-1/system", cpu(95.0)).await;
    assert_eq!(third.edges().await, ["fired"]);
}

#[tokio::test]
async fn fm_21_a_blind_time_in_which_the_check_would_have_become_stale_begins_a_duration_again() {
    let config = five_minutes();
    let dir = tempfile::tempdir().unwrap();
    let mut first = lab(&dir, &config).await;
    every_minute(&mut first, 4, &cpu(95.0)).await;
    // The last result was made at 180 s; without another one the check is believed until 310 s.
    for (starts, fires) in [(305, true), (311, false)] {
        let dir = killed(dir.path());
        let clock = Clock::manual(START + Span::from_secs(starts));
        let mut second = Lab::start(dir.path(), inventory(&config), clock).await;
        second.report("db-1/system", cpu(95.0)).await;
        assert_eq!(second.edges().await == ["fired"], fires, "started at {starts} s");
    }
}

#[tokio::test]
async fn fm_22_reminders_go_on_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let text = rule("High CPU", "db-*", "cpu_usage", "re_alert_minutes = 30");
    let config = read(&(hosts(&["db-1"]) + &text));
    let mut first = lab(&dir, &config).await;
    first.report("db-1/system", cpu(95.0)).await;
    first.clock.advance(Span::from_secs(1000));
    let clock = Clock::manual(first.clock.now().wall);
    first.engine.stopped().await.unwrap();
    let mut second = Lab::start(dir.path(), inventory(&config), clock).await;
    second.report("db-1/system", cpu(95.0)).await;
    assert_eq!(second.edges().await, ["fired"], "17 minutes after it was told");
    second.clock.advance(Span::from_secs(801));
    second.until("the reminder", |event| matches!(event, Event::Alert(_))).await;
    assert_eq!(second.edges().await, ["fired", "reminded"]);
    let id = second.world.open_alerts().next().unwrap().id;
    let Answer::Alert(page) = second.query(Query::Alert { id }).await else { panic!() };
    let told = told(&second, id).await;
    assert!(told.contains(&Reason::Reminder), "{told:?}");
    assert_eq!(page.row.unwrap().rule.unwrap().words(), "cpu_usage > 75 WARNING, > 90 CRITICAL");
}

async fn told(lab: &Lab, id: AlertId) -> Vec<Reason> {
    let Answer::Alert(page) = lab.query(Query::Alert { id }).await else { panic!() };
    page.notifications.iter().map(|told| told.reason).collect()
}

#[tokio::test]
async fn fm_23_a_recovery_is_told_unless_the_rule_says_no() {
    for (rest, wanted) in [
        ("", &[Reason::First, Reason::Recovered][..]),
        ("notify_recovery = false", &[Reason::First]),
        ("auto_notify = false", &[]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let text = rule("High CPU", "db-*", "cpu_usage", rest);
        let mut lab = lab(&dir, &read(&(hosts(&["db-1"]) + &text))).await;
        lab.report("db-1/system", cpu(95.0)).await;
        let id = lab.world.open_alerts().next().unwrap().id;
        lab.report("db-1/system", cpu(20.0)).await;
        assert_eq!(lab.edges().await, ["fired", "recovered"]);
        let mut told = told(&lab, id).await;
        told.sort_by_key(|reason| reason.word());
        assert_eq!(told, wanted, "{rest}");
    }
}

#[tokio::test]
async fn a_rule_that_is_edited_while_it_fires_closes_its_alert_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let text = |rest: &str| read(&(hosts(&["db-1"]) + &rule("High CPU", "*", "cpu_usage", rest)));
    let mut lab = lab(&dir, &text("")).await;
    lab.report("db-1/system", cpu(95.0)).await;
    // Who is told is no other judgement.
    reload(&mut lab, &text("auto_notify = false")).await;
    assert_eq!(lab.edges().await, ["fired"]);
    reload(&mut lab, &text("duration_minutes = 10")).await;
    assert_eq!(lab.edges().await, ["fired", "closed"]);
    assert_eq!(lab.world.open_alerts().count(), 0);
    let name = "High CPU".to_owned();
    assert_eq!(alerts(&mut lab).await, [(name, Phase::Resolved, State::Critical)]);
    assert_eq!(
        lab.last_words().await,
        "its rule was changed: cpu_usage > 75 WARNING, > 90 CRITICAL became \
         cpu_usage > 75 WARNING, > 90 CRITICAL, for 10m"
    );
    // It begins from nothing.
    lab.report("db-1/system", cpu(95.0)).await;
    assert_eq!(lab.state("db-1/High CPU"), (State::Critical, false));
    assert_eq!(lab.edges().await, ["fired", "closed"]);
}

#[tokio::test]
async fn a_rule_that_is_deleted_while_it_fires_gives_the_metric_back() {
    let dir = tempfile::tempdir().unwrap();
    let base = hosts(&["db-1"]);
    let with = read(&(base.clone() + &rule("High CPU", "*", "cpu_usage", "")));
    let mut lab = lab(&dir, &with).await;
    lab.report("db-1/system", cpu(95.0)).await;
    reload(&mut lab, &read(&base)).await;
    assert_eq!(lab.edges().await, ["fired", "closed"]);
    assert_eq!(lab.last_words().await, "its rule was removed from the configuration");
    assert!(lab.world.check(&"db-1/High CPU".parse().unwrap()).is_none());
    for _ in 0..3 {
        lab.report("db-1/system", cpu(95.0)).await;
    }
    assert_eq!(lab.state("db-1/system"), (State::Critical, true), "the check judges it again");
    // A host that the pattern leaves out is told apart.
    let narrow = base.clone() + &rule("High CPU", "*", "cpu_usage", "");
    reload(&mut lab, &read(&narrow)).await;
    lab.report("db-1/system", cpu(95.0)).await;
    let other = hosts(&["db-1", "web-1"]) + &rule("High CPU", "web-*", "cpu_usage", "");
    reload(&mut lab, &read(&other)).await;
    assert_eq!(lab.last_words().await, "its rule no longer covers check system of this host");
}

#[tokio::test]
async fn fm_25_a_host_that_comes_later_is_judged_too() {
    let dir = tempfile::tempdir().unwrap();
    let text = rule("High CPU", "db-*", "cpu_usage", "");
    let mut lab = lab(&dir, &read(&(hosts(&["db-1"]) + &text))).await;
    reload(&mut lab, &read(&(hosts(&["db-1", "db-2"]) + &text))).await;
    lab.report("db-2/system", cpu(95.0)).await;
    assert_eq!(lab.state("db-2/High CPU"), (State::Critical, true));
}

#[tokio::test]
async fn the_absence_of_a_metric_is_an_alert_of_its_own_and_a_failed_check_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &five_minutes()).await;
    lab.report("db-1/system", cpu(20.0)).await;
    let other = Observation::seen("m", vec![Metric::new("memory_usage", 40.0, Unit::Percent)]);
    for _ in 0..2 {
        pass(&mut lab, 60).await;
        lab.report("db-1/system", other.clone()).await;
    }
    assert_eq!(lab.state("db-1/High CPU"), (State::Ok, true), "not yet");
    pass(&mut lab, 15).await;
    let alert = lab.world.open_alerts().next().unwrap().clone();
    assert_eq!((alert.check.name.as_ref(), alert.phase), ("High CPU", Phase::Firing));
    let (says, state) = (alert.output.as_str(), alert.state);
    assert!(state == State::Unknown && says.starts_with("no cpu_usage since 0"), "{says}");
    lab.report("db-1/system", cpu(20.0)).await;
    assert_eq!(lab.edges().await, ["fired", "recovered"]);
    let failed = Observation::failed(Failure::new(FailureKind::Internal, "broken"));
    every_minute(&mut lab, 5, &failed).await;
    assert_eq!(lab.state("db-1/High CPU"), (State::Unknown, false));
    let open: Vec<&str> = lab.world.open_alerts().map(|a| a.check.name.as_ref()).collect();
    assert_eq!(open, ["system"], "the check's own alert says it");
}

#[tokio::test]
async fn a_check_that_goes_silent_is_one_alert_and_not_one_for_each_rule() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &five_minutes()).await;
    lab.report("db-1/system", cpu(20.0)).await;
    pass(&mut lab, 200).await;
    let open: Vec<&str> = lab.world.open_alerts().map(|a| a.check.name.as_ref()).collect();
    assert_eq!(open, ["system"]);
    assert_eq!(lab.state("db-1/High CPU").0, State::Unknown, "never OK without a value");
}

#[tokio::test]
async fn a_rule_s_check_is_run_by_nobody_and_its_re_check_runs_the_one_it_judges() {
    let dir = tempfile::tempdir().unwrap();
    let mut lab = lab(&dir, &five_minutes()).await;
    assert!(!lab.assigned().iter().any(|key| key.name.as_ref() == "High CPU"));
    let mut worker = lab.worker().await;
    let rule: CheckKey = "db-1/High CPU".parse().unwrap();
    let source: CheckKey = "db-1/system".parse().unwrap();
    let targets = vec![Target::Check(rule), Target::Check(source.clone())];
    lab.execute(Command::Recheck { targets }).await.unwrap();
    assert_eq!(lab::asked(&mut worker).await, [source]);
}

#[tokio::test]
async fn an_alert_of_a_rule_is_acknowledged_and_covered_by_windows_as_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let text = rule("High CPU", "db-*", "cpu_usage", "re_alert_minutes = 30");
    let mut lab = lab(&dir, &read(&(hosts(&["db-1"]) + &text))).await;
    lab.report("db-1/system", cpu(95.0)).await;
    lab.acknowledge("db-1/High CPU", None, true).await;
    lab.clock.advance(Span::from_secs(3600));
    lab.report("db-1/system", cpu(95.0)).await;
    assert_eq!(lab.edges().await, ["fired", "acknowledged"], "FM-22: who has it is not told again");
}

#[test]
fn what_is_shown_of_rules_from_files_reads_back_inline() {
    let block = "rule_name: A\nhost_pattern: '*'\nmetric: rtt\ncondition: '>='\n\
                 warning_threshold: 200ms\nduration_minutes: 1.5\n";
    let config = beside("r.yaml", block, &hosts(&["db-1"])).unwrap();
    let again = read(&config.effective());
    assert_eq!(nowhere(&again.rules), nowhere(&config.rules));
    assert_eq!(again.rules[0].warning, Some(0.2));
    let _: &Arc<str> = &again.rules[0].name;
}
