//! Identities: names that people choose and ids that the engine mints.
//!
//! Hosts are known by name, checks by `host/name`; what is born at run time has a UUID of version 7. The
//! random bits come from the caller, so that this file stays pure.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A name that people chose (host, check, metric); cheap to clone.
pub type Name = Arc<str>;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id born at `millis` (Unix epoch, wall clock) with ten random bytes.
            #[must_use]
            pub fn from_parts(millis: i64, random: [u8; 10]) -> Self {
                let millis = u64::try_from(millis).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl $name {
            /// When it was born (Unix epoch, wall clock).
            #[must_use]
            pub fn born(self) -> super::time::Timestamp {
                let born = self.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
                let millis = born.0.saturating_mul(1000).saturating_add(u64::from(born.1 / 1_000_000));
                super::time::Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id! {
    /// One episode of an alert, from its first hard problem to its recovery.
    AlertId
}
uuid_id! {
    /// One maintenance window.
    MaintenanceId
}
uuid_id! {
    /// One request of a person or program; the same id within 24 h is answered from memory.
    RequestId
}
uuid_id! {
    /// One run of a speedtest, trace, probe or DNS timing.
    TestId
}
uuid_id! {
    /// One schedule of tests.
    ScheduleId
}

/// A check's identity: `host/name`, unique in an engine and stable over reloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckKey {
    /// The host's name.
    pub host: Name,
    /// The check's name on that host.
    pub name: Name,
}

impl CheckKey {
    /// Joins a host's name and a check's name.
    #[must_use]
    pub fn new(host: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { host: host.into(), name: name.into() }
    }
}

impl fmt::Display for CheckKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)
    }
}

/// Why a text is not `host/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not HOST/CHECK")]
pub struct BadCheckKey(pub String);

impl FromStr for CheckKey {
    type Err = BadCheckKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((host, name)) if !host.is_empty() && !name.is_empty() => Ok(Self::new(host, name)),
            _ => Err(BadCheckKey(text.to_owned())),
        }
    }
}

impl Serialize for CheckKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CheckKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Longest name of a host or check, in characters.
pub const NAME_LIMIT: usize = 128;

/// Checks that `text` can be a host's or check's name: 1 to 128 visible characters, no `/`
/// (it separates host and check), no glob characters, no blank at an end.
///
/// # Errors
/// A sentence that says what is wrong, to be shown behind the name.
pub fn valid_name(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("a name must not be empty".to_owned());
    }
    if text.chars().count() > NAME_LIMIT {
        return Err(format!("a name has at most {NAME_LIMIT} characters"));
    }
    if text.trim() != text {
        return Err("a name must not begin or end with a blank".to_owned());
    }
    if let Some(bad) = text.chars().find(|c| "/*?[]{}\\".contains(*c)) {
        return Err(format!("a name must not contain `{bad}`"));
    }
    if super::safe_text::sanitize(text, usize::MAX) != text {
        return Err("a name must not contain control or invisible characters".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_key_survives_text() {
        let key = CheckKey::new("web-1", "shop front");
        assert_eq!(key.to_string().parse::<CheckKey>(), Ok(key));
        assert!("web-1".parse::<CheckKey>().is_err());
    }

    #[test]
    fn names_are_checked() {
        for good in ["web-1", "Zürich 3", "10.0.0.1", "::1", "a"] {
            assert_eq!(valid_name(good), Ok(()), "{good}");
        }
        for bad in ["", " a", "a/b", "a*", "a\u{1b}[2J", "a\u{202e}b", &"x".repeat(129)] {
            assert!(valid_name(bad).is_err(), "{bad:?}");
        }
    }
}
