//! How many colours the terminal has, and themes brought down to them.

use ratatui::style::{Color, Style};

use super::Role;
use super::colour::{contrast, distance, lab, rgb};

/// How many colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColourTier {
    /// None.
    Never,
    /// The terminal's own sixteen.
    Sixteen,
    /// The colour cube and greys of xterm.
    TwoFiftySix,
    /// All.
    #[default]
    True,
}

impl ColourTier {
    /// All tiers.
    pub const ALL: [Self; 4] = [Self::Never, Self::Sixteen, Self::TwoFiftySix, Self::True];

    /// Its name in options and settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Sixteen => "16",
            Self::TwoFiftySix => "256",
            Self::True => "true",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Never => "no colours",
            Self::Sixteen => "16 colours",
            Self::TwoFiftySix => "256 colours",
            Self::True => "16 million colours",
        }
    }

    /// Chooses by a wish (`auto`, or a tier's name) and the environment's variables; also says why.
    #[must_use]
    pub fn choose(wish: &str, variable: impl Fn(&str) -> Option<String>) -> (Self, String) {
        if let Some(tier) = Self::ALL.into_iter().find(|tier| tier.name() == wish) {
            return (tier, "as asked for".to_owned());
        }
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if set("NO_COLOR").is_some() {
            return (Self::Never, "NO_COLOR is set".to_owned());
        }
        let term = set("TERM").unwrap_or_default();
        if term.is_empty() || term == "dumb" || term.starts_with("vt") || term.ends_with("-m") {
            return (Self::Never, format!("TERM={term} has none"));
        }
        if let Some(value @ ("truecolor" | "24bit")) = set("COLORTERM").as_deref() {
            return (Self::True, format!("COLORTERM={value}"));
        }
        let many = ["direct", "kitty", "alacritty", "wezterm", "foot", "ghostty"];
        let tier = if many.iter().any(|word| term.contains(word)) {
            Self::True
        } else if term.contains("256") {
            Self::TwoFiftySix
        } else {
            Self::Sixteen
        };
        (tier, format!("TERM={term}"))
    }
}

/// The levels of the colour cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// Least contrast of a colour on its ground after it was brought down to sixteen.
const LEGIBLE: f64 = 2.5;
/// Least distance of two states after it.
const APART: f64 = 12.0;

fn candidates(tier: ColourTier) -> Vec<Color> {
    match tier {
        ColourTier::Sixteen => (0..16).map(Color::Indexed).collect(),
        // The first sixteen are the terminal's own and may look like anything.
        _ => (16..=255).map(Color::Indexed).collect(),
    }
}

/// The colour that an index of xterm's palette stands for.
pub(super) fn indexed(index: u8) -> [u8; 3] {
    const FIRST: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    match index {
        0..16 => FIRST.get(usize::from(index)).copied().unwrap_or_default(),
        16..232 => {
            let at = |n: u8| CUBE.get(usize::from(n)).copied().unwrap_or_default();
            let n = index - 16;
            [at(n / 36), at(n / 6 % 6), at(n % 6)]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// The nearest colour of the tier that can be read on `ground` and is not too near to `taken`.
fn nearest(colour: Color, tier: ColourTier, ground: Option<Color>, taken: &[Color]) -> Color {
    let Color::Rgb(..) = colour else { return colour };
    let wanted = lab(rgb(colour));
    let legible = |candidate: &Color| {
        ground.is_none_or(|ground| contrast(rgb(*candidate), rgb(ground)) >= LEGIBLE)
    };
    let apart = |candidate: &Color| {
        taken.iter().all(|other| distance(lab(rgb(*candidate)), lab(rgb(*other))) >= APART)
    };
    let all = candidates(tier);
    let best = |fits: &dyn Fn(&Color) -> bool| {
        all.iter().copied().filter(|candidate| fits(candidate)).min_by(|a, b| {
            distance(lab(rgb(*a)), wanted).total_cmp(&distance(lab(rgb(*b)), wanted))
        })
    };
    best(&|candidate| legible(candidate) && apart(candidate))
        .or_else(|| best(&legible))
        .unwrap_or(colour)
}

/// The states in the order in which they choose their colour.
const STATES: [Role; 5] = [
    Role::StateCritical,
    Role::StateWarning,
    Role::StateOk,
    Role::StateUnknown,
    Role::StateMaintenance,
];

/// The styles of a theme (in the order of [`Role::ALL`]) as the tier can show them.
pub(super) fn bring_down(styles: &[Style], tier: ColourTier) -> Vec<Style> {
    if matches!(tier, ColourTier::True | ColourTier::Never) {
        return styles.to_vec();
    }
    let at = |role: Role| Role::ALL.iter().position(|have| *have == role);
    let of = |role: Role| at(role).and_then(|at| styles.get(at)).copied().unwrap_or_default();
    let ground = of(Role::Background).bg.map(|colour| nearest(colour, tier, None, &[]));
    let mut states: Vec<(Color, Color)> = Vec::new();
    let mut taken: Vec<Color> = Vec::new();
    for role in STATES {
        let Some(colour) = of(role).fg else { continue };
        let now = nearest(colour, tier, ground, &taken);
        taken.push(now);
        states.push((colour, now));
    }
    let ink = |colour: Color| {
        // What has a state's colour (a threshold in a graph) keeps it.
        let known = states.iter().find(|(from, _)| *from == colour).map(|(_, to)| *to);
        known.unwrap_or_else(|| nearest(colour, tier, ground, &[]))
    };
    let down = |style: &Style| Style {
        fg: style.fg.map(ink),
        bg: style.bg.map(|colour| nearest(colour, tier, None, &[])),
        ..*style
    };
    styles.iter().map(down).collect()
}
