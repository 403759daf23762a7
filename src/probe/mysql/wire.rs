//! Packets of the `MySQL` protocol, and reading fields from bytes that anybody may have written.
//!
//! Every length is compared with a limit before memory is taken for it.

use std::io::ErrorKind;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::model::{Failure, FailureKind};

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that carries packets.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// The number that the next packet must have.
    sequence: u8,
    /// Address or path of the server, for texts.
    pub place: String,
}

impl Wire {
    /// Packets over `stream`.
    pub fn new(stream: impl Stream + 'static, place: String) -> Self {
        Self { stream: Box::new(stream), sequence: 0, place }
    }

    /// The bare stream (for a TLS handshake) and the number of the next packet.
    pub fn into_parts(self) -> (Box<dyn Stream>, u8, String) {
        (self.stream, self.sequence, self.place)
    }

    /// Packets over the stream that replaces an earlier one.
    pub fn resumed(stream: impl Stream + 'static, sequence: u8, place: String) -> Self {
        Self { stream: Box::new(stream), sequence, place }
    }

    /// One packet of 1 to `limit` bytes.
    ///
    /// # Errors
    /// [`FailureKind::Protocol`] for what is no packet, [`FailureKind::TooLarge`] beyond `limit`.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut header = [0; 4];
        self.fill(&mut header).await?;
        let [low, middle, high, sequence] = header;
        let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
        if sequence != self.sequence || length == 0 {
            return Err(self.garbage("its packets are out of order"));
        }
        self.sequence = sequence.wrapping_add(1);
        if length > limit {
            let why = format!("{} sent a packet of {length} bytes (limit {limit})", self.place);
            return Err(Failure::new(FailureKind::TooLarge, why));
        }
        let mut body = vec![0; length];
        self.fill(&mut body).await?;
        Ok(body)
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.stream.read_exact(bytes).await.map(drop).map_err(|error| self.broken(&error))
    }

    /// Sends one packet as the next of the exchange.
    ///
    /// # Errors
    /// [`FailureKind::Protocol`] when the connection is gone, [`FailureKind::Config`] when the
    /// packet is larger than the protocol allows.
    pub async fn write(&mut self, body: &[u8]) -> Result<(), Failure> {
        let length = u32::try_from(body.len()).ok().filter(|length| *length < 0x00ff_ffff);
        let Some(length) = length else {
            return Err(Failure::new(FailureKind::Config, "the query is longer than 16 MiB"));
        };
        let [low, middle, high, _] = length.to_le_bytes();
        let mut packet = vec![low, middle, high, self.sequence];
        packet.extend_from_slice(body);
        self.sequence = self.sequence.wrapping_add(1);
        let sent = async {
            self.stream.write_all(&packet).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error| self.broken(&error))
    }

    /// Sends a command, which begins a new exchange.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn command(&mut self, code: u8, body: &[u8]) -> Result<(), Failure> {
        self.sequence = 0;
        let mut packet = vec![code];
        packet.extend_from_slice(body);
        self.write(&packet).await
    }

    /// Says good-bye.
    pub async fn quit(mut self) {
        const QUIT: u8 = 0x01;
        if self.command(QUIT, &[]).await.is_ok() {
            let _ = self.stream.shutdown().await;
        }
    }

    /// The failure of a server that breaks the protocol.
    pub fn garbage(&self, why: &str) -> Failure {
        let text = format!("{} does not speak the MySQL protocol: {why}", self.place);
        Failure::new(FailureKind::Protocol, text)
    }

    fn broken(&self, error: &std::io::Error) -> Failure {
        let place = &self.place;
        let text = match error.kind() {
            ErrorKind::UnexpectedEof => format!("{place} closed the connection early"),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                format!("connection reset by {place}")
            }
            _ => format!("connection to {place} failed: {error}"),
        };
        Failure::new(FailureKind::Protocol, text)
    }
}

/// Takes fields from the front of a packet; `None` when it is too short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A little-endian number of `bytes` bytes, at most eight.
    pub fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes)?;
        Some(taken.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).and_then(|taken| taken.first().copied())
    }

    /// The bytes before the next NUL.
    pub fn until_nul(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Some(taken)
    }

    /// A number of variable length.
    pub fn length(&mut self) -> Option<u64> {
        match self.byte()? {
            0xfc => self.number(2),
            0xfd => self.number(3),
            0xfe => self.number(8),
            // NULL and the mark of an error are no numbers.
            0xfb | 0xff => None,
            small => Some(u64::from(small)),
        }
    }

    /// Bytes with their length in front.
    pub fn counted(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.length()?).ok()?;
        self.take(length)
    }
}

/// What a server says in an error packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    /// Its number, such as 1045.
    pub code: u16,
    /// Its words, as they came; not yet safe to show.
    pub message: String,
}

impl ServerError {
    /// Reads an error packet, `0xff` included.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields(packet.strip_prefix(&[0xff])?);
        let code = u16::try_from(fields.number(2)?).ok()?;
        // `#` and a state of five letters, except before the login.
        let message = match fields.0.strip_prefix(b"#") {
            Some(rest) => rest.get(5..).unwrap_or_default(),
            None => fields.0,
        };
        let message = String::from_utf8_lossy(message).chars().take(300).collect();
        Some(Self { code, message })
    }
}
