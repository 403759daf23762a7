//! The fields of a network test, the same in the form of one that is run once and in that of a
//! schedule: which test, where from, where to, and the parameters of its kind.
//!
//! Never: says what else a form asks.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::TestKind;
use crate::tui::app::App;
use crate::tui::form::{Field, Form};
use crate::tui::panes::speed;
use crate::tui::triage::test_asked::{Said, Wrong};

/// Which ways are measured.
const WAYS: [&str; 3] = ["bidirectional", "download", "upload"];
/// How long each way is.
const SECONDS: [&str; 4] = ["10", "20", "30", "60"];
/// How many streams.
const STREAMS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
/// What carries it.
const CARRIERS: [&str; 2] = ["tcp", "udp"];
/// Names that a field offers in words.
const NAMED: usize = 3;

/// What is known to fit, for the words beside a field: `a, b, c …`.
fn some(known: &[String]) -> String {
    let few: Vec<&str> = known.iter().take(NAMED).map(String::as_str).collect();
    let more = if known.len() > NAMED { " …" } else { "" };
    if few.is_empty() { String::new() } else { format!("; → {}{more}", few.join(", ")) }
}

/// What was said, else what is usual.
pub(super) const fn or<'a>(said: &'a str, usual: &'a str) -> &'a str {
    if said.is_empty() { usual } else { said }
}

/// The field of the vantage.
fn agent(app: &App, said: &str) -> Field {
    let known = speed::names(app).0;
    let about = format!("empty: where the engine is{}", some(&known));
    Field::text("agent", said, about).of(known)
}

/// The field of the target.
fn target(app: &App, said: &str, about: &str) -> Field {
    let known = speed::names(app).1;
    let about = format!("{about}{}", some(&known));
    Field::text("target", said, about).of(known)
}

/// The kinds of tests, in the order of the choice.
const KINDS: [&str; 4] = ["speedtest", "trace", "probe", "dns"];
const TRACES: [&str; 3] = ["icmp", "udp", "tcp"];
const RECORDS: [&str; 9] = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

/// How a parameter of a test is written.
#[derive(Clone, Copy)]
enum Sort {
    /// A number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these numbers.
    Choice(&'static [&'static str]),
    /// Several words with blanks or commas between them.
    List,
}

/// A parameter: its field, the engine's word for it, how it is written, and how that is explained, or
/// what is usual of several words.
type Parameter = (&'static str, &'static str, Sort, &'static str);

/// The parameters of a kind of test that have a field.
const fn parameters(kind: TestKind) -> &'static [Parameter] {
    match kind {
        TestKind::Speedtest => &[
            ("protocol", "protocol", Sort::Word(&CARRIERS), ""),
            ("direction", "direction", Sort::Word(&WAYS), ""),
            ("seconds", "duration_seconds", Sort::Choice(&SECONDS), "20"),
            ("streams", "streams", Sort::Choice(&STREAMS), "4"),
        ],
        TestKind::Trace => &[
            ("protocol", "protocol", Sort::Word(&TRACES), ""),
            ("port", "port", Sort::Number, "of udp and tcp"),
            ("rounds", "count", Sort::Number, "1 to 1000; empty: 30"),
        ],
        TestKind::Probe => &[
            ("port", "port", Sort::Number, "1 to 65535"),
            ("protocol", "protocol", Sort::Word(&CARRIERS), ""),
        ],
        TestKind::Dns => &[
            ("resolvers", "resolvers", Sort::List, "10.0.0.1, 9.9.9.9; empty: the agent's own"),
            ("record", "record_type", Sort::Word(&RECORDS), ""),
        ],
    }
}

/// The fields of a kind of test; what was said of another kind is in them where it has a place.
pub(super) fn of(app: &App, kind: TestKind, values: &Said) -> Vec<Field> {
    let said = |key: &str| values.get(key).map_or("", String::as_str);
    let aim = match kind {
        TestKind::Speedtest => "empty: the nearest",
        TestKind::Dns => "the name to ask for",
        TestKind::Trace | TestKind::Probe => "a name or an address",
    };
    let mut fields = vec![
        agent(app, said("agent")),
        Field::choice("test", &KINDS, kind.word()),
        target(app, said("target"), aim),
    ];
    fields.extend(parameters(kind).iter().map(|(name, _, sort, about)| match sort {
        Sort::Word(options) | Sort::Choice(options) => {
            Field::choice(name, options, or(said(name), about))
        }
        Sort::Number | Sort::List => Field::text(name, said(name), *about),
    }));
    fields
}

/// What was said, for a test of another kind: tcp is what a speedtest begins with and hardly what
/// somebody wants of a trace.
pub(super) fn of_another_kind(mut values: Said) -> Said {
    values.remove("protocol");
    values.remove("port");
    values
}

/// What these parameters say, field by field.
pub(super) fn said(
    kind: TestKind,
    options: &BTreeMap<String, Value>,
) -> Vec<(&'static str, String)> {
    let one = |(name, word, ..): &Parameter| {
        let value = options.get(*word).map(|value| match value {
            Value::String(text) => text.clone(),
            Value::Array(all) => {
                all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        });
        (*name, value.unwrap_or_default())
    };
    parameters(kind).iter().map(one).collect()
}

/// The parameters of the test, in the engine's words, over those that are known.
pub(super) fn options(
    form: &Form,
    kind: TestKind,
    mut options: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Wrong> {
    for (name, word, sort, _) in parameters(kind) {
        let value = match sort {
            Sort::Word(_) => text(form, name).map(Value::from),
            Sort::Number | Sort::Choice(_) => number::<u64>(form, name)?.map(Value::from),
            Sort::List => {
                let apart = form.text(name).split([',', ' ']).map(str::trim);
                let all: Vec<&str> = apart.filter(|one| !one.is_empty()).collect();
                (!all.is_empty()).then(|| Value::from(all))
            }
        };
        match value {
            Some(value) => options.insert((*word).to_owned(), value),
            None => options.remove(*word),
        };
    }
    Ok(options)
}

/// A number that a field may say.
pub(super) fn number<T: std::str::FromStr>(form: &Form, field: &str) -> Result<Option<T>, Wrong> {
    match form.text(field) {
        "" => Ok(None),
        text => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err((field.to_owned(), format!("`{text}` is no such number"))),
        },
    }
}

/// What a field says, when it says something.
pub(super) fn text(form: &Form, field: &str) -> Option<String> {
    Some(form.text(field).to_owned()).filter(|text| !text.is_empty())
}
