//! The rules view, and the form that tries a rule on the stored history.

use std::sync::Arc;

use fluxnoc::model::{
    Alert, AlertId, CheckKey, Condition, Phase, Rule, SafeText, Span, State, Status, Timestamp,
};
use fluxnoc::protocol::{
    CheckRow, DraftAnswer, DraftProblem, Event, QueryRuleRow, Role, RulePage, RuleRow, RuleTrial,
    TrialAlert, TrialRow,
};
use fluxnoc::tui::app::{Overlay, Pane};
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::views::View;

use crate::fixture::now;
use crate::invariants::SIZES;
use crate::{Console, actor, options};

fn high_cpu() -> Rule {
    let thresholds = (Some(75.0), Some(90.0));
    Rule {
        duration: Span::from_secs(300),
        re_alert: Some(Span::from_secs(1800)),
        contact_list: Some("DBA Team".into()),
        origin: Some("/etc/fluxnoc/config.toml:50".to_owned()),
        ..Rule::new("High CPU", "*-0?".parse().unwrap(), "cpu_usage", Condition::Above, thresholds)
    }
}

/// What a fake engine answers.
pub fn page() -> RulePage {
    let lost = Rule {
        attempts: 3,
        of_last: Some(5),
        notify: false,
        origin: Some("/etc/fluxnoc/rules/network.yaml:1".to_owned()),
        ..Rule::new(
            "Loss to the branch offices",
            "lon-*".parse().unwrap(),
            "loss",
            Condition::AtLeast,
            (None, Some(40.0)),
        )
    };
    let off = Rule {
        enabled: false,
        origin: Some("/etc/fluxnoc/rules.d/swap.toml:4".to_owned()),
        ..Rule::new("Swap", "*".parse().unwrap(), "swap_usage", Condition::Above, (Some(5.0), None))
    };
    let row =
        |rule, checks, firing, pending, unknown| RuleRow { rule, checks, firing, pending, unknown };
    let rows = vec![row(high_cpu(), 3, 1, 1, 0), row(lost, 14, 0, 0, 2), row(off, 0, 0, 0, 0)];
    let queries = QUERIES.with_borrow(Clone::clone);
    RulePage { found: 3, rows, queries_found: queries.len() as u64, queries }
}

thread_local! {
    /// The rules in PromQL that a test wants beside the others.
    static QUERIES: std::cell::RefCell<Vec<QueryRuleRow>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn query(name: &str, expr: &str, is_alert: bool) -> QueryRuleRow {
    let line = SafeText::line;
    QueryRuleRow {
        source: line("/etc/fluxnoc/prometheus/queues.yml:7"),
        group: line("queues"),
        name: line(name),
        is_alert,
        expr: SafeText::text(expr),
        interval: Span::from_secs(15),
        hold: if is_alert { Span::from_secs(600) } else { Span::ZERO },
        keep: Span::ZERO,
        labels: vec![(line("severity"), line("critical"))],
        annotations: vec![(line("summary"), line("{{ $labels.queue }} is full"))],
        firing: u64::from(is_alert),
        pending: 0,
        series: 12,
        at: Some(ago(1)),
        took_us: 1234,
        error: None,
        errors: 0,
        missed: 0,
        left_out: 0,
    }
}

#[test]
fn rules_in_promql_stand_below_the_others_and_say_how_they_go() {
    let broken = QueryRuleRow {
        error: Some(SafeText::line("many-to-many matching not allowed")),
        errors: 4,
        ..query("Ratio", "a / b > 0.5", true)
    };
    let recorded = query("job:depth:sum", "sum by (job) (\n  queue_depth\n)", false);
    QUERIES.set(vec![query("QueueFull", "queue_depth > 1000", true), broken, recorded]);
    for size in SIZES {
        let mut console = shown(size);
        let screen = console.screen();
        assert!(screen.contains("Rules: 6 in force, 3 alerts firing"), "{screen}");
        console.press("j j j");
        let screen = console.screen();
        assert!(screen.contains("queue_depth > 1000, for 10m"), "{screen}");
        console.press("enter");
        assert_eq!(console.app.focus, Pane::RuleChecks);
        let screen = console.screen();
        assert!(screen.contains("QueueFull: 0 checks"), "{screen}");
        assert!(screen.contains("in 1.2 ms"), "{screen}");
        console.press("esc j");
        let screen = console.screen();
        assert!(screen.contains("many-to-many matching not allowed"), "{screen}");
        console.press("j");
        console.asked.clear();
        console.press("y y");
        let Some(Effect::Copy(text)) = console.asked.last() else { panic!("{:?}", console.asked) };
        assert_eq!(text, "sum by (job) (\n  queue_depth\n)");
        // The cursor stays with its rule when others come before it.
        QUERIES.with_borrow_mut(|all| all.insert(0, query("New", "up == 0", true)));
        console.pass(Span::from_secs(6));
        console.rest();
        console.asked.clear();
        console.press("y y");
        assert!(
            matches!(console.asked.last(), Some(Effect::Copy(text)) if text.starts_with("sum by"))
        );
        QUERIES.with_borrow_mut(|all| drop(all.remove(0)));
    }
}

fn ago(minutes: u64) -> Timestamp {
    now() - Span::from_secs(minutes * 60)
}

/// What it says to a draft: at 90 twelve alerts, else three.
pub fn tried(text: &str, since: Timestamp) -> DraftAnswer {
    let line = |key: &str| text.lines().position(|line| line.starts_with(key));
    if text.contains("cpu_usge") {
        let at = line("metric").unwrap() as u64 + 1;
        let message = "metric: `cpu_usge` is given by no check; did you mean `cpu_usage`?";
        let problem = DraftProblem { line: at, column: 10, message: SafeText::line(message) };
        return DraftAnswer { problems: vec![problem], trials: Vec::new() };
    }
    let many = text.contains("critical_threshold = 90");
    let row = |n: u64, host: &str, worst, alerts| TrialRow {
        check: CheckKey::new(host, "High CPU"),
        source: "system".into(),
        worst,
        alerts,
        firing: Span::from_secs(3600 * alerts - 300 * n),
        newest: vec![TrialAlert {
            from: ago(300 * (n + 1)),
            to: (n != 0).then(|| ago(300 * (n + 1) - 31)),
            worst,
            peak: Some(97.25 - n as f64),
        }],
    };
    let rows = vec![
        row(0, "db-prod-\u{202e}01", State::Critical, 5),
        row(1, "db-prod-17", State::Critical, 3),
        row(2, "web-04", State::Warning, 1),
    ];
    let trial = RuleTrial {
        rule: high_cpu(),
        warnings: Vec::new(),
        checks: 43,
        hosts: 43,
        judged: 43,
        without: 2,
        warning: 3,
        critical: if many { 9 } else { 0 },
        unknown: 0,
        still: 1,
        told: 31,
        rows,
        more: 37,
        since,
        first: Some(ago(7 * 24 * 60)),
        last: Some(ago(1)),
        results: 433_440,
        every: Some(Span::from_secs(60)),
        daily_before: None,
        damaged: 0,
        stopped: None,
    };
    DraftAnswer { problems: Vec::new(), trials: vec![trial] }
}

/// Three hosts of the fixture have a check that the rule made.
fn ruled(console: &mut Console) {
    let rule = Arc::new(high_cpu());
    let mut events = Vec::new();
    for (host, state, hard) in [
        ("fra-01", State::Ok, true),
        ("dal-03", State::Critical, true),
        ("lon-03", State::Warning, false),
    ] {
        let key = CheckKey::new(host, "High CPU");
        let old = console.app.world.host(host).unwrap().checks.first().unwrap().clone();
        let value = if state == State::Ok { "cpu_usage 40 %" } else { "cpu_usage 95 % (> 90)" };
        let status = Status {
            state,
            hard,
            hard_state: if hard { state } else { State::Ok },
            since: ago(4),
            output: SafeText::line(value),
            ..old.status.clone()
        };
        let row = CheckRow {
            key: key.clone(),
            rule: Some(Arc::clone(&rule)),
            status,
            ..CheckRow::clone(&old)
        };
        events.push(Event::Check(Arc::new(row)));
        if hard && state.is_problem() {
            let known = CheckKey::new("dal-03", "http");
            let known = Alert::clone(console.app.world.alert_of(&known).unwrap());
            let id = AlertId::from_parts(1_772_000_000_000, [77; 10]);
            let alert = Alert { id, check: key, phase: Phase::Firing, state, ack: None, ..known };
            events.push(Event::Alert(Arc::new(alert)));
        }
    }
    console.feed(events);
    console.rest();
}

pub fn shown(size: (u16, u16)) -> Console {
    let mut console = Console::open(size);
    ruled(&mut console);
    console.press("g r");
    console.rest();
    console
}

#[test]
fn the_rules_with_what_each_does() {
    for size in SIZES {
        let mut console = shown(size);
        let screen = console.screen();
        assert_eq!((console.app.view, console.app.focus), (View::Rules, Pane::RuleList));
        assert!(screen.contains("Rules: 3 in force, 1 alert firing"), "{screen}");
        assert!(screen.contains("Swap (off)"), "{screen}");
        insta::assert_snapshot!(format!("rules_{}x{}", size.0, size.1), screen);
        console.press("enter");
        let screen = console.screen();
        assert_eq!(console.app.focus, Pane::RuleChecks);
        // The worst first, with its value.
        let lines: Vec<&str> = screen.lines().filter(|line| line.contains("/High CPU")).collect();
        assert_eq!(lines.len(), 3, "{screen}");
        assert!(lines[0].contains("● CRIT") && lines[0].contains("95 % (> 90)"), "{screen}");
        assert!(lines[1].contains("▲ WARN  0/3") && lines[2].contains("✓ OK"), "{screen}");
        insta::assert_snapshot!(format!("rules_checks_{}x{}", size.0, size.1), screen);
        // Down there a row is a check as anywhere else, and Esc leads back.
        console.press("j enter");
        assert_eq!(console.app.view, View::Host);
        assert_eq!(&*console.app.detail.as_ref().unwrap().host, "lon-03");
        console.press("esc");
        assert_eq!(console.app.view, View::Rules);
        console.press("esc");
    }
}

#[test]
fn d_29_a_rule_under_the_cursor_is_copied_as_it_is_written() {
    let mut console = shown((120, 40));
    console.asked.clear();
    console.press("y y");
    let Some(Effect::Copy(text)) = console.asked.last() else { panic!("{:?}", console.asked) };
    assert!(
        text.starts_with("[[rule]]\nrule_name = \"High CPU\"\nhost_pattern = \"*-0?\"\n"),
        "{text}"
    );
    assert!(text.contains("duration_minutes = 5\nre_alert_minutes = 30\n"), "{text}");
}

pub fn preview(console: &Console) -> Vec<String> {
    let Some(Overlay::Form(open)) = &console.app.overlay else { panic!("no form") };
    open.form.preview.clone()
}

pub fn waits(console: &mut Console) {
    console.pass(Span::from_millis(500));
    console.pass(Span::ZERO);
}

#[test]
fn a_rule_is_tried_with_its_own_values_before_it_is_saved() {
    for size in SIZES {
        let mut console = shown(size);
        console.press("g t");
        waits(&mut console);
        let screen = console.screen();
        for key in [
            "rule_name  High CPU",
            "host_pattern  *-0?",
            "warning_threshold  75",
            "duration_minutes  5",
            "re_alert_minutes  30",
            "notify_contact_list  DBA Team",
        ] {
            assert!(screen.contains(key), "{key}\n{screen}");
        }
        let said = "would have fired 12 alerts: 9 CRITICAL, 3 WARNING, 1 still; told 31 times";
        assert!(screen.contains(&said[..60]), "{screen}");
        insta::assert_snapshot!(format!("rule_form_{}x{}", size.0, size.1), screen);
        assert_eq!(preview(&console)[0], said);
        // What is tried and right is copied.
        console.asked.clear();
        console.press("enter");
        assert!(
            matches!(console.asked.last(), Some(Effect::Copy(text)) if text.contains("High CPU"))
        );
        assert!(console.app.overlay.is_none());
        assert!(console.commands.is_empty(), "nothing takes effect");
    }
}

#[test]
fn fm_24_what_is_wrong_with_a_draft_stands_beside_its_field() {
    let mut console = shown((120, 40));
    console.press("g t tab tab ctrl-u").write("cpu_usge");
    waits(&mut console);
    let screen = console.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let at = lines.iter().position(|line| line.contains("metric  cpu_usge")).unwrap();
    assert!(lines[at + 1].contains("`cpu_usge` is given by no check; did you mean"), "{screen}");
    assert!(screen.contains("not tried: metric: `cpu_usge`"), "{screen}");
    // The keys stay where they are: it goes on there.
    console.press("ctrl-u").write("cpu_usage");
    waits(&mut console);
    let screen = console.screen();
    assert!(
        screen.contains("would have fired 12") && !screen.contains("given by no check"),
        "{screen}"
    );
    // What is empty is said at once, and Enter leads there.
    console.press("ctrl-u");
    assert_eq!(preview(&console), ["still empty: metric"]);
    console.press("enter");
    assert!(console.screen().contains("a rule needs this"));
    // A time that is none.
    console.write("cpu_usage");
    console.press("shift-tab shift-tab shift-tab shift-tab shift-tab ctrl-u").write("soon");
    waits(&mut console);
    assert!(console.screen().contains("write 7d, 36h or 90m"), "{}", console.screen());
}

#[test]
fn an_answer_to_an_older_draft_is_dropped_and_one_that_takes_long_says_so() {
    let mut console = shown((120, 40));
    console.answers = false;
    console.press("g t");
    waits(&mut console);
    // The first draft is under way; a second one follows.
    console.press("tab tab tab tab tab ctrl-u").write("95");
    assert_eq!(preview(&console), ["would have fired: …"]);
    waits(&mut console);
    console.pass(Span::from_millis(2100));
    assert_eq!(preview(&console), ["looking through the stored history for 2 s … Esc gives it up"]);
    console.answer();
    let said = preview(&console);
    assert!(said[0].starts_with("would have fired 3 alerts: 3 WARNING"), "{said:?}");
    // Given up: what comes then is nobody's.
    console.press("ctrl-u").write("90");
    waits(&mut console);
    console.press("esc");
    console.answer();
    assert!(console.app.overlay.is_none());
}

#[test]
fn a_new_rule_begins_empty_and_anybody_may_try_one() {
    let mut console = Console::new((80, 24), actor(Role::Viewer), options());
    console.feed(crate::fixture::picture());
    console.rest();
    console.press("g T");
    let said = preview(&console);
    assert_eq!(said, ["still empty: rule_name, host_pattern, metric, critical_threshold"]);
    console.write("High CPU").press("tab").write("*").press("tab").write("cpu_usage");
    console.press("tab tab tab").write("90");
    waits(&mut console);
    assert!(
        preview(&console)[0].starts_with("would have fired 12 alerts"),
        "{:?}",
        preview(&console)
    );
    insta::assert_snapshot!("rule_form_new_80x24", console.screen());
}
