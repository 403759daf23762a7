//! The real Prometheus and the real node exporter of Debian, on free ports of loopback.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long one of them may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; dropped, it ends.
pub struct Peer {
    child: Child,
    pub port: u16,
    _dir: tempfile::TempDir,
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Peer {
    fn start(program: &str, arguments: impl FnOnce(u16, &Path) -> Vec<String>) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-peer-").tempdir().unwrap();
        let port = free_port();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let mut child = Command::new(program)
            .args(arguments(port, dir.path()))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} (tests/run install): {error}"));
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > end {
                let said = std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
                let _ = child.kill();
                let _ = child.wait();
                panic!("{program} did not start ({ended:?}):\n{said}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port, _dir: dir }
    }

    /// Prometheus with these scrape configurations, every second.
    pub fn prometheus(jobs: &str) -> Self {
        Self::start("prometheus", |port, dir| {
            let config = format!("global:\n  scrape_interval: 1s\nscrape_configs:\n{jobs}");
            std::fs::write(dir.join("prometheus.yml"), config).unwrap();
            vec![
                "--config.file=prometheus.yml".to_owned(),
                "--storage.tsdb.path=data".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
            ]
        })
    }

    /// The node exporter.
    pub fn node_exporter() -> Self {
        Self::start("prometheus-node-exporter", |port, _| {
            vec![format!("--web.listen-address=127.0.0.1:{port}")]
        })
    }

    /// What Prometheus answers to a query: labels and value of each series.
    pub async fn query(&self, query: &str) -> Vec<(Value, String)> {
        let mut url =
            url::Url::parse(&format!("http://127.0.0.1:{}/api/v1/query", self.port)).unwrap();
        url.query_pairs_mut().append_pair("query", query);
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "success", "{answer}");
        let rows = answer["data"]["result"].as_array().unwrap();
        let row =
            |row: &Value| (row["metric"].clone(), row["value"][1].as_str().unwrap().to_owned());
        rows.iter().map(row).collect()
    }

    /// Waits until a query has an answer that is good enough.
    pub async fn wait(
        &self,
        query: &str,
        enough: impl Fn(&[(Value, String)]) -> bool,
    ) -> Vec<(Value, String)> {
        let end = Instant::now() + PATIENCE;
        loop {
            let rows = self.query(query).await;
            if enough(&rows) {
                return rows;
            }
            assert!(Instant::now() < end, "{query}: {rows:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A series as Prometheus's API shows it, in the notation of an exposition, without what the
/// scrape added.
pub fn series(labels: &Value) -> String {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in labels.as_object().unwrap() {
        if !["__name__", "job", "instance"].contains(&name.as_str()) {
            pairs.push((name.clone(), value.as_str().unwrap().to_owned()));
        }
    }
    pairs.sort();
    let name = labels["__name__"].as_str().unwrap_or_default();
    fluxnoc::model::selector::series_id(name, &pairs)
}
