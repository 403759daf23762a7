//! Both systems, each looking at all targets every second and telling the receiver.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::alerting::target::{TARGETS, series};

/// How alerts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Each alert in a request of its own.
    Each,
    /// Many in one request.
    Together,
}

/// Programs that end with their value.
pub struct Programs(Vec<Child>);

impl Drop for Programs {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A system by its name, which starts it.
pub type Start = fn(&Path, u16, &str, Form) -> Programs;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

fn spawn(command: &mut Command, dir: &Path, name: &str) -> Child {
    let log = std::fs::File::create(dir.join(name)).expect("a log");
    let errors = log.try_clone().expect("its second handle");
    // Open: at its end the plain console leaves.
    command.stdin(Stdio::piped()).stdout(log).stderr(errors);
    command.spawn().unwrap_or_else(|error| panic!("{name} (tests/run install): {error}"))
}

/// The configuration of fluxnoc in a directory: one scrape check on each target, and one rule for
/// each series name. Gives its file.
pub fn configure(dir: &Path, port: u16, url: &str, form: Form) -> PathBuf {
    // Digests are what a channel does by itself.
    let storm = if form == Form::Each { "storm = 0\n" } else { "" };
    let mut text = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"1s\"\nattempts = 1\n\
         [alerting]\ncontact_list = \"all\"\nflapping = false\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
         url = \"{url}\"\n{storm}[[contact_list]]\nname = \"all\"\nchannels = [\"hook\"]\n"
    );
    let metrics: Vec<String> =
        series().map(|name| format!("{name} = {{ series = 'edge{{n=\"{name}\"}}' }}")).collect();
    let metrics = metrics.join(", ");
    for n in 0..TARGETS {
        let _ = write!(
            text,
            "[[host]]\nname = \"t{n}\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
             kind = \"scrape\"\nurl = \"http://127.0.0.1:{port}/{n}\"\nmetrics = {{ {metrics} }}\n"
        );
    }
    for name in series() {
        let _ = write!(
            text,
            "[[rule]]\nrule_name = \"{name}\"\nhost_pattern = \"t*\"\nmetric = \"{name}\"\n\
             condition = \">\"\ncritical_threshold = 0.5\n"
        );
    }
    let file = dir.join("config.toml");
    std::fs::write(&file, text).expect("a configuration");
    file
}

/// The release binary of fluxnoc.
pub fn program() -> String {
    std::env::var("FLUXNOC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_fluxnoc").to_owned())
}

/// fluxnoc without a screen.
pub fn fluxnoc(dir: &Path, port: u16, url: &str, form: Form) -> Programs {
    let file = configure(dir, port, url, form);
    let mut command = Command::new(program());
    command.arg("--plain").arg("--config").arg(file).arg("--data-dir").arg(dir.join("data"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir);
    Programs(vec![spawn(&mut command, dir, "fluxnoc.log")])
}

/// Debian's Prometheus and Alertmanager: as fast as they can sensibly be set.
pub fn prometheus(dir: &Path, port: u16, url: &str, form: Form) -> Programs {
    let (own, manager) = (free_port(), free_port());
    // Alone in its group an alert waits for nobody, and a short interval only costs; a group that
    // grows is told again after its interval.
    let (by, interval) = match form {
        Form::Each => ("['...']", "5m"),
        Form::Together => ("[alertname]", "1s"),
    };
    let routes = format!(
        "route: {{ receiver: hook, group_by: {by}, group_wait: 0s, group_interval: {interval} }}\n\
         receivers:\n- name: hook\n  webhook_configs:\n  - {{ url: \"{url}\", send_resolved: false }}\n"
    );
    let mut config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         rule_files: [rules.yml]\n\
         alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: [\"127.0.0.1:{manager}\"] }}] }}] }}\n\
         scrape_configs:\n- job_name: bench\n  static_configs:\n"
    );
    for n in 0..TARGETS {
        let _ = writeln!(
            config,
            "  - {{ targets: [\"127.0.0.1:{port}\"], labels: {{ __metrics_path__: \"/{n}\", host: \"t{n}\" }} }}"
        );
    }
    let rules =
        "groups:\n- name: bench\n  rules:\n  - { alert: Edge, expr: edge > 0.5, for: 0s }\n";
    for (file, text) in
        [("alertmanager.yml", &*routes), ("prometheus.yml", &*config), ("rules.yml", rules)]
    {
        std::fs::write(dir.join(file), text).expect("a configuration");
    }
    let file = |name: &str| dir.join(name).display().to_string();
    let alertmanager = spawn(
        Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", file("alertmanager.yml")))
            .arg(format!("--storage.path={}", file("alertmanager")))
            .arg(format!("--web.listen-address=127.0.0.1:{manager}"))
            .arg("--cluster.listen-address="),
        dir,
        "alertmanager.log",
    );
    // Its queue of 10,000 would drop the rest of the storm.
    let prometheus = spawn(
        Command::new("prometheus")
            .arg(format!("--config.file={}", file("prometheus.yml")))
            .arg(format!("--storage.tsdb.path={}", file("tsdb")))
            .arg(format!("--web.listen-address=127.0.0.1:{own}"))
            .arg("--alertmanager.notification-queue-capacity=100000"),
        dir,
        "prometheus.log",
    );
    Programs(vec![prometheus, alertmanager])
}
