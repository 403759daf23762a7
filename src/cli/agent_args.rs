//! What can be typed after `fluxnoc agent`, with its help, and what of it is meant.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, read without markup")]

use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use super::machine;
use crate::model::{Name, SafeText, Secret};
use crate::worker::Limits;

/// `fluxnoc agent`.
#[derive(Debug, Args)]
#[command(
    after_help = "A server's admin makes the token: fluxnoc token add --agent NAME. The token is \
    needed once: the key that the agent gets for it is kept in its data directory. Nothing \
    listens here without --speed-listen: the agent only connects."
)]
pub struct AgentArgs {
    /// The servers, https://HOST:PORT; any of them will do [env: SPEED_SERVER_URL=]
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        env = "SPEED_SERVER_URL",
        hide_env = true,
        hide_env_values = true
    )]
    pub server: Vec<String>,
    /// The agent's name [default: this machine's] [env: AGENT_NAME=]
    #[arg(long, value_name = "NAME", env = "AGENT_NAME", hide_env = true, hide_env_values = true)]
    pub name: Option<String>,
    /// Where it is, as others see it [env: AGENT_LOCATION=]
    #[arg(
        long,
        value_name = "TEXT",
        env = "AGENT_LOCATION",
        hide_env = true,
        hide_env_values = true
    )]
    pub location: Option<String>,
    /// The token that lets it register; who lists processes sees it, the environment is better
    /// [env: AGENT_TOKEN=]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "AGENT_TOKEN",
        hide_env = true,
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// Certificates of the authority that the servers' are signed by, PEM [default: the system's]
    #[arg(long, value_name = "FILE", env = "FLUXNOC_AGENT_CA", hide_env_values = true)]
    pub ca: Option<PathBuf>,
    /// Let the key travel unencrypted, over http:// to another machine
    #[arg(long)]
    pub insecure: bool,
    /// Programs in this folder may be run by custom checks; others may not. Any number of times
    #[arg(long, value_name = "DIR")]
    pub allow_scripts: Vec<PathBuf>,
    /// Checks may use this secret of the machine, env:NAME or file:PATH. Any number of times
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    pub allow_secret: Vec<Secret>,
    /// Offer an endpoint for speedtests of others here, ADDRESS:PORT. Whoever reaches it may load the
    /// link, without a login
    #[arg(long, value_name = "ADDRESS")]
    pub speed_listen: Option<std::net::SocketAddr>,
    /// How much may wait on the disk while no server answers; 24 h of it at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    pub buffer: u64,
}

fn secret(text: &str) -> Result<Secret, String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(Secret::Env(name.to_owned())),
        Some(("file", path)) if path.starts_with('/') => Ok(Secret::File(path.to_owned())),
        _ => Err("write env:NAME or file:/PATH".to_owned()),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let bytes = crate::config::value::size(text)?;
    let may = (1 << 20..=1 << 40).contains(&bytes);
    if may { Ok(bytes) } else { Err("it is not within 1MiB to 1TiB".to_owned()) }
}

/// What is meant.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) servers: Vec<String>,
    pub(super) name: Name,
    pub(super) location: SafeText,
    pub(super) token: Option<String>,
    pub(super) limits: Limits,
}

impl AgentArgs {
    /// What is meant, with what `FLUXNOC_*` says of what is not said otherwise.
    pub(super) fn wanted(&self, global: &Global) -> Result<Wanted, String> {
        let variable = |name: &str| std::env::var(name).ok();
        let said = |own: &Option<String>, name: &str| {
            own.clone().or_else(|| variable(name)).filter(|text| !text.is_empty())
        };
        let mut servers = self.server.clone();
        if let Some(list) = variable("FLUXNOC_SERVER_URL").filter(|_| servers.is_empty()) {
            servers = list.split(',').map(str::to_owned).collect();
        }
        let servers: Vec<String> =
            servers.iter().map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect();
        if servers.is_empty() {
            return Err(
                "which server? write --server https://HOST:PORT or set SPEED_SERVER_URL".to_owned()
            );
        }
        let name = said(&self.name, "FLUXNOC_AGENT_NAME");
        let name = name.unwrap_or_else(|| machine::this().hostname);
        crate::model::account::valid_account(&name)
            .map_err(|why| format!("the agent's name `{name}`: {why}; write --name NAME"))?;
        let location = said(&self.location, "FLUXNOC_AGENT_LOCATION").unwrap_or_default();
        let token = match &global.token_file {
            Some(path) => Some(first_line(path)?),
            None => said(&self.token, "FLUXNOC_AGENT_TOKEN"),
        };
        let limits = Limits { bytes: self.buffer, ..Limits::default() };
        let location = SafeText::line(&location);
        Ok(Wanted { servers, name: name.as_str().into(), location, token, limits })
    }
}

fn first_line(path: &std::path::Path) -> Result<String, String> {
    use std::io::Read as _;
    let named = |error: std::io::Error| format!("--token-file {}: {error}", path.display());
    let mut text = String::new();
    std::fs::File::open(path)
        .map_err(named)?
        .take(4096)
        .read_to_string(&mut text)
        .map_err(named)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_secrets_are_read_as_written() {
        assert_eq!(size("256MiB"), Ok(256 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        for bad in ["", "0MiB", "256", "1.5GiB", "2000GiB", "99999999999999999999MiB", "-1MiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        assert_eq!(secret("env:X"), Ok(Secret::Env("X".to_owned())));
        assert_eq!(secret("file:/a:b"), Ok(Secret::File("/a:b".to_owned())));
        for bad in ["", "env:", "file:a", "X", "command:x"] {
            assert!(secret(bad).is_err(), "{bad}");
        }
    }
}
