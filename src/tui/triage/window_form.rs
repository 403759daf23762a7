//! The window form: who is covered is counted and named before anything is sent.

use std::collections::BTreeSet;

use crate::model::maintenance::NAME_LIMIT;
use crate::model::{Maintenance, MaintenanceId, Occurrence, Pattern, SafeText, Timestamp};
use crate::protocol::{Command, NewMaintenance};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::format::plural;
use crate::tui::line::Pending;
use crate::tui::targets::targets;
use crate::tui::triage::again::Again;
use crate::tui::triage::windows::{Named, few_enough, short_enough};
use crate::tui::triage::{OpenForm, Purpose};

/// Names that the preview lists.
const NAMES: usize = 30;
/// Occurrences that it lists.
const NEXT: usize = 3;
/// How a repetition is written.
pub const REPEATS: &str = "never, weekly on mon,wed, monthly on 2nd tue … until, except, in ZONE";
/// Names in one line of it.
const NAMES_A_LINE: usize = 6;

/// What a form was filled with, for the next one.
#[derive(Clone, Debug)]
pub struct Filled {
    name: String,
    start: String,
    end: String,
    children: bool,
    repeats: String,
    suppress: bool,
    whom: String,
}

/// Opens the form for what is under the cursor; without anything there the hosts are written.
pub fn open(app: &mut App, filled: Option<Filled>) {
    let found = targets(app);
    let named = Named::of(&found);
    let exactly = |name: &str| Pattern::exactly(name).map_or(String::new(), |p| p.to_string());
    let (hosts, checks, objects) = match (found.checks.as_slice(), found.hosts.as_slice()) {
        // A check that is too long for a pattern is named: no pattern would mean the whole host.
        ([key], []) => match (exactly(&key.host), exactly(&key.name)) {
            (hosts, checks) if !checks.is_empty() => (hosts, checks, key.to_string()),
            _ => (String::new(), String::new(), key.to_string()),
        },
        ([], [host]) => (exactly(host), String::new(), host.to_string()),
        ([], []) => (String::new(), String::new(), "hosts by a glob".to_owned()),
        _ => (String::new(), String::new(), found.words()),
    };
    let named = if hosts.is_empty() { named } else { Named::default() };
    let about = if named.is_empty() {
        "a glob: db-prod-*".to_owned()
    } else {
        format!("empty: the {} of here", named.what)
    };
    let filled = filled.unwrap_or_else(|| Filled {
        name: format!("window {}", app.options.zone.clock(app.wall())),
        start: "now".to_owned(),
        end: "1h".to_owned(),
        children: false,
        repeats: "never".to_owned(),
        suppress: true,
        whom: String::new(),
    });
    let fields = vec![
        Field::text("name", &filled.name, "what it is for"),
        Field::text("hosts", &hosts, about),
        Field::text("checks", &checks, "a glob; empty: all of them"),
        Field::toggle(
            "children",
            filled.children,
            "what cannot be reached without them, too",
            "these hosts alone",
        ),
        Field::text("start", &filled.start, "now, 22:00, 2026-11-25 22:00"),
        Field::text("end", &filled.end, "1h, until 06:00, 2026-11-26 06:00"),
        Field::text("repeats", &filled.repeats, REPEATS),
        Field::toggle(
            "notifications",
            filled.suppress,
            "held back, and the alerts are shown as MAINT",
            "sent as ever; the window is only shown",
        ),
        Field::text("for", &filled.whom, "who asked for it"),
    ];
    let form = Form::new("Maintenance window", objects, fields);
    let mut open = OpenForm { form, purpose: Purpose::Window(named) };
    preview(app, &mut open);
    app.open(Overlay::Form(Box::new(open)));
}

type Wrong = (&'static str, String);

/// The moment at which something begins or ends.
fn times(app: &App, form: &Form) -> Result<(Timestamp, Timestamp), Wrong> {
    let zone = &app.options.zone;
    let start = zone.start(form.text("start"), app.wall()).map_err(|why| ("start", why))?;
    let end = zone.end(form.text("end"), start).map_err(|why| ("end", why))?;
    if end <= start {
        return Err(("end", "it would end before it begins".to_owned()));
    }
    if end <= app.wall() {
        return Err(("end", "it would be over already".to_owned()));
    }
    short_enough(start, end).map_err(|why| ("end", why))?;
    Ok((start, end))
}

/// Looks whether a window can be called so.
///
/// # Errors
/// How long its name is, and how long it may be.
pub fn short_name(text: &str) -> Result<(), String> {
    let count = text.chars().count();
    if count <= NAME_LIMIT {
        return Ok(());
    }
    Err(format!("a name has at most {NAME_LIMIT} characters, this one has {count}"))
}

/// What the form means.
fn window(app: &App, form: &Form, named: &Named) -> Result<NewMaintenance, Wrong> {
    if form.text("name").is_empty() {
        return Err(("name", "a window needs a name: write what it is for".to_owned()));
    }
    short_name(form.text("name")).map_err(|why| ("name", why))?;
    let glob = |field: &'static str| match form.text(field) {
        "" => Ok(None),
        text => match text.parse::<Pattern>() {
            Ok(pattern) => Ok(Some(pattern)),
            Err(error) => Err((field, error.to_string())),
        },
    };
    let (host_pattern, check) = (glob("hosts")?, glob("checks")?);
    let by_name = host_pattern.is_none();
    if by_name && named.is_empty() {
        return Err(("hosts", "write a glob of hosts, such as db-prod-* (* is all)".to_owned()));
    }
    if by_name && check.is_some() && !named.checks.is_empty() {
        let why = "single checks are chosen already; empty this, or write hosts";
        return Err(("checks", why.to_owned()));
    }
    let chosen = if by_name { named.clone() } else { Named::default() };
    few_enough(chosen.len()).map_err(|why| ("hosts", why))?;
    let (start, end) = times(app, form)?;
    let repeats = app.options.zone.repeats(form.text("repeats")).map_err(|why| ("repeats", why))?;
    let whom = form.text("for");
    let new = NewMaintenance {
        name: form.text("name").to_owned(),
        host_pattern,
        check,
        hosts: chosen.hosts,
        checks: chosen.checks,
        start,
        end,
        children: form.is_on("children"),
        repeats,
        suppress_notifications: form.is_on("notifications"),
        created_by: (!whom.is_empty()).then(|| whom.to_owned()),
    };
    whole(&new).map_err(|why| ("repeats", why))?;
    Ok(new)
}

/// The window as the engine would make it: at its first occurrence.
fn whole(new: &NewMaintenance) -> Result<Maintenance, String> {
    new.repeated(MaintenanceId::from_parts(0, [0; 10]), SafeText::empty(), new.start)
}

/// The hosts and checks that a window covers now, and the first names.
fn covered(app: &App, new: &NewMaintenance) -> (usize, usize, Vec<String>) {
    let probe = new.window(MaintenanceId::from_parts(0, [0; 10]), SafeText::empty(), new.start);
    let probe = probe.with_children(|| app.world.hosts().map(|entry| &*entry.host));
    let of_checks: BTreeSet<_> = new.checks.iter().map(|key| &key.host).collect();
    let (mut hosts, mut checks, mut names) = (0, 0, Vec::new());
    for entry in app.world.hosts() {
        let name = &entry.host.name;
        if !probe.names_host(name) && !of_checks.contains(name) {
            continue;
        }
        let rows = entry.checks.iter().filter(|row| probe.names(name, &row.key.name));
        let here: Vec<_> = rows.collect();
        if here.is_empty() && new.check.is_some() {
            continue;
        }
        (hosts, checks) = (hosts + 1, checks + here.len());
        let few = here.len() < entry.checks.len();
        let one = |row: &&std::sync::Arc<crate::protocol::CheckRow>| row.key.to_string();
        let own = if few { here.iter().map(one).collect() } else { vec![name.to_string()] };
        let room = NAMES.saturating_sub(names.len());
        names.extend(own.into_iter().take(room));
    }
    (hosts, checks, names)
}

/// The occurrences after the first, in words: what an operator looks at before Enter.
pub fn next(app: &App, window: &Maintenance) -> Option<String> {
    let zone = window.recurrence.as_ref()?.repeats.zone;
    let moment = |at| app.options.zone.moment(at, app.wall());
    let one = |next: &Occurrence| format!("{} to {}", moment(next.start), moment(next.end));
    let first = Occurrence { start: window.start, end: window.end };
    let mut all = vec![one(&first)];
    all.extend(window.following(NEXT - 1).iter().map(one));
    let last = if all.len() < NEXT { ", then never again" } else { ", …" };
    Some(format!("by the clocks of {}: {}{last}", zone.name(), all.join(", ")))
}

/// Says what sending would do: the count first, then the names.
pub fn preview(app: &App, open: &mut OpenForm) {
    let Purpose::Window(named) = &open.purpose else { return };
    open.form.preview = match window(app, &open.form, named) {
        Err((field, why)) => vec![format!("{field}: {why}")],
        Ok(new) => {
            let (machines, covers, names) = covered(app, &new);
            let zone = &app.options.zone;
            let moment = |at| zone.moment(at, app.wall());
            let (start, end) = match whole(&new) {
                Ok(whole) => (whole.start, whole.end),
                Err(_) => (new.start, new.end),
            };
            let from = if start <= app.wall() { "now".into() } else { moment(start) };
            let until = moment(end);
            let (hosts_in, checks_in) = (plural(machines, "host"), plural(covers, "check"));
            let first = match machines {
                0 => "covers nothing: no host or check is called so".to_owned(),
                _ => format!("covers {hosts_in} with {checks_in} from {from} until {until}"),
            };
            let mut lines = vec![first];
            lines.extend(whole(&new).ok().and_then(|window| next(app, &window)));
            let shown = names.len();
            for part in names.chunks(NAMES_A_LINE) {
                lines.push(part.join(", "));
            }
            if machines.max(covers) > shown
                && shown == NAMES
                && let Some(last) = lines.last_mut()
            {
                last.push_str(", …");
            }
            lines
        }
    };
}

/// Sends what the form says, or says beside the field what is wrong.
pub fn commit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let Purpose::Window(named) = &open.purpose else { return None };
    let new = match window(app, &open.form, named) {
        Ok(new) => new,
        Err((field, why)) => {
            open.form.fail(field, why);
            return None;
        }
    };
    let (hosts, checks, _) = covered(app, &new);
    if hosts == 0 {
        let field = if open.form.text("hosts").is_empty() { "checks" } else { "hosts" };
        open.form.fail(field, "nothing is called so: the window would cover nothing");
        return None;
    }
    let form = &open.form;
    app.triage.last = Some(Again::WindowForm(Filled {
        name: form.text("name").to_owned(),
        start: form.text("start").to_owned(),
        end: form.text("end").to_owned(),
        children: form.is_on("children"),
        repeats: form.text("repeats").to_owned(),
        suppress: form.is_on("notifications"),
        whom: form.text("for").to_owned(),
    }));
    app.overlay = None;
    let what = match (hosts, checks) {
        (1, _) => form.objects.clone(),
        _ => plural(hosts, "host"),
    };
    let what = if form.text("hosts").is_empty() { named.what.clone() } else { what };
    app.say(Tone::Note, format!("opening a window over {what}…"));
    let id = app.ask(Pending::Window { what });
    Some(vec![Effect::Execute { id, command: Command::AddMaintenance(new) }])
}
