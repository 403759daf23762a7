//! `[flux_notify]` and the `[[channel]]` of that kind: where the service is and what it is sent.
//!
//! What a channel does not say is as the section says, so that the environment's names reach all
//! of them. A section with a URL and no such channel makes one, called [`NAME`].

use super::kinds;
use super::reader::Reader;
use super::settings::FluxNotify as Section;
use crate::model::flux_notify::{FIELDS, FluxNotify, Gate, NAME, Severity, Step};
use crate::model::{Channel, ChannelKind, Span};

/// Longest name of a field of the service, in bytes.
const FIELD_BYTES: usize = 64;
/// Methods that a request may have.
const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

/// A severity's word.
///
/// # Errors
/// A sentence with what is allowed.
pub(super) fn severity(text: &str) -> Result<Severity, String> {
    word(text, &Severity::ALL.map(|severity| (severity.word(), severity)))
}

/// What opens an incident.
///
/// # Errors
/// A sentence with what is allowed.
pub(super) fn gate(text: &str) -> Result<Gate, String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    word(&text, &Gate::WORDS)
}

fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let cut: String = text.chars().take(40).collect();
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("`{cut}` is unknown{}", super::problem::allowed(text, &known))
    })
}

/// The channel that there is because the section names a URL.
pub(super) fn implied(section: &Section) -> Option<Channel> {
    let kind = ChannelKind::FluxNotify(Box::new(from(section, section.url.as_deref()?)));
    Some(Channel { name: NAME.into(), kind, timeout: Span::from_secs(10) })
}

fn from(section: &Section, url: &str) -> FluxNotify {
    FluxNotify {
        api_key: section.api_key.clone(),
        gate: section.incident_severity,
        default_severity: section.default_severity,
        contact_list: section.contact_list.clone(),
        ..FluxNotify::at(url)
    }
}

/// Reads a `[[channel]]` of the kind.
pub(super) fn read(reader: &Reader<'_>, section: &Section) -> Option<FluxNotify> {
    if section.url.is_none() {
        reader.require("url", "url = \"http://flux-notify:8080\", or set FLUX_NOTIFY_URL");
    }
    let written = reader.text("url");
    if let Some(why) = written.and_then(|url| kinds::valid_url(url).err()) {
        reader.wrong("url", why);
        return None;
    }
    let mut service = from(section, written.or(section.url.as_deref())?);
    service.api_key = kinds::secret(reader, "api_key").or(service.api_key);
    if let Some(gate) = reader.parsed_by("incident_severity", gate) {
        service.gate = gate;
    }
    if let Some(severity) = reader.parsed_by("default_severity", severity) {
        service.default_severity = severity;
    }
    if let Some(list) = reader.name("contact_list") {
        service.contact_list = Some(list.to_owned());
    }
    if let Some(header) = reader.parsed_by("key_header", header) {
        service.key_header = header;
    }
    if let Some(place) = reader.parsed_by("incident_id", pointer) {
        service.incident_id = place;
    }
    service.headers = kinds::headers(reader);
    if let Some(requests) = reader.table("requests") {
        requests.refuse_unknown(&Step::ALL.map(Step::word));
        for step in Step::ALL {
            if let Some(request) = requests.parsed_by(step.word(), request) {
                service.requests.insert(step, request);
            }
        }
    }
    if let Some(fields) = reader.table("fields") {
        fields.refuse_unknown(&FIELDS);
        for field in FIELDS.into_iter().filter(|field| fields.has(field)) {
            let Some(name) = fields.any_text(field) else { continue };
            if name.len() > FIELD_BYTES || name.chars().any(char::is_control) {
                fields.wrong(field, "is no name of a field, or is too long");
            } else {
                service.fields.insert(field.to_owned(), name.to_owned());
            }
        }
    }
    Some(service)
}

fn header(text: &str) -> Result<String, String> {
    let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let cut: String = text.chars().take(40).collect();
    if good { Ok(text.to_owned()) } else { Err(format!("`{cut}` is no header name")) }
}

fn pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("is no place in an answer; write \"/id\" or \"/incident/id\"".to_owned())
    }
}

fn request(text: &str) -> Result<String, String> {
    let good = text.split_once(' ').is_some_and(|(method, path)| {
        METHODS.contains(&method)
            && path.starts_with('/')
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let cut: String = text.chars().take(80).collect();
    let mend = "write \"POST /path\" (or PUT, PATCH); {incident} is the incident's id";
    if good { Ok(text.to_owned()) } else { Err(format!("`{cut}` is no request; {mend}")) }
}
