//! Every theme file loads, defines the states and keeps them readable.

use ratatui::style::Color;

use super::*;

fn sources(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn every_embedded_theme_loads_and_tells_the_states_apart() {
    let (themes, problems) = Themes::load(None);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(themes.names().collect::<Vec<_>>(), ["dark", "default", "mono"]);
    for name in ["dark", "default"] {
        let theme = themes.get(name).unwrap();
        let colours: Vec<_> =
            ShownState::ALL.iter().map(|s| theme.style(Role::of(*s)).fg.unwrap()).collect();
        for (at, colour) in colours.iter().enumerate() {
            assert!(!colours[..at].contains(colour), "{name}: two states in {colour:?}");
        }
    }
}

#[test]
fn every_file_of_the_themes_directory_is_embedded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let (files, problems) = load::directory(&directory);
    assert!(problems.is_empty());
    for (name, text) in files {
        assert!(EMBEDDED.contains(&(name.as_str(), text.as_str())), "{name} is not embedded");
    }
}

fn luminance(colour: Color) -> f64 {
    let Color::Rgb(r, g, b) = colour else { panic!("{colour:?} is not true colour") };
    let part = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
}

#[test]
fn the_true_colour_theme_keeps_its_contrast() {
    let (themes, _) = Themes::load(None);
    let dark = themes.get("dark").unwrap();
    let ground = luminance(dark.style(Role::Background).bg.unwrap());
    let roles = [Role::Text, Role::Muted, Role::Strong, Role::Key, Role::Chart1, Role::Chart2];
    let states = ShownState::ALL.iter().map(|state| Role::of(*state));
    for role in states.chain(roles) {
        let ratio = (luminance(dark.style(role).fg.unwrap()) + 0.05) / (ground + 0.05);
        assert!(ratio >= 4.5, "{}: {ratio:.1}", role.name());
    }
}

#[test]
fn names_fall_back_by_prefix_and_files_inherit() {
    let files = sources(&[
        ("base", "[palette]\nink = \"#010203\"\n[roles]\nborder = \"ink\"\ntext = \"red\""),
        ("heir", "inherits = \"base\"\n[palette]\nink = \"blue\"\n[roles]\nkey = { bold = true }"),
    ]);
    let styles = load::theme("heir", &files).unwrap();
    let theme = Theme { name: "heir".to_owned(), styles };
    assert_eq!(theme.style(Role::BorderFocused).fg, Some(Color::Blue));
    assert_eq!(theme.style(Role::Muted).fg, Some(Color::Red));
    assert!(theme.style(Role::Key).add_modifier.contains(Modifier::BOLD));
}

#[test]
fn bad_files_say_what_is_wrong() {
    for (text, word) in [
        ("[roles]\ntext = \"octarine\"", "octarine"),
        ("[roles]\nsparkle = \"red\"", "sparkle"),
        ("inherits = \"nobody\"", "nobody"),
        ("inherits = \"a\"", "inherit"),
        ("[roles]\ntext = { blink = true }", ""),
        ("colour = 1", "colour"),
    ] {
        let problem = load::theme("a", &sources(&[("a", text)])).unwrap_err();
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn without_colour_states_keep_glyph_and_word() {
    let mono = Theme::mono();
    for state in ShownState::ALL {
        assert_eq!(mono.style(Role::of(state)).fg, None);
        assert!(!glyph(state).is_empty() && !short(state).is_empty());
    }
}
