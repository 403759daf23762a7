//! The built program on the command line: outputs and exit codes that scripts rely on.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};

fn fluxnoc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

/// A port that nobody listens on: bound once, then given back.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port().to_string()
}

#[test]
fn check_exits_0_1_2_3_and_prints_a_plugin_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let good = fluxnoc(&["check", "tcp", "127.0.0.1", &port]);
    assert_eq!(good.status.code(), Some(0), "{}", out(&good));
    assert!(out(&good).starts_with("TCP OK - ") && out(&good).contains(" | time=0."));
    let slow = fluxnoc(&["check", "tcp", "127.0.0.1", &port, "-w", "@0:9"]);
    assert_eq!(slow.status.code(), Some(1), "{}", out(&slow));
    let refused = fluxnoc(&["check", "tcp", "127.0.0.1", &closed_port()]);
    assert_eq!(refused.status.code(), Some(2), "{}", out(&refused));
    assert!(out(&refused).starts_with("TCP CRITICAL - connection refused by 127.0.0.1:"));
    let unknown = fluxnoc(&["check", "tcp", "name.invalid", "1", "-t", "5"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", out(&unknown));
}

#[test]
fn usage_and_configuration_errors_are_3_under_check_and_2_elsewhere() {
    for (arguments, code) in [
        (&["check", "tcp"][..], 3),
        (&["check", "tcp", "127.0.0.1", "80", "-w", "5x"], 3),
        (&["check", "nothing"], 3),
        (&["probe", "127.0.0.1"], 2),
        (&["probe", "127.0.0.1", "0"], 2),
        (&["trace", "a..b"], 2),
        (&["ack"], 2),
        (&["maintenance", "add", "--hosts", "*"], 2),
        (&["nonsense"], 2),
        (&["--config", "/nonexistent/config.toml", "config", "check"], 2),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let output = fluxnoc(arguments);
        let words = format!("{arguments:?}: {} {}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(code), "{words}");
    }
}

#[test]
fn fm_19_custom_takes_a_scripts_exit_code() {
    for code in 0..=3 {
        let script = format!("echo said; exit {code}");
        let output = fluxnoc(&["check", "custom", "--shell", &script]);
        assert_eq!(output.status.code(), Some(code), "{}", out(&output));
        assert!(out(&output).contains("said"));
    }
}

#[test]
fn check_http_judges_status_and_body() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(fluxnoc(&["check", "http", &url]).status.code(), Some(2));
    let wanted = fluxnoc(&["check", "http", &url, "--status", "404", "--contains", "gone"]);
    assert_eq!(wanted.status.code(), Some(0), "{}", out(&wanted));
    let other = fluxnoc(&["check", "http", &url, "--status", "404", "--contains", "here"]);
    assert_eq!(other.status.code(), Some(2), "{}", out(&other));
}

#[test]
fn probe_and_doctor_speak_json() {
    let refused = fluxnoc(&["probe", "127.0.0.1", &closed_port(), "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(
        (value["state"].as_str(), value["failure"].as_str()),
        (Some("CRITICAL"), Some("refused"))
    );
    let folder = tempfile::tempdir().expect("a directory");
    let dir = folder.path().display().to_string();
    let doctor = fluxnoc(&["doctor", "--json", "--data-dir", &dir]);
    let value: serde_json::Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    let names: Vec<&str> = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["name"].as_str())
        .collect();
    for name in ["ping", "descriptors", "clock", "configuration", "data", "database", "terminal"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[test]
fn doctor_says_what_colours_and_glyphs_were_chosen_and_why() {
    let folder = tempfile::tempdir().expect("a directory");
    let dir = folder.path().display().to_string();
    let with = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
        command.env_clear().env("HOME", folder.path()).current_dir(folder.path());
        command.envs(environment.iter().copied()).args(["doctor", "--data-dir", &dir]).args(flags);
        out(&command.output().expect("runs"))
    };
    let modern = [("TERM", "xterm"), ("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")];
    let words = with(&modern, &[]);
    assert!(words.contains("16 million colours (COLORTERM=truecolor), theme default"), "{words}");
    assert!(words.contains("braille (LANG=C.UTF-8): ● CRIT"), "{words}");
    let words = with(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("LANG", "C")], &[]);
    assert!(words.contains("no colours (NO_COLOR is set)"), "{words}");
    assert!(words.contains("ascii (LANG=C is not UTF-8): X CRIT  ! WARN"), "{words}");
    let words = with(&modern, &["--glyphs", "block", "--color", "256"]);
    assert!(words.contains("256 colours (as asked for)"), "{words}");
    assert!(words.contains("block (as asked for)"), "{words}");
}

#[test]
fn keys_prints_the_sheet_of_the_keys_in_force() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "[keys]\nack = \"w\"\nzoom = \"none\"\n").expect("writable");
    let path = path.display().to_string();
    let sheet = |more: &[&str]| {
        let output = fluxnoc(&[&["--config", &path, "keys"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        out(&output)
    };
    let line = |text: &str, name: &str| {
        let words = |line: &&str| line.split_whitespace().any(|word| word == name);
        text.lines().find(words).unwrap_or_default().to_owned()
    };
    let text = sheet(&[]);
    assert!(line(&text, "ack").trim_start().starts_with("w  "), "{text}");
    assert!(line(&text, "zoom").trim_start().starts_with(":zoom"), "{text}");
    assert!(text.contains("Everywhere") && text.contains("Hosts, alerts, checks"), "{text}");
    let md = sheet(&["--md"]);
    assert!(md.contains("| `w` | `ack` | acknowledge the alerts under the cursor |"), "{md}");
    assert!(sheet(&["--preset", "k9s"]).contains("^B"));
    let output = fluxnoc(&["keys", "--preset", "emacs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("allowed: default, vim, k9s"), "{}", err(&output));
}

#[test]
fn a_key_that_means_two_things_is_refused_with_its_place_by_every_command() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "[keys]\n\nack = \"r\"\n").expect("writable");
    let path = path.display().to_string();
    for verb in [&["config", "check"][..], &["keys"], &["hosts"]] {
        let output = fluxnoc(&[&["--config", &path], verb].concat());
        assert_eq!(output.status.code(), Some(2));
        let words = err(&output);
        assert!(words.contains(":3:1: `r` of `ack` is the key of `recheck`"), "{words}");
    }
}

#[test]
fn f82_config_check_prints_every_problem_and_exits_2() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("bad.toml");
    std::fs::write(&path, "[store]\nraw = 5\n[[host]]\nnam = \"x\"\n").expect("writable");
    let path = path.display().to_string();
    let output = fluxnoc(&["--config", &path, "config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let words = err(&output);
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines.len(), 3, "{words}");
    assert!(lines[0].starts_with(&format!("{path}:2:7: store.raw: expected a text")), "{words}");
    assert!(lines[2].contains("did you mean `name`?"), "{words}");
    assert!(output.stdout.is_empty());
}

#[test]
fn rules_are_listed_and_tried_and_a_wrong_draft_is_2_with_its_place() {
    let folder = tempfile::tempdir().expect("a directory");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let written = "rule_name: High CPU\nhost_pattern: 'db-*'\nmetric: cpu_usage\ncondition: '>'\n\
                   critical_threshold: 90\n";
    let config = "rule_files = [\"rules.yaml\"]\n[[host]]\nname = \"db-1\"\n\
                  address = \"127.0.0.1\"\n[[host.check]]\nkind = \"system\"\n";
    std::fs::write(at("config.toml"), config).expect("a file");
    std::fs::write(at("rules.yaml"), written).expect("a file");
    let (config, data) = (at("config.toml"), at("data"));
    let asked = |words: &[&str]| {
        fluxnoc(&[&["--config", &config, "--data-dir", &data, "rules"], words].concat())
    };
    let list = asked(&[]);
    assert_eq!(list.status.code(), Some(0), "{}", err(&list));
    let said = out(&list);
    let line = said.lines().nth(1).unwrap_or_default();
    assert!(line.starts_with("High CPU  db-*   cpu_usage > 90 CRITICAL  (default)"), "{said}");
    assert!(line.ends_with("/rules.yaml:1"), "{said}");
    let json = asked(&["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["found"], &json["rows"][0]["checks"]), (&1.into(), &1.into()));
    // Nothing was measured yet: it says so.
    let right = asked(&["try", &at("rules.yaml"), "--since", "2d"]);
    assert_eq!(right.status.code(), Some(0), "{}", err(&right));
    let said = out(&right);
    for part in [
        "High CPU: cpu_usage > 90 CRITICAL",
        "judges 1 check of 1 host; looked at: 1, 1 of them without stored results",
        "would have fired 0 times since ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    std::fs::write(at("wrong.yaml"), written.replace("cpu_usage", "cpu_usge")).expect("a file");
    let wrong = asked(&["try", &at("wrong.yaml")]);
    assert_eq!(wrong.status.code(), Some(2), "{}", err(&wrong));
    let said = err(&wrong);
    assert!(said.contains("wrong.yaml:3:9: metric: `cpu_usge` is given by no check"), "{said}");
    let none = asked(&["try", &at("nothing.yaml")]);
    assert_eq!(none.status.code(), Some(2));
    assert!(err(&none).contains("nothing.yaml: cannot read it"), "{}", err(&none));
}
