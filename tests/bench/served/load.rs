//! Requests over connections that are kept: how many a second, and how long one takes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is asked, of whom.
#[derive(Clone)]
pub struct Asked {
    pub port: u16,
    pub path: String,
    /// Headers besides the host.
    pub headers: Vec<(&'static str, String)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Answers a second.
    pub rate: f64,
    /// Milliseconds that 99 of 100 take at most.
    pub p99: f64,
    /// Bytes of a body.
    pub bytes: usize,
}

/// A connection.
pub struct Line(SendRequest<Empty<Bytes>>);

impl Line {
    pub async fn open(port: u16) -> Self {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(at).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Self(sender)
    }

    /// Asks; what is answered is 200.
    pub async fn ask(&mut self, asked: &Asked) -> hyper::Response<Incoming> {
        let mut request = Request::get(&asked.path).header("host", "127.0.0.1");
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        self.0.ready().await.expect("the connection lives");
        let request = request.body(Empty::new()).expect("a request");
        let answer = self.0.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", asked.path);
        answer
    }

    /// Asks, and reads the answer whole.
    pub async fn read(&mut self, asked: &Asked) -> Bytes {
        let answer = self.ask(asked).await;
        answer.into_body().collect().await.expect("a whole answer").to_bytes()
    }
}

/// Asks for so long over `lines` connections at once; `of` says what the one of that number asks.
pub async fn load(lines: usize, time: Duration, of: impl Fn(usize) -> Asked) -> Load {
    let mut tasks = Vec::new();
    for n in 0..lines {
        let asked = of(n);
        let mut line = Line::open(asked.port).await;
        // Everything is warm before the clock starts.
        let bytes = line.read(&asked).await.len();
        assert!(bytes > 0, "{} is empty", asked.path);
        tasks.push((line, asked, bytes));
    }
    let bytes = tasks.first().map_or(0, |(_, _, bytes)| *bytes);
    let begun = Instant::now();
    let end = begun + time;
    let running: Vec<_> = tasks
        .into_iter()
        .map(|(mut line, asked, _)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let sent = Instant::now();
                    line.read(&asked).await;
                    times.push(sent.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await.expect("it asks"));
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Load { rate, p99: quantile(&mut times, 99) * 1e3, bytes }
}

/// Seconds that so many of a hundred take at most.
pub fn quantile(times: &mut [Duration], part: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * part / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(f64::NAN, Duration::as_secs_f64)
}
