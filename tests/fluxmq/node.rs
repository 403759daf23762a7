//! A fake node: a health server and an admin API of few lines, with FluxMQ's own documents.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub const NOMINAL: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"cluster":{"status":"up"},"storage":{"status":"up"}}}"#;
pub const SINGLE: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"storage":{"status":"up"}}}"#;
pub const DEGRADED: &str = r#"{"status":"ready","mode":"degraded","checks":{"broker":{"status":"up"},"cluster":{"status":"up","details":"1/2 peers reachable"},"storage":{"status":"up"}}}"#;
pub const STORAGE: &str = r#"{"status":"not_ready","details":"storage unavailable","checks":{"broker":{"status":"up"},"storage":{"status":"down","details":"badger: closed"}}}"#;

/// An answer.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub body: String,
    /// Bytes that are promised and never come.
    pub missing: usize,
}

impl Page {
    pub fn of(status: u16, body: &str) -> Self {
        Self { status, body: format!("{body}\n"), missing: 0 }
    }
}

type Pages = Arc<Mutex<BTreeMap<String, Page>>>;

/// A node; dropped, nothing listens any more.
pub struct Node {
    pub port: u16,
    pages: Pages,
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Node {
    /// A nominal node of a cluster.
    pub fn start(id: &str, leads: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pages = Pages::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (shown, end) = (Arc::clone(&pages), Arc::clone(&stop));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::Acquire) {
                    return;
                }
                let shown = Arc::clone(&shown);
                std::thread::spawn(move || answer(stream, &shown));
            }
        });
        let node = Self { port, pages, stop, server: Some(server) };
        node.put("/health", Page::of(200, r#"{"status":"healthy"}"#));
        node.ready(NOMINAL);
        node.who(id, leads, true);
        node
    }

    pub fn put(&self, path: &str, page: Page) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// What `/ready` says, with the status that goes with it.
    pub fn ready(&self, body: &str) {
        self.put("/ready", Page::of(if body.contains("not_ready") { 503 } else { 200 }, body));
    }

    pub fn who(&self, id: &str, leads: bool, cluster: bool) {
        let body = format!(
            r#"{{"node_id":"{id}","is_leader":{leads},"cluster_mode":{cluster},"sessions":12}}"#
        );
        self.put("/cluster/status", Page::of(200, &body));
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Nothing listens any more when this returns.
    pub fn kill(&mut self) {
        let Some(server) = self.server.take() else { return };
        self.stop.store(true, Ordering::Release);
        // The accept that is waited in ends with a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = server.join();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn answer(stream: TcpStream, pages: &Mutex<BTreeMap<String, Page>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if first.is_empty() {
            first.clone_from(&line);
        }
        line.clear();
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    // The upstream takes nothing but GET.
    let page = match method {
        "GET" => pages.lock().unwrap().get(path).cloned(),
        _ => Some(Page::of(405, "method not allowed")),
    };
    let page = page.unwrap_or_else(|| Page::of(404, "404 page not found"));
    let head = format!(
        "HTTP/1.1 {} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        page.status,
        page.body.len() + page.missing
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.body.as_bytes()));
}
