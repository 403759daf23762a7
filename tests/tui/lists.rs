//! Lists under the hand: what holds still, what marks and groups mean, and what a key acts on.

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fluxnoc::model::{Alert, AlertId, CheckKey, Phase, Span, State, Steady};
use fluxnoc::protocol::{CheckRow, Command, Event, Target};
use fluxnoc::tui::msg::Msg;

use crate::{Console, fixture};

/// A firing alert that nobody has, `secs` old.
fn alert(console: &Console, n: u16, host: &str, state: State, secs: u64) -> Alert {
    let like = console.app.world.open_alerts().min_by_key(|alert| alert.check.clone()).unwrap();
    let mut entropy = [7; 10];
    entropy[..2].copy_from_slice(&n.to_be_bytes());
    let since = console.app.wall() - Span::from_secs(secs);
    Alert {
        id: AlertId::from_parts(1_771_000_000_000, entropy),
        check: CheckKey::new(host, &*format!("probe-{n}")),
        phase: Phase::Firing,
        state,
        opened: since,
        fired: Some(since),
        since,
        ack: None,
        suppressed: false,
        in_maintenance: false,
        notified: None,
        told_at: None,
        flapping: None,
        cause: None,
        escalation: None,
        ..Alert::clone(like)
    }
}

fn event(alert: &Alert) -> Event {
    Event::Alert(Arc::new(alert.clone()))
}

fn ended(alert: &Alert) -> Event {
    Event::Alert(Arc::new(Alert { phase: Phase::Resolved, state: State::Ok, ..alert.clone() }))
}

/// The checks of the feed's rows, from the top; groups by name.
fn rows(console: &Console) -> Vec<String> {
    let row = |row: &fluxnoc::tui::lists::Row<fluxnoc::tui::lists::AlertRow>| match row {
        fluxnoc::tui::lists::Row::Group(group) => format!("[{}]", group.name),
        row => row.item().unwrap().alert.check.to_string(),
    };
    console.app.lists.alerts.rows.iter().map(row).collect()
}

#[test]
fn newcomers_wait_in_the_title_until_the_hand_rests() {
    let mut console = Console::open((120, 40));
    console.press("j");
    let before = rows(&console);
    let worst = alert(&console, 1, "ams-01", State::Critical, 90_000);
    console.feed(vec![event(&worst)]);
    console.pass(Span::from_millis(2500));
    assert_eq!(rows(&console), before);
    let screen = console.screen();
    assert!(
        screen.contains("Alerts: unhandled 6, handled 2, soft 1, +1; 1 in windows"),
        "{screen}"
    );
    console.pass(Span::from_millis(900));
    assert_eq!(rows(&console)[0], "ams-01/probe-1");
    assert_eq!(console.app.lists.alerts.index, 2, "the cursor went with its object");
    assert!(!console.screen().contains("+1"));
}

#[test]
fn the_console_wakes_by_itself_when_the_hand_rests() {
    let mut console = Console::open((120, 40));
    console.press("j");
    console.feed(vec![event(&alert(&console, 1, "ams-01", State::Critical, 90_000))]);
    let wake = console.app.next_wake();
    assert!(wake.since(console.app.now.steady) <= Span::from_millis(3300), "{wake:?}");
}

#[test]
fn keys_that_ask_for_the_whole_list_take_newcomers_in() {
    for (keys, first) in [("n", false), ("g g", true), ("G", true), ("o", false), ("x", false)] {
        let mut console = Console::open((120, 40));
        console.press("j");
        console.feed(vec![event(&alert(&console, 1, "ams-01", State::Critical, 90_000))]);
        assert_eq!(console.app.lists.alerts.newcomers, 1);
        console.press(keys);
        assert_eq!(console.app.lists.alerts.newcomers, 0, "{keys}");
        if first {
            assert_eq!(rows(&console)[0], "ams-01/probe-1", "{keys}");
        }
    }
}

#[test]
fn a_recovered_row_stays_struck_through_until_the_cursor_leaves_it() {
    for (size, name) in [((120, 40), "gone_120x40"), ((80, 24), "gone_80x24")] {
        let mut console = Console::open(size);
        console.press("j");
        let here = Alert::clone(console.app.selected_alert().unwrap());
        let other = console.app.lists.alerts.items().nth(3).unwrap().alert.clone();
        console.feed(vec![ended(&here), ended(&other)]);
        let screen = console.screen();
        assert!(screen.contains("– gone") && rows(&console).len() == 8, "{screen}");
        insta::assert_snapshot!(name, screen);
        console.pass(Span::from_secs(60));
        assert_eq!(console.app.alert(), Some(here.id), "the cursor stays on its object");
        assert!(!rows(&console).contains(&other.check.to_string()), "others go at rest");
        // What a key means is what is there: nothing else is taken in its place.
        console.press("a");
        assert!(console.foot().contains("this is over"), "{}", console.foot());
        assert!(console.commands.is_empty());
        console.press("j");
        console.pass(Span::from_secs(4));
        assert!(!rows(&console).contains(&here.check.to_string()));
    }
}

#[test]
fn the_first_key_acts_on_what_was_painted_when_it_was_pressed() {
    let mut console = Console::open((120, 40));
    console.screen();
    console.pass(Span::from_secs(1));
    console.screen();
    let seen = console.app.alert().unwrap();
    let worse = alert(&console, 1, "ams-01", State::Critical, 90_000);
    console.feed(vec![event(&worse)]);
    console.screen();
    assert_eq!(console.app.alert(), Some(worse.id), "the worst is selected while nobody is here");
    // The key was on its way when that was painted.
    console.pass(Span::from_millis(200));
    console.key("a");
    console.press("enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.first() else { panic!() };
    assert_eq!(targets, &[Target::Alert(seen)]);
    // A key long after it means the new one.
    let mut console = Console::open((120, 40));
    console.screen();
    console.feed(vec![event(&worse)]);
    console.screen();
    console.pass(Span::from_millis(400));
    console.press("a enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.first() else { panic!() };
    assert_eq!(targets, &[Target::Alert(worse.id)]);
}

#[test]
fn a_new_picture_leaves_the_cursor_where_it_was() {
    let mut console = Console::open((120, 40));
    console.press("j j");
    let (here, before) = (console.app.alert(), rows(&console));
    console.pass(Span::from_secs(60));
    console.feed(vec![Event::Resync]);
    let screen = console.screen();
    assert_eq!(rows(&console), before, "the old picture stands\n{screen}");
    let mut picture = fixture::picture();
    // Meanwhile it has recovered.
    picture.retain(|event| !matches!(event, Event::Alert(a) if Some(a.id) == here));
    console.feed(picture);
    assert!(console.app.lists.alerts.cursor.is_some());
    let row = console.app.lists.alerts.row().and_then(fluxnoc::tui::lists::Row::item).unwrap();
    assert_eq!(Some(row.alert.id), here, "its row says that it is over");
    console.press("a");
    assert!(console.foot().contains("this is over"));
}

#[test]
fn marks_are_of_objects_and_actions_take_them() {
    let mut console = Console::open((120, 40));
    console.press("space space");
    assert_eq!(console.app.lists.alerts.index, 2);
    console.press("j v j");
    let screen = console.screen();
    assert!(screen.contains("4 marked"), "{screen}");
    insta::assert_snapshot!("marks_120x40", screen);
    // An order takes no mark away.
    console.press("v o");
    assert_eq!(console.app.lists.alerts.marks.len(), 4);
    console.press("a");
    let foot = console.foot();
    assert!(foot.starts_with(" Acknowledge 4 alerts: "), "{foot}");
    console.press("enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.first() else { panic!() };
    assert_eq!(targets.len(), 4);
    console.press("r");
    let Some(Command::Recheck { targets }) = console.commands.last() else { panic!() };
    assert_eq!(targets.len(), 4);
    // Esc: marks before the filter before the view.
    console.press("2 space / f r a enter esc");
    assert!(console.app.lists.alerts.marks.is_empty());
    assert_eq!(console.app.filter.0, "fra");
    console.press("esc");
    assert_eq!(console.app.filter.0, "");
    console.press("%");
    assert_eq!(console.app.lists.alerts.marks.len(), console.app.lists.alerts.len());
    insta::assert_snapshot!("marks_all_80x24", {
        console.on(Msg::Resize { width: 80, height: 24 });
        console.screen()
    });
    console.press(",");
    assert!(console.app.lists.alerts.marks.is_empty());
}

#[test]
fn a_mark_goes_with_its_object_when_the_hand_rests() {
    let mut console = Console::open((120, 40));
    let first = Alert::clone(console.app.selected_alert().unwrap());
    console.press("space space j");
    console.feed(vec![ended(&first)]);
    assert_eq!(console.app.lists.alerts.marks.len(), 2);
    console.pass(Span::from_secs(4));
    assert_eq!(console.app.lists.alerts.marks.len(), 1);
}

#[test]
fn groups_show_counts_and_mean_their_members_as_painted() {
    let mut console = Console::open((120, 40));
    // Nothing, host, check, group, site.
    console.press("2 x x x x");
    assert!(console.foot().contains("grouped by site"), "{}", console.foot());
    console.press("g g");
    console.pass(Span::from_secs(10));
    assert_eq!(rows(&console)[0], "[fra]");
    insta::assert_snapshot!("groups_120x40", console.screen());
    console.on(Msg::Resize { width: 80, height: 24 });
    insta::assert_snapshot!("groups_80x24", console.screen());
    // Who comes while the hand is here is not of the group that was painted.
    console.press("j k");
    console.feed(vec![event(&alert(&console, 1, "fra-03", State::Critical, 9))]);
    console.press("a");
    assert!(console.foot().starts_with(" Acknowledge 2 alerts: fra-01/mysql, fra-02/ping until"));
    console.press("enter");
    let Some(Command::Acknowledge { targets, .. }) = console.commands.last() else { panic!() };
    assert_eq!(targets.len(), 2);
    // Enter and l open, h closes and goes to the group.
    console.press("enter");
    assert_eq!(rows(&console)[..3], ["[fra]", "fra-01/mysql", "fra-02/ping"]);
    console.press("j h");
    assert_eq!(rows(&console)[0], "[fra]");
    assert!(console.app.alert().is_none(), "the cursor is on the group");
    console.press("l j");
    assert_eq!(console.app.selected_alert().unwrap().check.to_string(), "fra-01/mysql");
    // Without groups the cursor is where it was.
    console.press("x");
    assert_eq!(console.app.selected_alert().unwrap().check.to_string(), "fra-01/mysql");
}

#[test]
fn the_order_is_in_the_title_and_can_be_turned_round() {
    let mut console = Console::open((120, 40));
    console.press("2");
    let mut seen = Vec::new();
    for _ in 0..5 {
        console.press("o");
        console.press("g g");
        let screen = console.screen();
        let title = screen.lines().nth(1).unwrap().to_owned();
        seen.push((title, rows(&console)[0].clone()));
    }
    let words = ["oldest first", "by host", "by check", "last change first", "worst first"];
    for (word, (title, _)) in words.iter().zip(&seen) {
        assert!(title.contains(word), "{word}: {title}");
    }
    let firsts: Vec<&str> = seen.iter().map(|(_, row)| row.as_str()).collect();
    assert_eq!(
        firsts,
        ["lon-02/http", "ams-01/http", "ams-09/disk", "ams-01/http", "fra-01/mysql"]
    );
    console.press("O g g");
    assert_eq!(rows(&console)[0], "ams-01/http");
    assert!(console.screen().contains("worst last"));
}

#[test]
fn the_next_problem_is_the_worst_whatever_the_order_and_wraps() {
    let mut console = Console::open((120, 40));
    console.press("2 o o g g");
    let at = |console: &Console| console.app.selected_alert().unwrap().check.to_string();
    let worst =
        ["fra-01/mysql", "fra-02/ping", "dal-03/http", "lon-12/dns", "dal-07/load", "fra-01/mysql"];
    for want in worst {
        console.press("n");
        assert_eq!(at(&console), want);
    }
    console.press("N");
    assert_eq!(at(&console), "dal-07/load");
    console.press("8 n");
    assert_eq!(at(&console), "fra-01/mysql");
    assert!(console.screen().contains("Alerts"));
}

#[test]
fn what_i_snoozed_steps_back_for_me() {
    let mut console = Console::open((120, 40));
    let key = CheckKey::new("fra-01", "mysql");
    let until = console.app.wall() + Span::from_secs(3600);
    console.app.snoozed.insert(key, until);
    console.pass(Span::from_secs(1));
    console.feed(vec![Event::Ready]);
    let screen = console.screen();
    assert!(screen.contains("unhandled 4, handled 2, 1 snoozed"), "{screen}");
    assert!(screen.contains("snooze 22:04"), "{screen}");
    assert_eq!(rows(&console)[0], "fra-02/ping");
}

#[test]
fn a_late_source_greys_and_says_how_old_it_is() {
    let mut console = Console::open((120, 40));
    let late = |console: &Console, key: &CheckKey| {
        let mut row = CheckRow::clone(console.app.world.check(key).unwrap());
        row.status.late = true;
        row.status.last_result = Some(console.app.wall() - Span::from_secs(240));
        Event::Check(Arc::new(row))
    };
    let events = [("fra-01", "mysql"), ("ams-30", "ping")]
        .map(|(host, check)| late(&console, &CheckKey::new(host, check)));
    console.feed(events.to_vec());
    assert!(console.screen().contains("4m old: connection"), "{}", console.screen());
    console.press("3 / a m s - 3 0 enter");
    assert!(console.screen().contains("ping: 4m old: 5 of 5 answered"), "{}", console.screen());
    console.press("4");
    assert!(console.screen().contains("4m old: 5 of 5 answered"), "{}", console.screen());
}

#[test]
fn all_checks_in_one_list() {
    for (size, name) in [((120, 40), "checks_120x40"), ((80, 24), "checks_80x24")] {
        let mut console = Console::open(size);
        console.press("4");
        insta::assert_snapshot!(name, console.screen());
        assert_eq!(console.app.lists.checks.len(), 399 + 4);
        console.press("j j enter");
        assert!(console.app.in_detail());
        assert_eq!(console.app.host.as_deref(), Some("dal-03"));
        console.press("esc");
        let row = console.app.lists.checks.row().map(fluxnoc::tui::lists::Row::key);
        assert_eq!(
            row,
            Some(fluxnoc::tui::lists::Key::Item(CheckKey::new("dal-03", "http"))),
            "the way back leads to the same row"
        );
    }
}

#[test]
fn the_hosts_as_a_table_with_groups_and_as_a_dense_grid() {
    let mut console = Console::open((120, 40));
    console.press("3 x");
    insta::assert_snapshot!("hosts_groups_120x40", console.screen());
    console.press("x x");
    console.press("space space a");
    assert!(console.foot().starts_with(" Acknowledge 2 alerts: "), "{}", console.foot());
    console.press("esc , z l l");
    insta::assert_snapshot!("hosts_dense_120x40", console.screen());
    console.press("z");
    assert!(console.screen().contains("Hosts, worst first"));
}

/// A line with 100 ms each way: what is pressed, and what the frames showed.
struct Delayed {
    console: Console,
    /// Frames on their way: when they were painted, what was under the cursor (members of a
    /// group), was a line open.
    frames: VecDeque<(Steady, Vec<AlertId>, bool)>,
    keys: VecDeque<(Steady, KeyCode)>,
    seen: (Vec<AlertId>, bool),
    seed: u64,
    alive: VecDeque<Alert>,
    next: u16,
}

const STEP: Span = Span::from_millis(20);
const ONE_WAY: Span = Span::from_millis(100);

impl Delayed {
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below
    }

    /// Twenty milliseconds: an alert comes or goes, keys arrive, a frame is painted and another seen.
    fn step(&mut self) {
        self.console.pass(STEP);
        let now = self.console.app.now.steady;
        if self.alive.len() > 40 {
            let at = self.random(self.alive.len() as u64);
            let old = self.alive.remove(usize::try_from(at).unwrap()).unwrap();
            self.console.on(Msg::Event(Arc::new(ended(&old))));
        } else {
            let state = [State::Critical, State::Unknown, State::Warning][self.random(3) as usize];
            let (host, age) = (self.random(60) + 1, self.random(4000));
            self.next += 1;
            let new = alert(&self.console, self.next, &format!("fra-{host:02}"), state, age);
            self.console.on(Msg::Event(Arc::new(event(&new))));
            self.alive.push_back(new);
        }
        while self.keys.front().is_some_and(|(at, _)| *at <= now) {
            let (at, code) = self.keys.pop_front().unwrap();
            self.console.on(Msg::Key { key: KeyEvent::new(code, KeyModifiers::NONE), at });
        }
        self.console.on(Msg::Tick(self.console.app.now));
        self.console.on(Msg::Painted(now));
        let open = self.console.app.overlay.is_some();
        let row = self.console.app.lists.alerts.row();
        let under = row.map(fluxnoc::tui::lists::Row::members).unwrap_or_default();
        self.frames.push_back((now, under, open));
        while self.frames.front().is_some_and(|(at, _, _)| *at + ONE_WAY <= now) {
            let (_, under, open) = self.frames.pop_front().unwrap();
            self.seen = (under, open);
        }
    }

    fn press(&mut self, code: KeyCode) {
        self.keys.push_back((self.console.app.now.steady + ONE_WAY, code));
    }

    fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step();
        }
    }
}

#[test]
fn over_a_slow_line_every_acknowledgement_hits_what_the_frames_showed() {
    let mut line = Delayed {
        console: Console::open((120, 40)),
        frames: VecDeque::new(),
        keys: VecDeque::new(),
        seen: (Vec::new(), false),
        seed: 4242,
        alive: VecDeque::new(),
        next: 0,
    };
    line.console.press("2");
    line.steps(60);
    let (mut hits, mut over) = (0, 0);
    for round in 0..400 {
        let moves = [KeyCode::Char('j'), KeyCode::Char('k'), KeyCode::Char('n'), KeyCode::PageDown];
        let code = moves[usize::try_from(line.random(4)).unwrap()];
        line.press(code);
        // Long enough to see it; at times so long that the hand rests just before the key.
        let wait = if round % 5 == 0 { 150 + line.random(12) } else { 11 + line.random(20) };
        line.steps(wait);
        let want = line.seen.0.clone();
        let before = line.console.commands.len();
        line.press(KeyCode::Char('a'));
        for _ in 0..30 {
            line.step();
            if line.seen.1 {
                break;
            }
        }
        if line.seen.1 {
            line.press(KeyCode::Enter);
        }
        line.steps(12);
        match &line.console.commands[before..] {
            [] => over += 1,
            [Command::Acknowledge { targets, .. }] => {
                // Of a group what is over by now is left out; nothing else ever joins.
                let painted =
                    |target: &Target| matches!(target, Target::Alert(id) if want.contains(id));
                assert!(!targets.is_empty() && targets.iter().all(painted), "round {round}");
                hits += usize::from(want.len() == 1);
            }
            other => panic!("{other:?}"),
        }
        if line.console.app.overlay.is_some() {
            line.press(KeyCode::Esc);
            line.steps(12);
        }
    }
    assert!(hits > 100, "{hits} acknowledged, {over} were over before the key arrived");
}

/// Three thousand alerts of one site and three others within half a minute.
fn storm(console: &mut Console, count: u16) {
    let sites = ["fra", "fra", "fra", "fra"];
    for n in 0..count {
        let host = format!("{}-{:02}", sites[usize::from(n) % 4], n % 60 + 1);
        let new = alert(console, 100 + n, &host, State::Critical, 5);
        console.on(Msg::Event(Arc::new(event(&new))));
    }
    for (n, host) in ["dal-05", "ams-17", "lon-09"].into_iter().enumerate() {
        let new = alert(console, 50_000 + u16::try_from(n).unwrap(), host, State::Warning, 3);
        console.on(Msg::Event(Arc::new(event(&new))));
    }
    console.pass(Span::from_secs(2));
}

#[test]
fn a_storm_groups_by_itself_and_what_is_outside_stays_on_top() {
    for (size, name) in [((120, 40), "storm_120x40"), ((80, 24), "storm_80x24")] {
        let mut console = Console::open(size);
        storm(&mut console, 600);
        let screen = console.screen();
        let head = screen.lines().next().unwrap().to_owned();
        assert!(head.contains("STORM 603 in 60 s, 99 % site fra, first fra-"), "{head}");
        insta::assert_snapshot!(name, screen);
        let rows = rows(&console);
        assert_eq!(rows.last().map(String::as_str), Some("[fra]"));
        for outside in ["dal-05/probe-50000", "ams-17/probe-50001", "lon-09/probe-50002"] {
            let at = rows.iter().position(|row| row == outside);
            assert!(at.is_some_and(|at| at < 12), "{outside}: {rows:?}");
        }
    }
}

#[test]
fn a_storm_is_taken_in_one_request_and_ungrouped_with_one_key() {
    let mut console = Console::open((120, 40));
    storm(&mut console, 600);
    let traced = |console: &Console| console.app.looked.as_ref().unwrap().trace.clone();
    assert!(traced(&console).is_some());
    console.rest();
    assert_eq!(traced(&console), None, "nothing is traced in a storm");
    console.press("G a");
    let foot = console.foot();
    assert!(foot.starts_with(" Acknowledge 602 alerts: "), "{foot}");
    console.press("enter");
    let [Command::Acknowledge { targets, .. }] = console.commands.as_slice() else { panic!() };
    assert_eq!(targets.len(), 602);
    console.press("x");
    assert!(rows(&console).len() > 600, "{}", rows(&console).len());
    assert!(console.screen().starts_with(" STORM"), "it is still one");
    // It ends after a calm minute, and the next `x` groups as ever.
    for _ in 0..130 {
        console.pass(Span::from_secs(1));
    }
    assert!(!console.screen().contains("STORM"));
    console.press("x");
    assert!(console.foot().contains("grouped by host"));
}

#[test]
fn a_storm_under_the_hand_leaves_the_rows_where_they_are() {
    let mut console = Console::open((120, 40));
    console.press("j");
    let before = rows(&console);
    storm(&mut console, 300);
    assert_eq!(rows(&console), before);
    assert!(console.screen().contains("+303"));
    console.pass(Span::from_secs(2));
    let now = rows(&console);
    assert!(now.len() < 20 && now.contains(&"[fra]".to_owned()), "{now:?}");
    assert_eq!(console.app.selected_alert().unwrap().check.to_string(), before[1]);
}
