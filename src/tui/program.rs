//! Runs the programs of custom actions: no shell, no input, bounded output, bounded time.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::tui::external::Run;

/// Most programs at once.
const AT_ONCE: usize = 8;
/// Longest run of one in the background.
const LONGEST: Duration = Duration::from_mins(5);
/// Most output that is kept, in bytes; the rest is read and dropped.
const OUTPUT_LIMIT: u64 = 64 * 1024;

/// The places for programs.
#[derive(Clone, Debug)]
pub struct Programs(Arc<Semaphore>);

impl Default for Programs {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// The program with its arguments and its whole environment.
#[must_use]
pub fn command(run: &Run) -> Command {
    let (program, arguments) = run.argv.split_first().map_or(("", &[][..]), |(a, b)| (a, b));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&run.env);
    command
}

impl Programs {
    /// Runs one to its end; gives what it printed.
    ///
    /// # Errors
    /// What it printed to stderr, or why it did not run.
    pub async fn background(&self, run: &Run) -> Result<String, String> {
        let Ok(_place) = self.0.try_acquire() else {
            return Err(format!("{AT_ONCE} actions are running already"));
        };
        let mut command = command(run);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        let program = run.argv.first().map_or("", String::as_str);
        let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let all = async { tokio::join!(child.wait(), text(out), text(err)) };
        let Ok((status, out, err)) = tokio::time::timeout(LONGEST, all).await else {
            return Err(format!("still running after {} s; stopped", LONGEST.as_secs()));
        };
        match status {
            Ok(status) if status.success() => Ok(out),
            Ok(status) => {
                let words = if err.trim().is_empty() { out } else { err };
                Err(format!("{} ({status})", words.trim_end()))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

async fn text(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut pipe) = pipe else { return String::new() };
    let mut kept = Vec::new();
    let _ = (&mut pipe).take(OUTPUT_LIMIT).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::console::RunIn;

    fn run(argv: &[&str]) -> Run {
        Run {
            name: "x".to_owned(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: BTreeMap::from([("FLUXNOC_HOST".to_owned(), "db; rm -rf".to_owned())]),
            how: RunIn::Background,
        }
    }

    #[tokio::test]
    async fn a_program_gets_its_environment_and_nothing_else() {
        let out = Programs::default().background(&run(&["/usr/bin/env"])).await.unwrap();
        assert_eq!(out, "FLUXNOC_HOST=db; rm -rf\n");
    }

    #[tokio::test]
    async fn failure_says_why_and_much_output_is_cut() {
        let programs = Programs::default();
        let why = programs.background(&run(&["/nonexistent/x"])).await.unwrap_err();
        assert!(why.contains("/nonexistent/x: No such file"), "{why}");
        let why = programs.background(&run(&["/bin/sh", "-c", "echo no >&2; exit 3"])).await;
        assert_eq!(why.unwrap_err(), "no (exit status: 3)");
        let script = "head -c 1000000 /dev/zero | tr '\\0' x";
        let argv = ["/bin/sh", "-c", &format!("PATH=/usr/bin:/bin; {script}")];
        assert_eq!(programs.background(&run(&argv)).await.unwrap().len(), 65_536);
    }
}
