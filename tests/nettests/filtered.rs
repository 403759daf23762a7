//! A port behind a filter, in a network namespace of its own: the server's own vantage looks.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::house::{House, until};
use crate::netns::{Namespace, scene};

/// The same command inside a namespace.
pub fn inside(ns: &Namespace, command: &Command) -> Command {
    let mut there = ns.command(command.get_program());
    there.args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            there.env(name, value);
        }
    }
    there.stdin(std::process::Stdio::null());
    there
}

#[test]
#[ignore = "needs root or user namespaces, iptables; tests/run runs it"]
fn fs_24_a_port_behind_a_filter_is_neither_open_nor_closed() {
    scene("filtered::fs_24_a_port_behind_a_filter_is_neither_open_nor_closed", || {
        let ns = Namespace::new();
        ns.sh("iptables -A INPUT -p tcp --dport 81 -j DROP");
        ns.sh("iptables -A INPUT -p udp --dport 82 -j DROP");
        let house = House::new();
        let mut serve = house.command(&["serve"], "server");
        serve.arg("--config").arg(house.path("config.toml"));
        // nsenter needs to be found.
        let mut serve = inside(&ns, &serve);
        serve.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let _server = house.start(serve, "server.log");
        // A verb without a server would open the store itself, and keep the server out of it.
        let socket = house.path("server").join("fluxnoc.sock");
        until("the server answers", Duration::from_secs(30), || {
            std::os::unix::net::UnixStream::connect(&socket).ok()
        });
        let nodes = house.json(&["nodes"]).unwrap();
        let own = nodes["nodes"][0]["name"].as_str().unwrap().to_owned();
        let probe = |more: &[&str]| {
            let words =
                [&["probe", "127.0.0.1"], more, &["--agent", &own, "--json", "-t", "500ms"]];
            let output = house.verb(&words.concat());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let test: Value = serde_json::from_slice(&output.stdout).expect(&said);
            assert_eq!(test["phase"], "done", "{test}");
            (output.status.code(), test["result"]["state"].as_str().unwrap().to_owned())
        };
        assert_eq!(probe(&["81"]), (Some(1), "filtered".to_owned()));
        assert_eq!(probe(&["80"]), (Some(1), "closed".to_owned()));
        assert_eq!(probe(&["82", "--udp"]), (Some(0), "open-or-filtered".to_owned()), "D-24");
        assert_eq!(probe(&["80", "--udp"]), (Some(1), "closed".to_owned()));
    });
}
