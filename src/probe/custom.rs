//! `custom`: runs a plugin or script and reads its exit code, text and perfdata.
//!
//! The program gets an empty environment, no input and nothing of ours. A file that everybody may
//! change is refused: it would run with our rights what anybody wrote into it.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{AccessFlags, access};

use super::context::Context;
use super::permit::Permit;
use super::plugin;
use super::script::{self, End, Program, Ran};
use crate::model::spec::{CustomCommand, CustomSpec};
use crate::model::{Failure, FailureKind, Observation, SafeText, Span, State};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const SHELL: &str = "/bin/sh";
/// What a cut output ends with.
const CUT: &str = "(output cut at 64 KiB)";
/// Longest chain of symbolic links that is followed, as in the kernel.
const LINK_LIMIT: usize = 40;
/// Mode bits.
const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;
const EXECUTABLE: u32 = 0o111;

/// Runs the command once.
pub(super) async fn run(spec: &CustomSpec, context: &Context) -> Result<Observation, Failure> {
    let allowed = allowance(context.remaining());
    let (owned, shared) = (spec.clone(), Arc::clone(&context.shared));
    let ran = script::run(move || prepare(&owned, &shared.permit), context).await?;
    Ok(observe(&ran, allowed))
}

/// The time that a run was given, rounded as it was written in the configuration.
fn allowance(remaining: Duration) -> Span {
    let millis = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
    let step = if millis >= 1000 { 100 } else { 10 };
    Span::from_millis(millis.saturating_add(step / 2) / step * step)
}

fn observe(ran: &Ran, allowed: Span) -> Observation {
    let parsed = plugin::parse(match ran.end {
        // The last word may be half a number.
        End::TooMuch => whole_words(&ran.stdout),
        _ => &ran.stdout,
    });
    let said = if parsed.text.is_empty() { first_line(&ran.stderr) } else { parsed.text };
    let claimed = match ran.end {
        End::Exited(code) => State::from_exit_code(code),
        _ => None,
    };
    if claimed.is_some() {
        let output =
            if said.is_empty() { SafeText::line("the plugin printed nothing") } else { said };
        let long = parsed.long;
        return Observation {
            output,
            long,
            metrics: parsed.metrics,
            claimed,
            ..Observation::default()
        };
    }
    let reason = match ran.end {
        End::Exited(code) => match code {
            126 => "exit code 126 is outside 0 to 3 (not executable)".to_owned(),
            127 => "exit code 127 is outside 0 to 3 (command not found)".to_owned(),
            code => format!("exit code {code} is outside 0 to 3"),
        },
        End::Signalled(number) => match Signal::try_from(number) {
            Ok(signal) => format!("killed by signal {number} ({signal})"),
            Err(_) => format!("killed by signal {number}"),
        },
        End::Overran => format!("ran longer than {allowed} and was killed"),
        End::TooMuch => format!("printed more than 64 KiB and was killed {CUT}"),
    };
    let output = if said.is_empty() {
        SafeText::line(&reason)
    } else {
        SafeText::line(&format!("{reason}: {said}"))
    };
    // Numbers of a run that broke its contract are not kept: they may be half of the truth.
    Observation {
        output,
        long: parsed.long,
        failure: Some(Failure::new(FailureKind::Plugin, reason)),
        ..Observation::default()
    }
}

fn first_line(bytes: &[u8]) -> SafeText {
    let line = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|l| !l.is_empty());
    SafeText::line_from_bytes(line.unwrap_or_default())
}

fn whole_words(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(u8::is_ascii_whitespace).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

/// From the configuration to a file that may be run.
fn prepare(spec: &CustomSpec, permit: &Permit) -> Result<Program, Failure> {
    permit.variables(spec.env.keys())?;
    let mut env = BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("LC_ALL".to_owned(), "C".to_owned()),
    ]);
    env.extend(spec.env.clone());
    if let Some(bad) = env.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let why = format!("`{bad}` is not a name of an environment variable");
        return Err(Failure::new(FailureKind::Config, why));
    }
    match &spec.command {
        CustomCommand::Argv(words) => {
            let Some((name, args)) = words.split_first().filter(|(name, _)| !name.is_empty())
            else {
                let why = "the command is empty; write command = [\"/path/to/plugin\", ...]";
                return Err(Failure::new(FailureKind::Config, why));
            };
            let path = find(name, env.get("PATH").map_or(PATH, String::as_str))?;
            vet(&path)?;
            Ok(Program { path: permit.program(path)?, args: args.to_vec(), env })
        }
        CustomCommand::Shell(line) => {
            permit.shell()?;
            // When the line begins with a plain path, that file is held to the same rules.
            let first = line.split_ascii_whitespace().next().unwrap_or_default();
            if first.starts_with('/') && Path::new(first).exists() {
                vet(Path::new(first))?;
            }
            let args = vec!["-c".to_owned(), line.clone()];
            Ok(Program { path: PathBuf::from(SHELL), args, env })
        }
    }
}

/// The file of a command: a path as it is, a name from the search path.
fn find(name: &str, search: &str) -> Result<PathBuf, Failure> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    search
        .split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file() && access(path, AccessFlags::X_OK).is_ok())
        .ok_or_else(|| missing(format!("{name} is not found in {search}")))
}

fn missing(why: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Missing, why)
}

/// Refuses a file that is absent, not executable, or can be changed or replaced by everybody,
/// directly or through one of the links and folders on the way to it.
fn vet(path: &Path) -> Result<(), Failure> {
    let unreadable = |path: &Path, error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => missing(format!("{} does not exist", path.display())),
        _ => missing(format!("{} cannot be read: {error}", path.display())),
    };
    let mut step = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
    for _ in 0..LINK_LIMIT {
        vet_folders(&step)?;
        let Ok(target) = std::fs::read_link(&step) else { break };
        // A relative target starts in the folder of the link.
        step = step.parent().unwrap_or(Path::new("/")).join(target);
    }
    let file = path.canonicalize().map_err(|error| unreadable(path, &error))?;
    if file != step {
        vet_folders(&file)?;
    }
    let metadata = file.metadata().map_err(|error| unreadable(&file, &error))?;
    if !metadata.is_file() {
        return Err(missing(format!("{} is not a file", file.display())));
    }
    if metadata.permissions().mode() & WORLD_WRITABLE != 0 {
        return Err(writable(&file, &metadata));
    }
    let forbidden = access(&file, AccessFlags::X_OK).is_err();
    if forbidden || metadata.permissions().mode() & EXECUTABLE == 0 {
        let (file, mode) = (file.display(), metadata.permissions().mode() & 0o7777);
        return Err(missing(format!("{file} is not executable (mode {mode:04o}); chmod +x it")));
    }
    Ok(())
}

/// The folders above a path must not let everybody replace what is in them.
fn vet_folders(path: &Path) -> Result<(), Failure> {
    let mut folder = PathBuf::new();
    let parent = path.parent().unwrap_or(path);
    for part in parent.components() {
        folder.push(part);
        if matches!(part, Component::ParentDir | Component::CurDir) {
            continue;
        }
        let Ok(metadata) = folder.metadata() else { continue };
        let mode = metadata.permissions().mode();
        if metadata.is_dir() && mode & WORLD_WRITABLE != 0 && mode & STICKY == 0 {
            return Err(writable(&folder, &metadata));
        }
    }
    Ok(())
}

fn writable(path: &Path, metadata: &Metadata) -> Failure {
    let mode = metadata.permissions().mode() & 0o7777;
    let path = path.display();
    missing(format!("{path} is writable by everybody (mode {mode:04o}); chmod o-w it"))
}

#[cfg(test)]
#[path = "custom_tests.rs"]
mod tests;
