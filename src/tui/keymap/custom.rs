//! The configuration's `[keys]` and `[[action]]` over a preset; what does not fit is said with its
//! place.

use super::load::{chords, clash};
use super::{Action, Binding, Bound, Chord, Context, Keymap};
use crate::config::console::{ActionScope, Keys};
use crate::config::{Problem, Problems, nearest};

impl Keymap {
    /// The keys in force: a preset with what the configuration changes.
    ///
    /// # Errors
    /// Every name that is no action, every word that is no key, and every key that would mean two
    /// things, with its place.
    pub fn of(preset: &str, keys: &Keys) -> Result<Self, Problems> {
        let mut keymap = Self::preset(preset)
            .map_err(|why| Problems::one("configuration", format!("console.keys: {why}")))?;
        let mut problems = Vec::new();
        // First everything that is taken away, so that keys may change places.
        let named: Vec<(usize, Action)> = keys
            .bindings
            .iter()
            .enumerate()
            .filter_map(|(at, binding)| {
                let action = Action::from_name(&binding.action);
                if action.is_none() {
                    problems.push(keys.problem(binding.place, unknown_action(&binding.action)));
                }
                action.map(|action| (at, action))
            })
            .collect();
        let places: Vec<Vec<Context>> =
            named.iter().map(|(_, action)| keymap.take(*action)).collect();
        let mut fresh = Vec::new();
        for ((at, action), contexts) in named.iter().zip(places) {
            let Some(binding) = keys.bindings.get(*at) else { continue };
            for text in &binding.keys {
                let chords = match chords(text) {
                    Ok(chords) => chords,
                    Err(why) => {
                        let why = format!("`{}`: {why}", binding.action);
                        problems.push(keys.problem(binding.place, why));
                        continue;
                    }
                };
                for context in &contexts {
                    let new = Binding {
                        context: *context,
                        chords: chords.clone(),
                        bound: Bound::Action(*action),
                    };
                    fresh.push((new, binding.place, text));
                }
            }
        }
        for (at, own) in keys.actions.iter().enumerate() {
            if Action::from_name(&own.name).is_some() {
                let why = format!("`{}` is an action of the console; name it otherwise", own.name);
                problems.push(keys.problem(own.place, why));
            }
            let Some(text) = &own.key else { continue };
            let context = match own.scope {
                ActionScope::Any => Context::Global,
                _ => Context::Objects,
            };
            match chords(text) {
                Ok(chords) => {
                    let new = Binding { context, chords, bound: Bound::Custom(at) };
                    fresh.push((new, own.place, text));
                }
                Err(why) => {
                    problems.push(keys.problem(own.place, format!("`{}`: {why}", own.name)));
                }
            }
        }
        keymap.custom.clone_from(&keys.actions);
        for (new, place, text) in fresh {
            match keymap.refusal(&new, text) {
                Some(why) => problems.push(keys.problem(place, why)),
                None => keymap.bindings.push(new),
            }
        }
        problems.extend(keymap.locked_in(keys, &named));
        if problems.is_empty() {
            return Ok(keymap);
        }
        problems.sort();
        problems.dedup();
        Err(Problems { list: problems, omitted: 0 })
    }

    /// Takes all keys of an action away; returns where it had some, else where it belongs.
    fn take(&mut self, action: Action) -> Vec<Context> {
        let mut contexts: Vec<Context> = self
            .bindings
            .iter()
            .filter(|have| have.bound == Bound::Action(action))
            .map(|have| have.context)
            .collect();
        contexts.sort_unstable();
        contexts.dedup();
        self.bindings.retain(|have| have.bound != Bound::Action(action));
        if contexts.is_empty() {
            contexts.push(Context::Global);
        }
        contexts
    }

    /// Why a key of the configuration cannot be bound so.
    fn refusal(&self, new: &Binding, text: &str) -> Option<String> {
        let name = self.name(new.bound);
        let types = matches!(new.context, Context::Line | Context::Form);
        if types && new.chords.first().is_some_and(Chord::is_typed) {
            return Some(format!(
                "`{text}` cannot be bound to `{name}`: it is typed into the line; take enter, esc, \
                 tab, an arrow or ctrl-x"
            ));
        }
        if new.context.is_dialog() && new.chords.len() > 1 {
            return Some(format!("`{text}` of `{name}`: a dialog takes single keys only"));
        }
        let other = self.bindings.iter().find(|have| {
            have.bound != new.bound
                && have.context.meets(new.context)
                && clash(&have.chords, &new.chords)
        })?;
        let other_name = self.name(other.bound);
        let theirs = self.written(&other.chords);
        let how = if other.chords == new.chords { "is the key of" } else { "gets in the way of" };
        let clue = if other.chords == new.chords { String::new() } else { format!(" ({theirs})") };
        Some(format!(
            "`{text}` of `{name}` {how} `{other_name}`{clue}; take another key, or write \
             `{other_name} = \"none\"` in [keys]"
        ))
    }

    /// A dialog that no key closes would hold everybody in it.
    fn locked_in(&self, keys: &Keys, named: &[(usize, Action)]) -> Vec<Problem> {
        let needed = [
            (Action::Cancel, Context::Line),
            (Action::Commit, Context::Line),
            (Action::Cancel, Context::Question),
            (Action::Cancel, Context::Form),
            (Action::Commit, Context::Form),
            (Action::Cancel, Context::Card),
            (Action::Quit, Context::Wall),
        ];
        needed
            .into_iter()
            .filter(|(action, context)| self.keys(&[*context], *action).is_empty())
            .filter_map(|(action, context)| {
                let (at, _) = named.iter().find(|(_, have)| *have == action)?;
                let place = keys.bindings.get(*at)?.place;
                let why = format!(
                    "`{}` needs a key: without one nobody gets out of a {}",
                    action.name(),
                    context.name()
                );
                Some(keys.problem(place, why))
            })
            .collect()
    }

    fn name(&self, bound: Bound) -> String {
        match bound {
            Bound::Action(action) => action.name().to_owned(),
            Bound::Custom(at) => self.custom.get(at).map_or(String::new(), |own| own.name.clone()),
        }
    }
}

fn unknown_action(word: &str) -> String {
    let near = nearest(word, Action::ALL.iter().map(|action| action.name()));
    let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    let cut: String = word.chars().take(64).collect();
    format!("`{cut}` is no action{hint} `fluxnoc keys` lists them")
        .replace("action `f", "action; `f")
}
