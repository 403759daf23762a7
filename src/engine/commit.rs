//! The transaction, and what follows from its success: table, World, watchers, answers.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::{AccountChange, Batch, Inventory, Judged, Promised, Redo};
use super::core::Core;
use super::handover::DutyChange;
use super::slots::{Last, Series, Slot};
use crate::model::{Check, Metric, SafeText, Status};
use crate::protocol::{Event, LiveCheck, NotificationScope};
use crate::rules::attempts;
use crate::store::{AuditRow, JournalRow, StoreError, Tx};

/// Numbers of series and checks that the transaction gave out.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    series: HashMap<usize, Vec<Series>>,
    checks: HashMap<crate::model::CheckKey, i64>,
}

impl Core {
    /// Writes the batch in one transaction.
    ///
    /// # Errors
    /// The store's; then nothing of the batch is stored.
    pub(super) async fn commit(&self, batch: &Batch) -> Result<Numbers, StoreError> {
        let mut tx = self.store.write().await?;
        let mut numbers = Numbers::default();
        self.write_inventory(&mut tx, batch, &mut numbers).await?;
        self.write_results(&mut tx, batch, &mut numbers).await?;
        let statuses: Vec<(i64, &Status)> = batch
            .statuses
            .iter()
            .filter_map(|(at, status)| self.table.get(*at).map(|slot| (slot.no, status)))
            .collect();
        tx.put_statuses(&statuses).await?;
        let alerts: Vec<_> = batch.alerts.values().flatten().chain(&batch.resolved).collect();
        tx.put_alerts(&alerts).await?;
        for id in &batch.gone {
            tx.delete_alert(*id).await?;
        }
        tx.add_edges(&batch.edges).await?;
        tx.enqueue_all(&batch.notifications).await?;
        if let Some(paging) = batch.paging.clone() {
            tx.put_hold(paging.hold().as_deref()).await?;
        }
        // After the rows of this batch: they belong to it as well.
        if let Some(name) = &batch.gather {
            tx.gather(name, self.clock.now().wall).await?;
        }
        for window in &batch.windows {
            tx.put_maintenance(window).await?;
        }
        for id in &batch.windows_gone {
            tx.delete_maintenance(*id).await?;
        }
        write_operators(&mut tx, batch).await?;
        for change in &batch.paths {
            tx.add_path_change(change).await?;
        }
        write_tests(&mut tx, batch).await?;
        write_accounts(&mut tx, batch).await?;
        write_agents(&mut tx, batch).await?;
        for noted in &batch.noted {
            let row = AuditRow {
                actor: noted.actor.as_str(),
                address: noted.address.as_ref().map(SafeText::as_str),
                command: noted.name,
                detail: &noted.detail,
                change: None,
            };
            tx.audit_row(&row, batch.wall).await?;
        }
        for audited in &batch.audited {
            let row = AuditRow {
                actor: audited.actor.as_str(),
                address: audited.address.as_ref().map(SafeText::as_str),
                command: audited.command,
                detail: &audited.detail,
                change: audited.change.as_deref(),
            };
            let outcome = serde_json::to_string(&audited.outcome).unwrap_or_default();
            let actor = audited.actor.as_str();
            let before = audited.before.as_deref();
            tx.remember(audited.id, actor, &outcome, before, batch.wall).await?;
            tx.audit_row(&row, batch.wall).await?;
        }
        tx.commit().await?;
        Ok(numbers)
    }

    async fn write_inventory(
        &self,
        tx: &mut Tx,
        batch: &Batch,
        numbers: &mut Numbers,
    ) -> Result<(), StoreError> {
        let changed = batch.inventory.iter().filter_map(|change| match change {
            Inventory::Check(check) => Some(&**check),
            _ => None,
        });
        let changed: Vec<&Check> = changed.collect();
        for change in &batch.inventory {
            match change {
                Inventory::Host(host) => tx.upsert_host(host).await?,
                Inventory::HostGone(name) => tx.retire_host(name, batch.wall).await?,
                // Together below: after a first start there are tens of thousands.
                Inventory::Check(_) => {}
                Inventory::CheckGone(key) => {
                    if let Some(slot) = self.table.place(key).and_then(|at| self.table.get(at)) {
                        tx.retire_check(slot.no, batch.wall).await?;
                    }
                }
            }
        }
        let given = tx.upsert_checks(&changed).await?;
        numbers.checks.extend(changed.iter().map(|check| check.key.clone()).zip(given));
        Ok(())
    }

    async fn write_results(
        &self,
        tx: &mut Tx,
        batch: &Batch,
        numbers: &mut Numbers,
    ) -> Result<(), StoreError> {
        let mut wanted: Vec<(usize, i64, &Metric)> = Vec::new();
        for Judged { at, finding, .. } in &batch.judged {
            let Some(slot) = self.table.get(*at) else { continue };
            for metric in &finding.observation.metrics {
                let known = |w: &(usize, i64, &Metric)| {
                    w.0 == *at && w.2.name == metric.name && w.2.instance == metric.instance
                };
                if slot.series_of(metric).is_none() && !wanted.iter().any(known) {
                    wanted.push((*at, slot.no, metric));
                }
            }
        }
        if !wanted.is_empty() {
            let asked: Vec<(i64, &Metric)> = wanted.iter().map(|(_, no, m)| (*no, *m)).collect();
            let given = tx.ensure_series(&asked).await?;
            for ((at, _, metric), no) in wanted.iter().zip(given) {
                numbers.series.entry(*at).or_default().push(Series {
                    no,
                    name: metric.name.clone(),
                    instance: metric.instance.clone(),
                    unit: metric.unit.clone(),
                });
            }
        }
        let rows: Vec<JournalRow> =
            batch.judged.iter().filter_map(|judged| self.journal_row(judged, numbers)).collect();
        tx.append_journal(&rows).await
    }

    fn journal_row(&self, judged: &Judged, numbers: &Numbers) -> Option<JournalRow> {
        let slot = self.table.get(judged.at)?;
        let fresh = numbers.series.get(&judged.at);
        let number = |metric: &Metric| {
            let known = slot.series.iter().chain(fresh.into_iter().flatten());
            known
                .filter(|s| s.name == metric.name && s.instance == metric.instance)
                .map(|s| s.no)
                .next()
        };
        let values = judged.finding.observation.metrics.iter();
        let values = values.filter_map(|m| number(m).map(|no| (no, m.value))).collect();
        Some(JournalRow {
            check_no: slot.no,
            at: judged.finding.at,
            slot: judged.finding.slot,
            state: judged.state,
            late: judged.late,
            values,
        })
    }

    /// Makes a committed batch true: table, World, watchers, answers, worker.
    pub(super) fn settle(&mut self, mut batch: Batch, mut numbers: Numbers) {
        let mut events = Vec::new();
        self.settle_inventory(&mut batch, &numbers, &mut events);
        for (at, fresh) in numbers.series.drain() {
            if let Some(slot) = self.table.get_mut(at) {
                slot.series.extend(fresh);
            }
        }
        for judged in std::mem::take(&mut batch.judged) {
            self.settle_result(judged);
        }
        for (at, status) in batch.statuses.drain() {
            if let Some(slot) = self.table.get_mut(at) {
                if attempts::row_changed(&slot.status, &status) {
                    events.push(Event::Check(Arc::new(slot.row(&status))));
                }
                slot.paced_soft = !status.hard;
                slot.status = status;
            }
        }
        for (at, alert) in batch.alerts.drain() {
            let alert = alert.map(Arc::new);
            events.extend(alert.clone().map(Event::Alert));
            self.table.set_alert(at, alert);
        }
        events.extend(batch.resolved.drain(..).map(|alert| Event::Alert(Arc::new(alert))));
        events.extend(batch.gone.drain(..).map(Event::AlertGone));
        events.extend(batch.windows.drain(..).map(|w| Event::Maintenance(Arc::new(w))));
        events.extend(batch.windows_gone.drain(..).map(Event::MaintenanceGone));
        if let Some(paging) = batch.paging.take() {
            self.status.hold = paging.hold();
            self.held.send_replace(self.status.hold.is_some());
            events.push(Event::Engine(Arc::new(self.status.clone())));
        }
        if !batch.promised.is_empty() {
            self.redone.send_replace(());
        }
        if !batch.notifications.is_empty() || !batch.promised.is_empty() {
            batch.promised.clear();
            self.wake_outbox.notify_one();
        }
        events.extend(batch.paths.drain(..).map(|change| Event::Path(Arc::new(change))));
        for kept in std::mem::take(&mut batch.preferences) {
            let event = Event::Remembered { key: kept.key, value: kept.value };
            self.feed.tell_operator(&kept.operator, event, self.clock.now().steady);
        }
        for audited in std::mem::take(&mut batch.audited) {
            self.remember(audited.id, audited.outcome);
        }
        self.settle_accounts(std::mem::take(&mut batch.accounts));
        let (agents, gone) =
            (std::mem::take(&mut batch.agents), std::mem::take(&mut batch.agents_gone));
        self.settle_agents(agents, gone, self.clock.now());
        self.settle_tests(&mut batch, &mut events);
        events.append(&mut batch.events);
        batch.events = events;
        self.publish(batch);
    }

    /// Tells everybody, answers who waits, directs the worker.
    pub(super) fn publish(&mut self, batch: Batch) {
        let now = self.clock.now();
        for event in batch.events {
            let event = Arc::new(event);
            self.world.apply(&event, now.wall);
            self.feed.tell(&event, now.steady);
        }
        for (reply, outcome) in batch.replies {
            // Whoever asked may be gone; the thing is done all the same.
            let _ = reply.send(Ok(outcome));
        }
        self.direct(batch.directives, now.steady);
    }

    fn settle_inventory(&mut self, batch: &mut Batch, numbers: &Numbers, events: &mut Vec<Event>) {
        let now = self.clock.now();
        let targets = batch.inventory.iter().any(|change| match change {
            Inventory::Check(check) => !super::query_rules::is_alert(check),
            Inventory::CheckGone(_) => false,
            Inventory::Host(_) | Inventory::HostGone(_) => true,
        });
        self.reach.changed |= !batch.inventory.is_empty();
        self.agents.recount |= !batch.inventory.is_empty();
        for change in std::mem::take(&mut batch.inventory) {
            match change {
                Inventory::Host(host) => {
                    self.table.put_host(Arc::clone(&host));
                    events.push(Event::Host(host));
                }
                Inventory::HostGone(name) => {
                    self.table.remove_host(&name);
                    events.push(Event::HostGone(name));
                }
                Inventory::Check(check) => {
                    let Some(no) = numbers.checks.get(&check.key).copied() else { continue };
                    let old = self.table.lift(&check.key);
                    let slot = self.fresh_slot(no, check, old, now);
                    events.push(Event::Check(Arc::new(slot.row(&slot.status))));
                    if Self::is_run(&slot.check) {
                        // Whoever ran it before runs it no more.
                        batch.directives.drop.push(slot.check.key.clone());
                        batch.directives.assign.push(super::sync::assignment(&slot));
                    }
                    self.table.put(slot);
                }
                Inventory::CheckGone(key) => {
                    self.table.remove(&key);
                    self.paths.forget(&key);
                    self.series.forget(&key);
                    batch.directives.drop.push(key.clone());
                    events.push(Event::CheckGone(key));
                }
            }
        }
        if targets {
            self.label_targets();
        }
    }

    /// A slot for a new or changed definition; what was known of the check stays.
    pub(super) fn fresh_slot(
        &mut self,
        no: i64,
        check: Arc<crate::model::Check>,
        old: Option<Slot>,
        now: crate::model::Now,
    ) -> Slot {
        self.generation += 1;
        let (status, alert, series, began) = match old {
            Some(old) => (old.status, old.alert, old.series, old.began),
            None => (Status::waiting(now.wall), None, Vec::new(), None),
        };
        Slot {
            no,
            about: check.about().map(Arc::new),
            check,
            generation: self.generation,
            paced_soft: !status.is_waiting() && !status.hard,
            status,
            alert,
            last: None,
            series,
            expected_since: now.steady,
            asked: None,
            began,
            asked_at: None,
        }
    }

    fn settle_result(&mut self, judged: Judged) {
        let now = self.clock.now();
        let Judged { at, finding, late, .. } = judged;
        if late {
            return;
        }
        let Some(slot) = self.table.get_mut(at) else { return };
        let seen = finding.observation;
        let values = seen
            .metrics
            .iter()
            .filter_map(|m| Some((u16::try_from(slot.series_of(m)?).ok()?, m.value)))
            .collect();
        self.outward.measured(&finding.check, &seen, finding.at, now);
        let followed = self.feed.is_followed(&finding.check);
        let Some(slot) = self.table.get_mut(at) else { return };
        let whole = slot.keeps_whole(&seen).then(|| Arc::new(seen.clone()));
        slot.expected_since = now.steady;
        slot.status.last_result = Some(finding.at);
        let before = slot.last.as_ref().and_then(|last| last.aliases.as_ref());
        let aliases = before.filter(|known| seen.aliases.as_ref() == Some(known)).cloned();
        slot.last = Some(Last {
            aliases: aliases.or_else(|| seen.aliases.clone()),
            at: finding.at,
            output: seen.output.clone(),
            failure: seen.failure.clone(),
            values,
            whole,
        });
        if followed {
            let next = super::pages::next_run(slot, now);
            let live = LiveCheck { check: finding.check, at: finding.at, next, observation: seen };
            self.feed.live(live, now.steady);
        }
    }
}

/// Writes what changed of users and tokens.
async fn write_accounts(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    for change in &batch.accounts {
        match change {
            AccountChange::PutUser(kept) => tx.put_user(kept).await?,
            AccountChange::RemoveUser(name) => tx.delete_user(name).await?,
            AccountChange::AddToken(kept) => tx.add_token(kept).await?,
            AccountChange::RemoveToken(name) => tx.delete_token(name).await?,
            AccountChange::TokenUsed(name, at) => tx.token_used(name, *at).await?,
            AccountChange::TokenUses(name, left) => tx.token_uses(name, *left).await?,
        }
    }
    Ok(())
}

/// Writes network tests and their schedules.
async fn write_tests(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    for id in &batch.schedules_gone {
        tx.delete_schedule(*id).await?;
    }
    for schedule in &batch.schedules {
        tx.put_schedule(schedule).await?;
    }
    for test in &batch.tests {
        tx.put_test(test).await?;
    }
    Ok(())
}

/// Writes what changed of agents, and how far their results were taken.
async fn write_agents(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    for agent in &batch.agents {
        tx.put_agent(agent).await?;
        if agent.boot.is_none() {
            tx.delete_streams(&agent.name).await?;
        }
    }
    for name in &batch.agents_gone {
        tx.delete_agent(name).await?;
    }
    for (agent, mark) in &batch.streams {
        tx.put_stream(agent, *mark).await?;
    }
    Ok(())
}

/// Writes what operators said, kept and took back.
async fn write_operators(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    for new in &batch.comments {
        tx.add_comment(&new.comment, new.edge, new.request).await?;
    }
    for request in &batch.comments_gone {
        tx.delete_comments(*request).await?;
    }
    for change in &batch.duty {
        match change {
            DutyChange::Entry(duty) => tx.add_duty(duty).await?,
            DutyChange::Sees(at) => tx.end_blind(*at).await?,
        }
    }
    for kept in &batch.preferences {
        tx.put_preference(kept.operator.as_str(), &kept.key, kept.value.as_deref()).await?;
    }
    for Promised { redo, which } in &batch.promised {
        match (redo, which) {
            (Redo::Resend, NotificationScope::Destination(to)) => {
                tx.resend_all(to, batch.wall).await?;
            }
            (Redo::Drop, NotificationScope::Destination(to)) => {
                tx.give_all_up(to, batch.wall).await?;
            }
            (Redo::Resend, NotificationScope::Keys(keys)) => {
                for key in keys {
                    tx.resend(key, batch.wall).await?;
                }
            }
            (Redo::Drop, NotificationScope::Keys(keys)) => {
                for key in keys {
                    tx.give_up(key, batch.wall).await?;
                }
            }
        }
    }
    for (request, at) in &batch.undone {
        tx.unhold(*request, *at).await?;
        tx.forget_before(*request).await?;
    }
    Ok(())
}
