//! `[server]`: where `fluxnoc serve` listens (SPEC D-28, D-33, FQ-01).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The port of the API without TLS.
pub const PORT: u16 = 4040;
/// The port of the API with a certificate.
pub const TLS_PORT: u16 = 4041;

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where the API listens; loopback with the port of its kind without it.
    pub listen: Option<SocketAddr>,
    /// A file of PEM certificates, the server's own first. With it the API speaks TLS only.
    pub certificate: Option<PathBuf>,
    /// The file of its key, PEM.
    pub key: Option<PathBuf>,
    /// Whether others than this machine may be listened to without TLS.
    pub insecure: bool,
    /// Whether there is a health listener.
    pub health_enabled: bool,
    /// Where that listens.
    pub health_addr: SocketAddr,
    /// Its name among several; the machine's with the port of the API without it.
    pub node_id: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: None,
            certificate: None,
            key: None,
            insecure: false,
            health_enabled: true,
            health_addr: SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 8081),
            node_id: None,
        }
    }
}

impl Server {
    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let port = if self.certificate.is_some() { TLS_PORT } else { PORT };
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// What is wrong with these together.
    ///
    /// # Errors
    /// A sentence with the mend.
    pub fn check(&self) -> Result<(), String> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err("[server] certificate and key come together; write both".to_owned());
        }
        let at = self.address();
        if self.certificate.is_none() && !self.insecure && !at.ip().to_canonical().is_loopback() {
            return Err(format!(
                "[server] listen of {at} would take passwords without TLS from other machines; \
                 give certificate and key, or say insecure = true"
            ));
        }
        if self.health_enabled && at.port() == self.health_addr.port() && at.port() != 0 {
            return Err(format!("[server] listen and health_addr both want port {}", at.port()));
        }
        Ok(())
    }
}

/// An address with its port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let cut: String = text.chars().take(60).collect();
        format!("`{cut}` is no address; write ADDRESS:PORT such as 127.0.0.1:4040 or [::1]:4040")
    })
}

/// The same; without an address it is every one of this machine, as in `:8081`.
pub(super) fn wide_address(text: &str) -> Result<SocketAddr, String> {
    match text.strip_prefix(':').map(str::parse) {
        Some(Ok(port)) => Ok(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)),
        _ => address(text).map_err(|why| format!("{why}, or :8081 for every address")),
    }
}

pub(super) fn show_wide(at: &SocketAddr) -> String {
    if at.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        format!(":{}", at.port())
    } else {
        at.to_string()
    }
}

/// A path that is one.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.len() > 4096 || text.contains('\0') {
        return Err("write the path of a file".to_owned());
    }
    Ok(PathBuf::from(text))
}

pub(super) fn show_path(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_28_who_may_be_listened_to() {
        let server = |listen: &str, insecure, tls| Server {
            listen: listen.parse().ok(),
            insecure,
            certificate: if tls { Some("c.pem".into()) } else { None },
            key: if tls { Some("k.pem".into()) } else { None },
            ..Server::default()
        };
        for (listen, insecure, tls, fine) in [
            ("", false, false, true),
            ("127.0.0.1:1", false, false, true),
            ("[::1]:1", false, false, true),
            ("[::ffff:127.0.0.1]:1", false, false, true),
            ("0.0.0.0:1", false, false, false),
            ("[::]:1", false, false, false),
            ("192.0.2.1:1", false, false, false),
            ("192.0.2.1:1", true, false, true),
            ("0.0.0.0:1", false, true, true),
            ("127.0.0.1:8081", false, false, false),
        ] {
            let checked = server(listen, insecure, tls).check();
            assert_eq!(checked.is_ok(), fine, "{listen} {insecure} {tls}: {checked:?}");
        }
        let half = Server { key: Some("k.pem".into()), ..Server::default() };
        assert!(half.check().unwrap_err().contains("write both"));
    }

    #[test]
    fn d_28_d_33_fq_01_the_ports_without_a_word() {
        assert_eq!(Server::default().address().to_string(), "127.0.0.1:4040");
        let tls = Server { certificate: Some("c.pem".into()), ..Server::default() };
        assert_eq!(tls.address().to_string(), "127.0.0.1:4041");
        assert_eq!(show_wide(&Server::default().health_addr), ":8081");
        assert!(Server::default().health_enabled);
    }

    #[test]
    fn addresses_as_they_are_written() {
        for (text, shown) in [
            (":8081", Some(":8081")),
            ("127.0.0.1:80", Some("127.0.0.1:80")),
            ("[::]:9", Some(":9")),
            ("localhost:80", None),
            (":99999", None),
            ("8081", None),
            ("", None),
        ] {
            let read = wide_address(text).ok().map(|at| show_wide(&at));
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }
}
