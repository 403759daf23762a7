//! What an operator hears of a receiver: that it fails and since when, and what was lost.

use crate::model::{Name, Now, SafeText, Span, Timestamp};

/// How long a receiver fails before every console says so.
const LONG: Span = Span::from_secs(300);
/// Between two lines of the log that say the same.
const AGAIN: Span = Span::from_secs(60);

/// A receiver that has failed for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub name: Name,
    /// Since when.
    pub since: Timestamp,
    /// Why, as it said last.
    pub why: SafeText,
    /// Samples that were lost since.
    pub lost: u64,
}

/// How one receiver is.
#[derive(Debug, Default)]
pub(super) struct Health {
    failing: Option<(Now, SafeText)>,
    /// Samples that were lost since it fails.
    lost: u64,
    /// Samples that were lost and not yet said.
    unsaid: u64,
    said: Option<Now>,
}

impl Health {
    /// It took something.
    pub fn worked(&mut self, name: &str) {
        if self.failing.take().is_some() && self.said.is_some() {
            let lost = std::mem::take(&mut self.lost);
            tracing::warn!("remote write to {name} works again; {lost} samples were lost");
        }
        (self.lost, self.unsaid, self.said) = (0, 0, None);
    }

    /// It failed, and is asked again.
    pub fn failed(&mut self, name: &str, why: &str, now: Now) {
        let why = SafeText::line(why);
        match &mut self.failing {
            Some((_, known)) => *known = why,
            None => self.failing = Some((now, why)),
        }
        self.say(name, now);
    }

    /// So many samples are lost.
    pub fn lost(&mut self, name: &str, samples: u64, now: Now) {
        self.lost += samples;
        self.unsaid += samples;
        self.say(name, now);
    }

    fn say(&mut self, name: &str, now: Now) {
        if self.said.is_some_and(|at| now.steady.since(at.steady) < AGAIN) {
            return;
        }
        self.said = Some(now);
        let why = self.failing.as_ref().map_or("its queue is full", |(_, why)| why.as_str());
        match std::mem::take(&mut self.unsaid) {
            0 => tracing::warn!("remote write to {name} fails and is tried again: {why}"),
            lost => tracing::warn!("remote write to {name}: {lost} samples are lost: {why}"),
        }
    }

    /// What is to be said everywhere.
    pub fn trouble(&self, name: &Name, now: Now) -> Option<Trouble> {
        let (since, why) = self.failing.as_ref()?;
        (now.steady.since(since.steady) >= LONG).then(|| Trouble {
            name: Name::clone(name),
            since: since.wall,
            why: why.clone(),
            lost: self.lost,
        })
    }
}
