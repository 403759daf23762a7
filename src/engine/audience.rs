//! Who is told of an edge: contact lists, what each is told together with, and their channels.
//!
//! In: the audience that the rules name. Out: lists with destinations, each destination once; only a
//! service that tells contact lists of its own is given the same edge for each of them.
//! Never: decides whether anybody is told.

use std::collections::HashSet;

use super::batch::Paging;
use super::core::Core;
use super::gathering::group_of;
use crate::model::{Alert, ChannelKind, GroupBy, Name};
use crate::rules::notify::Audience;

/// A contact list that is told.
pub(super) struct Told {
    /// The list; `None` for the log, without any list.
    pub list: Option<Name>,
    /// What it is told together with.
    pub group: Option<String>,
    /// Its destinations, each with whether it is told of the edge for another list as well.
    pub to: Vec<(Name, bool)>,
}

impl Core {
    /// The lists that are told; `alert` is as the step left it.
    pub(super) fn audience(&self, at: usize, to: &Audience, alert: Option<&Alert>) -> Vec<Told> {
        let own = || self.table.get(at).and_then(|slot| slot.check.contact_list.clone());
        let escalated = || {
            let known = alert.and_then(|alert| alert.escalation.as_ref());
            known.into_iter().flat_map(|known| &known.told).map(|told| Some(told.to.clone()))
        };
        let lists: Vec<Option<Name>> = match to {
            Audience::Contacts => vec![own()],
            Audience::Everybody => std::iter::once(own()).chain(escalated()).collect(),
            Audience::Escalated => escalated().collect(),
            Audience::Step(list) => vec![Some(list.clone())],
        };
        let routes = self.routes.borrow();
        let (mut seen, mut told) = (HashSet::new(), HashSet::new());
        let mut out = Vec::new();
        for wanted in lists {
            let (list, channels) = routes.told(wanted.as_deref());
            if let Some(gone) = wanted.filter(|wanted| list.as_ref() != Some(wanted)) {
                tracing::warn!(list = %gone, "there is no such contact list any more; the default one is told");
            }
            if !seen.insert(list.clone()) {
                continue;
            }
            let each = channels.into_iter().filter_map(|name| {
                let besides = !told.insert(name.clone());
                let kind = routes.channels.get(&name).map(|channel| &channel.kind);
                let by_list = matches!(kind, Some(ChannelKind::FluxNotify(_)));
                (!besides || by_list).then_some((name, besides))
            });
            let to: Vec<(Name, bool)> = each.collect();
            let group = self.group_of(at, list.as_ref());
            out.push(Told { list, group, to });
        }
        out
    }

    /// True while paging is held.
    pub(super) fn is_held(&self) -> bool {
        match &self.batch.paging {
            Some(paging) => matches!(paging, Paging::Held(_)),
            None => self.status.hold.is_some(),
        }
    }

    /// What the alert of a check is told together with.
    fn group_of(&self, at: usize, list: Option<&Name>) -> Option<String> {
        let list = list?;
        let routes = self.routes.borrow();
        let rule = routes.groupings.get(list)?;
        let key = &self.table.get(at)?.check.key;
        let host = self.table.host(&key.host);
        let shared = rule.by.iter().map(|by| match by {
            GroupBy::Host => &*key.host,
            GroupBy::Check => &*key.name,
            GroupBy::Label(label) => {
                host.and_then(|host| host.labels.get(label)).map_or("", |value| value)
            }
        });
        Some(group_of(list, &shared.collect::<Vec<_>>()))
    }
}
