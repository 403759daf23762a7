//! A fake instance: an app server and a metrics server of few lines.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::documents::{EXPOSITION, HEALTHY, LIVE, NO_LOGIN, SYSTEM};

/// Where the app server has its documents.
pub const METRICS: &str = "/api/v1/monitoring/metrics";
pub const HEALTH: &str = "/api/v1/monitoring/health";

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
    shown: Arc<Mutex<Shown>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
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
        Self { port, shown, stop, thread: Some(thread) }
    }

    pub fn put(&self, path: &str, page: Page) {
        self.shown.lock().unwrap().pages.insert(path.to_owned(), page);
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The paths that were asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shown.lock().unwrap().asked)
    }

    /// Nothing listens any more when this returns.
    pub fn kill(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.stop.store(true, Ordering::Release);
        // The accept that is waited in ends with a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = thread.join();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An instance that is well.
pub struct Instance {
    pub app: Server,
    pub metrics: Server,
}

/// The key that lets in.
pub const KEY: &str = "sk_0123456789abcdef";

impl Instance {
    pub fn start() -> Self {
        let (app, metrics) = (Server::start(), Server::start());
        app.put("/health", Page::of(200, LIVE));
        app.put(HEALTH, Page::of(200, HEALTHY));
        app.put(METRICS, Page::of(200, SYSTEM));
        app.shown.lock().unwrap().key = Some(KEY.to_owned());
        metrics.put("/metrics", Page::text(EXPOSITION));
        metrics.put("/health", Page::text("OK"));
        Self { app, metrics }
    }

    /// Where its exposition is.
    pub fn exposition(&self) -> String {
        format!("{}/metrics", self.metrics.url())
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
