//! Running one side of a comparison: words, environment, deadline, outcome.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::table::Outcome;

/// How long either side may take before it counts as endless; entries give both 2 to 6 s.
const PATIENCE: Duration = Duration::from_secs(9);
/// Bytes of output that are kept.
const KEPT: usize = 64 * 1024;

/// What one side did.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub outcome: Outcome,
    /// Standard output and error.
    pub output: String,
    /// How long it took.
    pub took: Duration,
}

/// Splits at blanks; `'...'` keeps them. `{name}` becomes the place of that name first.
pub fn words(line: &str, places: &BTreeMap<String, String>) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    let line = fill(line, places);
    for letter in line.chars() {
        match letter {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(word.clone());
                }
                word.clear();
                begun = false;
            }
            _ => {
                word.push(letter);
                begun = true;
            }
        }
    }
    assert!(!quoted, "an open quote in: {line}");
    if begun {
        words.push(word.clone());
    }
    words
}

/// Puts the places in; panics at one that nobody made.
pub fn fill(text: &str, places: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, place) in places {
        text = text.replace(&format!("{{{name}}}"), place);
    }
    let open = text
        .find('{')
        .and_then(|at| text[at + 1..].find('}').map(|end| &text[at + 1..at + 1 + end]));
    let unknown = open.filter(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    });
    assert!(unknown.is_none(), "nobody made {{{}}}", unknown.unwrap_or_default());
    text
}

/// Runs a program in a clean environment and a session of its own. `files` are seen by it, and by
/// nobody else, in place of the kernel's.
pub fn run(
    program: impl AsRef<OsStr>,
    args: &[String],
    env: &BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
    home: &Path,
) -> Ran {
    let mut command = if files.is_empty() {
        Command::new(program)
    } else {
        // A mount namespace for this one run. The shell becomes the program, so that what it puts
        // in place of its own files in /proc is there for the program.
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-ec"]).arg(
            "while [ \"$1\" != -- ]; do
               case \"$2\" in /proc/self/*) to=/proc/$$/${2#/proc/self/} ;; *) to=$2 ;; esac
               mount --bind \"$1\" \"$to\"; shift 2
             done
             shift; exec \"$@\"",
        );
        command.arg("sh");
        for (index, (path, content)) in files.iter().enumerate() {
            let own = format!("{:?}-{index}", std::thread::current().id());
            let fake = home.join(own.replace(['(', ')'], "-"));
            std::fs::write(&fake, content).unwrap();
            command.arg(fake).arg(path);
        }
        command.arg("--").arg(program);
        command
    };
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .env("HOME", home)
        .envs(env)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let start = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let output = error.to_string();
            return Ran { outcome: Outcome::Unstartable, output, took: start.elapsed() };
        }
    };
    let readers = [
        child.stdout.take().map(|pipe| std::thread::spawn(move || drain(pipe))),
        child.stderr.take().map(|pipe| std::thread::spawn(move || drain(pipe))),
    ];
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > PATIENCE {
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = start.elapsed();
    // What it left behind holds the pipes.
    let _ = killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL);
    let _ = child.wait();
    let output: Vec<String> =
        readers.into_iter().flatten().filter_map(|reader| reader.join().ok()).collect();
    let outcome = match status {
        None => Outcome::Endless,
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Outcome::of_code(code),
            (None, signal) => Outcome::Signal(signal.unwrap_or_default()),
        },
    };
    Ran { outcome, output: output.concat(), took }
}

fn drain(mut pipe: impl std::io::Read) -> String {
    let mut kept = Vec::new();
    let _ = pipe.by_ref().take(KEPT as u64).read_to_end(&mut kept);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}
