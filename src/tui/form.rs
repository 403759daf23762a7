//! A form: named fields, a cursor over them and two buttons, as pure state.
//!
//! In: keys, pasted text, moves between fields. Out: what each field says, and what is wrong with
//! it. A form knows nothing of what it is for: that is its opener's.

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::tui::action::Action;
use crate::tui::line::LENGTH_LIMIT;

/// What a field takes.
#[derive(Clone, Debug)]
pub enum Kind {
    /// One line of text.
    Text(Input),
    /// Yes or no, with the words for both.
    Toggle {
        /// The choice.
        on: bool,
        /// What yes means.
        yes: &'static str,
        /// What no means.
        no: &'static str,
    },
    /// One of several words.
    Choice {
        /// The words.
        options: &'static [&'static str],
        /// The one that is chosen.
        at: usize,
    },
}

/// A field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, which is also its label.
    pub name: &'static str,
    /// How it is written; shown beside it while it is empty and where the keys are.
    pub about: String,
    /// What it takes.
    pub kind: Kind,
    /// What is wrong with it.
    pub error: Option<String>,
    /// True while the text is the one that it was filled with: it is chosen as a whole, and the first
    /// letter replaces it.
    pub offered: bool,
    /// Texts that are known to fit: the right arrow at the end of the text takes the next.
    pub known: Vec<String>,
}

impl Field {
    /// A field for text, filled with a value that the first letter replaces; keys that move or erase
    /// keep it.
    #[must_use]
    pub fn text(name: &'static str, value: &str, about: impl Into<String>) -> Self {
        let kind = Kind::Text(Input::new(value.to_owned()));
        let offered = !value.is_empty();
        Self { name, about: about.into(), kind, error: None, offered, known: Vec::new() }
    }

    /// The same with texts that are known to fit.
    #[must_use]
    pub fn of(self, known: Vec<String>) -> Self {
        Self { known, ..self }
    }

    /// A field for one of several words; one that is none of them is the first.
    #[must_use]
    pub fn choice(name: &'static str, options: &'static [&'static str], value: &str) -> Self {
        let at = options.iter().position(|option| *option == value).unwrap_or(0);
        let (kind, about) = (Kind::Choice { options, at }, "Space changes it".to_owned());
        Self { name, about, kind, error: None, offered: false, known: Vec::new() }
    }

    /// The known text that the right arrow takes.
    #[must_use]
    pub fn next_known(&self) -> Option<&str> {
        let Kind::Text(input) = &self.kind else { return None };
        let text = input.value();
        if input.cursor() < text.chars().count() {
            return None;
        }
        let lower = text.to_lowercase();
        let begins = |known: &&String| known.to_lowercase().starts_with(&lower);
        let next = match self.known.iter().position(|known| known == text) {
            Some(at) => self.known.get((at + 1) % self.known.len()),
            None => self.known.iter().find(begins),
        };
        next.map(String::as_str).filter(|next| *next != text)
    }

    /// Goes to the next or previous of several words; false when it has none.
    fn turn(&mut self, forward: bool) -> bool {
        let Kind::Choice { options, at } = &mut self.kind else { return false };
        let count = options.len();
        if count > 0 {
            *at = if forward { (*at + 1) % count } else { (*at + count - 1) % count };
        }
        self.error = None;
        true
    }

    /// A field for a choice of two.
    #[must_use]
    pub fn toggle(name: &'static str, on: bool, yes: &'static str, no: &'static str) -> Self {
        let kind = Kind::Toggle { on, yes, no };
        let about = "Space changes it".to_owned();
        Self { name, about, kind, error: None, offered: false, known: Vec::new() }
    }

    /// Its text, about to be edited; `letter` when something is typed into it.
    fn touched(&mut self, letter: bool) -> Option<&mut Input> {
        let Kind::Text(input) = &mut self.kind else { return None };
        if std::mem::take(&mut self.offered) && letter {
            *input = Input::default();
        }
        self.error = None;
        Some(input)
    }
}

/// Where the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a field, by its number.
    Field(usize),
    /// At the button that sends.
    Send,
    /// At the button that closes.
    Cancel,
}

/// True for a key that puts a letter into a text.
#[must_use]
pub fn types(key: KeyEvent) -> bool {
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    matches!(key.code, KeyCode::Char(_)) && !held
}

/// A form; see the module's head.
#[derive(Clone, Debug)]
pub struct Form {
    /// What it does.
    pub title: String,
    /// The objects that it was opened for, in words.
    pub objects: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// What sending would do, in words: one sentence a line.
    pub preview: Vec<String>,
    /// The word of the button that sends.
    pub send: &'static str,
    /// What else can be done, by which key, in words.
    pub also: Option<(Action, &'static str)>,
    at: usize,
}

impl Form {
    /// A form with the keys at its first field.
    #[must_use]
    pub fn new(title: impl Into<String>, objects: impl Into<String>, fields: Vec<Field>) -> Self {
        let (title, objects) = (title.into(), objects.into());
        Self { title, objects, fields, preview: Vec::new(), send: "Send", also: None, at: 0 }
    }

    /// Where the keys are.
    #[must_use]
    pub const fn place(&self) -> Place {
        let fields = self.fields.len();
        if self.at < fields {
            Place::Field(self.at)
        } else if self.at == fields {
            Place::Send
        } else {
            Place::Cancel
        }
    }

    /// Goes to the next or previous field or button, round the ends.
    pub const fn step(&mut self, forward: bool) {
        let count = self.fields.len() + 2;
        self.at = if forward { (self.at + 1) % count } else { (self.at + count - 1) % count };
    }

    fn here(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.at)
    }

    /// Changes the choice under the keys; false when there is none.
    pub fn toggle(&mut self) -> bool {
        let Some(field) = self.here() else { return false };
        if let Kind::Toggle { on, .. } = &mut field.kind {
            *on = !*on;
            return true;
        }
        field.turn(true)
    }

    /// Edits the text under the keys.
    pub fn key(&mut self, key: KeyEvent) {
        let types = types(key);
        if let (KeyCode::Left | KeyCode::Right, Some(field)) = (key.code, self.here()) {
            let forward = key.code == KeyCode::Right;
            if field.turn(forward) {
                return;
            }
            if let Some(next) = field.next_known().filter(|_| forward).map(str::to_owned) {
                (field.kind, field.offered) = (Kind::Text(Input::new(next)), false);
                field.error = None;
                return;
            }
        }
        let Some(input) = self.here().and_then(|field| field.touched(types)) else { return };
        if !(types && input.value().chars().count() >= LENGTH_LIMIT) {
            input.handle_event(&TerminalEvent::Key(key));
        }
    }

    /// Takes the first line of a pasted text into the text under the keys.
    pub fn paste(&mut self, text: &str) {
        let Some(input) = self.here().and_then(|field| field.touched(true)) else { return };
        let room = LENGTH_LIMIT.saturating_sub(input.value().chars().count());
        let first = text.lines().next().unwrap_or("");
        for letter in first.chars().filter(|c| !c.is_control()).take(room) {
            input.handle(InputRequest::InsertChar(letter));
        }
    }

    /// What a field says, without blanks around it; nothing for an unknown one.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        match field.map(|field| &field.kind) {
            Some(Kind::Text(input)) => input.value().trim(),
            Some(Kind::Choice { options, at }) => options.get(*at).copied().unwrap_or_default(),
            _ => "",
        }
    }

    /// True when a choice is yes.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|f| f.name == name && matches!(f.kind, Kind::Toggle { on: true, .. }))
    }

    /// Says what is wrong with a field; the keys go to the first that is wrong.
    pub fn fail(&mut self, name: &str, why: impl Into<String>) {
        let Some(at) = self.fields.iter().position(|field| field.name == name) else { return };
        let first = self.fields.iter().position(|field| field.error.is_some());
        if first.is_none_or(|first| at < first) {
            self.at = at;
        }
        if let Some(field) = self.fields.get_mut(at) {
            field.error = Some(why.into());
        }
    }

    /// Says what is wrong with a field; the keys stay where they are.
    pub fn mark(&mut self, name: &str, why: impl Into<String>) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.error = Some(why.into());
        }
    }

    /// Takes all that was wrong away.
    pub fn clear_errors(&mut self) {
        for field in &mut self.fields {
            field.error = None;
        }
    }

    /// True when something is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.fields.iter().any(|field| field.error.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let fields = vec![
            Field::text("comment", "ab", "why"),
            Field::toggle("sticky", false, "yes", "no"),
            Field::text("end", "4h", "4h"),
        ];
        Form::new("Acknowledge", "web-1", fields)
    }

    fn letter(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)
    }

    #[test]
    fn the_keys_go_round_over_fields_and_buttons() {
        let mut form = form();
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(form.place());
            form.step(true);
        }
        let fields = [0, 1, 2].map(Place::Field);
        assert_eq!(seen[..3], fields);
        assert_eq!(seen[3..], [Place::Send, Place::Cancel, Place::Field(0)]);
        form.step(false);
        form.step(false);
        assert_eq!(form.place(), Place::Cancel);
    }

    #[test]
    fn letters_go_where_the_keys_are_and_choices_take_none() {
        let mut form = form();
        form.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE));
        form.key(letter('c'));
        assert!(!form.toggle());
        form.step(true);
        form.key(letter('x'));
        assert!(form.toggle() && form.is_on("sticky"));
        form.step(true);
        form.paste("30m\nrm -rf\u{1b}");
        assert_eq!((form.text("comment"), form.text("end")), ("abc", "30m"));
        form.paste(&"y".repeat(1_000_000));
        assert_eq!(form.text("end").len(), LENGTH_LIMIT);
    }

    #[test]
    fn what_was_filled_in_is_replaced_by_a_letter_and_kept_by_a_key_that_moves() {
        let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
        for (code, text) in [
            (KeyCode::Char('x'), "xy"),
            (KeyCode::End, "aby"),
            (KeyCode::Home, "yab"),
            (KeyCode::Left, "ayb"),
            (KeyCode::Backspace, "ay"),
        ] {
            let mut form = form();
            form.key(plain(code));
            form.key(letter('y'));
            assert_eq!(form.text("comment"), text, "{code:?}");
        }
        let mut form = form();
        form.key(KeyEvent::new(KeyCode::Char('e'), KeyModifiers::CONTROL));
        form.key(letter('y'));
        assert_eq!(form.text("comment"), "aby", "Ctrl-E is End");
        // Looked at and left, it is still what was filled in.
        form.step(true);
        form.step(true);
        form.step(false);
        form.step(true);
        form.key(letter('9'));
        assert_eq!(form.text("end"), "9");
    }

    #[test]
    fn the_keys_go_to_the_first_that_is_wrong() {
        let mut form = form();
        form.fail("end", "no length");
        assert_eq!(form.place(), Place::Field(2));
        form.fail("comment", "empty");
        form.fail("end", "no length");
        assert_eq!(form.place(), Place::Field(0));
        assert!(form.is_wrong());
        form.clear_errors();
        assert!(!form.is_wrong());
    }
}
