//! The iperf3 engine against real servers, and against what only looks like one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fluxnoc::model::Networks;
use fluxnoc::model::speed::{Direction, SpeedResult, SpeedSpec, SpeedTarget, Transport};
use fluxnoc::probe::speed::{self, Vantage};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

use crate::netns::{self, Namespace};
use crate::shaper::Shaper;
use crate::{PROGRAM, closed_port, near, peer, run, run_at, soon, spec, vantage};

/// A real server; dropped, it is killed.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Self {
        let address = closed_port();
        let port = address.port().to_string();
        let mut command = Command::new("iperf3");
        command.args(["-s", "--forceflush", "-p", &port]);
        Self { child: listening(command), address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program and waits for a line that says that it is there.
fn listening(command: Command) -> Child {
    until_it_says(command, "Server listening")
}

fn until_it_says(mut command: Command, what: &str) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("iperf3 is installed");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.by_ref().map_while(Result::ok).find(|line| line.contains(what)).expect("its words");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// What the real client measures.
fn real_client(at: SocketAddr, more: &[&str]) -> Value {
    let port = at.port().to_string();
    let mut command = Command::new("iperf3");
    command.args(["-c", &at.ip().to_string(), "-p", &port, "-J"]).args(more);
    let said = command.output().unwrap();
    let value: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert!(value.get("error").is_none(), "{}", value["error"]);
    value
}

async fn real_rate(at: SocketAddr, more: &'static [&'static str]) -> f64 {
    let value = tokio::task::spawn_blocking(move || real_client(at, more)).await.unwrap();
    value["end"]["sum_received"]["bits_per_second"].as_f64().unwrap() / 1e6
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs iperf3"]
async fn fs_12_d_18_the_real_client_measures_the_same_within_two_per_cent() {
    let server = Server::start();
    let link = Shaper::start(server.address, 50.0);
    let asked = SpeedSpec { streams: 2, ..spec(Direction::Bidirectional, 4) };
    let place = link.address.to_string();
    let here = vantage(&Networks::default());
    let (ended, told) = run_at(&asked, &place, &here).await;
    let result = ended.unwrap();
    let down = real_rate(link.address, &["-t", "4", "-P", "2", "-R"]).await;
    let up = real_rate(link.address, &["-t", "4", "-P", "2"]).await;
    for (way, real) in [(&result.download, down), (&result.upload, up)] {
        let way = way.as_ref().unwrap();
        assert!(near(way.mbps, real, 2.0), "the real client: {real}; {way:?}");
        assert!(near(way.mbps, 50.0, 4.0), "{way:?}");
        assert!((14..=18).contains(&way.intervals.len()), "{way:?}");
        assert!(way.bytes > 20_000_000 && (3900..5200).contains(&way.took_ms), "{way:?}");
    }
    assert!(result.upload.as_ref().unwrap().retransmits.is_some(), "{result:?}");
    assert_eq!(result.address.as_ref().map(|one| one.as_str()), Some("127.0.0.1"));
    let growing = told.iter().filter_map(|so_far| so_far.download.as_ref());
    assert!(growing.filter(|way| way.took_ms < 3000).count() >= 8, "it was told live");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs iperf3"]
async fn d_27_a_server_that_serves_another_is_busy_and_a_killed_one_ends_the_test() {
    let mut server = Server::start();
    let port = server.address.port().to_string();
    let mut other = Command::new("iperf3");
    other.args([
        "-c",
        "127.0.0.1",
        "-p",
        &port,
        "-t",
        "60",
        "-b",
        "1M",
        "--forceflush",
        "-i",
        "0.2",
    ]);
    let mut other = until_it_says(other, " sec ");
    let place = server.address.to_string();
    let why = run(&spec(Direction::Download, 1), &place).await.unwrap_err();
    assert!(why.busy, "{}", why.words);
    assert_eq!(why.words.as_str(), "the iperf3 server is busy running a test");
    assert!(why.so_far.unwrap().download.is_none());
    other.kill().unwrap();
    other.wait().unwrap();
    // The server needs a moment to put that away.
    let free = async {
        while run(&spec(Direction::Download, 1), &place).await.is_err_and(|why| why.busy) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon("a free server", Duration::from_secs(20), free).await;

    let (tell, mut told) = watch::channel(None);
    let (targets, here) = ([place.parse::<SpeedTarget>().unwrap()], vantage(&Networks::default()));
    let asked = spec(Direction::Download, 30);
    let kill = async {
        let running = |so_far: &Option<SpeedResult>| {
            so_far
                .as_ref()
                .and_then(|one| one.download.as_ref())
                .is_some_and(|way| way.intervals.len() > 3)
        };
        told.wait_for(running).await.unwrap();
        server.child.kill().unwrap();
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = speed::run(&asked, &targets, &here, &tell) => ended,
        () = kill => unreachable!(),
        () = tokio::time::sleep(Duration::from_secs(15)) => panic!("it goes on without a server"),
    };
    let why = ended.unwrap_err();
    assert!(why.words.as_str().starts_with("iperf3: ") && !why.busy, "{}", why.words);
    let way = why.so_far.unwrap().download.unwrap();
    assert!(way.bytes > 0 && way.intervals.len() > 3);
    let why = run(&spec(Direction::Upload, 1), &place).await.unwrap_err();
    assert!(why.words.as_str().contains("refused"), "{}", why.words);
    assert!(why.so_far.unwrap().upload.is_none());
}

#[test]
#[ignore = "needs iperf3, iptables and root or user namespaces"]
fn fs_13_fs_21_udp_in_a_namespace_has_the_rate_and_the_loss_of_its_link() {
    let name = "iperf3::fs_13_fs_21_udp_in_a_namespace_has_the_rate_and_the_loss_of_its_link";
    netns::scene(name, || {
        let (a, b) = (Namespace::new(), Namespace::new());
        a.sh(&format!(
            "ip link add left type veth peer name right netns /proc/{}/ns/net
             ip address add 10.9.0.1/24 dev left; ip link set left up",
            b.pid()
        ));
        b.sh("ip address add 10.9.0.2/24 dev right; ip link set right up");
        a.allow_ping();
        let mut server = b.command("iperf3");
        server.args(["-s", "--forceflush"]);
        let address = SocketAddr::from(([10, 9, 0, 2], 5201));
        let _server = Server { child: listening(server), address };
        let measure = |more: &[&str]| -> SpeedResult {
            let said = a
                .command(PROGRAM)
                .args(["speedtest", "10.9.0.2", "--udp", "--bitrate", "20", "--json"])
                .args(["--duration", "10", "--streams", "2"])
                .args(more)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
            serde_json::from_str(&text).unwrap()
        };
        let result = measure(&["--upload"]);
        let way = result.upload.unwrap();
        assert!(near(way.mbps, 20.0, 2.0), "{way:?}");
        assert!(way.loss_pct.is_some_and(|loss| loss < 0.5), "{way:?}");
        assert!(result.latency_ms.is_some_and(|ms| ms < 50.0), "{:?}", result.latency_ms);
        assert!(result.jitter_ms.is_some());
        // Every tenth datagram from the server is lost; the small ones of the beginning are not.
        a.sh("iptables -A INPUT -p udp -m length --length 500: -m statistic --mode nth --every 10 --packet 0 -j DROP");
        let result = measure(&["--download"]);
        let way = result.download.unwrap();
        assert!(way.loss_pct.is_some_and(|loss| near(loss, 10.0, 5.0)), "{way:?}");
        assert!(near(way.mbps, 18.0, 3.0), "the rate of what came: {way:?}");
        assert_eq!(result.loss_pct, way.loss_pct);
    });
}

/// A program in the place of the child: it reads its order and runs a shell script.
fn child_that(script: &str) -> (tempfile::TempDir, Vantage) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("child");
    let mut file = std::fs::File::create(&path).unwrap();
    write!(
        file,
        "#!/bin/sh\nPATH=/usr/bin:/bin\nread order\ncd {}\n{script}\n",
        dir.path().display()
    )
    .unwrap();
    drop(file);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    (dir, Vantage { program: path, ..vantage(&Networks::default()) })
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_figures_that_cannot_be_are_a_failure_and_not_a_rate() {
    let end = |sum: &str| {
        format!(r#"echo '{{"event":"end","data":{{"sum_sent":{{}},"sum_received":{sum}}}}}'"#)
    };
    for (script, says) in [
        ("head -c 10000000 /dev/zero | tr '\\0' x".to_owned(), "wrote a line above 1048576 bytes"),
        ("echo hello".to_owned(), "wrote what is no JSON: hello"),
        ("echo '[1,2]'".to_owned(), "wrote what is no event"),
        ("printf '\\377\\n'".to_owned(), "wrote what is no text"),
        (end(r#"{"bytes":1,"bits_per_second":1e308,"seconds":1}"#), "which is no measurement"),
        (end(r#"{"bytes":1,"bits_per_second":-5,"seconds":1}"#), "gives -5 as its bits_per_second"),
        (end(r#"{"bytes":0,"bits_per_second":0,"seconds":1}"#), "the receiver got nothing"),
        (end(r#"{"bytes":"9","bits_per_second":1,"seconds":1}"#), "gives no bytes"),
        ("echo '{\"event\":\"end\",\"data\":{}}'".to_owned(), "ended without a result"),
        ("exit 7".to_owned(), "ended without a result (exit status: 7)"),
        ("kill -9 $$".to_owned(), "ended without a result (signal: 9"),
    ] {
        let (_dir, here) = child_that(&script);
        let asked = spec(Direction::Download, 1);
        let ended =
            soon(&script, Duration::from_secs(20), run_at(&asked, "127.0.0.1", &here)).await;
        let why = ended.0.unwrap_err();
        assert!(why.words.as_str().contains(says), "{script}: {}", why.words);
        assert!(why.so_far.unwrap().download.is_none(), "{script}");
    }
    let gone = Vantage { program: "/nowhere".into(), ..vantage(&Networks::default()) };
    let why = run_at(&spec(Direction::Download, 1), "127.0.0.1", &gone).await.0.unwrap_err();
    assert!(why.words.as_str().starts_with("cannot start the child"), "{}", why.words);
}

fn is_alive(pid: i32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_is_dropped_leaves_no_child() {
    let (dir, here) = child_that("echo $$ > pid.part; mv pid.part pid; exec sleep 1000");
    let path: PathBuf = dir.path().join("pid");
    let asked = spec(Direction::Download, 60);
    let started = async {
        loop {
            if let Ok(text) = std::fs::read_to_string(&path) {
                return text.trim().parse::<i32>().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let pid = tokio::select! {
        ended = run_at(&asked, "127.0.0.1", &here) => panic!("{:?}", ended.0),
        pid = soon("a child", Duration::from_secs(20), started) => pid,
    };
    let gone = async {
        while is_alive(pid) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("its end", Duration::from_secs(10), gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_ends_with_its_parent_and_takes_no_arguments() {
    let silent = peer(|mut stream| async move {
        let mut sink = [0; 64];
        while stream.read(&mut sink).await.is_ok_and(|size| size > 0) {}
    })
    .await;
    let mut child = Command::new(PROGRAM)
        .arg("__iperf")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let order = format!(
        r#"{{"address":"127.0.0.1","port":{},"udp":false,"reverse":true,"streams":1,"seconds":60,"bits_per_second":0}}"#,
        silent.port()
    );
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{order}").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it runs");
    drop(stdin);
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
    soon("its end", Duration::from_secs(5), ended).await.unwrap();
    let said = Command::new(PROGRAM).arg("__iperf").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(text.contains("for fluxnoc itself") && !said.status.success(), "{text}");
}

/// A server that plays by the rules until the figures are exchanged: then it sends without end.
#[tokio::test(flavor = "multi_thread")]
async fn d_27_a_server_that_sends_figures_without_end_is_a_failure() {
    let first = Arc::new(AtomicBool::new(true));
    let server = peer(move |mut stream| {
        let is_control = first.swap(false, Ordering::SeqCst);
        async move {
            let mut cookie = [0; 37];
            if stream.read_exact(&mut cookie).await.is_err() {
                return;
            }
            if is_control {
                let _ = control(stream).await;
            } else {
                let mut sink = vec![0; 1 << 16];
                while stream.read(&mut sink).await.is_ok_and(|size| size > 0) {}
            }
        }
    })
    .await;
    let asked = SpeedSpec { streams: 1, ..spec(Direction::Upload, 1) };
    let place = server.to_string();
    let ended = soon("endless figures", Duration::from_secs(30), run(&asked, &place)).await;
    let why = ended.unwrap_err();
    assert!(!why.busy && !why.words.is_empty(), "{}", why.words);
    assert!(why.so_far.unwrap().upload.is_some(), "what was measured until then is kept");
}

async fn control(mut stream: tokio::net::TcpStream) -> std::io::Result<()> {
    const PARAMETERS: u8 = 9;
    const STREAMS: u8 = 10;
    const START: u8 = 1;
    const RUNNING: u8 = 2;
    const END: u8 = 4;
    const RESULTS: u8 = 13;
    stream.write_u8(PARAMETERS).await?;
    let mut text = vec![0; stream.read_u32().await? as usize];
    stream.read_exact(&mut text).await?;
    stream.write_u8(STREAMS).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(&[START, RUNNING]).await?;
    while stream.read_u8().await? != END {}
    stream.write_u8(RESULTS).await?;
    let mut text = vec![0; stream.read_u32().await? as usize];
    stream.read_exact(&mut text).await?;
    stream.write_u32(u32::MAX).await?;
    let piece = vec![b'['; 1 << 16];
    loop {
        stream.write_all(&piece).await?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_what_is_no_iperf3_server_is_a_failure() {
    let web = peer(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 64]).await;
    })
    .await;
    let place = web.to_string();
    let asked = SpeedSpec { protocol: Transport::Tcp, ..spec(Direction::Download, 1) };
    let ended = soon("no iperf3", Duration::from_secs(30), run(&asked, &place)).await;
    let why = ended.unwrap_err();
    assert!(!why.busy && !why.words.is_empty(), "{}", why.words);
    assert!(why.so_far.unwrap().download.is_none());
    let udp = SpeedSpec { protocol: Transport::Udp, ..asked };
    let why = run(&udp, "http://127.0.0.1:1/").await.unwrap_err();
    assert!(why.words.as_str().starts_with("HTTP has no udp"), "{}", why.words);
}
