//! The events of an engine elsewhere: server-sent events, read one at a time.
//!
//! Nothing is buffered here beyond what one read of the socket brought: who reads slowly is
//! noticed by the engine, which says [`Event::Resync`] or ends the stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::protocol::Event;
use crate::protocol::event::Mark;

/// Silence after which a stream is dead; the engine shows every 5 s that it lives.
const SILENCE: Duration = Duration::from_secs(20);
/// Most bytes of one event; the largest real one is a worker's whole list of checks.
const EVENT_LIMIT: usize = 64 * 1024 * 1024;

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    frames: Frames,
    ended: bool,
}

impl Events {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, frames: Frames::default(), ended: false }
    }

    /// The next event. `None` when the stream ended: the engine stopped, dropped this watcher for
    /// being slow, or fell silent; watch again. An event that cannot be read is a gap: it becomes
    /// [`Event::Resync`], and then the stream ends. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match tokio::time::timeout(SILENCE, self.response.chunk()).await {
                Ok(Ok(Some(bytes))) => self.frames.feed(&bytes),
                Ok(Ok(None) | Err(_)) | Err(_) => self.ended = true,
            }
        }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        if self.ended {
            return None;
        }
        let frame = self.frames.pop()?;
        let event = frame.and_then(|frame| match frame {
            Frame::Data(bytes) => serde_json::from_slice(&bytes).ok(),
            Frame::Mark(mark) => Some(Event::Mark(mark)),
        });
        if event.is_none() {
            self.ended = true;
        }
        Some(Arc::new(event.unwrap_or(Event::Resync)))
    }
}

/// A parser of server-sent events that keeps their data and their ids.
#[derive(Debug, Default)]
struct Frames {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    broken: bool,
    ready: VecDeque<Option<Frame>>,
}

/// What a stream consists of.
#[derive(Debug)]
enum Frame {
    /// An event.
    Data(Vec<u8>),
    /// How far it is.
    Mark(Mark),
}

impl Frames {
    /// Takes in what came; what is larger than [`EVENT_LIMIT`] breaks the stream.
    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.broken {
                return;
            }
            if self.line.len() + self.data.len() + piece.len() > EVENT_LIMIT {
                *self = Self {
                    broken: true,
                    ready: std::mem::take(&mut self.ready),
                    ..Self::default()
                };
                self.ready.push_back(None);
                return;
            }
            self.line.extend_from_slice(piece);
            if self.line.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.line);
                self.take_line(&line);
            }
        }
    }

    fn take_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                self.ready.push_back(Some(Frame::Data(std::mem::take(&mut self.data))));
            }
        } else if let Some(id) = line.strip_prefix(b"id:") {
            let id = std::str::from_utf8(id).ok().and_then(|id| id.trim().parse().ok());
            if let Some(mark) = id {
                self.ready.push_back(Some(Frame::Mark(mark)));
            }
        } else if let Some(data) = line.strip_prefix(b"data:") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.has_data = true;
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
    }

    /// The data of the next event; `Some(None)` for one that was too large.
    #[expect(clippy::option_option, reason = "nothing yet, a gap, or data: three things")]
    fn pop(&mut self) -> Option<Option<Frame>> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(frames: &mut Frames) -> Vec<Option<String>> {
        std::iter::from_fn(|| frames.pop())
            .map(|frame| match frame? {
                Frame::Data(bytes) => Some(String::from_utf8(bytes).unwrap()),
                Frame::Mark(mark) => Some(mark.to_string()),
            })
            .collect()
    }

    #[test]
    fn comments_names_and_line_ends_do_not_disturb() {
        let mut frames = Frames::default();
        frames.feed(b": alive\n\nevent: x\r\ndata: {\"a\":1}\r\n\r\ndata:one\ndata: two\n\n:\n\n");
        assert_eq!(all(&mut frames), [Some("{\"a\":1}".to_owned()), Some("one\ntwo".to_owned())]);
        frames.feed(b"id: 5-7\n\nid: x\n\n");
        assert_eq!(all(&mut frames), [Some("5-7".to_owned())]);
    }

    #[test]
    fn an_endless_event_breaks_the_stream_and_is_not_kept() {
        let mut frames = Frames::default();
        frames.feed(b"data: good\n\ndata: ");
        let block = vec![b'x'; 1024 * 1024];
        for _ in 0..200 {
            frames.feed(&block);
        }
        assert!(frames.line.is_empty() && frames.data.is_empty());
        assert_eq!(all(&mut frames), [Some("good".to_owned()), None]);
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_they_are_cut(cuts in prop::collection::vec(1..9_usize, 1..40)) {
            let text = b"data: {\"event\":\"ready\"}\n\n: alive\n\ndata: 1\ndata: 2\n\ndata: 3\r\n\r\n";
            let mut frames = Frames::default();
            let mut rest: &[u8] = text;
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                frames.feed(head);
                rest = tail;
            }
            frames.feed(rest);
            prop_assert_eq!(all(&mut frames).len(), 3);
        }
    }
}
