//! `--connect`: from a URL or the name of a context to a client of a server.
//!
//! In: what was typed, the configuration, the environment. Out: a client that was let in.
//! Never: writes a secret, or takes one from the arguments, which everybody can read.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use super::accounts_cmd;
use super::args::Global;
use crate::client::{Access, Client, Credential, Me};
use crate::config::Config;
use crate::config::contexts::Context;
use crate::model::{SafeText, Secret};

/// The variable with a token.
const TOKEN: &str = "FLUXNOC_TOKEN";
/// The time for a token that a command gives.
const SECRET: Duration = Duration::from_secs(30);
/// Most bytes of a name that is typed.
const LINE: u64 = 1024;
/// Most bytes of a file of certificates.
const AUTHORITIES: u64 = 1 << 20;

/// A server, and who we are there.
pub struct Entered {
    /// The way to it.
    pub client: Client,
    /// Name and role, in its words.
    pub me: Me,
    /// What the screen calls it.
    pub name: String,
}

/// The context of a word: one of the configuration, or a URL as it stands.
///
/// # Errors
/// When it is neither.
pub fn context(word: &str, config: &Config) -> anyhow::Result<Context> {
    if let Some(known) = config.contexts.iter().find(|context| context.name == word) {
        return Ok(known.clone());
    }
    if !word.contains("://") {
        let known: Vec<&str> = config.contexts.iter().map(|context| &*context.name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("`{word}` is neither a URL nor the name of a [[context]]; there are: {known}");
    }
    // What the screen shows is where it is, not how it is spoken to.
    let place = word.split_once("://").map_or(word, |(_, place)| place);
    let (name, url) = (place.trim_end_matches('/').to_owned(), word.to_owned());
    Ok(Context { name, url, token: None, ca_file: None, insecure: false })
}

/// Goes to a server and asks who we are there.
///
/// # Errors
/// When it cannot be reached, or does not let us in.
pub async fn enter(global: &Global, context: Context) -> anyhow::Result<Entered> {
    let credential = credential(global, &context).await?;
    enter_with(context, credential).await
}

/// The same without a word to anybody: only with the context's own token, for a key that was given
/// for one server is shown to no other.
///
/// # Errors
/// As [`enter`], and when the context has no token.
pub async fn enter_quietly(context: Context) -> anyhow::Result<Entered> {
    let Some(secret) = &context.token else {
        let name = &context.name;
        bail!(
            "it needs a token in its [[context]]; or start with --connect {name} --token-file FILE"
        );
    };
    let token = token(secret).await?;
    enter_with(context, Credential::Token(token)).await
}

async fn enter_with(context: Context, credential: Credential) -> anyhow::Result<Entered> {
    let Context { name, url, insecure, ca_file, .. } = context;
    // Files and roots are read beside the thread that shows the screen.
    let reached = tokio::task::spawn_blocking(move || {
        let authorities = ca_file.as_deref().map(authorities).transpose()?;
        anyhow::Ok(Client::reach(Access { url, credential, authorities, insecure })?)
    });
    let client = reached.await.context("the way was not prepared")??;
    let me = client.whoami().await?;
    Ok(Entered { client, me, name })
}

async fn token(secret: &Secret) -> anyhow::Result<String> {
    let until = Instant::now() + SECRET;
    crate::secrets::resolve(secret, until).await.map_err(|why| anyhow!("the token: {why}"))
}

async fn credential(global: &Global, context: &Context) -> anyhow::Result<Credential> {
    if let Some(path) = &global.token_file {
        let file = Secret::File(path.display().to_string());
        return token(&file).await.map(Credential::Token);
    }
    if std::env::var_os(TOKEN).is_some() {
        return token(&Secret::Env(TOKEN.to_owned())).await.map(Credential::Token);
    }
    if let Some(secret) = &context.token {
        return token(secret).await.map(Credential::Token);
    }
    login(&context.url)
}

/// Asks at the terminal for a name and a password.
fn login(url: &str) -> anyhow::Result<Credential> {
    if !std::io::stdin().is_terminal() {
        bail!("{url} asks who you are; give --token-file or {TOKEN}");
    }
    let place = SafeText::line(url);
    eprint!("{place}\nname: ");
    let mut name = String::new();
    std::io::stdin().lock().take(LINE).read_line(&mut name).context("no name was given")?;
    let password = accounts_cmd::prompt("password: ").map_err(|why| anyhow!(why))?;
    Ok(Credential::Login { name: name.trim().to_owned(), password })
}

/// The certificates of authorities in a file.
///
/// # Errors
/// When it cannot be read, or is too large to be one.
pub(super) fn authorities(path: &Path) -> anyhow::Result<Vec<u8>> {
    let named = || format!("ca_file {}", path.display());
    let length = std::fs::metadata(path).with_context(named)?.len();
    if length > AUTHORITIES {
        bail!("ca_file {}: it is larger than 1 MiB", path.display());
    }
    std::fs::read(path).with_context(named)
}
