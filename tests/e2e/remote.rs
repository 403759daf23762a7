//! A console whose engine is behind a network that breaks: what was asked happens once, and what is
//! not known is not shown as good.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::desk::{Desk, OPERATOR};
use crate::house::{House, LARGE, SMALL_SITE, await_end, has_row, signal};
use crate::pty::PATIENCE;

/// Bytes go through; the answers to commands get lost with their connection; nothing goes at all.
const PASS: u8 = 0;
const LOSE: u8 = 1;
const CUT: u8 = 2;

/// A line to a server that the test breaks and mends.
struct Wire {
    mode: Arc<AtomicU8>,
    lost: Arc<AtomicUsize>,
    url: String,
}

impl Wire {
    fn to(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mode, lost) = (Arc::new(AtomicU8::new(PASS)), Arc::new(AtomicUsize::new(0)));
        let (state, count) = (Arc::clone(&mode), Arc::clone(&lost));
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let Ok(near) = near else { return };
                if state.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&server) else { continue };
                let (there, here) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (asked, answered) = (Arc::clone(&state), Arc::clone(&state));
                let count = Arc::clone(&count);
                std::thread::spawn(move || {
                    carry(near, here, |_| asked.load(Ordering::SeqCst) != CUT)
                });
                std::thread::spawn(move || {
                    carry(far, there, |bytes| match answered.load(Ordering::SeqCst) {
                        PASS => true,
                        // An event of the stream is no answer to a command.
                        LOSE if !bytes.starts_with(b"HTTP/1.1 200") => true,
                        LOSE => {
                            count.fetch_add(1, Ordering::SeqCst);
                            false
                        }
                        _ => false,
                    });
                });
            }
        });
        Self { mode, lost, url }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

/// Carries bytes as long as they may go; then both ends are closed.
fn carry(mut from: TcpStream, mut to: TcpStream, may: impl Fn(&[u8]) -> bool) {
    // A cut line is cut also while nothing is said.
    from.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut buffer = [0; 65_536];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            Err(_) => break,
        };
        if !may(&buffer[..count]) || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[test]
fn a_link_cut_between_key_and_answer_has_exactly_one_effect() {
    let house = House::new(SMALL_SITE);
    let wire = Wire::to(&house.serve());
    let mut desk = Desk::connected(house, &wire.url, "1 unhandled");
    desk.press("a");
    desk.wait_for("Acknowledge shut-1/tcp until");
    wire.set(LOSE);
    desk.press("\r");
    desk.wait("it is known that it waits", |screen| screen.contains("1 command to be sent"));
    assert!(wire.lost.load(Ordering::SeqCst) > 0, "the server had answered");
    assert!(desk.ack("shut-1").is_some(), "it was done");
    wire.set(PASS);
    desk.wait("the answer", |screen| {
        screen.contains("shut-1/tcp acknowledged by noc-1 until")
            && has_row(screen, &["shut-1", "tcp", "CRIT", "noc-1"])
            && !screen.contains("to be sent")
    });
    desk.did("acknowledge", 1);
    let edges = "SELECT actor FROM edges WHERE kind = 'acknowledged'";
    assert_eq!(desk.rows(edges), [OPERATOR]);

    // Cut before the command goes: it waits, and is done once when the line is back.
    wire.set(CUT);
    desk.wait("the line is gone", |screen| screen.contains("OFFLINE"));
    desk.press("U");
    desk.wait("it waits", |screen| screen.contains("1 command to be sent"));
    assert!(desk.ack("shut-1").is_some(), "nothing has come");
    wire.set(PASS);
    desk.wait("it is given back", |screen| {
        screen.contains("LIVE") && screen.contains("1 unhandled")
    });
    desk.did("unacknowledge", 2);
}

#[test]
fn with_the_server_gone_for_a_minute_nothing_is_green_and_it_comes_back() {
    let house = House::new(SMALL_SITE);
    let url = house.serve();
    house.account(OPERATOR);
    let console = house.connect(LARGE, &url, OPERATOR);
    console.wait("what is good", PATIENCE, |screen| {
        screen.contains("✓ 1 OK") && screen.contains("LIVE")
    });
    let holder = house.holder();
    signal(holder, Signal::SIGKILL);
    await_end(holder);
    console.wait("the badge", PATIENCE, |screen| screen.contains("OFFLINE"));
    let a_minute = Duration::from_secs(90);
    let screen = console.wait("a minute", a_minute, |screen| screen.contains("✓ 0 OK"));
    assert!(screen.contains("2 ??") && screen.contains("OFFLINE 60s, Connection refused"));
    // The count of none at the head is the only green mark.
    assert_eq!(screen.matches('✓').count(), 1, "{screen}");
    house.serve_at(url.strip_prefix("http://").unwrap());
    console.wait("it is back", PATIENCE, |screen| {
        screen.contains("✓ 1 OK") && screen.contains("LIVE")
    });
}

/// A site of one host of that name, whose port is closed.
fn site(name: &str) -> String {
    format!(
        "[defaults]\ninterval = \"1h\"\ntimeout = \"1s\"\nattempts = 1\n[[host]]\n\
         name = \"{name}\"\naddress = \"127.0.0.1\"\n[[host.check]]\nkind = \"tcp\"\nport = 9\n"
    )
}

/// A token of a server, in a file.
fn token(house: &House) -> String {
    let made = house.run(&["token", "add", "--role", "operator", "--name", "desk"]);
    let said = String::from_utf8(made.stdout).unwrap();
    let text = said.split_whitespace().find(|word| word.starts_with("fnx_")).expect(&said);
    let file = house.file("token");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn a_console_goes_from_server_to_server_and_back_without_being_left() {
    let (fra, dal, here) =
        (House::new(&site("fra-edge")), House::new(&site("dal-edge")), House::new(&site("here-1")));
    let urls = [fra.serve(), dal.serve()];
    let context = |name: &str, url: &str, token: Option<String>| {
        let token = token.map(|file| format!("token = {{ file = \"{file}\" }}\n"));
        format!("[[context]]\nname = \"{name}\"\nurl = \"{url}\"\n{}", token.unwrap_or_default())
    };
    let own = std::fs::read_to_string(here.config()).unwrap();
    here.configure(&format!(
        "{own}\n{}{}{}{}",
        context("fra", &urls[0], Some(token(&fra))),
        context("dal", &urls[1], Some(token(&dal))),
        context("asks", &urls[1], None),
        context("gone", "http://127.0.0.1:9", Some(fra.file("token").display().to_string())),
    ));
    let mut desk = Desk::at(here, &[], "1 unhandled");
    let shows = |desk: &Desk, host: &str, place: &str| {
        desk.wait(host, |screen| {
            screen.contains(host) && screen.contains(place) && screen.contains("LIVE")
        })
    };
    shows(&desk, "here-1", "engine here");

    desk.line(":", ":");
    desk.right("ctx fra", "this is fra");
    let screen = shows(&desk, "fra-edge", "· fra");
    assert!(!screen.contains("here-1"), "{screen}");
    // What is done now is done there.
    desk.press("2a");
    desk.wait_for("Acknowledge fra-edge/tcp until");
    desk.rest();
    desk.console.send("\r");
    desk.wait_for("fra-edge/tcp acknowledged by desk");
    let edges = "SELECT actor FROM edges WHERE kind = 'acknowledged'";
    assert_eq!(fra.rows(edges), ["token:desk"]);

    desk.line(":", ":");
    desk.right("ctx dal", "this is dal");
    let screen = shows(&desk, "dal-edge", "· dal");
    assert!(!screen.contains("fra-edge"), "{screen}");
    assert!(dal.rows(edges).is_empty());

    // Where one cannot go, the old picture stays, and follows.
    for (name, why) in [
        ("asks", "it needs a token in its"),
        ("gone", "no engine answers"),
        ("nowhere", "there are:"),
    ] {
        desk.line(":", ":");
        desk.right(&format!("ctx {name}"), why);
        shows(&desk, "dal-edge", "· dal");
    }
    // Leaving asks, for the engine of this machine still runs; and it is still there.
    desk.press("1");
    desk.press("q");
    desk.wait_for("The engine of this machine still runs here");
    desk.press("\x1b");
    desk.line(":", ":");
    desk.right("ctx local", "this is local");
    let screen = shows(&desk, "here-1", "engine here");
    assert!(!screen.contains("dal-edge"), "{screen}");
}

#[test]
fn a_command_that_has_not_gone_out_is_taken_back_and_never_comes() {
    let house = House::new(SMALL_SITE);
    let url = house.serve();
    let mut desk = Desk::connected(house, &url, "1 unhandled");
    let holder = desk.house.holder();
    signal(holder, Signal::SIGKILL);
    await_end(holder);
    desk.wait("the server is gone", |screen| screen.contains("OFFLINE"));
    let wait = |desk: &mut Desk| {
        desk.press("a");
        desk.wait_for("Acknowledge shut-1/tcp until");
        desk.rest();
        desk.console.send("\r");
        desk.wait("it waits", |screen| screen.contains("1 command to be sent"));
    };
    // Nobody was at the port, so nothing went out.
    wait(&mut desk);
    desk.wait_for("not sent: ack shut-1/tcp");
    desk.press("u");
    desk.wait("it is taken back", |screen| {
        screen.contains("taken back, it was not sent: ack shut-1/tcp")
            && !screen.contains("to be sent")
    });
    desk.house.serve_at(url.strip_prefix("http://").unwrap());
    desk.wait("it is back", |screen| screen.contains("LIVE") && screen.contains("1 unhandled"));
    assert!(desk.ack("shut-1").is_none() && desk.audit().is_empty());
}

#[test]
fn a_command_that_may_have_gone_out_is_not_said_to_be_taken_back() {
    let house = House::new(SMALL_SITE);
    let wire = Wire::to(&house.serve());
    let mut desk = Desk::connected(house, &wire.url, "1 unhandled");
    desk.press("a");
    desk.wait_for("Acknowledge shut-1/tcp until");
    wire.set(LOSE);
    desk.rest();
    desk.console.send("\r");
    desk.wait("it waits", |screen| screen.contains("1 command to be sent"));
    desk.press("u");
    desk.wait_for("may be done already: its answer is asked for");
    wire.set(PASS);
    desk.wait("the answer", |screen| {
        screen.contains("shut-1/tcp acknowledged by noc-1 until") && !screen.contains("to be sent")
    });
    desk.did("acknowledge", 1);
}
