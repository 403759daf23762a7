//! What a filter may ask of a row: cheap, borrowed answers.
//!
//! A row is a check, an alert, or a host. Where a host stands for many (its checks, who
//! acknowledged them) the question is "any of them".

use crate::model::{Kind, Phase, ShownState, State, Timestamp};

/// Who asks, and when: the flag `mine` and all ages depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The operator's name, as it stands in acknowledgements.
    pub me: &'a str,
}

/// A row, as filters and groups see it.
pub trait Facts {
    /// The host's name.
    fn host(&self) -> &str;

    /// The check's name; `None` for a host.
    fn check(&self) -> Option<&str>;

    /// True when `test` holds for the row's check, or for one of the host's.
    fn any_check(&self, test: &mut dyn FnMut(&str, Option<Kind>) -> bool) -> bool;

    /// What a person sees.
    fn shown(&self) -> ShownState;

    /// The state under a window.
    fn judged(&self) -> State;

    /// Where its alert stands, of a host's alerts the furthest (firing before pending).
    fn phase(&self) -> Option<Phase>;

    /// The value of a label.
    fn label(&self, key: &str) -> Option<&str>;

    /// The host's groups.
    fn groups(&self) -> &[String];

    /// Where it is: the label `site`, or without one the first group.
    fn site(&self) -> Option<&str> {
        self.label("site").or_else(|| self.groups().first().map(String::as_str))
    }

    /// What the check said; empty for a host.
    fn output(&self) -> &str;

    /// True when `test` holds for somebody who acknowledged it.
    fn any_ack(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;

    /// True when `test` holds for one of the texts that the row has from its host: name, address,
    /// labels, groups. A bare word is looked for in them and in the row's own.
    fn any_host_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;

    /// True when `test` holds for one of the row's own texts: check, kind, output, who
    /// acknowledged and why.
    fn any_own_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;

    /// When its state began.
    fn since(&self) -> Option<Timestamp>;

    /// Acknowledged; a host when all its firing alerts are.
    fn is_acked(&self) -> bool;

    /// When its acknowledgement ends; of a host the first that does.
    fn ack_ends(&self) -> Option<Timestamp>;

    /// Firing, not acknowledged, not in a window, not snoozed by me; a host with such an alert.
    fn is_unhandled(&self) -> bool;

    /// Its results are overdue.
    fn is_stale(&self) -> bool;

    /// Another alert explains it, or may; a host when that is so of all its firing alerts.
    fn is_explained(&self) -> bool;

    /// Its state changes too often; a host with such a check.
    fn is_flapping(&self) -> bool;

    /// Snoozed by me; a host when all its firing alerts are.
    fn is_snoozed(&self) -> bool;

    /// A maintenance window covers it.
    fn in_window(&self) -> bool;

    /// The check is never run; a host that has checks, none of which is.
    fn is_disabled(&self) -> bool;
}

/// A row of which only its state and texts are known; the first text is the host's name, the
/// second the check's.
pub(super) struct Texts<'a> {
    pub(super) shown: ShownState,
    pub(super) texts: &'a [&'a str],
}

impl Facts for Texts<'_> {
    fn host(&self) -> &str {
        self.texts.first().copied().unwrap_or("")
    }

    fn check(&self) -> Option<&str> {
        self.texts.get(1).copied()
    }

    fn any_check(&self, test: &mut dyn FnMut(&str, Option<Kind>) -> bool) -> bool {
        self.check().is_some_and(|name| test(name, None))
    }

    fn shown(&self) -> ShownState {
        self.shown
    }

    fn judged(&self) -> State {
        match self.shown {
            ShownState::Ok | ShownState::Maintenance => State::Ok,
            ShownState::Warning => State::Warning,
            ShownState::Critical => State::Critical,
            ShownState::Unknown => State::Unknown,
        }
    }

    fn phase(&self) -> Option<Phase> {
        None
    }

    fn label(&self, _key: &str) -> Option<&str> {
        None
    }

    fn groups(&self) -> &[String] {
        &[]
    }

    fn output(&self) -> &str {
        self.texts.get(2).copied().unwrap_or("")
    }

    fn any_ack(&self, _test: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }

    fn any_host_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.texts.first().is_some_and(|text| test(text))
    }

    fn any_own_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.texts.iter().skip(1).any(|text| test(text))
    }

    fn since(&self) -> Option<Timestamp> {
        None
    }

    fn is_acked(&self) -> bool {
        false
    }

    fn ack_ends(&self) -> Option<Timestamp> {
        None
    }

    fn is_unhandled(&self) -> bool {
        false
    }

    fn is_stale(&self) -> bool {
        false
    }

    fn is_explained(&self) -> bool {
        false
    }

    fn is_flapping(&self) -> bool {
        false
    }

    fn is_snoozed(&self) -> bool {
        false
    }

    fn in_window(&self) -> bool {
        self.shown == ShownState::Maintenance
    }

    fn is_disabled(&self) -> bool {
        false
    }
}
