//! Frames through a real terminal model: after every chunk that ends a frame, it shows the frame.

use proptest::prelude::*;
use ratatui::style::{Modifier, Style};

use super::*;

const WIDTH: u16 = 24;
const HEIGHT: u16 = 6;

fn blank() -> Buffer {
    Buffer::empty(Rect::new(0, 0, WIDTH, HEIGHT))
}

fn frame(text: &str) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 3));
    buffer.set_string(0, 1, text, Style::new().fg(Color::Red));
    buffer
}

fn skills() -> Skills {
    Skills { sync: true, ground: true, repeat: true }
}

fn terminal() -> vt100::Parser {
    let size = |n: u16| std::num::NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(size(HEIGHT), size(WIDTH), 0);
    parser.process(b"\x1b[?25l");
    parser
}

/// Panics unless the terminal shows the frame.
fn assert_shows(parser: &vt100::Parser, frame: &Buffer) {
    for y in 0..HEIGHT {
        let mut x = 0;
        while x < WIDTH {
            let cell = frame.cell((x, y)).unwrap();
            let (symbol, columns) = match printable(cell.symbol()) {
                (_, 2) if x + 1 == WIDTH => (" ", 1),
                other => other,
            };
            let have = parser.screen().cell(y, x).unwrap();
            let text = if have.has_contents() { have.contents() } else { " " };
            if is_unsure(symbol) {
                // The model has its own opinion about clusters; what follows must be right.
                x += columns;
                continue;
            }
            assert_eq!(text, symbol, "at {x},{y}:\n{}", parser.screen().contents());
            assert_eq!(have.bgcolor(), ansi(cell.bg), "ground at {x},{y}");
            if !pen::is_blank(cell) {
                assert_eq!(have.fgcolor(), ansi(cell.fg), "ink at {x},{y}");
                // The model cannot have bold and dim at once.
                if !cell.modifier.contains(Modifier::DIM) {
                    assert_eq!(have.bold(), cell.modifier.contains(Modifier::BOLD), "{x},{y}");
                }
                assert_eq!(have.underline(), cell.modifier.contains(Modifier::UNDERLINED));
                assert_eq!(have.inverse(), cell.modifier.contains(Modifier::REVERSED));
            }
            x += columns;
        }
    }
}

fn ansi(color: Color) -> vt100::Color {
    match color {
        Color::Red => vt100::Color::Idx(1),
        Color::LightGreen => vt100::Color::Idx(10),
        Color::Indexed(n) => vt100::Color::Idx(n),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        _ => vt100::Color::Default,
    }
}

#[test]
fn nothing_is_written_when_nothing_changes() {
    let at = Some(Position::new(1, 1));
    assert!(difference(&frame("a"), &frame("a"), None, None).is_empty());
    assert!(difference(&frame("a"), &frame("a"), at, at).is_empty());
}

#[test]
fn small_changes_cost_few_bytes() {
    let one = difference(&frame("abc"), &frame("abd"), None, None);
    assert_eq!(String::from_utf8_lossy(&one), "\x08d", "the pen stands behind the c, in red");
    let moved = difference(&frame("a"), &frame("a"), None, Some(Position::ORIGIN));
    assert_eq!(String::from_utf8_lossy(&moved), "\x1b[H\x1b[?25h");
    let cleared = difference(&frame("a long text that goes"), &frame(""), None, None);
    assert!(cleared.len() <= 9, "{:?}", String::from_utf8_lossy(&cleared));
}

#[test]
fn whole_frames_come_in_one_synchronised_update_where_the_terminal_has_it() {
    let text = "x".repeat(40);
    let mut picture = Picture::new(Skills { sync: true, ..Skills::default() });
    let mut large = frame(&text);
    large.set_string(0, 2, &text, Style::new());
    picture.want(large.clone(), None, true);
    let bytes = picture.chunk(usize::MAX).unwrap().bytes;
    assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
    let mut plain = Picture::new(Skills::default());
    plain.want(large, None, true);
    let bytes = plain.chunk(usize::MAX).unwrap().bytes;
    assert!(!bytes.windows(4).any(|part| part == b"2026"));
}

#[test]
fn t1_hostile_cells_never_reach_the_terminal() {
    let mut buffer = blank();
    for (x, symbol) in
        (0..).zip(["\u{1b}[2J", "\u{9b}", "\u{202e}", "\u{7}", "\u{1b}]0;x\u{7}", "\u{200b}", "\0"])
    {
        buffer.cell_mut((x, 2)).unwrap().set_symbol(symbol);
    }
    let mut picture = Picture::new(skills());
    picture.want(buffer, None, true);
    let text = String::from_utf8(picture.chunk(usize::MAX).unwrap().bytes).unwrap();
    assert_eq!(text.matches('\u{fffd}').count(), 7, "{text:?}");
    assert!(!text.contains(['\u{9b}', '\u{202e}', '\u{7}', '\u{200b}', '\0']));
    assert_eq!(text.matches("\x1b[2J").count(), 1, "only our own clearing: {text:?}");
}

#[test]
fn what_a_key_changed_goes_first_and_a_newer_frame_replaces_the_rest() {
    let mut picture = Picture::new(Skills::default());
    let fill = |sign: &str, marked: u16| {
        let mut buffer = blank();
        for y in 0..HEIGHT {
            buffer.set_string(0, y, sign.repeat(20), Style::new());
        }
        buffer.set_string(0, marked, "›", Style::new());
        buffer
    };
    let mut parser = terminal();
    picture.want(fill("a", 4), None, false);
    parser.process(&picture.chunk(usize::MAX).unwrap().bytes);
    picture.want(fill("b", 5), None, true);
    parser.process(&picture.chunk(45).unwrap().bytes);
    let lines = |parser: &vt100::Parser| -> Vec<String> {
        parser.screen().contents().lines().map(|line| line.chars().take(3).collect()).collect()
    };
    assert_eq!(lines(&parser), ["aaa", "aaa", "aaa", "aaa", "bbb", "›bb"]);
    parser.process(&picture.chunk(10).unwrap().bytes);
    assert_eq!(lines(&parser)[0], "bbb", "then from the top");
    assert!(picture.is_urgent());
    // A newer frame: nothing of the second is sent any more.
    picture.want(fill("c", 5), None, true);
    let mut rest = Vec::new();
    while let Some(chunk) = picture.chunk(30) {
        rest.extend(chunk.bytes);
    }
    assert!(!rest.contains(&b'b') && !picture.is_urgent());
    parser.process(&rest);
    assert_shows(&parser, &fill("c", 5));
}

#[derive(Clone, Debug)]
struct Stroke {
    x: u16,
    y: u16,
    text: String,
    style: Style,
}

fn strokes() -> impl Strategy<Value = Vec<Stroke>> {
    let text = prop::sample::select(vec![
        "a",
        "bcd",
        "日本",
        "é",
        "e\u{301}x",
        "        ",
        "               ",
        "────────",
        "👍🏽",
        "●x",
        "a👍🏽日b",
        "aaaaaaaaaaaa",
        "\u{202e}",
        "\u{1b}[2J",
        "▲",
        "┼",
        "x日",
        "🙂🙂",
    ]);
    let style = prop::sample::select(vec![
        Style::new(),
        Style::new().fg(Color::Red),
        Style::new().fg(Color::LightGreen).bg(Color::Indexed(200)),
        Style::new().bg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD),
        Style::new().add_modifier(Modifier::UNDERLINED),
        Style::new().add_modifier(Modifier::REVERSED | Modifier::DIM),
    ]);
    let stroke = (0..WIDTH, 0..HEIGHT, text, style).prop_map(|(x, y, text, style)| Stroke {
        // The console switches wrapping off, the model cannot: no cluster at the edge.
        x: if text.contains('👍') { x % 12 } else { x },
        y,
        text: text.to_owned(),
        style,
    });
    prop::collection::vec(stroke, 0..30)
}

proptest! {
    #[test]
    fn the_terminal_shows_the_newest_frame_however_it_was_cut(
        frames in prop::collection::vec((strokes(), 1_usize..200, any::<bool>(), 0_u16..WIDTH), 1..8),
        repeat in any::<bool>(),
    ) {
        let mut parser = terminal();
        let mut picture = Picture::new(Skills { repeat, ..skills() });
        let mut buffer = blank();
        let last = frames.len() - 1;
        for (at, (strokes, budget, urgent, caret)) in frames.into_iter().enumerate() {
            for stroke in strokes {
                buffer.set_string(stroke.x, stroke.y, &stroke.text, stroke.style);
            }
            let caret = (caret > 4).then(|| Position::new(caret, 3));
            picture.want(buffer.clone(), caret, urgent);
            // The last is sent whole, of the others one chunk.
            while let Some(chunk) = picture.chunk(budget) {
                parser.process(&chunk.bytes);
                if at < last {
                    break;
                }
            }
            if at == last {
                assert_shows(&parser, &buffer);
                let place = caret.map(|at| (at.y, at.x));
                prop_assert_eq!(!parser.screen().hide_cursor(), place.is_some());
                if let Some(place) = place {
                    prop_assert_eq!(parser.screen().cursor_position(), place);
                }
            }
        }
    }
}
