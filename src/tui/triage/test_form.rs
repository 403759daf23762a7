//! The form of a test that is run once.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Name, TestKind, TestSpec};
use crate::protocol::Command;
use crate::tui::app::{App, Overlay};
use crate::tui::form::{Field, Form};
use crate::tui::panes::speed::{self, words};
use crate::tui::triage::test_asked::{self, Asking, Said, What, Wrong, said};
use crate::tui::triage::test_fields::{self, number, text};
use crate::tui::triage::{OpenForm, Purpose};

/// What the form begins with.
#[derive(Clone, Debug, Default)]
pub struct Begin {
    /// The kind of test; `None` is as last time.
    pub kind: Option<TestKind>,
    /// Where from and where to; `None` is as last time.
    pub pair: Option<(Name, String)>,
}

/// Opens the form; what it does not say is as last time.
pub fn open(app: &mut App, begin: Begin) {
    let mut last: Said = app.triage.last_test.clone();
    if let Some((agent, target)) = begin.pair {
        last.insert("agent".to_owned(), agent.to_string());
        last.insert("target".to_owned(), target);
    }
    let before = last.get("test").and_then(|word| word.parse().ok());
    let kind = begin.kind.or(before).unwrap_or(TestKind::Speedtest);
    if before.is_some_and(|before| before != kind) {
        last = test_fields::of_another_kind(last);
    }
    let objects = "once, as soon as nothing else runs there";
    let mut form = Form::new("Run a network test", objects, fields(app, kind, &last));
    form.send = "Run";
    preview(app, &mut form, kind);
    let purpose = Purpose::Test(Box::new(Asking::new(What::Test { kind })));
    app.open(Overlay::Form(Box::new(OpenForm { form, purpose })));
}

/// Opens the form for the row of the speed view under the cursor.
pub fn open_test(app: &mut App) {
    let pair = speed::chosen(app).map(|row| row.pair());
    open(app, Begin { kind: Some(TestKind::Speedtest), pair });
}

/// The fields of a test that is run once.
fn fields(app: &App, kind: TestKind, values: &Said) -> Vec<Field> {
    let said = |key: &str| values.get(key).map_or("", String::as_str);
    let mut fields = test_fields::of(app, kind, values);
    if kind == TestKind::Speedtest {
        fields.push(Field::text("bitrate", said("bitrate"), "of udp, in Mbps; empty: 10"));
    }
    fields.push(Field::toggle(
        "wait",
        said("wait") == "true",
        "for an agent that is away",
        "refused while the agent is away",
    ));
    fields
}

/// The form was changed: a test of another kind has other fields.
pub(super) fn changed(app: &App, form: &mut Form, kind: &mut TestKind) {
    let chosen = form.text("test").parse().unwrap_or(*kind);
    if chosen != *kind {
        let values = test_fields::of_another_kind(said(form));
        *kind = chosen;
        // The choice stays where it is: what stands before it is the same for all.
        form.fields = fields(app, chosen, &values);
    }
    preview(app, form, *kind);
}

/// The test that the form means.
fn spec(form: &Form, kind: TestKind) -> Result<TestSpec, Wrong> {
    let mut options = test_fields::options(form, kind, BTreeMap::new())?;
    // A rate that was written for UDP does not keep TCP from running.
    if kind == TestKind::Speedtest
        && form.text("protocol") == "udp"
        && let Some(rate) = number::<f64>(form, "bitrate")?
    {
        options.insert("bitrate_mbps".to_owned(), Value::from(rate));
    }
    TestSpec::of(kind, text(form, "target").as_deref(), options)
        .map_err(|why| test_asked::wrong(&why))
}

/// What is asked for.
pub(super) fn command(form: &Form, kind: TestKind) -> Result<Command, Wrong> {
    let agent = text(form, "agent").map(|name| Name::from(name.as_str()));
    Ok(Command::RunTest { agent, spec: spec(form, kind)?, wait: form.is_on("wait") })
}

/// Says what would be run, how much it moves and what runs there now.
pub(super) fn preview(app: &App, form: &mut Form, kind: TestKind) {
    form.preview = match spec(form, kind) {
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
