//! Whom the server is compared with: Prometheus with a series for each host, Alertmanager with as
//! many alerts, and nginx with files of the same bytes, the least that an answer can cost.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{ALERTS, HOSTS, Program, await_port, free_port};

/// Prometheus, which has scraped `host_up` of every host.
pub async fn prometheus(dir: &Path) -> (Program, u16) {
    let port = free_port();
    let target = exposition().await;
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
         scrape_configs: [{{ job_name: bench, static_configs: [{{ targets: [\"127.0.0.1:{target}\"] }}] }}]\n"
    );
    let file = dir.join("prometheus.yml");
    std::fs::write(&file, config).expect("a configuration");
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.tsdb.path={}", dir.join("tsdb").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let program = Program::start(&mut command, dir, "prometheus");
    await_port(port);
    let http = reqwest::Client::new();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = http.get(format!("http://127.0.0.1:{port}/api/v1/query?query=count(host_up)"));
        let text = answer.send().await.expect("an answer").text().await.expect("whole");
        if text.contains(&format!("\"{HOSTS}\"")) {
            return (program, port);
        }
        assert!(Instant::now() < end, "Prometheus has not all series: {text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A target with a series for each host.
async fn exposition() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let mut body = "# TYPE host_up gauge\n".to_owned();
    for n in 0..HOSTS {
        body += &format!("host_up{{host=\"host-{n:05}\",check=\"ping\",site=\"bench\"}} 1\n");
    }
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

/// Alertmanager with an alert for each problem of ours.
pub async fn alertmanager(dir: &Path) -> (Program, u16) {
    let port = free_port();
    let file = dir.join("alertmanager.yml");
    let config = "route: { receiver: none, group_by: [host], group_wait: 1h }\nreceivers: [{ name: none }]\n";
    std::fs::write(&file, config).expect("a configuration");
    let mut command = Command::new("prometheus-alertmanager");
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.path={}", dir.join("alertmanager").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.arg("--cluster.listen-address=");
    // It refuses more at once than it has cores, else.
    command.arg("--web.get-concurrency=1024");
    let program = Program::start(&mut command, dir, "alertmanager");
    await_port(port);
    let http = reqwest::Client::new();
    let alerts: Vec<Value> = (0..ALERTS)
        .map(|n| {
            json!({
                "labels": { "alertname": "custom", "host": format!("host-{n:05}"), "severity": "critical" },
                "annotations": { "summary": "connection refused by 127.0.0.1:80" },
                "generatorURL": "http://127.0.0.1/graph",
            })
        })
        .collect();
    let url = format!("http://127.0.0.1:{port}/api/v2/alerts");
    let sent = http.post(&url).json(&alerts).send().await.expect("an answer");
    assert!(sent.status().is_success(), "{sent:?}");
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let text = http.get(&url).send().await.expect("an answer").text().await.expect("whole");
        if text.matches("\"fingerprint\"").count() == ALERTS {
            return (program, port);
        }
        assert!(Instant::now() < end, "Alertmanager has not all alerts");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The `server` block of an nginx that serves a directory, packed for who asks.
pub fn site(dir: &Path, port: u16) -> String {
    format!(
        "server {{ listen 127.0.0.1:{port}; root {}; keepalive_requests 1000000000;
           gzip on; gzip_comp_level 1; gzip_min_length 1024;
           gzip_types application/json text/event-stream text/plain; }}",
        dir.display()
    )
}
