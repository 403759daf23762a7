//! Names of series, and what selects some of them: `name{label="value",other=~"regex"}`.
//!
//! The notation of Prometheus. Regular expressions are linear in time and must match the whole
//! value; a label that a series does not have counts as empty.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest selector, in bytes.
pub const SELECTOR_LIMIT: usize = 4096;
/// Largest compiled expression of one matcher, in bytes.
const REGEX_LIMIT: usize = 1 << 20;

/// How a label is compared.
#[derive(Clone, Debug)]
enum Test {
    Is(String),
    IsNot(String),
    Matches(Regex),
    MatchesNot(Regex),
}

/// Which series are meant.
#[derive(Clone, Debug)]
pub struct Selector {
    text: String,
    name: Option<String>,
    tests: Vec<(String, Test)>,
}

/// Why a text selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` selects no series: {why}")]
pub struct BadSelector {
    /// As written, cut to 80 characters.
    pub text: String,
    /// What is wrong.
    pub why: String,
}

impl Selector {
    /// True when a series is meant; `id` is its name as [`series_id`] writes it.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        let Some((name, labels)) = parse_id(id) else { return false };
        if self.name.as_ref().is_some_and(|wanted| *wanted != name) {
            return false;
        }
        self.tests.iter().all(|(label, test)| {
            let found = labels.iter().find(|(have, _)| have == label).map(|(_, value)| &**value);
            let value = if label == "__name__" { &*name } else { found.unwrap_or("") };
            match test {
                Test::Is(wanted) => value == wanted,
                Test::IsNot(wanted) => value != wanted,
                Test::Matches(regex) => regex.is_match(value),
                Test::MatchesNot(regex) => !regex.is_match(value),
            }
        })
    }

    /// What tells one of the selected series from the others: the labels that the selector does
    /// not give a value, as `label=value,...`; empty when nothing does.
    #[must_use]
    pub fn instance(&self, id: &str) -> String {
        let Some((name, labels)) = parse_id(id) else { return String::new() };
        let fixed = |label: &str| {
            self.tests.iter().any(|(have, test)| have == label && matches!(test, Test::Is(_)))
        };
        let mut parts: Vec<String> = Vec::new();
        if self.name.is_none() && !fixed("__name__") {
            parts.push(name.into_owned());
        }
        let free = labels.iter().filter(|(label, _)| !fixed(label));
        parts.extend(free.map(|(label, value)| format!("{label}={value}")));
        parts.join(",")
    }
}

impl FromStr for Selector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |why: String| BadSelector { text: text.chars().take(80).collect(), why };
        if text.len() > SELECTOR_LIMIT {
            return Err(bad(format!("it has more than {SELECTOR_LIMIT} bytes")));
        }
        let mut rest = Rest(text.trim());
        let (mut name, mut tests) = (None, Vec::new());
        if !rest.0.starts_with('{') {
            name = Some(rest.word(true).ok_or_else(|| bad("it begins with no name".to_owned()))?);
        }
        if rest.eat("{") {
            while !rest.eat("}") {
                let quoted = rest.0.starts_with('"');
                let label = if quoted { rest.quoted() } else { rest.word(false) };
                let label = label.ok_or_else(|| bad("expected a label's name".to_owned()))?;
                if quoted && !rest.is_operator() {
                    if name.replace(label).is_some() {
                        return Err(bad("it has two names".to_owned()));
                    }
                } else {
                    let operator = ["!=", "=~", "!~", "="].into_iter().find(|op| rest.eat(op));
                    let Some(operator) = operator else {
                        return Err(bad(format!("after `{label}` write =, !=, =~ or !~")));
                    };
                    let Some(value) = rest.quoted() else {
                        return Err(bad(format!("the value of `{label}` needs quotes")));
                    };
                    tests.push((label, test(operator, value).map_err(bad)?));
                }
                if !rest.eat(",") && !rest.0.starts_with('}') {
                    return Err(bad("expected `,` or `}`".to_owned()));
                }
            }
        }
        if !rest.0.is_empty() {
            let rest: String = rest.0.chars().take(40).collect();
            return Err(bad(format!("`{rest}` is too much")));
        }
        // As in Prometheus: one that every series passes is a mistake.
        let is_real = |test: &Test| match test {
            Test::Is(value) => !value.is_empty(),
            Test::Matches(regex) => !regex.is_match(""),
            Test::IsNot(_) | Test::MatchesNot(_) => false,
        };
        if name.is_none() && !tests.iter().any(|(_, test)| is_real(test)) {
            return Err(bad("write a name, or one label that must not be empty".to_owned()));
        }
        Ok(Self { text: text.trim().to_owned(), name, tests })
    }
}

fn test(operator: &str, value: String) -> Result<Test, String> {
    let regex = || {
        let whole = format!("^(?:{value})$");
        let mut builder = RegexBuilder::new(&whole);
        let built = builder.size_limit(REGEX_LIMIT).dot_matches_new_line(true).build();
        built.map_err(|_| format!("`{value}` is no regular expression, or too large"))
    };
    Ok(match operator {
        "=" => Test::Is(value),
        "!=" => Test::IsNot(value),
        "=~" => Test::Matches(regex()?),
        _ => Test::MatchesNot(regex()?),
    })
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.strip_prefix(token).map(str::trim_start);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn is_operator(&self) -> bool {
        self.0.starts_with(['=', '!'])
    }

    fn word(&mut self, colon: bool) -> Option<String> {
        let good = |c: char| c == '_' || c.is_ascii_alphanumeric() || (colon && c == ':');
        let ends = self.0.find(|c| !good(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(ends);
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.0 = rest.trim_start();
        Some(word.to_owned())
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.0.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let mut out = String::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => out.push('\n'),
                    escaped @ ('\\' | '"' | '\'') => out.push(escaped),
                    // A regular expression keeps its own escapes.
                    other => out.extend(['\\', other]),
                },
                c if c == quote => {
                    self.0 = self.0.get(at + 1..).unwrap_or("").trim_start();
                    return Some(out);
                }
                c => out.push(c),
            }
        }
        None
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Selector {}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The one way to write a series: `name{label="value",...}`, labels in the given order.
#[must_use]
pub fn series_id<N: AsRef<str>, V: AsRef<str>>(name: &str, labels: &[(N, V)]) -> String {
    let mut out = String::with_capacity(name.len() + labels.len() * 24);
    let plain = is_plain(name, true);
    if plain {
        out.push_str(name);
    }
    if plain && labels.is_empty() {
        return out;
    }
    out.push('{');
    if !plain {
        quote(&mut out, name);
    }
    for (n, (label, value)) in labels.iter().enumerate() {
        if n > 0 || !plain {
            out.push(',');
        }
        if is_plain(label.as_ref(), false) {
            out.push_str(label.as_ref());
        } else {
            quote(&mut out, label.as_ref());
        }
        out.push('=');
        quote(&mut out, value.as_ref());
    }
    out.push('}');
    out
}

fn is_plain(name: &str, colon: bool) -> bool {
    let good = |b: u8| b == b'_' || b.is_ascii_alphanumeric() || (colon && b == b':');
    name.bytes().all(good) && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A label's name and value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Name and labels of what [`series_id`] wrote; `None` for anything else.
#[must_use]
pub fn parse_id(id: &str) -> Option<(Cow<'_, str>, Vec<Pair<'_>>)> {
    let Some((name, mut rest)) = id.split_once('{') else {
        return Some((Cow::Borrowed(id), Vec::new()));
    };
    let mut name = Cow::Borrowed(name);
    let mut labels = Vec::new();
    while rest != "}" {
        let (label, after) = if rest.starts_with('"') {
            unquote(rest)?
        } else {
            let ends = rest.find('=')?;
            (Cow::Borrowed(rest.get(..ends)?), rest.get(ends..)?)
        };
        if let Some(after) = after.strip_prefix('=') {
            let (value, after) = unquote(after)?;
            labels.push((label, value));
            rest = after;
        } else {
            name = label;
            rest = after;
        }
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some((name, labels))
}

fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.strip_prefix('"')?;
    let stop = inner.find(['"', '\\'])?;
    if inner.as_bytes().get(stop) == Some(&b'"') {
        return Some((Cow::Borrowed(inner.get(..stop)?), inner.get(stop + 1..)?));
    }
    let mut out = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(out), inner.get(at + 1..)?)),
            '\\' => out.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_reads_back_as_it_was_written() {
        type Labels<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&str, Labels<'_>, &str); 5] = [
            ("up", &[], "up"),
            ("x", &[("a", "b"), ("le", "+Inf")], r#"x{a="b",le="+Inf"}"#),
            ("x", &[("a", "q\"\\\n,}")], r#"x{a="q\"\\\n,}"}"#),
            ("my.name", &[("a b", "c")], r#"{"my.name","a b"="c"}"#),
            ("my.name", &[], r#"{"my.name"}"#),
        ];
        for (name, labels, text) in cases {
            assert_eq!(series_id(name, labels), text);
            let (back, pairs) = parse_id(text).unwrap();
            assert_eq!(back, name);
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
            assert_eq!(pairs, labels);
        }
        for bad in ["x{", r#"x{a="b"#, "x{a=b}", r#"x{a="b\"#] {
            assert_eq!(parse_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_four_matchers() {
        let id = r#"disk_free{device="sda1",mount="/var"}"#;
        let cases = [
            ("disk_free", true),
            ("disk_fre", false),
            (r#"disk_free{mount="/var"}"#, true),
            (r#"disk_free{mount!="/var"}"#, false),
            (r#"disk_free{mount=~"/v.*"}"#, true),
            (r#"disk_free{mount=~"/v"}"#, false),
            (r#"disk_free{device!~"sd.\\d"}"#, false),
            (r#"disk_free{absent=""}"#, true),
            (r#"disk_free{absent!=""}"#, false),
            (r#"{__name__=~"disk_.*", device='sda1',}"#, true),
            (r#"{"disk_free",device="sda1"}"#, true),
        ];
        for (text, wanted) in cases {
            let selector: Selector = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(selector.matches(id), wanted, "{text}");
            assert_eq!(selector.to_string().parse(), Ok(selector));
        }
    }

    #[test]
    fn an_instance_is_what_the_selector_leaves_open() {
        let id = r#"disk_free{device="sda1",mount="/var"}"#;
        for (text, instance) in [
            ("disk_free", "device=sda1,mount=/var"),
            (r#"disk_free{device="sda1"}"#, "mount=/var"),
            (r#"disk_free{device="sda1",mount="/var"}"#, ""),
            (r#"{device="sda1"}"#, "disk_free,mount=/var"),
        ] {
            assert_eq!(text.parse::<Selector>().unwrap().instance(id), instance, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_says_why() {
        for bad in [
            "",
            "{}",
            "1x",
            r#"{a=""}"#,
            r#"{a=~".*"}"#,
            r#"x{a}"#,
            r#"x{a=b}"#,
            r#"x{a="b"} 1"#,
            r#"x{a=~"("}"#,
            r#"x{"y"}"#,
            r#"x{a="b"#,
            &"x".repeat(5000),
        ] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }
}
