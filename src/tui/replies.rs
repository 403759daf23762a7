//! Answers of the engine: each goes to what asked for it; what nobody waits for any more is dropped.

use crate::model::CheckKey;
use crate::protocol::{Answer, Outcome, Problem};
use crate::tui::app::{App, Tone};
use crate::tui::book::Book;
use crate::tui::detail::Last;
use crate::tui::effect::{Effect, Reply};
use crate::tui::format::plural;
use crate::tui::line::Pending;
use crate::tui::triage::{self, done, undo};
use crate::tui::{panes, update, watch};

/// Takes the answer to request `id`.
pub fn take(app: &mut App, id: u64, result: Result<Reply, Problem>) -> Vec<Effect> {
    app.under_way.remove(&id);
    let Some(pending) = app.pending.remove(&id) else { return Vec::new() };
    undo::replied(app, id, &pending, &result);
    match pending {
        Pending::Ack { alerts, what, until } => {
            for id in &alerts {
                app.acking.remove(id);
            }
            let who = app.actor.name();
            done(app, &what, result, |_| format!("{what} acknowledged by {who} {until}"));
            return refresh_edges(app);
        }
        Pending::Unack { what, .. } => {
            done(app, &what, result, |_| format!("{what} given back: it is unhandled again"));
            return refresh_edges(app);
        }
        Pending::Recheck { what } => {
            done(app, &what, result, |count| {
                format!("re-checking {what}: {} asked for", plural(count, "run"))
            });
        }
        Pending::Notifications { what, did } => {
            done(app, &what, result, |_| format!("{what} {did}"));
            panes::notifications::forget(app);
        }
        Pending::RemoveAgent { what } => {
            done(app, &what, result, |_| format!("agent {what} is forgotten"));
        }
        Pending::Reload => {
            let good = result.is_ok();
            done(app, "the configuration", result, |_| "configuration reloaded".to_owned());
            // The engine has taken its half; keys and themes are ours.
            return if good { vec![Effect::Look] } else { Vec::new() };
        }
        Pending::Window { what } => window(app, &what, result),
        Pending::EndWindow { what } => {
            match result {
                Ok(Reply::Outcome(Outcome::Maintenance(window))) if window.recurrence.is_some() => {
                    let next = app.options.zone.moment(window.start, app.wall());
                    app.say(Tone::Good, format!("`{what}` is over until {next}"));
                }
                Ok(_) => app.say(Tone::Good, format!("`{what}` has ended")),
                Err(problem) => app.say(Tone::Bad, problem.to_string()),
            }
            panes::windows::forget(app);
        }
        Pending::Look => {
            if let Err(problem) = result {
                app.say(Tone::Bad, format!("no live numbers: {problem}"));
            }
        }
        Pending::GraphHistory(key) => {
            load(app.graph.as_mut(), &key, id, result);
            update::choose_interface(app);
        }
        Pending::DetailHistory(key, _) => {
            let book = app.detail.as_mut().and_then(|detail| detail.book.as_mut());
            load(book, &key, id, result);
        }
        Pending::CheckDetail(key) => check(app, &key, result),
        Pending::Triage(waits) => {
            triage::reply(app, waits, result);
            return refresh_edges(app);
        }
        Pending::Pane(pane, token) => panes::reply(app, pane, token, result),
        Pending::Edges(host) => {
            if let Some(detail) = app.detail.as_mut().filter(|detail| detail.host == host) {
                match result {
                    Ok(Reply::Answer(Answer::Edges(edges))) => detail.edges = Some(edges),
                    Ok(_) => detail.edges_problem = Some(NOT_THAT.to_owned()),
                    Err(problem) => detail.edges_problem = Some(problem.to_string()),
                }
            }
        }
    }
    Vec::new()
}

const NOT_THAT: &str = "the engine answered something else";

fn window(app: &mut App, what: &str, result: Result<Reply, Problem>) {
    match result {
        Ok(Reply::Outcome(Outcome::Maintenance(window))) => {
            let moment = |at| app.options.zone.moment(at, app.wall());
            let end = moment(window.end);
            let text = if window.start > app.wall() {
                format!("{what} will be in maintenance from {} until {end}", moment(window.start))
            } else {
                format!("{what} is in maintenance until {end}")
            };
            let repeats = window.recurrence.map(|recurrence| recurrence.repeats.rule.to_string());
            let repeats = repeats.map(|rule| format!(", {rule}")).unwrap_or_default();
            app.say(Tone::Good, format!("{text}{repeats}"));
        }
        Ok(_) => app.say(Tone::Good, format!("{what} is in maintenance")),
        Err(problem) => app.say(Tone::Bad, problem.to_string()),
    }
}

fn load(book: Option<&mut Book>, key: &CheckKey, id: u64, result: Result<Reply, Problem>) {
    let Some(book) = book.filter(|book| book.key == *key && book.asked == id) else { return };
    match result {
        Ok(Reply::Answer(Answer::History { series, states })) => book.load(series, states),
        Ok(_) => book.problem = Some(NOT_THAT.to_owned()),
        Err(problem) => book.problem = Some(problem.to_string()),
    }
}

fn check(app: &mut App, key: &CheckKey, result: Result<Reply, Problem>) {
    let Some(detail) = app.detail.as_mut().filter(|detail| detail.host == key.host) else { return };
    let Ok(Reply::Answer(Answer::Check(answer))) = result else { return };
    detail.path = answer.trace.map(|path| (key.name.clone(), path));
    detail.last = Some(Last {
        check: key.name.clone(),
        seen: answer.last,
        at: answer.row.status.last_result,
        next: answer.next,
    });
}

/// What somebody did is an event of the host: ask again for the list on screen.
fn refresh_edges(app: &mut App) -> Vec<Effect> {
    let host = app.detail.as_ref().map(|detail| detail.host.clone());
    host.map(|host| watch::edges(app, &host)).into_iter().collect()
}
