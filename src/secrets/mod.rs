//! From a reference to a secret to its value, on the machine that needs it.
//!
//! In: a reference and a deadline. Out: the value, which goes to whoever asked and nowhere else.
//! Never: names a value in an error, stores or logs one.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::model::Secret;

/// Longest secret, in bytes.
const SECRET_LIMIT: usize = 4096;

/// The value of `secret`: its first line, without the line break.
///
/// # Errors
/// A sentence that names the reference and the mend, never the value.
pub async fn resolve(secret: &Secret, deadline: std::time::Instant) -> Result<String, String> {
    let failed = |why: String| format!("{}: {why}", secret.describe());
    let reading = async {
        match secret {
            Secret::Inline(value) => Ok(value.clone()),
            Secret::Env(name) => from_environment(name),
            Secret::File(path) => from_file(path).await,
            Secret::Command(argv) => from_command(argv).await,
        }
    };
    match tokio::time::timeout_at(tokio::time::Instant::from_std(deadline), reading).await {
        Err(_) => Err(failed("gave no secret in time".to_owned())),
        Ok(Err(why)) => Err(failed(why)),
        Ok(Ok(value)) if value.is_empty() => Err(failed("is empty".to_owned())),
        Ok(Ok(value)) if value.len() > SECRET_LIMIT => Err(failed(too_long())),
        Ok(Ok(value)) => Ok(value),
    }
}

fn too_long() -> String {
    format!("is longer than {SECRET_LIMIT} bytes")
}

fn from_environment(name: &str) -> Result<String, String> {
    // `var_os` of such a name would panic or find nothing that was meant.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("is not a name of a variable".to_owned());
    }
    let value = std::env::var_os(name).ok_or("is not set")?;
    value.into_string().map_err(|_| "is not UTF-8".to_owned())
}

async fn from_file(path: &str) -> Result<String, String> {
    let mut options = tokio::fs::OpenOptions::new();
    // A pipe without a writer must not hold the run.
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
    let file = options.open(path).await.map_err(|error| format!("cannot be read: {error}"))?;
    let meta = file.metadata().await.map_err(|error| format!("cannot be read: {error}"))?;
    if !meta.is_file() {
        return Err("is not a regular file".to_owned());
    }
    first_line(file).await
}

async fn from_command(argv: &[String]) -> Result<String, String> {
    let (program, arguments) = argv.split_first().ok_or("is empty")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What a failing tool says may hold the secret.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let mut stdout = child.stdout.take().ok_or("has no output")?;
    let line = first_line(&mut stdout).await?;
    // Further lines are let go; a pipe closed too early would kill a tool that still writes.
    let rest = async {
        let _ = tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await;
        std::future::pending::<()>().await;
    };
    let status = tokio::select! {
        status = child.wait() => status,
        () = rest => return Err("has no end".to_owned()),
    };
    let status = status.map_err(|error| format!("cannot be waited for: {error}"))?;
    if status.success() { Ok(line) } else { Err(format!("failed with {status}")) }
}

/// The first line of a stream, at most [`SECRET_LIMIT`] bytes of it.
async fn first_line(mut source: impl AsyncRead + Unpin) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 512];
    let line = loop {
        let count =
            source.read(&mut piece).await.map_err(|error| format!("cannot be read: {error}"))?;
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
        let end = bytes.iter().position(|byte| *byte == b'\n');
        if end.is_some() || count == 0 {
            bytes.truncate(end.unwrap_or(bytes.len()));
            break bytes;
        }
        if bytes.len() > SECRET_LIMIT + 1 {
            return Err(too_long());
        }
    };
    let mut text = String::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
    if text.ends_with('\r') {
        text.pop();
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
