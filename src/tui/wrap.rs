//! Texts that are longer than a line: broken, never cut.

use unicode_segmentation::UnicodeSegmentation;

use crate::model::safe_text::{sanitize, width};

/// Longest text that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// Fewest columns of a line.
const NARROWEST: usize = 10;

/// Breaks a text at blanks where it can, else between words, at any column where it must; `most`
/// lines at most.
#[must_use]
pub fn broken(text: &str, wide: usize, most: usize) -> Vec<String> {
    let text = sanitize(text, LONGEST);
    let wide = wide.max(NARROWEST);
    let mut lines = Vec::new();
    let mut line = Line::default();
    for word in text.split_inclusive(' ') {
        let size = width(word.trim_end());
        if line.used + size > wide && line.used > 0 && !word.trim().is_empty() {
            lines.push(line.take());
        }
        if line.used + size <= wide {
            line.push(word);
        } else {
            for part in word.split_word_bounds() {
                if line.used + width(part) > wide && line.used > 0 {
                    lines.push(line.take());
                }
                for grapheme in part.graphemes(true) {
                    if line.used + width(grapheme) > wide {
                        lines.push(line.take());
                    }
                    line.push(grapheme);
                }
            }
        }
        if lines.len() >= most {
            lines.truncate(most);
            return lines;
        }
    }
    if !line.text.trim_end().is_empty() {
        lines.push(line.take());
    }
    lines
}

/// A line that grows.
#[derive(Default)]
struct Line {
    text: String,
    used: usize,
}

impl Line {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.used += width(text);
    }

    /// The line without the blanks at its end; the next begins.
    fn take(&mut self) -> String {
        self.used = 0;
        let mut text = std::mem::take(&mut self.text);
        text.truncate(text.trim_end().len());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_whole() {
        let lines = broken("connection refused by 10.0.0.1", 12, 9);
        assert_eq!(lines, ["connection", "refused by", "10.0.0.1"]);
        assert_eq!(broken("connection refused by 10.0.0.1", 12, 2).len(), 2);
        assert_eq!(broken("a234567890123", 10, 9), ["a234567890", "123"]);
        assert!(broken("", 12, 9).is_empty() && broken("   ", 12, 9).is_empty());
        // A path stays whole where it can, and what is indented stays so.
        assert_eq!(
            broken("   give /etc/fluxnoc to it", 14, 9),
            ["   give", "/etc/fluxnoc", "to it"]
        );
        assert_eq!(broken("in /etc/fluxnoc", 10, 9), ["in", "/etc/", "fluxnoc"]);
        for wide in 10..30 {
            let text = "a quick-brown fox, 日本語日本語 jumps: over/the-lazy dog";
            let lines = broken(text, wide, 99);
            assert!(lines.iter().all(|line| width(line) <= wide), "{lines:?}");
            let bare = |text: &str| text.replace(' ', "");
            assert_eq!(bare(&lines.concat()), bare(text));
        }
    }
}
