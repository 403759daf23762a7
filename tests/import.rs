//! `fluxnoc import`, `init`, `completions` and `man` from the command line: what they say, write
//! and refuse.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
        // An unwritten file cannot be named, so the usual places lead to it.
        command.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command.env("LANG", "C.UTF-8").stdin(std::process::Stdio::null());
        command.args(words).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name);
    path.display().to_string()
}

#[test]
fn import_shows_a_diff_and_writes_what_config_check_takes() {
    let place = Place::new();
    place.write("config.toml", "# mine\n[[host]]\nname = \"web-2\"\naddress = \"127.0.0.1\"\n");
    std::fs::set_permissions(place.config(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let before = place.text();
    let dry = place.run(&["import", "hosts", &fixture("hosts"), "--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{}", said(&dry));
    assert!(said(&dry).contains("+ web-1  192.0.2.10, checks ping"), "{}", said(&dry));
    assert!(said(&dry).contains("= web-2  kept"), "{}", said(&dry));
    assert!(said(&dry).contains("would be written"), "{}", said(&dry));
    assert_eq!(place.text(), before, "--dry-run changes nothing");
    let done = place.run(&["import", "hosts", &fixture("hosts")]);
    assert!(said(&done).contains("1 new, 0 changed, 0 disabled, 1 kept"), "{}", said(&done));
    assert!(place.text().starts_with(&before));
    let mode = std::fs::metadata(place.config()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the mode stays");
    let check = place.run(&["config", "check"]);
    assert!(said(&check).contains("good, 2 hosts, 1 check"), "{}", said(&check));
    let again = place.run(&["import", "hosts", &fixture("hosts")]);
    assert!(said(&again).contains("stays as it is"), "{}", said(&again));
    let left: Vec<_> = std::fs::read_dir(place.dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing lies around: {left:?}");
}

#[test]
fn every_format_can_be_imported_side_by_side() {
    let place = Place::new();
    place.write("config.toml", "");
    for (format, name) in [
        ("hosts", "hosts"),
        ("ssh-config", "ssh_config"),
        ("csv", "table.csv"),
        ("ansible", "inventory.ini"),
        ("ansible", "inventory.yml"),
        ("nagios", "nagios.cfg"),
        ("icinga", "icinga.conf"),
    ] {
        let output = place.run(&["import", format, &fixture(name)]);
        assert_eq!(output.status.code(), Some(0), "{format} {name}: {}", said(&output));
    }
    let check = place.run(&["config", "check"]);
    assert!(said(&check).contains("good"), "{}", said(&check));
    assert_eq!(place.text().matches(": begin").count(), place.text().matches(": end").count());
}

#[test]
fn what_cannot_be_imported_is_said_and_nothing_is_changed() {
    let place = Place::new();
    place.write("config.toml", "[[host]]\nname = \"a\"\naddress = \"127.0.0.1\"\n");
    let before = place.text();
    let directory = place.dir.path().display().to_string();
    let empty = place.write("empty", "");
    let nothing = place.write("nothing.csv", "a,b\n1,2\n");
    for (words, code, why) in [
        (&["import", "hosts", "/nonexistent"][..], 1, "cannot read /nonexistent"),
        (&["import", "hosts", &directory], 1, "is no file"),
        (&["import", "hosts", &empty], 1, "no host in it"),
        (&["import", "csv", &nothing], 1, "no column is called name"),
        (&["import", "zabbix", &empty], 2, "possible values: hosts, ssh-config, csv"),
        (&["import", "hosts"], 2, "<FILE>"),
    ] {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(why), "{words:?}: {}", said(&output));
    }
    assert_eq!(place.text(), before);
    place.write("config.toml", "[[host]]\nnam = 1\n");
    let output = place.run(&["import", "hosts", &fixture("hosts")]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is wrong already"), "{}", said(&output));
    assert_eq!(place.text(), "[[host]]\nnam = 1\n");
}

#[test]
fn init_writes_a_configuration_once_and_asks_only_a_terminal() {
    let place = Place::new();
    let output = place.run(&["init"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("init --yes"), "{}", said(&output));
    let output = place.run(&["init", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let path = place.dir.path().join(".config/fluxnoc/config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("checks = [\"system\"]"), "{text}");
    let check = place.run(&["config", "check"]);
    assert!(said(&check).contains("fluxnoc/config.toml: good"), "{}", said(&check));
    let again = place.run(&["init", "--yes"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("exists already"), "{}", said(&again));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn completions_and_manual_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = place.run(&["completions", shell]);
        let text = said(&output);
        assert!(text.contains("maintenance") && text.contains("demo"), "{shell}");
    }
    let page = said(&place.run(&["man"]));
    assert!(page.contains(".TH") && page.contains("fluxnoc\\-demo"), "{page}");
    let page = said(&place.run(&["man", "maintenance", "add"]));
    assert!(page.contains("hosts") && page.contains("duration") || page.contains("DURATION"));
    let output = place.run(&["man", "nonsense"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}
