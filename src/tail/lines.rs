//! Bytes into lines: halves wait for their end, and no line is kept that is longer than a bound.

/// Most bytes of a line that are kept.
pub const LONGEST: usize = 64 * 1024;

/// The line that has begun.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    dropped: u64,
}

impl Lines {
    /// Takes bytes and gives every line that ended, with how many of its bytes were dropped.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8], u64)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let room = LONGEST.saturating_sub(self.begun.len()).min(text.len());
            let (kept, rest) = text.split_at(room);
            self.begun.extend_from_slice(kept);
            self.dropped = self.dropped.saturating_add(u64::try_from(rest.len()).unwrap_or(0));
            if ends {
                self.end(&mut each);
            }
        }
    }

    /// Gives what has begun and will not go on.
    pub fn end(&mut self, mut each: impl FnMut(&[u8], u64)) {
        let line = self.begun.strip_suffix(b"\r").unwrap_or(&self.begun);
        if !line.is_empty() {
            each(line, self.dropped);
        }
        self.begun.clear();
        self.begun.shrink_to(4096);
        self.dropped = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&[u8]]) -> Vec<(String, u64)> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for part in parts {
            lines.push(part, |line, dropped| {
                seen.push((String::from_utf8_lossy(line).into_owned(), dropped));
            });
        }
        seen
    }

    #[test]
    fn halves_wait_for_their_end() {
        assert_eq!(
            of(&[b"one\ntw", b"", b"o\r\n\n\nthree"]),
            [("one".to_owned(), 0), ("two".to_owned(), 0)]
        );
    }

    #[test]
    fn a_line_of_megabytes_is_cut_and_the_next_one_is_whole() {
        let long = vec![b'x'; 3 * 1024 * 1024];
        let seen = of(&[&long, &long, b"y\nnext\n"]);
        let length = u64::try_from(2 * long.len() + 1 - LONGEST).unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[0].0.len(), seen[0].1), (LONGEST, length));
        assert_eq!(seen[1], ("next".to_owned(), 0));
    }
}
