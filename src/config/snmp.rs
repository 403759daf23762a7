//! The parameters of `snmp`: from a table to its [`SnmpSpec`], and back for `config show`.

use std::collections::HashSet;

use toml::de::DeValue;

use super::kinds::{FAMILIES, family, port, secret};
use super::reader::Reader;
use super::show::{list, secret as show_secret, text};
use super::value::{Measure, integer};
use crate::model::snmp::{
    ENTRY_LIMIT, ObjectId, SnmpAuth, SnmpEntry, SnmpLogin, SnmpPrivacy, SnmpSpec, SnmpType,
    SnmpUser,
};
use crate::model::{Pattern, Secret, Unit};

/// The keys of the kind.
pub(super) const KEYS: &[&str] = &[
    "version",
    "community",
    "user",
    "context",
    "auth",
    "auth_password",
    "privacy",
    "privacy_password",
    "port",
    "host_metrics",
    "interfaces",
    "exclude_if",
    "exclude_fs",
    "get",
    "walk",
    "thresholds",
    "family",
];
/// Keys of an entry of `get`, and with the last one of `walk`.
const ENTRY: [&str; 6] = ["name", "oid", "unit", "scale", "type", "label"];
/// What has thresholds besides the entries, with what it counts.
pub(super) const METRICS: [(&str, Measure); 13] = [
    ("cpu_usage", Measure::Percent),
    ("memory_usage", Measure::Percent),
    ("disk_usage", Measure::Percent),
    ("io_wait", Measure::Percent),
    ("network_error_rate", Measure::Percent),
    ("load1_per_core", Measure::Count),
    ("swap_usage", Measure::Percent),
    ("inode_usage", Measure::Percent),
    ("uptime", Measure::Time),
    ("network_utilization", Measure::Percent),
    ("link_state", Measure::Count),
    ("octets_in", Measure::Count),
    ("octets_out", Measure::Count),
];
/// Names that entries cannot have, besides those with thresholds.
const TAKEN: [&str; 2] = ["load1", "network_speed"];

/// What a version asks for: the word, and whether it has users.
const VERSIONS: [(&str, Version); 3] =
    [("1", Version::One), ("2c", Version::TwoC), ("3", Version::Three)];
const AUTH: [(&str, SnmpAuth); 6] = [
    ("md5", SnmpAuth::Md5),
    ("sha", SnmpAuth::Sha),
    ("sha224", SnmpAuth::Sha224),
    ("sha256", SnmpAuth::Sha256),
    ("sha384", SnmpAuth::Sha384),
    ("sha512", SnmpAuth::Sha512),
];
const PRIVACY: [(&str, SnmpPrivacy); 5] = [
    ("aes", SnmpPrivacy::Aes),
    ("aes192", SnmpPrivacy::Aes192),
    ("aes256", SnmpPrivacy::Aes256),
    ("aes192-cisco", SnmpPrivacy::Aes192Cisco),
    ("aes256-cisco", SnmpPrivacy::Aes256Cisco),
];
const TYPES: [(&str, SnmpType); 2] = [("gauge", SnmpType::Gauge), ("counter", SnmpType::Counter)];
const UNITS: [(&str, Unit); 6] = [
    ("", Unit::Count),
    ("s", Unit::Seconds),
    ("B", Unit::Bytes),
    ("bit/s", Unit::BitsPerSecond),
    ("%", Unit::Percent),
    ("C", Unit::Celsius),
];
/// Longest name of an entry and of a unit, in bytes.
const NAME_LIMIT: usize = 64;
/// Shortest password of a user (RFC 3414, 11.2).
const PASSWORD_LEAST: usize = 8;

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    TwoC,
    Three,
}

/// The spec of a table; `None` when something needed is missing or wrong (which was said).
pub(super) fn read(reader: &Reader<'_>) -> Option<SnmpSpec> {
    let default = SnmpSpec::new(SnmpLogin::V2c(Secret::Inline(String::new())));
    let glob = |text: &str| text.parse::<Pattern>().map(|_| ()).map_err(|error| error.to_string());
    let interfaces = if reader.has("interfaces") {
        reader.checked("interfaces", glob)
    } else {
        default.interfaces
    };
    let login = login(reader);
    let mut names: HashSet<String> = METRICS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(TAKEN.map(str::to_owned));
    let spec = SnmpSpec {
        port: port(reader).unwrap_or(default.port),
        login: default.login,
        host_metrics: reader.boolean("host_metrics").unwrap_or(default.host_metrics),
        interfaces,
        exclude_if: reader.checked("exclude_if", glob),
        exclude_fs: reader.checked("exclude_fs", glob),
        get: entries(reader, "get", &mut names),
        walk: entries(reader, "walk", &mut names),
        family: family(reader),
    };
    let nothing = !spec.host_metrics
        && spec.interfaces.is_empty()
        && !reader.has("get")
        && !reader.has("walk");
    if nothing {
        reader.wrong(
            "host_metrics",
            "with interfaces = [] nothing is left to ask; write get = [...]",
        );
    }
    Some(SnmpSpec { login: login?, ..spec })
}

fn login(reader: &Reader<'_>) -> Option<SnmpLogin> {
    let version =
        if reader.has("version") { reader.choice("version", &VERSIONS)? } else { Version::TwoC };
    if version == Version::Three {
        if reader.has("community") {
            reader.wrong("community", "version 3 has users; write user = \"NAME\"");
        }
        return user(reader).map(SnmpLogin::V3);
    }
    for key in ["user", "context", "auth", "auth_password", "privacy", "privacy_password"] {
        if reader.has(key) {
            reader.wrong(key, "is of version 3; write version = \"3\"");
        }
    }
    reader.require("community", "community = { env = \"SNMP_COMMUNITY\" }");
    let community = secret(reader, "community")?;
    Some(if version == Version::One { SnmpLogin::V1(community) } else { SnmpLogin::V2c(community) })
}

fn user(reader: &Reader<'_>) -> Option<SnmpUser> {
    reader.require("user", "user = \"monitor\"");
    if reader.any_text("privacy").is_some_and(|word| word.eq_ignore_ascii_case("des")) {
        reader.wrong("privacy", "DES protects nothing and is not offered; write \"aes\" and let the agent's user have AES");
        return None;
    }
    let auth = with_password(reader, "auth", "auth_password", reader.choice("auth", &AUTH))?;
    let privacy = reader.choice("privacy", &PRIVACY);
    let privacy = with_password(reader, "privacy", "privacy_password", privacy)?;
    if privacy.is_some() && auth.is_none() {
        reader.wrong("privacy", "needs a signature too; write auth = \"sha256\" and auth_password");
    }
    let name = reader.text("user")?;
    if name.len() > 32 {
        reader.wrong("user", "is longer than 32 bytes");
    }
    let context = reader.any_text("context").unwrap_or_default().to_owned();
    Some(SnmpUser { name: name.to_owned(), context, auth, privacy })
}

/// An algorithm with its password: both or neither. `None` when that was wrong.
#[expect(clippy::option_option, reason = "the outer one is: it was complained about")]
fn with_password<T>(
    reader: &Reader<'_>,
    key: &str,
    password: &str,
    algorithm: Option<T>,
) -> Option<Option<(T, Secret)>> {
    match (reader.has(key), reader.has(password)) {
        (false, false) => return Some(None),
        (true, false) => {
            let mend = format!("needs its password; write {password} = {{ env = \"NAME\" }}");
            reader.wrong(key, mend);
            return None;
        }
        (false, true) => {
            let example = if key == "auth" { "sha256" } else { "aes" };
            reader.wrong(password, format!("needs its algorithm; write {key} = \"{example}\""));
            return None;
        }
        (true, true) => {}
    }
    let secret = secret(reader, password)?;
    if let Secret::Inline(text) = &secret
        && text.len() < PASSWORD_LEAST
    {
        reader.wrong(password, format!("is shorter than {PASSWORD_LEAST} characters"));
        return None;
    }
    Some(Some((algorithm?, secret)))
}

fn entries(reader: &Reader<'_>, key: &str, names: &mut HashSet<String>) -> Vec<SnmpEntry> {
    let mut entries = Vec::new();
    for table in reader.tables(key, &format!("{key} = [{{ name = .., oid = .. }}]")) {
        entries.extend(entry(&table, key == "walk", names));
    }
    if entries.len() > ENTRY_LIMIT {
        reader.wrong(key, format!("has more than {ENTRY_LIMIT} entries"));
    }
    entries
}

fn entry(reader: &Reader<'_>, walk: bool, names: &mut HashSet<String>) -> Option<SnmpEntry> {
    let known = if walk { &ENTRY[..] } else { &ENTRY[..5] };
    reader.refuse_unknown(known);
    reader.require("name", "name = \"temperature\"");
    reader.require("oid", "oid = \"1.3.6.1.4.1.9.9.13.1.3.1.3.1\"");
    let name = reader.text("name").and_then(|name| {
        let good = name.len() <= NAME_LIMIT
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !good {
            let cut: String = name.chars().take(NAME_LIMIT).collect();
            reader.wrong("name", format!("`{cut}` is no name; write letters, digits, _ and -"));
        } else if !names.insert(name.to_owned()) {
            reader.wrong("name", format!("`{name}` is a metric already; write another name"));
            return None;
        }
        good.then(|| name.to_owned())
    });
    let label = reader.parsed_by("label", oid);
    let oid = reader.parsed_by("oid", oid);
    Some(SnmpEntry {
        label,
        unit: unit(reader).unwrap_or_default(),
        scale: scale(reader).unwrap_or(1.0),
        counts: reader.choice("type", &TYPES).unwrap_or_default(),
        name: name?,
        oid: oid?,
    })
}

fn oid(text: &str) -> Result<ObjectId, String> {
    text.parse()
}

fn unit(reader: &Reader<'_>) -> Option<Unit> {
    let word = reader.any_text("unit")?;
    if word.len() > 16 || word.chars().any(|c| c.is_control() || c.is_whitespace()) {
        reader.wrong("unit", "write s, B, bit/s, %, C or a short word of your own");
        return None;
    }
    let known = UNITS.iter().find(|(name, _)| *name == word);
    Some(known.map_or_else(|| Unit::Other(word.into()), |(_, unit)| unit.clone()))
}

fn scale(reader: &Reader<'_>) -> Option<f64> {
    let value = reader.get("scale")?;
    let number = match value.get_ref() {
        DeValue::Integer(number) => {
            integer(number).and_then(|n| i32::try_from(n).ok()).map(f64::from)
        }
        DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
        _ => {
            reader.type_error("scale", value, "a number such as 0.1");
            return None;
        }
    };
    let good = number.filter(|number| number.is_finite() && *number != 0.0);
    if good.is_none() {
        reader.wrong("scale", "must be a finite number that is not 0, such as 0.1");
    }
    good
}

/// The names that `thresholds` may have in a table.
pub(super) fn judged(reader: &Reader<'_>) -> Vec<String> {
    let mut names: Vec<String> = METRICS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for key in ["get", "walk"] {
        let list = reader.get(key).and_then(|value| value.get_ref().as_array());
        for item in list.into_iter().flatten() {
            let name = item.get_ref().as_table().and_then(|table| table.get("name"));
            names.extend(name.and_then(|name| name.get_ref().as_str()).map(str::to_owned));
        }
    }
    names
}

/// What a metric counts.
pub(super) fn measure(metric: &str) -> Measure {
    METRICS.iter().find(|(name, _)| *name == metric).map_or(Measure::Count, |(_, measure)| *measure)
}

/// The keys with their values as TOML.
pub(super) fn show(spec: &SnmpSpec) -> Vec<(&'static str, String)> {
    let mut keys = vec![("version", text(spec.login.version()))];
    match &spec.login {
        SnmpLogin::V1(community) | SnmpLogin::V2c(community) => {
            keys.push(("community", show_secret(community)));
        }
        SnmpLogin::V3(user) => {
            keys.push(("user", text(&user.name)));
            if !user.context.is_empty() {
                keys.push(("context", text(&user.context)));
            }
            if let Some((auth, secret)) = &user.auth {
                keys.push(("auth", text(word(auth, &AUTH))));
                keys.push(("auth_password", show_secret(secret)));
            }
            if let Some((privacy, secret)) = &user.privacy {
                keys.push(("privacy", text(word(privacy, &PRIVACY))));
                keys.push(("privacy_password", show_secret(secret)));
            }
        }
    }
    keys.push(("port", spec.port.to_string()));
    keys.push(("host_metrics", spec.host_metrics.to_string()));
    keys.push(("interfaces", list(&spec.interfaces)));
    keys.push(("exclude_if", list(&spec.exclude_if)));
    keys.push(("exclude_fs", list(&spec.exclude_fs)));
    for (key, entries) in [("get", &spec.get), ("walk", &spec.walk)] {
        if !entries.is_empty() {
            let shown: Vec<String> = entries.iter().map(show_entry).collect();
            keys.push((key, format!("[{}]", shown.join(", "))));
        }
    }
    keys.push(("family", text(word(&spec.family, &FAMILIES))));
    keys
}

fn word<T: PartialEq>(value: &T, words: &'static [(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, one)| one == value).map_or("", |(word, _)| word)
}

fn show_entry(entry: &SnmpEntry) -> String {
    let mut parts = vec![
        format!("name = {}", text(&entry.name)),
        format!("oid = {}", text(&entry.oid.to_string())),
    ];
    if let Some(label) = &entry.label {
        parts.push(format!("label = {}", text(&label.to_string())));
    }
    let unit = match &entry.unit {
        Unit::Other(word) => word.to_string(),
        known => {
            UNITS.iter().find(|(_, unit)| unit == known).map_or("", |(word, _)| word).to_owned()
        }
    };
    parts.push(format!("unit = {}", text(&unit)));
    // Always with a point or an exponent, so that it reads back as the same kind of number.
    parts.push(format!("scale = {:?}", entry.scale));
    parts.push(format!("type = {}", text(word(&entry.counts, &TYPES))));
    format!("{{ {} }}", parts.join(", "))
}
