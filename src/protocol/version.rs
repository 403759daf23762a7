//! Which state of a thing somebody saw: so that a change can be tied to it.
//!
//! The version of a thing is made of all that is shown of it, so it changes whenever that does, and
//! whoever shows it and whoever changes it come to the same one.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::problem::Problem;
use crate::model::hash::fnv1a;

/// The state of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// The version of what is shown so.
    ///
    /// # Errors
    /// `Internal`, when it cannot be shown at all.
    pub fn of(shown: &impl Serialize) -> Result<Self, Problem> {
        let shown = serde_json::to_vec(shown)
            .map_err(|error| Problem::internal(format!("this has no JSON: {error}")))?;
        Ok(Self(fnv1a(&shown)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = plain.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or(())
    }
}

/// The states in which a thing may be changed, as whoever asks says; one of no state is never met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected(pub Vec<Version>);

impl Expected {
    /// Whether a thing is in one of these states.
    ///
    /// # Errors
    /// `Outdated`, when it is not.
    pub fn holds_for(&self, shown: &impl Serialize) -> Result<(), Problem> {
        if self.0.contains(&Version::of(shown)?) {
            return Ok(());
        }
        Err(Problem::outdated(
            "somebody changed this meanwhile; read it again and say what you want of it now",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_all_that_is_shown_and_survives_text() {
        let version = Version::of(&["a", "b"]).unwrap();
        assert_eq!(version.to_string().parse(), Ok(version));
        assert_ne!(Version::of(&["a", "c"]), Ok(version));
        for bad in ["", "0", "+00000000000000a", "000000000000000g"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
        assert_eq!(Expected(vec![version]).holds_for(&["a", "b"]), Ok(()));
        assert!(Expected(Vec::new()).holds_for(&["a", "b"]).is_err());
    }
}
