//! A trace that an agent runs along a chain of routers, beside mtr in the same place.

use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::filtered::inside;
use crate::house::{House, until};
use crate::netns::{Chain, Plan, Share, scene};

/// What both see of a hop: its address, how much of it was lost, its average in milliseconds.
#[derive(Debug)]
struct Hop {
    address: String,
    loss: f64,
    average: f64,
}

fn ours(result: &Value) -> Vec<Hop> {
    let hop = |hop: &Value| Hop {
        address: hop["addresses"][0]["address"].as_str().unwrap_or("???").to_owned(),
        loss: hop["loss_pct"].as_f64().unwrap(),
        average: hop["avg_ms"].as_f64().unwrap_or(0.0),
    };
    result["hops"].as_array().unwrap().iter().map(hop).collect()
}

fn theirs(report: &Value) -> Vec<Hop> {
    let hop = |hop: &Value| Hop {
        address: hop["host"].as_str().unwrap().to_owned(),
        loss: hop["Loss%"].as_f64().unwrap(),
        average: hop["Avg"].as_f64().unwrap(),
    };
    report["report"]["hubs"].as_array().unwrap().iter().map(hop).collect()
}

#[test]
#[ignore = "needs root or user namespaces, iptables, mtr; tests/run runs it"]
fn fs_23_an_agent_sees_hop_for_hop_what_mtr_sees() {
    scene("hops::fs_23_an_agent_sees_hop_for_hop_what_mtr_sees", || {
        let chain = Chain::build(Plan::default());
        // The second router answers nobody, and of what goes through the fourth all is lost but for
        // three of four: the last hop shows it.
        chain.drop_replies(2, Share::All);
        chain.drop_forwarded(4, Share::Nth(4));
        let house = House::new();
        let start = |command: Command, log: &str| {
            let mut command = inside(chain.a(), &command);
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
            house.start(command, log)
        };
        let mut serve = house.command(&["serve"], "server");
        serve.arg("--config").arg(house.path("config.toml"));
        let _server = start(serve, "server.log");
        let socket = house.path("server").join("fluxnoc.sock");
        until("the server answers", Duration::from_secs(30), || {
            std::os::unix::net::UnixStream::connect(&socket).ok()
        });
        let _agent = start(house.agent_command("agent", Some(&house.token())), "agent.log");
        until("the agent is there", Duration::from_secs(40), || {
            house.agent_row().filter(|row| row["phase"] == "ONLINE" && row["rtt"].is_number())
        });
        let target = chain.target(false).to_string();
        let mut mtr = chain.a().command("mtr");
        let mtr = mtr.args(["-n", "-j", "-c", "40", "-i", "0.25", &target]).output().unwrap();
        let theirs = theirs(&serde_json::from_slice(&mtr.stdout).unwrap());
        let words = ["trace", &target, "--agent", "a-1", "--count", "40", "--interval", "250ms"];
        let output = house.verb(&[&words[..], &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let test: Value = serde_json::from_slice(&output.stdout).expect(&said);
        assert_eq!((&test["agent"], &test["phase"]), (&json!("a-1"), &json!("done")), "{test}");
        let ours = ours(&test["result"]);
        println!("ours {ours:?}\nmtr  {theirs:?}");
        assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
        let truth: Vec<String> = chain.truth(false).iter().map(IpAddr::to_string).collect();
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(ours.address, theirs.address, "hop {}", number + 1);
            assert!(ours.address == "???" || ours.address == truth[number], "{ours:?} {truth:?}");
            // Every fourth of forty: exactly ten, however they meet the hops before.
            assert!(
                (ours.loss - theirs.loss).abs() <= 2.6,
                "hop {}: {ours:?} {theirs:?}",
                number + 1
            );
            // Both are far below a millisecond here; a unit or a factor would show.
            assert!((ours.average - theirs.average).abs() < 3.0, "{ours:?} {theirs:?}");
        }
        assert!(ours[1].address == "???" && ours[1].loss > 99.0, "{ours:?}");
        let last = ours.last().unwrap();
        assert!((last.loss - 25.0).abs() <= 2.6, "{last:?}");
    });
}
