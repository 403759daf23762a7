//! The kinds that poll an endpoint: `json` and `scrape`, with the metrics that they name.

use toml::de::DeValue;

use super::kinds::{family, headers, secret, status, valid_url};
use super::reader::Reader;
use super::value::{self, Measure};
use crate::model::spec::{
    Endpoint, Exposition, JsonForm, JsonSpec, JsonValue, ScrapeSpec, SeriesMetric, StatusList,
};
use crate::model::{Kind, Selector, Unit};

/// Words of a `json` check's `form`.
pub(super) const FORMS: [(&str, JsonForm); 3] =
    [("json", JsonForm::Json), ("health", JsonForm::Health), ("probe", JsonForm::Probe)];
/// Words of `fallback`.
pub(super) const EXPOSITIONS: [(&str, Exposition); 2] =
    [("text", Exposition::Text), ("openmetrics", Exposition::OpenMetrics)];
/// Words of `unit`, with what a threshold of it counts.
pub(super) const UNITS: [(&str, Unit, Measure); 6] = [
    ("count", Unit::Count, Measure::Count),
    ("seconds", Unit::Seconds, Measure::Time),
    ("bytes", Unit::Bytes, Measure::Bytes),
    ("percent", Unit::Percent, Measure::Percent),
    ("bits per second", Unit::BitsPerSecond, Measure::Count),
    ("celsius", Unit::Celsius, Measure::Count),
];
/// What the check measures by itself; a named metric cannot be called so.
const OWN: [&str; 10] = [
    "time",
    "time_dns",
    "time_connect",
    "time_tls",
    "time_first_byte",
    "size",
    "status",
    "samples",
    "certificate_days",
    "observed",
];
/// Largest body that a check may ask to read.
const JSON_BODY_LIMIT: u64 = 8 << 20;
const SCRAPE_BODY_LIMIT: u64 = 64 << 20;
/// Most metrics of one check.
const METRIC_LIMIT: usize = 64;

/// The key under which a kind names its metrics, with the keys of one of them.
pub(super) const fn named(kind: Kind) -> Option<(&'static str, &'static [&'static str])> {
    match kind {
        Kind::Json => Some(("values", &["path", "label", "expect", "unit", "warning", "critical"])),
        Kind::Scrape => Some(("metrics", &["series", "rate", "unit", "warning", "critical"])),
        _ => None,
    }
}

/// What the thresholds of a named metric count, by its `unit`.
pub(super) fn measure(entry: &Reader<'_>) -> Measure {
    let word = entry.get("unit").and_then(|value| value.get_ref().as_str()).unwrap_or("");
    UNITS.iter().find(|(known, ..)| *known == word).map_or(Measure::Count, |(.., measure)| *measure)
}

fn unit(entry: &Reader<'_>) -> Unit {
    let words: Vec<(&str, usize)> =
        UNITS.iter().enumerate().map(|(at, (word, ..))| (*word, at)).collect();
    let at = entry.choice("unit", &words);
    at.and_then(|at| UNITS.get(at)).map_or(Unit::Count, |(_, unit, _)| unit.clone())
}

fn endpoint(
    reader: &Reader<'_>,
    given: Option<&str>,
    default: u64,
    limit: u64,
) -> Option<Endpoint> {
    if given.is_none() {
        reader.require("url", "url = \"https://HOST/PATH\"");
    }
    let url = given.or_else(|| reader.text("url")).and_then(|url| {
        valid_url(url).map_err(|why| reader.wrong("url", why)).ok().map(|()| url.to_owned())
    });
    let max_body = reader.parsed_by("max_body", value::size).unwrap_or(default);
    if !(1..=limit).contains(&max_body) {
        reader.wrong("max_body", format!("is not within 1B to {}", value::show_size(limit)));
    }
    let read = Endpoint {
        url: String::new(),
        headers: headers(reader),
        token: secret(reader, "token"),
        user: reader.text("user").map(str::to_owned),
        password: secret(reader, "password"),
        max_body,
        redirects: reader.number("redirects", 0..=20).unwrap_or(5),
        insecure: reader.boolean("insecure").unwrap_or(false),
        family: family(reader),
    };
    if read.token.is_some() && read.user.is_some() {
        reader.wrong("token", "has no meaning beside `user`; write one of them");
    }
    if read.password.is_some() && !reader.has("user") {
        reader.wrong("password", "needs `user`; a bearer token is written as `token`");
    }
    Some(Endpoint { url: url?, ..read })
}

pub(super) fn json(reader: &Reader<'_>) -> Option<JsonSpec> {
    let form = reader.choice("form", &FORMS).unwrap_or_default();
    let values = entries(reader, Kind::Json, |entry, name| {
        entry.require("path", "path = \"$.queue.length\"");
        let path = entry.text("path")?;
        if let Err(error) = serde_json_path::JsonPath::parse(path) {
            entry.wrong("path", format!("`{path}` is no JSONPath: {error}; write $.queue.length"));
            return None;
        }
        let expect: Vec<String> =
            entry.texts("expect").unwrap_or_default().into_iter().map(|(text, _)| text).collect();
        for key in ["warning", "critical", "unit"] {
            if !expect.is_empty() && entry.has(key) {
                entry.wrong(key, "judges a number, and `expect` makes it a text");
            }
        }
        Some(JsonValue {
            name: name.to_owned(),
            path: path.to_owned(),
            label: entry.text("label").map(str::to_owned),
            expect,
            unit: unit(entry),
        })
    });
    if form == JsonForm::Probe && !values.is_empty() {
        reader.wrong("values", "a probe is judged by its status; write form = \"json\"");
    }
    let endpoint = endpoint(reader, None, JsonSpec::MAX_BODY, JSON_BODY_LIMIT);
    let good = if form == JsonForm::Probe { (200, 399) } else { (200, 299) };
    let status = status(reader).unwrap_or_else(|| StatusList(vec![good]));
    Some(JsonSpec { endpoint: endpoint?, form, status, values })
}

/// A `scrape` check; with `url` the targets are known from elsewhere.
pub(super) fn scrape(reader: &Reader<'_>, url: Option<&str>) -> Option<ScrapeSpec> {
    let metrics = entries(reader, Kind::Scrape, |entry, name| {
        entry.require("series", "series = 'node_filesystem_avail_bytes{mountpoint=\"/\"}'");
        let series = entry.text("series")?.parse::<Selector>();
        Some(SeriesMetric {
            name: name.to_owned(),
            series: series.map_err(|why| entry.wrong("series", why.to_string())).ok()?,
            rate: entry.boolean("rate").unwrap_or(false),
            unit: unit(entry),
        })
    });
    let max_samples = reader.number("max_samples", 1..=1_000_000);
    let fallback = reader.choice("fallback", &EXPOSITIONS);
    let endpoint = endpoint(reader, url, ScrapeSpec::MAX_BODY, SCRAPE_BODY_LIMIT)?;
    let max_samples = max_samples.unwrap_or(ScrapeSpec::MAX_SAMPLES);
    Some(ScrapeSpec { endpoint, fallback, max_samples, metrics })
}

/// Reads each named metric of a kind.
fn entries<T>(
    reader: &Reader<'_>,
    kind: Kind,
    read: impl Fn(&Reader<'_>, &str) -> Option<T>,
) -> Vec<T> {
    let Some((key, known)) = named(kind) else { return Vec::new() };
    let Some(table) = reader.table(key) else { return Vec::new() };
    if table.keys().count() > METRIC_LIMIT {
        reader.wrong(key, format!("has more than {METRIC_LIMIT} entries"));
    }
    let mut all = Vec::new();
    for (name, span) in table.keys() {
        if OWN.contains(&name) {
            let why = format!("{key}: the check measures `{name}` by itself; choose another name");
            table.sink.wrong(&span, why);
        } else if name.trim().is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
            table.sink.wrong(&span, format!("{key}: a name has 1 to 128 visible characters"));
        }
        let is_table =
            table.get(name).is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)));
        if !is_table {
            let first = known.first().copied().unwrap_or("");
            table.wrong(
                name,
                format!("write {{ {first} = \"...\", warning = \"...\", critical = \"...\" }}"),
            );
            continue;
        }
        let Some(entry) = table.table(name) else { continue };
        entry.refuse_unknown(known);
        all.extend(read(&entry, name));
    }
    all
}
