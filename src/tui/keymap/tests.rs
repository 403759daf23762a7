//! The presets, what the configuration changes in them, and what may follow a key.

use super::*;
use crate::config::console::Keys;
use crate::config::{Env, Machine, parse};

fn press(keys: &str) -> Vec<Chord> {
    keys.split(' ').map(|key| key.parse().unwrap()).collect()
}

fn written(text: &str) -> Keys {
    let machine = Machine { hostname: "noc".to_owned(), addresses: Vec::new() };
    parse("config.toml", text, &machine, &Env::default()).unwrap_or_else(|all| panic!("{all}")).keys
}

fn over(preset: &str, text: &str) -> Result<Keymap, String> {
    Keymap::of(preset, &written(text)).map_err(|problems| problems.to_string())
}

const ALERTS: [Context; 4] = [Context::Objects, Context::List, Context::Graph, Context::Global];

#[test]
fn every_action_is_bound_or_in_the_palette_only_in_every_preset() {
    for preset in Keymap::presets() {
        let keymap = Keymap::preset(preset).unwrap();
        for action in Action::ALL {
            let bound = keymap.bindings.iter().any(|have| have.bound == Bound::Action(*action));
            assert_eq!(bound, !action.is_palette_only(), "{preset}: {}", action.name());
        }
    }
}

#[test]
fn the_configuration_knows_the_same_presets() {
    let names: Vec<_> = Keymap::presets().collect();
    assert_eq!(names, crate::config::settings::PRESETS);
}

#[test]
fn names_of_actions_are_unique() {
    for action in Action::ALL {
        assert_eq!(Action::from_name(action.name()), Some(*action));
    }
}

/// The palette is opened by `:` and takes names: letters and Enter.
#[test]
fn nothing_depends_on_a_key_that_terminals_and_links_take_away() {
    for preset in Keymap::presets() {
        let keymap = Keymap::preset(preset).unwrap();
        let plain = |action: Action| {
            let mut of = keymap.bindings.iter().filter(|have| have.bound == Bound::Action(action));
            of.any(|have| have.chords.iter().all(Chord::is_everywhere))
        };
        assert!(plain(Action::Palette), "{preset}");
        let by_name = [Action::PreviousPane, Action::Redraw, Action::Interrupt, Action::Suspend];
        for action in Action::ALL.iter().filter(|action| !action.is_palette_only()) {
            assert!(plain(*action) || by_name.contains(action), "{preset}: {}", action.name());
        }
    }
}

#[test]
fn sequences_and_contexts() {
    let keymap = Keymap::standard();
    assert_eq!(keymap.find(&ALERTS, &press("g")), Found::Begun);
    assert_eq!(keymap.find(&ALERTS, &press("g g")), Found::Action(Action::Top));
    assert_eq!(keymap.find(&ALERTS, &press("g o")), Found::Action(Action::Overview));
    assert_eq!(keymap.find(&ALERTS, &press("g w")), Found::Nothing);
    assert_eq!(keymap.find(&ALERTS, &press("a")), Found::Action(Action::Ack));
    assert_eq!(keymap.find(&[Context::Global], &press("a")), Found::Nothing);
    assert_eq!(keymap.key(&ALERTS, Action::Down).as_deref(), Some("j"));
    assert_eq!(keymap.key(&ALERTS, Action::Top).as_deref(), Some("gg"));
}

#[test]
fn what_may_follow_a_key_is_listed_from_all_contexts() {
    let keymap = Keymap::standard();
    let found = keymap.continuations(&ALERTS, &press("g"));
    let one = |key: &str| found.iter().find(|one| one.key == key).map(|one| one.label.as_str());
    assert_eq!((one("o"), one("g")), (Some("overview"), Some("top")));
    assert_eq!(one("w"), None);
    assert_eq!(keymap.title(&press("g")), Some("go to"));
    for pressed in ["a", "x", "g g"] {
        assert_eq!(keymap.continuations(&ALERTS, &press(pressed)), []);
    }
    assert_eq!(keymap.continuations(&ALERTS, &[]), []);
    let global = keymap.continuations(&[Context::Global], &press("g"));
    assert!(global.iter().all(|one| one.key != "g"), "rows have a first one, other panes do not");
}

#[test]
fn files_with_clashes_and_unknown_names_are_refused() {
    for bad in [
        "[global]\n\"x\" = \"fly\"",
        "[nowhere]\n\"x\" = \"up\"",
        "[list]\n\"g\" = \"up\"\n\"g g\" = \"top\"",
        "[list]\n\"hyper-x\" = \"up\"",
        "[list]\n\"\" = \"up\"",
        "inherits = \"emacs\"",
        "[titles]\n\"hyper\" = \"x\"",
    ] {
        assert!(Keymap::parse(bad).is_err(), "{bad}");
    }
    let heir = "inherits = \"default\"\n[list]\n\"j\" = \"none\"\n\"g\" = \"bottom\"";
    let keymap = Keymap::parse(heir).unwrap();
    assert_eq!(keymap.find(&[Context::List], &press("j")), Found::Nothing);
    assert_eq!(keymap.find(&[Context::List], &press("g")), Found::Action(Action::Bottom));
}

#[test]
fn k9s_comes_without_its_deletes() {
    let keymap = Keymap::preset("k9s").unwrap();
    for key in ["ctrl-d", "ctrl-k"] {
        assert_eq!(keymap.find(&ALERTS, &press(key)), Found::Nothing, "{key}");
    }
    assert_eq!(keymap.find(&ALERTS, &press("d")), Found::Action(Action::Open));
    let vim = Keymap::preset("vim").unwrap();
    assert_eq!(vim.find(&ALERTS, &press("ctrl-w o")), Found::Action(Action::Zoom));
}

#[test]
fn the_configuration_binds_moves_and_unbinds() {
    let keymap = over(
        "default",
        "[keys]\nack = [\"w\", \"ctrl-e\"]\nzoom = \"none\"\nfilter = \"z\"\nreload = \"f5\"\n",
    )
    .unwrap();
    assert_eq!(keymap.find(&ALERTS, &press("w")), Found::Action(Action::Ack));
    assert_eq!(keymap.find(&[Context::Global], &press("w")), Found::Nothing);
    assert_eq!(keymap.find(&ALERTS, &press("a")), Found::Nothing);
    assert_eq!(keymap.find(&ALERTS, &press("z")), Found::Action(Action::Filter));
    assert_eq!(keymap.find(&ALERTS, &press("f5")), Found::Action(Action::Reload));
    assert_eq!(keymap.keys(&ALERTS, Action::Zoom), Vec::<String>::new());
    let swapped = over("default", "[keys]\nack = \"r\"\nrecheck = \"a\"\n").unwrap();
    assert_eq!(swapped.find(&ALERTS, &press("a")), Found::Action(Action::Recheck));
}

#[test]
fn conflicts_name_both_actions_and_the_place() {
    for (text, words) in [
        ("[keys]\nack = \"r\"\n", "config.toml:2:1: `r` of `ack` is the key of `recheck`"),
        ("[keys]\n\nack = \"t\"\n", "config.toml:3:1: `t` of `ack` is the key of `trace`"),
        ("[keys]\nack = \"g\"\n", "gets in the way of"),
        (
            "[keys]\nack = \"w\"\nzoom = \"w\"\n",
            "config.toml:3:1: `w` of `zoom` is the key of `ack`",
        ),
        ("[keys]\nakc = \"x\"\n", "`akc` is no action; did you mean `ack`?"),
        ("[keys]\nack = \"entre\"\n", "did you mean `enter`?"),
        ("[keys]\nack = \"PageUp\"\n", "did you mean `pgup`?"),
        ("[keys]\ncommit = \"x\"\n", "typed into the line"),
        ("[keys]\ncancel = \"none\"\n", "nobody gets out"),
        (
            "[[action]]\nname = \"s\"\nkey = \"a\"\ncommand = [\"x\"]\n",
            "`a` of `s` is the key of `ack`",
        ),
        ("[[action]]\nname = \"ack\"\ncommand = [\"x\"]\n", "is an action of the console"),
    ] {
        let why = over("default", text).expect_err(text);
        assert!(why.contains(words), "{text}: {why}");
    }
}

#[test]
fn custom_actions_have_keys_and_stand_in_the_sheet() {
    let text = "[[action]]\nname = \"login\"\nkey = \"g q\"\nscope = \"host\"\ncommand = [\"ssh\", \"{address}\"]\n";
    let keymap = over("default", text).unwrap();
    assert_eq!(keymap.find(&ALERTS, &press("g q")), Found::Custom(0));
    assert_eq!(keymap.find(&[Context::Global], &press("g q")), Found::Nothing);
    assert_eq!(keymap.custom_keys(&ALERTS, 0), ["gq"]);
    let row = keymap.sheet().into_iter().find(|row| row.name == "login").unwrap();
    assert_eq!((row.context, row.about.as_str()), (Context::Objects, "run ssh {address}"));
}

#[test]
fn keys_are_written_in_ascii_where_nothing_else_can_be_shown() {
    let mut keymap = Keymap::standard();
    keymap.plain = true;
    for row in keymap.sheet() {
        assert!(row.keys.iter().all(|key| key.is_ascii()), "{row:?}");
    }
}
