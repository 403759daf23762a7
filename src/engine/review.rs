//! Reviews: gathers what `rules::review` needs from the World and the store.

use std::sync::Arc;

use super::core::Core;
use super::queries::{Reply, read};
use crate::model::review::{DAYS, is_service};
use crate::model::{CheckKey, Name, Span};
use crate::protocol::{Answer, CheckRow, Problem};
use crate::rules::review::{Facts, review};

/// Most edges that are looked through.
const LOOK: usize = 100_000;
/// Most windows that are over.
const WINDOWS: u32 = 500;

impl Core {
    /// Answers with a review of the last days.
    pub(super) fn review(&self, days: u32, reply: Reply) {
        if !(1..=DAYS).contains(&days) {
            let _ = reply.send(Err(Problem::invalid(format!("`days` is 1 to {DAYS}"))));
            return;
        }
        let to = self.clock.now().wall;
        let from = to - Span::from_secs(u64::from(days) * 86_400);
        let alerts: Vec<_> = self.world.open_alerts().cloned().collect();
        let open: Vec<_> = self.world.windows().cloned().collect();
        let hosts: Vec<Name> =
            self.world.hosts().map(|entry| Name::clone(&entry.host.name)).collect();
        let checks = self.world.hosts().flat_map(|entry| &entry.checks);
        let services = checks.filter(|row| row.enabled && is_service(row.kind));
        let measured = |row: &&Arc<CheckRow>| row.status.last_result.is_some_and(|at| at >= from);
        let (heard, silent): (Vec<_>, Vec<_>) = services.partition(measured);
        let keys = |rows: Vec<&Arc<CheckRow>>| rows.iter().map(|row| row.key.clone()).collect();
        let (mut services, silent): (Vec<CheckKey>, Vec<CheckKey>) = (keys(heard), keys(silent));
        services.extend(silent.iter().cloned());
        let entries =
            self.world.hosts().filter(|entry| !entry.checks.iter().any(|row| measured(&row)));
        let mut unmeasured: Vec<Name> =
            entries.map(|entry| Name::clone(&entry.host.name)).collect();
        unmeasured.sort();
        let rules: Vec<Name> = self.rules.iter().map(|rule| Name::clone(&rule.name)).collect();
        let queries = self.queries.alert_names();
        let (store, machine) = (self.store.clone(), self.status.host.clone());
        read(reply, async move {
            let edges = store.edges_since(from, LOOK).await?;
            let past = store.ended_maintenance(to, WINDOWS).await?;
            let cut = edges.len() == LOOK;
            // What is older than the oldest that was read is not known to be whole.
            let from = if cut { edges.last().map_or(from, |edge| edge.at) } else { from };
            let known = |id| open.iter().any(|window| window.id == id);
            let past = past.iter().filter(|window| !known(window.id));
            let windows: Vec<_> = open.iter().map(AsRef::as_ref).chain(past).collect();
            let alerts: Vec<_> = alerts.iter().map(AsRef::as_ref).collect();
            let facts = Facts {
                machine: &machine,
                edges: &edges,
                alerts: &alerts,
                windows: &windows,
                hosts: &hosts,
                unmeasured: &unmeasured,
                services: &services,
                silent: &silent,
                rules: &rules,
                queries: &queries,
                from,
                to,
                cut,
            };
            Ok(Answer::Review(Box::new(review(&facts))))
        });
    }
}
