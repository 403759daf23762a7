//! The program as it is run: a server that checks and scrapes a Prometheus, and sends it what it saw.

use std::process::{Child, Command, Stdio};

use crate::peer::Peer;

/// A recorded series whose value says how it was made, and an alert that fires at once.
const RULES: &str = "groups:\n- name: g\n  rules:\n  \
    - {record: 'job:up:twice', expr: 'sum by (job) (up) * 2 + 0.25', labels: {kind: own}}\n  \
    - {alert: Up, expr: 'sum by (job) (up) > 0', labels: {severity: info}}\n";

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The seconds of Unix time, in milliseconds.
fn now() -> i64 {
    fluxnoc::clock::Clock::System.now().wall.millis()
}

#[test]
fn a_server_sends_states_numbers_and_scraped_series_to_a_real_prometheus() {
    let peer = Peer::prometheus();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.toml");
    let (port, url) = (peer.port, peer.url());
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{}\"\nhealth_enabled = false\n\
         [[host]]\nname = \"prom\"\naddress = \"127.0.0.1\"\n\
         [[host.check]]\nkind = \"tcp\"\nname = \"port\"\nport = {port}\ninterval = \"1s\"\n\
         [[host.check]]\nkind = \"scrape\"\nname = \"own\"\ninterval = \"1s\"\n\
         url = \"http://127.0.0.1:{port}/metrics\"\n\
         [[remote_write]]\nname = \"prom\"\nurl = \"{url}\"\ninterval = \"200ms\"\n\
         labels = {{ site = \"dal\", kind = \"not this\" }}\n\
         [promql]\nrule_files = [\"r.yml\"]\ninterval = \"1s\"\n",
        free_port()
    );
    std::fs::write(&config, text).unwrap();
    std::fs::write(dir.path().join("r.yml"), RULES).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
    command.env_clear().env("HOME", dir.path()).current_dir(dir.path());
    command.arg("--config").arg(&config).arg("--data-dir").arg(dir.path().join("data"));
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null());
    let log = std::fs::File::create(dir.path().join("log")).unwrap();
    let server = Server(command.stderr(log).spawn().unwrap());
    let until = |expression: &str, wanted: f64| {
        let at = now() + 60_000;
        let rows = peer.once(expression, at, |rows| rows.iter().any(|row| row.1 == wanted));
        rows.into_iter().find(|row| row.1 == wanted).unwrap()
    };
    let (labels, _) = until("fluxnoc_check_state{check=\"port\"}", 0.0);
    let own = "__name__=\"fluxnoc_check_state\",check=\"port\",host=\"prom\",kind=\"not this\",site=\"dal\"";
    assert_eq!(labels, own);
    until("fluxnoc_host_state", 0.0);
    until("count(fluxnoc_check_metric_seconds{check=\"port\",metric=\"time\"})", 1.0);
    let (labels, _) = until("up", 1.0);
    let target = format!(
        "host=\"prom\",instance=\"127.0.0.1:{port}\",job=\"own\",kind=\"not this\",site=\"dal\""
    );
    assert_eq!(labels, format!("__name__=\"up\",{target}"));
    // What the peer says of itself came back to it, with its own labels.
    let (labels, _) = until("prometheus_build_info", 1.0);
    assert!(labels.contains("version=\"2.42") && labels.contains("job=\"own\""), "{labels}");
    // What a rule records of it, and its alert as a series.
    let (labels, _) = until("{__name__=\"job:up:twice\"}", 2.25);
    assert_eq!(labels, "__name__=\"job:up:twice\",job=\"own\",kind=\"own\",site=\"dal\"");
    let (labels, _) = until("ALERTS{alertstate=\"firing\"}", 1.0);
    let own = "__name__=\"ALERTS\",alertname=\"Up\",alertstate=\"firing\",job=\"own\",\
               kind=\"not this\",severity=\"info\",site=\"dal\"";
    assert_eq!(labels, own);
    until("count(ALERTS_FOR_STATE > 1e9)", 1.0);
    drop(server);
    let said = std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(!said.contains("remote write to prom"), "nothing failed: {said}");
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
