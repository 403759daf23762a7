//! What a target, a name server, another operator or a broken engine may put into a text, and a
//! harmless twin for each that takes the same cells.
//!
//! In: nothing. Out: strings by class. Never: a string twice.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use fluxnoc::model::safe_text::{sanitize, width};
use unicode_segmentation::UnicodeSegmentation as _;

/// What a twin is made of, by columns: letters that the console itself never writes. Another text
/// has another twin, as far as its length allows.
const NARROW: std::ops::Range<u32> = 0x2c30..0x2c5f;
const WIDE: std::ops::Range<u32> = 0x7db0..0x7dff;

/// All of them; the order is fixed.
pub fn all() -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |text: String| all.push(text);
    // Every C0 control, DEL and C1 control, alone and between letters.
    for code in (0..0x20).chain(0x7f..0xa0) {
        let c = char::from_u32(code).unwrap();
        add(format!("a{c}b{code:x}"));
    }
    for text in SEQUENCES {
        add(format!("ok \u{1b}{text} end"));
    }
    // The same by a single C1 character.
    for (c1, rest) in [
        ('\u{9b}', "2J"),
        ('\u{9b}', "31m"),
        ('\u{9b}', "?1049l"),
        ('\u{9d}', "0;title\u{9c}"),
        ('\u{9d}', "52;c;cm0=\u{9c}"),
        ('\u{90}', "$q\"p\u{9c}"),
        ('\u{98}', "sos\u{9c}"),
        ('\u{9e}', "pm\u{9c}"),
        ('\u{9f}', "apc\u{9c}"),
        ('\u{84}', ""),
        ('\u{85}', "next"),
        ('\u{8d}', "up"),
    ] {
        add(format!("x{c1}{rest}y"));
    }
    for text in BIDI_AND_HIDDEN {
        add(format!("left{text}right{}", text.len()));
    }
    for text in WIDE_AND_LONG {
        add((*text).to_owned());
    }
    // Beyond every limit, of what its twin keeps or has as many bytes for: both are cut alike.
    add("0".repeat(5000));
    add("語".repeat(3000));
    add("12 34 ".repeat(2000));
    add("\u{1b}[31;".repeat(1000));
    // Long, and within the limit of a line, as the twin is.
    add("a".repeat(300));
    add("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(50));
    add("\u{1b}[31m".repeat(100));
    add("word ".repeat(75));
    add("\n".repeat(500));
    add("\u{202e}".repeat(80));
    add(format!("e{}", "\u{301}".repeat(2000)));
    add(format!("z{}", "\u{489}".repeat(64)));
    add("Z\u{351}\u{327}a\u{334}\u{331}l\u{335}\u{318}g\u{321}o\u{31b}\u{353}".repeat(20));
    // Each of a block that is refused whole.
    for code in (0xe0020..0xe0080).step_by(7).chain((0xfe00..0xfe10).step_by(3)) {
        let c = char::from_u32(code).unwrap();
        add(format!("\u{1f3f4}{c}{c}{code:x}"));
    }
    let known: BTreeSet<&String> = all.iter().collect();
    assert_eq!(known.len(), all.len(), "a string twice");
    assert!(all.len() >= 300, "{} strings", all.len());
    all
}

/// What follows an Esc.
const SEQUENCES: &[&str] = &[
    // CSI: erase, move, colour, scroll, modes, answers, windows.
    "[2J",
    "[3J",
    "[H",
    "[1;1H",
    "[999B",
    "[10A",
    "[K",
    "[1K",
    "[L",
    "[M",
    "[P",
    "[@",
    "[X",
    "[31m",
    "[0m",
    "[7m",
    "[5m",
    "[38;2;255;0;0m",
    "[38;5;196m",
    "[4:3m",
    "[58;5;1m",
    "[S",
    "[T",
    "[1;5r",
    "[?1049h",
    "[?1049l",
    "[?25h",
    "[?25l",
    "[?7h",
    "[?1000h",
    "[?1003h",
    "[?1006h",
    "[?2004l",
    "[?2026h",
    "[?2026l",
    "[?5h",
    "[?3h",
    "[?6h",
    "[?47h",
    "[4h",
    "[20h",
    "[12l",
    "[!p",
    "[\"p",
    "[ q",
    "[5n",
    "[6n",
    "[c",
    "[>c",
    "[=c",
    "[>q",
    "[?2026$p",
    "[18t",
    "[21t",
    "[20t",
    "[8;1;1t",
    "[2t",
    "[14t",
    "[22;0t",
    "[x",
    "[i",
    "[5i",
    "[4i",
    "[>4;2m",
    "[=1u",
    "[>1u",
    "[b",
    "[9999b",
    "[200~",
    "[201~",
    "[",
    "[;",
    "[99999999999999999999m",
    "[1;2;3;4;5;6;7;8;9;10;11m",
    // Titles, palette, directories, links, the clipboard, messages, marks, files.
    "]0;title\u{7}",
    "]1;icon\u{1b}\\",
    "]2;owned\u{1b}\\",
    "]4;1;rgb:ff/00/00\u{7}",
    "]4;1;?\u{7}",
    "]7;file://h/tmp\u{7}",
    "]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "]8;id=1;http://evil.example\u{7}x",
    "]9;message\u{7}",
    "]9;4;1;50\u{7}",
    "]10;?\u{7}",
    "]11;?\u{7}",
    "]11;#ff0000\u{7}",
    "]12;red\u{7}",
    "]50;font\u{7}",
    "]52;c;cm0gLXJmIC8=\u{7}",
    "]52;c;?\u{7}",
    "]52;;cm0=\u{1b}\\",
    "]104\u{7}",
    "]110\u{7}",
    "]133;A\u{7}",
    "]777;notify;a;b\u{7}",
    "]1337;File=name=eA==:eA==\u{7}",
    "]1337;SetMark\u{7}",
    "]",
    "]0;never ended",
    // Device control, application, privacy, start of string.
    "P$q\"p\u{1b}\\",
    "P$qm\u{1b}\\",
    "P+q544e\u{1b}\\",
    "P1$r0m\u{1b}\\",
    "Pq#0;2;0;0;0\u{1b}\\",
    "Ptmux;\u{1b}\u{1b}]0;x\u{7}\u{1b}\\",
    "P",
    "_Ga=T;AAAA\u{1b}\\",
    "_apc\u{1b}\\",
    "^pm\u{1b}\\",
    "Xsos\u{1b}\\",
    "\\",
    // Short ones: reset, save, charsets, index, tabs, keypad.
    "c",
    "7",
    "8",
    "(0",
    "(B",
    ")0",
    "*0",
    "+0",
    "%G",
    "%@",
    "#8",
    "#3",
    "#6",
    "D",
    "E",
    "M",
    "H",
    "N",
    "O",
    "Z",
    "=",
    ">",
    "n",
    "o",
    "~",
    "}",
    "|",
    " F",
    " G",
    "6",
    "9",
    "V",
    "W",
    "l",
    "m",
    // What a terminal answers, as if it were typed.
    "[0n",
    "[3;1R",
    "[?62;c",
    "[>0;276;0c",
    "[?2026;2$y",
    "OP",
    "OA",
    "[A",
    "[15~",
    "[M !!",
    "[<0;1;1M",
    "[I",
    "[O",
    "\u{1b}[A",
    "\u{1b}\u{1b}\u{1b}",
];

const BIDI_AND_HIDDEN: &[&str] = &[
    "\u{202a}",
    "\u{202b}",
    "\u{202c}",
    "\u{202d}",
    "\u{202e}",
    "\u{2066}",
    "\u{2067}",
    "\u{2068}",
    "\u{2069}",
    "\u{200e}",
    "\u{200f}",
    "\u{61c}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{2060}",
    "\u{2061}",
    "\u{2064}",
    "\u{206a}",
    "\u{feff}",
    "\u{ad}",
    "\u{34f}",
    "\u{180e}",
    "\u{115f}",
    "\u{1160}",
    "\u{3164}",
    "\u{ffa0}",
    "\u{2028}",
    "\u{2029}",
    "\u{fff9}",
    "\u{fffb}",
    "\u{fffc}",
    "\u{ffff}",
    "\u{e000}",
    "\u{f8ff}",
    "\u{fe0e}",
    "\u{fe0f}",
    "\u{e0001}",
    "\u{e0041}\u{e0042}\u{e007f}",
    "\u{e0100}",
    "\u{1d173}",
    "\u{17b4}",
    "\u{180b}",
    "\u{202e}cod.",
    "\u{f0000}",
    "\u{10fffd}",
    "\u{2062}\u{2063}",
    "\u{1f3fb}",
    "\u{20e3}",
    "\u{301}",
];

const WIDE_AND_LONG: &[&str] = &[
    "日本語の出力",
    "한국어",
    "ｆｕｌｌ",
    "ﾊﾝｶｸ",
    "🔥🔥 on fire",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦 family",
    "🏳\u{fe0f}\u{200d}🌈",
    "🇩🇪🇫🇷",
    "🇩",
    "1\u{fe0f}\u{20e3} keycap",
    "👍🏽",
    "☎\u{fe0f} phone",
    "❤ heart",
    "e\u{301}te\u{301}",
    "שלום עולם",
    "مرحبا بالعالم",
    "ไทย ภาษา",
    "हिन्दी में",
    "நிலை",
    "ꙮ",
    "𒐫",
    "﷽",
    "\u{1f1e6}\u{1f1e6}\u{1f1e6}",
    "ǅ İ ı ß ẞ",
    "…",
    "│─┌┐└┘",
    "● OK",
    "✓ OK  all is well",
    "\u{a0}nbsp\u{a0}",
    "\u{3000}wide blank",
    "\u{2003}em",
    "\u{1680}ogham",
    "tab\tbed",
    "a\r\nb\r\nc",
    "line one\nline two\nline three",
    "\r\u{8}\u{8}over",
    "   ",
    " x ",
    "%s%n%x",
    "${HOME}",
    "$(reboot)",
    "`id`",
    "'; DROP TABLE x; --",
    "../../etc/passwd",
    "\\x1b[2J",
    "\\u001b[2J",
    "^[[2J",
    "=cmd|' /C calc'!A0",
    "<script>",
    "&amp;",
    "\"quoted\"",
    "[31m",
    "{0}",
];

/// A text that takes the same cells and breaks at the same places, and has nothing to obey.
pub fn twin(text: &str) -> String {
    let safe: Vec<String> = text.split('\n').map(|line| sanitize(line, usize::MAX)).collect();
    let mut out = String::new();
    let mut state = DefaultHasher::new();
    text.hash(&mut state);
    let mut state = state.finish();
    let mut letter = |of: std::ops::Range<u32>| {
        let count = u64::from(of.end - of.start);
        let at = of.start + u32::try_from(state % count).unwrap();
        state = (state / count) ^ state.rotate_left(17);
        char::from_u32(at).unwrap()
    };
    for grapheme in safe.join("\n").graphemes(true) {
        match width(grapheme) {
            // Its picture has a width, where one is shown.
            _ if grapheme == "\n" => out.push('\n'),
            0 => {}
            // Blanks, signs, digits, pictures of controls: lines break there, or not.
            _ if grapheme.chars().all(is_kept) => {
                out.push_str(grapheme);
            }
            1 => out.push(letter(NARROW)),
            more => {
                (0..more / 2).for_each(|_| out.push(letter(WIDE)));
                (0..more % 2).for_each(|_| out.push(letter(NARROW)));
            }
        }
    }
    out
}

const fn is_kept(c: char) -> bool {
    matches!(c, ' '..='@' | '['..='`' | '{'..='~' | '\u{2400}'..='\u{243f}')
}

/// True for what the twin's letters look like on screen.
pub fn is_of_a_twin(cell: &str) -> bool {
    cell.chars().any(is_letter)
}

/// True for a letter of a twin.
pub fn is_letter(c: char) -> bool {
    NARROW.contains(&u32::from(c)) || WIDE.contains(&u32::from(c))
}
