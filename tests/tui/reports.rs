//! Reports: the form, what is being made, where it was saved, why it was not.

use fluxnoc::model::{Span, TestKind};
use fluxnoc::protocol::{ReportFormat, Role};
use fluxnoc::tui::app::Pane;
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::report_file::{Order, Saved};

use crate::invariants::SIZES;
use crate::{Console, actor, fixture, options};

fn open(size: (u16, u16), keys: &str, role: Role) -> Console {
    let mut console = Console::new(size, actor(role), options());
    console.feed(fixture::picture());
    console.rest();
    console.press(keys);
    console
}

fn orders(console: &Console) -> Vec<Order> {
    let order = |effect: &Effect| match effect {
        Effect::Report(order) => Some(Order::clone(order)),
        _ => None,
    };
    console.asked.iter().filter_map(order).collect()
}

#[test]
fn fs_37_a_report_is_wanted_in_a_form_and_made_while_the_console_goes_on() {
    for size in SIZES {
        let mut console = open(size, "g j j E", Role::Viewer);
        insta::assert_snapshot!(format!("form_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((120, 40), "g j j E", Role::Viewer);
    let screen = console.screen();
    let name = "fluxnoc-jump-02-lan-1-2026-01-25-2026-02-24.pdf";
    assert!(screen.contains("Make a report") && screen.contains(name), "{screen}");
    console.press("enter");
    let [order] = orders(&console).try_into().unwrap();
    let wish = &order.wish;
    assert_eq!((wish.agent.as_deref(), wish.target.as_deref()), (Some("jump-02"), Some("lan-1")));
    assert_eq!((wish.test_type, wish.format), (TestKind::Speedtest, ReportFormat::Pdf));
    // D-21: the last day is in it.
    assert_eq!(wish.start.to_string(), "2026-01-25T00:00:00.000Z");
    assert_eq!(wish.end.to_string(), "2026-02-25T00:00:00.000Z");
    assert_eq!(order.path, name);
    assert_eq!(console.app.focus, Pane::Reports);
    console.pass(Span::from_secs(12));
    let screen = console.screen();
    assert!(screen.contains("▸ making") && screen.contains("12 s so far"), "{screen}");
    assert!(console.app.next_wake() <= console.app.now.steady + Span::from_secs(1), "it goes on");
    // It is said wherever somebody is, and the list keeps it.
    console.press("1");
    let saved = Saved { path: format!("/home/noc/{name}"), bytes: 48_213 };
    console.on(Msg::Reported { id: order.id, result: Ok(saved) });
    let foot = console.foot();
    assert!(foot.contains("saved /home/noc/fluxnoc-jump-02-lan-1"), "{foot}");
    let screen = console.press("g e").screen();
    assert!(screen.contains("✓ saved") && screen.contains("48 kB"), "{screen}");
    console.press("y y");
    assert!(console.asked.contains(&Effect::Copy(format!("/home/noc/{name}"))));
    insta::assert_snapshot!("saved_120x40", console.screen());
}

#[test]
fn what_cannot_be_made_says_why_and_the_form_comes_with_what_it_said() {
    let mut console = open((120, 40), "g e", Role::Operator);
    assert!(console.screen().contains("No report was made in this session: T makes one,"));
    console.press("T");
    // The time is wrong: nothing is made.
    console.press("tab tab tab").write("soon").press("enter");
    let screen = console.screen();
    assert!(orders(&console).is_empty() && screen.contains("`soon` is not a time"), "{screen}");
    console.press("ctrl-u").write("2026-02-01").press("tab").write("2026-01-01").press("enter");
    assert!(console.screen().contains("it must be later than `from`"), "{}", console.screen());
    console.press("ctrl-u").write("2026-02-20").press("tab").write("Mars/Base").press("enter");
    assert!(console.screen().contains("is no zone of the IANA database"), "{}", console.screen());
    console.press("ctrl-u").write("Europe/Berlin").press("tab space tab").write("/tmp/x.csv");
    console.press("enter");
    let [order] = orders(&console).try_into().unwrap();
    assert_eq!((order.wish.agent, order.wish.format), (None, ReportFormat::Csv));
    assert_eq!(
        (order.wish.zone.as_deref(), order.path.as_str()),
        (Some("Europe/Berlin"), "/tmp/x.csv")
    );
    let why = "/tmp/x.csv is there already, and stays as it is: choose another name";
    console.on(Msg::Reported { id: order.id, result: Err(why.to_owned()) });
    let screen = console.screen();
    assert!(screen.contains("? failed") && screen.contains(why), "{screen}");
    assert!(
        console.foot().contains("no report: /tmp/x.csv is there already"),
        "{}",
        console.foot()
    );
    // The form remembers everything but the days.
    let screen = console.press("T").screen();
    assert!(screen.contains("[csv]") && screen.contains("/tmp/x.csv"), "{screen}");
}

#[test]
fn one_that_is_made_is_ended_and_what_comes_of_it_afterwards_changes_nothing() {
    let mut console = open((80, 24), "6 E enter", Role::Operator);
    let [order] = orders(&console).try_into().unwrap();
    console.press("delete");
    assert!(console.asked.contains(&Effect::EndReport(order.id)));
    let screen = console.screen();
    assert!(screen.contains("– cancelled"), "{screen}");
    let saved = Saved { path: "/tmp/x.pdf".to_owned(), bytes: 1 };
    console.on(Msg::Reported { id: order.id, result: Ok(saved) });
    assert!(console.screen().contains("– cancelled"), "{}", console.screen());
    assert!(console.press("delete").foot().contains("no report is being made here"));
}
