//! The form of a report: of which tests, of which time, as what, and where it is written.

use crate::model::{Name, Span, TestKind, Timestamp};
use crate::protocol::{ReportFormat, ReportWish};
use crate::rules::due;
use crate::tui::app::{App, Overlay};
use crate::tui::effect::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::panes::{reports, speed, trend};
use crate::tui::triage::test_asked::{Said, Wrong, said};
use crate::tui::triage::test_fields::{or, text};
use crate::tui::triage::{OpenForm, Purpose, remember};
use crate::tui::views::View;

/// The kinds of tests, in the order of the choice.
const KINDS: [&str; 4] = ["speedtest", "trace", "probe", "dns"];
const FORMATS: [&str; 2] = ["pdf", "csv"];
/// Days that are offered.
const DAYS: u64 = 30;
/// Longest part of a name that a file is called by.
const PART: usize = 40;

/// Opens the form for what is under the cursor; what it does not say is as last time.
pub fn open(app: &mut App) {
    let mut last: Said = app.triage.last_report.clone();
    if let Some(of) = trend::here(app) {
        last.insert("agent".to_owned(), of.agent.to_string());
        last.insert("target".to_owned(), of.target);
        last.insert("test".to_owned(), of.kind.word().to_owned());
        // The name of the last file would be that of another pair.
        last.remove("file");
    }
    let day = |at: Timestamp| app.options.zone.format(at, "%Y-%m-%d");
    let (first, today) = (day(app.wall() - Span::from_secs(DAYS * 86_400)), day(app.wall()));
    let zone = app.options.zone.iana().map_or_else(|_| String::new(), |zone| zone.to_string());
    let said = |key: &str| last.get(key).map_or("", String::as_str);
    let (agents, targets) = speed::names(app);
    let mut form = Form::new(
        "Make a report",
        "of stored results, for a carrier or a program",
        vec![
            Field::text("agent", said("agent"), "empty: all agents").of(agents),
            Field::text("target", said("target"), "empty: all targets").of(targets),
            Field::choice("test", &KINDS, said("test")),
            Field::text("from", &first, "2026-02-01, a day of UTC, or 2026-02-01T06:00:00Z"),
            Field::text("to", &today, "the last day, or the moment at which it ends"),
            Field::text("zone", or(said("zone"), &zone), "of its times: Europe/Berlin; empty: UTC"),
            Field::choice("format", &FORMATS, said("format")),
            Field::text("file", said("file"), "where it is written; empty: the name below, here"),
        ],
    );
    form.send = "Make";
    preview(&mut form);
    app.open(Overlay::Form(Box::new(OpenForm { form, purpose: Purpose::Report })));
}

/// What is wanted.
fn wish(form: &Form) -> Result<ReportWish, Wrong> {
    let moment = |field: &str, is_end| {
        Timestamp::of_day_or_moment(form.text(field), is_end).map_err(|why| (field.to_owned(), why))
    };
    let (start, end) = (moment("from", false)?, moment("to", true)?);
    if end <= start {
        return Err(("to".to_owned(), "it must be later than `from`".to_owned()));
    }
    let zone = text(form, "zone");
    due::zone(zone.as_deref()).map_err(|why| {
        let why = why.strip_prefix("`zone`: ").unwrap_or(&why).to_owned();
        ("zone".to_owned(), why)
    })?;
    Ok(ReportWish {
        agent: text(form, "agent").map(|name| Name::from(name.as_str())),
        target: text(form, "target"),
        test_type: form.text("test").parse().unwrap_or(TestKind::Speedtest),
        start,
        end,
        zone,
        format: if form.text("format") == "csv" { ReportFormat::Csv } else { ReportFormat::Pdf },
    })
}

/// A text as a part of a file's name.
fn part(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    text.chars().map(plain).take(PART).collect()
}

/// Where it is written: as the form says, else a name of what is in it.
fn path(form: &Form, wish: &ReportWish) -> String {
    text(form, "file").unwrap_or_else(|| {
        let agent = wish.agent.as_ref().map_or_else(|| "all".to_owned(), |name| part(name));
        let target = wish.target.as_ref().map_or_else(|| "all".to_owned(), |name| part(name));
        let days = format!("{}-{}", part(form.text("from")), part(form.text("to")));
        format!("fluxnoc-{agent}-{target}-{days}.{}", wish.format.word())
    })
}

/// Says what would be made, and where.
pub(super) fn preview(form: &mut Form) {
    form.preview = match wish(form) {
        Ok(wish) => {
            let agent = wish.agent.as_deref().unwrap_or("all agents");
            let target = wish.target.as_deref().unwrap_or("all targets");
            let pair = speed::pair_words(agent, target);
            let kind = wish.test_type;
            vec![
                format!("{pair}: results of {kind} from {} to {}", wish.start, wish.end),
                format!("written to {}; a file that is there stays as it is", path(form, &wish)),
            ]
        }
        Err((field, why)) => vec![format!("{field}: {why}")],
    };
}

/// Has it made; the view says how far it is.
pub(super) fn commit(app: &mut App, form: &mut Form) -> Option<Vec<Effect>> {
    let wish = match wish(form) {
        Ok(wish) => wish,
        Err((field, why)) => {
            form.fail(&field, why);
            return None;
        }
    };
    let path = path(form, &wish);
    let said = said(form);
    let kept = serde_json::to_string(&said).ok();
    app.triage.last_report = said;
    app.overlay = None;
    app.show(View::Reports);
    let made = reports::begin(app, wish, path);
    let kept = remember::keep(app, "the form of the report", remember::REPORT_FORM, kept);
    Some(made.into_iter().chain([kept]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_what_is_in_it_and_leads_nowhere_else() {
        assert_eq!(part("../../etc/pass wd"), "..-..-etc-pass-wd");
        assert_eq!(part("https://cdn.example.net/"), "https---cdn.example.net-");
        assert_eq!(part(&"x".repeat(99)).len(), PART);
    }
}
