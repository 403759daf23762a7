//! A console elsewhere, of a server with 10,000 hosts of six checks and 1,000 open alerts.
//!
//! 1. The first remote frame: bytes on the line and time from the start of the program until the worst
//!    alerts are on screen, and until the picture is whole; packed as the console asks for it, and not.
//!    The limit is `curl --compressed` of the same events as a file of nginx.
//! 2. Fan-out: 200 streams that each get every change (an alert that is acknowledged again and again);
//!    from the command's start until the last stream has it, CPU of the server for a stream and change,
//!    memory of a stream. The same with one stream; and what Alertmanager needs until 200 clients that
//!    ask have an alert each, which is how its consoles hear of one.
//!
//! The floors stand at their comparisons in [`FLOORS`].

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod common;
mod feeder;
#[path = "../common/letters.rs"]
mod letters;
#[path = "../common/nginx.rs"]
mod nginx;
#[path = "../common/pty.rs"]
mod pty;
mod served;
use common::{Comparison, Scratch, short, verdict};
use flate2::write::GzDecoder;
use fluxnoc::model::CheckKey;
use fluxnoc::protocol::{Command as Order, Target};
use http_body_util::BodyExt as _;
use nginx::Nginx;
use pty::{PATIENCE, Terminal};
use served::load::{Asked, Line, quantile};
use served::program::{own, request};
use served::{Server, free_port, peers};
use tokio::sync::mpsc;

const SIZE: (u16, u16) = (200, 60);
/// Streams at once; the server takes 256.
const STREAMS: usize = 200;
/// Bytes of a request's head that are looked at for what it accepts.
const HEAD: usize = 16 * 1024;

/// What is compared, each with its floor: about half as much again as two quiet cores gave.
const FLOORS: Floors = Floors {
    packed: 0.05,
    whole_of_plain: 1.2,
    frame_of_whole: 0.4,
    of_curl: 11.0,
    of_one: 6.0,
    of_poll: 0.1,
    cpu: 0.2,
    memory: 1.0,
};

/// See the comparisons.
struct Floors {
    packed: f64,
    whole_of_plain: f64,
    frame_of_whole: f64,
    of_curl: f64,
    of_one: f64,
    of_poll: f64,
    cpu: f64,
    memory: f64,
}

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let server = Server::start("remote", STREAMS + 8).await;
        let mut all = first_frame(&server).await;
        all.extend(fan_out(&server).await);
        verdict(&all)
    })
}

const fn row(
    what: &'static str,
    unit: &'static str,
    ours: f64,
    peer_name: &'static str,
    peer: f64,
    floor: f64,
) -> Comparison {
    Comparison { what, unit, ours, peer_name, peer, floor, at_most: true }
}

async fn first_frame(server: &Server) -> Vec<Comparison> {
    let times = if short() { 3 } else { 9 };
    let (port, token) = (server.port, server.token(0).to_owned());
    let (packed, plain) = tokio::task::spawn_blocking(move || {
        (console(port, &token, true, times), console(port, &token, false, times))
    })
    .await
    .expect("consoles");
    // The same events as a file.
    let dir = server.scratch.0.join("site");
    std::fs::create_dir(&dir).expect("a directory");
    let picture = picture(server).await;
    std::fs::write(dir.join("picture.txt"), &picture).expect("a file");
    let files = free_port();
    let _nginx = Nginx::start(&peers::site(&dir, files), files);
    let url = format!("http://127.0.0.1:{files}/picture.txt");
    let (bytes, curl) =
        tokio::task::spawn_blocking(move || fetch(&url, times)).await.expect("curl");
    println!(
        "first remote frame, {} bytes of events: packed {packed:?}, plain {plain:?}; curl {curl:.1} ms, \
         {bytes:.0} bytes",
        picture.len()
    );
    vec![
        row(
            "first picture: bytes on the line",
            "kB",
            packed.bytes,
            "unpacked",
            plain.bytes,
            FLOORS.packed,
        ),
        row("first picture: bytes on the line", "kB", packed.bytes, "nginx gzip", bytes / 1e3, 1.5),
        row(
            "remote: whole picture",
            "ms",
            packed.whole,
            "unpacked",
            plain.whole,
            FLOORS.whole_of_plain,
        ),
        row(
            "remote: first frame",
            "ms",
            packed.frame,
            "whole picture",
            packed.whole,
            FLOORS.frame_of_whole,
        ),
        row("remote: whole picture", "ms", packed.whole, "curl, nginx", curl, FLOORS.of_curl),
    ]
}

/// What a console needed; medians.
#[derive(Clone, Copy, Debug)]
struct Needed {
    /// kB that came until the picture was whole.
    bytes: f64,
    /// ms until the worst alerts were on screen.
    frame: f64,
    /// ms until it was whole.
    whole: f64,
}

fn console(port: u16, token: &str, packed: bool, times: usize) -> Needed {
    let wire = Wire::to(port, packed);
    let url = format!("http://127.0.0.1:{}", wire.port);
    let (mut bytes, mut frames, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..times {
        let scratch = Scratch::new("remote-console");
        let data = scratch.0.join("data").display().to_string();
        let config = scratch.0.join("config.toml");
        std::fs::write(&config, "").expect("a configuration");
        let config = config.display().to_string();
        let args = ["--config", &config, "--data-dir", &data, "--connect", &url];
        let env = [("FLUXNOC_TOKEN", token)];
        let (begun, before) = (Instant::now(), wire.came.load(Ordering::SeqCst));
        let mut console = Terminal::start(own().as_ref(), &args, &env, SIZE.0, SIZE.1);
        console.wait("the worst alerts", PATIENCE, |screen| {
            screen.matches("connection refused").count() > 5
        });
        frames.push(begun.elapsed());
        console.wait("all of it", PATIENCE, |screen| screen.contains("LIVE"));
        wholes.push(begun.elapsed());
        bytes.push((wire.came.load(Ordering::SeqCst) - before) as f64 / 1e3);
        console.signal(nix::sys::signal::Signal::SIGTERM);
        console.wait_exit();
    }
    bytes.sort_unstable_by(f64::total_cmp);
    Needed {
        bytes: bytes.get(bytes.len() / 2).copied().unwrap_or(f64::NAN),
        frame: quantile(&mut frames, 50) * 1e3,
        whole: quantile(&mut wholes, 50) * 1e3,
    }
}

/// A line on which what comes is counted, and on which nobody asks for packed answers unless wanted.
struct Wire {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Wire {
    fn to(server: u16, packed: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = SocketAddr::from((Ipv4Addr::LOCALHOST, server));
                let far = TcpStream::connect(far).expect("the server");
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let (there, here) = (near.try_clone(), far.try_clone());
                let (there, here) = (there.expect("a handle"), here.expect("a handle"));
                let count = Arc::clone(&count);
                std::thread::spawn(move || {
                    carry(near, here, |bytes| if packed { bytes } else { plainly(bytes) });
                });
                std::thread::spawn(move || {
                    carry(far, there, |bytes| {
                        count.fetch_add(bytes.len(), Ordering::SeqCst);
                        bytes
                    });
                });
            }
        });
        Self { port, came }
    }
}

/// The head without a wish for gzip; of the same length.
fn plainly(mut bytes: Vec<u8>) -> Vec<u8> {
    let found = bytes.windows(8).position(|eight| eight.eq_ignore_ascii_case(b"ng: gzip"));
    if let Some(word) = found.and_then(|at| bytes.get_mut(at + 4..at + 8)) {
        word.copy_from_slice(b"none");
    }
    bytes
}

fn carry(mut from: TcpStream, mut to: TcpStream, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let mut buffer = vec![0; HEAD];
    while let Ok(count) = from.read(&mut buffer)
        && count > 0
    {
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        if to.write_all(&change(bytes)).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// Milliseconds and bytes of a file that `curl` asks for packed.
fn fetch(url: &str, times: usize) -> (f64, f64) {
    let (mut took, mut bytes) = (Vec::new(), 0.0);
    for _ in 0..times {
        let begun = Instant::now();
        let output = Command::new("curl")
            .args(["-s", "--compressed", "-o", "/dev/null", "-w", "%{size_download}", url])
            .stderr(Stdio::null())
            .output()
            .expect("curl is installed");
        took.push(begun.elapsed());
        bytes = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    }
    (bytes, quantile(&mut took, 50) * 1e3)
}

/// The events of a first picture, unpacked.
async fn picture(server: &Server) -> Vec<u8> {
    let mut stream = Stream::open(server, 0, false).await;
    stream.until(b"\"event\":\"ready\"", true).await;
    stream.text
}

/// A stream of events as a console asks for it.
struct Stream {
    body: hyper::body::Incoming,
    unpack: Option<GzDecoder<Vec<u8>>>,
    /// What was read and not yet passed.
    text: Vec<u8>,
    _line: Line,
}

impl Stream {
    async fn open(server: &Server, n: usize, packed: bool) -> Self {
        let mut headers = vec![("x-api-token", server.token(n).to_owned())];
        if packed {
            headers.push(("accept-encoding", "gzip".to_owned()));
        }
        let asked = Asked { port: server.port, path: "/api/v1/events".to_owned(), headers };
        let mut line = Line::open(server.port).await;
        let body = line.ask(&asked).await.into_body();
        let unpack = packed.then(|| GzDecoder::new(Vec::new()));
        Self { body, unpack, text: Vec::new(), _line: line }
    }

    /// Reads until these bytes are there; keeps all that came, or nothing: a picture is many
    /// megabytes, and there are hundreds of them.
    async fn until(&mut self, wanted: &[u8], keep: bool) {
        let mut looked = 0;
        loop {
            let from = self.text.get(looked..).unwrap_or_default();
            if from.windows(wanted.len()).any(|window| window == wanted) {
                break;
            }
            looked = self.text.len().saturating_sub(wanted.len());
            if !keep {
                self.text.drain(..std::mem::take(&mut looked));
            }
            let frame = self.body.frame().await.expect("the stream goes on").expect("a frame");
            let Some(bytes) = frame.data_ref() else { continue };
            match &mut self.unpack {
                None => self.text.extend_from_slice(bytes),
                Some(unpack) => {
                    unpack.write_all(bytes).expect("gzip");
                    unpack.flush().expect("gzip");
                    self.text.append(unpack.get_mut());
                }
            }
        }
        if !keep {
            self.text.clear();
        }
    }
}

/// What streams cost.
#[derive(Clone, Copy, Debug)]
struct Spread {
    /// ms from the command until the last stream has the change, of 99 of 100 changes at most.
    last: f64,
    /// µs of the server's CPU for a change and stream.
    cpu: f64,
    /// KiB of the server for a stream.
    memory: f64,
}

async fn fan_out(server: &Server) -> Vec<Comparison> {
    let changes = if short() { 20 } else { 100 };
    let one = spread(server, 1, changes).await;
    let many = spread(server, STREAMS, changes).await;
    let (_alertmanager, port) = peers::alertmanager(&server.scratch.0).await;
    let poll = poll(port, changes).await;
    println!(
        "fan-out: one {one:?}, {STREAMS} {many:?}; {STREAMS} that ask Alertmanager {poll:.1} ms"
    );
    vec![
        row("a change at 200 streams, p99", "ms", many.last, "one stream", one.last, FLOORS.of_one),
        row("a change at 200 streams, p99", "ms", many.last, "alertmanager", poll, FLOORS.of_poll),
        row(
            "CPU of the server, a change and stream",
            "us",
            many.cpu,
            "one stream",
            one.cpu,
            FLOORS.cpu,
        ),
        row("memory of a stream", "KiB", many.memory, "limit", 1536.0, FLOORS.memory),
    ]
}

async fn spread(server: &Server, streams: usize, changes: usize) -> Spread {
    let before = server.program.rss_kib();
    let (told, mut heard) = mpsc::channel(STREAMS);
    let mut tasks = Vec::new();
    for n in 0..streams {
        // One picture after the other: what is measured is what comes after them.
        let mut stream = Stream::open(server, n + 1, true).await;
        stream.until(b"\"event\":\"ready\"", false).await;
        let told = told.clone();
        tasks.push(tokio::spawn(async move {
            for change in 0..changes {
                stream.until(mark(change).as_bytes(), false).await;
                told.send(change).await.expect("somebody hears");
            }
        }));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = (server.program.rss_kib() - before) / streams as f64;
    let (operator, cpu) = (server.operator(), server.program.cpu());
    let mut times = Vec::new();
    for change in 0..changes {
        let targets = vec![Target::Check(CheckKey::new("host-00007", "custom"))];
        let order = Order::Acknowledge {
            targets,
            comment: mark(change),
            expires: None,
            sticky: false,
            notify: false,
        };
        let begun = Instant::now();
        operator.execute(&request(order)).await.expect("it is done");
        for _ in 0..streams {
            assert_eq!(heard.recv().await, Some(change));
        }
        times.push(begun.elapsed());
    }
    let cpu = (server.program.cpu() - cpu) * 1e6 / (changes * streams) as f64;
    for task in tasks {
        task.await.expect("it has heard all");
    }
    Spread { last: quantile(&mut times, 99) * 1e3, cpu, memory }
}

/// What a change is known by.
fn mark(change: usize) -> String {
    format!("change number {change:05}.")
}

/// Milliseconds until as many clients have one alert each from Alertmanager.
async fn poll(port: u16, changes: usize) -> f64 {
    let asked = Asked {
        port,
        path: "/api/v2/alerts?filter=host%3D%22host-00007%22".to_owned(),
        headers: Vec::new(),
    };
    let mut lines = Vec::new();
    for _ in 0..STREAMS {
        lines.push(Line::open(port).await);
    }
    let mut times = Vec::new();
    for _ in 0..changes {
        let begun = Instant::now();
        let tasks: Vec<_> = lines
            .drain(..)
            .map(|mut line| {
                let asked = asked.clone();
                tokio::spawn(async move {
                    line.read(&asked).await;
                    line
                })
            })
            .collect();
        for task in tasks {
            lines.push(task.await.expect("it asks"));
        }
        times.push(begun.elapsed());
    }
    quantile(&mut times, 99) * 1e3
}
