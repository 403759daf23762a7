//! What lets a client in over the network: a token, or a login that is renewed as long as it lasts.
//!
//! Never: writes a secret anywhere, or shows one.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderValue;
use serde::Deserialize;
use url::{Host, Url};

use super::routes::{self, Call};
use crate::clock::Clock;
use crate::model::{Password, SafeText, Span, Steady};
use crate::protocol::{Problem, Role};

/// Most bytes of a token.
const LONGEST: usize = 4096;

/// An engine on the network, and how it is entered.
#[derive(Clone, Debug)]
pub struct Access {
    /// `http://` or `https://`, with a path before the API's when a proxy has one.
    pub url: String,
    /// What is shown to the server.
    pub credential: Credential,
    /// Certificates of the authorities that are believed, PEM; the system's without them.
    pub authorities: Option<Vec<u8>>,
    /// Whether a key may travel unencrypted to another machine.
    pub insecure: bool,
}

/// What is shown to a server.
#[derive(Clone)]
pub enum Credential {
    /// A token of the API.
    Token(String),
    /// A name and a password.
    Login {
        /// The name.
        name: String,
        /// The password.
        password: Password,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token"),
            Self::Login { name, .. } => write!(f, "Login of {name:?}"),
        }
    }
}

impl Access {
    /// The URL without its last slash.
    pub(super) fn base(&self) -> Result<String, Problem> {
        let wrong = |why: &str| {
            let url: String = self.url.chars().take(200).collect();
            Problem::invalid(format!("{url}: {why}; write https://HOST or https://HOST:PORT"))
        };
        let url = Url::parse(&self.url).map_err(|error| wrong(&error.to_string()))?;
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
            None => return Err(wrong("there is no host in it")),
        };
        match url.scheme() {
            "https" => {}
            "http" if here || self.insecure => {}
            "http" => {
                return Err(wrong(
                    "the key would travel unencrypted, which `insecure` allows where that is safe",
                ));
            }
            _ => return Err(wrong("it is neither http nor https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("a name or password does not belong into it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it ends with more than a path"));
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }
}

/// Who the server says that we are.
#[derive(Clone, Debug, Deserialize)]
pub struct Me {
    /// The name that history shows.
    pub name: SafeText,
    /// What we may do.
    pub role: Role,
}

/// The key in use.
pub(super) struct Key(Mutex<State>);

enum State {
    Token(HeaderValue),
    Waiting { name: String, password: Password },
    Login { bearer: HeaderValue, renew_at: Steady },
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// What is to be asked before anything else.
pub(super) enum Errand {
    Login { name: String, password: Password },
    Renew,
}

impl Errand {
    pub(super) fn call(&self) -> Result<Call, Problem> {
        match self {
            Self::Login { name, password } => routes::login(name, password.reveal()),
            Self::Renew => Ok(routes::renew()),
        }
    }
}

#[derive(Deserialize)]
struct Given {
    token: String,
    expires_in: u64,
}

impl Key {
    pub(super) fn of(credential: Credential) -> Result<Self, Problem> {
        Ok(Self(Mutex::new(match credential {
            Credential::Token(text) => State::Token(secret(text.trim())?),
            Credential::Login { name, password } => State::Waiting { name, password },
        })))
    }

    /// Puts it on a request.
    pub(super) fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Token(token) => request.header("x-api-token", token.clone()),
            State::Waiting { .. } => request,
            State::Login { bearer, .. } => request.header("authorization", bearer.clone()),
        }
    }

    /// What must be asked first, if anything.
    pub(super) fn errand(&self) -> Option<Errand> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Token(_) => None,
            State::Waiting { name, password } => {
                Some(Errand::Login { name: name.clone(), password: password.clone() })
            }
            State::Login { renew_at, .. } => {
                let now = Clock::System.now().steady;
                if now < *renew_at {
                    return None;
                }
                // Others go on with the old token meanwhile, and one that fails is tried again.
                *renew_at = now + Span::from_secs(30);
                Some(Errand::Renew)
            }
        }
    }

    /// Takes the answer to an errand. A token that cannot be renewed is used as long as it lasts.
    pub(super) fn settle(
        &self,
        errand: Errand,
        answer: Result<Vec<u8>, Problem>,
    ) -> Result<(), Problem> {
        let bytes = match (errand, answer) {
            (_, Ok(bytes)) => bytes,
            (Errand::Login { .. }, Err(problem)) => return Err(problem),
            (Errand::Renew, Err(problem)) => {
                tracing::warn!(%problem, "the login was not renewed");
                return Ok(());
            }
        };
        let given: Given =
            serde_json::from_slice(&bytes).map_err(|error| super::not_understood(&error))?;
        let bearer = secret(&format!("Bearer {}", given.token))?;
        // Half of its life: as much again is left for a server that is away meanwhile.
        let half = Span::from_secs(given.expires_in.min(86_400) / 2);
        let renew_at = Clock::System.now().steady + half;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Login { bearer, renew_at };
        Ok(())
    }
}

fn secret(text: &str) -> Result<HeaderValue, Problem> {
    let bad = || Problem::invalid("the token cannot be one: it is empty, too long, or not ASCII");
    if text.is_empty() || text.len() > LONGEST || !text.is_ascii() {
        return Err(bad());
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| bad())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_of_a_server_and_keeps_the_key_secret() {
        let base = |url: &str, insecure| {
            let credential = Credential::Token("x".to_owned());
            Access { url: url.to_owned(), credential, authorities: None, insecure }.base()
        };
        for (url, insecure, wanted) in [
            ("https://noc.example", false, Some("https://noc.example")),
            ("https://noc.example:4041/", false, Some("https://noc.example:4041")),
            ("https://noc.example/flux/", false, Some("https://noc.example/flux")),
            ("http://127.0.0.1:4040", false, Some("http://127.0.0.1:4040")),
            ("http://localhost:4040/", false, Some("http://localhost:4040")),
            ("http://[::1]:4040", false, Some("http://[::1]:4040")),
            ("http://192.0.2.1:4040", false, None),
            ("http://192.0.2.1:4040", true, Some("http://192.0.2.1:4040")),
            ("http://localhost.evil.example", false, None),
            ("ftp://noc.example", false, None),
            ("noc.example:4040", false, None),
            ("https://ann:secret@noc.example", false, None),
            ("https://noc.example/?x=1", false, None),
            ("", false, None),
        ] {
            assert_eq!(base(url, insecure).ok().as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn a_secret_is_shown_nowhere() {
        let login = Credential::Login {
            name: "ann".to_owned(),
            password: Password::new("hunter22".to_owned()),
        };
        let key = Key::of(Credential::Token("fnx_secret".to_owned())).unwrap();
        let shown = format!("{login:?} {key:?} {:?}", Credential::Token("fnx_secret".to_owned()));
        assert!(!shown.contains("hunter22") && !shown.contains("fnx_secret"), "{shown}");
        for text in ["", " ", "a\nb", "\u{e9}"] {
            assert!(Key::of(Credential::Token(text.to_owned())).is_err(), "{text:?}");
        }
    }
}
