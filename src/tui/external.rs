//! Custom actions: from what is under the cursor to a program, its arguments and its environment.
//!
//! No shell takes part. Everything that came from outside (host names, outputs) is made safe and
//! bounded, and no argument becomes an option because a host is called `-x`.

use std::collections::BTreeMap;

use crate::config::console::{ActionScope, CustomAction, RunIn, fill, placeholders};
use crate::model::SafeText;
use crate::model::safe_text::sanitize;
use crate::protocol::Target;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::targets;

/// What a program gets of our environment.
pub const KEPT: [&str; 6] = ["PATH", "HOME", "TERM", "LANG", "SSH_AUTH_SOCK", "USER"];
/// Longest value of a fact, in bytes.
const FACT_LIMIT: usize = 4096;
/// Most labels that are handed on.
const LABEL_LIMIT: usize = 64;

/// What is known about the object under the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The host's name.
    pub host: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// The check's name.
    pub check: Option<String>,
    /// The state, as a word.
    pub state: Option<String>,
    /// The check's last output.
    pub output: Option<String>,
    /// The host's labels.
    pub labels: BTreeMap<String, String>,
    /// True when an alert is under the cursor.
    pub alert: bool,
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The action's name.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Where it runs.
    pub how: RunIn,
}

/// One line of visible text, bounded.
fn safe(text: &str) -> String {
    sanitize(SafeText::line(text).as_str(), FACT_LIMIT)
}

impl Facts {
    /// The facts by placeholder.
    fn values(&self) -> BTreeMap<String, String> {
        let known = [
            ("host", &self.host),
            ("address", &self.address),
            ("check", &self.check),
            ("state", &self.state),
            ("output", &self.output),
        ];
        let mut values: BTreeMap<String, String> = known
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), safe(value.as_deref()?))))
            .collect();
        for (name, value) in self.labels.iter().take(LABEL_LIMIT) {
            values.insert(format!("label.{name}"), safe(value));
        }
        values
    }
}

/// `FLUXNOC_LABEL_SITE` of `label.site`.
fn variable(placeholder: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("FLUXNOC_{}", placeholder.chars().map(letter).collect::<String>())
}

/// The program that an action runs on these facts; `base` is our own environment.
///
/// # Errors
/// A sentence, when something that the action needs is not under the cursor.
pub fn build(
    action: &CustomAction,
    facts: &Facts,
    base: &BTreeMap<String, String>,
) -> Result<Run, String> {
    let name = &action.name;
    let there = match action.scope {
        ActionScope::Host => facts.host.is_some(),
        ActionScope::Check => facts.check.is_some(),
        ActionScope::Alert => facts.alert,
        ActionScope::Any => true,
    };
    if !there {
        let what = if action.scope == ActionScope::Alert { "an" } else { "a" };
        return Err(format!("{name} needs {what} {} under the cursor", action.scope.word()));
    }
    let values = facts.values();
    let mut argv = Vec::with_capacity(action.command.len());
    for argument in &action.command {
        let words = placeholders(argument);
        if let Some(word) =
            words.iter().find(|word| values.get(**word).is_none_or(String::is_empty))
        {
            return Err(format!("{name} needs {{{word}}}, which is not known here"));
        }
        let filled = fill(argument, &values);
        if filled.starts_with('-') && !argument.starts_with('-') {
            return Err(format!("{name}: `{filled}` would be taken for an option"));
        }
        argv.push(filled);
    }
    let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), base.get(*name)?.clone())));
    let mut env: BTreeMap<String, String> = kept.collect();
    env.extend(values.into_iter().map(|(name, value)| (variable(&name), value)));
    Ok(Run { name: name.clone(), argv, env, how: action.run })
}

/// What is known about the object under the cursor.
#[must_use]
pub fn facts(app: &App) -> Facts {
    let here = targets::hint(app);
    let Some(target) = here.objects().into_iter().next() else { return Facts::default() };
    let (host, key) = match target {
        Target::Check(key) => (key.host.clone(), Some(key)),
        Target::Host(host) => (host, None),
        Target::Alert(_) => return Facts::default(),
    };
    let entry = app.world.host(&host);
    let row = key.as_ref().and_then(|key| app.world.check(key));
    let state = match (&row, entry) {
        (Some(row), _) => Some(row.status.state.word().to_owned()),
        (None, Some(entry)) => Some(entry.state.word().to_owned()),
        _ => None,
    };
    Facts {
        address: entry.map(|entry| entry.host.address.to_string()),
        labels: entry.map(|entry| entry.host.labels.clone()).unwrap_or_default(),
        check: key.as_ref().map(|key| key.name.to_string()),
        state,
        output: row.map(|row| row.status.output.to_string()),
        alert: !here.alerts.is_empty(),
        host: Some(host.to_string()),
    }
}

/// Runs the custom action at that place of the keymap, or asks first.
pub fn start(app: &mut App, at: usize) -> Vec<Effect> {
    let Some(action) = app.keymap.custom().get(at).cloned() else { return Vec::new() };
    if app.is_locked() {
        app.say(Tone::Bad, format!("{}: this console is read-only", action.name));
        return Vec::new();
    }
    match build(&action, &facts(app), &app.options.environment) {
        Err(why) => {
            app.say(Tone::Bad, why);
            Vec::new()
        }
        Ok(run) if action.confirm => {
            app.open(Overlay::Run(Box::new(run)));
            Vec::new()
        }
        Ok(run) => go(app, run),
    }
}

/// Has the loop run it.
pub(crate) fn go(app: &mut App, run: Run) -> Vec<Effect> {
    app.say(Tone::Note, format!("{} is running…", run.name));
    vec![Effect::Run(Box::new(run))]
}

/// Says how it ended.
pub(crate) fn ended(app: &mut App, name: &str, result: Result<String, String>) {
    let line = |text: &str| SafeText::line(text.lines().last().unwrap_or_default()).to_string();
    match result {
        Ok(text) if text.trim().is_empty() => app.say(Tone::Good, format!("{name} is done")),
        Ok(text) => app.say(Tone::Good, format!("{name}: {}", line(text.trim_end()))),
        Err(text) => app.say(Tone::Bad, format!("{name} failed: {}", line(text.trim_end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;

    fn action(scope: ActionScope, command: &[&str]) -> CustomAction {
        CustomAction {
            name: "login".to_owned(),
            key: None,
            scope,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            confirm: false,
            run: RunIn::Background,
            place: Place::default(),
        }
    }

    fn db() -> Facts {
        Facts {
            host: Some("db-1".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            check: Some("mysql".to_owned()),
            state: Some("CRITICAL".to_owned()),
            output: Some("gone\x1b]52;c;x\x07 away\nsecond".to_owned()),
            labels: BTreeMap::from([("site-name".to_owned(), "da\0l".to_owned())]),
            alert: true,
        }
    }

    #[test]
    fn facts_become_arguments_and_a_small_environment() {
        let base: BTreeMap<String, String> =
            [("PATH", "/bin"), ("LD_PRELOAD", "x"), ("USER", "noc")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let command = ["ssh", "-l", "noc", "{address}", "{host}/{check} {label.site-name}"];
        let run = build(&action(ActionScope::Host, &command), &db(), &base).unwrap();
        assert_eq!(run.argv.get(..4).unwrap(), ["ssh", "-l", "noc", "192.0.2.1"]);
        assert!(run.argv[4].starts_with("db-1/mysql da"));
        let names: Vec<&str> = run.env.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "FLUXNOC_ADDRESS",
                "FLUXNOC_CHECK",
                "FLUXNOC_HOST",
                "FLUXNOC_LABEL_SITE_NAME",
                "FLUXNOC_OUTPUT",
                "FLUXNOC_STATE",
                "PATH",
                "USER"
            ]
        );
        assert!(run.env.values().chain(&run.argv).all(|text| !text.chars().any(char::is_control)));
    }

    #[test]
    fn what_is_missing_or_dangerous_is_refused_in_words() {
        let none = Facts::default();
        let base = BTreeMap::new();
        for (scope, command, facts, words) in [
            (ActionScope::Host, &["x"][..], &none, "needs a host"),
            (ActionScope::Alert, &["x"], &none, "needs an alert"),
            (ActionScope::Check, &["x"], &none, "needs a check"),
            (ActionScope::Any, &["x", "{address}"], &none, "needs {address}"),
            (ActionScope::Any, &["x", "{label.rack}"], &db(), "needs {label.rack}"),
        ] {
            let why = build(&action(scope, command), facts, &base).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let evil = Facts { host: Some("-oProxyCommand=x".to_owned()), ..db() };
        let why = build(&action(ActionScope::Any, &["ssh", "{host}"]), &evil, &base).unwrap_err();
        assert!(why.contains("option"), "{why}");
        let run = build(&action(ActionScope::Any, &["x", "--host={host}"]), &evil, &base).unwrap();
        assert_eq!(run.argv[1], "--host=-oProxyCommand=x");
    }
}
