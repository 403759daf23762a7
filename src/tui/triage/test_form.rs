//! The form of a speedtest that is run once.

use crate::model::{Direction, Name, SpeedSpec, TestSpec, Transport};
use crate::protocol::Command;
use crate::tui::app::{App, Overlay};
use crate::tui::form::{Field, Form};
use crate::tui::panes::speed::{self, words};
use crate::tui::triage::test_asked::{self, Asking, Said, What, Wrong};
use crate::tui::triage::{OpenForm, Purpose};

/// Which ways are measured.
pub(super) const WAYS: [&str; 3] = ["bidirectional", "download", "upload"];
/// How long each way is.
pub(super) const SECONDS: [&str; 4] = ["10", "20", "30", "60"];
/// How many streams.
pub(super) const STREAMS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
/// What carries it.
pub(super) const CARRIERS: [&str; 2] = ["tcp", "udp"];
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
pub(super) fn agent(app: &App, said: &str) -> Field {
    let known = speed::names(app).0;
    let about = format!("empty: where the engine is{}", some(&known));
    Field::text("agent", said, about).of(known)
}

/// The field of the target.
pub(super) fn target(app: &App, said: &str, about: &str) -> Field {
    let known = speed::names(app).1;
    let about = format!("{about}{}", some(&known));
    Field::text("target", said, about).of(known)
}

/// Opens the form for the row under the cursor; what it does not say is as last time.
pub fn open_test(app: &mut App) {
    let mut last: Said = app.triage.last_test.clone();
    if let Some(row) = speed::chosen(app) {
        last.insert("agent".to_owned(), row.agent.to_string());
        last.insert("target".to_owned(), row.target.clone());
    }
    let said = |key: &str| last.get(key).map_or("", String::as_str);
    let mut form = Form::new(
        "Run a speedtest",
        "once, as soon as nothing else runs there",
        vec![
            agent(app, said("agent")),
            target(app, said("target"), "empty: the nearest"),
            Field::choice("protocol", &CARRIERS, said("protocol")),
            Field::choice("direction", &WAYS, said("direction")),
            Field::choice("seconds", &SECONDS, or(said("seconds"), "20")),
            Field::choice("streams", &STREAMS, or(said("streams"), "4")),
            Field::text("bitrate", said("bitrate"), "of udp, in Mbps; empty: 10"),
            Field::toggle(
                "wait",
                said("wait") == "true",
                "for an agent that is away",
                "refused while the agent is away",
            ),
        ],
    );
    form.send = "Run";
    preview(app, &mut form);
    let purpose = Purpose::Test(Box::new(Asking::new(What::Test)));
    app.open(Overlay::Form(Box::new(OpenForm { form, purpose })));
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

/// The test that the form means.
fn spec(form: &Form) -> Result<TestSpec, Wrong> {
    let udp = form.text("protocol") == "udp";
    let spec = TestSpec::Speedtest(SpeedSpec {
        target: text(form, "target"),
        protocol: if udp { Transport::Udp } else { Transport::Tcp },
        direction: match form.text("direction") {
            "download" => Direction::Download,
            "upload" => Direction::Upload,
            _ => Direction::Bidirectional,
        },
        duration_seconds: number(form, "seconds")?.unwrap_or(20),
        streams: number(form, "streams")?.unwrap_or(4),
        // A rate that was written for UDP does not keep TCP from running.
        bitrate_mbps: if udp { number(form, "bitrate")? } else { None },
    });
    spec.check().map_err(|why| test_asked::wrong(&why))?;
    Ok(spec)
}

/// What is asked for.
pub(super) fn command(form: &Form) -> Result<Command, Wrong> {
    let agent = text(form, "agent").map(|name| Name::from(name.as_str()));
    Ok(Command::RunTest { agent, spec: spec(form)?, wait: form.is_on("wait") })
}

/// Says what would be run, how much it moves and what runs there now.
pub(super) fn preview(app: &App, form: &mut Form) {
    form.preview = match spec(form) {
        Ok(spec) => {
            let own = speed::nodes(app).nodes.iter().find(|node| node.own);
            let own = own.map_or_else(|| "the engine".to_owned(), |node| node.name.to_string());
            let agent = text(form, "agent").unwrap_or(own);
            let facts = speed::facts(app, &agent, &spec);
            let pair = speed::pair_words(&agent, &spec.target());
            vec![format!("{pair}: {}, {}", words::what(&spec), facts.amount), facts.busy]
        }
        Err((field, why)) => vec![format!("{field}: {why}")],
    };
}
