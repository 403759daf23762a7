//! `[speed]`: the endpoint that `fluxnoc serve` offers to speedtests of others.

use std::net::SocketAddr;

/// `[speed]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speed {
    /// Where the endpoint listens; there is none without it.
    pub listen: Option<SocketAddr>,
}

impl Speed {
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
        let speed = |listen: &str| Speed { listen: Some(at(listen)) };
        assert_eq!(Speed::default().check(at("127.0.0.1:4040")), Ok(()));
        assert_eq!(speed("0.0.0.0:4042").check(at("127.0.0.1:4040")), Ok(()));
        assert_eq!(speed("127.0.0.1:0").check(at("127.0.0.1:0")), Ok(()));
        let why = speed("[::]:4040").check(at("127.0.0.1:4040")).unwrap_err();
        assert!(why.contains("both want port 4040"), "{why}");
    }
}
