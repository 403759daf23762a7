//! References to secrets. The value is read where the probe runs and is never stored or sent.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a secret is, or (unloved) the secret itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The name of an environment variable.
    Env(String),
    /// A file whose first line it is.
    File(String),
    /// A command whose first output line it is.
    Command(Vec<String>),
    /// The value, written into the configuration. It never leaves the process that read it.
    Inline(String),
}

/// What an inline secret looks like outside its process.
pub const MASK: &str = "********";

impl Secret {
    /// Where it comes from, in words that hide it.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => format!("file {path}"),
            Self::Command(argv) => format!("command {}", argv.first().map_or("", String::as_str)),
            Self::Inline(_) => "the configuration itself".to_owned(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.describe())
    }
}

/// Where a secret is; one that stands in the configuration itself is masked.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Secret)]
enum Wire {
    /// The name of an environment variable.
    Env(String),
    /// A file whose first line it is.
    File(String),
    /// A command whose first output line it is.
    Command(Vec<String>),
    /// Masked.
    Inline(String),
}

impl utoipa::PartialSchema for Secret {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        Wire::schema()
    }
}

impl utoipa::ToSchema for Secret {
    fn name() -> std::borrow::Cow<'static, str> {
        Wire::name()
    }
}

impl Serialize for Secret {
    /// References travel as they are, an inline value as `********`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::Env(name) => Wire::Env(name),
            Self::File(path) => Wire::File(path),
            Self::Command(argv) => Wire::Command(argv),
            Self::Inline(_) => Wire::Inline(MASK.to_owned()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Env(name) => Self::Env(name),
            Wire::File(path) => Self::File(path),
            Wire::Command(argv) => Self::Command(argv),
            Wire::Inline(value) => Self::Inline(value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_secret_shows_nowhere() {
        let secret = Secret::Inline("hunter2".to_owned());
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(!serde_json::to_string(&secret).unwrap().contains("hunter2"));
        let env: Secret = serde_json::from_str(r#"{"env":"X"}"#).unwrap();
        assert_eq!(env, Secret::Env("X".to_owned()));
    }
}
