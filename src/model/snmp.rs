//! Parameters of `snmp`: who asks, what is asked besides the host metrics, what is left out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::metric::Unit;
use super::secret::{MASK, Secret};
use super::spec::Family;

/// Most entries of `get` and of `walk`, each.
pub const ENTRY_LIMIT: usize = 64;
/// Longest object identifier, in numbers (RFC 2578, 3.5).
const OID_LIMIT: usize = 128;

/// An object identifier: two to 128 numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(Vec<u32>);

impl ObjectId {
    /// Its numbers.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&parts.join("."))
    }
}

impl FromStr for ObjectId {
    type Err = String;

    /// `1.3.6.1.2.1.1.3.0`, with or without a dot in front.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || {
            let cut: String = text.chars().take(64).collect();
            format!("`{cut}` is no OID; write its numbers: 1.3.6.1.2.1.1.3.0")
        };
        let bare = text.strip_prefix('.').unwrap_or(text);
        let numbers: Result<Vec<u32>, _> = bare.split('.').map(str::parse).collect();
        let numbers = numbers.map_err(|_| bad())?;
        // The first two share a byte on the wire (X.690, 8.19.4).
        let heads = match numbers.as_slice() {
            [first @ 0..=1, second, ..] => *first <= 1 && *second < 40,
            [2, second, ..] => *second <= u32::MAX - 80,
            _ => false,
        };
        if heads && numbers.len() <= OID_LIMIT { Ok(Self(numbers)) } else { Err(bad()) }
    }
}

impl TryFrom<String> for ObjectId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(oid: ObjectId) -> Self {
        oid.to_string()
    }
}

/// How an answer is signed (`SNMPv3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnmpAuth {
    /// HMAC-MD5-96.
    Md5,
    /// HMAC-SHA-96.
    Sha,
    /// HMAC-SHA-2 with 224 bits.
    Sha224,
    /// HMAC-SHA-2 with 256 bits.
    Sha256,
    /// HMAC-SHA-2 with 384 bits.
    Sha384,
    /// HMAC-SHA-2 with 512 bits.
    Sha512,
}

/// How an answer is encrypted (`SNMPv3`). DES is not offered: it protects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnmpPrivacy {
    /// AES with 128 bits (RFC 3826).
    Aes,
    /// AES with 192 bits, keys extended as in the Blumenthal draft.
    Aes192,
    /// AES with 256 bits, keys extended as in the Blumenthal draft.
    Aes256,
    /// AES with 192 bits, keys extended as Cisco does (Reeder draft).
    Aes192Cisco,
    /// AES with 256 bits, keys extended as Cisco does (Reeder draft).
    Aes256Cisco,
}

/// The user of `SNMPv3`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnmpUser {
    /// Security name.
    pub name: String,
    /// Context name; empty for the default context.
    pub context: String,
    /// Signature and its password; without it anybody can answer.
    pub auth: Option<(SnmpAuth, Secret)>,
    /// Encryption and its password; only together with `auth`.
    pub privacy: Option<(SnmpPrivacy, Secret)>,
}

/// With what the agent is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnmpLogin {
    /// Version 1 with a community. It knows no 64-bit counters.
    V1(Secret),
    /// Version 2c with a community.
    V2c(Secret),
    /// Version 3 with a user.
    V3(SnmpUser),
}

impl SnmpLogin {
    /// The version's word: `1`, `2c`, `3`.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        match self {
            Self::V1(_) => "1",
            Self::V2c(_) => "2c",
            Self::V3(_) => "3",
        }
    }

    fn secrets(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::V1(community) | Self::V2c(community) => vec![community],
            Self::V3(user) => {
                let auth = user.auth.as_mut().map(|(_, secret)| secret);
                let privacy = user.privacy.as_mut().map(|(_, secret)| secret);
                auth.into_iter().chain(privacy).collect()
            }
        }
    }
}

/// What a number of the agent means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnmpType {
    /// A level: it counts as it is.
    #[default]
    Gauge,
    /// A number that only grows: what counts is its growth per second.
    Counter,
}

/// A number that an operator asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnmpEntry {
    /// The metric's name.
    pub name: String,
    /// The object to get; for a walk the column, whose rows become instances.
    pub oid: ObjectId,
    /// For a walk: the column with the rows' names. The row's index is its name without it.
    pub label: Option<ObjectId>,
    /// What it counts, after scaling.
    pub unit: Unit,
    /// The number is multiplied by it.
    pub scale: f64,
    /// Level or counter.
    #[serde(rename = "type")]
    pub counts: SnmpType,
}

/// Parameters of `snmp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SnmpSpec {
    /// UDP port.
    pub port: u16,
    /// Version and credentials.
    pub login: SnmpLogin,
    /// Ask for the host metrics: processors, memory, disks, load.
    pub host_metrics: bool,
    /// Globs of interfaces, by name or alias; empty means none.
    pub interfaces: Vec<String>,
    /// Globs of interfaces that are left out, by name or alias.
    pub exclude_if: Vec<String>,
    /// Globs of disks that are left out.
    pub exclude_fs: Vec<String>,
    /// Single objects.
    pub get: Vec<SnmpEntry>,
    /// Columns of tables.
    pub walk: Vec<SnmpEntry>,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl SnmpSpec {
    /// The defaults for a login.
    #[must_use]
    pub fn new(login: SnmpLogin) -> Self {
        Self {
            port: 161,
            login,
            host_metrics: true,
            interfaces: vec!["*".to_owned()],
            exclude_if: Vec::new(),
            exclude_fs: Vec::new(),
            get: Vec::new(),
            walk: Vec::new(),
            family: Family::Auto,
        }
    }

    /// True when a secret stands in the configuration itself.
    #[must_use]
    pub fn has_inline_secret(&self) -> bool {
        let mut login = self.login.clone();
        login.secrets().iter().any(|secret| matches!(secret, Secret::Inline(_)))
    }

    /// The same as others may see it: without secrets that stand in the configuration itself.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mut shown = self.clone();
        for secret in shown.login.secrets() {
            if matches!(secret, Secret::Inline(_)) {
                *secret = Secret::Inline(MASK.to_owned());
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_numbers() {
        for (text, shown) in [
            ("1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.3.0"),
            (".1.3.6", "1.3.6"),
            ("2.999.4294967295", "2.999.4294967295"),
            ("0.39", "0.39"),
        ] {
            assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), shown, "{text}");
        }
        let long = vec!["1"; 129].join(".");
        for bad in [
            "",
            "1",
            "1..3",
            "sysUpTime.0",
            "1.40",
            "3.1",
            "1.3.-6",
            "1.3.4294967296",
            "2.4294967295",
            &long,
        ] {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_show_nowhere() {
        let user = SnmpUser {
            name: "noc".to_owned(),
            context: String::new(),
            auth: Some((SnmpAuth::Sha256, Secret::Inline("auth-word".to_owned()))),
            privacy: Some((SnmpPrivacy::Aes, Secret::Env("PRIVACY".to_owned()))),
        };
        let spec = SnmpSpec::new(SnmpLogin::V3(user));
        assert!(spec.has_inline_secret() && spec.masked().has_inline_secret());
        for text in [
            format!("{spec:?}"),
            serde_json::to_string(&spec).unwrap(),
            format!("{:?}", SnmpSpec::new(SnmpLogin::V2c(Secret::Inline("auth-word".to_owned())))),
        ] {
            assert!(!text.contains("auth-word"), "{text}");
        }
        let SnmpLogin::V3(user) = spec.masked().login else { panic!() };
        assert_eq!(user.auth.unwrap().1, Secret::Inline(MASK.to_owned()));
        assert_eq!(user.privacy.unwrap().1, Secret::Env("PRIVACY".to_owned()));
        let clean = SnmpSpec::new(SnmpLogin::V1(Secret::File("/c".to_owned())));
        assert!(!clean.has_inline_secret());
        let json = serde_json::to_string(&clean).unwrap();
        assert_eq!(serde_json::from_str::<SnmpSpec>(&json).unwrap(), clean);
    }
}
