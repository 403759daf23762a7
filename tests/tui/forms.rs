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
    for (keys, least) in
        [("A", 2), ("M", 5), ("7 e", 2), ("g r e", 6), ("g T", 2), ("g j e", 4), ("6 E", 3)]
    {
        let mut console = open(keys);
        let (fields, mut filled) = (form(&console).fields.len(), 0);
        for at in 0..fields {
            let Place::Field(here) = form(&console).place() else { panic!("{keys}") };
            assert_eq!(here, at);
            let field = &form(&console).fields[at];
            let text = match &field.kind {
                Kind::Text(input) => input.value().to_owned(),
                Kind::Toggle { .. } | Kind::Choice { .. } => String::new(),
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

/// A new rule that is tried; its answer is awaited.
fn tried(size: (u16, u16)) -> Console {
    let mut console = Console::new(size, actor(Role::Admin), options());
    console.feed(fixture::picture());
    console.rest();
    console.press("g r");
    console.press("g T");
    console.answers = false;
    console.write("High CPU").press("tab").write("*").press("tab").write("cpu_usge");
    console.press("tab tab tab").write("90");
    trial::waits(&mut console);
    console
}

fn answer(console: &mut Console, draft: DraftAnswer) {
    let id = *console.app.pending.keys().max().unwrap();
    console.on(Msg::Reply { id, result: Ok(Reply::Answer(Answer::TryRules(draft))) });
}

/// The words of a screen without what frames them.
fn words(console: &mut Console) -> String {
    let screen = console.screen().replace(['│', '╭', '╰', '─'], " ");
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

const REMEDY: &str = "`cpu_usge` is given by no check of the hosts that match; did you mean \
    `cpu_usage`, which a check of kind system gives? Write metric = \"cpu_usage\", or the name of \
    the check before it: system.cpu_usage";

#[test]
fn fm_24_what_is_wrong_with_a_rule_is_said_to_its_end() {
    for size in SIZES.into_iter().chain([(60, 18)]) {
        let mut console = tried(size);
        let problem = DraftProblem {
            line: 3,
            column: 10,
            message: SafeText::line(&format!("metric: {REMEDY}")),
        };
        answer(&mut console, DraftAnswer { problems: vec![problem], trials: Vec::new() });
        // Sent, the keys go to what is wrong.
        console.press("enter");
        let screen = console.screen();
        assert!(words(&mut console).contains(REMEDY), "{size:?}\n{screen}");
        assert!(screen.contains("Save") && screen.contains("Cancel"), "{size:?}\n{screen}");
        assert!(screen.contains("metric  cpu_usge"), "{size:?}\n{screen}");
        // The keys are always seen, wherever they go.
        for _ in 0..16 {
            console.press("tab");
            let screen = console.screen();
            assert!(screen.contains('›'), "{size:?}\n{screen}");
        }
    }
}

#[test]
fn fm_24_why_a_rule_was_not_saved_is_said_to_its_end() {
    let why = "rules.d/high-cpu.toml cannot be written: permission denied; give the directory \
        /etc/fluxnoc/rules.d to the user that fluxnoc runs as, or copy the rule as TOML and put it \
        there by hand, then :reload";
    for size in SIZES {
        let mut console = tried(size);
        let draft = trial::tried("critical_threshold = 90", fixture::now());
        answer(&mut console, draft);
        console.press("enter");
        let id = *console.app.pending.keys().max().unwrap();
        let problem = Problem::invalid(why);
        console.on(Msg::Reply { id, result: Err(problem) });
        let screen = console.screen();
        assert!(words(&mut console).contains(why), "{size:?}\n{screen}");
        assert!(screen.contains("Save") && screen.contains("Cancel"), "{size:?}\n{screen}");
    }
}

#[test]
fn a_check_that_runs_every_five_seconds_is_not_run_now() {
    let mut console = tried((120, 40));
    let mut draft = trial::tried("critical_threshold = 90", fixture::now());
    let trial = &mut draft.trials[0];
    trial.every = Some(Span::from_secs(5));
    trial.rows[0].firing = Span::from_secs(7);
    let newest = &mut trial.rows[0].newest[0];
    newest.to = Some(newest.from + Span::from_secs(4));
    answer(&mut console, draft);
    let screen = console.screen();
    assert!(screen.contains("every 5s"), "{screen}");
    assert!(screen.contains("firing 7s;") && screen.contains("for 4s"), "{screen}");
    assert!(!screen.contains(" now"), "{screen}");
}
