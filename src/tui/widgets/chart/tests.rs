//! Graphs as pictures, and what holds for all of them.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::tui::theme::Theme;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

fn dot(secs: i64, value: f64) -> Dot {
    Dot::single(at(secs), value)
}

fn line(dots: Vec<Dot>) -> Line {
    Line { dots, role: Role::Chart1 }
}

struct Picture {
    chart: fn(&mut Chart<'_>),
    lines: Vec<Line>,
    range: i64,
    size: (u16, u16),
    tier: GlyphTier,
}

impl Picture {
    fn of(dots: Vec<Dot>, range: i64) -> Self {
        let size = (24, 6);
        Self { chart: |_| {}, lines: vec![line(dots)], range, size, tier: GlyphTier::Braille }
    }

    /// The rows from the top, without the blanks at their ends.
    fn rows(self) -> Vec<String> {
        let theme = Theme::mono();
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        let zone = Zone::utc();
        let mut chart = Chart::new(&Unit::Count, &zone, self.tier, (at(0), at(self.range)));
        chart.lines = self.lines;
        (self.chart)(&mut chart);
        chart.draw(&mut Surface::new(&mut buffer, area, &theme));
        let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..area.height).map(|y| row(y).trim_end().to_owned()).collect()
    }
}

#[test]
fn points_close_together_are_one_line() {
    let steady: Vec<Dot> = (0..=60).map(|n| dot(n * 2, 2.0)).collect();
    let ink = "\u{2809}".repeat(22);
    let rows = Picture::of(steady, 120).rows();
    assert_eq!(rows[..4], [format!("2┤{ink}"), " │".into(), " │".into(), "0┤".into()]);
}

#[test]
fn a_column_with_many_values_is_a_band_under_its_line() {
    let noisy = || (0..900).map(|n| dot(n, f64::from([1_i16, 2, 3, 4][n as usize % 4]))).collect();
    let mut picture = Picture { size: (24, 12), ..Picture::of(noisy(), 900) };
    picture.tier = GlyphTier::Block;
    let rows = picture.rows();
    let middle: String = rows.iter().filter_map(|row| row.chars().nth(12)).collect();
    assert!(middle.contains('░') && middle.contains('▒'), "{rows:#?}");
    assert!(middle.contains('▀') || middle.contains('▄'), "{rows:#?}");
}

#[test]
fn a_gap_is_named_and_no_line_leads_through_it() {
    let dots: Vec<Dot> =
        (0..=300).filter(|n| !(60..240).contains(n)).map(|n| dot(n, 5.0)).collect();
    for tier in GlyphTier::ALL {
        let mut picture = Picture::of(dots.clone(), 300);
        (picture.tier, picture.size) = (tier, (42, 8));
        let rows = picture.rows();
        let word = rows.iter().find(|row| row.contains("no data"));
        assert!(word.is_some(), "{tier:?}: {rows:#?}");
        // Columns 12 to 30 lie inside the gap.
        for row in &rows[..6] {
            let inside: String = row.chars().skip(12).take(18).collect();
            assert!(inside.replace("no data", "").trim().is_empty(), "{tier:?}: {rows:#?}");
        }
    }
}

#[test]
fn what_has_not_happened_yet_is_not_missing() {
    let mut picture = Picture::of((0..=60).map(|n| dot(n, 5.0)).collect(), 300);
    picture.size = (60, 8);
    picture.chart = |chart| chart.now = at(60);
    assert!(!picture.rows().concat().contains("no data"));
}

#[test]
fn losses_thresholds_and_maintenance_are_in_the_picture() {
    let dots = (0..=100).filter(|n| !(40..50).contains(n)).map(|n| dot(n * 3, 12.0)).collect();
    let mut picture = Picture { size: (70, 12), ..Picture::of(dots, 300) };
    picture.chart = |chart| {
        chart.limits = vec![Limit { value: 15.0, role: Role::ChartWarning, word: "warning" }];
        chart.lost = (40..50).map(|n| at(n * 3)).collect();
        chart.shades = vec![(at(200), at(280))];
        chart.cursor = Some(at(30));
    };
    for tier in GlyphTier::ALL {
        let picture = Picture {
            tier,
            lines: vec![line(picture.lines[0].dots.clone())],
            chart: picture.chart,
            ..picture
        };
        let rows = picture.rows();
        let text = rows.join("\n");
        assert!(text.contains(" warning 15"), "{text}");
        assert!(text.contains("maintenance"), "{text}");
        let foot = &rows[9];
        assert!(foot.matches(lost_sign(tier)).count() >= 5, "{text}");
        assert!(!text.contains("no data"), "lost is not missing:\n{text}");
        if tier == GlyphTier::Ascii {
            assert!(text.is_ascii(), "{text}");
        }
        insta::assert_snapshot!(format!("picture_{}", tier.name()), text);
    }
}

#[test]
fn two_lines_of_one_colour_are_told_apart() {
    let lines = |value| (0..=60).map(|n| dot(n * 2, value)).collect::<Vec<_>>();
    let mut picture = Picture::of(lines(1.0), 120);
    picture.lines.push(line(lines(2.0)));
    (picture.tier, picture.size) = (GlyphTier::Ascii, (40, 8));
    let text = picture.rows().concat();
    assert!(text.contains("**") && text.contains("oo  oo"), "{text}");
}

#[test]
fn a_logarithmic_axis_names_its_decades() {
    let mut picture =
        Picture::of((0..=60).map(|n| dot(n, 1.5_f64.powi(n as i32 / 4))).collect(), 60);
    picture.chart = |chart| chart.log = true;
    picture.size = (60, 16);
    let rows = picture.rows();
    for (label, row) in [("1k", 0), ("1", 13)] {
        assert_eq!(rows[row].split('┤').next().unwrap().trim(), label, "{rows:#?}");
    }
}

/// Where a graph wrote: its buffer in a larger one that is otherwise full of a mark.
fn drawn(chart: &Chart<'_>, (wide, high): (u16, u16)) -> Buffer {
    let theme = Theme::mono();
    let outer = Rect::new(0, 0, wide + 4, high + 4);
    let mut buffer = Buffer::empty(outer);
    for x in 0..outer.width {
        for y in 0..outer.height {
            buffer[(x, y)].set_char('@');
        }
    }
    let area = Rect::new(2, 2, wide, high);
    let mut surface = Surface::new(&mut buffer, area, &theme);
    surface.clear();
    chart.draw(&mut surface);
    buffer
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..1000.0,
        2 => -50.0..50.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(1e300),
        1 => Just(-1e300),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN),
        1 => Just(f64::MIN_POSITIVE),
        1 => Just(0.0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_graph_panics_or_leaves_its_place(
        points in prop::collection::vec((0_i64..1200, any_value(), any_value()), 0..120),
        size in (0_u16..90, 0_u16..30),
        window in (-100_i64..900, -5_i64..1_000_000),
        log in any::<bool>(),
        tier in prop::sample::select(GlyphTier::ALL.to_vec()),
        unit in prop::sample::select(vec![
            Unit::Count, Unit::Seconds, Unit::Bytes, Unit::BitsPerSecond, Unit::Percent,
        ]),
        limit in any_value(),
    ) {
        let mut dots: Vec<Dot> = points
            .iter()
            .map(|(secs, a, b)| Dot { min: a.min(*b), max: a.max(*b), ..dot(*secs, *a) })
            .collect();
        dots.sort_by_key(|dot| dot.at);
        let zone = Zone::utc();
        let mut chart = Chart::new(&unit, &zone, tier, (at(window.0), at(window.0 + window.1)));
        chart.lost = dots.iter().filter(|d| !d.value.is_finite()).map(|d| d.at).collect();
        chart.lines = vec![line(dots)];
        chart.limits = vec![Limit { value: limit, role: Role::ChartCritical, word: "critical" }];
        chart.shades = vec![(at(100), at(300)), (at(5), at(4))];
        chart.cursor = Some(at(150));
        chart.now = at(700);
        chart.log = log;
        let buffer = drawn(&chart, size);
        let area = Rect::new(2, 2, size.0, size.1);
        for x in 0..buffer.area.width {
            for y in 0..buffer.area.height {
                let inside = area.contains((x, y).into());
                let mark = buffer[(x, y)].symbol() == "@";
                prop_assert!(inside != mark, "{x},{y} of {size:?}");
                prop_assert!(
                    tier != GlyphTier::Ascii || buffer[(x, y)].symbol().is_ascii()
                        || buffer[(x, y)].symbol() == "µ",
                );
            }
        }
    }

    #[test]
    fn the_largest_value_touches_its_row_and_the_line_is_whole(
        values in prop::collection::vec(0.0_f64..1.0, 30..200),
        size in (30_u16..100, 6_u16..30),
        tier in prop::sample::select(GlyphTier::ALL.to_vec()),
    ) {
        let mut values = values;
        values[7] = 1.0;
        let dots: Vec<Dot> =
            values.iter().enumerate().map(|(n, v)| dot(n as i64 * 10, *v)).collect();
        let range = (dots.len() as i64 - 1) * 10;
        let zone = Zone::utc();
        let mut chart = Chart::new(&Unit::Count, &zone, tier, (at(0), at(range)));
        chart.lines = vec![line(dots)];
        let buffer = drawn(&chart, size);
        let axis = (2..2 + size.0).find(|x| "┤+".contains(buffer[(*x, 2)].symbol())).unwrap();
        let ink = |x: u16, y: u16| buffer[(x, y)].symbol() != " ";
        let (right, foot) = (2 + size.0, 2 + size.1 - 2);
        prop_assert!((axis + 1..right).any(|x| ink(x, 2)), "the top row is empty");
        for x in axis + 1..right {
            prop_assert!((2..foot).any(|y| ink(x, y)), "column {x} is empty");
        }
    }
}
