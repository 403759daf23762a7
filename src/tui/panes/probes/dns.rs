//! The lookups: every vantage and name with how its resolvers answered last.
//!
//! ```text
//!  state   agent   name             type  fastest   slowest  rating  answers  age
//! ›✓ done  ams-05  api.example.net  A      1.2 ms   31.0 ms  SLOW    differ    2m
//! ```

use std::collections::BTreeSet;

use crate::model::rating::Rating;
use crate::model::test::DnsResult;
use crate::model::{Measured, SafeText, State, Test, TestPhase};
use crate::tui::app::{App, Pane};
use crate::tui::format::plural;
use crate::tui::panes::columns::{columns, heads, row};
use crate::tui::panes::probes::{Place, age, nothing};
use crate::tui::panes::rows::select;
use crate::tui::panes::speed::{said, words};
use crate::tui::theme::Role;
use crate::tui::views::View;
use crate::tui::widgets::{Surface, cursor};

/// The tint of a rating: a word for people, never a state.
pub const fn tint(rating: Option<Rating>) -> Role {
    match rating {
        Some(Rating::Critical | Rating::Slow) => Role::StateWarning,
        Some(Rating::Good | Rating::Excellent) => Role::Text,
        None => Role::Muted,
    }
}

/// The records of an answer, whatever their order.
fn records(answer: &SafeText) -> BTreeSet<&str> {
    answer.as_str().split([',', ' ']).filter(|record| !record.is_empty()).collect()
}

/// For each resolver whether it answered something else than most that answered.
pub fn differs(result: &DnsResult) -> Vec<bool> {
    let all: Vec<Option<BTreeSet<&str>>> =
        result.resolvers.iter().map(|one| one.time_ms.and(Some(records(&one.answer)))).collect();
    let count = |of: &BTreeSet<&str>| all.iter().flatten().filter(|one| *one == of).count();
    // Of as many the first that was given.
    let usual = all.iter().flatten().rev().max_by_key(|one| count(one));
    all.iter().map(|one| one.as_ref().is_some_and(|one| Some(one) != usual)).collect()
}

/// Whether the resolvers of a test agree, in a word.
fn agree(result: &DnsResult, measured: &Measured) -> (String, Role) {
    let role = measured.unanswered().map_or(Role::Strong, |(state, _)| Role::of_state(state));
    let failed = result.resolvers.iter().filter(|one| one.time_ms.is_none()).count();
    let differ = differs(result).into_iter().filter(|differs| *differs).count();
    match (differ, failed) {
        (0, 0) => ("same".to_owned(), Role::Muted),
        (0, failed) => (format!("{failed} dead"), role),
        (differ, _) => (format!("{differ} differ"), role),
    }
}

/// The rows: what failed first, then by name.
fn rows(app: &App) -> Vec<(Place, &Test)> {
    let own = &app.own.probes;
    let last = own.last(View::Dns);
    let mut rows: Vec<(Place, &Test)> =
        last.into_iter().filter_map(|(place, last)| Some((place, last.test()?))).collect();
    rows.sort_by_key(|(_, test)| {
        let measured = own.measured(test);
        let dead = measured.and_then(Measured::unanswered).map(|(state, _)| state);
        let odd = match measured {
            Some(Measured::Dns(result)) => differs(result).contains(&true),
            _ => false,
        };
        match test.phase {
            _ if dead == Some(State::Critical) => 0,
            TestPhase::Failed | TestPhase::Missed => 1,
            _ if dead.is_some() || !test.breaches.is_empty() => 2,
            _ if odd => 3,
            _ => 4,
        }
    });
    rows
}

fn line(app: &App, rows: &[(Place, &Test)]) -> usize {
    let own = &app.own.probes;
    let same = rows.iter().position(|(place, _)| Some(place) == own.under.as_ref());
    same.unwrap_or(own.at).min(rows.len().saturating_sub(1))
}

/// What is under the cursor.
pub fn here(app: &App) -> Option<Place> {
    let rows = rows(app);
    rows.get(line(app, &rows)).map(|(place, _)| place.clone())
}

/// Moves the cursor.
pub fn step(app: &mut App, by: isize) {
    let rows = rows(app);
    let at = cursor::moved(line(app, &rows), rows.len(), by);
    let under = rows.get(at).map(|(place, _)| place.clone());
    (app.own.probes.at, app.own.probes.under) = (at, under);
}

/// Counts and position.
pub fn title(app: &App) -> (String, String) {
    let rows = rows(app);
    let name = format!("DNS{}", app.own.probes.needle.title());
    if rows.is_empty() {
        return (name, String::new());
    }
    let at = format!("{} of {}", line(app, &rows) + 1, rows.len());
    (format!("{name}: {}", plural(rows.len(), "lookup")), at)
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.probes;
    let rows = rows(app);
    if rows.is_empty() || own.problem.is_some() {
        return nothing(app, surface, "No DNS timing");
    }
    let (agent, name, age_wide) = match surface.width() {
        160.. => (24, 44, 5),
        100..160 => (12, 26, 5),
        _ => (10, 18, 0),
    };
    let columns = columns(
        surface.width(),
        &[
            (11, "state", false),
            (agent, "agent", false),
            (name, "name", false),
            (9, "fastest", true),
            (9, "slowest", true),
            (9, "rating", false),
            (8, "answers", false),
            (age_wide, "age", true),
            (0, "why", false),
        ],
    );
    heads(surface, &columns);
    let at = line(app, &rows);
    let height = surface.height().saturating_sub(1);
    for (y, index) in own.scroll.window(at, rows.len(), height).enumerate() {
        let Some((place, test)) = rows.get(index) else { continue };
        row(surface, y + 1, &columns, &cells(app, place, test));
        if index == at {
            select(app, surface, y + 1, app.focus == Pane::DnsList);
        }
    }
}

fn cells(app: &App, place: &Place, test: &Test) -> [(String, Role); 9] {
    let (state, role) = words::state(test);
    let measured = app.own.probes.measured(test);
    let result = match measured {
        Some(Measured::Dns(result)) => Some(result),
        _ => None,
    };
    let agrees = measured.zip(result).map(|(measured, result)| agree(result, measured));
    let answered = || result.into_iter().flat_map(|result| &result.resolvers);
    let fastest = answered().filter_map(|one| one.time_ms).reduce(f64::min);
    let slowest = answered()
        .filter(|one| one.time_ms.is_some())
        .max_by(|a, b| a.time_ms.unwrap_or(0.0).total_cmp(&b.time_ms.unwrap_or(0.0)));
    let slow_ms = slowest.and_then(|one| one.time_ms).or(test.figures.latency_ms);
    let rating = slowest.and_then(|one| one.rating);
    [
        (state.to_owned(), role),
        (SafeText::line(&place.0).to_string(), Role::Strong),
        (SafeText::line(&place.1.1).to_string(), Role::Text),
        (words::ms(fastest), Role::Text),
        (words::ms(slow_ms), tint(rating)),
        (rating.map_or("–", Rating::word).to_owned(), tint(rating)),
        agrees.unwrap_or_else(|| ("–".to_owned(), Role::Muted)),
        (age(app, test), Role::Muted),
        (said(app, test), Role::Text),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test::ResolverTime;

    #[test]
    fn fs_25_an_answer_differs_by_its_records_and_a_dead_resolver_does_not() {
        let one = |answer: &str, time_ms| ResolverTime {
            resolver: SafeText::line("10.0.0.53"),
            time_ms,
            rating: None,
            answer: SafeText::line(answer),
            failure: None,
        };
        let of = |all: &[ResolverTime]| differs(&DnsResult { resolvers: all.to_vec() });
        let (a, b) = ("192.0.2.1, 192.0.2.2", "192.0.2.2, 192.0.2.1");
        assert_eq!(of(&[one(a, Some(1.0)), one(b, Some(2.0)), one("", None)]), [false; 3]);
        let odd = one("198.51.100.9", Some(1.0));
        assert_eq!(of(&[odd.clone(), one(a, Some(1.0)), one(b, Some(2.0))]), [true, false, false]);
        // Of two neither is right: the first stands for what is usual.
        assert_eq!(of(&[one(a, Some(1.0)), odd]), [false, true]);
        assert_eq!(of(&[]), Vec::<bool>::new());
    }
}
