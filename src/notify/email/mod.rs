//! A notification as a mail, handed to a server by SMTP (RFC 5321).
//!
//! 2xx to the message is that it was taken; 4xx and all that happens to the connection or at the
//! login is tried again; 5xx to sender, recipient or message is refused. Each recipient is asked for by
//! itself: one whose mailbox is full or gone keeps no other from being told, and who has it already
//! is not told again by a retry. The server is as hostile as any receiver: see `wire`.

mod message;
mod taken;
mod wire;

use std::time::{Duration, Instant};

use lettre::address::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::transport::smtp::{Error, response::Response};
use tokio::net::TcpStream;

pub use message::{Written, message};
pub(super) use taken::Taken;

use super::{Delivery, Late, quoted};
use crate::model::observation::root_cause;
use crate::model::{Email, MailTls, Notification, SafeText};
use crate::secrets;
use wire::Wire;

/// How long a server is waited for that is told goodbye: nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a step was not done.
enum No {
    /// Not now, in words.
    Later(String),
    /// Never, in words.
    Never(String),
}

/// Delivers by mail; the caller bounds its time by `deadline`.
pub(super) async fn deliver(
    mail: &Email,
    notification: &Notification,
    late: Late,
    taken: &Taken,
    deadline: Instant,
) -> Delivery {
    let written = match message(mail, notification, late) {
        Ok(written) => written,
        Err(why) => return Delivery::Refused(why),
    };
    let key = &notification.key;
    let to: Vec<Address> = written.to.iter().map(|to| to.email.clone()).collect();
    let open = taken.missing(key, &to);
    if open.is_empty() {
        taken.forget(key);
        return Delivery::Sent;
    }
    let mut connection = match connect(mail, deadline).await {
        Ok(connection) => connection,
        Err(why) => return Delivery::retry(why),
    };
    let outcome = hand_over(&mut connection, &written, &open).await;
    tokio::spawn(async move {
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
    });
    let (later, never) = match outcome {
        Err(No::Later(why)) => return Delivery::retry(why),
        Err(No::Never(why)) => return Delivery::Refused(why),
        Ok(Handed { got, later, never }) => {
            taken.add(key, &got);
            (later, never)
        }
    };
    let told = to.len() - taken.missing(key, &to).len();
    let words = || {
        let refusals: Vec<&str> = later.iter().chain(&never).map(String::as_str).collect();
        let words = refusals.join("; ");
        if told == 0 { words } else { format!("{told} of {} have it; {words}", to.len()) }
    };
    let outcome = match (later.is_empty(), never.is_empty()) {
        (false, _) => return Delivery::retry(words()),
        (true, false) => Delivery::Refused(words()),
        (true, true) => Delivery::Sent,
    };
    taken.forget(key);
    outcome
}

/// Who took a message, and what was said of the others.
struct Handed {
    got: Vec<Address>,
    later: Vec<String>,
    never: Vec<String>,
}

async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    written: &Written,
    to: &[Address],
) -> Result<Handed, No> {
    let mut handed = Handed { got: Vec::new(), later: Vec::new(), never: Vec::new() };
    let from = Some(written.from.email.clone());
    judged("sender", connection.command(Mail::new(from, Vec::new())).await)?;
    for address in to {
        let answer = connection.command(Rcpt::new(address.clone(), Vec::new())).await;
        // Without an answer there is nobody to go on with.
        let answered = answer.as_ref().err().is_none_or(|error| error.status().is_some());
        match judged(address.as_ref(), answer) {
            Ok(()) => handed.got.push(address.clone()),
            Err(No::Later(why)) if answered => handed.later.push(why),
            Err(No::Never(why)) if answered => handed.never.push(why),
            Err(no) => return Err(no),
        }
    }
    if !handed.got.is_empty() {
        judged("data", connection.command(Data).await)?;
        judged("message", connection.message(&written.bytes).await)?;
    }
    Ok(handed)
}

fn judged(step: &str, answer: Result<Response, Error>) -> Result<(), No> {
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(No::Never(words(step, &error))),
        Err(error) => Err(No::Later(words(step, &error))),
    }
}

/// What went wrong, in the server's words where it has said some.
fn words(step: &str, error: &Error) -> String {
    let Some(code) = error.status() else {
        return quoted(step, root_cause(error).to_string().as_bytes());
    };
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    quoted(&format!("{step}: {code}"), said.as_bytes())
}

/// A connection that is secured and logged in as configured.
async fn connect(mail: &Email, deadline: Instant) -> Result<AsyncSmtpConnection, String> {
    let named = |step: &str, why: &str| {
        format!("{step} {}:{}: {}", mail.host, mail.port, SafeText::line(why))
    };
    let tls = match mail.tls {
        MailTls::None => None,
        _ => Some(wire::trust(mail.ca_file.clone()).await.map_err(|why| format!("TLS: {why}"))?),
    };
    let tcp = TcpStream::connect((mail.host.as_str(), mail.port)).await;
    let tcp = tcp.map_err(|error| named("cannot reach", &error.to_string()))?;
    let own = tcp.local_addr().map_err(|error| error.to_string())?;
    // An address literal: this machine may have no name that the server could look up.
    let hello = match own.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => ClientId::Ipv4(ip),
        std::net::IpAddr::V6(ip) => ClientId::Ipv6(ip),
    };
    let mut wire = Wire::over(tcp).map_err(|error| error.to_string())?;
    let secured = |why: String| named("no TLS with", &why);
    match tls {
        None => {}
        Some(config) if mail.tls == MailTls::Tls => {
            wire = wire.secure(config, &mail.host, false).await.map_err(secured)?;
        }
        Some(config) => {
            let mut clear = greeted(&wire, &hello).await?;
            if !clear.server_info().supports_feature(Extension::StartTls) {
                return Err(named("no TLS with", "STARTTLS is not offered"));
            }
            let answer = clear.command(Starttls).await;
            answer.map_err(|error| words("STARTTLS", &error))?;
            // With what was read ahead of it: nothing said in the clear counts as said in TLS.
            drop(clear);
            wire = wire.secure(config, &mail.host, true).await.map_err(secured)?;
        }
    }
    let mut connection = greeted(&wire, &hello).await?;
    if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
        let user = secrets::resolve(user, deadline).await?;
        let password = secrets::resolve(password, deadline).await?;
        let login = Credentials::new(user, password);
        let answer = connection.auth(DEFAULT_MECHANISMS, &login).await;
        answer.map_err(|error| words("login", &error))?;
    }
    Ok(connection)
}

async fn greeted(wire: &Wire, hello: &ClientId) -> Result<AsyncSmtpConnection, String> {
    let stream = Box::new(wire.clone());
    let connection = AsyncSmtpConnection::connect_with_transport(stream, hello).await;
    connection.map_err(|error| words("greeting", &error))
}
