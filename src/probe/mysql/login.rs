//! Logging in to `MySQL` or `MariaDB`: greeting, encryption, and the methods of authentication.
//!
//! The server chooses the method, so a hostile one can ask for the password in clear. It gets it
//! only over a link that nobody else reads: a Unix socket, or TLS; and by `mysql_clear_password`,
//! which shows the password to the server itself, only when its certificate was verified.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::wire::{Fields, ServerError, Wire};
use crate::model::spec::{MysqlSpec, MysqlTls};
use crate::model::{Check, Failure, FailureKind};
use crate::probe::tls::{Inside, Trust};

/// Largest packet before the login is done, in bytes.
const LOGIN_LIMIT: usize = 16 * 1024;
/// Most turns that a login takes before it is called a loop.
const TURN_LIMIT: usize = 8;

const CLIENT_MYSQL: u32 = 0x0000_0001;
const LONG_FLAG: u32 = 0x0000_0004;
const CONNECT_WITH_DB: u32 = 0x0000_0008;
const PROTOCOL_41: u32 = 0x0000_0200;
const SSL: u32 = 0x0000_0800;
const TRANSACTIONS: u32 = 0x0000_2000;
const SECURE_CONNECTION: u32 = 0x0000_8000;
const PLUGIN_AUTH: u32 = 0x0008_0000;
/// The number of `utf8mb4_general_ci`.
const UTF8MB4: u8 = 45;

const NATIVE: &str = "mysql_native_password";
const CACHING_SHA2: &str = "caching_sha2_password";
const SHA256_PASSWORD: &str = "sha256_password";
const CLEAR: &str = "mysql_clear_password";

/// Who logs in.
pub(super) struct Login<'a> {
    pub check: &'a Check,
    pub spec: &'a MysqlSpec,
    /// The password, empty without one.
    pub password: &'a str,
    /// Roots to use; the machine's own without it.
    pub trust: Option<&'a Trust>,
}

/// What a server says of itself first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// `8.0.36`, `5.5.5-10.11.6-MariaDB-0+deb12u1`; not yet safe to show.
    pub version: String,
    capabilities: u32,
    nonce: Vec<u8>,
    plugin: String,
}

impl Greeting {
    /// Waits for the greeting.
    ///
    /// # Errors
    /// [`FailureKind::Login`] when the server turns us away at once (too many connections, host
    /// blocked), [`FailureKind::Protocol`] for what is no greeting.
    pub async fn read(wire: &mut Wire) -> Result<Self, Failure> {
        let packet = wire.read(LOGIN_LIMIT).await?;
        if let Some(error) = ServerError::read(&packet) {
            let text = format!("{} refuses connections: {}", wire.place, words(&error, ""));
            return Err(Failure::new(FailureKind::Login, text));
        }
        Self::parse(&packet).ok_or_else(|| wire.garbage("its greeting cannot be read"))
    }

    fn parse(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields(packet);
        if fields.byte()? != 10 {
            return None;
        }
        let version = String::from_utf8_lossy(fields.until_nul()?).into_owned();
        fields.take(4)?;
        let mut nonce = fields.take(8)?.to_vec();
        fields.take(1)?;
        let low = fields.number(2)?;
        fields.take(3)?;
        let high = fields.number(2)?;
        let capabilities = u32::try_from(high << 16 | low).ok()?;
        let nonce_length = usize::from(fields.byte()?);
        fields.take(10)?;
        if capabilities & PROTOCOL_41 == 0 || capabilities & SECURE_CONNECTION == 0 {
            return None;
        }
        let second = fields.take(nonce_length.saturating_sub(8).max(13))?;
        nonce.extend_from_slice(second);
        nonce.truncate(20);
        let plugin = if capabilities & PLUGIN_AUTH == 0 {
            NATIVE.to_owned()
        } else {
            // Some old servers forget the NUL at the end.
            let name = fields.until_nul().unwrap_or(fields.0);
            String::from_utf8_lossy(name).into_owned()
        };
        Some(Self { version, capabilities, nonce, plugin })
    }
}

/// How far the link is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// Others may read along.
    Open,
    /// Encrypted, to whoever it is.
    Encrypted,
    /// Encrypted to a verified server, or a Unix socket.
    Trusted,
}

impl Login<'_> {
    /// Encrypts as the check says and logs in.
    ///
    /// # Errors
    /// [`FailureKind::Login`] when the server refuses, [`FailureKind::Tls`] when encryption was
    /// wanted and is not to be had, [`FailureKind::Config`] when the server wants a method that
    /// the check does not have or allow.
    pub async fn run(&self, wire: Wire, greeting: &Greeting) -> Result<Wire, Failure> {
        let local = self.spec.socket.is_some();
        let offered = greeting.capabilities & SSL != 0;
        let encrypt = match self.spec.tls {
            MysqlTls::Disable => false,
            MysqlTls::Prefer => offered && !local,
            MysqlTls::Require | MysqlTls::Verify if offered => true,
            MysqlTls::Require | MysqlTls::Verify => {
                let text = format!("{} does not offer TLS", wire.place);
                return Err(Failure::new(FailureKind::Tls, text));
            }
        };
        let mut wire = if encrypt { self.encrypt(wire).await? } else { wire };
        let link = match (encrypt, self.spec.tls) {
            (_, _) if local => Link::Trusted,
            (true, MysqlTls::Verify) => Link::Trusted,
            (true, _) => Link::Encrypted,
            (false, _) => Link::Open,
        };
        // Begin with a proof in any case; a server that wants more asks again.
        let plugin = if greeting.plugin == CACHING_SHA2 { CACHING_SHA2 } else { NATIVE };
        let response = self.response(plugin, &greeting.nonce, link, &wire)?;
        wire.write(&self.hello(encrypt, plugin, &response)).await?;
        self.turns(wire, plugin, link).await
    }

    /// Answers what the server asks until it says yes or no.
    async fn turns(
        &self,
        mut wire: Wire,
        mut plugin: &'static str,
        link: Link,
    ) -> Result<Wire, Failure> {
        for _ in 0..TURN_LIMIT {
            let packet = wire.read(LOGIN_LIMIT).await?;
            match (packet.first().copied(), packet.get(1..).unwrap_or_default()) {
                (Some(0x00), _) => return Ok(wire),
                (Some(0xff), _) => {
                    let error = ServerError::read(&packet);
                    return Err(error.map_or_else(
                        || wire.garbage("its error cannot be read"),
                        |error| self.refused(&error, &wire),
                    ));
                }
                (Some(0xfe), asked) => {
                    let mut fields = Fields(asked);
                    let Some(name) = fields.until_nul() else {
                        return Err(self.unknown("mysql_old_password", &wire));
                    };
                    let name = String::from_utf8_lossy(name);
                    let Some(known) = known(&name) else {
                        return Err(self.unknown(&name, &wire));
                    };
                    plugin = known;
                    let nonce = fields.0.strip_suffix(&[0]).unwrap_or(fields.0);
                    let response = self.response(plugin, nonce, link, &wire)?;
                    wire.write(&response).await?;
                }
                // "Your proof fits what I remember": the yes follows.
                (Some(0x01), [0x03]) if plugin == CACHING_SHA2 => {}
                // "I do not remember you": the password itself is wanted.
                (Some(0x01), [0x04]) if plugin == CACHING_SHA2 => {
                    let clear = self.in_clear(plugin, link, &wire)?;
                    wire.write(&clear).await?;
                }
                _ => return Err(wire.garbage("its answer to the login cannot be read")),
            }
        }
        Err(wire.garbage("it asks for one login after another"))
    }

    /// Asks for TLS and shakes hands; the server has said that it can.
    async fn encrypt(&self, mut wire: Wire) -> Result<Wire, Failure> {
        let mut request = self.capabilities(true).to_le_bytes().to_vec();
        prelude(&mut request);
        wire.write(&request).await?;
        let trust = match self.trust {
            Some(trust) => trust,
            None => Trust::system().await?,
        };
        let (stream, sequence, place) = wire.into_parts();
        let (address, host) = (&*self.check.address, &*self.check.key.host);
        let is_name = address.parse::<std::net::IpAddr>().is_err();
        let asked = if is_name { address } else { host };
        // A host's name can be free text, which no handshake can ask for.
        let asked = if crate::probe::tls::is_name(asked) { asked } else { address };
        let names = [address, host];
        let (stream, shown) =
            trust.handshake(stream, self.spec.port, asked, &names, Inside::Other).await?;
        match shown.distrust {
            Some(why) if self.spec.tls == MysqlTls::Verify => {
                Err(Failure::new(FailureKind::Tls, why))
            }
            _ => Ok(Wire::resumed(stream, sequence, place)),
        }
    }

    /// What is wanted of the server. Neither local files nor several statements in one.
    fn capabilities(&self, encrypt: bool) -> u32 {
        let base = CLIENT_MYSQL | LONG_FLAG | PROTOCOL_41 | TRANSACTIONS;
        let mut wanted = base | SECURE_CONNECTION | PLUGIN_AUTH;
        if encrypt {
            wanted |= SSL;
        }
        if self.spec.database.is_some() {
            wanted |= CONNECT_WITH_DB;
        }
        wanted
    }

    fn hello(&self, encrypt: bool, plugin: &str, response: &[u8]) -> Vec<u8> {
        let mut packet = self.capabilities(encrypt).to_le_bytes().to_vec();
        prelude(&mut packet);
        packet.extend_from_slice(self.spec.user.as_bytes());
        packet.push(0);
        packet.push(u8::try_from(response.len()).unwrap_or(0));
        packet.extend_from_slice(response);
        if let Some(database) = &self.spec.database {
            packet.extend_from_slice(database.as_bytes());
            packet.push(0);
        }
        packet.extend_from_slice(plugin.as_bytes());
        packet.push(0);
        packet
    }

    /// The proof that a method wants.
    fn response(
        &self,
        plugin: &'static str,
        nonce: &[u8],
        link: Link,
        wire: &Wire,
    ) -> Result<Vec<u8>, Failure> {
        if self.password.is_empty() {
            let ends = plugin != NATIVE;
            return Ok(if ends { vec![0] } else { Vec::new() });
        }
        match plugin {
            NATIVE => Ok(native(self.password, nonce)),
            CACHING_SHA2 => Ok(caching_sha2(self.password, nonce)),
            _ => self.in_clear(plugin, link, wire),
        }
    }

    /// The password itself, where it may go.
    fn in_clear(&self, plugin: &str, link: Link, wire: &Wire) -> Result<Vec<u8>, Failure> {
        let needed = if plugin == CLEAR { Link::Trusted } else { Link::Encrypted };
        let enough = link == Link::Trusted || link == needed;
        if !enough {
            let mend = if plugin == CLEAR { "verify" } else { "require" };
            let text = format!(
                "{} asks for the password in clear ({plugin}), which was not sent; \
                 set tls = \"{mend}\" or another method for user {}",
                wire.place, self.spec.user
            );
            return Err(Failure::new(FailureKind::Config, text));
        }
        let mut clear = self.password.as_bytes().to_vec();
        clear.push(0);
        Ok(clear)
    }

    fn unknown(&self, plugin: &str, wire: &Wire) -> Failure {
        let plugin: String = plugin.chars().take(64).collect();
        let text = format!(
            "{} wants the login method {plugin}, which this check cannot do; \
             give user {} {NATIVE} or {CACHING_SHA2}",
            wire.place, self.spec.user
        );
        Failure::new(FailureKind::Config, text)
    }

    fn refused(&self, error: &ServerError, wire: &Wire) -> Failure {
        let words = words(error, self.password);
        let text = format!("login of {} refused by {}: {words}", self.spec.user, wire.place);
        Failure::new(FailureKind::Login, text)
    }
}

/// What follows the capabilities in both first packets.
fn prelude(packet: &mut Vec<u8>) {
    packet.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    packet.push(UTF8MB4);
    packet.extend_from_slice(&[0; 23]);
}

/// The method of that name.
fn known(name: &str) -> Option<&'static str> {
    [NATIVE, CACHING_SHA2, SHA256_PASSWORD, CLEAR].into_iter().find(|known| *known == name)
}

/// A server's words with their number, and without the password, should it repeat it.
pub(super) fn words(error: &ServerError, password: &str) -> String {
    let message = if password.is_empty() {
        error.message.clone()
    } else {
        error.message.replace(password, crate::model::secret::MASK)
    };
    format!("{message} (error {})", error.code)
}

fn sum(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    digest(algorithm, &parts.concat()).as_ref().to_vec()
}

fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(left, right)| left ^ right).collect()
}

/// `SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password)))`.
fn native(password: &str, nonce: &[u8]) -> Vec<u8> {
    let sha1 = &SHA1_FOR_LEGACY_USE_ONLY;
    let once = sum(sha1, &[password.as_bytes()]);
    let twice = sum(sha1, &[&once]);
    xor(&once, &sum(sha1, &[nonce, &twice]))
}

/// `SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce)`.
fn caching_sha2(password: &str, nonce: &[u8]) -> Vec<u8> {
    let once = sum(&SHA256, &[password.as_bytes()]);
    let twice = sum(&SHA256, &[&once]);
    xor(&once, &sum(&SHA256, &[&twice, nonce]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &[u8] = b"\n8.0.36\0\x19\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xc7\x15\0\0\0\0\
        \0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";

    #[test]
    fn a_greeting_is_read_and_every_shorter_one_is_refused_or_harmless() {
        let greeting = Greeting::parse(GREETING).unwrap();
        assert_eq!(greeting.version, "8.0.36");
        assert_eq!(greeting.nonce, b"abcdefghijklmnopqrst");
        assert_eq!(greeting.plugin, CACHING_SHA2);
        for length in 0..GREETING.len() {
            let _ = Greeting::parse(&GREETING[..length]);
        }
        assert_eq!(Greeting::parse(b"SSH-2.0-OpenSSH_9.2\r\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_upset_the_readers(bytes: Vec<u8>) {
            let _ = Greeting::parse(&bytes);
            let _ = ServerError::read(&bytes);
            let mut fields = Fields(&bytes);
            while fields.counted().is_some() {}
        }
    }

    #[test]
    fn a_server_can_verify_the_proofs() {
        let (password, nonce) = ("my_pwd", b"abcdefghijklmnopqrst");
        // The server keeps the double digest, and gets the single one back from the proof.
        for (proof, algorithm, first) in [
            (native(password, nonce), &SHA1_FOR_LEGACY_USE_ONLY, true),
            (caching_sha2(password, nonce), &SHA256, false),
        ] {
            let once = sum(algorithm, &[password.as_bytes()]);
            let twice = sum(algorithm, &[&once]);
            let pad = if first { [&nonce[..], &twice] } else { [&twice, &nonce[..]] };
            assert_eq!(xor(&proof, &sum(algorithm, &pad)), once);
        }
    }
}
