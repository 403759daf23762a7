//! TLS for probes: the handshake always runs to its end, then the certificate is judged.
//!
//! A verifier that refuses during the handshake would hide when the certificate expires. Ours
//! checks the handshake's signatures, lets every certificate pass, and gives the verdict
//! afterwards, before anything is sent.

use std::fmt::Write as _;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::clock::Clock;
use crate::model::{Failure, FailureKind, Span, Timestamp};

const DAY: u64 = 86_400_000;
/// Most names of a certificate that a text lists.
const SHOWN_NAMES: usize = 3;

/// The roots of this machine and the settings of both protocols; made once, since loading the
/// roots is slow.
#[derive(Debug)]
pub(super) struct Trust {
    /// Offers HTTP/2 and HTTP/1.1.
    web: Arc<ClientConfig>,
    /// Offers no application protocol.
    plain: Arc<ClientConfig>,
    /// Judges; or why nothing can be judged here.
    judge: Result<Verifier, String>,
}

/// What is spoken inside.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inside {
    /// HTTP/2 or HTTP/1.1.
    Web,
    /// A protocol that ALPN does not name.
    Other,
}

/// What a handshake showed.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// Whole days until the certificate expires, or since then and negative, from -1 on; `None`
    /// when unreadable.
    pub days: Option<i64>,
    /// Why the certificate cannot be trusted, in words; `None` when it can.
    pub distrust: Option<String>,
}

impl Trust {
    /// The machine's own roots.
    ///
    /// # Errors
    /// [`FailureKind::Internal`] when the cryptography cannot be set up.
    pub async fn system() -> Result<&'static Self, Failure> {
        static SYSTEM: OnceCell<Trust> = OnceCell::const_new();
        let load = || async {
            let made = tokio::task::spawn_blocking(|| Self::with_roots([])).await;
            made.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?
        };
        SYSTEM.get_or_try_init(load).await
    }

    /// The machine's roots and `extra` ones.
    ///
    /// # Errors
    /// [`FailureKind::Internal`] when the cryptography cannot be set up.
    pub fn with_roots(
        extra: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
            .map_err(|error| error.to_string());
        let config = |protocols: &[&[u8]]| -> Result<Arc<ClientConfig>, Failure> {
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Later(Arc::clone(&provider))))
                .with_no_client_auth();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            // A resumed session would make the handshake look faster than it is.
            config.resumption = Resumption::disabled();
            Ok(Arc::new(config))
        };
        Ok(Self { web: config(&[b"h2", b"http/1.1"])?, plain: config(&[])?, judge })
    }

    /// Shakes hands. `name` is asked for and `names` (also `name`, when it is to count) are what
    /// the certificate may be for.
    ///
    /// # Errors
    /// [`FailureKind::Tls`] when there is no TLS to be had, [`FailureKind::Config`] for a name
    /// that no certificate can have. A bad certificate is no error here; see [`Shown`].
    pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        port: u16,
        name: &str,
        names: &[&str],
        inside: Inside,
    ) -> Result<(TlsStream<S>, Shown), Failure> {
        let server = server_name(name).ok_or_else(|| {
            Failure::new(FailureKind::Config, format!("{name} cannot be in a certificate"))
        })?;
        let config = match inside {
            Inside::Web => &self.web,
            Inside::Other => &self.plain,
        };
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(server, stream)
            .await
            .map_err(|error| handshake_failure(&error, name, port))?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let shown = self.judge(chain, names, Clock::System.now().wall);
        Ok((stream, shown))
    }

    fn judge(&self, chain: &[CertificateDer<'_>], names: &[&str], now: Timestamp) -> Shown {
        let Some((leaf, issuers)) = chain.split_first() else {
            return Shown { days: None, distrust: Some("the peer has no certificate".to_owned()) };
        };
        let Ok((_, parsed)) = X509Certificate::from_der(leaf) else {
            let why = "certificate cannot be read".to_owned();
            return Shown { days: None, distrust: Some(why) };
        };
        let begins = at_seconds(parsed.validity().not_before.timestamp());
        let ends = at_seconds(parsed.validity().not_after.timestamp());
        let left = ends.millis().saturating_sub(now.millis()) / DAY.cast_signed();
        // What has expired today has not zero days left: a limit of zero days must hit it.
        let days = if ends < now { left.min(-1) } else { left };
        let distrust = if ends < now {
            Some(format!("certificate expired {} ago", coarse(now.since(ends))))
        } else if now < begins {
            Some(format!("certificate is not valid before {begins}"))
        } else {
            self.verdict(leaf, issuers, names, now).map(|error| distrust(&error, names, &parsed))
        };
        Shown { days: Some(days), distrust }
    }

    /// `None` when the certificate is good for one of `names`.
    fn verdict(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        names: &[&str],
        now: Timestamp,
    ) -> Option<TlsError> {
        let judge = match &self.judge {
            Ok(judge) => judge,
            Err(why) => return Some(TlsError::General(why.clone())),
        };
        let since = std::time::Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
        let now = UnixTime::since_unix_epoch(since);
        let mut first = None;
        for server in names.iter().filter_map(|name| server_name(name)) {
            match judge.verify_server_cert(leaf, issuers, &server, &[], now) {
                Ok(_) => return None,
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.or_else(|| Some(TlsError::General("there is no name to compare".to_owned())))
    }
}

/// A name or address as a certificate would hold it.
fn server_name(name: &str) -> Option<ServerName<'static>> {
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    // A trailing dot is DNS notation, and no part of the name.
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).ok()
}

/// True when a handshake can ask for `name`.
pub(super) fn is_name(name: &str) -> bool {
    server_name(name).is_some()
}

fn at_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

/// Days, or below one day the hours and minutes.
fn coarse(span: Span) -> String {
    let minutes = span.millis() / 60_000;
    match (span.millis() / DAY, minutes / 60) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h"),
        (days, _) => format!("{days} d"),
    }
}

/// Why the verdict is bad, in words for people.
fn distrust(error: &TlsError, names: &[&str], certificate: &X509Certificate<'_>) -> String {
    let TlsError::InvalidCertificate(why) = error else {
        return format!(
            "certificate cannot be judged here: {error}; is ca-certificates installed?"
        );
    };
    match why {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let wanted = names.join(" or ");
            format!("certificate is for {}, not {wanted}", names_of(certificate))
        }
        CertificateError::UnknownIssuer => {
            let own = certificate.subject() == certificate.issuer();
            let what = if own { "self-signed" } else { "unknown issuer" };
            format!("certificate is not trusted: {what}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate is not trusted: an issuer's certificate expired".to_owned()
        }
        CertificateError::Revoked => "certificate is revoked".to_owned(),
        CertificateError::BadSignature => {
            "certificate is not trusted: no known issuer made its signature".to_owned()
        }
        other => format!("certificate is not trusted: {other}"),
    }
}

/// The names that a certificate is for.
fn names_of(certificate: &X509Certificate<'_>) -> String {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return "no name".to_owned();
    };
    let names: Vec<String> = extension.value.general_names.iter().filter_map(name_of).collect();
    let mut text = names.iter().take(SHOWN_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN_NAMES {
        let _ = write!(text, " and {} more", names.len() - SHOWN_NAMES);
    }
    if text.is_empty() { "no name".to_owned() } else { text }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.chars().take(253).collect()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string()),
            16 => {
                <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

/// What a failed handshake means.
fn handshake_failure(error: &std::io::Error, name: &str, port: u16) -> Failure {
    let text = match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(TlsError::InvalidMessage(_)) => {
            format!("{name} does not speak TLS on port {port} ({error})")
        }
        Some(TlsError::AlertReceived(alert)) => {
            format!("{name} refused the TLS handshake on port {port} ({alert:?})")
        }
        Some(other) => format!("TLS handshake with {name} on port {port} failed: {other}"),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("{name} closed the connection during the TLS handshake on port {port}")
        }
        None => format!("TLS handshake with {name} on port {port} failed: {error}"),
    };
    Failure::new(FailureKind::Tls, text)
}

/// Lets every certificate pass; the signatures of the handshake are checked all the same.
#[derive(Debug)]
struct Later(Arc<CryptoProvider>);

impl ServerCertVerifier for Later {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _issuers: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
pub(super) mod tests;
