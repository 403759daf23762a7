//! Certificates for test servers: a root of their own, and leaves that are good or bad in one way.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const DAY: Duration = Duration::from_hours(24);

/// A root that nobody trusts who is not told to.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: PathBuf,
}

/// Where a certificate and its key are, as PEM.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Authority {
    /// Makes one that writes its files into `dir`.
    pub fn new(dir: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "root of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(dir.join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir: dir.to_owned() }
    }

    /// The root's certificate.
    pub fn file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A certificate for `name` that began ten days ago and ends `days` from now (negative: it has
    /// ended). The extra hour keeps the whole days whole while the test runs.
    pub fn issue(&self, file: &str, name: &str, days: i32) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = params(name, days);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(&self.dir, file, &certificate.pem(), &key)
    }

    /// One that nobody but itself vouches for.
    pub fn self_signed(&self, file: &str, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, 90).self_signed(&key).unwrap();
        write(&self.dir, file, &certificate.pem(), &key)
    }
}

fn params(name: &str, days: i32) -> CertificateParams {
    let now = SystemTime::now();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (now - DAY * 10).into();
    let end =
        if days < 0 { now - DAY * days.unsigned_abs() } else { now + DAY * days.unsigned_abs() };
    params.not_after = (end + Duration::from_hours(1)).into();
    params
}

fn write(dir: &Path, file: &str, certificate: &str, key: &KeyPair) -> Pair {
    let pair =
        Pair { certificate: dir.join(format!("{file}.pem")), key: dir.join(format!("{file}.key")) };
    std::fs::write(&pair.certificate, certificate).unwrap();
    std::fs::write(&pair.key, key.serialize_pem()).unwrap();
    pair
}
