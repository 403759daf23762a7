//! Keys, colours and glyphs as data: the chooser of themes, the list of keys that may follow,
//! custom actions, what a reload changes, and frames for terminals with few signs.

use std::collections::BTreeMap;

use fluxnoc::config::console::RunIn;
use fluxnoc::config::{Env, Machine, parse};
use fluxnoc::protocol::Role;
use fluxnoc::tui::effect::Effect;
use fluxnoc::tui::external::Run;
use fluxnoc::tui::glyphs::GlyphTier;
use fluxnoc::tui::keymap::Keymap;
use fluxnoc::tui::look::Look;
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::options::Options;
use fluxnoc::tui::theme::{ColourTier, Themes};

use crate::{Console, actor, fixture, options};

fn keymap(preset: &str, text: &str) -> Keymap {
    let machine = Machine { hostname: "noc".to_owned(), addresses: Vec::new() };
    let config = parse("c", text, &machine, &Env::default()).unwrap();
    Keymap::of(preset, &config.keys).unwrap()
}

fn with(options: Options, size: (u16, u16)) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    console
}

const LOGIN: &str = "[[action]]\nname = \"login\"\nkey = \"g i\"\nscope = \"host\"\nconfirm = true\n\
                     command = [\"ssh\", \"-l\", \"noc\", \"{host}\"]\nrun = \"terminal\"\n";

#[test]
fn the_theme_chooser_shows_what_is_under_the_cursor_and_esc_takes_it_back() {
    let mut console = Console::open((120, 40));
    console.press(":").write("theme").press("enter");
    assert!(console.screen().contains("Themes"));
    assert_eq!(console.app.theme.name(), "default");
    console.press("j j");
    assert_eq!(console.app.theme.name(), "light", "the third after default");
    insta::assert_snapshot!("themes_120x40", console.screen());
    console.press("esc");
    assert_eq!(console.app.theme.name(), "default");
    console.press(":").write("theme").press("enter").press("G enter");
    assert_eq!(console.app.theme.name(), "mono");
    assert!(console.foot().contains("theme = \"mono\" in [console]"));
    assert!(console.app.overlay.is_none());
}

#[test]
fn the_chooser_fits_the_smallest_screens() {
    for size in [(80, 24), (60, 16), (200, 60)] {
        let mut console = Console::open(size);
        console.press(":").write("theme").press("enter");
        let screen = console.screen();
        assert!(screen.contains("Esc as before") && screen.contains("default"), "{screen}");
        console.press("G");
        assert!(console.screen().contains("mono"), "{size:?}");
    }
}

#[test]
fn after_a_first_key_the_keys_that_may_follow_are_shown() {
    let mut console = Console::open((120, 40));
    console.press("g");
    let screen = console.screen();
    assert!(screen.contains("go to") && screen.contains("o overview"), "{screen}");
    insta::assert_snapshot!("which_key_120x40", screen);
    console.press("w");
    assert!(!console.screen().contains(" go to "), "a key that leads nowhere ends it");
}

#[test]
fn a_custom_action_shows_what_it_would_run_and_runs_it_on_enter_only() {
    let environment = BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]);
    let options = Options { keymap: keymap("default", LOGIN), environment, ..options() };
    let mut console = with(options, (120, 40));
    let host = console.app.host.clone().unwrap();
    console.press("g i");
    let screen = console.screen();
    assert!(screen.contains("Run login?") && screen.contains(&*host), "{screen}");
    insta::assert_snapshot!("run_120x40", screen);
    console.press("esc");
    assert_eq!(console.asked, []);
    console.press("g i enter");
    let Some(Effect::Run(run)) = console.asked.pop() else { panic!("nothing was run") };
    let Run { name, argv, env, how } = *run;
    assert_eq!((name.as_str(), how), ("login", RunIn::Terminal));
    assert_eq!(argv, ["ssh", "-l", "noc", &*host]);
    assert_eq!(env.get("FLUXNOC_HOST").map(String::as_str), Some(&*host));
    assert_eq!(env.get("PATH").map(String::as_str), Some("/bin"));
    console.on(Msg::Ran { name, result: Err("no\u{1b}[31m route".to_owned()) });
    let foot = console.foot();
    assert!(foot.contains("login failed: no") && foot.contains("route"), "{foot}");
}

#[test]
fn a_read_only_console_runs_no_custom_action() {
    let options = Options { keymap: keymap("default", LOGIN), read_only: true, ..options() };
    let mut console = with(options, (120, 40));
    console.press("g i enter");
    assert_eq!(console.asked, []);
    assert!(console.foot().contains("read-only"));
    console.press(":").write("login").press("enter");
    assert_eq!(console.asked, []);
    assert!(console.foot().contains("login: this console is read-only"), "{}", console.foot());
    console.press("X g i enter");
    assert!(matches!(console.asked.as_slice(), [Effect::Run(_)]), "armed it runs");
}

#[test]
fn the_palette_offers_custom_actions_and_runs_none_that_was_not_spelled_out() {
    let options = Options { keymap: keymap("default", LOGIN), ..options() };
    let mut console = with(options, (120, 40));
    console.press(":").write("lgin");
    assert!(console.screen().contains("runs ssh -l noc {host}"), "{}", console.screen());
    console.press("enter");
    assert_eq!((console.foot().trim(), &*console.asked), (": login", &[][..]));
    console.press("enter");
    assert!(console.screen().contains("Run login?"), "{}", console.screen());
    console.press("enter");
    assert!(matches!(console.asked.as_slice(), [Effect::Run(_)]));
}

#[test]
fn a_reload_brings_new_keys_and_themes_and_a_bad_one_leaves_the_old() {
    let mut console = Console::new((120, 40), actor(Role::Admin), options());
    console.feed(fixture::picture());
    console.press(":").write("reload").press("enter");
    assert_eq!(console.asked, [Effect::Look]);
    let look = |text: &str, theme: &str, problems: Vec<String>| {
        let (themes, _) = Themes::load(None, ColourTier::True);
        let (keymap, theme) = (keymap("default", text), theme.to_owned());
        Msg::Look(Ok(Box::new(Look { keymap, themes, theme, problems })))
    };
    console.on(look("[keys]\nhelp = \"Y\"\n", "dark", Vec::new()));
    assert_eq!(console.app.theme.name(), "dark");
    console.press("?");
    assert!(console.app.overlay.is_none());
    console.press("Y");
    assert!(console.app.overlay.is_some());
    console.press("esc");
    console.on(Msg::Look(Err("config.toml:2:1: `r` of `ack` is the key of `recheck`".to_owned())));
    assert!(console.foot().contains("config.toml:2:1"));
    console.press("Y");
    assert!(console.app.overlay.is_some(), "what was in force stays in force");
    console.press("esc");
    console.on(look("[keys]\nhelp = \"Y\"\n", "drak", Vec::new()));
    assert_eq!(console.app.theme.name(), "dark");
    assert!(console.foot().contains("there is no theme `drak`"), "{}", console.foot());
}

#[test]
fn terminals_without_utf_8_get_ascii_only_in_every_view() {
    for size in [(200, 60), (120, 40), (80, 24)] {
        for utf8 in [true, false] {
            let options = Options { glyphs: GlyphTier::Ascii, utf8, ..options() };
            let mut console = with(options, size);
            for keys in ["1", "2", "3", "4", "5", "7", "8", "0", "g ,", "1 enter", "?", "esc g"] {
                console.press(keys);
                let screen = console.screen();
                let foreign: Vec<char> = screen.chars().filter(|c| !c.is_ascii()).collect();
                assert!(foreign.is_empty(), "{size:?} {keys}: {foreign:?}\n{screen}");
            }
        }
    }
    let options = Options { glyphs: GlyphTier::Ascii, utf8: false, ..options() };
    let screen = with(options, (120, 40)).screen();
    for sign in ["X ", "! WARN", "? UNKN", "+- Hosts by site", "X CRIT"] {
        assert!(screen.contains(sign), "{sign}\n{screen}");
    }
    insta::assert_snapshot!("overview_ascii_120x40", screen);
}

#[test]
fn blocks_have_no_braille_and_no_round_corners() {
    let options = Options { glyphs: GlyphTier::Block, ..options() };
    let mut console = with(options, (120, 40));
    for keys in ["1", "g p", "1 enter"] {
        console.press(keys);
        let screen = console.screen();
        assert!(!screen.contains(|c| ('\u{2800}'..='\u{28ff}').contains(&c) || c == '╭'));
    }
}
