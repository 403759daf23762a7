//! Counting what was done for each target, and what could not be.

use crate::model::{SafeText, Timestamp};
use crate::protocol::command::FAILURE_LIMIT;
use crate::protocol::{Outcome, Problem};

/// What became of the targets of one command so far.
#[derive(Debug, Default)]
pub(in crate::engine) struct Tally {
    count: usize,
    failed: usize,
    failures: Vec<SafeText>,
}

impl Tally {
    /// One more was done.
    pub(in crate::engine) const fn done(&mut self, count: usize) {
        self.count += count;
    }

    /// One could not be done; the first [`FAILURE_LIMIT`] reasons are kept.
    pub(in crate::engine) fn fail(&mut self, why: &str) {
        self.failed += 1;
        if self.failures.len() < FAILURE_LIMIT {
            self.failures.push(SafeText::line(why));
        }
    }

    /// The outcome; when nothing at all could be done, the problem.
    pub(in crate::engine) fn outcome(
        self,
        undo_until: Option<Timestamp>,
    ) -> Result<Outcome, Problem> {
        let Self { count, failed, failures } = self;
        if count == 0 {
            let words: Vec<&str> = failures.iter().map(SafeText::as_str).collect();
            return Err(Problem::not_found(words.join("\n")));
        }
        Ok(Outcome::Done { count, failures, failed, undo_until })
    }
}
