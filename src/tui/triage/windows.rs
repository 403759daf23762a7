//! The quick window line: what it covers as a scope, what it would do, and sending it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::maintenance::{LONGEST, NAME_LIMIT, NAMED_LIMIT};
use crate::model::{CheckKey, Name, Pattern, Timestamp};
use crate::protocol::{Command, HostEntry, NewMaintenance};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::line::{Line, Pending, Purpose, Scope};
use crate::tui::lists::site;
use crate::tui::targets::{Targets, some, targets};
use crate::tui::triage::again::Again;
use crate::tui::typing;

/// The time that a line begins with.
pub const LENGTH: &str = "1h";

/// Objects by their names, as they were when a line or form opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// In words, the count first.
    pub what: String,
    /// Whole hosts.
    pub hosts: BTreeSet<Name>,
    /// Single checks.
    pub checks: BTreeSet<CheckKey>,
}

impl Named {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.len() + self.checks.len()
    }

    /// True when it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is under the cursor.
    #[must_use]
    pub fn of(found: &Targets) -> Self {
        let hosts: BTreeSet<Name> = found.hosts.iter().cloned().collect();
        let checks: BTreeSet<CheckKey> = found.checks.iter().cloned().collect();
        let what = if hosts.is_empty() {
            plural(checks.len(), "check")
        } else {
            plural(hosts.len(), "host")
        };
        Self { what, hosts, checks }
    }
}

/// Its group and its site, as they are now; each only when there is more in it than the host.
fn around(app: &App, host: &Name) -> Vec<Scope> {
    let Some(entry) = app.world.host(host) else { return Vec::new() };
    let gather = |word: &str, name: &str, is_in: &dyn Fn(&HostEntry) -> bool| {
        let hosts: BTreeSet<Name> = app
            .world
            .hosts()
            .filter(|entry| is_in(entry))
            .map(|entry| entry.host.name.clone())
            .collect();
        let what = format!("{word} {name}: {}", plural(hosts.len(), "host"));
        (hosts.len() > 1).then(|| Scope::Many(Named { what, hosts, checks: BTreeSet::new() }))
    };
    let group = entry.host.groups.first().cloned();
    let own_site = site(&entry.host).filter(|site| group.as_deref() != Some(site));
    let by_group = group.as_deref().and_then(|group| {
        gather("group", group, &|entry| entry.host.groups.iter().any(|have| have == group))
    });
    let by_site =
        own_site.and_then(|name| gather("site", name, &|entry| site(&entry.host) == Some(name)));
    by_group.into_iter().chain(by_site).collect()
}

/// What a line can cover, the narrowest first.
fn scopes(app: &App, found: &Targets) -> Vec<Scope> {
    let mut scopes = match (found.checks.as_slice(), found.hosts.as_slice()) {
        ([key], []) => {
            let mut scopes = vec![Scope::Check(key.clone()), Scope::Host(Arc::clone(&key.host))];
            scopes.extend(around(app, &key.host));
            scopes
        }
        ([], [host]) => {
            let mut scopes = vec![Scope::Host(Arc::clone(host))];
            scopes.extend(around(app, host));
            scopes
        }
        _ => Vec::new(),
    };
    if scopes.is_empty() && !found.is_empty() {
        scopes.push(Scope::Many(Named::of(found)));
        if found.hosts.is_empty() {
            let hosts: BTreeSet<Name> = found.checks.iter().map(|key| key.host.clone()).collect();
            let what = format!("all of {}", plural(hosts.len(), "host"));
            scopes.push(Scope::Many(Named { what, hosts, checks: BTreeSet::new() }));
        }
    }
    scopes
}

/// Opens the line that makes a window over what is under the cursor.
pub fn open(app: &mut App, length: &str) {
    let scopes = scopes(app, &targets(app));
    if scopes.is_empty() {
        app.say(Tone::Note, "nothing is under the cursor");
        return;
    }
    let purpose = Purpose::Window { scopes, scope: 0 };
    app.open(Overlay::Line(Box::new(Line::offering(purpose, length))));
}

/// A scope in words.
#[must_use]
pub fn words(scope: &Scope) -> String {
    match scope {
        Scope::Check(key) => key.to_string(),
        Scope::Host(name) => format!("all of {name}"),
        Scope::Many(named) => named.what.clone(),
    }
}

/// What the scope is called in the window's name.
fn called(scope: &Scope) -> String {
    match scope {
        Scope::Check(key) => key.host.to_string(),
        Scope::Host(name) => name.to_string(),
        Scope::Many(Named { what, .. }) => what.split(": ").next().unwrap_or(what).to_owned(),
    }
}

/// The name of a window that nobody named, not longer than one may be.
fn name(scope: &Scope, clock: &str) -> String {
    let ends = format!("quick window,  {clock}").chars().count();
    let called: String = called(scope).chars().take(NAME_LIMIT.saturating_sub(ends)).collect();
    format!("quick window, {called} {clock}")
}

fn window(app: &App, text: &str, scope: &Scope) -> Result<NewMaintenance, String> {
    let start = app.wall();
    let end = app.options.zone.end_from(text, start)?;
    short_enough(start, end)?;
    let mut window = NewMaintenance {
        name: name(scope, &app.options.zone.clock(start)),
        host_pattern: None,
        check: None,
        hosts: BTreeSet::new(),
        checks: BTreeSet::new(),
        start,
        end,
        children: false,
        repeats: None,
        suppress_notifications: true,
        created_by: None,
    };
    match scope {
        // What is too long for a pattern is named.
        Scope::Check(key) => match (Pattern::exactly(&key.host), Pattern::exactly(&key.name)) {
            (Ok(host), Ok(check)) => {
                (window.host_pattern, window.check) = (Some(host), Some(check));
            }
            _ => window.checks = BTreeSet::from([key.clone()]),
        },
        Scope::Host(name) => match Pattern::exactly(name) {
            Ok(host) => window.host_pattern = Some(host),
            Err(_) => window.hosts = BTreeSet::from([name.clone()]),
        },
        Scope::Many(named) => {
            few_enough(named.len())?;
            (window.hosts, window.checks) = (named.hosts.clone(), named.checks.clone());
        }
    }
    Ok(window)
}

/// A window lasts only so long.
///
/// # Errors
/// How long it may be.
pub fn short_enough(start: Timestamp, end: Timestamp) -> Result<(), String> {
    if end.since(start) <= LONGEST {
        return Ok(());
    }
    Err(format!("a window lasts at most {LONGEST}"))
}

/// A window names only so many things one by one.
///
/// # Errors
/// How many it may be, and what to do.
pub fn few_enough(count: usize) -> Result<(), String> {
    if count <= NAMED_LIMIT {
        return Ok(());
    }
    Err(format!("{count} are too many to name: at most {NAMED_LIMIT}; M takes a glob of hosts"))
}

/// Sends what the line says.
pub fn commit(app: &mut App, line: &Line, scope: &Scope) -> Vec<Effect> {
    match window(app, line.text(), scope) {
        Ok(window) => {
            app.overlay = None;
            app.triage.last = Some(Again::Window(line.text().to_owned()));
            let what = match scope {
                Scope::Host(name) => name.to_string(),
                scope => words(scope),
            };
            app.say(Tone::Note, format!("opening a window over {what}…"));
            let id = app.ask(Pending::Window { what });
            vec![Effect::Execute { id, command: Command::AddMaintenance(window) }]
        }
        Err(why) => {
            typing::fail(app, why);
            Vec::new()
        }
    }
}

/// What the window line would do, in words: `covers fra-01 with 6 checks until 22:04`.
#[must_use]
pub fn preview(app: &App, line: &Line, scope: &Scope) -> String {
    let end = match app.options.zone.end_from(line.text(), app.wall()) {
        Ok(end) => typing::until(app, Some(end)),
        Err(_) => "until ?".to_owned(),
    };
    let checks_of = |name: &Name| app.world.host(name).map_or(0, |host| host.checks.len());
    match scope {
        Scope::Check(key) => match checks_of(&key.host).saturating_sub(1) {
            0 => format!("covers {key} {end}, the only check of {}", key.host),
            count => {
                let others = plural(count, "other check");
                format!("covers {key} {end}, not the {others} of {}", key.host)
            }
        },
        Scope::Host(name) => {
            format!("covers {name} with {} {end}", plural(checks_of(name), "check"))
        }
        Scope::Many(Named { hosts, checks, .. }) => {
            let (count, names) = if hosts.is_empty() {
                (plural(checks.len(), "check"), some(checks.iter().map(ToString::to_string)))
            } else {
                let all: usize = hosts.iter().map(checks_of).sum();
                let hosts_in = plural(hosts.len(), "host");
                (
                    format!("{hosts_in} with {}", plural(all, "check")),
                    some(hosts.iter().map(ToString::to_string)),
                )
            };
            format!("covers {count} {end}: {names}")
        }
    }
}
