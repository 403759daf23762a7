//! Every view at every size: it opens by its key, shows what it should, and goes back.

use crate::Console;

const SIZES: [(u16, u16); 3] = [(200, 60), (120, 40), (80, 24)];

fn at_all_sizes(keys: &str, name: &str) {
    for (width, height) in SIZES {
        let mut console = Console::open((width, height));
        console.press(keys);
        console.rest();
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), console.screen());
    }
}

#[test]
fn maintenance() {
    at_all_sizes("7", "maintenance");
}

#[test]
fn settings() {
    at_all_sizes("g ,", "settings");
}

#[test]
fn a_view_opens_by_its_key_and_esc_goes_back() {
    let mut console = Console::open((120, 40));
    for (key, title) in [
        ("2", "Alerts: unhandled"),
        ("3", "Hosts"),
        ("7", "Maintenance: 1 now"),
        ("0", "Logs"),
        ("1", "Hosts by site"),
    ] {
        let screen = console.press(key).screen();
        assert!(screen.contains(title), "{key}\n{screen}");
    }
    console.press("2 7 esc");
    assert!(console.screen().contains("Alerts: unhandled"));
    console.press("esc");
    assert!(console.screen().contains("Hosts by site"));
}

#[test]
fn history() {
    at_all_sizes("8", "history");
}

#[test]
fn alert_page() {
    at_all_sizes("enter", "alert");
}

#[test]
fn paths() {
    at_all_sizes("5", "paths");
    for (keys, name) in [("5 tab", "hops"), ("5 tab tab", "trips"), ("5 tab tab tab", "changes")] {
        let mut console = Console::open((80, 24));
        console.press(keys);
        console.rest();
        insta::assert_snapshot!(format!("paths_{name}_80x24"), console.screen());
    }
}
