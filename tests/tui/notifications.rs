//! The notifications view: destinations and what they were told, sending again, giving up.

use fluxnoc::model::{AlertId, CheckKey, Reason, SafeText, Span, State};
use fluxnoc::protocol::{
    Command, DeliveryState, DestinationRow, NotificationItem, NotificationPage, NotificationRow,
    NotificationScope, Role,
};
use fluxnoc::tui::app::Pane;

use crate::fixture::now;
use crate::{Console, actor, options};

fn item(
    n: u8,
    to: &str,
    state: DeliveryState,
    tries: u32,
    error: Option<&str>,
) -> NotificationItem {
    let at = now() - Span::from_secs(60 * u64::from(n) + 20);
    NotificationItem {
        told: NotificationRow {
            key: format!("a{n}:1:first:{to}"),
            edge_seq: 1,
            reason: if n.is_multiple_of(2) { Reason::First } else { Reason::Recovered },
            destination: to.to_owned(),
            not_before: at,
            state,
            tries,
            sent_at: (state == DeliveryState::Sent).then_some(at),
            error: error.map(SafeText::line),
        },
        alert: AlertId::from_parts(1_772_000_000_000, [n; 10]),
        check: CheckKey::new(format!("web-{n}"), "http"),
        state: if n.is_multiple_of(2) { State::Critical } else { State::Ok },
        at,
        resent_at: None,
    }
}

/// What a fake engine answers.
pub fn page(only: Option<&str>) -> NotificationPage {
    let destination = |name: &str, waiting, failing, parked, gone: bool| DestinationRow {
        name: name.to_owned(),
        waiting,
        failing,
        parked,
        sent_at: (!gone).then(|| now() - Span::from_secs(240)),
        gone,
    };
    let mut rows = vec![
        item(4, "pager", DeliveryState::Due, 5, Some("503, \u{1b}[2Jtry later")),
        item(2, "pager", DeliveryState::Due, 0, None),
        item(6, "old-hook", DeliveryState::Parked, 1, Some("there is no such channel any more")),
        item(8, "pager", DeliveryState::Parked, 1, Some("400 bad request")),
        item(3, "log", DeliveryState::Sent, 0, None),
        item(10, "chat", DeliveryState::Dropped, 2, Some("timed out")),
    ];
    rows.retain(|row| only.is_none_or(|only| row.told.destination == only));
    NotificationPage {
        destinations: vec![
            destination("chat", 0, 0, 0, false),
            destination("log", 0, 0, 0, false),
            destination("old-hook", 0, 0, 1, true),
            destination("pager", 2, 1, 1, false),
        ],
        rows,
    }
}

fn open(size: (u16, u16)) -> Console {
    let mut console = Console::open(size);
    console.press("g n");
    assert_eq!(console.app.focus, Pane::Notifications);
    console
}

#[test]
fn fm_23_what_waits_and_why_is_on_one_screen_at_three_sizes() {
    for (size, name) in [((200, 60), "200x60"), ((120, 40), "120x40"), ((80, 24), "80x24")] {
        let screen = open(size).screen();
        assert!(screen.contains("Notifications: 2 waiting, 2 given up"), "{screen}");
        assert!(screen.contains("old-hook (no channel)"), "{screen}");
        for words in ["◌ failing", "◌ waiting", "● given up", "✓ taken", "– dropped"] {
            assert!(screen.contains(words), "{words} at {name}\n{screen}");
        }
        assert!(!screen.contains('\u{1b}'), "{screen}");
    }
}

#[test]
fn one_is_sent_again_at_once_and_all_of_a_destination_after_a_question() {
    let mut console = open((120, 40));
    // chat has nothing: nothing is asked for, and it is said.
    let screen = console.press("r").screen();
    assert!(console.commands.is_empty() && screen.contains("nothing to chat waits"), "{screen}");
    console.press("j j j r");
    let screen = console.screen();
    assert!(screen.contains("Send again 2 notifications to pager"), "{screen}");
    assert!(console.commands.is_empty());
    console.press("enter");
    let to = NotificationScope::Destination("pager".to_owned());
    assert_eq!(console.commands, [Command::ResendNotifications { which: to }]);
    console.commands.clear();
    console.press("j r");
    let one = NotificationScope::Keys(vec!["a4:1:first:pager".to_owned()]);
    assert_eq!(console.commands, [Command::ResendNotifications { which: one }]);
    let screen = console.screen();
    assert!(screen.contains("1 notification of web-4/http to pager to be sent again"), "{screen}");
}

#[test]
fn what_is_dropped_is_counted_by_hand() {
    let mut console = open((120, 40));
    console.press("j j j D");
    let screen = console.screen();
    assert!(screen.contains("Drop 3 notifications to pager"), "{screen}");
    console.press("enter");
    assert!(console.commands.is_empty(), "nothing was typed");
    console.write("3").press("enter");
    let to = NotificationScope::Destination("pager".to_owned());
    assert_eq!(console.commands, [Command::DropNotifications { which: to }]);
    let screen = console.screen();
    assert!(screen.contains("3 notifications to pager dropped"), "{screen}");
    // What was taken can be neither.
    console.commands.clear();
    console.press("G k r");
    console.press("D");
    assert!(console.commands.is_empty() && console.app.overlay.is_none());
}

#[test]
fn enter_shows_one_destination_or_the_alert_and_esc_goes_back() {
    let mut console = open((120, 40));
    console.press("j j enter");
    let screen = console.screen();
    assert!(screen.contains("Notifications to old-hook:"), "{screen}");
    assert!(screen.contains("web-6/http") && !screen.contains("web-4/http"), "{screen}");
    console.press("esc");
    assert!(console.screen().contains("web-4/http"));
    console.press("G enter");
    assert_eq!(console.app.focus, Pane::AlertPage);
}

#[test]
fn the_cursor_stays_with_its_notification_and_the_list_comes_again() {
    let mut console = open((120, 40));
    console.press("j j j j j");
    let row = |console: &mut Console| {
        let screen = console.screen();
        screen.lines().find(|row| row.contains('›')).unwrap_or_default().to_owned()
    };
    assert!(row(&mut console).contains("web-2/http"), "{}", console.screen());
    // It is asked for again by itself.
    let next = fluxnoc::tui::panes::notifications::wake(&console.app);
    assert!(next.is_some_and(|at| at <= console.app.now.steady + Span::from_secs(2)), "{next:?}");
    console.pass(Span::from_secs(3));
    assert!(row(&mut console).contains("web-2/http"), "{}", console.screen());
}

#[test]
fn who_may_only_look_sends_nothing() {
    let mut console = Console::new((120, 40), actor(Role::Viewer), options());
    console.feed(crate::fixture::picture());
    console.rest();
    console.press("g n j j j r");
    console.press("enter");
    assert!(console.commands.is_empty(), "{:?}", console.commands);
}
