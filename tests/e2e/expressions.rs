//! Rules in PromQL from a file of Prometheus to a screen: a real server on loopback is scraped, an
//! alert fires in the console and in a second shell, and is over.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::house::{House, LARGE, alert, words_of};
use crate::pty::PATIENCE;

const RULES: &str = "groups:
- name: queues
  interval: 1s
  rules:
  - record: host:queue_depth:sum
    expr: sum by (instance) (queue_depth)
  - alert: QueueFull
    expr: host:queue_depth:sum > 100
    for: 1s
    labels: {severity: critical}
    annotations: {summary: '{{ $value }} wait on {{ $labels.instance }}'}
";

/// A directory served over HTTP.
struct Served(Child, u16);

impl Served {
    fn start(directory: &std::path::Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next());
        Self(child, port.unwrap().parse().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn waiting(house: &House, depth: u32) {
    let text = format!(
        "# TYPE queue_depth gauge\nqueue_depth{{queue=\"a\"}} {depth}\nqueue_depth{{queue=\"b\"}} 1\n"
    );
    let (new, file) = (house.file("www/new"), house.file("www/metrics"));
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[test]
fn an_expression_over_a_scraped_server_alerts_and_is_over() {
    let house = House::new("");
    std::fs::create_dir(house.file("www")).unwrap();
    std::fs::create_dir(house.file("rules")).unwrap();
    let served = Served::start(&house.file("www"));
    waiting(&house, 5);
    std::fs::write(house.file("rules/queues.yml"), RULES).unwrap();
    house.configure(&format!(
        "[promql]\nrule_files = [\"rules/*.yml\"]\n[[host]]\nname = \"mq-1\"\naddress = \
         \"127.0.0.1\"\n[[host.check]]\nkind = \"scrape\"\nname = \"mq\"\nurl = \
         \"http://127.0.0.1:{}/metrics\"\nfallback = \"text\"\ninterval = \"1s\"\n",
        served.1
    ));
    let mut console = house.console(LARGE, &[]);
    console.wait("the host", PATIENCE, |screen| screen.contains("mq-1"));
    console.send("gr");
    console.wait("the rules", PATIENCE, |screen| {
        screen.contains("QueueFull") && screen.contains("host:queue_depth:sum > 100")
    });
    waiting(&house, 150);
    let alerts = ["alerts", "--json"];
    let firing = |all: &serde_json::Value| {
        alert(all, "mq-1").is_some_and(|alert| alert["phase"] == "firing")
    };
    let all = house.await_json(&alerts, "the alert", firing);
    let found = alert(&all, "mq-1").unwrap();
    assert_eq!((&found["check"], &found["state"]), (&"QueueFull".into(), &"CRITICAL".into()));
    console.send("j");
    console.wait("what it says", PATIENCE, |screen| {
        screen.contains("151 wait on 127.0.0.1:") && screen.contains("in force, 1 alert firing")
    });
    let listed = words_of(&house.run(&["rules"]));
    assert!(listed.contains("QueueFull") && listed.contains("1 firing"), "{listed}");
    waiting(&house, 5);
    house.await_json(&alerts, "its end", |all| alert(all, "mq-1").is_none());
    drop(served);
}

#[test]
fn a_mistake_in_a_file_of_rules_is_told_with_its_place_and_changes_nothing() {
    let house = House::new("[promql]\nrule_files = [\"r.yml\"]\n");
    std::fs::write(house.file("r.yml"), RULES.replace("sum by", "sumby")).unwrap();
    let refused = house.run(&["config", "check"]);
    let said = words_of(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("r.yml:6:"), "{said}");
    std::fs::write(house.file("r.yml"), RULES.replace("expr:", "exp:")).unwrap();
    let said = words_of(&house.run(&["config", "check"]));
    assert!(said.contains("a rule has no key `exp`; did you mean `expr`?"), "{said}");
    std::fs::write(house.file("r.yml"), RULES).unwrap();
    let good = house.run(&["config", "check"]);
    assert!(good.status.success(), "{}", words_of(&good));
}
