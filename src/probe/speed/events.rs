//! What the child that speaks iperf3 writes: one JSON object on a line, with bounds on all of it.

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// Longest line, in bytes.
const LINE_LIMIT: usize = 1 << 20;
/// No link is as fast, in Mbit/s: a figure above it is no measurement.
const FASTEST: f64 = 10_000_000.0;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// A quarter of a second went by.
    Interval {
        /// The end of it, in seconds since the begin.
        end: f64,
        /// Bytes that were moved in it.
        bytes: u64,
        /// The rate in it.
        mbps: f64,
    },
    /// The test is over.
    End(Box<End>),
    /// It failed.
    Error(String),
    /// For so many seconds the server counted.
    Counted(f64),
    /// Something else.
    Other,
}

/// The figures at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct End {
    /// The rate at the receiver, in Mbit/s.
    pub mbps: f64,
    /// Bytes at the receiver.
    pub bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    pub retransmits: Option<u64>,
    pub jitter_ms: Option<f64>,
    pub loss_pct: Option<f64>,
    /// The least and the mean round trip of the sender's connections, in milliseconds.
    pub rtt_ms: Option<(f64, f64)>,
}

/// Reads the next line; nothing at the end.
pub(super) async fn next_line(
    from: &mut (impl AsyncBufRead + Unpin),
) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    loop {
        let there = from.fill_buf().await.map_err(|error| format!("cannot be read: {error}"))?;
        if there.is_empty() {
            break;
        }
        let (taken, is_end) = match memchr::memchr(b'\n', there) {
            Some(at) => (at + 1, true),
            None => (there.len(), false),
        };
        if line.len() + taken > LINE_LIMIT {
            return Err(format!("wrote a line above {LINE_LIMIT} bytes"));
        }
        line.extend_from_slice(there.get(..taken).unwrap_or_default());
        from.consume(taken);
        if is_end {
            break;
        }
    }
    if line.is_empty() {
        return Ok(None);
    }
    String::from_utf8(line).map(Some).map_err(|_| "wrote what is no text".to_owned())
}

/// Reads an event.
pub(super) fn read(line: &str) -> Result<Event, String> {
    let value: Value =
        serde_json::from_str(line).map_err(|_| format!("wrote what is no JSON: {}", cut(line)))?;
    let data = value.get("data").unwrap_or(&Value::Null);
    match value.get("event").and_then(Value::as_str) {
        Some("interval") => interval(data),
        // After an error comes an empty end.
        Some("end") if data.as_object().is_none_or(serde_json::Map::is_empty) => Ok(Event::Other),
        Some("end") => end(data).map(|end| Event::End(Box::new(end))),
        Some("server_output_json") => {
            let seconds = data.pointer("/end/sum_received/seconds").and_then(Value::as_f64);
            Ok(seconds.map_or(Event::Other, Event::Counted))
        }
        Some("server_output_text") => {
            Ok(data.as_str().and_then(counted).map_or(Event::Other, Event::Counted))
        }
        Some("error") => Ok(Event::Error(cut(data.as_str().unwrap_or("it failed")))),
        Some(_) => Ok(Event::Other),
        None => Err(format!("wrote what is no event: {}", cut(line))),
    }
}

fn cut(text: &str) -> String {
    text.trim().chars().take(200).collect()
}

fn interval(data: &Value) -> Result<Event, String> {
    let sum = data.get("sum").unwrap_or(&Value::Null);
    Ok(Event::Interval {
        end: number(sum, "end", 1e6)?,
        bytes: whole(sum, "bytes")?,
        mbps: number(sum, "bits_per_second", FASTEST * 1e6)? / 1e6,
    })
}

fn end(data: &Value) -> Result<End, String> {
    let part = |name: &str| data.get(name).filter(|part| part.is_object());
    let udp = part("sum").filter(|sum| sum.get("lost_percent").is_some());
    let received = part("sum_received").or(udp).ok_or("gives no figures at its end")?;
    let mut found = End {
        mbps: number(received, "bits_per_second", FASTEST * 1e6)? / 1e6,
        bytes: whole(received, "bytes")?,
        seconds: number(received, "seconds", 1e6)?,
        ..End::default()
    };
    if let Some(sum) = udp {
        found.jitter_ms = Some(number(sum, "jitter_ms", 1e9)?);
        found.loss_pct = Some(number(sum, "lost_percent", 100.0)?);
    } else {
        let sent = part("sum_sent").unwrap_or(&Value::Null);
        found.retransmits = sent.get("retransmits").and_then(Value::as_u64);
        found.rtt_ms = rtt(data);
    }
    Ok(found)
}

/// The time of the last line of a receiver in a server's report, such as
/// `[SUM]   0.00-4.10   sec  24.8 MBytes  50.7 Mbits/sec                  receiver`.
fn counted(text: &str) -> Option<f64> {
    let line = text.lines().rev().find(|line| line.trim_end().ends_with("receiver"))?;
    let span = line.split_whitespace().find_map(|word| word.split_once('-'))?;
    span.1.parse().ok()
}

/// The round trips of the sender's streams, which are in microseconds.
#[expect(clippy::cast_precision_loss, reason = "at most 128 streams are looked at")]
fn rtt(data: &Value) -> Option<(f64, f64)> {
    let streams = data.get("streams")?.as_array()?;
    let senders = streams.iter().take(128).filter_map(|stream| stream.get("sender"));
    let of = |sender: &Value| {
        let get = |name: &str| sender.get(name)?.as_f64().filter(|n| *n > 0.0 && *n < 1e9);
        Some((get("min_rtt")? / 1000.0, get("mean_rtt")? / 1000.0))
    };
    let all: Vec<(f64, f64)> = senders.filter_map(of).collect();
    let least = all.iter().map(|(least, _)| *least).reduce(f64::min)?;
    let mean = all.iter().map(|(_, mean)| *mean).sum::<f64>() / all.len() as f64;
    Some((least, mean))
}

fn number(from: &Value, name: &str, most: f64) -> Result<f64, String> {
    match from.get(name).and_then(Value::as_f64) {
        Some(number) if number.is_finite() && (0.0..=most).contains(&number) => Ok(number),
        Some(number) => Err(format!("gives {number} as its {name}, which is no measurement")),
        None => Err(format!("gives no {name}")),
    }
}

fn whole(from: &Value, name: &str) -> Result<u64, String> {
    from.get(name).and_then(Value::as_u64).ok_or_else(|| format!("gives no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_14_the_figures_are_those_of_the_receiver() {
        let line = r#"{"event":"end","data":{"streams":[
            {"sender":{"min_rtt":1000,"mean_rtt":3000},"receiver":{}},
            {"sender":{"min_rtt":2000,"mean_rtt":5000},"receiver":{}}],
            "sum_sent":{"bytes":200,"bits_per_second":9e6,"seconds":1,"retransmits":7},
            "sum_received":{"bytes":100,"bits_per_second":8e6,"seconds":1.5}}}"#;
        let Ok(Event::End(end)) = read(line) else { panic!("{:?}", read(line)) };
        let wanted = End {
            mbps: 8.0,
            bytes: 100,
            seconds: 1.5,
            retransmits: Some(7),
            rtt_ms: Some((1.0, 4.0)),
            ..End::default()
        };
        assert_eq!(*end, wanted);
        let line = r#"{"event":"end","data":{"sum":{"bytes":9,"bits_per_second":1e6,"seconds":2,
            "jitter_ms":0.5,"lost_packets":1,"packets":4,"lost_percent":25}}}"#;
        let Ok(Event::End(end)) = read(line) else { panic!("{:?}", read(line)) };
        assert_eq!((end.jitter_ms, end.loss_pct, end.retransmits), (Some(0.5), Some(25.0), None));
    }

    #[test]
    fn what_is_absurd_is_no_measurement() {
        for (line, says) in [
            ("", "no JSON"),
            ("[", "no JSON"),
            ("{}", "no event"),
            (r#"{"event":"interval","data":{}}"#, "no end"),
            (r#"{"event":"interval","data":{"sum":{"end":-1,"bytes":1}}}"#, "gives -1 as its end"),
            (r#"{"event":"end","data":{"sum_received":{"bits_per_second":1e300}}}"#, "bits_per"),
            (r#"{"event":"end","data":{"sum_received":{"bits_per_second":"x"}}}"#, "bits_per"),
            (r#"{"event":"end","data":{"a":1}}"#, "no figures"),
        ] {
            let why = read(line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
        }
        let failed = r#"{"event":"error","data":"access denied"}"#;
        assert_eq!(read(failed), Ok(Event::Error("access denied".into())));
        assert_eq!(read(r#"{"event":"end","data":{}}"#), Ok(Event::Other));
    }

    #[test]
    fn how_long_the_server_counted_is_in_its_report() {
        let text = "[  5]   0.00-1.00   sec  5.9 MBytes  49.2 Mbits/sec\n- - - -\n\
            [SUM]   0.00-4.10   sec  24.8 MBytes  50.7 Mbits/sec                  receiver\n";
        let line = serde_json::json!({ "event": "server_output_text", "data": text }).to_string();
        assert_eq!(read(&line), Ok(Event::Counted(4.1)));
        let line =
            r#"{"event":"server_output_json","data":{"end":{"sum_received":{"seconds":4.2}}}}"#;
        assert_eq!(read(line), Ok(Event::Counted(4.2)));
        for odd in [r#""x-y receiver""#, r#""""#, "{}", "7"] {
            let line = format!(r#"{{"event":"server_output_text","data":{odd}}}"#);
            assert_eq!(read(&line), Ok(Event::Other), "{odd}");
        }
    }

    #[tokio::test]
    async fn a_line_has_a_limit() {
        let mut two = &b"a\nb"[..];
        assert_eq!(next_line(&mut two).await, Ok(Some("a\n".into())));
        assert_eq!(next_line(&mut two).await, Ok(Some("b".into())));
        assert_eq!(next_line(&mut two).await, Ok(None));
        let long = vec![b'x'; 10 << 20];
        let why = next_line(&mut &long[..]).await.unwrap_err();
        assert!(why.contains("above 1048576 bytes"), "{why}");
        assert!(next_line(&mut &b"\xff\n"[..]).await.unwrap_err().contains("no text"));
    }
}
