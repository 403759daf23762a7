//! `fluxnoc notify test`: a marked test through a channel or a whole contact list, now.
//!
//! It uses what notifications use, but for the outbox: nothing is stored and nothing is repeated.

use std::process::ExitCode;

use super::args::Global;
use super::{config_cmd, print};
use crate::clock::Clock;
use crate::model::AlertId;
use crate::notify::{Sender, trial};

/// Sends it; 1 when a destination did not take it, 2 when there is none of that name.
///
/// # Errors
/// When nothing can be sent at all.
pub fn test(global: &Global, name: &str) -> anyhow::Result<ExitCode> {
    let config = match config_cmd::read(global) {
        Ok(config) => config,
        Err(problems) => return Ok(config_cmd::refused(&problems)),
    };
    let Some((list, channels)) = config.routes.named(name) else {
        print::error(&config.routes.unknown(name));
        return Ok(ExitCode::from(2));
    };
    super::logging::to_stderr();
    let sender = Sender::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failed = false;
    for channel in channels {
        let at = Clock::System.now().wall;
        let alert = AlertId::from_parts(at.millis(), rand::random());
        let (taken, words) = runtime.block_on(trial(&sender, &channel, list.clone(), alert, at));
        failed |= !taken;
        print::out(&words.to_string());
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
