//! Stub resolvers on loopback: good, slow, silent, cut, confused and broken ones.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::model::{Span, Spec};
use crate::probe::{Memory, Shared};

/// The replies of a stub to one question, one after the other.
type Answers = Vec<Vec<u8>>;

fn good(question: &Message) -> Message {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.add_query(question.queries[0].clone());
    for last in [1, 2] {
        let data = RData::A(A::new(192, 0, 2, last));
        reply.add_answer(Record::from_rdata(question.queries[0].name.clone(), 60, data));
    }
    reply
}

fn coded(question: &Message, code: ResponseCode) -> Answers {
    let mut reply = good(question);
    reply.answers.clear();
    reply.metadata.response_code = code;
    vec![reply.to_vec().unwrap()]
}

/// A resolver that answers every datagram as `answer` says.
async fn stub(answer: impl Fn(Message) -> Answers + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            for reply in answer(Message::from_vec(&buffer[..length]).unwrap()) {
                socket.send_to(&reply, peer).await.unwrap();
            }
        }
    });
    address
}

async fn whole() -> String {
    stub(|question| vec![good(&question).to_vec().unwrap()]).await
}

/// A port of this machine where nobody listens.
async fn closed() -> String {
    UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn look(resolvers: &[&str], answers: &[&str], timeout: u64) -> Observation {
    look_for(("example.com", "A"), resolvers, answers, timeout).await
}

async fn look_for(
    (query, record_type): (&str, &str),
    resolvers: &[&str],
    answers: &[&str],
    timeout: u64,
) -> Observation {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let spec = DnsSpec {
        query: query.to_owned(),
        record_type: record_type.to_owned(),
        resolvers: own(resolvers),
        answers: own(answers),
    };
    let mut check = Check::new("host", "dns", "127.0.0.1", Spec::Dns(spec));
    check.timeout = Span::from_millis(timeout);
    let context = Context::new(&Shared::start().unwrap(), check.timeout.to_std());
    crate::probe::run(&check, &context, &mut Memory::default()).await
}

fn message(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().unwrap();
    (failure.kind, failure.message.as_str())
}

fn instances(seen: &Observation) -> Vec<&str> {
    seen.metrics.iter().filter_map(|metric| metric.instance.as_deref()).collect()
}

#[tokio::test]
async fn one_resolver_answers_with_time_and_rating() {
    let resolver = whole().await;
    let seen = look(&[&resolver], &["192.0.2.2"], 5000).await;
    assert_eq!(seen.failure, None);
    let text = seen.output.as_str();
    assert!(text.starts_with("example.com A 192.0.2.1, 192.0.2.2 in "), "{text}");
    assert!(text.ends_with(&format!("), resolver {resolver}")), "{text}");
    assert!(seen.value("time").unwrap() > 0.0);
    assert_eq!(instances(&seen), Vec::<&str>::new());
    let line = seen.long.as_str();
    assert!(line.starts_with(&format!("{resolver}: 192.0.2.1, 192.0.2.2, NOERROR, ")), "{line}");
    assert_eq!(records(line), "192.0.2.1, 192.0.2.2");
    assert_eq!(records("[::1]:53: NXDOMAIN, 3 ms"), "NXDOMAIN");
}

#[tokio::test]
async fn the_question_is_plain_recursive_and_never_cached() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let resolver = stub(move |question| {
        heard.lock().unwrap().push(question.clone());
        vec![good(&question).to_vec().unwrap()]
    })
    .await;
    for _ in 0..8 {
        assert_eq!(look(&[&resolver], &[], 5000).await.failure, None);
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 8, "each run asks");
    assert!(asked.iter().all(|question| question.metadata.recursion_desired));
    assert!(asked.iter().all(|question| question.edns.is_none()));
    let numbers: std::collections::HashSet<u16> =
        asked.iter().map(|question| question.metadata.id).collect();
    assert!(numbers.len() > 4, "numbers are random");
}

#[tokio::test]
async fn several_resolvers_are_asked_at_once_and_the_worst_counts() {
    let (first, second, silent) = (whole().await, whole().await, stub(|_| Vec::new()).await);
    let seen = look(&[&first, &second], &[], 5000).await;
    assert_eq!(seen.failure, None);
    assert!(seen.output.as_str().contains("all 2 resolvers answered"), "{}", seen.output);
    assert_eq!(instances(&seen), [first.as_str(), second.as_str()]);
    let times: Vec<f64> = seen.metrics.iter().map(|metric| metric.value).collect();
    assert!((times[0] - times[1].max(times[2])).abs() < f64::EPSILON, "{times:?}");

    // One that fails makes the failure; the rest is measured all the same.
    let start = Instant::now();
    let seen = look(&[&silent, &first, &silent], &[], 400).await;
    assert!(start.elapsed() < Duration::from_millis(780), "asked one after the other");
    let lost = format!("no answer from resolver {silent} within 400ms");
    let text = format!("2 of 3 resolvers failed: {lost}; {lost}");
    assert_eq!(message(&seen), (FailureKind::Timeout, text.as_str()));
    assert_eq!(instances(&seen), [first.as_str()]);
    assert_eq!(seen.long.as_str().lines().count(), 3);
}

#[tokio::test]
async fn d_07_error_codes_are_failures_with_the_reason_and_no_number() {
    for (code, name) in [
        (ResponseCode::NXDomain, "NXDOMAIN"),
        (ResponseCode::ServFail, "SERVFAIL"),
        (ResponseCode::Refused, "REFUSED"),
        (ResponseCode::Unknown(15), "RCODE 15"),
    ] {
        let resolver = stub(move |question| coded(&question, code)).await;
        let seen = look(&[&resolver], &[], 5000).await;
        let text = format!("{name} for example.com A, said by resolver {resolver}");
        assert_eq!(message(&seen), (FailureKind::Mismatch, text.as_str()));
        assert!(FailureKind::Mismatch.blames_target());
        assert_eq!(seen.metrics, Vec::new());
        let line = seen.long.as_str();
        assert!(line.starts_with(&format!("{resolver}: {name}, ")), "{line}");
    }
}

#[tokio::test]
async fn a_resolver_that_refuses_the_root_is_there_and_may_serve() {
    let resolver = stub(|question| coded(&question, ResponseCode::Refused)).await;
    let seen = look_for((".", "NS"), &[&resolver], &[], 5000).await;
    assert_eq!((seen.claimed, &seen.failure), (Some(State::Warning), &None));
    let text = format!(
        "resolver {resolver} answers, but REFUSED for . NS: ask it for a name that it serves"
    );
    assert_eq!(seen.output.as_str(), text);
    assert_eq!(seen.metrics, Vec::new());
    // Who says what must come means the root itself.
    let seen = look_for((".", "NS"), &[&resolver], &["a.root-servers.net"], 5000).await;
    assert_eq!(message(&seen).0, FailureKind::Mismatch);
}

#[tokio::test]
async fn no_record_and_a_wrong_one_are_mismatches() {
    let resolver = stub(|question| coded(&question, ResponseCode::NoError)).await;
    let seen = look(&[&resolver], &[], 5000).await;
    let text = format!("no A record for example.com, said by resolver {resolver}");
    assert_eq!(message(&seen), (FailureKind::Mismatch, text.as_str()));

    let resolver = whole().await;
    let seen = look(&[&resolver], &["192.0.2.1", "192.0.2.9"], 5000).await;
    let text = format!(
        "example.com A lacks 192.0.2.9, came 192.0.2.1, 192.0.2.2, said by resolver {resolver}"
    );
    assert_eq!(message(&seen), (FailureKind::Mismatch, text.as_str()));
    assert!(seen.value("time").is_some());
}

#[tokio::test]
async fn d_07_silence_is_a_time_out_and_a_closed_port_refused() {
    let silent = stub(|_| Vec::new()).await;
    let start = Instant::now();
    let seen = look(&[&silent], &[], 300).await;
    let text = format!("no answer from resolver {silent} within 300ms");
    assert_eq!(message(&seen), (FailureKind::Timeout, text.as_str()));
    let took = start.elapsed();
    assert!(took > Duration::from_millis(290) && took < Duration::from_millis(800), "{took:?}");

    let closed = closed().await;
    let seen = look(&[&closed], &[], 5000).await;
    let text = format!("resolver {closed} refused: its port is closed");
    assert_eq!(message(&seen), (FailureKind::Refused, text.as_str()));
}

#[tokio::test]
async fn replies_to_other_questions_are_passed_over() {
    let forging = stub(|question| {
        let mut other = good(&question);
        other.metadata.id = other.metadata.id.wrapping_add(1);
        vec![b"x".to_vec(), other.to_vec().unwrap(), good(&question).to_vec().unwrap()]
    })
    .await;
    assert_eq!(look(&[&forging], &[], 5000).await.failure, None);

    let confused = stub(|question| {
        let mut other = good(&question);
        other.metadata.id = other.metadata.id.wrapping_add(1);
        vec![other.to_vec().unwrap()]
    })
    .await;
    let seen = look(&[&confused], &[], 300).await;
    let text =
        format!("resolver {confused} answered other questions (1) and not ours within 300ms");
    assert_eq!(message(&seen), (FailureKind::Protocol, text.as_str()));

    let garbage = stub(|question| {
        let mut bytes = question.metadata.id.to_be_bytes().to_vec();
        bytes.extend([0x80, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0, 0x0c]);
        vec![bytes]
    })
    .await;
    let seen = look(&[&garbage], &[], 5000).await;
    let text = format!("resolver {garbage} sent something that is no DNS reply");
    assert_eq!(message(&seen), (FailureKind::Protocol, text.as_str()));
}

/// A resolver whose UDP replies are cut; over TCP it says `reply` and then closes.
async fn cut(reply: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).await.unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            let mut cut = good(&Message::from_vec(&buffer[..length]).unwrap());
            cut.metadata.truncation = true;
            cut.answers.clear();
            socket.send_to(&cut.to_vec().unwrap(), peer).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            let bytes = reply(&Message::from_vec(&question).unwrap());
            let _ = stream.write_all(&bytes).await;
        }
    });
    (address.to_string(), asked)
}

fn framed(message: &Message) -> Vec<u8> {
    let bytes = message.to_vec().unwrap();
    let mut framed = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(bytes);
    framed
}

#[tokio::test]
async fn a_cut_reply_is_fetched_over_tcp() {
    let (resolver, asked) = cut(|question| framed(&good(question))).await;
    let seen = look(&[&resolver], &["192.0.2.2"], 5000).await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let (resolver, _) = cut(|question| framed(&good(question))[..20].to_vec()).await;
    let seen = look(&[&resolver], &[], 5000).await;
    assert_eq!(message(&seen).0, FailureKind::Protocol, "{}", seen.output);

    let (resolver, _) = cut(|question| {
        let mut other = good(question);
        other.metadata.id ^= 1;
        framed(&other)
    })
    .await;
    assert_eq!(message(&look(&[&resolver], &[], 5000).await).0, FailureKind::Protocol);
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_matter_of_configuration() {
    let seen = look(&["not a resolver"], &[], 1000).await;
    let text = "`not a resolver` is no resolver; write 10.0.0.53, 10.0.0.53:53 or [::1]:53";
    assert_eq!(message(&seen), (FailureKind::Config, text));
}

#[test]
fn many_answers_are_shortened() {
    let answers: Vec<String> = (0..7).map(|last| format!("192.0.2.{last}")).collect();
    assert_eq!(named(&answers), "192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3 and 3 more");
}
