//! The command line: tests at an agent, results, schedules, nodes.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::house::until;
use crate::real::Pair;

fn text(output: &Output) -> (Option<i32>, String, String) {
    let of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), of(&output.stdout), of(&output.stderr))
}

#[test]
fn fs_22_fs_39_a_shell_asks_agents_reads_results_and_keeps_schedules() {
    let pair = Pair::new();
    let house = &pair.house;
    let verb = |words: &[&str]| text(&house.verb(words));
    let json = |words: &[&str]| house.json(words).unwrap_or_else(|| panic!("{:?}", verb(words)));
    // Traces, probes, DNS at the agent: as from here, and 0 or 1.
    let trace = ["trace", "127.0.0.1", "--count", "3", "--interval", "100ms", "--agent", "a-1"];
    let (code, out, err) = verb(&trace);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.starts_with("127.0.0.1") && out.contains("3 rounds") && out.contains("Jitter"),
        "{out}"
    );
    assert_eq!(err, "", "no line of progress where nobody looks");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let probe = ["probe", "127.0.0.1", &port, "--agent", "A-1"];
    let (code, out, _) = verb(&probe);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(json(&probe)["result"]["state"], "open");
    drop(listener);
    let (code, out, err) = verb(&probe);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("refused"), "{out}");
    let (code, out, _) =
        verb(&["dns", "x.invalid", "--resolver", "127.0.0.1:1", "-t", "500ms", "--agent", "a-1"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("127.0.0.1:1"), "{out}");
    // What was asked for wrongly is 2, before anybody is asked or after.
    for wrong in [
        &["trace", "127.0.0.1", "--count", "1001", "--agent", "a-1"][..],
        &["trace", "127.0.0.1", "-4", "--agent", "a-1"],
        &["results", "--since", "soon"],
        &["schedules", "add", "--name", "x", "--test", "trace", "--target", "a"],
        &["schedules", "pause", "nothing"],
    ] {
        let (code, _, err) = verb(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {err}");
        assert!(!err.is_empty());
    }
    let (code, _, err) = verb(&["trace", "127.0.0.1", "--agent", "nobody"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("there is no agent `nobody`"), "{err}");
    // Results.
    let all = json(&["results"]);
    assert_eq!(all.as_array().unwrap().len(), 5, "{all}");
    assert_eq!(
        json(&["results", "--test", "trace", "--agent", "a-1"]).as_array().unwrap().len(),
        1
    );
    assert_eq!(json(&["results", "--phase", "queued"]), serde_json::json!([]));
    assert_eq!(json(&["results", "--since", "1h", "--limit", "2"]).as_array().unwrap().len(), 2);
    assert_eq!(json(&["results", "--until", "2020-01-01"]), serde_json::json!([]));
    let id = all[0]["id"].as_str().unwrap();
    assert_eq!(json(&["results", id])["result"]["measured"], "dns");
    let (_, out, _) = verb(&["results"]);
    assert_eq!(out.lines().count(), 6, "{out}");
    assert!(out.contains(id), "an id to ask for more with: {out}");
    let (code, _, err) = verb(&["results", "cancel", id]);
    assert_eq!(code, Some(1), "it is over");
    assert!(err.contains("waits or runs"), "{err}");
    // Schedules.
    let add = [
        "schedules",
        "add",
        "--name",
        "door",
        "--agent",
        "a-1",
        "--target",
        "127.0.0.1",
        "--test",
        "probe",
        "--every",
        "1h",
        "--set",
        &format!("port={port}"),
        "--latency-max",
        "20",
        "--consecutive",
        "1",
    ];
    let (code, out, err) = verb(&add);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("door at a-1, next "), "{out}");
    assert_eq!(verb(&add).0, Some(1), "the name is taken");
    let one = || json(&["schedules"])[0].clone();
    assert_eq!(
        (&one()["port"], one()["thresholds"]["latency_max_ms"].as_f64()),
        (&port.parse::<u16>().unwrap().into(), Some(20.0))
    );
    let (code, _, err) = verb(&[
        "schedules",
        "edit",
        "door",
        "--every",
        "2h",
        "--loss-max",
        "1",
        "--unset",
        "latency-max",
    ]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(
        (&one()["interval_seconds"], &one()["consecutive_failures"]),
        (&7200.into(), &1.into())
    );
    assert_eq!(one()["thresholds"], serde_json::json!({ "packet_loss_max_pct": 1.0 }));
    assert_eq!(verb(&["schedules", "pause", "a-1/door"]).0, Some(0));
    assert_eq!((&one()["paused"], one().get("next")), (&true.into(), None));
    assert_eq!(verb(&["schedules", "resume", one()["id"].as_str().unwrap()]).0, Some(0));
    assert!(one()["next"].is_string());
    let run = json(&["schedules", "run", "door"]);
    assert_eq!(run["schedule"], one()["id"]);
    let schedule = one()["id"].as_str().unwrap().to_owned();
    until("it ran", Duration::from_secs(20), || {
        let ran = json(&["results", "--schedule", &schedule]);
        (ran[0]["phase"] == "done").then_some(())
    });
    let (_, out, _) = verb(&["schedules"]);
    assert!(out.contains("door") && out.contains("probe") && out.contains("2h"), "{out}");
    assert_eq!(verb(&["schedules", "remove", "door"]).0, Some(0));
    assert_eq!(json(&["schedules"]), serde_json::json!([]));
    // Vantages.
    let nodes = json(&["nodes"]);
    assert_eq!(
        (&nodes["nodes"][0]["own"], &nodes["nodes"][1]["name"]),
        (&true.into(), &"a-1".into())
    );
    let (_, out, _) = verb(&["nodes"]);
    assert!(out.contains("this server") && out.contains("a-1") && out.contains("cellar"), "{out}");
    // Who only looks is refused.
    let (code, _, err) = verb(&["trace", "127.0.0.1", "--agent", "a-1", "--read-only"]);
    assert_eq!(code, Some(1), "{err}");
}

#[test]
fn fs_39_ctrl_c_takes_the_test_back() {
    let pair = Pair::new();
    let house = &pair.house;
    let words = ["trace", "127.0.0.1", "--count", "600", "--interval", "100ms", "--agent", "a-1"];
    let mut command = house.command(&words, "server");
    command.arg("--config").arg(house.path("config.toml"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let phase = |wanted: &str| {
        until(wanted, Duration::from_secs(20), || {
            let all = house.json(&["results"])?;
            let first: Value = all.as_array()?.first()?.clone();
            (first["phase"] == wanted).then_some(first)
        })
    };
    phase("running");
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let (code, _, err) = text(&output);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("cancelled by"), "{err}");
    let kept = phase("cancelled");
    assert!(kept["reason"].as_str().unwrap().starts_with("cancelled by "), "{kept}");
}

#[test]
fn fs_10_a_shell_waits_for_an_agent_that_is_away_when_it_is_told_to() {
    let mut pair = Pair::new();
    pair.agent.take().unwrap().stop();
    let house = &pair.house;
    // It takes two minutes of silence to be OFFLINE; until then it is only not there.
    let words = ["trace", "127.0.0.1", "--count", "2", "--agent", "a-1", "--wait"];
    let mut command = house.command(&words, "server");
    command.arg("--config").arg(house.path("config.toml"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it waits", Duration::from_secs(20), || {
        let all = house.json(&["results", "--phase", "queued"])?;
        (all[0]["reason"] == "waits: a-1 is not there").then_some(())
    });
    let _agent = house.agent("agent", None);
    let output = child.wait_with_output().unwrap();
    let (code, out, err) = text(&output);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("2 rounds"), "{out}");
}
