//! A server of few lines: it answers every connection with the same bytes, or misbehaves.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A server on loopback; it ends when dropped.
pub struct Stub {
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    _task: AbortOnDropHandle<()>,
}

/// An answer with a length.
pub fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into()
}

impl Stub {
    /// Runs `serve` for every connection.
    pub async fn new<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        Self { port, requests, _task: AbortOnDropHandle::new(task) }
    }

    /// Reads a request and answers `bytes`.
    pub async fn replies(bytes: Vec<u8>) -> Self {
        let bytes = Arc::new(bytes);
        Self::new(move |stream, requests| {
            let bytes = Arc::clone(&bytes);
            async move { reply(stream, &bytes, &requests).await }
        })
        .await
    }

    /// Answers `head` and then `piece` again and again, with a pause between.
    pub async fn drips(head: &str, piece: &[u8], pause: std::time::Duration) -> Self {
        let (head, piece) = (head.to_owned(), piece.to_vec());
        Self::new(move |mut stream, requests| {
            let (head, piece) = (head.clone(), piece.clone());
            async move {
                read_request(&mut stream, &requests).await;
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&piece).await.is_ok() {
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        })
        .await
    }

    /// Accepts and never says a word.
    pub async fn silent() -> Self {
        Self::new(|stream, _| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await
    }

    /// A port that nobody listens on.
    pub async fn closed_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn request(&self, number: usize) -> String {
        self.requests.lock().unwrap()[number].clone()
    }

    pub fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    /// True when no connection brought a byte of a request.
    pub fn sent_nothing(&self) -> bool {
        self.requests.lock().unwrap().iter().all(String::is_empty)
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Answers one request on a plain or encrypted stream.
pub async fn reply<S>(mut stream: S, bytes: &[u8], requests: &Mutex<Vec<String>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    read_request(&mut stream, requests).await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

/// Reads a request with its body, by its Content-Length.
pub async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, requests: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap_or(0);
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let complete = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= length.map_or(0, |length| length.parse().unwrap())
        });
        if complete || count == 0 {
            requests.lock().unwrap().push(text);
            return;
        }
    }
}
