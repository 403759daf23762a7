//! The interfaces of a device: reached from its host, ordered, judged, with a graph of the one
//! under the cursor.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{CheckKey, Host, Metric, Observation, Range, SafeText, Span, Timestamp, Unit};
use fluxnoc::protocol::{Event, LiveCheck, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::app::Pane;

use crate::fixture::{self, check, fine, wave};
use crate::{Console, actor, options};

const PORTS: [(&str, &str, u32, f64, f64); 9] = [
    ("te1/1", "uplink fra to dal, circuit 4711-a", 1, 10e9, 8.9e9),
    ("te1/2", "uplink fra to ams", 2, 10e9, 0.0),
    ("te1/10", "", 1, 10e9, 2.1e9),
    ("ge-0/0/1", "customer 17", 1, 1e9, 9.6e8),
    ("ge-0/0/2", "", 0, 1e9, 0.0),
    ("ge-0/0/3", "", 2, 0.0, 0.0),
    ("ge-0/0/4", "lab", 5, 1e9, 0.0),
    ("vlan 100", "", 1, 0.0, 4.2e5),
    ("mgmt", "out of band\u{202e}", 1, 1e8, 1500.0),
];

/// What the switch measures at a moment.
pub fn metrics(secs: i64) -> Vec<Metric> {
    let range = |text: &str| Some(text.parse::<Range>().unwrap());
    let mut all = vec![Metric::new("cpu_usage", 12.0, Unit::Percent)];
    for (n, (name, _, link, speed, rate)) in PORTS.into_iter().enumerate() {
        let shift = i64::try_from(n).unwrap() * 37;
        let errors = Metric {
            warning: range("~:1"),
            critical: range("~:5"),
            ..Metric::new("network_error_rate", if n == 3 { 1.4 } else { 0.0 }, Unit::Percent)
        };
        let link = Metric {
            critical: (n == 1).then(|| range("0:1")).flatten(),
            ..Metric::new("link_state", f64::from(link), Unit::Count)
        };
        let moved = 0.6 + 0.4 * wave(secs + shift, 150.0);
        all.extend([
            errors.of(name),
            Metric::new("octets_in", rate * moved, Unit::BitsPerSecond).of(name),
            Metric::new("octets_out", rate / 3.0 * moved, Unit::BitsPerSecond).of(name),
            link.of(name),
        ]);
        if speed > 0.0 {
            all.push(Metric::new("network_speed", speed, Unit::BitsPerSecond).of(name));
        }
    }
    all
}

fn key() -> CheckKey {
    CheckKey::new("core-fra-2", "snmp")
}

fn live(at: Timestamp) -> Event {
    let aliases: BTreeMap<_, _> = PORTS
        .iter()
        .filter(|(_, alias, ..)| !alias.is_empty())
        .map(|(name, alias, ..)| ((*name).into(), SafeText::line(alias)))
        .collect();
    Event::Live(Arc::new(LiveCheck {
        check: key(),
        at,
        next: Some(at + Span::from_secs(60)),
        observation: Observation {
            output: SafeText::line("5 of 9 interfaces up"),
            metrics: metrics(at.millis() / 1000),
            aliases: Some(Arc::new(aliases)),
            ..Observation::default()
        },
    }))
}

/// A console with a switch, whose interfaces are open.
pub(crate) fn shown(size: (u16, u16), options: Options) -> Console {
    let mut console = with_switch(size, options);
    console.press("i");
    with_numbers(&mut console);
    console
}

/// A console with a switch, whose host view is open.
fn opened(size: (u16, u16)) -> Console {
    with_switch(size, options())
}

fn with_switch(size: (u16, u16), options: Options) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    let mut host = Host::new("core-fra-2", "10.0.2.1");
    host.labels.insert("site".to_owned(), "fra".to_owned());
    console.feed(vec![
        Event::Host(Arc::new(host)),
        check("core-fra-2", "snmp", Kind::Snmp, fine("5 of 9 interfaces up")),
        check("core-fra-2", "ping", Kind::Ping, fine("5 of 5 answered, 1.2 ms")),
    ]);
    console.pass(Span::from_secs(3));
    console.press("/").write("core-fra-2").press("enter shift-tab g g enter");
    console.rest();
    assert!(console.screen().contains("core-fra-2 10.0.2.1"), "{}", console.screen());
    console
}

fn with_numbers(console: &mut Console) {
    console.rest();
    console.feed(vec![live(fixture::now())]);
    console.rest();
}

#[test]
fn the_graph_of_an_interface_on_a_small_screen() {
    let mut console = opened((80, 24));
    console.press("i tab");
    with_numbers(&mut console);
    insta::assert_snapshot!("interfaces_graph_80x24", console.screen());
}

/// The rows of the table, as they begin.
fn order(console: &mut Console) -> Vec<String> {
    let screen = console.screen();
    let known = |line: &str| {
        PORTS.iter().map(|port| port.0).find(|name| line.contains(&format!(" {name} ")))
    };
    let table = screen.lines().take_while(|line| !line.contains("Throughput:"));
    table.filter_map(known).map(str::to_owned).collect()
}

#[test]
fn what_is_judged_is_on_top_and_names_are_ordered_as_people_count() {
    let mut console = opened((160, 48));
    console.press("i");
    with_numbers(&mut console);
    let worst = [
        "te1/2", "ge-0/0/1", "ge-0/0/2", "ge-0/0/3", "ge-0/0/4", "mgmt", "te1/1", "te1/10",
        "vlan 100",
    ];
    assert_eq!(order(&mut console), worst);
    let screen = console.screen();
    assert!(screen.contains("Interfaces: core-fra-2 snmp, worst first"), "{screen}");
    assert!(screen.contains("5 of 9 up"), "{screen}");
    assert!(screen.contains("● down      te1/2"), "judged by its threshold\n{screen}");
    assert!(screen.contains("– down      ge-0/0/3"), "no threshold, no news\n{screen}");
    assert!(screen.contains("– shut      ge-0/0/2"), "{screen}");
    assert!(!screen.contains('\u{202e}'), "what a device calls itself is made visible");
    // The cursor stays on its interface whatever the order is.
    console.press("j");
    assert!(
        console.screen().contains("Throughput: ge-0/0/1 (customer 17), 15 min"),
        "{}",
        console.screen()
    );
    console.press("o");
    assert!(console.screen().contains("by name") && order(&mut console)[0] == "ge-0/0/1");
    console.press("o");
    assert!(console.screen().contains("busiest first") && order(&mut console)[0] == "te1/1");
    console.press("o");
    assert!(console.screen().contains("most errors first") && order(&mut console)[0] == "ge-0/0/1");
    assert!(console.screen().contains("Throughput: ge-0/0/1 (customer 17), 15 min"));
}

#[test]
fn the_way_there_and_back() {
    let mut console = opened((120, 40));
    assert!(console.foot().contains("i interfaces"), "{}", console.foot());
    console.press("i");
    with_numbers(&mut console);
    assert!(console.app.in_detail());
    // Keys mean the check that was asked.
    console.press("r");
    let Some(fluxnoc::protocol::Command::Recheck { targets }) = console.commands.last() else {
        panic!()
    };
    assert_eq!(targets, &[fluxnoc::protocol::Target::Check(key())]);
    // Enter leads to the graph, `]` to the next interface, Esc to the host and on.
    console.press("enter ]");
    assert!(console.screen().contains("Throughput: ge-0/0/1"), "{}", console.screen());
    console.press("esc");
    assert!(console.screen().contains("core-fra-2 10.0.2.1"), "{}", console.screen());
    console.press("esc");
    assert!(!console.app.in_detail());
    // Straight from the list of hosts; a view elsewhere leads not back into a host.
    console.press("i");
    with_numbers(&mut console);
    assert!(console.screen().contains("Interfaces: core-fra-2 snmp"), "{}", console.screen());
    console.press("7 esc");
    assert!(!console.app.in_detail(), "{}", console.screen());
}

#[test]
fn a_host_without_such_a_check_says_what_to_write() {
    let mut console = Console::open((120, 40));
    console.press("3 i");
    assert!(console.foot().contains("write kind = \"snmp\""), "{}", console.foot());
}

#[test]
fn a_device_without_a_result_says_so() {
    let mut console = opened((120, 40));
    console.press("i");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("Asking for the last result…"), "{screen}");
    let empty = LiveCheck {
        check: key(),
        at: fixture::now(),
        next: None,
        observation: Observation::seen("no interface matches", Vec::new()),
    };
    console.feed(vec![Event::Live(Arc::new(empty))]);
    console.rest();
    assert!(console.screen().contains("The last result has no interfaces"), "{}", console.screen());
}

#[test]
fn an_interface_is_pinned_to_the_throughput_pane_until_it_is_let_go() {
    let mut console = shown((160, 48), options());
    assert!(console.foot().contains("P pin"), "{}", console.foot());
    console.press("j P");
    let screen = console.screen();
    assert!(screen.contains("the throughput pane stays with core-fra-2 ge-0/0/1"), "{screen}");
    assert!(screen.contains("▪ge-0/0/1"), "{screen}");
    // On the overview it stays, wherever the cursor goes, and its numbers travel.
    console.press("1 esc j j");
    with_numbers(&mut console);
    assert_ne!(console.app.host.as_deref(), Some("core-fra-2"));
    let looked = console.app.looked.as_ref().map(|looked| looked.checks.contains(&key()));
    assert_eq!(looked, Some(true));
    let screen = console.screen();
    assert!(screen.contains("Pinned: core-fra-2 ge-0/0/1, 15 min"), "{screen}");
    assert!(screen.contains("1 of 9") && screen.contains("━ in "), "{screen}");
    insta::assert_snapshot!("pinned_interface_160x48", screen);
    // Another interface of the device, and back to the host under the cursor.
    while console.app.focus != Pane::Throughput {
        console.press("tab");
    }
    let screen = console.press("]").screen();
    assert!(screen.contains("Pinned: core-fra-2 ge-0/0/2, 15 min"), "{screen}");
    console.press("P");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("follows the selected host again"), "{screen}");
    assert!(!screen.contains("Pinned: "), "{screen}");
}

#[test]
fn a_pinned_device_that_is_no_longer_configured_leaves_the_pane_to_the_selected_host() {
    let mut console = shown((120, 40), options());
    console.press("P 1 esc j j");
    with_numbers(&mut console);
    assert!(console.screen().contains("Pinned: core-fra-2 te1/2"));
    console.feed(vec![Event::HostGone("core-fra-2".into())]);
    console.pass(Span::from_secs(3));
    console.rest();
    assert!(!console.screen().contains("Pinned: "), "{}", console.screen());
    // Where there is nothing to pin, the key says what there is.
    console.press("2 P");
    console.press("P");
    assert!(console.foot().contains("nothing to pin here"), "{}", console.foot());
}
