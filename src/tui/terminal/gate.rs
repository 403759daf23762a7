//! The last gate before the terminal: of a cell only what can be printed passes.
//!
//! Texts were made safe when they came in; here is the second lock, for whatever got into a cell
//! by another way. What does not pass becomes one replacement character, never bytes.

use unicode_width::UnicodeWidthChar as _;

use crate::model::safe_text::{sanitize, width};

/// What stands for a cell that may not be shown.
const REFUSED: &str = "\u{fffd}";
/// Longest cell, in bytes: a family of emoji is some 30.
const LONGEST: usize = 96;

/// The symbol of a cell as it may be written, and the columns that it takes.
#[must_use]
pub fn printable(symbol: &str) -> (&str, u16) {
    if let [byte] = symbol.as_bytes() {
        return if (0x20..0x7f).contains(byte) { (symbol, 1) } else { (REFUSED, 1) };
    }
    let mut chars = symbol.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && is_drawing(only)
    {
        return (symbol, 1);
    }
    let safe = symbol.len() <= LONGEST && sanitize(symbol, LONGEST * 8) == symbol;
    match width(symbol) {
        1 if safe => (within(symbol, 1), 1),
        2 if safe => (within(symbol, 2), 2),
        _ => (REFUSED, 1),
    }
}

/// As much of a cluster as fits into its columns also where a terminal knows no clusters and puts
/// each character beside the one before: a family of emoji would stand over the frame there.
fn within(symbol: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = symbol.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or(0);
        used > columns
    });
    match end {
        // A joiner at its end would join what comes next.
        Some((end, _)) => symbol.get(..end).unwrap_or(REFUSED).trim_end_matches('\u{200d}'),
        None => symbol,
    }
}

/// Lines, blocks and braille: most of what a frame has besides letters.
const fn is_drawing(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{259f}' | '\u{2800}'..='\u{28ff}')
}

/// True when terminals disagree about the columns of a symbol: clusters of several characters,
/// and emoji. After such a one the cursor is put where it belongs.
#[must_use]
pub fn is_unsure(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (first, more) = (chars.next(), chars.next());
    more.is_some() || first.is_some_and(|c| matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_e1_a_hostile_cell_becomes_one_replacement_character() {
        let hostile = [
            "\u{1b}",
            "\u{1b}]52;c;cm0=\u{7}",
            "\u{1b}[2J",
            "\u{9b}2J",
            "\u{9d}0;x\u{9c}",
            "\u{7}",
            "\0",
            "\r",
            "\n",
            "\t",
            "\u{8}",
            "\u{7f}",
            "\u{e}",
            "\u{85}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{200d}",
            "\u{2028}",
            "\u{2029}",
            "\u{feff}",
            "\u{e0041}",
            "\u{ad}",
            "\u{301}",
            "a\u{202e}",
            "a\u{200b}",
            "a\u{1b}",
            "\u{e000}",
            "\u{fff9}",
            "",
            "abc",
            "\u{3164}",
            "\u{1160}",
            "\u{61c}",
        ];
        for symbol in hostile {
            assert_eq!(printable(symbol), (REFUSED, 1), "{symbol:?}");
        }
        let pile = format!("e{}", "\u{301}".repeat(200));
        assert_eq!(printable(&pile), (REFUSED, 1));
    }

    #[test]
    fn what_people_read_passes() {
        for (symbol, columns) in [
            ("a", 1),
            (" ", 1),
            ("~", 1),
            ("é", 1),
            ("e\u{301}", 1),
            ("日", 2),
            ("─", 1),
            ("⣿", 1),
            ("█", 1),
            ("●", 1),
            ("👨", 2),
            ("☎\u{fe0f}", 2),
            ("🇩🇪", 2),
            ("→", 1),
            ("␛", 1),
            ("ﾞ", 1),
        ] {
            let expected = if width(symbol) == 0 { (REFUSED, 1) } else { (symbol, columns) };
            assert_eq!(printable(symbol), expected, "{symbol:?}");
        }
    }
    #[test]
    fn t1_a_cluster_takes_no_more_columns_where_nobody_knows_clusters() {
        for (cluster, shown) in
            [("👨\u{200d}👩\u{200d}👧", "👨"), ("👍🏽", "👍"), ("🏳\u{fe0f}\u{200d}🌈", "🏳\u{fe0f}")]
        {
            assert_eq!(printable(cluster), (shown, 2), "{cluster:?}");
        }
    }
}
