//! An HTTP server of few lines that shows the pages it was given: what fake systems are made of.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is said to those without a key.
const NO_LOGIN: &str =
    r#"{"error":"Authentication required. Provide Bearer token, X-Client-Key, or X-Service-Key"}"#;
/// How long the accept that is waited in may take to end.
const LAST_CALL: Duration = Duration::from_secs(5);

/// An answer.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub body: String,
    pub media_type: &'static str,
    /// Further lines of the head.
    pub more: &'static str,
    /// Bytes that are promised and never come.
    pub missing: usize,
}

impl Page {
    pub fn of(status: u16, body: &str) -> Self {
        let media_type = "application/json; charset=utf-8";
        Self { status, body: body.to_owned(), media_type, more: "", missing: 0 }
    }

    pub fn text(body: &str) -> Self {
        Self { media_type: "text/plain; version=0.0.4; charset=utf-8", ..Self::of(200, body) }
    }
}

#[derive(Debug, Default)]
struct Shown {
    pages: BTreeMap<String, Page>,
    /// Without this key or token what stands under `/api/` is refused.
    key: Option<String>,
    asked: Vec<String>,
}

/// A server; dropped, nothing listens any more.
pub struct Server {
    pub port: u16,
    address: SocketAddr,
    shown: Arc<Mutex<Shown>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// One on a free port of loopback.
    pub fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// One on a listener, which may be in another network namespace.
    pub fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (pages, end) = (Arc::clone(&shown), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::Acquire) {
                    return;
                }
                let pages = Arc::clone(&pages);
                std::thread::spawn(move || answer(stream, &pages));
            }
        });
        Self { port: address.port(), address, shown, stop, thread: Some(thread) }
    }

    pub fn put(&self, path: &str, page: Page) {
        self.shown.lock().unwrap().pages.insert(path.to_owned(), page);
    }

    /// From now on nobody is let in under `/api/` without this key.
    pub fn lock(&self, key: &str) {
        self.shown.lock().unwrap().key = Some(key.to_owned());
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shown.lock().unwrap().asked)
    }

    /// Nothing listens any more when this returns.
    pub fn kill(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.stop.store(true, Ordering::Release);
        // The accept that is waited in ends with a connection. Where there is no way to it any
        // more, the listener ends with the test.
        if TcpStream::connect_timeout(&self.address, LAST_CALL).is_ok() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answer(stream: TcpStream, shown: &Mutex<Shown>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        lines.push(std::mem::take(&mut line).trim_end().to_owned());
    }
    let mut words = lines.first().map_or("", String::as_str).split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let page = {
        let mut shown = shown.lock().unwrap();
        shown.asked.push(path.to_owned());
        let let_in = |key: &String| {
            let (own, bearer) =
                (format!("x-service-key: {key}"), format!("authorization: bearer {key}"));
            lines.iter().any(|line| {
                let line = line.to_ascii_lowercase();
                line == own || line == bearer
            })
        };
        let is_open = !path.starts_with("/api/") || shown.key.as_ref().is_none_or(let_in);
        match (method, is_open) {
            ("GET", true) => shown.pages.get(path).cloned(),
            ("GET", false) => Some(Page::of(401, NO_LOGIN)),
            // Both upstreams take nothing but GET.
            _ => Some(Page::of(405, "{\"error\":\"Method Not Allowed\"}")),
        }
    };
    let page = page.unwrap_or_else(|| Page::of(404, "{\"error\":\"Not Found\",\"code\":404}"));
    let head = format!(
        "HTTP/1.1 {} x\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n",
        page.status,
        page.media_type,
        page.body.len() + page.missing,
        page.more
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.body.as_bytes()));
}
