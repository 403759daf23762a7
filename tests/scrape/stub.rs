//! An HTTP server of few lines: each path has its answer, which may change.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The media type of text 0.0.4.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The media type of OpenMetrics.
pub const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An answer: status line, header lines, body.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: &'static str,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Page {
    pub fn of(media: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers =
            if media.is_empty() { String::new() } else { format!("Content-Type: {media}\r\n") };
        Self { status: "200 OK", headers, body: body.into() }
    }
}

#[derive(Default)]
struct Shown {
    pages: BTreeMap<String, Page>,
    requests: Vec<(String, Vec<String>)>,
}

/// A server on loopback; its threads end with the process.
pub struct Stub {
    pub port: u16,
    shown: Arc<Mutex<Shown>>,
}

impl Stub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let all = Arc::clone(&shown);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || serve(stream, &all));
            }
        });
        Self { port, shown }
    }

    /// Calls `serve` with every connection once its request was read.
    pub fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut line = String::new();
                    while reader.read_line(&mut line).unwrap_or(0) > 2 {
                        line.clear();
                    }
                    serve(stream);
                });
            }
        });
        Self { port, shown: Arc::default() }
    }

    pub fn put(&self, path: &str, page: Page) {
        self.shown.lock().unwrap().pages.insert(path.to_owned(), page);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The header lines, in lower case, of the last request for a path.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let shown = self.shown.lock().unwrap();
        let last = shown.requests.iter().rfind(|(asked, _)| asked == path);
        last.map(|(_, lines)| lines.clone()).unwrap_or_default()
    }
}

fn serve(stream: TcpStream, shown: &Mutex<Shown>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let path = lines[0].split(' ').nth(1).unwrap_or("/").to_owned();
        let lower: Vec<String> = lines[1..]
            .iter()
            .map(|line| match line.split_once(':') {
                Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
                None => line.clone(),
            })
            .collect();
        let page = {
            let mut shown = shown.lock().unwrap();
            shown.requests.push((path.clone(), lower));
            shown.pages.get(&path).cloned()
        };
        let page = page.unwrap_or(Page {
            status: "404 Not Found",
            headers: String::new(),
            body: Vec::new(),
        });
        let head = format!(
            "HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n",
            page.status,
            page.headers,
            page.body.len()
        );
        if out.write_all(head.as_bytes()).and_then(|()| out.write_all(&page.body)).is_err() {
            return;
        }
    }
}
