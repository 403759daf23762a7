//! A session with one agent: the credentials, the shared socket, and what earlier polls learned.
//!
//! In: the login's references, the address. Out: a client that can ask, or an honest failure.
//! Never: keeps a client that failed (an agent that was reinstalled has another identity), or
//! shows a credential.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use async_snmp::transport::UdpTransport;
use async_snmp::{
    Auth, AuthProtocol, Client, Error, ErrorStatus, MasterKeys, Oid, PrivProtocol,
    ResponseShapeAnomaly, ResponseShapePolicy, Retry, UsmConfig,
};
use tokio::sync::OnceCell;

use super::super::context::Context;
use super::super::{errno, secret};
use super::interfaces::Found;
use crate::model::snmp::{SnmpAuth, SnmpLogin, SnmpPrivacy, SnmpSpec, SnmpUser};
use crate::model::{Failure, FailureKind, Secret};

/// Objects in one request: an answer of 64-bit counters (26 bytes each) fits into one Ethernet
/// frame, and a column of a 48-port switch into one answer.
pub(super) const OBJECTS: usize = 50;
/// How often a request is sent again: datagrams get lost without anybody's fault.
const AGAIN: u32 = 2;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The sockets that all agents share, one for each family, opened at first use.
#[derive(Default)]
pub struct Sockets {
    v4: OnceCell<UdpTransport>,
    v6: OnceCell<UdpTransport>,
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sockets")
    }
}

impl Sockets {
    async fn of(&self, ip: IpAddr) -> Result<&UdpTransport, Failure> {
        let (cell, any) = match ip {
            IpAddr::V4(_) => (&self.v4, "0.0.0.0:0"),
            IpAddr::V6(_) => (&self.v6, "[::]:0"),
        };
        cell.get_or_try_init(|| UdpTransport::bind(any)).await.map_err(|error| {
            Failure::new(FailureKind::Local, format!("this machine opens no UDP socket: {error}"))
        })
    }
}

/// What a login's references give. Compared, so that a changed password makes a new client.
#[derive(Clone, Default, PartialEq, Eq)]
struct Credentials {
    community: Option<String>,
    auth: Option<String>,
    privacy: Option<String>,
}

impl Credentials {
    async fn resolve(login: &SnmpLogin, context: &Context) -> Result<Self, Failure> {
        let mut found = Self::default();
        let one = async |reference: &Secret| secret::resolve(reference, context).await;
        match login {
            SnmpLogin::V1(community) | SnmpLogin::V2c(community) => {
                found.community = Some(one(community).await?);
            }
            SnmpLogin::V3(user) => {
                if let Some((_, reference)) = &user.auth {
                    found.auth = Some(one(reference).await?);
                }
                if let Some((_, reference)) = &user.privacy {
                    found.privacy = Some(one(reference).await?);
                }
            }
        }
        Ok(found)
    }
}

/// What a check remembers of its agent from poll to poll.
#[derive(Default)]
pub struct Session {
    credentials: Credentials,
    /// Made of the passwords with some milliseconds of work, so kept.
    keys: Option<MasterKeys>,
    client: Option<(SocketAddr, Client)>,
    /// sysUpTime of the last poll.
    pub(super) uptime: Option<u32>,
    /// Objects that a version 1 agent does not have: each costs a request to find out.
    pub(super) absent: BTreeSet<Oid>,
    /// The interfaces as they were last looked for, and when.
    pub(super) found: Option<(Instant, Found)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("uptime", &self.uptime).finish_non_exhaustive()
    }
}

impl Session {
    /// Reads the credentials; others than before make a new session.
    pub(super) async fn log_in(
        &mut self,
        spec: &SnmpSpec,
        context: &Context,
    ) -> Result<(), Failure> {
        let credentials = Credentials::resolve(&spec.login, context).await?;
        if credentials != self.credentials {
            *self = Self { credentials, ..Self::default() };
        }
        Ok(())
    }

    /// A client for `ip`: the one of the last poll where nothing has changed.
    pub(super) async fn client(
        &mut self,
        spec: &SnmpSpec,
        ip: IpAddr,
        context: &Context,
    ) -> Result<Client, Failure> {
        let peer = SocketAddr::new(ip, spec.port);
        if let Some((at, client)) = &self.client
            && *at == peer
        {
            return Ok(client.clone());
        }
        let transport = context.shared.snmp.of(ip).await?;
        let wait = (context.remaining() / (AGAIN + 2)).clamp(Duration::from_millis(50), PATIENCE);
        let retry = Retry::fixed(AGAIN, Duration::ZERO).unwrap_or_else(|_| Retry::none());
        let client = Client::builder(peer, self.auth(&spec.login)?)
            .request_timeout(wait)
            .retry(retry)
            .max_oids_per_request(OBJECTS)
            .response_shape_policy(ResponseShapePolicy::Strict)
            .build_with(transport)
            .await
            .map_err(|error| failure(&error, peer, spec.login.version()))?;
        self.client = Some((peer, client.clone()));
        Ok(client)
    }

    /// The address that answered last.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.client.as_ref().map(|(peer, _)| peer.ip())
    }

    /// Lets the client go after a failure.
    pub(super) fn forget_client(&mut self) {
        self.client = None;
    }

    fn auth(&mut self, login: &SnmpLogin) -> Result<Auth, Failure> {
        let community = self.credentials.community.clone().unwrap_or_default();
        Ok(match login {
            SnmpLogin::V1(_) => Auth::v1(community),
            SnmpLogin::V2c(_) => Auth::v2c(community),
            SnmpLogin::V3(user) => Auth::from(self.user(user)?),
        })
    }

    fn user(&mut self, user: &SnmpUser) -> Result<UsmConfig, Failure> {
        let wrong = |error: async_snmp::v3::CryptoError| {
            Failure::new(FailureKind::Config, format!("the password of `{}`: {error}", user.name))
        };
        let config = UsmConfig::new(user.name.clone()).context_name(user.context.clone());
        let (Some((auth, _)), Some(password)) = (&user.auth, &self.credentials.auth) else {
            return Ok(config);
        };
        if self.keys.is_none() {
            let mut keys =
                MasterKeys::new(auth_protocol(*auth), password.as_bytes()).map_err(wrong)?;
            if let (Some((privacy, _)), Some(password)) = (&user.privacy, &self.credentials.privacy)
            {
                keys = keys
                    .with_privacy(privacy_protocol(*privacy), password.as_bytes())
                    .map_err(wrong)?;
            }
            self.keys = Some(keys);
        }
        match &self.keys {
            Some(keys) => config.with_master_keys(keys.clone()).map_err(wrong),
            None => Ok(config),
        }
    }
}

const fn auth_protocol(auth: SnmpAuth) -> AuthProtocol {
    match auth {
        SnmpAuth::Md5 => AuthProtocol::Md5,
        SnmpAuth::Sha => AuthProtocol::Sha1,
        SnmpAuth::Sha224 => AuthProtocol::Sha224,
        SnmpAuth::Sha256 => AuthProtocol::Sha256,
        SnmpAuth::Sha384 => AuthProtocol::Sha384,
        SnmpAuth::Sha512 => AuthProtocol::Sha512,
    }
}

const fn privacy_protocol(privacy: SnmpPrivacy) -> PrivProtocol {
    match privacy {
        SnmpPrivacy::Aes => PrivProtocol::Aes128,
        SnmpPrivacy::Aes192 => PrivProtocol::Aes192Blumenthal,
        SnmpPrivacy::Aes256 => PrivProtocol::Aes256Blumenthal,
        SnmpPrivacy::Aes192Cisco => PrivProtocol::Aes192Reeder,
        SnmpPrivacy::Aes256Cisco => PrivProtocol::Aes256Reeder,
    }
}

/// What an error of a request means.
pub(super) fn failure(error: &Error, peer: SocketAddr, version: &str) -> Failure {
    use async_snmp::v3::ReportStatus;
    match error.exchange_source() {
        Error::SharedOperation { source } => failure(source, peer, version),
        Error::Timeout { elapsed, retries, .. } => Failure::new(
            FailureKind::Unreachable,
            format!(
                "no answer, or wrong community or credentials: {peer}, SNMP {version}, {} requests in {}",
                retries + 1,
                errno::time(*elapsed)
            ),
        ),
        Error::Network { source, .. } => {
            let kind = errno::kind(source).unwrap_or(FailureKind::Internal);
            Failure::new(kind, format!("cannot send to {peer}: {}", errno::words(source)))
        }
        Error::Snmp {
            status: status @ (ErrorStatus::AuthorizationError | ErrorStatus::NoAccess),
            ..
        } => login(format!("the agent denies us its objects: {status}")),
        Error::Snmp { status, oid, .. } => {
            let of = oid.as_ref().map(|oid| format!(" for {oid}")).unwrap_or_default();
            unusable(format!("the agent answers with the error {status}{of}"))
        }
        Error::Auth { .. } => {
            login("the agent's answer is not signed with our password".to_owned())
        }
        Error::Report { status, .. } => match &**status {
            ReportStatus::UnknownUserName { .. } => {
                login("the agent knows no such user".to_owned())
            }
            ReportStatus::WrongDigest { .. } => {
                login("wrong auth_password, or another auth algorithm".to_owned())
            }
            ReportStatus::DecryptionError { .. } => {
                login("wrong privacy_password, or another privacy algorithm".to_owned())
            }
            ReportStatus::UnsupportedSecurityLevel { .. } => {
                login("the agent's user has other auth and privacy than ours".to_owned())
            }
            other => unusable(format!("the agent reports: {other}")),
        },
        Error::ResponseShape { response, .. }
            if response.anomalies.iter().any(|anomaly| {
                matches!(anomaly, ResponseShapeAnomaly::GetNextNotSuccessor { .. })
            }) =>
        {
            unusable("the agent's table does not increase".to_owned())
        }
        Error::ResponseShape { .. } => {
            unusable("the agent answers with other objects than it was asked for".to_owned())
        }
        Error::Decode(_) | Error::MalformedResponse { .. } | Error::InvalidMessage(_) => {
            unusable(format!("the agent's answer cannot be read: {error}"))
        }
        other => unusable(other.to_string()),
    }
}

fn login(why: String) -> Failure {
    Failure::new(FailureKind::Login, why)
}

/// An answer that says nothing about the target.
pub(super) fn unusable(why: String) -> Failure {
    Failure::new(FailureKind::Unreadable, why)
}
