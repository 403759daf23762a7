//! The `MySQL` probe against servers on loopback that follow a script, most of them hostile.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::model::spec::{MysqlTls, Spec};
use crate::model::{Limit, Range, Secret, Span};
use crate::probe::Shared;
use crate::probe::tls::tests::{Authority, acceptor, self_signed};

const PASSWORD: &str = "hunter2-geheim";

/// What the script does next.
#[derive(Clone)]
enum Step {
    /// Sends bytes as they are.
    Raw(Vec<u8>),
    /// Sends a packet with the number that is due.
    Packet(Vec<u8>),
    /// Reads one packet.
    Read,
    /// Sends the bytes again and again.
    Flood(Vec<u8>),
    /// Says nothing any more.
    Stall,
}

/// A server that runs one script and keeps what it was sent.
struct Stub {
    port: u16,
    received: Arc<std::sync::Mutex<Vec<u8>>>,
    _task: AbortOnDropHandle<()>,
}

async fn stub(script: Vec<Step>) -> Stub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        play(stream, 0, script, &log).await;
    });
    Stub { port, received, _task: AbortOnDropHandle::new(task) }
}

async fn play<S>(
    mut stream: S,
    mut sequence: u8,
    script: Vec<Step>,
    log: &std::sync::Mutex<Vec<u8>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for step in script {
        match step {
            Step::Raw(bytes) => drop(stream.write_all(&bytes).await),
            Step::Packet(body) => {
                let _ = stream.write_all(&packet(sequence, &body)).await;
                sequence = sequence.wrapping_add(1);
            }
            Step::Read => {
                let mut header = [0; 4];
                if stream.read_exact(&mut header).await.is_err() {
                    return;
                }
                let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
                let mut body = vec![0; length as usize];
                let _ = stream.read_exact(&mut body).await;
                log.lock().unwrap().extend_from_slice(&body);
                sequence = header[3].wrapping_add(1);
            }
            Step::Flood(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Step::Stall => std::future::pending().await,
        }
    }
}

fn packet(sequence: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length[..3], &[sequence], body].concat()
}

fn greeting(plugin: &str) -> Vec<u8> {
    let mut bytes = b"\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x19\0\0\0abcdefgh\0".to_vec();
    bytes.extend_from_slice(b"\xff\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0");
    bytes.extend_from_slice(plugin.as_bytes());
    bytes.push(0);
    bytes
}

fn error(code: u16, text: &str) -> Vec<u8> {
    [&[0xff][..], &code.to_le_bytes(), b"#28000", text.as_bytes()].concat()
}

const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const END: &[u8] = &[0xfe, 0, 0, 2, 0];

/// A script that lets everybody in.
fn open_door(rest: Vec<Step>) -> Vec<Step> {
    let plugin = "mysql_native_password";
    let door = [Step::Packet(greeting(plugin)), Step::Read, Step::Packet(OK.to_vec()), Step::Read];
    door.into_iter().chain(rest).collect()
}

fn rows(values: &[&[u8]]) -> Vec<Step> {
    let mut steps = vec![vec![1], b"column definition".to_vec(), END.to_vec()];
    steps.extend(values.iter().map(|value| value.to_vec()));
    steps.push(END.to_vec());
    steps.into_iter().map(Step::Packet).collect()
}

fn spec(port: u16) -> MysqlSpec {
    MysqlSpec {
        user: "monitor".to_owned(),
        password: Some(Secret::Inline(PASSWORD.to_owned())),
        port,
        socket: None,
        database: None,
        tls: MysqlTls::Prefer,
        query: None,
    }
}

async fn probe(spec: MysqlSpec, millis: u64, limited: bool) -> Observation {
    let mut check = Check::new("db-1", "mysql", "127.0.0.1", Spec::Mysql(spec.clone()));
    check.timeout = Span::from_millis(millis);
    if limited {
        check.limits.push(Limit::new("result", None, Some(Range::above(5.0))));
    }
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(millis));
    let start = Instant::now();
    let seen = run_with(&check, &spec, &context, None).await.unwrap_or_else(Observation::failed);
    let late = start.elapsed().saturating_sub(Duration::from_millis(millis));
    assert!(late < Duration::from_millis(300), "ends at its deadline: {late:?} late");
    assert!(!seen.output.as_str().contains(PASSWORD), "{}", seen.output);
    seen
}

/// Plays a script to the probe and gives what it saw, and what the server was sent.
async fn against(script: Vec<Step>) -> (Observation, Vec<u8>) {
    let stub = stub(script).await;
    let seen = probe(spec(stub.port), 2000, false).await;
    let received = stub.received.lock().unwrap().clone();
    (seen, received)
}

fn failed(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().expect("a failure");
    (failure.kind, failure.message.as_str())
}

#[tokio::test]
async fn fm_17_login_and_query_are_measured_apart() {
    let stub = stub(open_door([rows(&[b"\x0242"]), vec![Step::Read]].concat())).await;
    let mut spec = spec(stub.port);
    spec.query = Some("SELECT COUNT(*) FROM queue".to_owned());
    let seen = probe(spec, 2000, true).await;
    assert_eq!(seen.failure, None);
    assert!(seen.output.as_str().starts_with("MariaDB 10.11.6, login "), "{}", seen.output);
    assert!(seen.output.as_str().ends_with(", result 42"), "{}", seen.output);
    assert_eq!(seen.value("result"), Some(42.0));
    for phase in ["time_connect", "time_login", "query_time"] {
        assert!(seen.value(phase).is_some(), "{phase}");
    }
    let received = stub.received.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&received).into_owned();
    assert!(text.contains("monitor") && text.contains("SELECT COUNT(*)"), "{text}");
    let wanted = u32::from_le_bytes(received[..4].try_into().unwrap());
    assert_eq!(wanted & 0x0001_0080, 0, "neither local files nor several statements");
}

#[tokio::test]
async fn fm_17_d_27_refused_login_and_slow_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let seen = probe(spec(closed), 2000, false).await;
    let words = format!("connection refused by 127.0.0.1:{closed}");
    assert_eq!(failed(&seen), (FailureKind::Refused, words.as_str()));

    let denied = format!("Access denied for user 'monitor'@'x' {PASSWORD}\u{1b}[2J");
    let (seen, _) = against(vec![
        Step::Packet(greeting("mysql_native_password")),
        Step::Read,
        Step::Packet(error(1045, &denied)),
    ])
    .await;
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Login);
    assert!(text.starts_with("login of monitor refused by 127.0.0.1:"), "{text}");
    assert!(text.contains("Access denied") && text.ends_with("(error 1045)"), "{text}");
    assert!(!text.contains('\u{1b}') && seen.value("time_connect").is_some());

    for (script, phase) in [
        (vec![Step::Stall], "no MySQL greeting from"),
        (
            vec![Step::Packet(greeting("mysql_native_password")), Step::Stall],
            "no answer to the login from",
        ),
        (open_door(vec![Step::Stall]), "query not answered by"),
    ] {
        let stub = stub(script).await;
        let seen = probe(spec(stub.port), 200, false).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::Timeout);
        assert!(text.starts_with(phase) && text.ends_with("within 200ms"), "{text}");
    }
}

#[tokio::test]
async fn too_many_connections_is_said_as_it_is() {
    let mut full = error(1040, "");
    full.truncate(3);
    full.extend_from_slice(b"Too many connections");
    let (seen, _) = against(vec![Step::Packet(full)]).await;
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Login);
    assert!(text.ends_with("refuses connections: Too many connections (error 1040)"), "{text}");
}

#[tokio::test]
async fn the_password_in_clear_stays_here() {
    for plugin in ["mysql_clear_password", "sha256_password"] {
        let switch = [b"\xfe", plugin.as_bytes(), b"\0abcdefghijklmnopqrst\0"].concat();
        for begin in [plugin, "caching_sha2_password"] {
            let (seen, received) = against(vec![
                Step::Packet(greeting(begin)),
                Step::Read,
                Step::Packet(switch.clone()),
                Step::Read,
            ])
            .await;
            let (kind, text) = failed(&seen);
            assert_eq!(kind, FailureKind::Config);
            assert!(text.contains("which was not sent; set tls = "), "{text}");
            assert!(!String::from_utf8_lossy(&received).contains(PASSWORD));
        }
    }
    let (seen, received) = against(vec![
        Step::Packet(greeting("caching_sha2_password")),
        Step::Read,
        Step::Packet(vec![1, 4]),
        Step::Read,
    ])
    .await;
    assert!(failed(&seen).1.contains("set tls = \"require\""), "{}", failed(&seen).1);
    assert!(!String::from_utf8_lossy(&received).contains(PASSWORD));
}

#[tokio::test]
async fn a_server_without_tls_does_not_pass_for_one_with() {
    for tls in [MysqlTls::Require, MysqlTls::Verify] {
        let stub = stub(vec![Step::Packet(greeting("mysql_native_password")), Step::Read]).await;
        let mut spec = spec(stub.port);
        spec.tls = tls;
        let seen = probe(spec, 2000, false).await;
        assert_eq!(failed(&seen).0, FailureKind::Tls);
        assert!(failed(&seen).1.ends_with("does not offer TLS"));
        assert!(stub.received.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn f_38_garbage_and_floods_end_in_words() {
    let switch = b"\xfemysql_native_password\0abcdefghijklmnopqrst\0".to_vec();
    let turns = std::iter::repeat_n([Step::Packet(switch), Step::Read], 20).flatten();
    let native = || Step::Packet(greeting("mysql_native_password"));
    let many_columns = Step::Packet(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x0f".to_vec());
    let full_packet = [&[0xff, 0xff, 0xff, 0][..], &vec![b'x'; 65536]].concat();
    for (name, script, kind) in [
        ("web server", vec![Step::Raw(b"HTTP/1.1 400 Bad\r\n\r\n".into())], FailureKind::Protocol),
        ("empty packet", vec![Step::Raw(vec![0, 0, 0, 0])], FailureKind::Protocol),
        ("short greeting", vec![Step::Packet(vec![10])], FailureKind::Protocol),
        ("old protocol", vec![Step::Packet(vec![9, 0])], FailureKind::Protocol),
        ("closed", vec![], FailureKind::Protocol),
        ("16 MiB greeting", vec![Step::Flood(full_packet)], FailureKind::TooLarge),
        (
            "switch loop",
            [native(), Step::Read].into_iter().chain(turns).collect(),
            FailureKind::Protocol,
        ),
        ("silly answer", vec![native(), Step::Read, Step::Packet(vec![7])], FailureKind::Protocol),
        ("wrong number", open_door(vec![Step::Raw(packet(9, &[1]))]), FailureKind::Protocol),
        ("many columns", open_door(vec![many_columns]), FailureKind::Protocol),
        (
            "wants a file",
            open_door(vec![Step::Packet(b"\xfb/etc/passwd".into())]),
            FailureKind::Protocol,
        ),
    ] {
        let (seen, _) = against(script).await;
        assert_eq!(failed(&seen).0, kind, "{name}: {}", seen.output);
    }
}

#[tokio::test]
async fn f_38_rows_without_end_are_cut() {
    let value = [&[0xfc, 0xff, 0xff][..], &vec![b'x'; 65535]].concat();
    let steps: Vec<&[u8]> = std::iter::repeat_n(&value[..], 100).collect();
    let (seen, _) = against(open_door(rows(&steps))).await;
    assert_eq!(failed(&seen).0, FailureKind::TooLarge);
    assert_eq!(failed(&seen).1, "the query's answer is above 4 MiB; let it give one row");
}

/// The number that is measured, or how the failure's text ends.
type Expected = Result<Option<f64>, &'static str>;

#[tokio::test]
async fn what_a_query_gives() {
    let cases: [(&[&[u8]], bool, Expected); 8] = [
        (&[b"\x0242"], true, Ok(Some(42.0))),
        (&[b"\x07-12.500", b"\x011"], true, Ok(Some(-12.5))),
        (&[b"\x03abc"], false, Ok(None)),
        (&[b"\x03abc"], true, Err("the query gave `abc`, which is not a number")),
        (&[b"\x03nan"], true, Err("the query gave `nan`, which is not a number")),
        (&[b"\xfb"], false, Err("the query gave NULL")),
        (&[], false, Err("the query gave no row")),
        (&[b"\x09short"], false, Err("its row cannot be read")),
    ];
    for (values, limited, expected) in cases {
        let stub = stub(open_door(rows(values))).await;
        let mut spec = spec(stub.port);
        spec.query = Some("SELECT x".to_owned());
        let seen = probe(spec, 2000, limited).await;
        match expected {
            Ok(value) => assert_eq!((seen.value("result"), &seen.failure), (value, &None)),
            Err(words) => assert!(failed(&seen).1.ends_with(words), "{}", seen.output),
        }
    }
    let (seen, _) = against(open_door(vec![Step::Packet(error(1146, "no such table"))])).await;
    let words = "query failed: no such table (error 1146)";
    assert_eq!(failed(&seen), (FailureKind::Mismatch, words));
}

#[tokio::test]
async fn a_missing_socket_or_secret_is_named() {
    let mut missing = spec(1);
    missing.socket = Some("/no/such/mysqld.sock".to_owned());
    let seen = probe(missing, 2000, false).await;
    assert_eq!(failed(&seen).0, FailureKind::Refused);
    assert!(failed(&seen).1.starts_with("cannot connect to /no/such/mysqld.sock: "));
    let mut secretless = spec(1);
    secretless.password = Some(Secret::Env("FLUXNOC_NO_SUCH".to_owned()));
    let seen = probe(secretless, 2000, false).await;
    let words = "environment variable FLUXNOC_NO_SUCH: is not set";
    assert_eq!(failed(&seen), (FailureKind::Config, words));
}

/// A server that asks for the password in clear, over TLS, and lets everybody in who sends it.
async fn clear_over_tls(tls: MysqlTls, plugin: &str, trusted: bool) -> (Observation, Vec<u8>) {
    let authority = Authority::new();
    let identity = if trusted { authority.issue("db-1", |_| ()) } else { self_signed("db-1") };
    let acceptor = acceptor(identity, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    let mut hello = greeting("mysql_native_password");
    // The second byte of the capabilities: TLS is to be had.
    let at = hello.windows(3).position(|bytes| bytes == b"\xff\xf7\x2d").unwrap() + 1;
    hello[at] |= 0x08;
    let switch = [b"\xfe", plugin.as_bytes(), b"\0abcdefghijklmnopqrst\0"].concat();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let ignored = std::sync::Mutex::default();
        play(&mut stream, 0, vec![Step::Packet(hello), Step::Read], &ignored).await;
        let Ok(stream) = acceptor.accept(stream).await else { return };
        let login = [Step::Read, Step::Packet(switch), Step::Read, Step::Packet(OK.to_vec())];
        let query = std::iter::once(Step::Read).chain(rows(&[b"\x011"])).chain([Step::Read]);
        play(stream, 2, login.into_iter().chain(query).collect(), &log).await;
    });
    let _task = AbortOnDropHandle::new(task);
    let mut spec = spec(port);
    spec.tls = tls;
    let check = Check::new("db-1", "mysql", "127.0.0.1", Spec::Mysql(spec.clone()));
    let context = Context::new(&Shared::start().unwrap(), Duration::from_secs(5));
    let trust = authority.trust();
    let seen = run_with(&check, &spec, &context, Some(&trust)).await;
    let received = received.lock().unwrap().clone();
    (seen.unwrap_or_else(Observation::failed), received)
}

#[tokio::test]
async fn the_password_in_clear_goes_to_a_verified_server_only() {
    let clear = "mysql_clear_password";
    let (seen, received) = clear_over_tls(MysqlTls::Verify, clear, true).await;
    assert_eq!(seen.failure, None);
    assert!(String::from_utf8_lossy(&received).contains(PASSWORD));
    for tls in [MysqlTls::Prefer, MysqlTls::Require] {
        let (seen, received) = clear_over_tls(tls, clear, true).await;
        assert!(failed(&seen).1.contains("set tls = \"verify\""), "{seen:?}");
        assert!(!String::from_utf8_lossy(&received).contains(PASSWORD));
    }
    let (seen, received) = clear_over_tls(MysqlTls::Verify, clear, false).await;
    assert_eq!(failed(&seen), (FailureKind::Tls, "certificate is not trusted: self-signed"));
    assert!(received.is_empty(), "not even the name is sent");
    let (seen, _) = clear_over_tls(MysqlTls::Require, "sha256_password", false).await;
    assert_eq!(seen.failure, None, "this method needs encryption only");
}
