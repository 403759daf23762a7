//! `[speed]`: the endpoint that `fluxnoc serve` offers to speedtests of others.

use std::net::SocketAddr;

use super::value::{show_size, size};
use crate::model::{Network, Networks};

/// `[speed]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// Where the endpoint listens; there is none without it.
    pub listen: Option<SocketAddr>,
    /// The networks that tests may reach; all of them without one.
    pub allow: Vec<Network>,
    /// The networks that no test may reach.
    pub deny: Vec<Network>,
    /// Bytes that the speedtests of a vantage may move in a day.
    pub daily_cap: Option<u64>,
    /// The same in a month.
    pub monthly_cap: Option<u64>,
    /// The zone of those days and months; UTC without it.
    pub cap_zone: Option<String>,
}

/// A cap: bytes, from a megabyte to an exabyte.
pub(super) fn cap(text: &str) -> Result<u64, String> {
    const CAPS: std::ops::RangeInclusive<u64> = 1_000_000..=1_000_000_000_000_000_000;
    let bytes = size(text)?;
    if CAPS.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("{text} is not within 1MB to 1000000TB"))
    }
}

/// The same, back: in the largest unit without a rest.
pub(super) fn show_cap(bytes: u64) -> String {
    let decimal = [("TB", 1_000_000_000_000_u64), ("GB", 1_000_000_000), ("MB", 1_000_000)];
    let found = decimal.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    found.map_or_else(|| show_size(bytes), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// A zone by its name.
pub(super) fn zone(text: &str) -> Result<String, String> {
    let found: Result<chrono_tz::Tz, _> = text.parse();
    found.map(|zone| zone.name().to_owned()).map_err(|_| {
        let cut: String = text.chars().take(64).collect();
        format!("`{cut}` is no zone of the IANA database, as Europe/Berlin is")
    })
}

/// Networks with commas between them.
pub(super) fn networks(text: &str) -> Result<Vec<Network>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::parse).collect()
}

/// The same, back.
pub(super) fn show_networks(all: &[Network]) -> Option<String> {
    let parts: Vec<String> = all.iter().map(ToString::to_string).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

impl Speed {
    /// What tests may reach.
    #[must_use]
    pub fn networks(&self) -> Networks {
        Networks { allow: self.allow.clone(), deny: self.deny.clone() }
    }

    /// What is wrong with it beside a listener of the API.
    ///
    /// # Errors
    /// A sentence with the mend.
    pub fn check(&self, api: SocketAddr) -> Result<(), String> {
        match self.listen {
            Some(at) if at.port() == api.port() && at.port() != 0 => Err(format!(
                "[speed] listen and the API both want port {}; give the endpoint another one",
                at.port()
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_has_a_port_of_its_own() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let speed = |listen: &str| Speed { listen: Some(at(listen)), ..Speed::default() };
        assert_eq!(Speed::default().check(at("127.0.0.1:4040")), Ok(()));
        assert_eq!(speed("0.0.0.0:4042").check(at("127.0.0.1:4040")), Ok(()));
        assert_eq!(speed("127.0.0.1:0").check(at("127.0.0.1:0")), Ok(()));
        let why = speed("[::]:4040").check(at("127.0.0.1:4040")).unwrap_err();
        assert!(why.contains("both want port 4040"), "{why}");
    }

    #[test]
    fn a_cap_comes_back_as_it_was_written() {
        for text in ["20GB", "1TB", "500MB", "20GiB", "1000001B"] {
            assert_eq!(show_cap(cap(text).unwrap()), text);
        }
        assert_eq!(cap("20 GB"), Ok(20_000_000_000));
        for bad in ["0B", "20", "1kB", "-1GB", "2000000TB", "20 XB", "18446744073709551616B"] {
            assert!(cap(bad).is_err(), "{bad}");
        }
        assert_eq!(zone("Europe/Berlin").as_deref(), Ok("Europe/Berlin"));
        assert!(zone("Mars/Base").unwrap_err().contains("is no zone"));
    }
}
