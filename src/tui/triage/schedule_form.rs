//! The form of a schedule: what is run, how often, what is well, who is told. Its fields are those of
//! the kind of test that it runs.

use crate::model::breach::TestLimits;
use crate::model::{Plan, Schedule, Span, TestKind};
use crate::tui::app::{App, Overlay};
use crate::tui::form::{Field, Form};
use crate::tui::panes::speed::{self, words};
use crate::tui::triage::test_asked::{self, Asking, Said, What, Wrong, said};
use crate::tui::triage::test_fields::{self, number, text};
use crate::tui::triage::{OpenForm, Purpose};

/// A limit: its field, and how it is explained.
type Limit = (&'static str, &'static str);

/// The limits that mean something to a kind of test.
const fn limits(kind: TestKind) -> &'static [Limit] {
    match kind {
        TestKind::Speedtest => &[
            ("down min", "Mbps"),
            ("up min", "Mbps"),
            ("latency", "ms at most"),
            ("jitter", "ms at most"),
            ("loss", "% at most"),
            ("below usual", "% below the baseline; 30 is usual"),
        ],
        TestKind::Trace => {
            &[("latency", "ms at most"), ("jitter", "ms at most"), ("loss", "% at most")]
        }
        TestKind::Probe | TestKind::Dns => &[("latency", "ms at most")],
    }
}

/// The fields of a schedule that runs such tests.
fn fields(app: &App, kind: TestKind, values: &Said) -> Vec<Field> {
    let said = |key: &str| values.get(key).map_or("", String::as_str);
    let mut fields = vec![Field::text("name", said("name"), "HQ Uplink")];
    fields.extend(test_fields::of(app, kind, values));
    fields.extend([
        Field::text("every", said("every"), "15m, 1h, 1d; or a cron"),
        Field::text("cron", said("cron"), "0 3 * * 1-5, instead of every"),
        Field::text("zone", said("zone"), "of the cron: Europe/Berlin; empty: UTC"),
    ]);
    fields.extend(limits(kind).iter().map(|(name, about)| Field::text(name, said(name), *about)));
    fields.extend([
        Field::text("breaches", said("breaches"), "in a row; empty: 3"),
        Field::text("of last", said("of last"), "so many breaches of these; empty: in a row"),
        Field::text("tells", said("tells"), "a contact list; empty: the default one"),
        Field::toggle(
            "alert",
            said("alert") != "false",
            "breaches become an alert",
            "breaches are only recorded",
        ),
        Field::toggle(
            "missed",
            said("missed") == "true",
            "runs that were missed become an alert",
            "missed runs are only recorded",
        ),
    ]);
    if kind == TestKind::Trace {
        fields.push(Field::toggle(
            "path",
            said("path") == "true",
            "a change of path becomes an alert",
            "a change of path is only recorded",
        ));
    }
    fields
}

/// What a schedule says, field by field.
fn of_plan(plan: &Plan) -> Said {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let count = |value: Option<u32>| value.map_or_else(String::new, |value| value.to_string());
    let limits = &plan.thresholds;
    let mut all: Vec<(&str, String)> = vec![
        ("name", plan.name.clone()),
        ("agent", text(&plan.agent)),
        ("target", text(&plan.target)),
        ("every", plan.interval().map_or_else(String::new, |span| span.to_string())),
        ("cron", text(&plan.cron)),
        ("zone", text(&plan.zone)),
        ("down min", number(limits.download_min_mbps)),
        ("up min", number(limits.upload_min_mbps)),
        ("latency", number(limits.latency_max_ms)),
        ("jitter", number(limits.jitter_max_ms)),
        ("loss", number(limits.packet_loss_max_pct)),
        ("below usual", number(limits.baseline_deviation_pct)),
        ("breaches", plan.consecutive_failures.to_string()),
        ("of last", count(plan.of_last)),
        ("tells", text(&plan.notify_contact_list)),
        ("alert", plan.alert_on_breach.to_string()),
        ("missed", plan.alert_on_missed.to_string()),
        ("path", plan.alert_on_path_change.to_string()),
    ];
    all.extend(test_fields::said(plan.test_type, &plan.options));
    all.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// Opens the form: with a schedule's own values, or with those of last time under a new name.
pub fn open(app: &mut App, was: Option<&Schedule>) {
    let (title, objects, kind, values) = if let Some(was) = was {
        let objects = format!("{}, made by {}", was.plan.name, was.created_by);
        ("Change a schedule", objects, was.plan.test_type, of_plan(&was.plan))
    } else {
        let mut values = app.triage.last_schedule.clone();
        values.remove("name");
        values.entry("every".to_owned()).or_insert_with(|| "1h".to_owned());
        let kind = values.get("test").and_then(|word| word.parse().ok());
        let objects = "a test that is run again and again".to_owned();
        ("New schedule", objects, kind.unwrap_or(TestKind::Speedtest), values)
    };
    let mut form = Form::new(title, objects, fields(app, kind, &values));
    form.send = "Save";
    preview(app, &mut form, kind, was.map(|was| &was.plan));
    let what = What::Schedule { was: was.cloned().map(Box::new), kind };
    let purpose = Purpose::Test(Box::new(Asking::new(what)));
    app.open(Overlay::Form(Box::new(OpenForm { form, purpose })));
}

/// The form was changed: a test of another kind has other fields.
pub(super) fn changed(app: &App, form: &mut Form, kind: &mut TestKind, was: Option<&Schedule>) {
    let chosen = form.text("test").parse().unwrap_or(*kind);
    if chosen != *kind {
        let values = test_fields::of_another_kind(said(form));
        *kind = chosen;
        // The choice stays where it is: what stands before it is the same for all.
        form.fields = fields(app, chosen, &values);
    }
    preview(app, form, *kind, was.map(|was| &was.plan));
}

/// The schedule that the form means; what has no field stays as it was.
pub(super) fn plan(form: &Form, kind: TestKind, was: Option<&Plan>) -> Result<Plan, Wrong> {
    let every = match form.text("every") {
        "" => None,
        text => {
            let span: Span = text.parse().map_err(|error: crate::model::time::BadSpan| {
                ("every".to_owned(), error.to_string())
            })?;
            Some(span.millis() / 1000)
        }
    };
    let plan = Plan {
        name: form.text("name").to_owned(),
        agent: text(form, "agent"),
        target: text(form, "target"),
        test_type: kind,
        interval_seconds: every,
        cron: text(form, "cron"),
        zone: text(form, "zone"),
        thresholds: TestLimits {
            download_min_mbps: number(form, "down min")?,
            upload_min_mbps: number(form, "up min")?,
            latency_max_ms: number(form, "latency")?,
            jitter_max_ms: number(form, "jitter")?,
            packet_loss_max_pct: number(form, "loss")?,
            baseline_deviation_pct: number(form, "below usual")?,
        },
        alert_on_breach: form.is_on("alert"),
        notify_contact_list: text(form, "tells"),
        consecutive_failures: number(form, "breaches")?.unwrap_or(3),
        of_last: number(form, "of last")?,
        retest_seconds: was.and_then(|was| was.retest_seconds),
        alert_on_missed: form.is_on("missed"),
        alert_on_path_change: kind == TestKind::Trace && form.is_on("path"),
        paused: was.is_some_and(|was| was.paused),
        options: {
            // What has no field stays as it was.
            let same = was.filter(|was| was.test_type == kind);
            let known = same.map(|was| was.options.clone()).unwrap_or_default();
            test_fields::options(form, kind, known)?
        },
    };
    plan.check().map_err(|why| test_asked::wrong(&why))?;
    Ok(plan)
}

/// Says what would be run, how often and how much that moves.
fn preview(app: &App, form: &mut Form, kind: TestKind, was: Option<&Plan>) {
    let plan = plan(form, kind, was);
    let spec = plan.as_ref().ok().and_then(|plan| plan.spec().ok());
    form.preview = match (plan, spec) {
        (Ok(plan), Some(spec)) => {
            let agent = plan.agent.clone().unwrap_or_else(|| "the engine".to_owned());
            let facts = speed::facts(app, &agent, &spec);
            let when = match (&plan.cron, plan.interval()) {
                (Some(cron), _) => format!("at {cron}"),
                (None, Some(span)) => format!("every {span}"),
                (None, None) => String::new(),
            };
            let pair = speed::pair_words(&agent, &spec.target());
            vec![format!("{pair} {when}: {}, {}", words::what(&spec), facts.amount)]
        }
        (Err((field, why)), _) if field.is_empty() => vec![why],
        (Err((field, why)), _) => vec![format!("{field}: {why}")],
        (Ok(_), None) => Vec::new(),
    };
}
