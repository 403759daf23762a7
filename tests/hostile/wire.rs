//! A socket between the engine and a console that puts texts in the place of tokens, past every
//! gate on the engine's side: what arrives is what a hostile engine would send.
//!
//! In: what the engine answers. Out: the same with texts. Never: understands it.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use crate::fields::{TOKEN, read_token};

/// The text for a field of a variant.
pub type Texts = Arc<dyn Fn(usize, usize) -> String + Send + Sync>;

/// Passes on between `near`, where a console connects, and the engine at `far`.
pub async fn serve(near: UnixListener, far: Arc<Path>, texts: Texts) {
    while let Ok((stream, _)) = near.accept().await {
        let (far, texts) = (Arc::clone(&far), Arc::clone(&texts));
        // Whoever goes away in between ends its own connection only.
        tokio::spawn(async move { pass(stream, &far, &texts).await });
    }
}

async fn pass(mut near: UnixStream, far: &Path, texts: &Texts) -> std::io::Result<()> {
    let request = read_request(&mut near).await?;
    let path = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let is_json = !path.starts_with(b"/api/v1/config");
    // The older version has no chunks, whose sizes would be wrong afterwards.
    let mut far = UnixStream::connect(far).await?;
    let end = request.windows(8).position(|part| part == b"HTTP/1.1").unwrap_or(0);
    far.write_all(&request[..end]).await?;
    far.write_all(b"HTTP/1.0").await?;
    far.write_all(&request[end + 8..]).await?;
    let mut buffer = vec![0; 65536];
    let mut held: Vec<u8> = Vec::new();
    let mut is_head = true;
    loop {
        let read = far.read(&mut buffer).await?;
        held.extend_from_slice(&buffer[..read]);
        if is_head {
            let Some(end) = held.windows(4).position(|part| part == b"\r\n\r\n") else {
                if read == 0 {
                    return Ok(());
                }
                continue;
            };
            let head: Vec<u8> = held.drain(..end + 4).collect();
            for line in head.split_inclusive(|byte| *byte == b'\n') {
                if !line.to_ascii_lowercase().starts_with(b"content-length") {
                    near.write_all(line).await?;
                }
            }
            is_head = false;
        }
        near.write_all(&replace(&mut held, read == 0, is_json, texts)).await?;
        if read == 0 {
            return near.shutdown().await;
        }
    }
}

/// One request, its body too.
async fn read_request(near: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if near.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = request.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + length {
            return Ok(request);
        }
    }
}

/// Takes what is whole out of `held`, with texts for tokens.
pub fn replace(held: &mut Vec<u8>, all: bool, is_json: bool, texts: &Texts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = held[at..].iter().position(|byte| *byte == b'Q') {
        out.extend_from_slice(&held[at..at + found]);
        at += found;
        if let Some((field, variant)) = read_token(&held[at..]) {
            let text = texts(field, variant);
            if is_json {
                let quoted = serde_json::to_string(&text).unwrap();
                out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            at += TOKEN;
        } else if held.len() - at < TOKEN && !all && held[at..].get(1).is_none_or(|b| *b == b'Z') {
            // The rest of it may be on its way.
            held.drain(..at);
            return out;
        } else {
            out.push(b'Q');
            at += 1;
        }
    }
    out.extend_from_slice(&held[at..]);
    held.clear();
    out
}
