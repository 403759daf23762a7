//! Rules on trial: the same alerts as live over the real stored history, and what a draft is
//! refused for.

use fluxnoc::model::{EdgeKind, Timestamp};
use fluxnoc::protocol::rules::{TRIAL_ALERTS, TRIAL_ROWS};
use fluxnoc::protocol::{DraftAnswer, ProblemKind, RulePage, RuleTrial};

use super::*;
use crate::dice::Dice;

async fn tried(lab: &Lab, name: &str, text: &str, since: Timestamp) -> DraftAnswer {
    let query = Query::TryRules { name: name.to_owned(), text: text.to_owned(), since };
    let Answer::TryRules(answer) = lab.query(query).await else { panic!("no trial") };
    answer
}

async fn one(lab: &Lab, text: &str) -> RuleTrial {
    let mut answer = tried(lab, "draft.toml", text, start()).await;
    assert_eq!(answer.problems, []);
    assert_eq!(answer.trials.len(), 1);
    answer.trials.remove(0)
}

/// A moment before everything in these stories.
fn start() -> Timestamp {
    START - Span::from_secs(24 * 3600)
}

/// From and to of all alerts of a check, as the history has them.
async fn lived(lab: &Lab, host: &str) -> Vec<(Timestamp, Option<Timestamp>)> {
    let query = Query::Edges { host: Some(host.into()), alert: None, limit: 1000 };
    let Answer::Edges(edges) = lab.query(query).await else { panic!() };
    let mut all: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    for edge in edges.iter().rev().filter(|edge| &*edge.check.name == "High CPU") {
        match edge.kind {
            EdgeKind::Fired => all.push((edge.at, None)),
            EdgeKind::Recovered => all.last_mut().unwrap().1 = Some(edge.at),
            _ => {}
        }
    }
    all
}

/// Random values of a rule in force, with failures and times without results between them: the
/// trial of the same rule over what was stored says the same alerts.
async fn same_as_live(seed: u64, rest: &str) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let text = rule("High CPU", "db-*", "cpu_usage", rest);
    let mut lab = lab(&dir, &read(&(hosts(&["db-1"]) + &text))).await;
    let mut dice = Dice(seed);
    let mut bad = false;
    for _ in 0..120 {
        if dice.roll(3) == 0 {
            bad = !bad;
        }
        let seen = match dice.roll(12) {
            0 => Observation::failed(Failure::new(FailureKind::Timeout, "no answer")),
            1 if bad => cpu(80.25),
            _ if bad => cpu(91.5),
            _ => cpu(40.0),
        };
        lab.report("db-1/system", seen).await;
        if dice.roll(25) == 0 {
            pass(&mut lab, 400).await;
        } else {
            lab.clock.advance(Span::from_secs(20 + dice.roll(40)));
        }
    }
    let live = lived(&lab, "db-1").await;
    // The same under another name: nothing of it is in force.
    let draft = text
        .replace("High CPU", "Draft")
        .replace("critical_threshold", "override = true\ncritical_threshold");
    let told = one(&lab, &draft).await;
    assert_eq!((told.checks, told.judged, told.results), (1, 1, 120), "{told:?}");
    assert_eq!(told.warning + told.critical + told.unknown, live.len() as u64, "{rest}: {told:?}");
    let newest: Vec<_> = live.iter().rev().take(TRIAL_ALERTS).copied().collect();
    let found: Vec<_> = told.rows.first().map_or_else(Vec::new, |row| {
        row.newest.iter().map(|alert| (alert.from, alert.to)).collect()
    });
    // The engine's clock has gone on a little when it recovers.
    assert_eq!(found, newest, "{rest}, seed {seed}");
    lab.engine.stopped().await.unwrap();
    live.len()
}

#[tokio::test]
async fn fm_21_a_trial_over_the_history_fires_when_the_rule_in_force_did() {
    let mut alerts = 0;
    for (seed, rest) in [
        (1, ""),
        (2, "duration_minutes = 2"),
        (3, "attempts = 3"),
        (4, "attempts = 2\nof_last = 5"),
        (5, "duration_minutes = 1\nattempts = 2"),
        (6, "duration_minutes = 4"),
    ] {
        alerts += same_as_live(seed * 0x9e37_79b9, rest).await;
    }
    assert!(alerts > 20, "only {alerts} alerts were compared");
}

#[tokio::test]
async fn fm_25_a_trial_judges_what_the_rule_would_and_says_how_much_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..30).map(|n| format!("db-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["web-1"]).collect();
    let mut lab = lab(&dir, &read(&hosts(&names))).await;
    let keys: Vec<CheckKey> =
        names.iter().map(|name| format!("{name}/system").parse().unwrap()).collect();
    // All but the last two databases have results.
    let few: Vec<CheckKey> =
        keys.iter().filter(|key| !["db-28", "db-29"].contains(&&*key.host)).cloned().collect();
    for value in [10.0, 81.5, 10.0] {
        lab.report_all(&few, &cpu(value), 0).await;
        lab.clock.advance(Span::from_secs(60));
    }
    lab.report("db-07/system", cpu(97.0)).await;
    lab.clock.advance(Span::from_secs(60));
    let told = one(&lab, &rule("High CPU", "db-*", "cpu_usage", "")).await;
    assert_eq!((told.checks, told.hosts, told.judged, told.without), (30, 30, 30, 2));
    assert_eq!((told.warning, told.critical, told.unknown, told.still), (28, 1, 0, 1));
    // Each fired and recovered, and one more fired.
    assert_eq!((told.told, told.results), (57, 85));
    assert_eq!((told.rows.len(), told.more), (TRIAL_ROWS, 28 - TRIAL_ROWS as u64));
    let worst = &told.rows[0];
    assert_eq!(
        (worst.check.to_string().as_str(), worst.worst),
        ("db-07/High CPU", State::Critical)
    );
    assert_eq!((worst.alerts, worst.newest[0].peak, worst.newest[0].to), (2, Some(97.0), None));
    assert_eq!(told.every, Some(Span::from_millis(60_300)));
    assert_eq!((told.first, told.stopped), (Some(START), None));
    assert_eq!(told.rule.words(), "cpu_usage > 75 WARNING, > 90 CRITICAL");
    // Nothing of it took effect.
    assert_eq!(lab.edges().await.len(), 0);
    let Answer::Rules(page) = lab.query(Query::Rules { limit: 10 }).await else { panic!() };
    assert_eq!(page, RulePage::default());
    // Since a moment behind the peak there is only the last result.
    let late = lab.clock.now().wall - Span::from_secs(100);
    let told = tried(&lab, "d.toml", &rule("R", "db-*", "cpu_usage", ""), late).await;
    assert_eq!((told.trials[0].results, told.trials[0].critical), (1, 1));
    // The document's own block, and a list of rules.
    let block = std::fs::read_to_string("tests/fixtures/rules/document.yaml").unwrap();
    let block = block.replace("db-prod-*", "db-0*").replace("notify_contact_list", "# ");
    let told = tried(
        &lab,
        "block.yaml",
        &format!(
            "{block}\n---\n{}",
            block.replace("High CPU", "Two").replace("cpu_usage", "memory_usage")
        ),
        start(),
    )
    .await;
    assert_eq!(told.trials.iter().map(|one| one.checks).collect::<Vec<_>>(), [10, 10], "{told:?}");
}

#[tokio::test]
async fn fm_24_a_draft_is_refused_as_a_file_of_rules_is() {
    let dir = tempfile::tempdir().unwrap();
    let in_force = rule("A", "*", "cpu_usage", "");
    let config = read(&(hosts(&["db-1"]) + &in_force));
    let mut lab = Lab::start(
        dir.path(),
        Inventory { rules: Arc::new(config.rules.clone()), ..inventory(&config) },
        Clock::manual(START),
    )
    .await;
    let good = rule("New", "db-*", "memory_usage", "");
    for (name, text, line, wanted) in [
        (
            "d.toml",
            good.replace("critical_threshold = 90", "critical_threshold = 9"),
            7,
            "critical_threshold: with `>` WARNING at 75 lies beyond CRITICAL at 9",
        ),
        (
            "d.toml",
            good.replace("memory_usage", "memory_used"),
            4,
            "metric: `memory_used` is given by no check",
        ),
        (
            "d.toml",
            good.clone() + "notify_contact_list = \"NOC\"\n",
            9,
            "there is no contact list `NOC`",
        ),
        ("d.toml", good.replace("condition = \">\"", "condition = \"=\""), 5, "condition:"),
        (
            "d.yaml",
            "rule_name: x
host_patern: a
"
            .to_owned(),
            1,
            "the rule needs `condition`",
        ),
        ("d.toml", String::new(), 0, ""),
    ] {
        let answer = tried(&lab, name, &text, start()).await;
        let first = answer.problems.first().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(answer.trials.is_empty());
        if line > 0 {
            assert_eq!(first.line, line, "{first:?}");
        }
        assert!(first.message.as_str().contains(wanted), "{first:?}");
    }
    // Beside a rule in force it would be refused, and is tried all the same.
    let second = one(&lab, &rule("B", "db-*", "cpu_usage", "")).await;
    let said = second.warnings[0].as_str();
    assert!(said.starts_with("would be refused: cpu_usage of db-1/system is judged by rule `A`"));
    assert_eq!(second.checks, 1);
    // The rule itself, changed, is in nobody's way; nor is one that overrides.
    for text in [rule("A", "db-*", "cpu_usage", ""), rule("B", "*", "cpu_usage", "override = true")]
    {
        assert_eq!(one(&lab, &text).await.warnings, [], "{text}");
    }
    let none = one(&lab, &rule("B", "web-*", "cpu_usage", "")).await;
    assert_eq!(none.warnings[0].as_str(), "rule `B` judges nothing yet: `web-*` matches no host");
    assert_eq!((none.checks, none.first), (0, None));
    // Limits.
    let refused = async |text: String, since: Timestamp| {
        let query = Query::TryRules { name: "d.toml".to_owned(), text, since };
        lab.engine.handle.query(lab::noc(), query).await.unwrap_err()
    };
    let huge = "#".repeat(70_000);
    assert_eq!(refused(huge, start()).await.kind, ProblemKind::Invalid);
    let now = lab.clock.now().wall;
    assert_eq!(refused(good.clone(), now).await.message.as_str(), "`since` must be before now");
    let many: String =
        (0..21).map(|n| rule(&format!("R{n}"), &format!("h{n}"), "cpu_usage", "")).collect();
    let answer = tried(&lab, "d.toml", &many, start()).await;
    assert!(answer.problems[0].message.as_str().contains("at most 20"), "{answer:?}");
    // What is in force, with what it does.
    lab.report("db-1/system", cpu(95.0)).await;
    let Answer::Rules(page) = lab.query(Query::Rules { limit: 10 }).await else { panic!() };
    let row = &page.rows[0];
    assert_eq!((page.found, row.checks, row.firing, row.pending), (1, 1, 1, 0));
    assert_eq!(row.rule.origin.as_deref(), Some("c:6"));
}
