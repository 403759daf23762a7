//! Finding: the filter line, what it offers and marks, saved views.

use crate::Console;

#[test]
fn a_half_typed_term_does_not_flicker() {
    let mut console = Console::open((120, 40));
    let mut counts = Vec::new();
    console.press("/");
    for letter in "fra !host:fra-02 state:crit".chars() {
        console.write(&letter.to_string());
        console.screen();
        counts.push(console.app.lists.alerts.len());
    }
    // Without a filter 8; `f` alone is in many, then every letter leaves as many or fewer, and no
    // word that is not whole yet empties the list.
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert!(counts.windows(2).all(|two| two[1] <= two[0]), "{counts:?}");
    assert_eq!(counts.last(), Some(&1), "{counts:?}");
}

#[test]
fn mistakes_are_marked_in_place_and_the_line_stays_open() {
    for (size, name) in [((120, 40), "wrong_120x40"), ((80, 24), "wrong_80x24")] {
        let mut console = Console::open(size);
        console.press("/").write("fra state:b host:fra-0*");
        let screen = console.screen();
        assert!(screen.contains("`b` is no state"), "{screen}");
        assert!(screen.contains("2 alerts"), "the other words filter\n{screen}");
        insta::assert_snapshot!(name, screen);
        let frame = console.frame();
        let y = size.1 - 1;
        let under = |x: u16| frame[(x, y)].modifier.contains(ratatui::style::Modifier::UNDERLINED);
        let marked: String =
            (0..size.0).filter(|x| under(*x)).map(|x| frame[(x, y)].symbol().to_owned()).collect();
        assert_eq!(marked, "b");
        console.press("enter");
        assert!(console.app.overlay.is_some(), "what is wrong is not taken");
        console.press("esc");
        assert!(console.app.filter.0.is_empty() && console.app.lists.alerts.len() == 8);
    }
}

#[test]
fn tab_completes_keys_values_and_names() {
    let mut console = Console::open((120, 40));
    console.press("/").write("st");
    let screen = console.screen();
    assert!(screen.contains("state:") && screen.contains("stale"), "{screen}");
    insta::assert_snapshot!("offers_120x40", screen);
    console.press("tab");
    assert!(console.foot().starts_with(" / state:"), "{}", console.foot());
    console.press("tab");
    assert!(console.foot().starts_with(" / stale"), "{}", console.foot());
    console.press("tab");
    assert!(console.foot().starts_with(" / state:"), "it goes round: {}", console.foot());
    console.write("cr").press("tab").write(" host:fra-03").press("tab");
    assert_eq!(console.foot(), " / state:crit host:fra-03");
    console.press("ctrl-u").write("tag:ra").press("tab");
    assert_eq!(console.foot(), " / tag:rack=");
    console.write("7").press("tab enter");
    assert_eq!(console.app.filter.0, "tag:rack=7");
    assert!(console.app.lists.hosts.len() > 5);
}

#[test]
fn the_menu_offers_every_term() {
    let mut console = Console::open((80, 24));
    console.press("f");
    insta::assert_snapshot!("menu_80x24", console.screen());
    console.press("tab");
    let first = console.foot();
    console.press("tab");
    assert_ne!(first, console.foot());
    console.press("esc");
    assert!(console.app.filter.0.is_empty());
}

#[test]
fn what_was_shown_while_typing_stays_with_enter() {
    let mut console = Console::open((120, 40));
    console.press("/").write("host:fra-0");
    let shown = console.app.lists.hosts.len();
    assert_eq!(shown, 9);
    console.press("enter");
    assert_eq!((console.app.lists.hosts.len(), &*console.app.filter.0), (shown, "host:fra-0*"));
}
