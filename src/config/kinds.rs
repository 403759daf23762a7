//! The parameters of each kind of check: from a table to a [`Spec`].

use super::hosts::valid_target;
use super::reader::Reader;
use super::value;
use crate::model::spec::{
    CustomCommand, CustomSpec, DnsSpec, Family, HttpSpec, MysqlSpec, MysqlTls, PingSpec,
    ProcessSpec, StatusList, SystemSpec, TcpSpec, TraceProtocol, TraceSpec, UdpExpect, UdpSpec,
};
use crate::model::{Kind, Pattern, Secret, Span, Spec};

/// Words of `family`.
pub(super) const FAMILIES: [(&str, Family); 3] =
    [("auto", Family::Auto), ("v4", Family::V4), ("v6", Family::V6)];
/// Words of `tls`.
pub(super) const TLS: [(&str, MysqlTls); 4] = [
    ("disable", MysqlTls::Disable),
    ("prefer", MysqlTls::Prefer),
    ("require", MysqlTls::Require),
    ("verify", MysqlTls::Verify),
];
/// Words of a `udp` check's `expect`.
pub(super) const UDP_EXPECT: [(&str, UdpExpect); 2] =
    [("any", UdpExpect::Any), ("reply", UdpExpect::Reply)];
/// Words of a trace's `protocol`.
pub(super) const PROTOCOLS: [(&str, TraceProtocol); 3] =
    [("icmp", TraceProtocol::Icmp), ("udp", TraceProtocol::Udp), ("tcp", TraceProtocol::Tcp)];
/// Record types that `dns` knows.
pub const RECORD_TYPES: [&str; 10] =
    ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA"];
/// Largest compiled regular expression, in bytes of automaton.
const REGEX_LIMIT: usize = 1 << 20;
/// Largest body that an `http` check may ask to read.
const BODY_LIMIT: u64 = 64 << 20;
/// Most resolvers of one check.
const RESOLVER_LIMIT: usize = 32;

/// The spec of a check; `None` when something needed is missing or wrong (which was said).
pub(super) fn spec(reader: &Reader<'_>, kind: Kind) -> Option<Spec> {
    Some(match kind {
        Kind::Ping => Spec::Ping(ping(reader)),
        Kind::Tcp => Spec::Tcp(tcp(reader)?),
        Kind::Udp => Spec::Udp(udp(reader)?),
        Kind::Http => Spec::Http(http(reader)?),
        Kind::Dns => Spec::Dns(dns(reader)?),
        Kind::Mysql => Spec::Mysql(mysql(reader)?),
        Kind::Process => Spec::Process(process(reader)?),
        Kind::Custom => Spec::Custom(custom(reader)?),
        Kind::System => Spec::System(system(reader)),
        Kind::Trace => Spec::Trace(trace(reader)),
        Kind::Snmp => Spec::Snmp(Box::new(super::snmp::read(reader)?)),
        Kind::Json => Spec::Json(super::polled::json(reader)?),
        Kind::Scrape => Spec::Scrape(super::polled::scrape(reader, None)?),
        Kind::Fluxmq => Spec::Fluxmq(super::fluxmq::spec(reader)?),
        Kind::Fluxbase => Spec::Fluxbase(super::fluxbase::spec(reader)?),
        // It was refused before.
        Kind::Agent | Kind::Schedule | Kind::Query => return None,
    })
}

pub(super) fn family(reader: &Reader<'_>) -> Family {
    reader.choice("family", &FAMILIES).unwrap_or_default()
}

pub(super) fn port(reader: &Reader<'_>) -> Option<u16> {
    reader.number("port", 1..=65_535)
}

fn ping(reader: &Reader<'_>) -> PingSpec {
    let default = PingSpec::default();
    let gap = Span::from_millis(1)..=Span::from_secs(60);
    PingSpec {
        packets: reader.number("packets", 1..=100).unwrap_or(default.packets),
        packet_interval: reader.duration("packet_interval", gap).unwrap_or(default.packet_interval),
        size: reader.number("size", 8..=65_000).unwrap_or(default.size),
        family: family(reader),
    }
}

fn tcp(reader: &Reader<'_>) -> Option<TcpSpec> {
    reader.require("port", "port = 443");
    let send = reader.any_text("send").map(str::to_owned);
    let expect = reader.text("expect").map(str::to_owned);
    Some(TcpSpec { port: port(reader)?, send, expect, family: family(reader) })
}

fn udp(reader: &Reader<'_>) -> Option<UdpSpec> {
    reader.require("port", "port = 53");
    let send = reader.any_text("send").map(str::to_owned);
    let expect = reader.choice("expect", &UDP_EXPECT).unwrap_or_default();
    Some(UdpSpec { port: port(reader)?, send, expect, family: family(reader) })
}

fn http(reader: &Reader<'_>) -> Option<HttpSpec> {
    reader.require("url", "url = \"https://HOST/PATH\"");
    let default = HttpSpec::get("");
    let url = reader.text("url").and_then(|url| {
        valid_url(url).map_err(|why| reader.wrong("url", why)).ok().map(|()| url.to_owned())
    });
    let method = reader.text("method").and_then(|method| {
        let good = method.len() <= 32 && method.bytes().all(|b| b.is_ascii_uppercase());
        if !good {
            reader.wrong("method", format!("`{method}` is no method; write GET, HEAD or POST"));
        }
        good.then(|| method.to_owned())
    });
    let max_body = reader.parsed_by("max_body", value::size).unwrap_or(default.max_body);
    if !(1..=BODY_LIMIT).contains(&max_body) {
        reader.wrong("max_body", "is not within 1B to 64MiB");
    }
    let spec = HttpSpec {
        url: String::new(),
        method: method.unwrap_or(default.method),
        headers: headers(reader),
        body: reader.any_text("body").map(str::to_owned),
        status: status(reader).unwrap_or(default.status),
        contains: reader.text("contains").map(str::to_owned),
        regex: regex(reader, "regex"),
        max_body,
        redirects: reader.number("redirects", 0..=20).unwrap_or(default.redirects),
        insecure: reader.boolean("insecure").unwrap_or(false),
        family: family(reader),
    };
    Some(HttpSpec { url: url?, ..spec })
}

/// Checks an absolute `http` or `https` URL without login in it.
///
/// # Errors
/// What is wrong with it.
pub fn valid_url(text: &str) -> Result<(), String> {
    let cut: String = text.chars().take(100).collect();
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err(format!("`{cut}` must begin with http:// or https://"));
    }
    let url = url::Url::parse(text).map_err(|why| format!("`{cut}` is no URL: {why}"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("`{cut}` names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text is not repeated: it would show the password.
        return Err("the URL has a login in it, which every screen would show; \
                    write headers = { Authorization = \"Basic ...\" }"
            .to_owned());
    }
    Ok(())
}

pub(super) fn headers(reader: &Reader<'_>) -> std::collections::BTreeMap<String, String> {
    let mut headers = reader.map("headers");
    headers.retain(|name, value| {
        let name_good =
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        let value_good = !value.chars().any(|c| c.is_control() && c != '\t');
        if !name_good {
            reader.wrong("headers", format!("`{name}` is no header name"));
        } else if !value_good {
            reader.wrong("headers", format!("the value of `{name}` has a line break or control"));
        }
        name_good && value_good
    });
    headers
}

pub(super) fn status(reader: &Reader<'_>) -> Option<StatusList> {
    use toml::de::DeValue;
    let value = reader.get("status")?;
    let items: Vec<_> = match value.get_ref() {
        DeValue::Array(list) => list.iter().collect(),
        _ => vec![value],
    };
    let mut ranges = Vec::new();
    for item in items {
        let text = match item.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => {
                reader.type_error("status", item, "status codes such as [\"200-399\"]");
                continue;
            }
        };
        match text.parse::<StatusList>() {
            Ok(list) => ranges.extend(list.0),
            Err(why) => reader.sink.wrong(&item.span(), format!("status: {why}")),
        }
    }
    if ranges.is_empty() {
        reader.wrong("status", "must name at least one status, such as [\"200-399\"]");
        return None;
    }
    Some(StatusList(ranges))
}

/// A regular expression whose automaton stays small.
fn regex(reader: &Reader<'_>, key: &str) -> Option<String> {
    let text = reader.text(key)?;
    match regex::RegexBuilder::new(text).size_limit(REGEX_LIMIT).build() {
        Ok(_) => Some(text.to_owned()),
        Err(regex::Error::CompiledTooBig(_)) => {
            reader.wrong(key, "the regular expression is too large; use fewer repetitions");
            None
        }
        Err(error) => {
            // The crate draws the pattern over several lines; its last line says what is wrong.
            let words = error.to_string();
            let last = words.lines().last().unwrap_or_default();
            let last = last.strip_prefix("error: ").unwrap_or(last);
            reader.wrong(key, format!("`{text}` is no regular expression: {last}"));
            None
        }
    }
}

fn dns(reader: &Reader<'_>) -> Option<DnsSpec> {
    reader.require("query", "query = \"example.com\"");
    let types: Vec<(&str, &str)> = RECORD_TYPES.iter().map(|word| (*word, *word)).collect();
    let record_type = reader.choice("type", &types).unwrap_or("A").to_owned();
    let resolvers = reader.checked("resolvers", valid_resolver);
    if resolvers.len() > RESOLVER_LIMIT {
        reader.wrong("resolvers", format!("has more than {RESOLVER_LIMIT} entries"));
    }
    let answers = reader.checked("answers", |text| {
        if text.trim().is_empty() { Err("an answer must not be empty".to_owned()) } else { Ok(()) }
    });
    let query = reader.text("query")?;
    if let Err(why) = valid_dns_name(query) {
        reader.wrong("query", why);
        return None;
    }
    Some(DnsSpec { query: query.to_owned(), record_type, resolvers, answers })
}

fn valid_dns_name(name: &str) -> Result<(), String> {
    let cut: String = name.chars().take(80).collect();
    let bare = name.strip_suffix('.').unwrap_or(name);
    if bare.is_empty() && name == "." {
        return Ok(());
    }
    if bare.len() > 253 || bare.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(format!("`{cut}` is no name: parts have 1 to 63 bytes, all together 253"));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control() || "/:@?#\\\"".contains(c)) {
        return Err(format!("`{cut}` is no name; write it as example.com, without scheme or path"));
    }
    Ok(())
}

/// `ADDRESS`, `ADDRESS:PORT`, `[V6]:PORT` or a name.
fn valid_resolver(text: &str) -> Result<(), String> {
    if text.parse::<std::net::IpAddr>().is_ok() || text.parse::<std::net::SocketAddr>().is_ok() {
        return Ok(());
    }
    let bad = || {
        let cut: String = text.chars().take(80).collect();
        format!("`{cut}` is no resolver; write 9.9.9.9, 9.9.9.9:5353 or [2620:fe::fe]:53")
    };
    let (name, port) = text.split_once(':').unwrap_or((text, "53"));
    if port.parse::<u16>().ok().is_none_or(|port| port == 0) {
        return Err(bad());
    }
    valid_target(name).map_err(|_| bad())
}

fn mysql(reader: &Reader<'_>) -> Option<MysqlSpec> {
    reader.require("user", "user = \"monitor\"");
    let socket = reader.text("socket").map(str::to_owned);
    if socket.as_ref().is_some_and(|path| !path.starts_with('/')) {
        reader.wrong("socket", "must be an absolute path");
    }
    if socket.is_some() && reader.has("port") {
        reader.wrong("port", "has no meaning beside `socket`; write one of them");
    }
    let query = reader.text("query").map(str::to_owned);
    for key in ["result_warning", "result_critical"] {
        if reader.has(key) && query.is_none() {
            reader.wrong(key, "judges the result of `query`, which is not written");
        }
    }
    let spec = MysqlSpec {
        user: String::new(),
        password: secret(reader, "password"),
        port: port(reader).unwrap_or(3306),
        socket,
        database: reader.text("database").map(str::to_owned),
        tls: reader.choice("tls", &TLS).unwrap_or_default(),
        query,
    };
    Some(MysqlSpec { user: reader.text("user")?.to_owned(), ..spec })
}

pub(super) fn secret(reader: &Reader<'_>, key: &str) -> Option<Secret> {
    const FORMS: &str =
        "{ env = \"NAME\" }, { file = \"/path\" } or { command = [\"pass\", \"x\"] }";
    let value = reader.get(key)?;
    if value.get_ref().is_str() {
        let text = reader.any_text(key)?;
        let message =
            format!("{key} is readable for everybody who can read this file; write {FORMS}");
        reader.sink.warn(&value.span(), message);
        return Some(Secret::Inline(text.to_owned()));
    }
    if !value.get_ref().is_table() {
        reader.type_error(key, value, FORMS);
        return None;
    }
    let table = reader.table(key)?;
    table.refuse_unknown(&["env", "file", "command"]);
    let env = table.text("env").map(|name| Secret::Env(name.to_owned()));
    let file = table.text("file").map(|path| Secret::File(path.to_owned()));
    let command = table
        .texts("command")
        .map(|argv| Secret::Command(argv.into_iter().map(|(text, _)| text).collect()));
    if let Some(Secret::Command(argv)) = &command
        && argv.first().is_none_or(|program| program.trim().is_empty())
    {
        table.wrong("command", "must name a program");
    }
    if ["env", "file", "command"].iter().filter(|form| table.has(form)).count() != 1 {
        reader.wrong(key, format!("write exactly one of {FORMS}"));
        return None;
    }
    env.or(file).or(command)
}

fn process(reader: &Reader<'_>) -> Option<ProcessSpec> {
    let keys = ["process", "pattern", "user", "pid_file"];
    if !keys.iter().any(|key| reader.has(key)) {
        let mend = "process = \"nginx\", pattern, user or pid_file";
        reader.sink.missing(&reader.span, format!("{} needs one of {mend}", reader.what));
        return None;
    }
    Some(ProcessSpec {
        process: reader.text("process").map(str::to_owned),
        pattern: regex(reader, "pattern"),
        user: reader.text("user").map(str::to_owned),
        pid_file: reader.text("pid_file").map(str::to_owned),
    })
}

fn custom(reader: &Reader<'_>) -> Option<CustomSpec> {
    if reader.has("command") == reader.has("shell") {
        let why = format!(
            "{} needs either command = [\"/path/to/plugin\", \"-w\", \"5\"] or shell = \"...\"",
            reader.what
        );
        reader.sink.missing(&reader.span, why);
        return None;
    }
    let mut env = reader.map("env");
    env.retain(|name, _| {
        let good = !name.contains('=');
        if !good {
            reader.wrong("env", format!("`{name}` is no name of a variable"));
        }
        good
    });
    let command = if reader.has("shell") {
        CustomCommand::Shell(reader.text("shell")?.to_owned())
    } else {
        let Some(list) = reader.get("command").filter(|value| value.get_ref().is_array()) else {
            reader.wrong("command", "write a list: [\"/path/to/plugin\", \"-w\", \"5\"]");
            return None;
        };
        let argv: Vec<String> =
            reader.texts("command")?.into_iter().map(|(text, _)| text).collect();
        if argv.first().is_none_or(|program| program.trim().is_empty()) {
            reader.sink.wrong(&list.span(), "command: must name a program");
            return None;
        }
        CustomCommand::Argv(argv)
    };
    Some(CustomSpec { command, env })
}

fn system(reader: &Reader<'_>) -> SystemSpec {
    let glob = |text: &str| text.parse::<Pattern>().map(|_| ()).map_err(|error| error.to_string());
    SystemSpec {
        exclude_fs: reader.checked("exclude_fs", glob),
        exclude_if: reader.checked("exclude_if", glob),
    }
}

fn trace(reader: &Reader<'_>) -> TraceSpec {
    let default = TraceSpec::default();
    let protocol = reader.choice("protocol", &PROTOCOLS).unwrap_or_default();
    if protocol == TraceProtocol::Icmp && reader.has("port") {
        reader.wrong("port", "has no meaning for icmp; write protocol = \"udp\" or \"tcp\"");
    }
    let round = Span::from_millis(100)..=Span::from_secs(60);
    TraceSpec {
        protocol,
        port: port(reader),
        max_hops: reader.number("max_hops", 1..=64).unwrap_or(default.max_hops),
        round: reader.duration("round", round).unwrap_or(default.round),
        family: family(reader),
    }
}
