//! Colours as people see them: contrast (WCAG 2), distance (CIE 1976 L\*a\*b\*), and what somebody
//! sees who lacks one kind of cone.

use ratatui::style::Color;

/// The parts of a colour; of a name or index those of xterm's palette.
pub(super) fn rgb(colour: Color) -> [u8; 3] {
    let index = match colour {
        Color::Rgb(r, g, b) => return [r, g, b],
        Color::Indexed(index) => index,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Reset | Color::Black => 0,
    };
    super::tier::indexed(index)
}

fn linear([r, g, b]: [u8; 3]) -> [f64; 3] {
    [r, g, b].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = linear(colour);
    0.0722f64.mul_add(b, 0.2126f64.mul_add(r, 0.7152 * g))
}

/// Contrast of two colours, 1 to 21.
pub(super) fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Lightness and the two axes of colour.
pub(super) fn lab(colour: [u8; 3]) -> [f64; 3] {
    lab_of(linear(colour))
}

fn times(rows: [[f64; 3]; 3], [a, b, c]: [f64; 3]) -> [f64; 3] {
    rows.map(|[x, y, z]| x.mul_add(a, y.mul_add(b, z * c)))
}

fn lab_of(linear: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] = [
        [0.412_456_4, 0.357_576_1, 0.180_437_5],
        [0.212_672_9, 0.715_152_2, 0.072_175],
        [0.019_333_9, 0.119_192, 0.950_304_1],
    ];
    let [x, y, z] = times(XYZ, linear);
    let part = |t: f64| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    let (x, y, z) = (part(x / 0.950_47), part(y), part(z / 1.088_83));
    [116.0f64.mul_add(y, -16.0), 500.0 * (x - y), 200.0 * (y - z)]
}

/// How different two colours look; 2.3 is just noticeable.
pub(super) fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// A kind of cone that is missing.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(super) enum Lacking {
    /// None: ordinary sight.
    Nothing,
    /// Long waves: protanopia.
    Red,
    /// Middle waves: deuteranopia.
    Green,
    /// Short waves: tritanopia.
    Blue,
}

/// The colour as it is seen without those cones (Machado, Oliveira and Fernandes 2009).
#[cfg(test)]
pub(super) fn seen(colour: [u8; 3], lacking: Lacking) -> [f64; 3] {
    let rows = match lacking {
        Lacking::Nothing => return lab(colour),
        Lacking::Red => [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        Lacking::Green => [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        Lacking::Blue => [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    };
    lab_of(times(rows, linear(colour)).map(|part| part.clamp(0.0, 1.0)))
}
