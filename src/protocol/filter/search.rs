//! Searching names and texts without regard to case and without allocating.

use globset::{GlobBuilder, GlobMatcher};

use crate::model::pattern::PATTERN_LIMIT;

/// A text to be found inside others.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    /// In lower case.
    lower: Box<str>,
    /// A letter of the needle that is rare in names, in both cases, and where it stands; `None`
    /// for needles beyond ASCII.
    rare: Option<(u8, u8, usize)>,
}

/// Letters that names and outputs are full of, the most frequent first.
const FREQUENT: &[u8] = b"e-ostainr.0lcd1mpuhg2b";

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let lower: Box<str> = text.to_lowercase().into();
        let often = |byte: u8| match FREQUENT.iter().position(|f| *f == byte) {
            Some(at) => FREQUENT.len() - at,
            None => 0,
        };
        let rare = lower.bytes().enumerate().min_by_key(|(_, byte)| often(*byte));
        let rare = rare.filter(|_| lower.is_ascii());
        let rare = rare.map(|(at, byte)| (byte, byte.to_ascii_uppercase(), at));
        Self { lower, rare }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self.rare {
            _ if self.lower.is_empty() => true,
            Some((lower, upper, at)) => {
                let needle = self.lower.as_bytes();
                let bytes = text.as_bytes();
                memchr::memchr2_iter(lower, upper, bytes).any(|found| {
                    let start = found.checked_sub(at);
                    let part = start.and_then(|from| bytes.get(from..from + needle.len()));
                    part.is_some_and(|part| part.eq_ignore_ascii_case(needle))
                })
            }
            None => text
                .char_indices()
                .any(|(from, _)| text.get(from..).is_some_and(|rest| begins(rest, &self.lower))),
        }
    }

    /// True when `text` begins with the needle.
    pub(super) fn begins(&self, text: &str) -> bool {
        if self.rare.is_none() {
            return begins(text, &self.lower);
        }
        let start = text.as_bytes().get(..self.lower.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(self.lower.as_bytes()))
    }
}

/// True when `text` in lower case begins with `lower`.
fn begins(text: &str, lower: &str) -> bool {
    let mut letters = text.chars().flat_map(char::to_lowercase);
    lower.chars().all(|wanted| letters.next() == Some(wanted))
}

/// A glob over a whole name, without regard to the case of ASCII letters.
///
/// Most globs are a name with a star at one end; those are compared directly, the rest goes
/// through `globset`, which is linear in the name.
#[derive(Clone, Debug)]
pub(super) enum Glob {
    Any,
    Exact(Box<str>),
    Begins(Box<str>),
    Ends(Box<str>),
    Other(Box<GlobMatcher>),
}

impl Glob {
    /// Compiles `pattern`, in which quoted parts are escaped already.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > PATTERN_LIMIT {
            return Err(format!("it has more than {PATTERN_LIMIT} bytes"));
        }
        let plain =
            |text: &str| text.is_ascii() && !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        if pattern == "*" {
            return Ok(Self::Any);
        }
        if plain(pattern) {
            return Ok(Self::Exact(pattern.into()));
        }
        if let Some(start) = pattern.strip_suffix('*').filter(|start| plain(start)) {
            return Ok(Self::Begins(start.into()));
        }
        if let Some(end) = pattern.strip_prefix('*').filter(|end| plain(end)) {
            return Ok(Self::Ends(end.into()));
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(false)
            .backslash_escape(true)
            .case_insensitive(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        Ok(Self::Other(Box::new(glob.compile_matcher())))
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let name_bytes = name.as_bytes();
        match self {
            Self::Any => true,
            Self::Exact(text) => name.eq_ignore_ascii_case(text),
            Self::Begins(text) => name_bytes
                .get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes())),
            Self::Ends(text) => name_bytes
                .len()
                .checked_sub(text.len())
                .and_then(|from| name_bytes.get(from..))
                .is_some_and(|end| end.eq_ignore_ascii_case(text.as_bytes())),
            Self::Other(matcher) => matcher.is_match(name),
        }
    }
}
