//! `fluxnoc demo` in a pseudo-terminal: at once there, marked, and gone without a trace.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "common/letters.rs"]
mod letters;
#[path = "common/pty.rs"]
mod pty;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pty::{PATIENCE, Terminal};

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// FS-05: usable within 2 s; a build without optimisation on a busy machine may take longer.
const SOON: Duration = if cfg!(debug_assertions) { PATIENCE } else { Duration::from_secs(2) };

fn demo(dir: &Path, size: (u16, u16), more: &[&str]) -> Terminal {
    let home = dir.display().to_string();
    let env = [("HOME", home.as_str()), ("TMPDIR", &home)];
    Terminal::start(FLUXNOC.as_ref(), &[&["demo"], more].concat(), &env, size.0, size.1)
}

fn left(dir: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn fs_05_demo_is_marked_lively_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut console = demo(dir.path(), (160, 44), &[]);
    console.wait("alerts of a marked network", SOON, |screen| {
        screen.lines().next().is_some_and(|line| line.contains("DEMO"))
            && screen.contains("mail-ams-1")
            && screen.contains("certificate_days")
    });
    console.wait("another operator has something", PATIENCE, |screen| {
        ["kim to", "jose to", "noc-2 to"].iter().any(|words| screen.contains(words))
    });
    assert_eq!(left(dir.path()).len(), 1, "the scratch directory");
    console.send("q");
    console.wait_exit();
    assert_eq!(left(dir.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn demo_traces_what_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let mut console = demo(dir.path(), (160, 44), &["--storm", "1"]);
    console.wait("hops", PATIENCE, |screen| {
        screen.contains(".example") && screen.contains("Loss")
            || screen.contains("core-") && screen.contains("loss")
    });
    console.send("q");
    console.wait_exit();
}

#[test]
fn the_three_alerts_outside_a_storm_are_on_the_first_screen() {
    let dir = tempfile::tempdir().unwrap();
    let mut console = demo(dir.path(), (80, 24), &["--storm", "300", "--speed", "20"]);
    console.wait("the storm and what is outside it", PATIENCE, |screen| {
        let outside = ["db-lon-1", "mail-ams-1", "web-dal-3"];
        screen.contains("STORM")
            && screen.contains("DEMO")
            && outside.iter().all(|host| screen.contains(host))
    });
    console.send("q");
    console.wait_exit();
}

fn plain(dir: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(FLUXNOC);
    command.args(["demo", "--plain"]).args(more).env_clear();
    command.env("HOME", dir).env("TMPDIR", dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a demonstration says in its first minutes, without its times.
fn told(dir: &Path, seed: &str) -> BTreeSet<String> {
    let mut child = plain(dir, &["--seed", seed]);
    let mut words = BTreeSet::new();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    for line in std::io::BufRead::lines(out) {
        let line = line.unwrap();
        // "1. STATE host/check: output (since ...)"
        let mut parts = line.split_whitespace();
        if parts.next().is_some_and(|word| word.ends_with('.'))
            && let (Some(word), Some(what)) = (parts.next(), parts.next())
        {
            words.insert(format!("{word} {what}"));
        }
        // The end of the first picture.
        if line.starts_with("type help") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    words
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let dir = tempfile::tempdir().unwrap();
    let (first, again, other) =
        (told(dir.path(), "7"), told(dir.path(), "7"), told(dir.path(), "8"));
    // Three stay in every story; the rest is the seed's.
    assert!(first.len() > 3, "{first:?}");
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn a_storm_is_exactly_as_large_as_asked_for_and_three_alerts_are_not_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = plain(dir.path(), &["--storm", "200", "--speed", "20"]);
    let mut keys = child.stdin.take().unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let (mut firing, mut outside) = (0, BTreeSet::new());
    for line in std::io::BufRead::lines(out) {
        let line = line.unwrap();
        if line.contains(" CRITICAL ") && line.contains("-fra-") && line.starts_with("DEMO") {
            firing += 1;
        }
        if firing == 200 {
            // All that is firing, as a list.
            writeln!(keys, "alerts").unwrap();
            firing += 1;
        }
        if let Some((_, rest)) = line.split_once(". ")
            && let Some(what) = rest.split([' ', ':']).nth(1)
            && firing > 200
        {
            outside.insert(what.to_owned());
        }
        if outside.len() == 203 {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    outside.retain(|what| !what.contains("-fra-"));
    let wanted = ["db-lon-1/backup", "mail-ams-1/webmail", "web-dal-3/system"];
    assert_eq!(outside.into_iter().collect::<Vec<_>>(), wanted);
}

/// A configuration that tells everybody in every way, and marks what it shows with a zone and a key.
fn telling(port: u16) -> String {
    format!(
        r#"
[console]
zone = "+05:30"

[keys]
ack = "a"

[alerting]
contact_list = "Everybody"

[watchdog]
url = "http://127.0.0.1:{port}/beat"
interval = "10s"

[[channel]]
name = "pager"
kind = "webhook"
url = "http://127.0.0.1:{port}/pager"

[[channel]]
name = "program"
kind = "exec"
command = ["/usr/bin/env", "bash", "-c", "echo >/dev/tcp/127.0.0.1/{port}"]

[[contact_list]]
name = "Everybody"
channels = ["pager", "program"]

[[host]]
name = "own"
address = "127.0.0.1"
[[host.check]]
kind = "tcp"
port = {port}

[[rule]]
rule_name = "CPU of all"
host_pattern = "*"
metric = "cpu_usage"
condition = ">"
warning_threshold = 0
notify_contact_list = "Everybody"

[[scrape]]
name = "found"
targets = ["127.0.0.1:{port}"]
"#
    )
}

#[test]
fn fs_05_demo_sends_nothing_to_anybody_whatever_is_configured() {
    let dir = tempfile::tempdir().unwrap();
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    std::fs::write(dir.path().join("config.toml"), telling(port)).unwrap();
    let tmp = dir.path().join("tmp");
    std::fs::create_dir(&tmp).unwrap();
    // The configuration is one that the program takes.
    let mut known = Command::new(FLUXNOC);
    known.args(["config", "check"]).env_clear().current_dir(dir.path()).env("HOME", dir.path());
    let known = known.output().unwrap();
    assert!(known.status.success(), "{}", String::from_utf8_lossy(&known.stderr));

    let mut command = Command::new(FLUXNOC);
    command.args(["demo", "--plain"]).env_clear().current_dir(dir.path());
    command.env("HOME", dir.path()).env("TMPDIR", &tmp);
    command.env("FLUX_NOTIFY_URL", format!("http://127.0.0.1:{port}/flux"));
    command.env("FLUX_NOTIFY_API_KEY", "k").env("DEFAULT_CONTACT_LIST", "Everybody");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    // What is due leaves with the first alerts, and the log is told as soon as others would be.
    let log = || {
        let scratch = left(&tmp).into_iter().next();
        scratch.and_then(|dir| std::fs::read_to_string(dir.join("fluxnoc.log")).ok())
    };
    let until = std::time::Instant::now() + PATIENCE;
    let mut told = Vec::new();
    while told.len() < 3 {
        assert!(outside.accept().is_err(), "the demo reached somebody outside");
        assert!(std::time::Instant::now() < until, "nobody is told: {:?}", log());
        let text = log().unwrap_or_default();
        told = text.lines().filter(|line| line.contains(" notify: ")).map(str::to_owned).collect();
        std::thread::sleep(Duration::from_millis(20));
    }
    writeln!(keys, "quit").unwrap();
    drop(keys);
    child.wait().unwrap();
    assert!(outside.accept().is_err(), "the demo reached somebody outside: {told:?}");
}

#[test]
fn demo_refuses_what_makes_no_sense() {
    for (words, why) in [
        (&["demo", "--storm", "0"][..], "1..=10000"),
        (&["demo", "--speed", "601"], "1..=600"),
        (&["demo", "--seed", "x"], "invalid digit"),
    ] {
        let output = Command::new(FLUXNOC).args(words).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{words:?}");
    }
}
