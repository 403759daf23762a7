//! Certificates for tests, and how a certificate is judged.

use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A root that only these tests trust.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        Self::named("root of a test")
    }

    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn trust(&self) -> Trust {
        Trust::with_roots([self.0.der().clone()]).unwrap()
    }

    pub fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(2090, 1, 1);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }
}

/// A certificate and its key.
pub type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

pub fn self_signed(name: &str) -> Identity {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    (made.cert.der().clone(), key)
}

pub fn acceptor(identity: Identity, protocols: &[&[u8]]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.0], identity.1)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// How long after 1970 the moment so many seconds ago was.
pub fn epoch_to(seconds_ago: u64) -> Duration {
    let now = crate::clock::Clock::System.now().wall.millis();
    Duration::from_millis(now.cast_unsigned()).saturating_sub(Duration::from_secs(seconds_ago))
}

#[test]
fn f_37_the_days_left_are_whole_and_go_below_zero() {
    let authority = Authority::new();
    let ends = date_time_ymd(2030, 1, 11);
    let (certificate, _) = authority.issue("web-1", |p| p.not_after = ends);
    let chain = [certificate];
    let trust = authority.trust();
    for (now, days, words) in [
        ("2030-01-01T00:00:00Z", 10, None),
        ("2030-01-01T00:00:01Z", 9, None),
        ("2030-01-10T23:59:59Z", 0, None),
        ("2030-01-11T00:30:00Z", -1, Some("certificate expired 30 min ago")),
        ("2030-01-11T05:00:00Z", -1, Some("certificate expired 5 h ago")),
        ("2030-01-11T23:59:59Z", -1, Some("certificate expired 23 h ago")),
        ("2030-01-12T23:00:00Z", -1, Some("certificate expired 1 d ago")),
        ("2030-01-13T00:00:00Z", -2, Some("certificate expired 2 d ago")),
        ("2030-01-14T01:00:00Z", -3, Some("certificate expired 3 d ago")),
    ] {
        let shown = trust.judge(&chain, &["web-1"], now.parse().unwrap());
        assert_eq!((shown.days, shown.distrust.as_deref()), (Some(days), words), "{now}");
    }
}

#[test]
fn one_of_several_names_is_enough() {
    let authority = Authority::new();
    let (certificate, _) = authority.issue("10.0.0.5", |_| ());
    let (chain, now) = ([certificate], "2030-01-01T00:00:00Z".parse().unwrap());
    let trust = authority.trust();
    assert_eq!(trust.judge(&chain, &["db-1", "10.0.0.5"], now).distrust, None);
    let words = trust.judge(&chain, &["db-1", "a free text"], now).distrust.unwrap();
    assert_eq!(words, "certificate is for 10.0.0.5, not db-1 or a free text");
}

#[test]
fn what_is_no_certificate_is_not_trusted() {
    let trust = Authority::new().trust();
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let nothing = trust.judge(&[], &["a"], now);
    assert!(nothing.distrust.is_some() && nothing.days.is_none());
    let garbage = trust.judge(&[CertificateDer::from(vec![0x30; 40])], &["a"], now);
    assert!(garbage.distrust.is_some() && garbage.days.is_none());
}
