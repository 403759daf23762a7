//! Agents that lie, loop, never end or send garbage: a named error, UNKNOWN, in bounded time and
//! memory (FAULTS 39). An answer that is not ours is no answer.

use std::time::{Duration, Instant};

use async_snmp::pdu::PduType;
use async_snmp::{Oid, Value, VarBind};
use bytes::Bytes;
use fluxnoc::model::snmp::{SnmpEntry, SnmpLogin, SnmpSpec, SnmpType};
use fluxnoc::model::{FailureKind, Secret, State, Unit};

use super::stub::{Asked, Mib, Stub};
use super::{COMMUNITY, Poller, failed, of, once, spec};

const IF_NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];

/// Answers GET honestly (with what a device has at least), and everything else as it likes.
fn tables(mut answer: impl FnMut(&Asked) -> Vec<u8> + Send + 'static) -> Stub {
    let mib = Mib::default();
    Stub::start(move |asked| {
        vec![if asked.kind == PduType::GetRequest { mib.answer(asked) } else { answer(asked) }]
    })
}

/// Only interfaces, so that the first table that is asked for is theirs.
fn interfaces(port: u16) -> SnmpSpec {
    SnmpSpec { host_metrics: false, ..spec(port) }
}

fn binds(asked: &Asked, value: impl Fn(&Oid) -> VarBind) -> Vec<u8> {
    asked.reply(asked.oids.iter().map(value).collect())
}

#[tokio::test]
async fn an_agent_that_loops_or_goes_back_is_named() {
    let still = tables(|asked| binds(asked, |oid| VarBind::new(oid.clone(), Value::Integer(1))));
    let back = tables(|asked| {
        let index = if asked.oids[0].len() > IF_NAME.len() { 1 } else { 5 };
        binds(asked, |oid| {
            let column = &oid.arcs()[..oid.len().min(IF_NAME.len())];
            VarBind::new(Oid::new(column.iter().copied().chain([index])), Value::Integer(1))
        })
    });
    // Standing still at the column itself is its end; one row further it is a loop.
    let looping = tables(|asked| {
        binds(asked, |oid| {
            let mut numbers = oid.arcs().to_vec();
            if numbers.len() == IF_NAME.len() {
                numbers.push(1);
            }
            VarBind::new(Oid::new(numbers), Value::Integer(1))
        })
    });
    let seen = once(interfaces(still.port)).await;
    assert_eq!(
        (seen.failure.as_ref(), seen.output.as_str()),
        (None, "no interface matches, rates from the next poll on")
    );
    for stub in [&back, &looping] {
        let seen = once(interfaces(stub.port)).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::Unreadable);
        assert!(text.contains("the agent's table does not increase"), "{text}");
        assert!(stub.asked.load(std::sync::atomic::Ordering::Relaxed) < 10);
    }
    // Version 1 walks by GETNEXT and is refused as well.
    let login = SnmpLogin::V1(Secret::Inline(COMMUNITY.to_owned()));
    let seen = once(SnmpSpec { login, ..interfaces(back.port) }).await;
    assert!(failed(&seen).1.contains("the agent's table does not increase"), "{}", seen.output);
}

#[tokio::test]
async fn an_agent_that_never_ends_is_cut_off() {
    let mut row = 0_u32;
    let endless = tables(move |asked| {
        let mut answer = Vec::new();
        for _ in 0..8 {
            row += 1;
            for oid in &asked.oids {
                let column = &oid.arcs()[..oid.len().min(IF_NAME.len())];
                let oid = Oid::new(column.iter().copied().chain([row]));
                answer.push(VarBind::new(oid, Value::OctetString(Bytes::from(vec![b'x'; 800]))));
            }
        }
        asked.reply(answer)
    });
    let mut poller = Poller::new(interfaces(endless.port), Duration::from_secs(20));
    let before = resident();
    let verdict = poller.verdict().await;
    assert_eq!(verdict.state, State::Unknown);
    let text = verdict.output.as_str();
    assert!(
        text.starts_with("the agent's table 1.3.6.1.2.1.31.1.1.1.1 has more than 16384 rows"),
        "{text}"
    );
    assert!(text.ends_with("; check not made"), "{text}");
    // 16384 rows of six texts, each cut to 256 bytes.
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB", grown >> 20);
}

#[tokio::test]
async fn an_agent_that_is_slow_without_end_meets_the_deadline() {
    let mut row = 0_u32;
    let slow = tables(move |asked| {
        std::thread::sleep(Duration::from_millis(150));
        row += 1;
        binds(asked, |oid| {
            let column = &oid.arcs()[..oid.len().min(IF_NAME.len())];
            VarBind::new(Oid::new(column.iter().copied().chain([row])), Value::Integer(1))
        })
    });
    let begun = Instant::now();
    let seen = once(interfaces(slow.port)).await;
    assert!(begun.elapsed() < Duration::from_millis(2300), "{:?}", begun.elapsed());
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Unreadable);
    assert!(text.starts_with("the agent did not come to an end in"), "{text}");
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn answers_that_are_not_to_us_are_no_answers() {
    let mib = Mib::default();
    type Answer = fn(&Asked, &Mib) -> Vec<u8>;
    let cases: [(&str, Answer); 7] = [
        ("another request's id", |asked, _| asked.answer(asked.id ^ 1, 0, 0, Vec::new())),
        ("cut in the middle", |asked, mib| {
            let whole = mib.answer(asked);
            whole[..whole.len() / 2].to_vec()
        }),
        ("a length beyond the datagram", |asked, mib| {
            let mut whole = mib.answer(asked);
            whole.splice(..2, [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]);
            whole
        }),
        ("an endless length", |asked, mib| {
            let mut whole = mib.answer(asked);
            whole.splice(..2, [0x30, 0x80]);
            whole
        }),
        ("text", |_, _| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("nothing", |_, _| Vec::new()),
        ("another community", |asked, mib| {
            mib.answer(&Asked { community: "other".into(), ..asked.clone() })
        }),
    ];
    for (what, answer) in cases {
        let mib = mib.clone();
        let stub = Stub::start(move |asked| vec![answer(asked, &mib)]);
        let mut poller = Poller::new(spec(stub.port), Duration::from_millis(600));
        let verdict = poller.verdict().await;
        assert_eq!(verdict.state, State::Unknown, "{what}");
        let text = verdict.output.as_str();
        assert!(
            text.starts_with("no answer, or wrong community or credentials: 127.0.0.1:"),
            "{what}: {text}"
        );
        assert!(text.ends_with("; investigate connectivity"), "FM-06, {what}: {text}");
    }
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again() {
    let mib = Mib::default();
    let mut count = 0;
    let deaf = Stub::start(move |asked| {
        count += 1;
        if count % 3 == 0 { vec![mib.answer(asked)] } else { Vec::new() }
    });
    let mut poller = Poller::new(spec(deaf.port), Duration::from_secs(8));
    poller.check.spec = std::sync::Arc::new(fluxnoc::model::Spec::Snmp(Box::new(SnmpSpec {
        interfaces: Vec::new(),
        host_metrics: false,
        get: vec![entry("up", "1.3.6.1.2.1.1.3.0")],
        ..spec(deaf.port)
    })));
    let seen = poller.poll().await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert!(seen.value("up").unwrap() >= 1_000_000.0);
}

fn entry(name: &str, oid: &str) -> SnmpEntry {
    SnmpEntry {
        name: name.to_owned(),
        oid: oid.parse().unwrap(),
        label: None,
        unit: Unit::Count,
        scale: 1.0,
        counts: SnmpType::Gauge,
    }
}

#[tokio::test]
async fn errors_and_odd_answers_are_told_by_name() {
    type Answer = fn(&Asked) -> Vec<u8>;
    let cases: [(&str, Answer, FailureKind); 6] = [
        (
            "the agent answers with the error genErr",
            |asked| asked.error(5, 1),
            FailureKind::Unreadable,
        ),
        (
            "the agent answers with the error tooBig",
            |asked| asked.answer(asked.id, 1, 0, Vec::new()),
            FailureKind::Unreadable,
        ),
        ("the agent denies us its objects", |asked| asked.error(16, 0), FailureKind::Login),
        (
            "the agent answers with other objects",
            |asked| asked.reply(Vec::new()),
            FailureKind::Unreadable,
        ),
        (
            "the agent answers with other objects",
            |asked| binds(asked, |oid| VarBind::new(oid.child(1), Value::Integer(1))),
            FailureKind::Unreadable,
        ),
        (
            "the agent answers with other objects",
            |asked| asked.reply(vec![VarBind::new(asked.oids[0].clone(), Value::Null); 500]),
            FailureKind::Unreadable,
        ),
    ];
    for (wanted, answer, kind) in cases {
        let stub = Stub::start(move |asked| vec![answer(asked)]);
        let seen = once(spec(stub.port)).await;
        let (found, text) = failed(&seen);
        assert!(text.starts_with(wanted), "{wanted}: {text}");
        assert_eq!(found, kind, "{text}");
        assert!(stub.asked.load(std::sync::atomic::Ordering::Relaxed) < 200);
    }
}

#[tokio::test]
async fn huge_and_hostile_texts_are_cut_and_made_visible() {
    let mut mib = Mib::default();
    mib.interface(1, "x", "y", (1, 1), (0, 0));
    let name = format!("a\u{1b}]0;owned\u{7}{}", "b".repeat(3000));
    mib.text(&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 1], &name);
    mib.text(&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18, 1], "fra\u{202e}kcab\nnext");
    let stub = Stub::start(move |asked| vec![mib.answer(asked)]);
    let seen = once(spec(stub.port)).await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    let aliases = seen.aliases.as_ref().unwrap();
    let (name, alias) = aliases.first_key_value().unwrap();
    assert!(name.len() <= 67 && name.starts_with("a␛]0;owned"), "{name}");
    assert!(!alias.as_str().contains(['\u{202e}', '\n']), "{alias}");
    assert_eq!(of(&seen, &format!("link_state[{name}]")), Some(1.0));
}

#[tokio::test]
async fn values_of_wrong_types_are_no_figures() {
    let mut mib = Mib::default();
    mib.interface(1, "eth0", "", (1, 1), (0, 0));
    for (n, odd) in
        [Value::Null, Value::IpAddress([1, 2, 3, 4]), Value::Integer(-9)].into_iter().enumerate()
    {
        let mut mib = mib.clone();
        for column in 6..=13 {
            mib.set(&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, 1], odd.clone());
        }
        mib.set(&[1, 3, 6, 1, 4, 1, 2021, 4, 5, 0], odd.clone());
        mib.set(&[1, 3, 6, 1, 4, 1, 2021, 10, 1, 3, 1], odd.clone());
        mib.set(&[1, 3, 6, 1, 4, 1, 9, 1, 0], odd.clone());
        let stub = Stub::start(move |asked| vec![mib.answer(asked)]);
        let own = SnmpSpec { get: vec![entry("fans", "1.3.6.1.4.1.9.1.0")], ..spec(stub.port) };
        let mut poller = Poller::new(own, Duration::from_secs(2));
        poller.poll().await;
        let seen = poller.poll().await;
        assert_eq!(of(&seen, "octets_in[eth0]"), None, "{n}: {seen:?}");
        assert_eq!(of(&seen, "memory_usage"), None);
        // A negative number is a number, the others are said.
        let said = seen.output.as_str().contains("fans: a value of type");
        assert_eq!(said, n < 2, "{}", seen.output);
    }
}

#[tokio::test]
async fn version_1_agents_do_without_what_they_do_not_have() {
    let mut mib = Mib::default();
    mib.interface(1, "eth0", "uplink", (1, 1), (5, 5));
    mib.interface(2, "eth1", "", (1, 2), (5, 5));
    mib.text(&[1, 3, 6, 1, 4, 1, 2021, 10, 1, 3, 1], "1.50");
    mib.set(&[1, 3, 6, 1, 4, 1, 2021, 11, 67, 0], Value::Integer(3));
    let stub = Stub::start(move |asked| vec![mib.answer(asked)]);
    let login = SnmpLogin::V1(Secret::Inline(COMMUNITY.to_owned()));
    let mut poller = Poller::new(SnmpSpec { login, ..spec(stub.port) }, Duration::from_secs(5));
    let seen = poller.poll().await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert_eq!(of(&seen, "load1_per_core"), Some(0.5));
    assert_eq!(of(&seen, "link_state[eth1]"), Some(2.0));
    let text = "1 of 2 interfaces up, down: eth1";
    assert!(seen.output.as_str().contains(text), "{}", seen.output);
    // What is not there is asked for once and never again.
    let first = stub.asked.swap(0, std::sync::atomic::Ordering::Relaxed);
    let seen = poller.poll().await;
    let second = stub.asked.load(std::sync::atomic::Ordering::Relaxed);
    assert!(second < 12 && second * 2 < first, "{first} requests, then {second}");
    assert_eq!(of(&seen, "octets_in[eth0]"), Some(0.0));
    // An error about an object that was not asked for ends nothing but this poll.
    let odd = Stub::start(|asked| {
        let mut answer = asked.error(2, 1);
        let at = answer.windows(6).position(|six| six == [2, 1, 2, 2, 1, 1]).unwrap();
        answer[at + 5] = 77;
        vec![answer]
    });
    let login = SnmpLogin::V1(Secret::Inline(COMMUNITY.to_owned()));
    let seen = once(SnmpSpec { login, ..spec(odd.port) }).await;
    assert!(failed(&seen).1.contains("noSuchName"), "{}", seen.output);
}
