//! A rule goes from its form into the configuration, or is deleted there: asked for here, decided
//! and written where the engine is.
//!
//! In: the open form, or the rule under the cursor. Out: a command, and what became of it.
//! Never: saves what was not tried without having said so; rewrites what was written by hand.

use crate::config;
use crate::model::{Rule, SafeText};
use crate::protocol::{Command, Outcome, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::form::Form;
use crate::tui::format::plural;
use crate::tui::line::{Line, Pending, Purpose as LinePurpose};
use crate::tui::panes;
use crate::tui::triage::rule_form::{self, Draft, KEYS};
use crate::tui::triage::{OpenForm, Purpose, Waits, done};

/// What the button says for those who may save.
pub const SAVE: &str = "Save";
/// What it says for all others.
pub const COPY: &str = "Copy as TOML";

/// Why rules cannot be saved from this console.
#[must_use]
pub fn refusal(app: &App) -> Option<String> {
    // Whoever may have the configuration read may change it.
    let why = app.refusal(Action::Reload)?;
    Some(why.replacen(Action::Reload.name(), "save a rule", 1))
}

/// The rule that a form was opened with, and where it is written.
#[must_use]
pub fn about(rule: &Rule) -> String {
    let place = config::rule_place(rule);
    match (place.is_empty(), config::is_in_rules_d(rule)) {
        (true, _) => rule.name.to_string(),
        (_, true) => format!("{}, in {place}", rule.name),
        (_, false) => {
            format!("{}, by hand in {place}: saved here only under another name", rule.name)
        }
    }
}

/// What the rule replaces; `None` for a new one, as every rule is that takes another name than one
/// that is written by hand.
fn replaced<'a>(form: &Form, draft: &'a Draft) -> Option<&'a Rule> {
    let was = draft.was.as_ref()?;
    (config::is_in_rules_d(was) || form.text("rule_name") == &*was.name).then_some(was)
}

/// True when nothing of the form is sent: what is wrong is said beside its field.
fn is_wrong(form: &mut Form, draft: &mut Draft) -> bool {
    if let Some(first) = rule_form::missing(form).first() {
        form.fail(first, "a rule needs this");
        return true;
    }
    if let Err(why) = rule_form::since(form) {
        form.fail("since", why);
        return true;
    }
    let problems = draft.told.as_ref().map(|told| told.problems.clone()).unwrap_or_default();
    // Wrong as it was: it is said again, and the keys go there.
    rule_form::mark(form, draft, &problems, true);
    !problems.is_empty()
}

/// Saves what is right; what was not tried is tried first, and saved untried when it is sent again.
pub fn commit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let OpenForm { form, purpose } = open;
    let Purpose::Rule(draft) = purpose else { return None };
    if draft.saving.is_some() || is_wrong(form, draft) {
        return None;
    }
    let may_not = refusal(app);
    if form.send == COPY || may_not.is_some() {
        return copy(app, open);
    }
    if let Some(rule) = replaced(form, draft).filter(|rule| !config::is_in_rules_d(rule)) {
        let place = config::rule_place(rule);
        form.fail(
            "rule_name",
            format!("it is written by hand in {place}: change it there, or take another name"),
        );
        return None;
    }
    let tried = draft.told.is_some();
    if !tried && !draft.sent {
        draft.sent = true;
        draft.try_now(app.now.steady);
        rule_form::preview(app, open);
        return None;
    }
    let was = replaced(form, draft).map(config::rule_text);
    let text = config::draft_text(rule_form::written(form, draft));
    app.triage.trials += 1;
    let token = app.triage.trials;
    (draft.saving, draft.refused) = (Some(token), None);
    let name = form.text("rule_name").to_owned();
    let id = app.ask(Pending::Triage(Waits::SaveRule { token, name, tried }));
    rule_form::preview(app, open);
    app.overlay = Some(Overlay::Form(Box::new(open.clone())));
    Some(vec![Effect::Execute { id, command: Command::SaveRule { text, was } }])
}

/// Copies what is right as TOML; what is not tried yet is tried now.
pub fn copy(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let Purpose::Rule(draft) = &mut open.purpose else { return None };
    if is_wrong(&mut open.form, draft) {
        return None;
    }
    let Some(trial) = draft.told.as_ref().and_then(|told| told.trials.first()) else {
        draft.try_now(app.now.steady);
        return None;
    };
    let text = config::rule_text(&trial.rule);
    let name = trial.rule.name.clone();
    app.overlay = None;
    app.say(
        Tone::Good,
        format!("`{name}` is copied as TOML: put it into a file of rule_files, then :reload"),
    );
    Some(vec![Effect::Copy(SafeText::text(&text).to_string())])
}

/// Takes what became of a rule that was to be saved.
pub fn saved(app: &mut App, token: u64, name: &str, tried: bool, result: Result<Reply, Problem>) {
    let form = app.overlay.take_if(|overlay| rule_form::is_rule(overlay));
    let mut open = match form {
        Some(Overlay::Form(open)) => Some(open),
        _ => None,
    };
    // Of the form as it was sent: it may be closed, or say something else by now.
    let mine = open.as_ref().is_some_and(
        |open| matches!(&open.purpose, Purpose::Rule(draft) if draft.saving == Some(token)),
    );
    match result {
        Ok(Reply::Outcome(Outcome::Rule { rule, checks })) => {
            if mine {
                open = None;
            }
            let checks = plural(usize::try_from(checks).unwrap_or(usize::MAX), "check");
            let untried = if tried { "" } else { "; it was not tried" };
            let place = config::rule_place(&rule);
            let text =
                format!("`{}` is in force, in {place}; it judges {checks}{untried}", rule.name);
            app.say(Tone::Good, text);
            panes::rules::go_to(app, rule.name);
        }
        Ok(_) => app.say(Tone::Bad, format!("`{name}`: the engine answered something else")),
        Err(problem) => {
            let why = problem.to_string();
            let first = why.lines().next().unwrap_or_default().to_owned();
            app.say(Tone::Bad, format!("`{name}` is not saved: {first}"));
            if let Some(open) = open.as_mut().filter(|_| mine) {
                refused(open, why);
            }
        }
    }
    if let Some(mut open) = open {
        rule_form::preview(app, &mut open);
        app.overlay = Some(Overlay::Form(open));
    }
}

/// Says beside its field, and above the trial, why a rule was not saved.
fn refused(open: &mut OpenForm, why: String) {
    let OpenForm { form, purpose } = open;
    let Purpose::Rule(draft) = purpose else { return };
    for line in why.lines() {
        if let Some((key, said)) = line.split_once(": ")
            && KEYS.contains(&key)
        {
            form.fail(key, said);
        }
    }
    (draft.saving, draft.refused) = (None, Some(why));
}

/// Asks before the rule under the cursor is deleted: the count is typed.
pub fn open_delete(app: &mut App) {
    let Some(row) = panes::rules::row(app).cloned() else {
        app.say(Tone::Note, "no rule is under the cursor");
        return;
    };
    if let Some(why) = refusal(app) {
        app.say(Tone::Bad, why);
        return;
    }
    let (rule, place) = (&row.rule, config::rule_place(&row.rule));
    if !config::is_in_rules_d(rule) {
        let text = format!(
            "`{}` is written by hand in {place}: take it out there, then :reload",
            rule.name
        );
        app.say(Tone::Note, text);
        return;
    }
    let count = |count: u64, what: &str| plural(usize::try_from(count).unwrap_or(usize::MAX), what);
    let firing = match row.firing {
        0 => String::new(),
        firing => format!(", {} close", count(firing, "firing alert")),
    };
    let name = rule.name.to_string();
    let purpose = LinePurpose::Confirm {
        prompt: format!(
            "Delete 1 rule, `{name}` in {place}: {} go{firing}",
            count(row.checks, "check")
        ),
        typed: Some(1),
        command: Box::new(Command::DeleteRule { was: config::rule_text(rule) }),
        pending: Box::new(Pending::Triage(Waits::DeleteRule { name })),
    };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Takes what became of a rule that was to be deleted.
pub fn deleted(app: &mut App, name: &str, result: Result<Reply, Problem>) {
    done(app, name, result, |_| format!("`{name}` is deleted"));
    panes::rules::forget(app);
}
