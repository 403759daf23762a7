//! What is done to the schedule under the cursor.

use crate::model::Plan;
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::panes::schedules::{chosen, forget};
use crate::tui::panes::speed::{self, pair_words, words};
use crate::tui::panes::traces;
use crate::tui::triage::{Waits, schedule_form};
use crate::tui::widgets::cursor;

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.schedules;
        own.at = cursor::moved(own.line(), own.rows.len(), by);
        own.under = own.rows.get(own.at).map(|row| row.schedule.id);
        return Some(Vec::new());
    }
    match action {
        Action::Open if pane == Pane::ScheduleList => {
            chosen(app)?;
            (app.focus, app.zoom) = (Pane::ScheduleResults, false);
        }
        Action::Back if pane == Pane::ScheduleResults && !app.zoom => {
            app.focus = Pane::ScheduleList;
        }
        Action::Fetch => forget(app),
        Action::TestForm => schedule_form::open(app, None),
        Action::Edit => match chosen(app).map(|row| row.schedule.clone()) {
            Some(schedule) => schedule_form::open(app, Some(&schedule)),
            None => nothing(app),
        },
        Action::RunTest => run(app),
        Action::PauseSchedule => return Some(pause(app)),
        Action::HistoryHere => traces::open(app),
        Action::Delete => delete(app),
        _ => return None,
    }
    Some(Vec::new())
}

fn nothing(app: &mut App) {
    app.say(Tone::Note, "no schedule is under the cursor");
}

/// Asks before the test of the schedule is run besides its times.
fn run(app: &mut App) {
    let Some(row) = chosen(app) else { return nothing(app) };
    let schedule = row.schedule.clone();
    let (name, id) = (schedule.plan.name.clone(), schedule.id);
    let Ok(spec) = schedule.plan.spec() else {
        app.say(Tone::Bad, format!("`{name}` cannot be run as it is: e changes it"));
        return;
    };
    let facts = speed::facts(app, &schedule.vantage, &spec);
    let prompt = format!("Run `{name}` now, {}?", facts.amount);
    let pair = pair_words(&schedule.vantage, &spec.target());
    let note = format!("{pair}: {}; {}", facts.busy, words::what(&spec));
    let (agent, target) = (schedule.vantage, spec.target());
    let pending = Pending::Triage(Waits::RunTest { agent, target });
    speed::open_line(app, prompt, note, Command::RunSchedule { id }, pending);
}

/// Lets it rest, or go on.
fn pause(app: &mut App) -> Vec<Effect> {
    let Some(row) = chosen(app) else {
        nothing(app);
        return Vec::new();
    };
    let (id, plan) = (row.schedule.id, &row.schedule.plan);
    let plan = Plan { paused: !plan.paused, ..plan.clone() };
    let verb = if plan.paused { "pausing" } else { "letting go on" };
    let what = plan.name.clone();
    app.say(Tone::Note, format!("{verb} `{what}`…"));
    let asked = app.ask(Pending::Triage(Waits::EditSchedule { what }));
    let command = Command::EditSchedule { id, plan: Box::new(plan) };
    vec![Effect::Execute { id: asked, command }]
}

/// Asks before the schedule goes: the count is typed.
fn delete(app: &mut App) {
    let Some(row) = chosen(app) else { return nothing(app) };
    let (id, name) = (row.schedule.id, row.schedule.plan.name.clone());
    let purpose = Purpose::Confirm {
        prompt: format!("Delete 1 schedule, `{name}`: its results stay"),
        typed: Some(1),
        command: Box::new(Command::RemoveSchedule { id }),
        pending: Box::new(Pending::Triage(Waits::RemoveSchedule { what: name })),
    };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}
