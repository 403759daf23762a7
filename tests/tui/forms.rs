//! What is filled in when a line or a form opens, and what a form says that is longer than a line.

use fluxnoc::model::{SafeText, Span};
use fluxnoc::protocol::query::Answer;
use fluxnoc::protocol::{Command, DraftAnswer, DraftProblem, Problem, Role};
use fluxnoc::tui::app::Overlay;
use fluxnoc::tui::effect::Reply;
use fluxnoc::tui::form::{Kind, Place};
use fluxnoc::tui::msg::Msg;
use ratatui::style::Modifier;

use crate::invariants::SIZES;
use crate::{Console, actor, fixture, options, trial};

/// Whether a text stands inverted on the screen, in the line that has the keys.
fn is_inverted(console: &mut Console, text: &str) -> bool {
    let frame = console.frame();
    let (wide, high) = (frame.area.width, frame.area.height);
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let count = u16::try_from(letters.len()).unwrap();
    let at = |x: u16, y: u16, text: &[String]| {
        text.iter().zip(x..).all(|(letter, x)| frame[(x, y)].symbol() == letter)
    };
    let sign = ["│", " ", "›", " "].map(str::to_owned);
    let mut places = (0..high - 1).flat_map(|y| (1..wide - 4).map(move |x| (x, y)));
    let (from, y) = if matches!(console.app.overlay, Some(Overlay::Form(_))) {
        let found = places.rfind(|(x, y)| at(*x, *y, &sign));
        found.unwrap_or_else(|| panic!("{text}\n{}", console.screen()))
    } else {
        (0, high - 1)
    };
    let found = (from..wide - count).find(|x| at(*x, y, &letters));
    let x = found.unwrap_or_else(|| panic!("{text} in row {y}\n{}", console.screen()));
    (x..x + count).all(|x| frame[(x, y)].modifier.contains(Modifier::REVERSED))
}

fn form(console: &Console) -> &fluxnoc::tui::form::Form {
    match &console.app.overlay {
        Some(Overlay::Form(open)) => &open.form,
        other => panic!("{other:?}"),
    }
}

#[test]
fn dc_04_the_first_letter_replaces_what_a_line_was_filled_with() {
    let mut console = Console::open((120, 40));
    console.press("a");
    assert!(is_inverted(&mut console, "looking into it"));
    console.write("mine").press("enter");
    let [Command::Acknowledge { comment, .. }] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(comment, "mine");
    // A key that moves keeps it.
    let mut console = Console::open((120, 40));
    console.press("a end");
    assert!(!is_inverted(&mut console, "looking into it"));
    console.write(", 42").press("enter");
    let [Command::Acknowledge { comment, .. }] = console.commands.as_slice() else {
        panic!("{:?}", console.commands)
    };
    assert_eq!(comment, "looking into it, 42");
}

#[test]
fn dc_04_dc_05_the_first_letter_replaces_what_a_form_was_filled_with() {
    let open = |keys: &str| {
        let mut console = Console::new((120, 40), actor(Role::Admin), options());
        console.feed(fixture::picture());
        console.rest();
        console.press(keys);
        console
    };
    for (keys, least) in [("A", 2), ("M", 5), ("7 e", 2), ("g r e", 6), ("g T", 2)] {
        let mut console = open(keys);
        let (fields, mut filled) = (form(&console).fields.len(), 0);
        for at in 0..fields {
            let Place::Field(here) = form(&console).place() else { panic!("{keys}") };
            assert_eq!(here, at);
            let field = &form(&console).fields[at];
            let text = match &field.kind {
                Kind::Text(input) => input.value().to_owned(),
                Kind::Toggle { .. } => String::new(),
            };
            let name = field.name;
            if !text.is_empty() {
                assert!(is_inverted(&mut console, &text), "{keys}: {name}");
                console.write("x");
                assert_eq!(form(&console).text(name), "x", "{keys}");
                assert!(!form(&console).fields[at].offered);
                filled += 1;
            }
            console.press("tab");
        }
        assert!(filled >= least, "{keys}: {filled}");
        // The same fields, gone on with.
        let mut console = open(keys);
        for at in 0..fields {
            let (name, kind) = {
                let field = &form(&console).fields[at];
                (field.name, field.kind.clone())
            };
            if let Kind::Text(input) = kind {
                console.press("end").write("x");
                assert_eq!(form(&console).text(name), format!("{}x", input.value()), "{keys}");
            }
            console.press("tab");
        }
    }
}
