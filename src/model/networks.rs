//! Which networks tests may reach: an allow list and a deny list of CIDR networks.
//!
//! What is judged is the address that a connection really goes to, never a name: a name can lead
//! anywhere, and a redirect can too.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Most networks of one list.
const LIMIT: usize = 1024;

/// A CIDR network such as `10.0.0.0/8`; an address alone is the network of that address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpNet);

impl Network {
    /// True when the address belongs to it. An IPv4 address is the same one inside of IPv6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = match text.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address.to_canonical())),
            Err(_) => text.parse::<IpNet>().ok().and_then(canonical),
        };
        read.map(|net| Self(net.trunc())).ok_or_else(|| {
            let cut: String = text.chars().take(60).collect();
            format!("`{cut}` is no network; write ADDRESS/BITS such as 10.0.0.0/8 or fd00::/8")
        })
    }
}

/// A network of IPv4 inside of IPv6 as one of IPv4, since addresses are compared that way; one
/// that is wider than that is none.
fn canonical(net: IpNet) -> Option<IpNet> {
    match net {
        IpNet::V6(six) => match six.addr().to_ipv4_mapped() {
            Some(four) => IpNet::new(four.into(), six.prefix_len().checked_sub(96)?).ok(),
            None => Some(net),
        },
        IpNet::V4(_) => Some(net),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// What may be reached.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Only these; every address without one.
    #[serde(default, deserialize_with = "bounded", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub allow: Vec<Network>,
    /// Never these, whatever `allow` says.
    #[serde(default, deserialize_with = "bounded", skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub deny: Vec<Network>,
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let list = Vec::<Network>::deserialize(deserializer)?;
    if list.len() > LIMIT {
        return Err(de::Error::custom(format!("at most {LIMIT} networks")));
    }
    Ok(list)
}

impl Networks {
    /// From texts.
    ///
    /// # Errors
    /// A sentence about the first that is no network.
    pub fn new<'a>(
        allow: impl IntoIterator<Item = &'a str>,
        deny: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, String> {
        Ok(Self {
            allow: allow.into_iter().map(str::parse).collect::<Result<_, _>>()?,
            deny: deny.into_iter().map(str::parse).collect::<Result<_, _>>()?,
        })
    }

    /// True when an address may be connected to: it is denied nowhere, and allowed somewhere when
    /// anything is.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let within = |list: &[Network]| list.iter().any(|network| network.contains(address));
        !within(&self.deny) && (self.allow.is_empty() || within(&self.allow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_wins_and_an_empty_allow_is_everything() {
        let nets = |allow: &[&str], deny: &[&str]| {
            Networks::new(allow.iter().copied(), deny.iter().copied()).unwrap()
        };
        for (allow, deny, address, may) in [
            (&[][..], &[][..], "192.0.2.1", true),
            (&["10.0.0.0/8"], &[], "10.9.8.7", true),
            (&["10.0.0.0/8"], &[], "11.0.0.1", false),
            (&["10.0.0.0/8"], &["10.1.0.0/16"], "10.1.2.3", false),
            (&[], &["169.254.0.0/16"], "169.254.169.254", false),
            // The same address in the coat of IPv6.
            (&[], &["169.254.0.0/16"], "::ffff:169.254.169.254", false),
            (&[], &["::ffff:169.254.0.0/112"], "169.254.169.254", false),
            (&["10.0.0.1"], &[], "10.0.0.1", true),
            (&["10.0.0.1"], &[], "10.0.0.2", false),
            (&["fd00::/8"], &[], "fd12::1", true),
            (&["fd00::/8"], &[], "2001:db8::1", false),
            // An IPv4 rule says nothing about IPv6.
            (&["0.0.0.0/0"], &[], "2001:db8::1", false),
        ] {
            let permits = nets(allow, deny).permits(address.parse().unwrap());
            assert_eq!(permits, may, "{allow:?} {deny:?} {address}");
        }
    }

    #[test]
    fn networks_are_written_as_they_are_read() {
        let json = r#"{"allow":["10.0.0.0/8","fd00::/8"],"deny":["10.1.2.3/32"]}"#;
        let read: Networks = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(serde_json::from_str::<Networks>("{}").unwrap(), Networks::default());
        for (text, shown) in [("10.1.2.3/8", "10.0.0.0/8"), ("::1", "::1/128")] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "host", "::/129", "::ffff:0:0/64"] {
            assert!(bad.parse::<Network>().unwrap_err().contains("is no network"), "{bad}");
        }
    }
}
