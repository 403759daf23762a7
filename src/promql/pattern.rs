//! Patterns of matchers and of `label_replace`: written for Go's RE2, run by the `regex` crate.
//!
//! Both never backtrack and nearly agree on the language. Where they do not, the pattern is
//! rewritten: `\d \w \s \b` are of ASCII only, brackets and doubled signs within a class are letters,
//! `\Q..\E` quotes, a brace that counts nothing is a letter.

use regex::{Regex, RegexBuilder};

use super::syntax::Edition;

/// Bytes of a compiled pattern: `(a{1000}){1000}` is refused, not built.
const SIZE: usize = 1 << 18;

/// Compiles a pattern, anchored at both ends.
///
/// # Errors
/// Why it is no pattern.
pub fn anchored(pattern: &str, edition: Edition) -> Result<Regex, String> {
    let flags = if edition == Edition::Three { "s" } else { "" };
    compiled(&format!("^(?{flags}:{})$", rewritten(pattern)))
}

/// Compiles a pattern that may match anywhere.
///
/// # Errors
/// Why it is no pattern.
pub fn free(pattern: &str) -> Result<Regex, String> {
    compiled(&rewritten(pattern))
}

fn compiled(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(SIZE).nest_limit(100).build().map_err(|said| {
        let said = said.to_string();
        said.lines().last().unwrap_or("invalid").trim_start_matches("error: ").to_owned()
    })
}

/// The same pattern in the words of the `regex` crate.
fn rewritten(pattern: &str) -> String {
    let letters: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest: &[char] = &letters;
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            '\\' => escape(after, &mut out),
            '[' => class(after, &mut out),
            '{' if !counts(after) => {
                out.push_str("\\{");
                after
            }
            other => {
                out.push(*other);
                after
            }
        };
    }
    out
}

/// Writes what stands after a backslash outside a class; gives what is left.
fn escape<'a>(rest: &'a [char], out: &mut String) -> &'a [char] {
    let Some((first, after)) = rest.split_first() else {
        out.push('\\');
        return rest;
    };
    match first {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'b' => out.push_str("(?-u:\\b)"),
        'B' => out.push_str("(?-u:\\B)"),
        'Q' => return quoted(after, out),
        other => {
            out.push('\\');
            out.push(*other);
        }
    }
    after
}

/// Writes letters up to `\E` or the end as they are.
fn quoted<'a>(rest: &'a [char], out: &mut String) -> &'a [char] {
    let end = rest.windows(2).position(|two| matches!(two, ['\\', 'E']));
    let (inside, after) = rest.split_at(end.unwrap_or(rest.len()));
    out.push_str(&regex::escape(&inside.iter().collect::<String>()));
    after.get(2..).unwrap_or_default()
}

/// Writes a class from after its `[`; gives what is left.
fn class<'a>(mut rest: &'a [char], out: &mut String) -> &'a [char] {
    out.push('[');
    if let Some(('^', after)) = rest.split_first() {
        out.push('^');
        rest = after;
    }
    // A bracket that closes at once is a letter.
    if let Some((']', after)) = rest.split_first() {
        out.push_str("\\]");
        rest = after;
    }
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            ']' => {
                out.push(']');
                return rest;
            }
            '\\' => {
                if let Some((letter, after)) = rest.split_first() {
                    in_class(*letter, out);
                    rest = after;
                }
            }
            '[' if rest.first() == Some(&':') => {
                let end = rest.windows(2).position(|two| matches!(two, [':', ']']));
                let (name, after) = rest.split_at(end.map_or(0, |end| end + 2));
                out.push('[');
                out.extend(name);
                rest = after;
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(*first);
            }
            other => out.push(*other),
        }
    }
    rest
}

fn in_class(letter: char, out: &mut String) {
    match letter {
        'd' => out.push_str("0-9"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("0-9A-Za-z_"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str("\\t\\n\\f\\r "),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        other => {
            out.push('\\');
            out.push(other);
        }
    }
}

/// Whether what stands after a brace is a count: `2}`, `2,}` or `2,3}`.
fn counts(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let inside: String = rest.iter().take(end).collect();
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match inside.split_once(',') {
        None => is_number(&inside),
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_re2() {
        // pattern, value, whether it matches
        let cases = [
            ("a.c", "abc", true),
            ("b", "abc", false),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            (r"\d+", "12", true),
            (r"\d+", "\u{661}", false),
            (r"\w+", "é", false),
            (r"[\w.]+", "a.b_1", true),
            (r"\s", "\u{a0}", false),
            ("[[a]", "[", true),
            ("[a&&b]+", "a&b", true),
            ("[]a]+", "]a", true),
            ("[^]a]", "b", true),
            ("[[:alpha:]]+", "xyz", true),
            (r"\Qa.b\Ec", "a.bc", true),
            (r"\Qa.b\Ec", "axbc", false),
            ("a{2}", "aa", true),
            ("a{b}", "a{b}", true),
            ("x{,2}", "x{,2}", true),
            ("(?i)ABC", "abc", true),
            ("", "", true),
            (".*", "", true),
        ];
        for (pattern, value, expected) in cases {
            let regex = anchored(pattern, Edition::Two).unwrap();
            assert_eq!(regex.is_match(value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn a_point_is_a_line_end_in_the_newer_edition_only() {
        assert!(!anchored("a.b", Edition::Two).unwrap().is_match("a\nb"));
        assert!(anchored("a.b", Edition::Three).unwrap().is_match("a\nb"));
        assert!(!anchored("a", Edition::Two).unwrap().is_match("a\n"));
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_said() {
        assert!(anchored("(", Edition::Two).is_err());
        assert!(anchored(r"\8", Edition::Two).is_err());
        assert!(anchored("((a{1000}){1000}){1000}", Edition::Two).is_err());
    }
}
