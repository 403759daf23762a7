//! `fluxnoc speedtest` as it is typed, and the endpoints of `serve` and `agent`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use fluxnoc::model::speed::SpeedResult;
use fluxnoc::probe::speed::Limits;
use serde_json::Value;

use crate::nginx::Nginx;
use crate::tls::Authority;
use crate::{Endpoint, PROGRAM, closed_port};

async fn typed(words: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("speedtest").args(words).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn fs_12_fs_18_the_command_measures_tells_and_exits_as_it_went() {
    let said = typed(&[]).await;
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("which target? write fluxnoc speedtest URL"));
    let said = typed(&["lab", "--duration", "11"]).await;
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("--duration: 11 is none of 10, 20, 30, 60"));
    let closed = format!("http://{}/", closed_port());
    let said = typed(&[&closed]).await;
    assert_eq!((said.status.code(), text(&said.stdout).as_str()), (Some(1), ""));
    assert!(text(&said.stderr).contains("connection refused"), "{}", text(&said.stderr));
    let said = typed(&[&closed, "--json"]).await;
    let value: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(value["failure"].as_str().unwrap().contains("refused") && value["busy"] == false);

    let endpoint = Endpoint::start(Limits::default()).await;
    let url = endpoint.url();
    let json = ["--json", "--download", "--duration", "10", "--streams", "2"];
    let words = ["--upload", "--duration", "10"];
    let (json, words) =
        ([&[url.as_str()][..], &json].concat(), [&[url.as_str()][..], &words].concat());
    let (json, words) = tokio::join!(typed(&json), typed(&words));
    assert!(json.status.success(), "{}", text(&json.stderr));
    let result: SpeedResult = serde_json::from_slice(&json.stdout).unwrap();
    assert!(result.download.unwrap().mbps > 10.0 && result.upload.is_none());
    assert!(json.stderr.is_empty(), "no progress where nobody looks: {}", text(&json.stderr));
    let out = text(&words.stdout);
    assert!(words.status.success() && words.stderr.is_empty(), "{out}{}", text(&words.stderr));
    for word in ["Target    http://", "Latency   ", " ms, ", "Upload    ", "bps, ", "Grade     "] {
        assert!(out.contains(word), "{word}: {out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn fs_12_over_tls_a_server_is_measured_that_can_be_trusted_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let pair = authority.issue("server", "127.0.0.1", 90);
    std::fs::write(dir.path().join("file.bin"), vec![7; 32 << 20]).unwrap();
    let port = closed_port().port();
    let (root, certificate, key) =
        (dir.path().display(), pair.certificate.display(), pair.key.display());
    let _nginx = Nginx::start(
        &format!(
            "server {{ listen 127.0.0.1:{port} ssl; root {root};
               ssl_certificate {certificate}; ssl_certificate_key {key}; }}"
        ),
        port,
    );
    let url = format!("https://127.0.0.1:{port}/file.bin");
    let words = [url.as_str(), "--json", "--download", "--duration", "10"];
    let stranger = typed(&words).await;
    assert_eq!(stranger.status.code(), Some(1));
    let value: Value = serde_json::from_slice(&stranger.stdout).unwrap();
    let why = value["failure"].as_str().unwrap();
    assert!(why.contains("certificate"), "{why}");
    let mut command = Command::new(PROGRAM);
    command.arg("speedtest").args(words).env("SSL_CERT_FILE", authority.file());
    let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(said.status.success(), "{}", text(&said.stdout));
    let result: SpeedResult = serde_json::from_slice(&said.stdout).unwrap();
    assert!(result.download.unwrap().mbps > 10.0, "{}", text(&said.stdout));
}

/// A program that is told to go when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.0.id().try_into().unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

fn start(words: &[&str]) -> Running {
    let mut command = Command::new(PROGRAM);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

/// Asks until the endpoint answers.
fn answers(at: SocketAddr, running: &mut Running) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(mut stream) = TcpStream::connect(at) {
            let request = "GET /empty.php HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.contains("server: fluxnoc\r\n"), "{answer}");
            return;
        }
        let ended = running.0.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < end, "no endpoint: {ended:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn fs_12_a_server_and_an_agent_offer_the_endpoint_where_they_are_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let at = closed_port();
    let config = dir.path().join("config.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nhealth_enabled = false\n[speed]\nlisten = \"{at}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let data = dir.path().join("data");
    let (config, data) = (config.to_str().unwrap(), data.to_str().unwrap());
    let mut server = start(&["serve", "--config", config, "--data-dir", data]);
    answers(at, &mut server);
    drop(server);
    assert!(TcpStream::connect(at).is_err(), "it ends with the server");

    let at = closed_port();
    let (data, listen) = (dir.path().join("agent"), at.to_string());
    let nobody = format!("http://{}", closed_port());
    let mut agent = start(&[
        "agent",
        "--server",
        &nobody,
        "--name",
        "a-1",
        "--token",
        "none",
        "--data-dir",
        data.to_str().unwrap(),
        "--speed-listen",
        &listen,
    ]);
    answers(at, &mut agent);
}
