//! The server's certificates: read, checked, and read again when their files change.
//!
//! Never: ends service for a bad file. What was good stays in use, and the log says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::net::Tls;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// The certificates of a server, and what TLS connections begin with now.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    seen: Stamp,
    current: watch::Sender<Arc<ServerConfig>>,
}

/// When the two files were changed last, and how long they are.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// Which file is not there, or not what it should be.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, String> {
        let seen = stamp(certificate, key);
        let config = load(certificate, key)?;
        let (current, _) = watch::channel(config);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), seen, current })
    }

    /// What connections begin with, always the newest.
    #[must_use]
    pub fn current(&self) -> Tls {
        self.current.subscribe()
    }

    /// Looks for changes of the files until `stop`. New connections begin with what is new; a pair
    /// that does not fit, as in the moment between two copies, is tried again at the next look.
    pub async fn follow(self, stop: CancellationToken) {
        self.follow_every(LOOK, stop).await;
    }

    async fn follow_every(mut self, look: Duration, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(look) => {}
            }
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            let seen = self.seen;
            let read = tokio::task::spawn_blocking(move || {
                let now = stamp(&certificate, &key);
                (now != seen).then(|| (now, load(&certificate, &key)))
            });
            match read.await {
                Ok(Some((now, Ok(config)))) => {
                    tracing::info!("the certificates of the API were read again");
                    self.seen = now;
                    self.current.send_replace(config);
                }
                Ok(Some((now, Err(why)))) => {
                    tracing::error!("{why}; the certificates in use stay");
                    self.seen = now;
                }
                Ok(None) | Err(_) => {}
            }
        }
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let named = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| named(certificate, &error))?;
    if chain.is_empty() {
        return Err(named(certificate, &"there is no certificate in it (PEM)"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| named(certificate, &format!("it does not fit its key: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let (certificate, key) = (dir.join("c.pem"), dir.join("k.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn what_is_wrong_with_the_files_is_said_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = write(dir.path(), "a.example");
        assert!(Certificates::open(&certificate, &key).is_ok());
        for (file, text, named) in [
            (&certificate, "", "c.pem: there is no certificate"),
            (
                &certificate,
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "c.pem",
            ),
            (&key, "nothing", "k.pem"),
        ] {
            write(dir.path(), "a.example");
            std::fs::write(file, text).unwrap();
            let why = Certificates::open(&certificate, &key).unwrap_err();
            assert!(why.contains(named), "{why}");
        }
        write(dir.path(), "a.example");
        let other = rcgen::generate_simple_self_signed(vec!["b.example".to_owned()]).unwrap();
        std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
        let why = Certificates::open(&certificate, &key).unwrap_err();
        assert!(why.contains("does not fit its key"), "{why}");
        assert!(Certificates::open(Path::new("/nonexistent/c"), &key).is_err());
    }

    #[tokio::test]
    async fn new_files_are_used_and_bad_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = write(dir.path(), "a.example");
        let certificates = Certificates::open(&certificate, &key).unwrap();
        let mut current = certificates.current();
        let stop = CancellationToken::new();
        let following =
            tokio::spawn(certificates.follow_every(Duration::from_millis(5), stop.clone()));
        std::fs::write(&certificate, "half a fi").unwrap();
        write(dir.path(), "longer-than-before.example");
        current.changed().await.unwrap();
        assert!(current.borrow_and_update().alpn_protocols == [b"http/1.1"]);
        stop.cancel();
        following.await.unwrap();
    }
}
