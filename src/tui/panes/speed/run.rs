//! Running the test of a row again, and ending what runs.

use crate::model::traffic;
use crate::model::{Name, SpeedSpec, Test, TestPhase, TestSpec};
use crate::protocol::Command;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::panes::speed::{chosen, nodes, open_test, pair_words, words};
use crate::tui::triage::{Waits, test_form};

/// What somebody should know before a test is run: how much it moves, and what runs there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `about 3.0 GB`, or that nobody knows.
    pub amount: String,
    /// What runs at the vantage or against the target.
    pub busy: String,
}

/// What to know of a test before it is run.
#[must_use]
pub fn facts(app: &App, agent: &str, spec: &TestSpec) -> Facts {
    let target = spec.target();
    let same = |test: &&Test| {
        *test.agent == *agent && test.spec.target() == target && test.phase == TestPhase::Done
    };
    let last = app.own.speed.tests.iter().find(same).map(|test| test.figures);
    let amount = match (spec, traffic::estimate(spec, last.as_ref())) {
        (TestSpec::Speedtest(_), Some(bytes)) => format!("about {}", words::moved(bytes)),
        (TestSpec::Speedtest(_), None) => "an unknown amount".to_owned(),
        _ => "hardly any traffic".to_owned(),
    };
    Facts { amount, busy: busy(app, agent, &target) }
}

/// What runs or waits at a vantage or against a target.
#[must_use]
pub fn busy(app: &App, agent: &str, target: &str) -> String {
    let open = app.own.speed.tests.iter().filter(|test| !test.phase.is_over());
    let here = |test: &&Test| *test.agent == *agent || test.spec.target() == target;
    let (runs, waits): (Vec<&Test>, Vec<&Test>) =
        open.filter(here).partition(|test| test.phase == TestPhase::Running);
    let away = nodes(app).nodes.iter().find(|node| *node.name == *agent);
    let away = away.filter(|node| node.phase == crate::model::AgentPhase::Offline);
    match (away, runs.first(), waits.len()) {
        (Some(_), ..) => format!("{agent} is OFFLINE"),
        (None, Some(test), _) => {
            let pair = pair_words(&test.agent, &test.spec.target());
            let more = runs.len() + waits.len() - 1;
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("{pair} runs{more}: it waits")
        }
        (None, None, 0) => "nothing runs there now".to_owned(),
        (None, None, count) => format!("{} waits there", plural(count, "test")),
    }
}

/// Asks with a line before a test of the row is run; without a row a form asks what to run.
pub fn ask(app: &mut App) {
    let Some(row) = chosen(app) else { return test_form::open_test(app) };
    let known = row.measured.or_else(|| row.test()).map(|test| test.spec.clone());
    let spec = known.unwrap_or_else(|| {
        let target = Some(row.target.clone()).filter(|target| !target.is_empty());
        TestSpec::Speedtest(SpeedSpec { target, ..SpeedSpec::default() })
    });
    let (agent, target) = row.pair();
    let facts = facts(app, &agent, &spec);
    let prompt = format!("Run a speedtest {}, {}?", pair_words(&agent, &target), facts.amount);
    let note = format!("{}; {}", facts.busy, words::what(&spec));
    let command = Command::RunTest { agent: Some(Name::clone(&agent)), spec, wait: false };
    let pending = Pending::Triage(Waits::RunTest { agent, target });
    open(app, prompt, note, command, pending);
}

/// Opens the line that asks before a test is run.
pub fn open(app: &mut App, prompt: String, note: String, command: Command, pending: Pending) {
    let (command, pending) = (Box::new(command), Box::new(pending));
    let purpose = Purpose::Run { prompt, note, command, pending };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Ends the test of the row, or takes it back.
pub fn cancel(app: &mut App) -> Vec<Effect> {
    let Some(test) = open_test(app) else {
        app.say(Tone::Note, "nothing runs or waits here");
        return Vec::new();
    };
    let (id, what) = (test.id, pair_words(&test.agent, &test.spec.target()));
    app.say(Tone::Note, format!("cancelling {what}…"));
    let asked = app.ask(Pending::Triage(Waits::CancelTest { what }));
    vec![Effect::Execute { id: asked, command: Command::CancelTest { id } }]
}
