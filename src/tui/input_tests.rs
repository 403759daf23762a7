//! Keys, pastes and hostile bytes, whole and cut at every byte.

use proptest::prelude::*;

use super::*;

const WAIT: Span = Span::from_millis(50);

fn at(millis: u64) -> Steady {
    Steady::from_millis(1_000_000) + Span::from_millis(millis)
}

fn all(bytes: &[u8]) -> Vec<Input> {
    let mut decoder = Decoder::new(WAIT);
    let mut found = decoder.take(bytes, at(0));
    found.extend(decoder.timeout(at(5000)));
    found
}

fn keys(inputs: &[Input]) -> Vec<KeyCode> {
    let code = |input: &Input| match input {
        Input::Key(key) => Some(key.code),
        _ => None,
    };
    inputs.iter().filter_map(code).collect()
}

const KNOWN: [(&[u8], KeyCode); 17] = [
    (b"j", KeyCode::Char('j')),
    ("é".as_bytes(), KeyCode::Char('é')),
    ("日".as_bytes(), KeyCode::Char('日')),
    (b"\r", KeyCode::Enter),
    (b"\t", KeyCode::Tab),
    (b"\x7f", KeyCode::Backspace),
    (b"\x1b", KeyCode::Esc),
    (b"\x1b[A", KeyCode::Up),
    (b"\x1bOB", KeyCode::Down),
    (b"\x1b[1;5C", KeyCode::Right),
    (b"\x1b[Z", KeyCode::BackTab),
    (b"\x1b[5~", KeyCode::PageUp),
    (b"\x1b[6~", KeyCode::PageDown),
    (b"\x1b[H", KeyCode::Home),
    (b"\x1b[4~", KeyCode::End),
    (b"\x1b[3~", KeyCode::Delete),
    (b"\x1b[27u", KeyCode::Esc),
];

#[test]
fn known_keys_are_read_whole_and_cut_at_every_byte() {
    for (bytes, code) in KNOWN {
        assert_eq!(keys(&all(bytes)), [code], "{bytes:?}");
        for cut in 1..bytes.len() {
            let mut decoder = Decoder::new(WAIT);
            let mut found = decoder.take(&bytes[..cut], at(0));
            found.extend(decoder.take(&bytes[cut..], at(10)));
            found.extend(decoder.timeout(at(5000)));
            assert_eq!(keys(&found), [code], "{bytes:?} cut at {cut}");
        }
    }
}

/// Types the bytes, with a pause before each that is marked, as the reader would.
fn typed(bytes: &[u8], wait: Span, pause: impl Fn(usize) -> u64) -> Vec<Input> {
    let mut decoder = Decoder::new(wait);
    let (mut now, mut found) = (0, Vec::new());
    for (index, byte) in bytes.iter().enumerate() {
        for _ in 0..pause(index) {
            now += 1;
            found.extend(decoder.timeout(at(now)));
        }
        found.extend(decoder.take(&[*byte], at(now)));
    }
    found.extend(decoder.timeout(at(now + 5000)));
    found
}

#[test]
fn f993_a_key_cut_at_every_byte_is_that_key_or_none() {
    for wait in [50, 150] {
        let wait = Span::from_millis(wait);
        for (bytes, code) in KNOWN {
            for pause in [0, 1, 20, 49, 51, 90, 149, 151, 200, 300, 400] {
                // One cut after the other, and all at once.
                for cut in 1..=bytes.len() {
                    let paused = |index| if index == cut { pause } else { 0 };
                    check(&typed(bytes, wait, paused), code, (bytes, pause, cut, wait));
                }
                check(&typed(bytes, wait, |_| pause), code, (bytes, pause, 0, wait));
            }
        }
    }
}

/// The key, or nothing, or the Esc that nobody can tell from a torn sequence in time: it closes
/// things and changes nothing. Never a letter.
fn check(found: &[Input], code: KeyCode, case: (&[u8], u64, usize, Span)) {
    let codes = keys(found);
    let (bytes, pause, _, wait) = case;
    let esc = bytes.len() > 1 && bytes[0] == ESC && pause >= wait.millis();
    let right = found.len() == codes.len()
        && (codes.is_empty() || codes == [code] || (esc && codes == [KeyCode::Esc]));
    assert!(right, "{case:?}: {found:?}");
    // Within the time of a lone Esc, nothing gets lost.
    assert!(pause >= wait.millis() || codes == [code], "{case:?}: {found:?}");
}

#[test]
fn a_letter_right_after_a_lone_esc_is_doubtful_and_later_ones_are_not() {
    let mut decoder = Decoder::new(WAIT);
    assert_eq!(decoder.take(b"\x1b", at(0)), []);
    assert_eq!(decoder.timeout(at(49)), None);
    assert_eq!(decoder.timeout(at(50)), Some(pressed(KeyCode::Esc)));
    let letter = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
    assert_eq!(decoder.take(b"a", at(99)), [Input::Doubtful(letter)]);
    assert_eq!(decoder.take(b"a", at(100)), [Input::Key(letter)]);
    // The bracket is a key again when the hand was slow.
    let mut decoder = Decoder::new(WAIT);
    decoder.take(b"\x1b", at(0));
    decoder.timeout(at(50));
    assert_eq!(keys(&decoder.take(b"[", at(600))), [KeyCode::Char('[')]);
}

#[test]
fn the_rest_of_a_torn_sequence_is_known_also_after_an_answer_of_the_terminal() {
    let mut decoder = Decoder::new(WAIT);
    decoder.take(b"\x1b", at(0));
    assert_eq!(decoder.timeout(at(50)), Some(pressed(KeyCode::Esc)));
    assert_eq!(keys(&decoder.take(b"\x1b[0n", at(60))), []);
    assert_eq!(decoder.take(b"[15~", at(120)), []);
    assert_eq!(keys(&decoder.take(b"[", at(700))), [KeyCode::Char('[')]);
    // The answer comes before the Esc is decided, and the rest with it or behind it.
    for (pieces, then) in [
        (&[&b"\x1b"[..], b"\x1b[0n", b"[<0;5;5M"][..], 'a'),
        (&[b"\x1b", b"\x1b[0n[15~"], 'b'),
        (&[b"\x1b\x1b[0n[15", b"~"], 'c'),
        (&[b"\x1b\x1b[0nO", b"P"], 'd'),
    ] {
        let mut decoder = Decoder::new(WAIT);
        let mut taken = Vec::new();
        for (moment, piece) in [0, 20, 120].into_iter().zip(pieces) {
            taken.extend(decoder.take(piece, at(moment)));
        }
        assert_eq!(keys(&taken), [KeyCode::Esc], "{pieces:?}");
        let next = decoder.take(then.to_string().as_bytes(), at(300));
        assert_eq!(keys(&next), [KeyCode::Char(then)], "{pieces:?}");
    }
}

#[test]
fn long_strings_and_sequences_of_a_terminal_never_become_keys() {
    let long = "A".repeat(100_000);
    for text in [
        format!("\x1b]52;c;{long}\x07j"),
        format!("\x1b]52;c;{long}\x1b\\j"),
        format!("\x1bP{long}\x1b\\j"),
        format!("\x1b[{}mj", "1;".repeat(50_000)),
        format!("\x1b[<{}Mj", "9".repeat(50_000)),
    ] {
        for size in [1, 7, 64, 4096, 1 << 20] {
            let mut decoder = Decoder::new(WAIT);
            let mut found = Vec::new();
            for part in text.as_bytes().chunks(size) {
                found.extend(decoder.take(part, at(0)));
                assert!(decoder.bytes.len() <= SEQUENCE_LIMIT + size);
            }
            assert_eq!(keys(&found), [KeyCode::Char('j')], "{} in {size}", &text[..4]);
            assert_eq!(found.len(), 1);
        }
    }
}

#[test]
fn a_megabyte_is_one_bounded_paste_and_nothing_of_it_is_a_key() {
    let mut text = b"\x1b[200~".to_vec();
    text.extend("rm -rf /\r:quit\rqs".repeat(60_000).into_bytes());
    text.extend(b"\x1b[201~j");
    let mut decoder = Decoder::new(WAIT);
    let mut found = Vec::new();
    for part in text.chunks(4096) {
        found.extend(decoder.take(part, at(0)));
    }
    assert_eq!(found.len(), 2, "the paste, and the key after it");
    assert!(matches!(&found[0], Input::Paste(text) if text.len() == PASTE_LIMIT));
    assert_eq!(keys(&found), [KeyCode::Char('j')]);
}

#[test]
fn a_paste_without_an_end_is_left_by_hand() {
    let mut decoder = Decoder::new(WAIT);
    decoder.take(b"\x1b[200~qs\r", at(0));
    assert_eq!(decoder.take(b"\x1b", at(4999)), [], "part of a slow paste");
    assert_eq!(decoder.take(b"\x03", at(12_000)), []);
    assert_eq!(keys(&decoder.take(b"j", at(12_100))), [KeyCode::Char('j')]);
}

#[test]
fn the_mouse_and_answers_are_read() {
    let mouse = |kind, x, y| vec![Input::Mouse(Mouse { kind, x, y })];
    assert_eq!(all(b"\x1b[<0;5;7M"), mouse(MouseKind::Press, 4, 6));
    assert_eq!(all(b"\x1b[<64;1;1M"), mouse(MouseKind::WheelUp, 0, 0));
    assert_eq!(all(b"\x1b[<69;80;24M"), mouse(MouseKind::WheelDown, 79, 23));
    for nothing in [
        &b"\x1b[<0;0;7M"[..],
        b"\x1b[<0;99999999999;7M",
        b"\x1b[<0;1001;7M",
        b"\x1b[<0;5M",
        b"\x1b[<;;M",
        b"\x1b[<35;5;7M",
        b"\x1b[<2;5;7M",
        b"\x1b[<128;5;7M",
    ] {
        assert_eq!(all(nothing), [], "{nothing:?}");
    }
    assert_eq!(all(b"\x1b[0n"), [Input::Answered]);
    assert_eq!(all(b"\x1b[?2026;2$y"), [Input::Mode { number: 2026, known: true }]);
    assert_eq!(all(b"\x1b[?2026;0$y"), [Input::Mode { number: 2026, known: false }]);
    assert_eq!(all(b"\x1b[?2026;4$y"), [Input::Mode { number: 2026, known: false }]);
}

#[test]
fn control_keys_and_alt() {
    let key = |bytes: &[u8]| match all(bytes).as_slice() {
        [Input::Key(key)] => (key.code, key.modifiers),
        other => panic!("{other:?}"),
    };
    assert_eq!(key(b"\x03"), (KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert_eq!(key(b"\x0c"), (KeyCode::Char('l'), KeyModifiers::CONTROL));
    assert_eq!(key(b"\x1bx"), (KeyCode::Char('x'), KeyModifiers::ALT));
    assert_eq!(key(b"G"), (KeyCode::Char('G'), KeyModifiers::SHIFT));
}

#[test]
fn pasted_text_is_never_keys() {
    let text = b"\x1b[200~q\ra\x1b[A\x03\x1b[201~j";
    for cut in 0..text.len() {
        let mut decoder = Decoder::new(WAIT);
        let mut found = decoder.take(&text[..cut], at(0));
        // Much time may pass inside the paste, little inside its first mark.
        let now = if cut >= 6 { at(4000) } else { at(40) };
        assert_eq!(decoder.timeout(now), None);
        found.extend(decoder.take(&text[cut..], now));
        assert_eq!(found.len(), 2, "cut at {cut}: {found:?}");
        assert_eq!(found[0], Input::Paste("q\ra\u{1b}[A\u{3}".to_owned()));
        assert_eq!(keys(&found), [KeyCode::Char('j')]);
    }
}

#[test]
fn reports_of_a_terminal_are_swallowed() {
    for report in [
        &b"\x1b[0;0R"[..],
        b"\x1b[<0;0;0M",
        b"\x1b[<64;9;9m",
        b"\x1b[>0;1;2c",
        b"\x1b[M !!",
        b"\x1b[?62;22c",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b[I",
        b"\xff",
    ] {
        assert_eq!(all(report), [], "{report:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_decoder(
        parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0_u64..900), 0..20),
    ) {
        let mut decoder = Decoder::new(WAIT);
        let mut now = 0;
        for (part, pause) in parts {
            decoder.take(&part, at(now));
            prop_assert!(decoder.bytes.len() <= SEQUENCE_LIMIT + 40);
            now += pause;
            decoder.timeout(at(now));
        }
    }
}
