//! Rules that are saved, changed and deleted from a console: the files in `rules.d/`, the engine
//! that judges by them at once, and everything that refuses.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use fluxnoc::cli::setup::{self, Again};
use fluxnoc::config::{RuleEdit, rule_text};
use fluxnoc::protocol::{LogFilter, Outcome, Problem, ProblemKind};

use super::*;

/// A configuration on disk with an engine on it, whose rules are saved as the program saves them.
struct Site {
    dir: tempfile::TempDir,
    lab: Lab,
}

fn again(config: PathBuf) -> Again {
    Arc::new(move |edit: Option<&RuleEdit>| {
        let source = Source::File(config.clone());
        let rules = fluxnoc::config::locate::rules_dir(&source);
        load(&source, &Machine::default(), &Env::default())?.with_rules_of(rules, edit)
    })
}

fn on_disk(dir: &Path) -> Result<Config, String> {
    let found = again(dir.join("config.toml"))(None);
    found.map_err(|all| all.to_string().replace(dir.to_str().unwrap(), "D"))
}

impl Site {
    async fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), config).unwrap();
        Self::on(dir, Clock::manual(START)).await
    }

    async fn on(dir: tempfile::TempDir, clock: Clock) -> Self {
        let again = again(dir.path().join("config.toml"));
        let config = again(None).unwrap();
        let plan = setup::plan(&config, &again, dir.path(), "lab", false);
        let lab = Lab::keeping(dir.path(), plan.inventory, clock, plan.keep_rule).await;
        Self { dir, lab }
    }

    async fn restarted(self) -> Self {
        let Self { dir, lab } = self;
        let clock = Clock::manual(lab.clock.now().wall);
        lab.engine.stopped().await.unwrap();
        Self::on(dir, clock).await
    }

    async fn execute(&mut self, command: Command) -> Result<Outcome, Problem> {
        let outcome = self.lab.execute(command).await;
        self.lab.claim().await;
        self.lab.drain();
        outcome
    }

    /// Saves; gives the rule and the number of its checks.
    async fn save(&mut self, text: &str, was: Option<&Rule>) -> Result<(Rule, u64), Problem> {
        let was = was.map(rule_text);
        let command = Command::SaveRule { text: text.to_owned(), was };
        self.execute(command).await.map(|outcome| match outcome {
            Outcome::Rule { rule, checks } => (rule, checks),
            other => panic!("{other:?}"),
        })
    }

    async fn refused(&mut self, text: &str, was: Option<&Rule>) -> (ProblemKind, String) {
        let before = self.everything();
        let problem = self.save(text, was).await.unwrap_err();
        assert_eq!(self.everything(), before, "nothing is changed");
        let root = self.dir.path().to_str().unwrap().to_owned();
        (problem.kind, problem.message.to_string().replace(&root, "D"))
    }

    async fn delete(&mut self, was: &Rule) -> Result<Outcome, Problem> {
        self.execute(Command::DeleteRule { was: rule_text(was) }).await
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("rules.d").join(name)
    }

    /// Every file beside the configuration with what is in it.
    fn everything(&self) -> Vec<(String, String)> {
        let Ok(entries) = std::fs::read_dir(self.dir.path().join("rules.d")) else {
            return Vec::new();
        };
        let mut all: Vec<(String, String)> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let text = if path.is_file() {
                    std::fs::read_to_string(&path).unwrap()
                } else {
                    String::new()
                };
                (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
            })
            .collect();
        all.sort();
        all
    }

    /// The rules in PromQL.
    async fn queries(&self) -> Vec<String> {
        let Answer::Rules(page) = self.lab.query(Query::Rules { limit: 10 }).await else {
            panic!()
        };
        page.queries.iter().map(|row| row.name.to_string()).collect()
    }

    fn names(&self) -> Vec<String> {
        self.everything().into_iter().map(|(name, _)| name).collect()
    }

    /// Lets the engine's next tick come.
    async fn tick(&mut self) {
        for _ in 0..2 {
            self.lab.clock.advance(Span::from_secs(1));
            for _ in 0..2 {
                self.lab.query(Query::Engine).await;
            }
        }
    }

    async fn history(&self) -> Vec<String> {
        let query = Query::Log { filter: LogFilter::default(), before: None, limit: 100 };
        let Answer::Log(page) = self.lab.query(query).await else { panic!() };
        let acted = page
            .entries
            .iter()
            .rev()
            .filter(|entry| entry.actor.as_ref().is_some_and(|actor| actor.as_str() == "noc"));
        acted.map(|entry| entry.text.to_string()).collect()
    }
}

/// One rule as the form writes it: keys alone.
fn keys(name: &str, hosts: &str, rest: &str) -> String {
    rule(name, hosts, "cpu_usage", rest).replace("[[rule]]\n", "")
}

#[tokio::test]
async fn fm_21_a_saved_rule_judges_at_once_and_after_a_restart() {
    let mut site = Site::new(&hosts(&["db-1", "db-2"])).await;
    let (rule, checks) = site.save(&keys("High CPU", "db-*", ""), None).await.unwrap();
    assert_eq!(checks, 2);
    let place = rule.origin.clone().unwrap();
    assert!(place.contains("/rules.d/high-cpu.toml:"), "{place}");
    let text = std::fs::read_to_string(site.file("high-cpu.toml")).unwrap();
    assert!(text.starts_with("# Saved from the fluxnoc console.\n"), "{text}");
    assert_eq!(site.names(), ["high-cpu.toml"], "nothing else is left there");
    site.lab.report("db-1/system", cpu(95.0)).await;
    assert_eq!(site.lab.state("db-1/High CPU"), (State::Critical, true));
    assert_eq!(site.lab.edges().await, ["fired"]);
    // As any other it is in the list, with its place.
    let Answer::Rules(page) = site.lab.query(Query::Rules { limit: 10 }).await else { panic!() };
    assert_eq!((page.found, &page.rows[0].rule, page.rows[0].firing), (1, &rule, 1));
    let config = on_disk(site.dir.path()).unwrap();
    assert!(config.effective().contains("/rules.d/high-cpu.toml:"), "{}", config.effective());
    let mut site = site.restarted().await;
    assert_eq!(site.lab.edges().await, ["fired"], "it fires on");
    site.lab.report("db-1/system", cpu(10.0)).await;
    assert_eq!(site.lab.edges().await, ["fired", "recovered"]);
    assert_eq!(
        site.history().await.last().unwrap(),
        "added rule `High CPU`: db-* cpu_usage > 75 WARNING 90 CRITICAL"
    );
}

#[tokio::test]
async fn a_saved_rule_that_is_changed_or_deleted_while_it_fires_closes_its_alert_with_the_reason() {
    let mut site = Site::new(&hosts(&["db-1"])).await;
    let (rule, _) = site.save(&keys("High CPU", "*", ""), None).await.unwrap();
    site.lab.report("db-1/system", cpu(95.0)).await;
    let longer = keys("High CPU", "*", "duration_minutes = 10");
    let (rule, _) = site.save(&longer, Some(&rule)).await.unwrap();
    assert_eq!(site.lab.edges().await, ["fired", "closed"]);
    assert!(site.lab.last_words().await.starts_with("its rule was changed: cpu_usage > 75"));
    assert_eq!(site.names(), ["high-cpu.toml"], "the same file");
    // Another name is the same rule in the same file.
    let (rule, _) = site.save(&keys("Hot", "*", ""), Some(&rule)).await.unwrap();
    assert_eq!(site.names(), ["high-cpu.toml"]);
    site.lab.report("db-1/system", cpu(95.0)).await;
    assert_eq!(site.lab.edges().await, ["fired", "closed", "fired"]);
    site.delete(&rule).await.unwrap();
    assert_eq!(site.lab.edges().await, ["fired", "closed", "fired", "closed"]);
    assert_eq!(site.lab.last_words().await, "its rule was removed from the configuration");
    assert!(site.names().is_empty());
    for _ in 0..3 {
        site.lab.report("db-1/system", cpu(95.0)).await;
    }
    assert_eq!(site.lab.state("db-1/system"), (State::Critical, true), "the check judges again");
    assert_eq!(
        site.history().await,
        [
            "added rule `High CPU`: * cpu_usage > 75 WARNING 90 CRITICAL",
            "changed rule `High CPU`: duration_minutes 0 became 10",
            "changed rule `High CPU`: rule_name High CPU became Hot, duration_minutes 10 became 0",
            "deleted rule `Hot`: * cpu_usage > 75 WARNING 90 CRITICAL",
        ]
    );
}

#[tokio::test]
async fn names_of_files_are_safe_free_and_short() {
    let mut site = Site::new("").await;
    for (name, wanted) in [
        ("..", "rule.toml"),
        ("High CPU", "high-cpu.toml"),
        ("high cpu", "high-cpu-2.toml"),
        ("HIGH_CPU!", "high-cpu-3.toml"),
        ("Zürich ⚠", "z-rich.toml"),
        ("规则", "rule-2.toml"),
        (".hidden", "hidden.toml"),
        ("-rf", "rf.toml"),
        (&"🔥".repeat(128), "rule-3.toml"),
        (&"x".repeat(128), &format!("{}.toml", "x".repeat(64))),
        ("config.toml", "config-toml.toml"),
    ] {
        // Each of another metric's instance: none gets in another's way, there being no host.
        let (rule, checks) = site.save(&keys(name, "*", ""), None).await.unwrap();
        assert_eq!(checks, 0);
        let place = rule.origin.unwrap();
        assert!(place.contains(&format!("/rules.d/{wanted}:")), "{name}: {place}");
    }
    // A file that is called so in capitals, and is no rule at all.
    std::fs::write(site.file("SWAP.TOML"), "").unwrap();
    let (rule, _) = site.save(&keys("Swap", "*", ""), None).await.unwrap();
    assert!(rule.origin.unwrap().contains("/swap-2.toml:"));
    for name in ["../../x", "a/b", "a\u{1b}[2J", &"x".repeat(129), &"🔥".repeat(300)] {
        let (kind, why) = site.refused(&keys(name, "*", ""), None).await;
        assert_eq!(kind, ProblemKind::Invalid, "{why}");
        assert!(why.starts_with("rule_name: "), "{why}");
    }
    assert!(!site.dir.path().parent().unwrap().join("x.toml").exists());
    // All of them are read again.
    assert_eq!(on_disk(site.dir.path()).unwrap().rules.len(), 12);
}

#[tokio::test]
async fn fm_24_a_rule_that_is_wrong_is_refused_by_its_field_and_nothing_is_written() {
    let handmade = LIST.to_owned() + &hosts(&["db-1"]) + &rule("By hand", "db-*", "cpu_usage", "");
    let mut site = Site::new(&handmade).await;
    let good = keys("New", "web-*", "");
    for (text, wanted) in [
        (good.replace("cpu_usage", "cpu_usge"), "metric: `cpu_usge` is given by no check"),
        (good.replace("= 90", "= 70"), "critical_threshold: with `>` WARNING at 75 lies beyond"),
        (good.replace("= 90", "= nan"), "critical_threshold: "),
        (good.replace("\">\"", "\"=\""), "condition: `=` is unknown"),
        (good.replace("web-*", "web-["), "host_pattern: "),
        (
            good.clone() + "notify_contact_list = \"NOC\"\n",
            "notify_contact_list: there is no contact list `NOC`",
        ),
        (good.clone() + "colour = 1\n", "unknown key `colour` in the rule"),
        (
            good.replace("New", "By hand"),
            "rule_name: rule `By hand` exists already, in D/config.toml:",
        ),
        (
            good.replace("web-*", "*"),
            "rule_name: cpu_usage of db-1/system is judged by rule `By hand` already",
        ),
        (
            format!(
                "{}{}",
                rule("A", "web-*", "cpu_usage", ""),
                rule("B", "web-*", "cpu_usage", "")
            ),
            "one rule is saved at a time",
        ),
        (String::new(), "the rule needs `rule_name`"),
        ("rule_name = \n".to_owned(), "rule_name: "),
    ] {
        let (kind, why) = site.refused(&text, None).await;
        assert_eq!(kind, ProblemKind::Invalid, "{why}");
        assert!(why.contains(wanted), "{why}\nwanted {wanted}");
    }
    let long = format!("{good}# {}\n", "x".repeat(70_000));
    assert_eq!(site.refused(&long, None).await.1, "a saved rule has at most 65536 bytes");
    assert!(!site.dir.path().join("rules.d").exists(), "not even the directory is made");
    // With the word for it a second judge is taken.
    let (_, checks) =
        site.save(&(good.replace("web-*", "*") + "override = true\n"), None).await.unwrap();
    assert_eq!(checks, 1);
}

#[tokio::test]
async fn what_is_written_by_hand_is_never_rewritten() {
    let handmade = hosts(&["db-1"]) + &rule("By hand", "db-*", "cpu_usage", "");
    let mut site = Site::new(&handmade).await;
    let config = on_disk(site.dir.path()).unwrap();
    let text = keys("By hand", "db-*", "duration_minutes = 5");
    let (kind, why) = site.refused(&text, Some(&config.rules[0])).await;
    let line = handmade.lines().position(|line| line == "[[rule]]").unwrap() + 1;
    assert_eq!(kind, ProblemKind::Conflict);
    assert_eq!(
        why,
        format!(
            "rule_name: `By hand` is written by hand in D/config.toml:{line}: change it there, then :reload"
        )
    );
    let problem = site.delete(&config.rules[0]).await.unwrap_err();
    assert!(problem.message.as_str().contains(&format!("config.toml:{line}")), "{problem}");
    assert_eq!(std::fs::read_to_string(site.dir.path().join("config.toml")).unwrap(), handmade);
    // In the directory of saved rules as well: without the mark, two in a file, behind a link.
    let other = |name: &str| rule(name, "web-*", "cpu_usage", "");
    std::fs::create_dir(site.dir.path().join("rules.d")).unwrap();
    std::fs::write(site.file("mine.toml"), other("Mine")).unwrap();
    let mark = "# Saved from the fluxnoc console.\n";
    std::fs::write(site.file("two.toml"), format!("{mark}{}{}", other("A"), other("B"))).unwrap();
    std::fs::write(site.dir.path().join("elsewhere"), format!("{mark}{}", other("Linked")))
        .unwrap();
    symlink("../elsewhere", site.file("linked.toml")).unwrap();
    let mut site = site.restarted().await;
    let config = on_disk(site.dir.path()).unwrap();
    for rule in config.rules.iter().skip(1) {
        let (_, why) = site.refused(&keys(&rule.name, "x", ""), Some(rule)).await;
        assert!(why.contains("is written by hand in D/rules.d/"), "{why}");
        assert_eq!(site.delete(rule).await.unwrap_err().kind, ProblemKind::Conflict);
    }
    assert_eq!(site.names(), ["linked.toml", "mine.toml", "two.toml"]);
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_overwritten() {
    let base = hosts(&["db-1"]);
    let mut site = Site::new(&base).await;
    let (first, _) = site.save(&keys("High CPU", "*", ""), None).await.unwrap();
    // Somebody else was quicker.
    let (second, _) =
        site.save(&keys("High CPU", "*", "attempts = 2"), Some(&first)).await.unwrap();
    let (kind, why) = site.refused(&keys("High CPU", "*", "attempts = 3"), Some(&first)).await;
    assert_eq!(kind, ProblemKind::Conflict);
    assert!(
        why.starts_with("rule `High CPU` was changed meanwhile, in D/rules.d/high-cpu.toml:"),
        "{why}"
    );
    assert!(site.delete(&first).await.is_err());
    // An editor was at the file, and nothing has read it since.
    let file = site.file("high-cpu.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("attempts = 2", "attempts = 4")).unwrap();
    let (_, why) = site.refused(&keys("High CPU", "*", "attempts = 3"), Some(&second)).await;
    assert!(why.contains("was changed meanwhile"), "{why}");
    std::fs::write(&file, &text).unwrap();
    // What else is half done on disk does not come in with a rule.
    std::fs::write(site.dir.path().join("config.toml"), hosts(&["db-1", "db-2"])).unwrap();
    let (_, why) = site.refused(&keys("New", "web-*", ""), None).await;
    assert!(why.contains("the configuration was changed on disk and is not in force yet"), "{why}");
    std::fs::write(site.dir.path().join("config.toml"), "[[host]\n").unwrap();
    let (_, why) = site.refused(&keys("New", "web-*", ""), None).await;
    assert!(
        why.contains("the configuration on disk is wrong") && why.contains("D/config.toml:1:"),
        "{why}"
    );
    // A comment is no change.
    std::fs::write(site.dir.path().join("config.toml"), format!("{base}# a word\n")).unwrap();
    site.save(&keys("New", "web-*", ""), None).await.unwrap();
    // Gone is gone.
    site.delete(&second).await.unwrap();
    let why = site.delete(&second).await.unwrap_err().to_string();
    assert_eq!(why, "rule `High CPU` is in the configuration no more");
    let (_, why) = site.refused(&keys("High CPU", "*", ""), Some(&second)).await;
    assert!(why.contains("is in the configuration no more"), "{why}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named_and_nothing_changes() {
    let mut site = Site::new(&hosts(&["db-1"])).await;
    // For root as well: no file system makes a file here.
    symlink("/proc/self/fdinfo", site.dir.path().join("rules.d")).unwrap();
    let problem = site.save(&keys("High CPU", "*", ""), None).await.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Unavailable, "{problem}");
    let why = problem.to_string();
    assert!(why.contains("cannot write ") && why.contains("/rules.d/high-cpu.toml: "), "{why}");
    assert!(site.lab.world.check(&"db-1/High CPU".parse().unwrap()).is_none());
    assert!(site.history().await.is_empty(), "no audit of what did not happen");
    // Once it can be written, the same is saved.
    std::fs::remove_file(site.dir.path().join("rules.d")).unwrap();
    site.save(&keys("High CPU", "*", ""), None).await.unwrap();
}

#[tokio::test]
async fn what_the_store_does_not_take_is_taken_back_from_the_disk() {
    let mut site = Site::new(&hosts(&["db-1"])).await;
    let (rule, _) = site.save(&keys("Old", "web-*", ""), None).await.unwrap();
    let before = site.everything();
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(site.dir.path().join("fluxnoc.db"));
    let mut other =
        <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.unwrap();
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    sqlx::query(full).execute(&mut other).await.unwrap();
    for (text, was) in [(keys("High CPU", "*", ""), None), (keys("Old", "*", ""), Some(&rule))] {
        let why = site.lab.execute(Command::SaveRule { text, was: was.map(rule_text) }).await;
        assert!(why.unwrap_err().to_string().contains("cannot store"));
        // The store works again with the next tick.
        site.tick().await;
        assert_eq!(site.everything(), before);
    }
    sqlx::query("DROP TRIGGER full").execute(&mut other).await.unwrap();
    site.tick().await;
    let Answer::Rules(page) = site.lab.query(Query::Rules { limit: 10 }).await else { panic!() };
    assert_eq!(page.rows.iter().map(|row| &row.rule).collect::<Vec<_>>(), [&rule]);
    site.save(&keys("High CPU", "db-*", ""), None).await.unwrap();
    assert_eq!(site.names(), ["high-cpu.toml", "old.toml"]);
}

#[tokio::test]
async fn rules_in_promql_that_came_with_a_change_the_store_did_not_take_are_those_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.yml");
    let text = |name: &str| {
        format!("groups:\n- name: g\n  rules:\n  - {{alert: {name}, expr: vector(1)}}\n")
    };
    std::fs::write(&file, text("Before")).unwrap();
    let config = format!("[promql]\nrule_files = [\"r.yml\"]\n{}", hosts(&["db-1"]));
    std::fs::write(dir.path().join("config.toml"), config).unwrap();
    let mut site = Site::on(dir, Clock::manual(START)).await;
    let mut other = {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(site.dir.path().join("fluxnoc.db"));
        <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.unwrap()
    };
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    sqlx::query(full).execute(&mut other).await.unwrap();
    // Saving reads the whole configuration again, and with it what was written meanwhile.
    std::fs::write(&file, text("After")).unwrap();
    let save = || Command::SaveRule { text: keys("High CPU", "*", ""), was: None };
    assert!(site.lab.execute(save()).await.is_err());
    assert_eq!(site.queries().await, ["Before"]);
    sqlx::query("DROP TRIGGER full").execute(&mut other).await.unwrap();
    site.tick().await;
    assert_eq!(site.queries().await, ["Before"]);
    site.execute(save()).await.unwrap();
    assert_eq!(site.queries().await, ["After"]);
}

#[tokio::test]
async fn a_file_may_be_read_by_whoever_may_read_the_configuration() {
    for (mode, file, directory) in
        [(0o600, 0o600, 0o700), (0o640, 0o640, 0o750), (0o400, 0o600, 0o700)]
    {
        let mut site = Site::new("").await;
        let config = site.dir.path().join("config.toml");
        std::fs::set_permissions(config, std::fs::Permissions::from_mode(mode)).unwrap();
        site.save(&keys("High CPU", "*", ""), None).await.unwrap();
        let found = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found(site.file("high-cpu.toml")), file);
        assert_eq!(found(site.dir.path().join("rules.d")), directory);
    }
}

/// What a directory of rules makes of a configuration without any.
fn directory(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), hosts(&["db-1"])).unwrap();
    std::fs::create_dir(dir.path().join("rules.d")).unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join("rules.d").join(name), text).unwrap();
    }
    on_disk(dir.path()).map(|c| c.rules.iter().map(|rule| rule.name.to_string()).collect())
}

#[test]
fn d_29_every_file_of_the_directory_is_read_in_the_order_of_names() {
    let one = |name: &str, hosts: &str| rule(name, hosts, "cpu_usage", "");
    let found = directory(&[
        ("20-b.toml", &one("B", "b-*")),
        ("10-a.toml", &(one("A", "a-*") + &one("A2", "a2-*"))),
        ("30-c.toml~", "no rule"),
        (".saving-x.tmp", "no rule"),
        (".hidden.toml", "no rule"),
        ("README", "no rule"),
    ]);
    assert_eq!(found.unwrap(), ["A", "A2", "B"]);
    for (files, wanted) in [
        (
            &[("a.toml", "rule_name = \"x\"\nhost_patern = \"a\"\n")][..],
            "D/rules.d/a.toml:2:1: unknown key `host_patern`",
        ),
        (
            &[("a.toml", &*one("A", "*")), ("b.toml", &*one("A", "web-*"))][..],
            "D/rules.d/b.toml:2:13: rule `A` exists already, in D/rules.d/a.toml:2",
        ),
        (
            &[("a.toml", &*one("A", "*")), ("b.toml", &*one("B", "*"))][..],
            "D/rules.d/b.toml:2:13: cpu_usage of db-1/system is judged by rule `A` already",
        ),
        (&[("a.toml", "")][..], "D/rules.d/a.toml:1:1: the rule needs `rule_name`"),
    ] {
        let why = directory(files).unwrap_err();
        assert!(why.contains(wanted), "{why}\nwanted {wanted}");
    }
}

#[test]
fn what_is_no_file_is_named_and_never_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), "").unwrap();
    let rules = dir.path().join("rules.d");
    std::fs::create_dir(&rules).unwrap();
    let pipe = rules.join("pipe.toml");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
    symlink("nowhere", rules.join("away.toml")).unwrap();
    std::fs::create_dir(rules.join("deep.toml")).unwrap();
    let why = on_disk(dir.path()).unwrap_err();
    let lines: Vec<&str> = why.lines().collect();
    assert_eq!(lines.len(), 3, "{why}");
    assert!(lines[0].starts_with("D/rules.d/away.toml: cannot read it: No such file"), "{why}");
    assert_eq!(lines[1], "D/rules.d/deep.toml: it is no file; take it out of there");
    assert_eq!(lines[2], "D/rules.d/pipe.toml: it is no file; take it out of there");
    // A file of bytes, and one that is too large for any rule.
    std::fs::remove_dir_all(&rules).unwrap();
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(rules.join("a.toml"), [0xff, 0xfe]).unwrap();
    std::fs::File::create(rules.join("b.toml")).unwrap().set_len((16 << 20) + 1).unwrap();
    let why = on_disk(dir.path()).unwrap_err();
    assert!(why.contains("a.toml:1:1: this byte is no UTF-8"), "{why}");
    assert!(why.contains("b.toml: it is larger than 16 MiB"), "{why}");
    // A directory that is none.
    std::fs::remove_dir_all(&rules).unwrap();
    std::fs::write(&rules, "").unwrap();
    let why = on_disk(dir.path()).unwrap_err();
    assert!(why.starts_with("D/rules.d: cannot read the directory: Not a directory"), "{why}");
}
