//! Rules that are saved, changed or deleted from a console.
//!
//! In: what is asked for. Out: the inventory that follows, taken in as after a reload.
//! Never: writes a file itself, or judges what a rule says: both are done where the configuration
//! is read.

use std::sync::Arc;

use super::super::core::Core;
use super::super::query_rules::QueriesBefore;
use super::super::{Inventory, Render};
use crate::config::RuleChange;
use crate::model::{Name, Routes, Rule, SafeText, Setting};
use crate::protocol::{Event, Outcome, Problem};

/// What became of a change of the rules.
pub struct Kept {
    /// What is monitored with it.
    pub inventory: Inventory,
    /// The rule with its place; `None` when it was deleted.
    pub rule: Option<Rule>,
    /// Puts everything back, when the change cannot be recorded.
    pub take_back: Box<dyn FnOnce() + Send + Sync>,
}

/// How a change of the rules is written down.
pub type KeepRule = Arc<dyn Fn(&RuleChange) -> Result<Kept, Problem> + Send + Sync>;

/// For an engine whose rules stand nowhere.
#[must_use]
pub fn keep_no_rules() -> KeepRule {
    Arc::new(|_| Err(Problem::conflict("this engine has no place to save rules")))
}

/// What is put back when the store does not take a change.
pub(in crate::engine) struct Fallback {
    take_back: Box<dyn FnOnce() + Send + Sync>,
    render: Render,
    settings: Arc<Vec<Setting>>,
    rules: Arc<Vec<Rule>>,
    routes: Arc<Routes>,
    config: Option<SafeText>,
    queries: QueriesBefore,
}

impl Core {
    /// Has the change written, and takes in what follows.
    pub(super) async fn change_rule(&mut self, change: RuleChange) -> Result<Outcome, Problem> {
        let keep = Arc::clone(&self.keep_rule);
        let kept = tokio::task::spawn_blocking(move || keep(&change)).await;
        let kept =
            kept.map_err(|error| Problem::internal(format!("saving failed inside: {error}")))??;
        let Kept { inventory, rule, take_back } = kept;
        let count = |name: &Name| {
            let made = inventory.checks.iter().filter_map(|check| check.rule.as_ref());
            made.filter(|ruled| ruled.rule.name == *name).count()
        };
        let checks = rule.as_ref().map(|rule| count(&rule.name)).unwrap_or_default();
        self.flush().await;
        self.fallback = Some(Fallback {
            take_back,
            render: Arc::clone(&self.render),
            settings: Arc::clone(&self.settings),
            rules: Arc::clone(&self.rules),
            routes: Arc::clone(&self.routes.borrow()),
            config: self.status.config.clone(),
            queries: self.queries.before_change(),
        });
        self.adopt(inventory);
        self.batch.events.push(Event::Engine(Arc::new(self.status.clone())));
        Ok(match rule {
            Some(rule) => Outcome::Rule { rule, checks: checks as u64 },
            None => Outcome::done(1),
        })
    }

    /// After the commit: what it did not take is put back.
    pub(super) async fn rule_was_stored(&mut self) {
        let Some(before) = self.fallback.take().filter(|_| self.storage_down) else { return };
        let Fallback { take_back, render, settings, rules, routes, config, queries } = before;
        (self.render, self.settings, self.rules) = (render, settings, rules);
        self.routes.send_replace(routes);
        self.status.config = config;
        self.queries_back(queries);
        if tokio::task::spawn_blocking(take_back).await.is_err() {
            tracing::error!("a rule that was not stored could not be taken back");
        }
    }
}
