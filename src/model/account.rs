//! Who may come in over the network: users and tokens with their roles, and the secrets that
//! prove it, each in a type that no log and no audit row can show.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::agent::AGENT_PREFIX;
use super::secret::MASK;
use super::{Name, SafeText, Timestamp};

/// Longest name of a user or token, in characters.
pub const NAME_LIMIT: usize = 64;
/// What stands before the name of a token where history shows it.
pub const TOKEN_PREFIX: &str = "token:";
/// Names by which the history calls the engine and its worker.
const OWN_NAMES: [&str; 2] = ["fluxnoc", "worker"];

/// What somebody may do; each includes the ones before.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Look, acknowledge, create windows, test.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text);
        found.ok_or_else(|| "write viewer, operator or admin".to_owned())
    }
}

/// What a token may be used for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All that its role may.
    Api,
    /// Looking.
    Read,
    /// The metrics of the engine itself.
    Metrics,
    /// Letting the agent register that it is bound to.
    Agent,
}

impl Scope {
    /// All.
    pub const ALL: [Self; 4] = [Self::Api, Self::Read, Self::Metrics, Self::Agent];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Read => "read",
            Self::Metrics => "metrics",
            Self::Agent => "agent",
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scope| scope.word() == text);
        found.ok_or_else(|| "write api, read, metrics or agent".to_owned())
    }
}

/// A user, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// The name, as it was written first; upper and lower case are the same.
    #[schema(value_type = String)]
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: SafeText,
    /// When role or password last changed.
    pub changed: Timestamp,
}

/// A token, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// The name; upper and lower case are the same.
    #[schema(value_type = String)]
    pub name: Name,
    /// What it may do at most.
    pub role: Role,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Since when.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: SafeText,
    /// Until when; `None` is until it is revoked.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// The agent that may register with it, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent: Option<Name>,
    /// How often it may still be used for that; `None` is while no live agent has the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
}

/// A user with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptUser {
    /// What others see.
    pub user: User,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The number that every session of this user carries; with another one they are over.
    pub epoch: u64,
}

/// A token with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptToken {
    /// What others see.
    pub token: Token,
    /// The SHA-256 of it.
    pub hash: TokenHash,
}

/// A password on its way to be hashed. Written as JSON it is masked; who has to send it on asks
/// [`Self::reveal`].
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// A password that was typed.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// The hash of a password, with its salt and parameters (PHC string).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// A token itself, on its way to the one who asked for it: it is shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct PlainToken(pub String);

macro_rules! hidden {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({MASK})", stringify!($name))
            }
        })*
    };
}

hidden!(Password, PasswordHash, TokenHash, PlainToken);

/// Whether a user or token may be called so.
///
/// # Errors
/// A sentence with what is wrong.
pub fn valid_account(name: &str) -> Result<(), String> {
    super::id::valid_name(name)?;
    if name.chars().count() > NAME_LIMIT {
        return Err(format!("a name has at most {NAME_LIMIT} characters"));
    }
    let folded = folded(name);
    if folded.starts_with(TOKEN_PREFIX)
        || folded.starts_with(AGENT_PREFIX)
        || OWN_NAMES.contains(&&*folded)
        || [".", ".."].contains(&name)
    {
        return Err(format!("`{name}` cannot be told from another name in the history"));
    }
    Ok(())
}

/// The form of a name in which upper and lower case are the same.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_by_debug_and_no_password_by_json() {
        let password = Password::new("correct horse battery".to_owned());
        let shown = [
            format!("{password:?}"),
            format!("{:?}", PasswordHash("$argon2id$x".to_owned())),
            format!("{:?}", TokenHash([7; 32])),
            format!("{:?}", PlainToken("fnx_x".to_owned())),
            serde_json::to_string(&password).unwrap(),
        ];
        for text in shown {
            assert!(text.contains(MASK), "{text}");
            assert!(!text.contains("horse") && !text.contains("argon") && !text.contains('7'));
        }
        let read: Password = serde_json::from_str("\"a b\"").unwrap();
        assert_eq!(read.reveal(), "a b");
    }

    #[test]
    fn a_name_is_short_visible_and_nobody_elses() {
        for good in ["ann", "Zoë B.", "a@b.example", &"x".repeat(64)] {
            assert_eq!(valid_account(good), Ok(()), "{good}");
        }
        let bad =
            ["", " a", "a\u{1b}[2J", "a\nb", "a\u{202e}", "a/b", "Fluxnoc", "worker", "token:x"];
        for bad in bad.into_iter().chain([".", "..", &*"x".repeat(65)]) {
            assert!(valid_account(bad).is_err(), "{bad:?}");
        }
        assert_eq!(folded("ZOË"), folded("zoë"));
    }

    #[test]
    fn words_come_back() {
        assert!(Role::ALL.into_iter().all(|role| role.word().parse() == Ok(role)));
        assert!(Scope::ALL.into_iter().all(|scope| scope.word().parse() == Ok(scope)));
        assert!("root".parse::<Role>().is_err() && "*".parse::<Scope>().is_err());
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    }
}
