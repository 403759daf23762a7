//! An SNMP agent of the test's own: honest, or hostile in one way.
//!
//! It reads requests as any agent does; what it answers is the test's: bytes, none or several.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_snmp::message::{CommunityMessage, CommunityPdu};
use async_snmp::pdu::{Pdu, PduBody, PduType};
use async_snmp::{Community, DecodeConfig, Oid, Value, VarBind, Version};
use bytes::Bytes;

/// Values in one answer, as an agent fits them into a datagram.
const ANSWER: usize = 60;
/// sysUpTime.
pub const UPTIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub version: Version,
    pub community: Community,
    pub id: i32,
    pub kind: PduType,
    pub oids: Vec<Oid>,
    /// Non-repeaters and repetitions of GETBULK.
    pub bulk: (u32, u32),
}

impl Asked {
    fn read(datagram: &[u8]) -> Option<Self> {
        let data = Bytes::copy_from_slice(datagram);
        let message = CommunityMessage::decode(data, DecodeConfig::default()).ok()?.value;
        let (version, community, pdu) = message.into_parts();
        let CommunityPdu::Standard(pdu) = pdu else { return None };
        let (kind, bulk) = (pdu.pdu_type(), pdu.get_bulk_fields().unwrap_or_default());
        let (id, _, varbinds) = pdu.into_raw_parts();
        let oids = varbinds.into_iter().map(|varbind| varbind.oid).collect();
        Some(Self { version, community, id, kind, oids, bulk })
    }

    /// An answer with these values.
    pub fn reply(&self, varbinds: Vec<VarBind>) -> Vec<u8> {
        self.answer(self.id, 0, 0, varbinds)
    }

    /// An error: its status, and the number of the object from 1.
    pub fn error(&self, status: i32, index: i32) -> Vec<u8> {
        let varbinds = self.oids.iter().cloned().map(VarBind::null).collect();
        self.answer(self.id, status, index, varbinds)
    }

    /// Any response.
    pub fn answer(&self, id: i32, status: i32, index: i32, varbinds: Vec<VarBind>) -> Vec<u8> {
        let body = PduBody::Standard {
            pdu_type: async_snmp::pdu::StandardPduType::Response,
            error_status: status,
            error_index: index,
        };
        let pdu = Pdu::from_raw_parts(id, body, varbinds);
        let message = match self.version {
            Version::V1 => CommunityMessage::v1(self.community.clone(), pdu),
            _ => CommunityMessage::v2c(self.community.clone(), pdu),
        };
        message.unwrap().encode().unwrap().to_vec()
    }
}

/// A running stub; dropped, it stops.
pub struct Stub {
    pub port: u16,
    /// Requests so far.
    pub asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    /// Answers every request with the datagrams that `answer` makes.
    pub fn start(mut answer: impl FnMut(&Asked) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let port = socket.local_addr().unwrap().port();
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
                let Some(request) = Asked::read(&buffer[..length]) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                for datagram in answer(&request) {
                    let _ = socket.send_to(&datagram, peer);
                }
            }
        });
        Self { port, asked, stop, thread: Some(thread) }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

/// What an honest agent has.
#[derive(Clone, Debug)]
pub struct Mib {
    values: BTreeMap<Oid, Value>,
    /// sysUpTime at `since`, in 1/100 s.
    uptime: u32,
    since: Instant,
}

impl Default for Mib {
    fn default() -> Self {
        Self { values: BTreeMap::new(), uptime: 1_000_000, since: Instant::now() }
    }
}

impl Mib {
    /// Sets a value.
    pub fn set(&mut self, oid: &[u32], value: Value) {
        self.values.insert(Oid::from_slice(oid), value);
    }

    /// Sets a text.
    pub fn text(&mut self, oid: &[u32], text: &str) {
        self.set(oid, Value::OctetString(Bytes::copy_from_slice(text.as_bytes())));
    }

    /// Takes a value away.
    pub fn clear(&mut self, oid: &[u32]) {
        self.values.remove(&Oid::from_slice(oid));
    }

    /// The agent begins anew.
    pub fn restart(&mut self) {
        (self.uptime, self.since) = (0, Instant::now());
    }

    /// An interface: its number, name, alias, admin and oper state, 64-bit octets in and out.
    pub fn interface(
        &mut self,
        n: u32,
        name: &str,
        alias: &str,
        state: (i32, i32),
        octets: (u64, u64),
    ) {
        let table = |column: u32| [1, 3, 6, 1, 2, 1, 2, 2, 1, column, n];
        let more = |column: u32| [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, n];
        self.text(&table(2), name);
        self.set(&table(3), Value::Integer(6));
        self.set(&table(5), Value::Gauge32(1_000_000_000));
        self.set(&table(7), Value::Integer(state.0));
        self.set(&table(8), Value::Integer(state.1));
        for column in [10, 11, 12, 14, 16, 17, 18, 20] {
            self.set(&table(column), Value::Counter32(0));
        }
        self.text(&more(1), name);
        self.text(&more(18), alias);
        for column in 6..=13 {
            self.set(&more(column), Value::Counter64(0));
        }
        self.set(&more(6), Value::Counter64(octets.0));
        self.set(&more(10), Value::Counter64(octets.1));
        self.set(&more(15), Value::Gauge32(1000));
        self.set(&more(19), Value::TimeTicks(0));
    }

    fn get(&self, oid: &Oid) -> Option<Value> {
        if oid.arcs() == UPTIME {
            let ticks = u32::try_from(self.since.elapsed().as_millis() / 10).unwrap();
            return Some(Value::TimeTicks(self.uptime.wrapping_add(ticks)));
        }
        self.values.get(oid).cloned()
    }

    fn next(&self, oid: &Oid) -> Option<VarBind> {
        let next = self.values.range((Bound::Excluded(oid), Bound::Unbounded)).next();
        next.map(|(oid, value)| VarBind::new(oid.clone(), value.clone()))
    }

    /// What an honest agent of that version answers.
    pub fn answer(&self, asked: &Asked) -> Vec<u8> {
        let v1 = asked.version == Version::V1;
        let wide = |value: &Value| matches!(value, Value::Counter64(_));
        match asked.kind {
            PduType::GetRequest => {
                let found: Vec<Option<Value>> =
                    asked.oids.iter().map(|oid| self.get(oid)).collect();
                if v1
                    && let Some(at) = found.iter().position(|value| value.as_ref().is_none_or(wide))
                {
                    return asked.error(2, i32::try_from(at).unwrap() + 1);
                }
                let values = found.into_iter().map(|value| value.unwrap_or(Value::NoSuchInstance));
                asked.reply(
                    asked
                        .oids
                        .iter()
                        .cloned()
                        .zip(values)
                        .map(|(oid, v)| VarBind::new(oid, v))
                        .collect(),
                )
            }
            PduType::GetNextRequest => {
                let mut found = Vec::new();
                for (at, oid) in asked.oids.iter().enumerate() {
                    let mut next = self.next(oid);
                    while v1 && next.as_ref().is_some_and(|varbind| wide(&varbind.value)) {
                        next = next.and_then(|varbind| self.next(&varbind.oid));
                    }
                    match next {
                        Some(varbind) => found.push(varbind),
                        None if v1 => return asked.error(2, i32::try_from(at).unwrap() + 1),
                        None => found.push(VarBind::new(oid.clone(), Value::EndOfMibView)),
                    }
                }
                asked.reply(found)
            }
            PduType::GetBulkRequest => {
                let mut cursors = asked.oids.clone();
                let mut found = Vec::new();
                for _ in 0..asked.bulk.1 {
                    for cursor in &mut cursors {
                        let end = || VarBind::new(cursor.clone(), Value::EndOfMibView);
                        let next = self.next(cursor).unwrap_or_else(end);
                        *cursor = next.oid.clone();
                        found.push(next);
                    }
                }
                found.truncate(ANSWER);
                asked.reply(found)
            }
            _ => asked.error(5, 0),
        }
    }
}
