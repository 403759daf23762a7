//! The calendar of scheduled speedtests: hours and lanes, what waits for what, what has no room.

use fluxnoc::model::TestKind;
use fluxnoc::protocol::query::{Answer, Query};
use fluxnoc::protocol::{Role, ScheduleRow};
use fluxnoc::tui::app::Pane;
use fluxnoc::tui::effect::{Effect, Reply};
use fluxnoc::tui::msg::Msg;

use crate::invariants::SIZES;
use crate::schedules::{plan, row};
use crate::{Console, actor, fixture, options};

/// Three at the top of each hour that take something from each other, one that comes too often.
fn clashing() -> Vec<ScheduleRow> {
    let one = |n: u8, name: &str, agent: &str, target: &str, cron: &str| {
        let mut plan = plan(name, agent, TestKind::Speedtest, target);
        (plan.cron, plan.interval_seconds) = (Some(cron.to_owned()), None);
        plan.zone = Some("Europe/Berlin".to_owned());
        let mut row = row(n, plan, None);
        // Changed since the calendar was played first.
        row.schedule.revision = 2;
        row
    };
    vec![
        one(1, "HQ uplink", "jump-02", "lan-1", "0 * * * *"),
        one(2, "Dallas to HQ", "dal-07", "lan-1", "0 */3 * * *"),
        one(3, "HQ to CDN", "jump-02", "cdn", "0 6,22 * * *"),
        // 85 s of every minute.
        one(4, "too often", "ams-05", "192.0.2.9:5201", "0-3 4 * * *"),
    ]
}

fn open(size: (u16, u16), rows: &[ScheduleRow]) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g j");
    console.answers = false;
    console.press("K");
    let is_it = |effect: &Effect| matches!(effect, Effect::Query { query: Query::Schedules, .. });
    let id = *console.waiting.iter().find(|(_, effect)| is_it(effect)).unwrap().0;
    console.waiting.remove(&id);
    console.answers = true;
    let answer = Answer::Schedules(rows.to_vec());
    console.on(Msg::Reply { id, result: Ok(Reply::Answer(answer)) });
    assert_eq!(console.app.focus, Pane::Calendar);
    console
}

#[test]
fn d_26_what_waits_for_what_and_what_has_no_room_is_seen_before_it_happens() {
    for size in SIZES {
        let mut console = open(size, &clashing());
        let screen = console.screen();
        insta::assert_snapshot!(format!("calendar_{}x{}", size.0, size.1), screen);
    }
    let mut console = open((200, 60), &clashing());
    let screen = console.screen();
    assert!(screen.contains("Calendar by target: 38 runs, "), "{screen}");
    assert!(screen.contains(" without room"), "{screen}");
    // The target without room is first; there it is not a number of 0 but missed.
    console.press("g g l l l l l l l");
    let screen = console.screen();
    assert!(screen.contains("192.0.2.9:5201, 25 Feb 04:00 to 25 Feb 05:00"), "{screen}");
    assert!(screen.contains("? missed"), "{screen}");
    assert!(screen.contains("no room before its time has passed: `too often` runs"), "{screen}");
    // By agent: jump-02 runs one after the other, and the one that waits says for which.
    let screen = console.press("x").screen();
    assert!(screen.contains("Calendar by agent: "), "{screen}");
    console.press("g g j j h h h h h h");
    let screen = console.press("enter").screen();
    assert_eq!(console.app.focus, Pane::CalendarRuns);
    assert!(screen.contains("jump-02, 22:00 to 23:00"), "{screen}");
    assert!(screen.contains("22:01:25 – 22:02:50"), "{screen}");
    assert!(screen.contains("after `HQ uplink`"), "{screen}");
    insta::assert_snapshot!("by_agent_200x60", screen);
    // Enter goes to the schedule of the run.
    let screen = console.press("j enter").screen();
    assert_eq!(console.app.focus, Pane::ScheduleList);
    assert!(screen.contains("╭─ Schedules"), "{screen}");
}

#[test]
fn a_calendar_is_played_again_only_when_something_of_it_changed() {
    let mut console = open((120, 40), &clashing());
    let before = console.screen();
    console.press("j l");
    let moved = console.screen();
    assert_ne!(before, moved);
    // The list comes again with what it had.
    console.pass(fluxnoc::model::Span::from_secs(1));
    assert!(console.screen().contains("Calendar by target"));
}

#[test]
fn without_a_schedule_of_a_speedtest_the_calendar_says_what_to_do() {
    let mut console = open((80, 24), &[]);
    let screen = console.screen();
    assert!(screen.contains("No speedtest runs on schedule: T makes a schedule."), "{screen}");
    assert!(console.press("T").screen().contains("New schedule"));
}
