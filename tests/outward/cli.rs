//! What is written for Prometheus and Grafana, and what is taken from a `prometheus.yml`, by the real
//! program; promtool judges.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn config(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("config.toml")).unwrap_or_default()
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
        command.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command.env("LANG", "C.UTF-8").stdin(std::process::Stdio::null());
        command.args(words).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn promtool(config: &Path) {
    let words = ["check", "config", "--syntax-only"];
    let output = Command::new("promtool").args(words).arg(config).output();
    let output = output.expect("promtool is installed (tests/run install)");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn fb_15_the_job_for_prometheus_is_one_and_follows_the_configuration() {
    let place = Place::new();
    for (config, wanted) in [
        ("[console]\n", ["scheme: http\n", "\"127.0.0.1:4040\"", "credentials_file"]),
        (
            "[metrics]\nrequire_auth = false\n[server]\nlisten = \"[::]:4444\"\ninsecure = true\n",
            ["scheme: http\n", "\"[::1]:4444\"", "static_configs"],
        ),
    ] {
        place.write("config.toml", config);
        let output = place.run(&["config", "prometheus"]);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{}", said(&output));
        for words in wanted {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(text.contains("credentials_file"), !config.contains("require_auth"), "{text}");
        promtool(&place.write("prometheus.yml", &text));
    }
}

#[test]
fn fb_10_every_instance_of_fluxbase_has_its_place_in_one_job_for_prometheus() {
    let place = Place::new();
    place.write(
        "config.toml",
        "[[fluxbase]]\nname = \"a\"\nurl = \"http://fb-1:8080\"\n\
         [[fluxbase]]\nname = \"b\"\nurl = \"https://[2001:db8::1]\"\ninsecure = true\n\
         metrics = [\"https://[2001:db8::1]/own/metrics\"]\n",
    );
    let output = place.run(&["config", "prometheus"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("job_name: fluxbase\n").count(), 1, "{text}");
    for wanted in [
        "- targets: [\"fb-1:9090\"]\n        labels:\n          __scheme__: http\n",
        "- targets: [\"[2001:db8::1]:443\"]\n",
        "__scheme__: https\n          __metrics_path__: \"/own/metrics\"\n",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    promtool(&place.write("prometheus.yml", &text));
}

#[test]
fn fb_15_the_dashboard_is_json_that_grafana_imports() {
    let output = Place::new().run(&["config", "grafana"]);
    assert!(output.status.success(), "{}", said(&output));
    let board: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(board["title"], "fluxnoc");
    assert!(board["panels"].as_array().unwrap().len() > 15);
}

#[test]
fn fb_10_a_prometheus_yml_becomes_targets_and_its_rules_are_looked_at() {
    let place = Place::new();
    place.write(
        "rules/good.yml",
        "groups:\n- name: a\n  rules:\n  - {alert: X, expr: up == 0, for: 5m}\n  \
         - {record: 'job:up:sum', expr: 'sum by (job) (up)'}\n",
    );
    place.write(
        "rules/odd.yml",
        "groups:\n- name: b\n  rules:\n  - {alert: Y, expr: 'absent_over('}\n",
    );
    let yml = "rule_files: ['rules/*.yml', gone.yml]\nscrape_configs:\n  - job_name: 'fluxbase'\n    \
               static_configs:\n      - targets: ['localhost:8080']\n    metrics_path: '/metrics'\n";
    let path = place.write("prometheus.yml", yml).display().to_string();
    place.write("config.toml", "");
    let dry = place.run(&["import", "prometheus", &path, "--dry-run"]);
    assert!(dry.status.success(), "{}", said(&dry));
    assert!(said(&dry).contains("+ [[scrape]] fluxbase  targets [\"localhost:8080\"]"));
    assert!(place.config().is_empty(), "--dry-run changes nothing");
    let done = place.run(&["import", "prometheus", &path]);
    let words = said(&done);
    assert!(done.status.success(), "{words}");
    assert!(words.contains("rules/odd.yml:4: the rule is refused: "), "{words}");
    assert!(words.contains("gone.yml: no such file"), "{words}");
    let config = place.config();
    assert!(config.contains("[promql]\nrule_files = [\""), "{config}");
    assert!(config.contains("rules/good.yml\"]") && !config.contains("odd.yml"), "{config}");
    assert!(config.contains("[[scrape]]\n# from ") && config.contains("prometheus.yml:3\n"));
    let check = place.run(&["config", "check"]);
    assert!(said(&check).contains("good, 1 host, 1 check"), "{}", said(&check));
    let again = place.run(&["import", "prometheus", &path]);
    assert!(said(&again).contains("stays as it is"), "{}", said(&again));
}
