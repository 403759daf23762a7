//! What a rule made, as an operator sees it: named like a check, with what it demands and what is
//! left of its duration.

use std::sync::Arc;

use fluxnoc::model::{
    Alert, CheckKey, Condition, Phase, Rule, SafeText, Span, State, Status, Timestamp, Wait,
};
use fluxnoc::protocol::{CheckRow, Event};
use fluxnoc::tui::views::View;

use crate::Console;

/// `dal-03/http` becomes the check of a rule whose duration began 100 s ago.
fn waits(console: &mut Console, hard: State, wait: impl Fn(Timestamp) -> Wait) {
    let key = CheckKey::new("dal-03", "http");
    let hosts = "dal-*".parse().unwrap();
    let thresholds = (Some(75.0), Some(90.0));
    let rule = Rule {
        duration: Span::from_secs(300),
        re_alert: Some(Span::from_secs(1800)),
        contact_list: Some("DBA Team".into()),
        ..Rule::new("http", hosts, "cpu_usage", Condition::Above, thresholds)
    };
    let mut alert = Alert::clone(console.app.world.alert_of(&key).unwrap());
    let mut row = CheckRow::clone(console.app.world.check(&key).unwrap());
    let since = console.app.wall() - Span::from_secs(100);
    let pending = hard == State::Ok;
    let output = SafeText::line("cpu_usage 95 % (> 90)");
    alert.phase = if pending { Phase::Pending } else { Phase::Firing };
    alert.state = if pending { State::Critical } else { hard };
    (alert.attempt, alert.attempts, alert.since) = (1, 1, since);
    alert.output = output.clone();
    row.attempts = 1;
    row.rule = Some(Arc::new(rule));
    row.status = Status {
        state: alert.state,
        hard: !pending,
        hard_state: hard,
        attempt: 1,
        since,
        output,
        wait: wait(since),
        ..row.status
    };
    console.feed(vec![Event::Check(Arc::new(row)), Event::Alert(Arc::new(alert))]);
    console.rest();
}

fn page(console: &mut Console) -> String {
    console.press("/ h o s t : d a l - 0 3 enter enter");
    console.rest();
    let screen = console.screen();
    assert_eq!(console.app.view, View::Alert, "{screen}");
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn fm_21_a_duration_is_shown_with_its_rule_and_what_is_left_of_it() {
    let mut console = Console::open((200, 60));
    waits(&mut console, State::Ok, |at| Wait { since: Some(at), critical: Some(at), recent: 3 });
    console.press("2");
    let screen = console.screen();
    let line = screen.lines().find(|line| line.contains("dal-03")).unwrap();
    assert!(line.contains("wait") && !line.contains("1/1"), "{screen}");
    let page = page(&mut console);
    for part in [
        "rule: cpu_usage > 75 WARNING, > 90 CRITICAL, for 5m",
        "a problem since",
        "not confirmed yet, its duration runs",
        "(in 3m) unless it clears",
        "tells DBA Team, again every 30m while nobody has it",
    ] {
        assert!(page.contains(part), "{part}\n{}", console.screen());
    }
}

#[test]
fn fm_21_a_warning_on_its_way_to_critical_says_so() {
    let mut console = Console::open((200, 60));
    let wait = |at: Timestamp| Wait {
        since: Some(at - Span::from_secs(600)),
        critical: Some(at),
        recent: 3,
    };
    waits(&mut console, State::Warning, wait);
    console.press("2");
    let page = page(&mut console);
    assert!(
        page.contains("critical since") && page.contains("CRITICAL at"),
        "{}",
        console.screen()
    );
    let mut console = Console::open((200, 60));
    waits(&mut console, State::Ok, |at| Wait {
        since: Some(at - Span::from_secs(300)),
        critical: None,
        recent: 3,
    });
    console.press("2");
    let page = self::page(&mut console);
    assert!(page.contains("alerts with the next result"), "{}", console.screen());
}

#[test]
fn fm_24_the_check_s_detail_names_the_rule_too() {
    let mut console = Console::open((120, 40));
    waits(&mut console, State::Ok, |at| Wait { since: Some(at), critical: None, recent: 1 });
    console.press("4 / h o s t : d a l - 0 3 enter enter");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("rule: cpu_usage > 75 WARNING"), "{screen}");
}
