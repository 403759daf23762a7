//! `fluxnoc notify test`: a marked test through a channel or a whole contact list, now.
//!
//! It uses what notifications use, but for the outbox: nothing is stored and nothing is repeated.

use std::process::ExitCode;

use super::args::Global;
use super::{config_cmd, print};
use crate::clock::Clock;
use crate::model::channel::LOG;
use crate::model::{
    AlertId, Channel, CheckKey, Edge, EdgeKind, Name, Notification, Reason, Routes, SafeText, State,
};
use crate::notify::{Delivery, Late, Sender};

/// Sends it; 1 when a destination did not take it, 2 when there is none of that name.
///
/// # Errors
/// When nothing can be sent at all.
pub fn test(global: &Global, name: &str) -> anyhow::Result<ExitCode> {
    let config = match config_cmd::read(global) {
        Ok(config) => config,
        Err(problems) => return Ok(config_cmd::refused(&problems)),
    };
    let Some(channels) = channels(&config.routes, name) else {
        print::error(&unknown(&config.routes, name));
        return Ok(ExitCode::from(2));
    };
    super::logging::to_stderr();
    let sender = Sender::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failed = false;
    for channel in channels {
        let notification = notification(&channel);
        let given = runtime.block_on(sender.deliver(&channel, &notification, Late::Fresh));
        let (words, taken) = match given {
            Delivery::Sent => ("sent".to_owned(), true),
            Delivery::Retry { why, .. } => (format!("not taken now: {why}"), false),
            Delivery::Refused(why) => (format!("refused: {why}"), false),
        };
        failed |= !taken;
        print::out(&SafeText::line(&format!("{}: {words}", channel.name)).to_string());
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A contact list's channels, or the one channel of that name.
fn channels(routes: &Routes, name: &str) -> Option<Vec<Channel>> {
    let names = match routes.lists.get(name) {
        Some(names) => names.clone(),
        None => vec![Name::from(name)],
    };
    names.iter().map(|name| routes.channel(name)).collect()
}

fn unknown(routes: &Routes, name: &str) -> String {
    let known = routes.lists.keys().chain(routes.channels.keys());
    let known: Vec<&str> = known.map(AsRef::as_ref).chain([LOG]).collect();
    let cut: String = name.chars().take(80).collect();
    format!("there is no contact list or channel `{cut}`; there are: {}", known.join(", "))
}

fn notification(channel: &Channel) -> Notification {
    let at = Clock::System.now().wall;
    let edge = Edge {
        alert: AlertId::from_parts(at.millis(), rand::random()),
        check: CheckKey::new("fluxnoc", "test"),
        seq: 1,
        at,
        kind: EdgeKind::Fired,
        from: State::Ok,
        to: State::Warning,
        text: SafeText::line(&format!("a test of the channel {}; nothing is wrong", channel.name)),
        actor: None,
        in_maintenance: false,
    };
    Notification::of(&edge, Reason::Test, &channel.name)
}
