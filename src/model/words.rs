//! Words that go with what they count or name.

use std::fmt::Display;

/// `1 host`, `3 hosts`, `0 tries`.
#[must_use]
pub fn plural(count: impl Display + Copy, noun: &str) -> String {
    let count = count.to_string();
    if count == "1" {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {noun}s"),
    }
}

/// A window by its name: `window patching`, and `window 21:04` as well when that is its whole name.
#[must_use]
pub fn window(name: &str) -> String {
    let named = name.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("window"));
    let whole = named && !name.get(6..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    if whole { name.to_owned() } else { format!("window {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_them_has_no_plural() {
        let cases = [(1, "alert", "1 alert"), (0, "alert", "0 alerts"), (2, "hop", "2 hops")];
        let more = [(1, "try", "1 try"), (3, "try", "3 tries"), (2, "day", "2 days")];
        for (count, noun, text) in cases.into_iter().chain(more) {
            assert_eq!(plural(count, noun), text);
        }
    }

    #[test]
    fn a_window_is_called_one_once() {
        for (name, text) in [
            ("patching", "window patching"),
            ("window 21:04", "window 21:04"),
            ("Window", "Window"),
            ("windows update", "window windows update"),
            ("fen\u{ea}tre", "window fen\u{ea}tre"),
        ] {
            assert_eq!(window(name), text);
        }
    }
}
