//! The filter line: what is typed filters at once, mistakes are marked where they are, Tab completes.
//!
//! In: what is typed and where the cursor stands. Out: the filter in force, marks, offers.
//! Never: filters by a word that may still become another one, so that nothing flickers.

use std::ops::Range;

use tui_input::Input;

use crate::protocol::filter::{Filter, words};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::completion::{Completion, complete};
use crate::tui::format::plural;
use crate::tui::line::{LENGTH_LIMIT, Line, Purpose};
use crate::tui::panes;
use crate::tui::views::View;

/// What the filter line knows besides its text.
#[derive(Clone, Debug, Default)]
pub struct Filtering {
    /// What was filtered before, for Esc.
    pub before: String,
    /// The bytes of the text that are wrong.
    pub wrong: Vec<Range<usize>>,
    /// The bytes of the word that does not filter yet.
    pub undecided: Option<Range<usize>>,
    /// What that word still needs.
    pub hint: Option<String>,
    /// What the word at the cursor can become; empty when nothing is offered.
    pub offers: Completion,
    /// The offer that stands in the text.
    pub offer: Option<usize>,
    /// The text that the offers were made for.
    typed: String,
    /// The word at the cursor came from an offer: it is whole.
    taken: bool,
}

/// Opens the line with the filter in force; as a menu it offers every term there is.
pub fn open(app: &mut App, menu: bool) {
    let before = app.filter.0.clone();
    let mut text = before.clone();
    if menu && !text.is_empty() {
        text.push(' ');
    }
    let mut line = Line::new(Purpose::Filter(Filtering { before, ..Filtering::default() }), &text);
    look(app, &mut line, menu, false);
    app.open(Overlay::Line(Box::new(line)));
}

/// The text or the cursor in it changed.
pub fn typed(app: &mut App) {
    let Some(Overlay::Line(mut line)) = app.overlay.take() else { return };
    look(app, &mut line, false, false);
    app.overlay = Some(Overlay::Line(line));
}

/// Reads the line: filters by what is clear, marks what is wrong, finds what Tab offers.
fn look(app: &mut App, line: &mut Line, menu: bool, taken: bool) {
    let (text, at) = (line.text().to_owned(), cursor(line));
    let Purpose::Filter(own) = &mut line.purpose else { return };
    own.taken = taken;
    let read = Filter::live(&text, (!taken).then_some(at));
    own.wrong = read.errors.iter().map(|error| error.span.clone()).collect();
    own.hint = read.hint.map(|hint| hint.to_string());
    own.undecided = read.undecided;
    line.error = match read.errors.as_slice() {
        [] => None,
        [one] => Some(one.to_string()),
        [one, rest @ ..] => Some(format!("{one} (and {} more)", rest.len())),
    };
    // An empty word can become everything: that is offered only where somebody asks for it.
    let begun = words(&text).iter().any(|word| word.at < at && at <= word.span().end);
    own.offers =
        if begun || menu { complete(&text, at, &app.world) } else { Completion::default() };
    // What is typed already needs no offer.
    let whole = text.get(own.offers.replace.clone()).unwrap_or("");
    if matches!(own.offers.candidates.as_slice(), [one] if one.text == whole) {
        own.offers = Completion::default();
    }
    (own.offer, own.typed) = (None, text.clone());
    put(app, text.trim(), read.filter);
}

/// Where the cursor stands, in bytes.
fn cursor(line: &Line) -> usize {
    let text = line.text();
    text.char_indices().nth(line.input.cursor()).map_or(text.len(), |(at, _)| at)
}

/// Puts a filter in force; the lists follow only when it is another one.
fn put(app: &mut App, text: &str, filter: Filter) {
    let same = app.filter.1 == filter;
    app.filter = (text.to_owned(), filter);
    if !same {
        app.renew();
    }
}

/// Filters from now on; a text that does not parse keeps the filter that was.
pub fn set(app: &mut App, text: &str) {
    match Filter::parse(text) {
        Ok(filter) => put(app, text.trim(), filter),
        Err(errors) => app.say(Tone::Bad, format!("the filter `{}`: {errors}", text.trim())),
    }
}

/// The next offer, or the one before, in place of the word at the cursor. The only one is taken for good, so that the
/// next Tab goes on behind it.
pub fn cycle(app: &mut App, forward: bool) {
    let Some(Overlay::Line(mut line)) = app.overlay.take() else { return };
    let at = cursor(&line);
    if let Purpose::Filter(own) = &mut line.purpose {
        if own.offers.candidates.is_empty() {
            own.offers = complete(line.input.value(), at, &app.world);
            (own.offer, own.typed) = (None, line.input.value().to_owned());
        }
        let count = own.offers.candidates.len();
        let step = if forward { 1 } else { count.saturating_sub(1) };
        let next = own.offer.map_or(0, |at| (at + step) % count.max(1));
        if let Some(offer) = own.offers.candidates.get(next) {
            let (text, behind) = own.offers.apply(&own.typed, offer);
            let whole = !offer.text.ends_with([':', '=']);
            if text.chars().count() <= LENGTH_LIMIT {
                let letters = text.get(..behind).map_or(0, |before| before.chars().count());
                line.input = Input::new(text).with_cursor(letters);
                let (offers, base) = (own.offers.clone(), own.typed.clone());
                look(app, &mut line, false, whole);
                if let Purpose::Filter(own) = &mut line.purpose
                    && count > 1
                {
                    (own.offers, own.offer, own.typed) = (offers, Some(next), base);
                }
            }
        }
    }
    app.overlay = Some(Overlay::Line(line));
}

/// Esc: what was filtered before is in force again.
pub fn cancel(app: &mut App, own: &Filtering) {
    app.overlay = None;
    set(app, &own.before);
}

/// Enter: what is shown stays. A word with a mistake keeps the line open.
pub fn commit(app: &mut App, line: &Line) {
    let Purpose::Filter(own) = &line.purpose else { return };
    let text = line.text();
    match Filter::parse(text) {
        Ok(parsed) => {
            // A glob that was taken to go on, because it was being typed, is written so now.
            let read = Filter::live(text, (!own.taken).then(|| cursor(line)));
            let clear = read.errors.is_empty() && read.undecided.is_none();
            if clear && read.filter != parsed {
                put(app, &read.filter.to_string(), read.filter);
            } else {
                put(app, text.trim(), parsed);
            }
            app.overlay = None;
        }
        Err(errors) => {
            if let Some(Overlay::Line(line)) = &mut app.overlay {
                line.error = Some(errors.to_string());
                if let Purpose::Filter(own) = &mut line.purpose {
                    own.wrong = errors.0.into_iter().map(|error| error.span).collect();
                    own.undecided = None;
                }
            }
        }
    }
}

/// How many rows of each list pass: `3 hosts, 2 alerts`.
#[must_use]
pub fn found(app: &App) -> String {
    let alerts = plural(app.lists.alerts.items().count(), "alert");
    let hosts = plural(app.lists.hosts.items().count(), "host");
    if app.view == View::Agents {
        return plural(panes::agents::rows(app).len(), "agent");
    }
    if app.view == View::Checks {
        format!("{}, {alerts}, {hosts}", plural(app.lists.checks.items().count(), "check"))
    } else {
        format!("{alerts}, {hosts}")
    }
}
