//! The form of a rule: its keys as they are written in a file, what is wrong beside each, and what it
//! would have fired over the stored history below. Nothing of it takes effect until it is saved.
//!
//! A draft is tried when the keys have rested; an answer to an older draft is dropped.

use crate::config;
use crate::model::{Rule, Span, Steady};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{DraftAnswer, DraftProblem, Problem, ProblemKind, RuleTrial, TrialRow};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay};
use crate::tui::effect::{Effect, Reply};
use crate::tui::form::{Field, Form};
use crate::tui::format::{self, plural};
use crate::tui::line::Pending;
use crate::tui::triage::{OpenForm, Purpose, Waits, rule_save};

/// How long the keys must rest before a draft is tried.
const REST: Span = Span::from_millis(400);
/// From then on it is said that it takes time, every second.
const SECOND: Span = Span::from_secs(1);
/// How long until it is asked again when the engine is busy with other trials.
const BUSY: Span = Span::from_secs(1);
/// Longest past that is asked for.
const LONGEST: Span = Span::from_secs(400 * 24 * 3600);

/// The keys of a rule that have a field, in the order of a draft's lines.
pub(super) const KEYS: [&str; 13] = [
    "rule_name",
    "host_pattern",
    "metric",
    "condition",
    "warning_threshold",
    "critical_threshold",
    "duration_minutes",
    "re_alert_minutes",
    "auto_notify",
    "notify_contact_list",
    "attempts",
    "of_last",
    "override",
];

/// A draft with what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The rule that it was opened with; `None` for a new one.
    pub(super) was: Option<Rule>,
    /// Keys that have no field, as the rule had them.
    kept: Vec<(String, String)>,
    /// When it was changed, until it is asked about.
    changed: Option<Steady>,
    /// The question under way: its number, and since when.
    asked: Option<(u64, Steady)>,
    /// It was sent before it was tried: the keys go to what is wrong then, and what is sent again
    /// is saved untried.
    pub(super) sent: bool,
    /// What was said of it as it stands.
    pub(super) told: Option<DraftAnswer>,
    /// Why it could not be tried, though nothing may be wrong with it.
    untried: Option<String>,
    /// It is being saved: the number of that.
    pub(super) saving: Option<u64>,
    /// Why it was not saved as it stands.
    pub(super) refused: Option<String>,
}

impl Draft {
    /// What is known of a rule that is written otherwise now: the rule that it was.
    fn anew(self, now: Steady) -> Self {
        let Self { was, kept, .. } = self;
        Self { was, kept, changed: Some(now), ..Self::default() }
    }

    /// Asks for a trial, unless one is under way or about to be.
    pub(super) fn try_now(&mut self, now: Steady) {
        if self.asked.is_none() && self.changed.is_none() && self.untried.is_none() {
            self.changed = Some(now);
        }
    }
}

/// Opens the form: with a rule's own values, or empty.
pub fn open(app: &mut App, rule: Option<&Rule>) {
    let values = rule.map(config::rule_keys).unwrap_or_default();
    let value = |key: &str| {
        values.iter().find(|(known, _)| known == key).map_or("", |(_, text)| text.as_str())
    };
    let condition = if rule.is_none() { ">" } else { value("condition") };
    let fields = vec![
        Field::text("rule_name", value("rule_name"), "High CPU"),
        Field::text("host_pattern", value("host_pattern"), "a glob: db-prod-*"),
        Field::text("metric", value("metric"), "cpu_usage, or CHECK.METRIC"),
        Field::text("condition", condition, ">, <, >= or <="),
        Field::text("warning_threshold", value("warning_threshold"), "75; one of both is enough"),
        Field::text("critical_threshold", value("critical_threshold"), "90; one of both is enough"),
        Field::text("duration_minutes", value("duration_minutes"), "how long it must persist"),
        Field::text("re_alert_minutes", value("re_alert_minutes"), "told again; 0: never"),
        Field::toggle(
            "auto_notify",
            value("auto_notify") != "false",
            "somebody is told",
            "nobody is told; it is only shown",
        ),
        Field::text("notify_contact_list", value("notify_contact_list"), "empty: the default one"),
        Field::text("attempts", value("attempts"), "results in a row; empty: 1"),
        Field::text("of_last", value("of_last"), "that many of so many; empty: in a row"),
        Field::toggle(
            "override",
            value("override") == "true",
            "judges also where another rule would",
            "gives way where another rule judges",
        ),
        Field::text("since", "7d", "how far back: 7d, 36h"),
    ];
    let has_field = |key: &str| KEYS.contains(&key);
    let kept: Vec<(String, String)> =
        values.iter().filter(|(key, _)| !has_field(key)).cloned().collect();
    let (title, objects) = match rule {
        Some(rule) => ("Change a rule", rule_save::about(rule)),
        None => ("New rule", "tried on the stored history; in force when it is saved".to_owned()),
    };
    let mut form = Form::new(title, objects, fields);
    form.send = if rule_save::refusal(app).is_none() { rule_save::SAVE } else { rule_save::COPY };
    if form.send == rule_save::SAVE {
        form.also = Some((Action::Copy, rule_save::COPY));
    }
    let draft = Draft { was: rule.cloned(), kept, ..Draft::default() }.anew(app.now.steady);
    let mut open = OpenForm { form, purpose: Purpose::Rule(Box::new(draft)) };
    preview(app, &mut open);
    app.open(Overlay::Form(Box::new(open)));
}

/// What is written in the form, key by key, in the order of the lines of its text.
pub(super) fn written<'a>(form: &'a Form, draft: &'a Draft) -> Vec<(&'a str, &'a str)> {
    let own = KEYS.iter().filter_map(|key| match *key {
        "auto_notify" | "override" => Some((*key, if form.is_on(key) { "true" } else { "false" })),
        _ => Some((*key, form.text(key))).filter(|(_, text)| !text.is_empty()),
    });
    own.chain(draft.kept.iter().map(|(key, text)| (key.as_str(), text.as_str()))).collect()
}

/// The keys that a rule cannot do without and that are empty.
pub(super) fn missing(form: &Form) -> Vec<&'static str> {
    let needed = ["rule_name", "host_pattern", "metric", "condition"];
    let mut missing: Vec<&str> =
        needed.into_iter().filter(|key| form.text(key).is_empty()).collect();
    if form.text("warning_threshold").is_empty() && form.text("critical_threshold").is_empty() {
        missing.push("critical_threshold");
    }
    missing
}

/// How far back is looked.
pub(super) fn since(form: &Form) -> Result<Span, String> {
    let span: Span = form.text("since").parse().map_err(|_| "write 7d, 36h or 90m".to_owned())?;
    if span == Span::ZERO || span > LONGEST {
        return Err("write a time up to 400d".to_owned());
    }
    Ok(span)
}

/// The draft was changed: what was said of it counts no more.
pub fn changed(app: &App, open: &mut OpenForm) {
    if let Purpose::Rule(draft) = &mut open.purpose {
        **draft = std::mem::take(&mut **draft).anew(app.now.steady);
    }
    preview(app, open);
}

/// Says what is known of the draft.
pub(super) fn preview(app: &App, open: &mut OpenForm) {
    let Purpose::Rule(draft) = &open.purpose else { return };
    let empty = missing(&open.form);
    let mut lines = trial(app, draft, &empty);
    // What Enter does, or did not do, stands above the trial.
    let untried = "not tried yet: Enter again saves it untried";
    let first = match (&draft.refused, draft.saving) {
        (Some(why), _) => why.lines().map(|line| format!("not saved: {line}")).collect(),
        (None, Some(_)) => vec!["saving…".to_owned()],
        (None, None) if draft.sent && draft.told.is_none() => vec![untried.to_owned()],
        (None, None) => Vec::new(),
    };
    lines.splice(..0, first);
    open.form.preview = lines;
}

/// What is known of the trial.
fn trial(app: &App, draft: &Draft, empty: &[&str]) -> Vec<String> {
    let now = app.now.steady;
    match (draft.asked, &draft.told) {
        _ if !empty.is_empty() => vec![format!("still empty: {}", empty.join(", "))],
        (Some((_, begun)), _) if now.since(begun) >= SECOND => {
            let seconds = now.since(begun).millis() / 1000;
            vec![format!("looking through the stored history for {seconds} s … Esc gives it up")]
        }
        (_, Some(told)) => told_lines(app, told),
        _ if draft.untried.is_some() => {
            vec![format!("not tried: {}", draft.untried.as_deref().unwrap_or_default())]
        }
        _ => vec!["would have fired: …".to_owned()],
    }
}

fn told_lines(app: &App, told: &DraftAnswer) -> Vec<String> {
    if let Some(problem) = told.problems.first() {
        let more = match told.problems.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        return vec![format!("not tried: {}{more}", problem.message)];
    }
    told.trials.first().map(|trial| trial_lines(app, trial)).unwrap_or_default()
}

/// The figures first, then what they stand on, then the worst checks.
fn trial_lines(app: &App, trial: &RuleTrial) -> Vec<String> {
    let count = |count: u64, what: &str| plural(usize::try_from(count).unwrap_or(usize::MAX), what);
    let alerts = trial.warning + trial.critical + trial.unknown;
    let states: Vec<String> =
        [(trial.critical, "CRITICAL"), (trial.warning, "WARNING"), (trial.unknown, "UNKNOWN")]
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
    let mut lines = Vec::new();
    lines.push(if alerts == 0 {
        format!("would not have fired; it judges {}", count(trial.checks, "check"))
    } else {
        let still = match trial.still {
            0 => String::new(),
            still => format!(", {still} still"),
        };
        format!(
            "would have fired {}: {}{still}; told {}",
            count(alerts, "alert"),
            states.join(", "),
            count(trial.told, "time")
        )
    });
    if let Some(why) = &trial.stopped {
        let (judged, all) = (trial.judged, trial.checks);
        lines.push(format!("stopped at {judged} of {}: {why}", plural(all, "check")));
    }
    lines.extend(trial.warnings.iter().map(ToString::to_string));
    lines.push(basis(app, trial));
    lines.extend(trial.rows.iter().map(|row| row_line(app, row)));
    if trial.more > 0 {
        lines.push(format!("+ {} with alerts", plural(trial.more, "more check")));
    }
    lines
}

/// A mean to the second, as intervals are written; what is shorter as it is.
fn whole(mean: Span) -> Span {
    let second = Span::from_secs(1).millis();
    if mean.millis() < second {
        mean
    } else {
        Span::from_secs(mean.millis().saturating_add(500) / second)
    }
}

/// What was there to be judged.
fn basis(app: &App, trial: &RuleTrial) -> String {
    let moment = |at| app.options.zone.moment(at, app.wall());
    let (Some(first), Some(last)) = (trial.first, trial.last) else {
        return "no stored results of them in this time".to_owned();
    };
    let every = trial.every.map(|every| format!(", every {}", whole(every))).unwrap_or_default();
    let without = match trial.without {
        0 => String::new(),
        without => format!("; {without} have none"),
    };
    let daily = trial
        .daily_before
        .map_or_else(String::new, |at| format!("; before {} only daily figures", moment(at)));
    format!(
        "judged {} of {}, {} to {}{every}{without}{daily}",
        plural(trial.results, "result"),
        plural(trial.judged, "check"),
        moment(first),
        moment(last)
    )
}

fn row_line(app: &App, row: &TrialRow) -> String {
    let newest = row.newest.first().map_or_else(String::new, |alert| {
        let lasted = match alert.to {
            Some(to) => format!("for {}", format::length(to.since(alert.from))),
            None => "still".to_owned(),
        };
        let peak = alert.peak.map_or_else(String::new, |peak| format!(", peak {peak}"));
        format!("; last {} {lasted}{peak}", app.options.zone.moment(alert.from, app.wall()))
    });
    let firing = format::length(row.firing);
    let times = if row.alerts == 1 { "once".to_owned() } else { format!("{}×", row.alerts) };
    format!("{:<8}  {}  {times}, firing {firing}{newest}", row.worst.word(), row.check)
}

/// Asks about the draft when its keys have rested.
pub fn wants(app: &mut App) -> Option<Effect> {
    let Some(Overlay::Form(mut open)) = app.overlay.take_if(|overlay| is_rule(overlay)) else {
        return None;
    };
    let effect = due(app, &mut open);
    if effect.is_none() {
        preview(app, &mut open);
    }
    app.overlay = Some(Overlay::Form(open));
    effect
}

pub(super) const fn is_rule(overlay: &Overlay) -> bool {
    matches!(overlay, Overlay::Form(open) if matches!(open.purpose, Purpose::Rule(_)))
}

fn due(app: &mut App, open: &mut OpenForm) -> Option<Effect> {
    let Purpose::Rule(draft) = &mut open.purpose else { return None };
    let now = app.now.steady;
    draft.changed.filter(|at| now >= *at + REST && draft.asked.is_none())?;
    draft.changed = None;
    if !missing(&open.form).is_empty() {
        return None;
    }
    let span = match since(&open.form) {
        Ok(span) => span,
        Err(why) => {
            open.form.mark("since", why);
            return None;
        }
    };
    let text = config::draft_text(written(&open.form, draft));
    app.triage.trials += 1;
    let token = app.triage.trials;
    draft.asked = Some((token, now));
    let id = app.ask(Pending::Triage(Waits::Trial { token }));
    let since = app.wall() - span;
    Some(Effect::Query {
        id,
        query: Query::TryRules { name: "draft.toml".to_owned(), text, since },
    })
}

/// When the draft is asked about, or a second more has gone.
#[must_use]
pub fn next_wake(app: &App) -> Option<Steady> {
    let Some(Overlay::Form(open)) = &app.overlay else { return None };
    let Purpose::Rule(draft) = &open.purpose else { return None };
    let asked = draft.asked.map(|(_, begun)| {
        let gone = app.now.steady.since(begun).millis() / 1000;
        begun + Span::from_secs(gone + 1)
    });
    draft.changed.map(|at| at + REST).into_iter().chain(asked).min()
}

/// Takes an answer; one to an older draft is dropped.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let Some(Overlay::Form(mut open)) = app.overlay.take_if(|overlay| is_rule(overlay)) else {
        return;
    };
    if let Purpose::Rule(draft) = &mut open.purpose
        && draft.asked.is_some_and(|(asked, _)| asked == token)
    {
        draft.asked = None;
        match result {
            Ok(Reply::Answer(Answer::TryRules(told))) => {
                mark(&mut open.form, draft, &told.problems, draft.sent);
                (draft.told, draft.sent) = (Some(told), false);
            }
            Err(problem) if problem.kind == ProblemKind::Conflict => {
                draft.changed = Some(app.now.steady + BUSY);
            }
            Ok(_) => draft.untried = Some("the engine answered something else".to_owned()),
            Err(problem) => draft.untried = Some(problem.to_string()),
        }
        preview(app, &mut open);
    }
    app.overlay = Some(Overlay::Form(open));
}

/// Says beside its field what is wrong; what belongs to none stands in the preview.
pub(super) fn mark(form: &mut Form, draft: &Draft, problems: &[DraftProblem], go: bool) {
    let lines: Vec<String> =
        written(form, draft).iter().map(|(key, _)| (*key).to_owned()).collect();
    form.clear_errors();
    for problem in problems {
        let text = problem.message.as_str();
        let named =
            KEYS.into_iter().find(|key| text.starts_with(&format!("{key}:"))).or_else(|| {
                let line = usize::try_from(problem.line).ok()?.checked_sub(1)?;
                let key = lines.get(line)?;
                KEYS.into_iter().find(|known| known == key)
            });
        if let Some(key) = named {
            let said = text.strip_prefix(&format!("{key}: ")).unwrap_or(text);
            if go { form.fail(key, said) } else { form.mark(key, said) }
        }
    }
}
