//! `[speed]`: the endpoint that `fluxnoc serve` offers to speedtests of others.

use std::net::SocketAddr;

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
}
