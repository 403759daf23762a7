//! The way to a mail server: bytes in both directions, of which the server's are counted.
//!
//! `lettre` reads an answer to its end, and a hostile server's has none; it also reads all of it
//! again with every line, so that its time grows with the square of its length. What is read
//! after something was written is limited here, whatever is in it; the time of all is bounded by
//! whoever delivers. TLS is the program's own.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of one answer, besides those of TLS.
const SAID: usize = 8 << 10;
/// Lines of one answer.
const LINES: usize = 100;
/// Bytes that are read at once.
const PART: usize = 1024;
/// Bytes of a file of certificates.
const FILE: u64 = 4 << 20;

trait Io: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> Io for T {}

#[derive(Debug)]
struct Inner {
    io: Option<Box<dyn Io>>,
    /// What is read before anything of the server: after STARTTLS it does not greet again, but
    /// `lettre` begins with a greeting.
    greeting: &'static [u8],
    /// Bytes and lines that are still read before something is written.
    left: (usize, usize),
}

/// The way to a server; its clones are the same one, so that TLS can be put under what was spoken.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    peer: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Wire {
    /// One over a connection.
    ///
    /// # Errors
    /// When it is none any more.
    pub(super) fn over(tcp: TcpStream) -> io::Result<Self> {
        let peer = tcp.peer_addr()?;
        let inner = Inner { io: Some(Box::new(tcp)), greeting: b"", left: (SAID, LINES) };
        Ok(Self { peer, inner: Arc::new(Mutex::new(inner)) })
    }

    /// The same in TLS. What the server said too early in the clear is not on it any more: whoever
    /// spoke through this one keeps what was read of it.
    ///
    /// # Errors
    /// Why there is no TLS, in words.
    pub(super) async fn secure(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        greeted: bool,
    ) -> Result<Self, String> {
        let name = host.trim_end_matches('.').to_owned();
        let name =
            ServerName::try_from(name).map_err(|_| "no name for a certificate".to_owned())?;
        let io = self.lock().io.take().ok_or_else(|| "the connection is gone".to_owned())?;
        let tls = TlsConnector::from(config).connect(name, io).await;
        let io: Box<dyn Io> = Box::new(tls.map_err(|error| error.to_string())?);
        let greeting: &[u8] = if greeted { b"220 \r\n" } else { b"" };
        let inner = Inner { io: Some(io), greeting, left: (SAID, LINES) };
        Ok(Self { peer: self.peer, inner: Arc::new(Mutex::new(inner)) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        poll: impl FnOnce(Pin<&mut dyn Io>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match self.lock().io.as_mut() {
            Some(io) => poll(Pin::new(&mut **io)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        if !inner.greeting.is_empty() {
            let part = inner.greeting.len().min(buffer.remaining());
            let (now, later) = inner.greeting.split_at(part);
            buffer.put_slice(now);
            inner.greeting = later;
            return Poll::Ready(Ok(()));
        }
        let endless = || {
            let why = format!("an answer has more than {LINES} lines or {} KiB", SAID >> 10);
            Poll::Ready(Err(io::Error::other(why)))
        };
        if inner.left.0 == 0 {
            return endless();
        }
        let Inner { io: Some(io), left: (bytes, lines), .. } = &mut *inner else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut room = [0; PART];
        let wanted = PART.min(*bytes).min(buffer.remaining());
        let mut part = ReadBuf::new(room.get_mut(..wanted).unwrap_or_default());
        let polled = Pin::new(&mut **io).poll_read(context, &mut part);
        let read = part.filled();
        let ends = read.split(|byte| *byte == b'\n').count().saturating_sub(1);
        if ends > *lines {
            return endless();
        }
        (*bytes, *lines) = (*bytes - read.len(), *lines - ends);
        buffer.put_slice(read);
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lock().left = (SAID, LINES);
        self.with(|io| io.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_shutdown(context))
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

/// Who is trusted: the machine's certificates, and those of a file. The file is read for each
/// delivery, so that a new one needs no restart.
///
/// # Errors
/// What cannot be read, in words.
pub(super) async fn trust(ca_file: Option<String>) -> Result<Arc<ClientConfig>, String> {
    let load = move || {
        let mut extra = Vec::new();
        if let Some(path) = ca_file {
            let unreadable = |why: &dyn std::fmt::Display| format!("ca_file {path}: {why}");
            let meta = std::fs::metadata(&path).map_err(|error| unreadable(&error))?;
            if !meta.is_file() || meta.len() > FILE {
                return Err(unreadable(&"is no file of certificates"));
            }
            for certificate in
                CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(&error))?
            {
                extra.push(certificate.map_err(|error| unreadable(&error))?);
            }
            if extra.is_empty() {
                return Err(unreadable(&"has no certificate in it"));
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
            .map_err(|error| error.to_string())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::new(config))
    };
    tokio::task::spawn_blocking(load).await.map_err(|error| error.to_string())?
}
