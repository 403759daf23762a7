//! Who is let in as an agent, and what a server may ask of its machine.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use crate::house::{House, until};

const SOON: Duration = Duration::from_secs(40);

/// How it ended, and what it said.
fn end(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stdout));
    (output.status.code(), said)
}

/// The inodes of the sockets that listen (state 0A), in this network.
fn listening() -> HashSet<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let text: String =
        tables.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.get(3) == Some(&"0A"))
        .filter_map(|row| Some((*row.get(9)?).to_owned()))
        .collect()
}

fn sockets(pid: u32) -> HashSet<String> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let inode = |link: std::path::PathBuf| {
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    links.filter_map(inode).collect()
}

#[test]
fn fs_07_fs_08_t10_an_agent_is_made_by_variables_listens_nowhere_and_runs_what_it_allows() {
    let house = House::new();
    let server = house.server();
    let agent = house.agent("agent", Some(&house.token()));
    for name in ["tcp", "count"] {
        until(name, SOON, || house.check(name).filter(|check| check["state"] == "OK"));
    }
    for (name, words) in
        [("outside", "--allow-scripts"), ("shell", "not allowed on this agent: a shell text")]
    {
        let check = until(name, SOON, || {
            house.check(name).filter(|check| check["state"] == "UNKNOWN" && check["hard"] == true)
        });
        let output = check["output"].as_str().unwrap();
        assert!(output.contains("not allowed on this agent") && output.contains(words), "{output}");
    }
    let row = until("heard", SOON, || house.agent_row().filter(|row| row["seen"].is_string()));
    assert_eq!((row["name"].as_str(), row["location"].as_str()), (Some("a-1"), Some("cellar")));
    assert_eq!(row["phase"], "ONLINE");
    let own = sockets(agent.pid());
    assert!(!own.is_empty(), "it is connected");
    assert_eq!(own.intersection(&listening()).count(), 0, "outbound only");
    // SIGTERM; nothing of a key or a token is in the log.
    agent.stop();
    let log = house.log("agent.log");
    assert!(!log.contains("fxa_") && !log.contains("fnx_") && log.contains("\"level\""), "{log}");
    drop(server);
}

#[test]
fn t9_without_a_key_or_with_a_wrong_one_it_says_the_mend() {
    let house = House::new();
    let (code, said) = end(house.agent_command("agent", None));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("fluxnoc token add --agent a-1"), "{said}");
    let mut nowhere = house.agent_command("agent", None);
    nowhere.env_remove("SPEED_SERVER_URL");
    let (code, said) = end(nowhere);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("SPEED_SERVER_URL"), "{said}");
    let mut plain = house.agent_command("agent", Some("x"));
    plain.env("SPEED_SERVER_URL", "http://192.0.2.1:4040");
    let (code, said) = end(plain);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("unencrypted"), "{said}");

    let server = house.server();
    let wrong = format!("fnx_{}", "a".repeat(43));
    let (code, said) = end(house.agent_command("agent", Some(&wrong)));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not let this agent register") && !said.contains(&wrong), "{said}");
    // A token for another agent is none for this one.
    let token = house.token();
    let mut other = house.agent_command("agent", Some(&token));
    other.env("AGENT_NAME", "a-2");
    let (code, said) = end(other);
    assert_eq!(code, Some(1), "{said}");

    let agent = house.agent("agent", Some(&token));
    until("it is there", SOON, || house.agent_row().filter(|row| row["phase"] == "ONLINE"));
    agent.stop();
    let key = house.path("agent").join("agent.json");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o7777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, said) = end(house.agent_command("agent", None));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mode 0644"), "{said}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    // An agent that was forgotten is let in no more by its key.
    assert!(house.verb(&["agents", "remove", "a-1"]).status.success());
    let (code, said) = end(house.agent_command("agent", None));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not know this agent's key"), "{said}");
    drop(server);
}

#[test]
fn t9_of_two_agents_with_one_key_the_second_waits_and_both_are_named() {
    let house = House::new();
    let server = house.server();
    let first = house.agent("agent", Some(&house.token()));
    until("it runs", SOON, || house.check("count").filter(|check| check["state"] == "OK"));
    std::fs::create_dir(house.path("copy")).unwrap();
    for file in ["agent.json", "checks.json"] {
        std::fs::copy(house.path("agent").join(file), house.path("copy").join(file)).unwrap();
    }
    let second = house.agent("copy", None);
    until("it is refused", SOON, || house.log("copy.log").contains("another agent").then_some(()));
    let odd = until("it is said", SOON, || {
        house.agent_row().filter(|row| row["reason"].as_str().is_some_and(|why| !why.is_empty()))
    });
    assert!(odd["reason"].as_str().unwrap().contains("two agents have the same files"), "{odd}");
    let check = house.check("count").unwrap();
    assert_eq!(check["state"], "OK");
    until("the first goes on", SOON, || {
        house.check("count").filter(|now| now["last_result"] != check["last_result"])
    });
    second.stop();
    first.stop();
    drop(server);
}

#[test]
fn fs_11_while_a_window_covers_an_agent_no_job_starts() {
    let house = House::new();
    let server = house.server();
    let agent = house.agent("agent", Some(&house.token()));
    until("it runs", SOON, || house.check("count").filter(|check| check["state"] == "OK"));
    let made = house.verb(&["maintenance", "add", "--hosts", "a-1", "--for", "1h"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    until("it is paused", SOON, || house.agent_row().filter(|row| row["phase"] == "MAINTENANCE"));
    // A heartbeat's time, and that of a run under way.
    std::thread::sleep(Duration::from_secs(12));
    let before = house.runs();
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(house.runs(), before, "nothing runs");
    let windows = house.json(&["maintenance", "list"]).unwrap();
    let id = windows[0]["id"].as_str().unwrap().to_owned();
    assert!(house.verb(&["maintenance", "end", &id]).status.success());
    until("it runs again", SOON, || (house.runs() > before + 1).then_some(()));
    agent.stop();
    drop(server);
}
