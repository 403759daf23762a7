//! Questions and replies: what is sent, which reply belongs to it, and what is in it.

use std::fmt;
use std::fmt::Write as _;
use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

use crate::model::{Failure, FailureKind};

/// Longest name that DNS can ask for, as text.
const NAME_LIMIT: usize = 253;
/// Most records of a reply that are looked at.
const ANSWER_LIMIT: usize = 64;
/// Bytes of a message's header.
const HEADER: usize = 12;

/// A checked question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    name: Name,
    kind: RecordType,
    shown: String,
}

impl fmt::Display for Question {
    /// `example.com A`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shown, self.kind)
    }
}

/// A reply to the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The response code's usual name, such as `NOERROR` or `NXDOMAIN`.
    pub(super) code: String,
    /// The records of the asked type, as text without final dots.
    pub(super) answers: Vec<String>,
}

impl Reply {
    /// True when the resolver found no fault.
    pub(super) fn is_success(&self) -> bool {
        self.code == "NOERROR"
    }

    /// True when the server does not want to answer this question, or us.
    pub(super) fn is_refused(&self) -> bool {
        self.code == "REFUSED"
    }
}

/// What some bytes from a resolver are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A whole reply to our question.
    Reply(Reply),
    /// Our reply, cut to fit; the whole one is to be had over TCP.
    Truncated,
    /// Bears our number but cannot be read.
    Garbage,
    /// Another number or another question: late, forged or confused.
    Foreign,
}

impl Question {
    /// Checks name and record type. An address asked for `PTR` becomes its reverse name.
    pub(super) fn new(query: &str, record_type: &str) -> Result<Self, Failure> {
        let config = |text: String| Failure::new(FailureKind::Config, text);
        let kind = match record_type.to_ascii_uppercase().as_str() {
            "A" => RecordType::A,
            "AAAA" => RecordType::AAAA,
            "CNAME" => RecordType::CNAME,
            "MX" => RecordType::MX,
            "NS" => RecordType::NS,
            "PTR" => RecordType::PTR,
            "SOA" => RecordType::SOA,
            "SRV" => RecordType::SRV,
            "TXT" => RecordType::TXT,
            "CAA" => RecordType::CAA,
            _ => {
                let shown: String = record_type.chars().take(20).collect();
                return Err(config(format!(
                    "`{shown}` is no record type; write A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, \
                     TXT or CAA"
                )));
            }
        };
        let query = query.trim();
        let shown = if query == "." { query } else { query.strip_suffix('.').unwrap_or(query) };
        if shown.is_empty() || shown.len() > NAME_LIMIT {
            let text =
                format!("a name to ask for has 1 to {NAME_LIMIT} bytes, not {}", shown.len());
            return Err(config(text));
        }
        let reverse = (kind == RecordType::PTR).then(|| query.parse::<IpAddr>().ok()).flatten();
        let name = match reverse {
            Some(ip) => Ok(Name::from(ip)),
            // Names outside ASCII are asked in their IDNA form.
            None if query.is_ascii() => Name::from_ascii(query),
            None => Name::from_utf8(query),
        };
        let mut name =
            name.map_err(|error| config(format!("`{shown}` is no name to ask for: {error}")))?;
        name.set_fqdn(true);
        Ok(Self { name, kind, shown: shown.to_owned() })
    }

    /// The bytes of the question with this number.
    pub(super) fn encode(&self, id: u16) -> Result<Vec<u8>, Failure> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.kind));
        message.to_vec().map_err(|error| {
            Failure::new(FailureKind::Config, format!("cannot ask for {self}: {error}"))
        })
    }

    /// What these bytes are; never panics, whatever they are.
    pub(super) fn parse(&self, id: u16, bytes: &[u8]) -> Parsed {
        let [high, low, flags, ..] = bytes else { return Parsed::Foreign };
        let is_response = flags & 0x80 != 0;
        if bytes.len() < HEADER || !is_response || u16::from_be_bytes([*high, *low]) != id {
            return Parsed::Foreign;
        }
        let truncated = flags & 0x02 != 0;
        let Ok(message) = Message::from_vec(bytes) else {
            // A cut message may end in the middle of a record.
            return if truncated { Parsed::Truncated } else { Parsed::Garbage };
        };
        let code = message.metadata.response_code;
        let asked = match message.queries.as_slice() {
            [query] => {
                query.name == self.name
                    && query.query_type == self.kind
                    && query.query_class == DNSClass::IN
            }
            // Servers that refuse at once may leave the question out.
            [] => code != ResponseCode::NoError,
            _ => false,
        };
        if !asked || message.metadata.op_code != OpCode::Query {
            return Parsed::Foreign;
        }
        if truncated {
            return Parsed::Truncated;
        }
        let records = message.answers.iter().filter(|record| record.record_type() == self.kind);
        let answers = records.filter_map(|record| text(&record.data)).take(ANSWER_LIMIT).collect();
        Parsed::Reply(Reply { code: code_name(code), answers })
    }

    /// True for the question that every resolver with the whole internet can answer.
    pub(super) fn is_about_the_root(&self) -> bool {
        self.name.is_root()
    }

    /// What is wrong with a reply, in words; `None` when it is as expected.
    pub(super) fn complaint(&self, reply: &Reply, expected: &[String]) -> Option<String> {
        if !reply.is_success() {
            return Some(format!("{} for {self}", reply.code));
        }
        if reply.answers.is_empty() {
            return Some(format!("no {} record for {}", self.kind, self.shown));
        }
        let missing: Vec<&str> = expected
            .iter()
            .filter(|wanted| !reply.answers.iter().any(|answer| self.matches(answer, wanted)))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return None;
        }
        let came = reply.answers.join(", ");
        Some(format!("{self} lacks {}, came {came}", missing.join(", ")))
    }

    /// True when an answer is the wanted one: addresses by value, names without case and final
    /// dot, MX and SRV also by their host alone, texts exactly.
    fn matches(&self, answer: &str, wanted: &str) -> bool {
        let wanted = wanted.trim();
        if self.kind == RecordType::TXT {
            let bare = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            return answer == wanted || bare == Some(answer);
        }
        if let (Ok(answer), Ok(wanted)) = (answer.parse::<IpAddr>(), wanted.parse::<IpAddr>()) {
            return answer == wanted;
        }
        let wanted = plain(wanted).to_lowercase();
        let answer = answer.to_lowercase();
        let by_host = matches!(self.kind, RecordType::MX | RecordType::SRV)
            && !wanted.contains(' ')
            && answer.rsplit(' ').next() == Some(wanted.as_str());
        answer == wanted || by_host
    }
}

/// A record's data as text; `None` for a record without data.
fn text(data: &RData) -> Option<String> {
    if matches!(data, RData::Update0(_)) {
        return None;
    }
    let mut text = String::new();
    // Some kinds of data have no text; `to_string` would panic on them.
    write!(text, "{data}").ok()?;
    Some(if matches!(data, RData::TXT(_)) { text } else { plain(&text) })
}

/// Words joined by single blanks, without the final dot of a name.
fn plain(text: &str) -> String {
    let bare = |word: &str| match word.strip_suffix('.') {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => word.to_owned(),
    };
    text.split_whitespace().map(bare).collect::<Vec<_>>().join(" ")
}

fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        other => format!("RCODE {}", u16::from(other)),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
