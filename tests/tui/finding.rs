//! Finding: the filter line, what it offers and marks, saved views.

use std::sync::Arc;

use fluxnoc::model::Span;
use fluxnoc::protocol::{Command, Event};

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
fn a_key_after_a_filter_means_a_host_that_the_filter_left() {
    let mut console = Console::open((120, 40));
    console.press("3");
    let first = console.app.host.clone();
    let other = console.app.lists.hosts.items().last().map(|row| row.name.clone()).unwrap();
    assert_ne!(first.as_ref(), Some(&other));
    console.press("/").write(&format!("host:{other}")).press("enter");
    assert_eq!(console.app.lists.hosts.items().count(), 1);
    assert_eq!(console.app.host.as_ref(), Some(&other));
    console.press("enter");
    let opened = console.app.detail.as_ref().map(|detail| detail.host.clone());
    assert_eq!(opened, Some(other));
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

#[test]
fn saved_views_open_by_their_letter() {
    let mut console = Console::open((120, 40));
    console.press("' u");
    assert_eq!((console.app.filter.0.as_str(), console.app.lists.alerts.len()), ("unhandled", 5));
    console.press("' s");
    assert!(console.screen().contains("by site"), "{}", console.screen());
    assert!(console.app.lists.alerts.len() < 7, "alerts of one site are one row");
    console.press("g v p");
    assert_eq!(console.app.lists.checks.len(), 9, "every problem, also what a window covers");
    console.press("' m");
    assert_eq!(console.app.lists.alerts.len(), 1);
    console.press("' z");
    assert!(console.foot().contains("no view is saved under `z`"), "{}", console.foot());
    assert_eq!(console.app.filter.0, "mine", "what was in force stays in force");
}

#[test]
fn since_i_left_counts_from_leaving_and_a_bad_view_is_told() {
    let mut console = Console::open((120, 40));
    let left = console.app.wall() - Span::from_secs(600);
    let remembered = |key: &str, value: &str| Event::Remembered {
        key: key.to_owned(),
        value: Some(Arc::from(value)),
    };
    console.feed(vec![remembered("left", &left.millis().to_string())]);
    console.press("' l");
    assert_eq!(console.app.filter.0, "since:10m");
    assert_eq!(console.app.lists.checks.len(), 6, "what changed within ten minutes");
    let own = |filter: &str| {
        format!(r#"[{{"letter":"q","name":"Mine","target":"hosts","filter":"{filter}"}}]"#)
    };
    console.feed(vec![remembered("views", &own("host:fra-0*"))]);
    console.press("' q");
    assert_eq!(console.app.lists.hosts.len(), 9);
    console.feed(vec![remembered("views", &own("state:b"))]);
    assert!(console.foot().contains("`b` is no state"), "{}", console.foot());
    assert_eq!(console.app.filter.0, "host:fra-0*", "what was in force stays in force");
}

#[test]
fn save_view_keeps_the_list_for_this_operator() {
    let mut console = Console::open((120, 40));
    console.press("2 / f r a enter :").write("save-view k Frankfurt").press("enter");
    let Some(Command::Remember { key, value: Some(text) }) = console.commands.last() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(key, "views");
    assert!(text.contains("Frankfurt") && text.contains("\"fra\""), "{text}");
}
