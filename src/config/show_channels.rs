//! Channels and contact lists as TOML, secrets masked.

use std::fmt::Write as _;

use super::show::{Keys, list, mask};
use crate::model::{ChannelKind, Email, FluxNotify, Format, Name, Routes, Secret};

/// Writes all of them.
pub(super) fn write(out: &mut String, routes: &Routes) {
    for channel in routes.channels.values() {
        out.push_str("\n[[channel]]\n");
        let mut keys = Keys { out };
        keys.text("name", &channel.name);
        match &channel.kind {
            // Always there, and never written.
            ChannelKind::Log => {}
            ChannelKind::Exec(argv) => {
                keys.text("kind", "exec");
                keys.put("command", &list(argv));
            }
            ChannelKind::FluxNotify(service) => flux_notify(&mut keys, service),
            ChannelKind::Email(mail) => email(&mut keys, mail),
            ChannelKind::Webhook(hook) => {
                keys.text("kind", "webhook");
                match &hook.url {
                    Secret::Inline(url) if hook.format != Format::Slack => keys.text("url", url),
                    secret => keys.secret("url", Some(secret)),
                }
                keys.text("format", hook.format.word());
                keys.secret("secret", hook.secret.as_ref());
                keys.secret("token", hook.token.as_ref());
                keys.secret("routing_key", hook.routing_key.as_ref());
                keys.map("headers", &mask(&hook.headers));
            }
        }
        let storm = routes.storms.get(&channel.name).copied().unwrap_or(0);
        keys.put("storm", &storm.to_string());
        keys.text("timeout", &channel.timeout.to_string());
    }
    if let Some(watchdog) = &routes.watchdog {
        super::watchdog::write(out, watchdog);
    }
    for (name, channels) in &routes.lists {
        let _ = write!(out, "\n[[contact_list]]\n");
        let mut keys = Keys { out };
        keys.text("name", name);
        let channels: Vec<String> = channels.iter().map(Name::to_string).collect();
        keys.put("channels", &list(&channels));
        if let Some(rule) = routes.groupings.get(name) {
            let by: Vec<String> = rule.by.iter().map(|by| by.word().to_owned()).collect();
            keys.put("group_by", &list(&by));
            keys.text("group_wait", &rule.wait.to_string());
            keys.text("group_interval", &rule.interval.to_string());
        }
        if let Some(repeat) = routes.repeats.get(name) {
            keys.text("repeat", &repeat.to_string());
        }
        for step in routes.escalations.get(name).into_iter().flat_map(|steps| steps.iter()) {
            let _ = write!(out, "\n[[contact_list.escalate]]\n");
            let mut keys = Keys { out };
            keys.text("after", &step.after.to_string());
            keys.text("to", &step.to);
        }
    }
}

fn email(keys: &mut Keys<'_>, mail: &Email) {
    keys.text("kind", "email");
    keys.text("host", &mail.host);
    keys.put("port", &mail.port.to_string());
    keys.text("tls", mail.tls.word());
    match &mail.user {
        Some(Secret::Inline(user)) => keys.text("user", user),
        user => keys.secret("user", user.as_ref()),
    }
    keys.secret("password", mail.password.as_ref());
    keys.text("from", &mail.from);
    keys.put("to", &list(&mail.to));
    keys.optional("ca_file", mail.ca_file.as_ref());
}

fn flux_notify(keys: &mut Keys<'_>, service: &FluxNotify) {
    keys.text("kind", "flux_notify");
    keys.text("url", &service.url);
    keys.secret("api_key", service.api_key.as_ref());
    keys.text("key_header", &service.key_header);
    keys.map("headers", &mask(&service.headers));
    keys.text("incident_severity", service.gate.word());
    keys.text("default_severity", service.default_severity.word());
    keys.optional("contact_list", service.contact_list.as_ref());
    let requests = service.requests.iter();
    let requests = requests.map(|(step, request)| (step.word().to_owned(), request.clone()));
    keys.map("requests", &requests.collect());
    keys.map("fields", &service.fields);
    keys.text("incident_id", &service.incident_id);
}
