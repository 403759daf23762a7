//! The rules as they were before a change that the store did not take.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::core::Core;
use super::{Queries, QueryRules, RuleId};
use crate::model::CheckKey;
use crate::promql::Labels;

/// What was evaluated, and what was known of its alerts.
pub(in crate::engine) struct QueriesBefore {
    rules: Arc<QueryRules>,
    known: HashMap<RuleId, HashMap<Labels, CheckKey>>,
}

impl Queries {
    /// What [`Core::queries_back`] puts back.
    pub(in crate::engine) fn before_change(&self) -> QueriesBefore {
        QueriesBefore { rules: Arc::clone(&self.rules), known: self.known.clone() }
    }
}

impl Core {
    /// Evaluates again what was evaluated before.
    pub(in crate::engine) fn queries_back(&mut self, before: QueriesBefore) {
        let QueriesBefore { rules, known } = before;
        self.end_series(&rules);
        self.queries.known = known;
        self.queries.rules = Arc::clone(&rules);
        self.queries.told.send_replace(rules);
    }
}
