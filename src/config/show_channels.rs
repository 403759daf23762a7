//! Channels and contact lists as TOML, secrets masked.

use std::fmt::Write as _;

use super::show::{Keys, list, mask};
use crate::model::{ChannelKind, Format, Name, Routes, Secret};

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
        keys.text("timeout", &channel.timeout.to_string());
    }
    for (name, channels) in &routes.lists {
        let _ = write!(out, "\n[[contact_list]]\n");
        let mut keys = Keys { out };
        keys.text("name", name);
        let channels: Vec<String> = channels.iter().map(Name::to_string).collect();
        keys.put("channels", &list(&channels));
    }
}
