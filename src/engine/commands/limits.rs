//! The limits of an Operator's windows: beyond them a window is refused, or made and told
//! (SPEC D-10). An Admin has none.

use std::sync::Arc;

use super::super::batch::Noted;
use super::super::core::Core;
use super::super::log::{ITSELF, OVER_LIMIT, said};
use crate::model::access::OverLimit;
use crate::model::words::plural;
use crate::model::{Maintenance, SafeText, Span};
use crate::protocol::{Event, Problem, Request, Role};

impl Core {
    /// Holds a window as it is to be against the limits. What was beyond them before may stay
    /// there, and grow no more.
    pub(super) fn within_limits(
        &mut self,
        request: &Request,
        before: Option<&Maintenance>,
        window: &Maintenance,
    ) -> Result<(), Problem> {
        if request.actor.role() >= Role::Admin {
            return Ok(());
        }
        let access = self.access;
        let was = before.map_or((Span::ZERO, 0), |before| self.measure(before));
        let (length, hosts) = self.measure(window);
        let mut why = Vec::new();
        if length > access.operator_max_window.max(was.0) {
            why.push(format!(
                "is {length} long, more than the {} of an Operator (access.operator_max_window)",
                access.operator_max_window
            ));
        }
        if hosts > access.operator_max_hosts.max(was.1) {
            why.push(format!(
                "covers {}, more than the {} of an Operator (access.operator_max_hosts)",
                plural(hosts, "host"),
                access.operator_max_hosts
            ));
        }
        if why.is_empty() {
            return Ok(());
        }
        let why = why.join(" and ");
        match access.operator_over_limit {
            OverLimit::Refuse => Err(Problem::forbidden(format!(
                "the window {why}; make it smaller, or ask an Admin"
            ))),
            OverLimit::Warn => {
                let author = request.actor.name();
                self.tell_over_limit(request, format!("window {} of {author} {why}", window.name));
                Ok(())
            }
        }
    }

    fn tell_over_limit(&mut self, request: &Request, text: String) {
        tracing::warn!("{text}");
        self.status.notice = Some(SafeText::line(&text));
        self.batch.events.push(Event::Engine(Arc::new(self.status.clone())));
        self.batch.noted.push(Noted {
            actor: SafeText::line(ITSELF),
            name: OVER_LIMIT,
            detail: said(text, Vec::new()),
            address: request.actor.address().cloned(),
        });
    }

    /// How long a window is, and how many hosts it touches now.
    fn measure(&self, window: &Maintenance) -> (Span, u32) {
        let window = self.with_children(window.clone());
        let by_check: std::collections::HashSet<&str> =
            window.checks.iter().map(|key| &*key.host).collect();
        let touched = self
            .table
            .hosts()
            .filter(|host| window.names_host(&host.name) || by_check.contains(&*host.name));
        let hosts = u32::try_from(touched.count()).unwrap_or(u32::MAX);
        (window.end.since(window.start), hosts)
    }
}
