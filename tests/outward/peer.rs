//! The real Prometheus and the real VictoriaMetrics of Debian as receivers, on free ports of loopback.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long one of them may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A series that was queried back: its labels as `name="value",...` sorted, its last value.
pub type Row = (String, f64);

/// A running receiver; dropped, it ends.
pub struct Peer {
    child: Child,
    program: &'static str,
    arguments: Vec<String>,
    pub port: u16,
    dir: tempfile::TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Peer {
    pub fn prometheus() -> Self {
        let dir = dir();
        std::fs::write(dir.path().join("prometheus.yml"), "global: {}\n").unwrap();
        let port = free_port();
        let arguments = vec![
            "--config.file=prometheus.yml".to_owned(),
            "--storage.tsdb.path=data".to_owned(),
            "--web.enable-remote-write-receiver".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        Self::start("prometheus", arguments, port, dir)
    }

    pub fn victoria() -> Self {
        let (dir, port) = (dir(), free_port());
        let arguments = vec![
            "-storageDataPath=data".to_owned(),
            format!("-httpListenAddr=127.0.0.1:{port}"),
            // What was written is found at once.
            "-search.latencyOffset=0s".to_owned(),
            "-search.disableCache".to_owned(),
        ];
        Self::start("victoria-metrics", arguments, port, dir)
    }

    fn start(
        program: &'static str,
        arguments: Vec<String>,
        port: u16,
        dir: tempfile::TempDir,
    ) -> Self {
        let child = spawn(program, &arguments, &dir.path().to_owned());
        let mut peer = Self { child, program, arguments, port, dir };
        peer.wait();
        peer
    }

    /// Ends it at once; what it has on disk stays.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port and the same data.
    pub fn restart(&mut self) {
        self.child = spawn(self.program, &self.arguments, &self.dir.path().to_owned());
        self.wait();
    }

    fn wait(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let ready = self.get("/health").or_else(|_| self.get("/-/ready"));
            let ready = ready.is_ok() && self.get("/api/v1/query?query=vector(1)").is_ok();
            if ready {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > end {
                let said = std::fs::read_to_string(self.dir.path().join("log"));
                panic!("{} did not start ({ended:?}):\n{}", self.program, said.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it takes remote write.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1/write", self.port)
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200") && !answer.starts_with("HTTP/1.0 200") {
            return Err(std::io::Error::other(answer.lines().next().unwrap_or("").to_owned()));
        }
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok(body.to_owned())
    }

    /// What it knows of a selector at a moment (ms), as an instant query answers.
    pub fn query(&self, expression: &str, at: i64) -> Vec<Row> {
        let encoded: String = expression
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        let seconds = at as f64 / 1000.0;
        let path = format!("/api/v1/query?query={encoded}&time={seconds}");
        let body = self.get(&path).unwrap_or_else(|why| panic!("{expression}: {why}"));
        let answer: Value = serde_json::from_str(&body).unwrap();
        let rows = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let mut rows: Vec<Row> = rows.iter().map(row).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    }

    /// The same, once it answers with so many.
    pub fn until(&self, expression: &str, at: i64, count: usize) -> Vec<Row> {
        self.once(expression, at, |rows| rows.len() == count)
    }

    /// The same, once it answers as wanted: what was taken is found a moment later.
    pub fn once(&self, expression: &str, at: i64, wanted: impl Fn(&[Row]) -> bool) -> Vec<Row> {
        let end = Instant::now() + PATIENCE;
        loop {
            let rows = self.query(expression, at);
            if wanted(&rows) {
                return rows;
            }
            assert!(Instant::now() < end, "{}: {expression}: {rows:#?}", self.program);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn row(row: &Value) -> Row {
    let labels = row["metric"].as_object().unwrap().iter();
    let mut labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
    labels.sort();
    let value = match row.get("value") {
        Some(value) => value[1].as_str().unwrap().parse().unwrap(),
        // A range: how many samples it has.
        None => row["values"].as_array().unwrap().len() as f64,
    };
    (labels.join(","), value)
}

fn spawn(program: &str, arguments: &[String], dir: &PathBuf) -> Child {
    let log = std::fs::File::create(dir.join("log")).unwrap();
    Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} (tests/run install): {error}"))
}

fn dir() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("fluxnoc-outward-").tempdir().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
