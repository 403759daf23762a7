//! Keys, pastes and hostile bytes, whole and cut at every byte.

use proptest::prelude::*;

use super::*;

fn all(bytes: &[u8]) -> Vec<Input> {
    let mut decoder = Decoder::default();
    let mut found = decoder.take(bytes);
    found.extend(decoder.timeout());
    found
}

fn keys(inputs: &[Input]) -> Vec<KeyCode> {
    let code = |input: &Input| match input {
        Input::Key(key) => Some(key.code),
        Input::Paste(_) => None,
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
            let mut decoder = Decoder::default();
            let mut found = decoder.take(&bytes[..cut]);
            found.extend(decoder.take(&bytes[cut..]));
            found.extend(decoder.timeout());
            assert_eq!(keys(&found), [code], "{bytes:?} cut at {cut}");
        }
    }
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
        let mut decoder = Decoder::default();
        let mut found = decoder.take(&text[..cut]);
        // Time may pass inside the paste, not inside its first mark.
        if cut >= 6 {
            assert_eq!(decoder.timeout(), None);
        }
        found.extend(decoder.take(&text[cut..]));
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
    fn no_bytes_break_the_decoder(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut decoder = Decoder::default();
        for part in parts {
            decoder.take(&part);
            prop_assert!(decoder.bytes.len() <= SEQUENCE_LIMIT + 40);
            decoder.timeout();
        }
    }
}
