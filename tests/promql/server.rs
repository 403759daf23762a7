//! A real Prometheus on loopback, filled over its remote-write receiver.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fluxnoc::promql::{Labels, Point};
use serde_json::Value as Json;

/// The version that Debian ships and that the comparison is exact to.
pub const VERSION: &str = "2.42.0";

/// A running Prometheus; ends with its owner.
pub struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one without targets and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, "global:\n  evaluation_interval: 1m\n").expect("written");
        let port = free_port();
        let child = command(&config, folder.path(), port).spawn();
        let child = child.expect("prometheus is installed (tests/run install)");
        let server = Self { child, port, _folder: folder };
        let until = Instant::now() + Duration::from_secs(30);
        while !server.request("GET", "/-/ready", "", &[]).is_ok_and(|(status, _)| status == 200) {
            assert!(Instant::now() < until, "prometheus is not ready after 30 s");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// The version it says it is.
    pub fn version(&self) -> String {
        let (_, body) =
            self.request("GET", "/api/v1/status/buildinfo", "", &[]).expect("an answer");
        let json: Json = serde_json::from_str(&body).expect("JSON");
        json["data"]["version"].as_str().unwrap_or_default().to_owned()
    }

    /// Writes samples of series; those of one series in the order of time.
    pub fn write(&self, series: &[(Labels, Vec<Point>)]) {
        let message = write_request(series);
        let packed = packed(&message);
        let kind = "application/x-protobuf";
        let (status, body) =
            self.request("POST", "/api/v1/write", kind, &packed).expect("an answer");
        assert_eq!(status, 204, "{body}");
    }

    /// Asks the API; the body of whatever it answers.
    pub fn query(&self, path: &str, pairs: &[(&str, &str)]) -> Json {
        let form: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let kind = "application/x-www-form-urlencoded";
        let (_, body) =
            self.request("POST", path, kind, form.join("&").as_bytes()).expect("an answer");
        serde_json::from_str(&body).unwrap_or_else(|why| panic!("{why}: {body}"))
    }

    /// One request of HTTP/1.0, which ends with the connection.
    fn request(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Content-Encoding: {}\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\r\n",
            if kind.ends_with("protobuf") { "snappy" } else { "identity" },
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Ok((status, body.to_owned()))
    }
}

fn command(config: &Path, folder: &Path, port: u16) -> Command {
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--web.enable-remote-write-receiver")
        .arg("--storage.tsdb.retention.time=100y")
        .arg("--log.level=error")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

// The remote-write message: WriteRequest { repeated TimeSeries timeseries = 1 },
// TimeSeries { repeated Label labels = 1; repeated Sample samples = 2 },
// Label { string name = 1; string value = 2 }, Sample { double value = 1; int64 timestamp = 2 }.

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn write_request(series: &[(Labels, Vec<Point>)]) -> Vec<u8> {
    let mut message = Vec::new();
    for (labels, points) in series {
        let mut one = Vec::new();
        for (name, value) in labels.iter() {
            let mut label = Vec::new();
            field(1, name.as_bytes(), &mut label);
            field(2, value.as_bytes(), &mut label);
            field(1, &label, &mut one);
        }
        for point in points {
            let mut sample = vec![1 << 3 | 1];
            sample.extend_from_slice(&point.value.to_bits().to_le_bytes());
            sample.push(2 << 3);
            varint(point.at as u64, &mut sample);
            field(2, &sample, &mut one);
        }
        field(1, &one, &mut message);
    }
    message
}

/// The block format of snappy with literals only: valid, and not smaller.
fn packed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    varint(message.len() as u64, &mut out);
    for chunk in message.chunks(60) {
        out.push(((chunk.len() - 1) as u8) << 2);
        out.extend_from_slice(chunk);
    }
    out
}
