//! A `[[channel]]` of kind `email`: the mail server, and who writes to whom.

use std::net::IpAddr;

use lettre::message::Mailbox;

use super::hosts::valid_target;
use super::kinds;
use super::reader::Reader;
use crate::model::{Email, MailTls, Secret};

/// Most recipients of one channel: their number bounds the time of a delivery.
const RECIPIENTS: usize = 50;
/// Longest address, in bytes (RFC 5321, 4.5.3.1.3).
const ADDRESS: usize = 254;
/// Longest name beside an address, in bytes.
const NAME: usize = 100;

/// Reads one.
pub(super) fn read(reader: &Reader<'_>) -> Option<Email> {
    reader.require("host", "host = \"mail.example.com\"");
    reader.require("from", "from = \"NOC <noc@example.com>\"");
    reader.require("to", "to = [\"ops@example.com\"]");
    let tls = reader.choice("tls", &MailTls::WORDS).unwrap_or(MailTls::Starttls);
    let port = kinds::port(reader).unwrap_or(tls.port());
    let user = user(reader);
    let password = kinds::secret(reader, "password");
    if reader.has("user") != reader.has("password") {
        let (there, missing) =
            if reader.has("user") { ("user", "password") } else { ("password", "user") };
        reader.wrong(there, format!("has no meaning without `{missing}`"));
    }
    let from = reader.text("from");
    let from = from.and_then(|text| mailbox(text).map_err(|why| reader.wrong("from", why)).ok());
    let to = reader.checked("to", |text| mailbox(text).map(drop));
    if reader.get("to").and_then(|list| list.get_ref().as_array()).is_some_and(|to| to.is_empty()) {
        reader.wrong("to", "names nobody");
    }
    if to.len() > RECIPIENTS {
        reader.wrong("to", format!("names more than {RECIPIENTS}; write to a list at the server"));
    }
    let host = reader.text("host")?;
    valid_target(host).map_err(|why| reader.wrong("host", why)).ok()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if tls == MailTls::None && reader.has("password") && !is_loopback(host) {
        let why = "would send the password readable for everybody on the way; \
                   write \"starttls\" or \"tls\"";
        reader.wrong("tls", why);
    }
    let ca_file = reader.text("ca_file").map(str::to_owned);
    if ca_file.is_some() && tls == MailTls::None {
        reader.wrong("ca_file", "has no meaning with tls = \"none\"");
    }
    Some(Email { host: host.to_owned(), port, tls, user, password, from: from?, to, ca_file })
}

/// A name is no secret; one that is said to be is read like a secret.
fn user(reader: &Reader<'_>) -> Option<Secret> {
    if reader.get("user")?.get_ref().is_str() {
        return reader.text("user").map(|text| Secret::Inline(text.to_owned()));
    }
    kinds::secret(reader, "user")
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    address || host.eq_ignore_ascii_case("localhost")
}

/// An address as it is written, when it is one that every server takes.
fn mailbox(text: &str) -> Result<String, String> {
    let cut: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    if text.chars().any(char::is_control) {
        return Err(format!("`{cut}` has a line break or control in it"));
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|_| {
        format!("`{cut}` is no address; write ops@example.com or \"NOC <noc@example.com>\"")
    })?;
    let address: &str = mailbox.email.as_ref();
    if !address.is_ascii() {
        return Err(format!("`{cut}`: the address has other characters than ASCII"));
    }
    if address.len() > ADDRESS || mailbox.name.is_some_and(|name| name.len() > NAME) {
        return Err(format!("`{cut}` is too long: {ADDRESS} bytes, its name {NAME}"));
    }
    Ok(text.trim().to_owned())
}
