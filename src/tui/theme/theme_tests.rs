//! Every theme file loads, defines the states, and keeps them readable and apart: for ordinary
//! sight, for every kind of colour blindness, and in fewer colours.

use ratatui::style::{Color, Modifier};

use super::colour::{Lacking, contrast, distance, lab, rgb, seen};
use super::load::Source;
use super::*;

const TRUE: [&str; 4] = ["colour-blind", "dark", "high-contrast", "light"];

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        file: format!("{name}.toml"),
        text: (*text).to_owned(),
    };
    files.iter().map(source).collect()
}

fn all() -> Themes {
    let (themes, problems) = Themes::load(None, ColourTier::True);
    assert_eq!(problems, Vec::<String>::new());
    themes
}

fn ink(theme: &Theme, role: Role) -> Color {
    theme.style(role).fg.unwrap_or_else(|| panic!("{}: {}", theme.name(), role.name()))
}

/// Every pair of states of a theme.
fn pairs(theme: &Theme) -> Vec<(ShownState, ShownState, Color, Color)> {
    let states = ShownState::ALL;
    let mut pairs = Vec::new();
    for (at, one) in states.iter().enumerate() {
        for other in &states[..at] {
            let of = |state: ShownState| ink(theme, Role::of(state));
            pairs.push((*one, *other, of(*one), of(*other)));
        }
    }
    pairs
}

#[test]
fn every_embedded_theme_loads_without_a_warning_and_tells_the_states_apart() {
    let themes = all();
    let names = ["colour-blind", "dark", "default", "high-contrast", "light", "mono"];
    assert_eq!(themes.names().collect::<Vec<_>>(), names);
    for name in names.iter().filter(|name| **name != "mono") {
        let theme = themes.get(name).unwrap();
        for (one, other, a, b) in pairs(theme) {
            assert_ne!(a, b, "{name}: {one:?} and {other:?}");
        }
        let files = embedded();
        let own = files.iter().find(|file| file.name == *name).unwrap();
        if !own.text.contains("inherits") {
            for state in ShownState::ALL {
                let role = format!("\"{}\"", Role::of(state).name());
                assert!(own.text.contains(&role), "{name} does not define {role}");
            }
        }
    }
}

#[test]
fn every_file_of_the_themes_directory_is_embedded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let (files, problems) = load::directory(&directory);
    assert!(problems.is_empty());
    assert_eq!(files.len(), EMBEDDED.len());
    for Source { name, text, .. } in files {
        assert!(EMBEDDED.contains(&(name.as_str(), text.as_str())), "{name} is not embedded");
    }
}

#[test]
fn every_true_colour_theme_keeps_its_contrast() {
    let themes = all();
    for name in TRUE {
        let theme = themes.get(name).unwrap();
        let floor = if name == "high-contrast" { 7.0 } else { 4.5 };
        let background = theme.style(Role::Background).bg.unwrap();
        let cursor = theme.style(Role::Selection).bg.unwrap();
        let mut roles = vec![Role::Text, Role::Muted, Role::Strong, Role::Key, Role::KeyOff];
        roles.extend([Role::Title, Role::Footer, Role::Accent, Role::Bad, Role::Chart1]);
        roles.extend([Role::Chart2, Role::Axis, Role::Input, Role::StateWaiting]);
        roles.extend(ShownState::ALL.iter().map(|state| Role::of(*state)));
        for role in roles {
            let ratio = contrast(rgb(ink(theme, role)), rgb(background));
            assert!(ratio >= floor, "{name}: {}: {ratio:.1}", role.name());
        }
        // The cursor's row is bold; large or bold text needs less.
        for role in [Role::Text, Role::Muted, Role::StateCritical, Role::StateWarning] {
            let ratio = contrast(rgb(ink(theme, role)), rgb(cursor));
            assert!(ratio >= 3.0, "{name}: {} under the cursor: {ratio:.1}", role.name());
        }
    }
}

#[test]
fn states_of_the_colour_blind_theme_stay_apart_for_every_kind_of_sight() {
    let themes = all();
    let theme = themes.get("colour-blind").unwrap();
    for lacking in [Lacking::Nothing, Lacking::Red, Lacking::Green, Lacking::Blue] {
        for (one, other, a, b) in pairs(theme) {
            let apart = distance(seen(rgb(a), lacking), seen(rgb(b), lacking));
            assert!(apart >= 30.0, "{one:?} and {other:?} without {lacking:?}: {apart:.0}");
        }
    }
    for (one, other, a, b) in pairs(theme) {
        let lighter = (lab(rgb(a))[0] - lab(rgb(b))[0]).abs();
        assert!(lighter >= 8.0, "{one:?} and {other:?} are equally light: {lighter:.0}");
    }
}

#[test]
fn the_worst_states_stay_apart_for_ordinary_sight_in_every_theme() {
    let themes = all();
    for name in TRUE {
        for (one, other, a, b) in pairs(themes.get(name).unwrap()) {
            let apart = distance(lab(rgb(a)), lab(rgb(b)));
            assert!(apart >= 30.0, "{name}: {one:?} and {other:?}: {apart:.0}");
        }
    }
}

#[test]
fn in_fewer_colours_states_stay_apart_and_texts_readable() {
    for tier in [ColourTier::Sixteen, ColourTier::TwoFiftySix] {
        let (themes, problems) = Themes::load(None, tier);
        assert_eq!(problems, Vec::<String>::new());
        for name in TRUE {
            let theme = themes.get(name).unwrap();
            for role in Role::ALL {
                let style = theme.style(*role);
                for colour in [style.fg, style.bg].into_iter().flatten() {
                    let fits = match colour {
                        Color::Indexed(at) => (at < 16) == (tier == ColourTier::Sixteen),
                        _ => false,
                    };
                    assert!(fits, "{name} at {}: {}: {colour:?}", tier.name(), role.name());
                }
            }
            let background = theme.style(Role::Background).bg.unwrap();
            for (one, other, a, b) in pairs(theme) {
                let apart = distance(lab(rgb(a)), lab(rgb(b)));
                let at = tier.name();
                assert!(apart >= 12.0, "{name} at {at}: {one:?} and {other:?}: {apart:.0}");
            }
            let floor = if tier == ColourTier::Sixteen { 2.5 } else { 4.0 };
            for role in [Role::Text, Role::Muted, Role::StateCritical, Role::StateOk] {
                let ratio = contrast(rgb(ink(theme, role)), rgb(background));
                assert!(ratio >= floor, "{name} at {}: {}: {ratio:.1}", tier.name(), role.name());
            }
        }
        // The default theme is made of the terminal's own colours already.
        assert_eq!(themes.get("default"), all().get("default"));
    }
    let (themes, _) = Themes::load(None, ColourTier::Never);
    assert_eq!(themes.names().collect::<Vec<_>>(), ["mono"]);
}

#[test]
fn the_number_of_colours_goes_by_wish_then_no_color_then_terminal() {
    let env = |pairs: &'static [(&str, &str)]| {
        move |name: &str| {
            pairs.iter().find(|(have, _)| *have == name).map(|(_, value)| (*value).to_owned())
        }
    };
    for (wish, pairs, tier) in [
        ("auto", &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], ColourTier::True),
        ("auto", &[("TERM", "xterm-256color")], ColourTier::TwoFiftySix),
        ("auto", &[("TERM", "xterm")], ColourTier::Sixteen),
        ("auto", &[("TERM", "linux")], ColourTier::Sixteen),
        ("auto", &[("TERM", "xterm-kitty")], ColourTier::True),
        ("auto", &[("TERM", "vt220"), ("COLORTERM", "truecolor")], ColourTier::Never),
        ("auto", &[("TERM", "xterm"), ("NO_COLOR", "1")], ColourTier::Never),
        ("auto", &[("TERM", "xterm"), ("NO_COLOR", "")], ColourTier::Sixteen),
        ("true", &[("TERM", "xterm"), ("NO_COLOR", "1")], ColourTier::True),
        ("never", &[("COLORTERM", "truecolor"), ("TERM", "xterm")], ColourTier::Never),
        ("auto", &[], ColourTier::Never),
    ] {
        let (found, why) = ColourTier::choose(wish, env(pairs));
        assert_eq!(found, tier, "{wish} {pairs:?}: {why}");
    }
    let words: Vec<_> = ColourTier::ALL.iter().map(|tier| tier.name()).collect();
    assert_eq!(words, crate::config::settings::COLORS[1..]);
}

#[test]
fn names_fall_back_by_prefix_and_files_inherit() {
    let files = sources(&[
        ("base", "[palette]\nink = \"#010203\"\n[roles]\nborder = \"ink\"\ntext = \"red\""),
        (
            "heir",
            "inherits = \"base\"\n[palette]\nink = \"blue\"\n[roles]\nkey = { bold = true }\nstate = \"green\"",
        ),
    ]);
    let styles = load::theme("heir", &files).unwrap();
    let theme = Theme { name: "heir".to_owned(), styles };
    assert_eq!(theme.style(Role::BorderFocused).fg, Some(Color::Blue));
    assert_eq!(theme.style(Role::Muted).fg, Some(Color::Red));
    assert_eq!(theme.style(Role::StateOk).fg, Some(Color::Green));
    assert!(theme.style(Role::Key).add_modifier.contains(Modifier::BOLD));
}

#[test]
fn bad_files_say_where_and_what_would_be_right() {
    for (text, words) in [
        ("[roles]\ntext = \"octarine\"", "a.toml:2:8: `text`: `octarine` is neither"),
        ("[roles]\ntext = { fg = \"octarine\" }", "a.toml:2:15: `text`: `octarine` is neither"),
        ("[palette]\nred = \"#ff\"", "a.toml:2:7: `red`: `#ff`"),
        ("[roles]\ntxet = \"red\"", "a.toml:2:1: `txet` is no role; did you mean `text`?"),
        ("[roles]\nsparkle = \"red\"", "a.toml:2:1: `sparkle` is no role; there are background"),
        ("inherits = \"nobody\"", "a.toml:1:12: there is no theme `nobody`; there are a"),
        ("inherits = \"a\"", "a.toml:1:12: more than 8 themes inherit"),
        ("[roles]\ntext = { blink = true }", "a.toml:2:10: unknown key `blink`; allowed: fg, bg"),
        ("[roles]\ntext = { bold = 1 }", "a.toml:2:17: bold: write true or false"),
        ("[roles]\ntext = 7", "a.toml:2:8: expected a table"),
        ("colour = 1", "a.toml:1:1: unknown key `colour`; allowed: inherits"),
        ("[roles\n", "a.toml:1:7: "),
    ] {
        let problem = load::theme("a", &sources(&[("a", text)])).unwrap_err();
        assert!(problem.starts_with(words), "{text}: {problem}");
    }
}

#[test]
fn a_file_of_ones_own_adds_or_overrides_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("mine.toml", "inherits = \"dark\"\n[palette]\nred = \"#ff0000\"\n");
    write("light.toml", "[roles]\ntext = \"octarine\"\n");
    write("default.toml", "[roles]\ntext = \"#123456\"\n");
    let (themes, problems) = Themes::load(Some(folder.path()), ColourTier::True);
    let critical = themes.get("mine").unwrap().style(Role::StateCritical);
    assert_eq!(critical.fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("light.toml:2:8: `text`"), "{problems:?}");
    assert_eq!(themes.get("light"), all().get("light"));
    let text = themes.get("default").unwrap().style(Role::Text);
    assert_eq!(text.fg, Some(Color::Rgb(0x12, 0x34, 0x56)));
}

#[test]
fn without_colour_states_keep_glyph_and_word() {
    let mono = Theme::mono();
    for role in Role::ALL {
        assert_eq!((mono.style(*role).fg, mono.style(*role).bg), (None, None));
    }
    for state in ShownState::ALL {
        assert!(!glyph(state).is_empty() && !short(state).is_empty());
    }
}

#[test]
fn no_text_under_the_cursor_is_faint_on_a_turned_background() {
    let (themes, _) = Themes::load(None, ColourTier::True);
    for name in themes.names() {
        let theme = themes.get(name).unwrap();
        let area = ratatui::layout::Rect::new(0, 0, 4, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        let mut surface = crate::tui::widgets::Surface::new(&mut buffer, area, theme);
        surface.put(0, 0, 4, "soft", theme.style(Role::Muted));
        surface.tint(0, Role::Selection);
        let has = buffer[(0, 0)].modifier;
        assert!(!has.contains(Modifier::REVERSED | Modifier::DIM), "{name}");
    }
}
