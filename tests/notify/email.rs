//! Mail: what a message says, read back by a MIME reader behind a real server; what each answer of
//! a server means; and that no server, however hostile, holds a delivery longer than it may.

use std::future::Future;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use fluxnoc::model::{
    ChannelKind, CheckKey, Digest, DigestItem, Email, MailTls, Notification, Reason, SafeText,
    Secret, State, Timestamp,
};
use fluxnoc::notify::{Delivery, Late, Sender, email};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::delivery::{channel, notification};
use crate::smtpd::{Smtpd, header};
use crate::tls::Authority;

fn mail(port: u16, tls: MailTls) -> Email {
    Email {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        user: None,
        password: None,
        from: "NÖC Frankfurt <noc@example.com>".to_owned(),
        to: vec!["ops@example.com".to_owned()],
        ca_file: None,
    }
}

fn to(mut mail: Email, to: &[&str]) -> Email {
    mail.to = to.iter().map(|who| format!("{who}@example.com")).collect();
    mail
}

async fn send(sender: &Sender, mail: Email, notification: &Notification) -> Delivery {
    let channel = channel("mail", ChannelKind::Email(Box::new(mail)));
    sender.deliver(&channel, notification, Late::Fresh).await
}

async fn once(mail: Email) -> Delivery {
    send(&Sender::default(), mail, &notification()).await
}

fn why(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Retry { why, .. } => why,
        _ => panic!("{delivery:?}"),
    }
}

fn raw(message: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(message["raw"].as_str().unwrap()).unwrap()
}

#[tokio::test]
#[ignore = "starts a mail server"]
async fn a_message_says_what_happened_and_a_repeat_has_the_same_bytes() {
    let server = Smtpd::start("PLAIN", None, None);
    let mail = to(mail(server.port, MailTls::None), &["ops", "mia"]);
    let sender = Sender::default();
    let mut first = notification();
    first.edge.text = SafeText::line("/var är voll: 97 % (> 95) 🔥");
    for _ in 0..2 {
        assert_eq!(send(&sender, mail.clone(), &first).await, Delivery::Sent);
    }
    let (one, two) = (server.next(), server.next());
    assert_eq!(raw(&one), raw(&two));
    assert!(raw(&one).is_ascii(), "no server needs to take eight bits");
    assert_eq!(one["from"], "noc@example.com");
    assert_eq!(one["to"], serde_json::json!(["ops@example.com", "mia@example.com"]));
    assert_eq!(one["hello"], "[127.0.0.1]");
    assert_eq!(one["defects"], serde_json::json!([]));
    let head = |name| header(&one, name).unwrap_or_else(|| panic!("{name}: {one}"));
    assert_eq!(head("subject"), "web-1/disk CRITICAL (first): /var är voll: 97 % (> 95) 🔥");
    assert_eq!(head("from"), "NÖC Frankfurt <noc@example.com>");
    assert_eq!(head("to"), "ops@example.com, mia@example.com");
    assert_eq!(head("auto-submitted"), "auto-generated");
    assert_eq!(head("date"), "Wed, 25 Feb 2026 06:14:20 +0000");
    assert_eq!(head("x-fluxnoc-key"), first.key);
    assert_eq!(header(&one, "x-fluxnoc-delayed"), None);
    let text = one["text"].as_str().unwrap();
    for line in [
        "web-1/disk CRITICAL (first): /var är voll: 97 % (> 95) 🔥",
        "Host    web-1",
        "State   CRITICAL (was OK)",
        "Since   2026-02-25T06:13:20Z",
        "At      2026-02-25T06:14:20Z",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    // Another edge of the same episode answers to the same message; another key is another one.
    let mut second = notification();
    second.edge.seq = 2;
    let second = Notification::of(&second.edge, Reason::Recovered, "hook");
    let mut other = second.edge.clone();
    other.alert = fluxnoc::model::AlertId::from_parts(1_772_000_000_124, [1; 10]);
    let other = Notification::of(&other, Reason::First, "hook");
    for notification in [&second, &other] {
        assert_eq!(send(&sender, mail.clone(), notification).await, Delivery::Sent);
    }
    let (second, other) = (server.next(), server.next());
    assert_ne!(header(&second, "message-id"), Some(head("message-id")));
    assert_eq!(header(&second, "references"), Some(head("references")));
    assert_eq!(header(&second, "in-reply-to"), Some(head("in-reply-to")));
    assert_ne!(header(&other, "references"), Some(head("references")));
    let channel = channel("mail", ChannelKind::Email(Box::new(mail)));
    assert_eq!(sender.deliver(&channel, &first, Late::Delayed).await, Delivery::Sent);
    let late = server.next();
    assert_eq!(header(&late, "x-fluxnoc-delayed"), Some("1"));
    assert_eq!(header(&late, "message-id"), Some(head("message-id")));
}

#[tokio::test]
#[ignore = "starts a mail server"]
async fn nothing_from_outside_begins_a_header_or_ends_the_message() {
    let server = Smtpd::start("PLAIN", None, None);
    let mail = mail(server.port, MailTls::None);
    let clean = {
        assert_eq!(once(mail.clone()).await, Delivery::Sent);
        server.next()
    };
    let names = |message: &Value| -> Vec<String> {
        let headers = message["headers"].as_array().unwrap().iter();
        headers.map(|pair| pair[0].as_str().unwrap().to_owned()).collect()
    };
    for evil in [
        "x\r\nBcc: all@example.com",
        "x\nBcc: all@example.com\n\nhello",
        "x\r\n.\r\nMAIL FROM:<a@b>\r\n",
        "=?utf-8?Q?a=0D=0ABcc:_all@example.com?=",
        "\u{202e}gpj.exe\u{0}\u{1b}[31m\u{85}\u{2028}Bcc: x",
        &"ä".repeat(3000),
        &"long".repeat(3000),
    ] {
        let mut notification = notification();
        notification.edge.check = CheckKey::new(evil, evil);
        notification.edge.text = SafeText::line(evil);
        notification.edge.actor = Some(SafeText::line(evil));
        notification.key = format!("{evil}{}", notification.key);
        let item = DigestItem {
            check: notification.edge.check.clone(),
            state: State::Critical,
            since: Timestamp::from_millis(0),
            text: SafeText::line(evil),
        };
        let items = vec![item; 3000];
        notification.digest =
            Some(Box::new(Digest { alerts: 1, critical: 1, items, ..Digest::default() }));
        assert_eq!(send(&Sender::default(), mail.clone(), &notification).await, Delivery::Sent);
        let got = server.next();
        assert_eq!(names(&got), names(&clean), "{evil:?}: {:?}", got["headers"]);
        assert_eq!(got["to"], clean["to"]);
        assert_eq!(got["defects"], clean["defects"]);
        assert!(header(&got, "subject").unwrap().chars().count() <= 200, "{got}");
        for (name, value) in names(&got).iter().zip(got["headers"].as_array().unwrap()) {
            let value = value[1].as_str().unwrap();
            assert!(!value.contains(['\r', '\n', '\u{1b}', '\0', '\u{202e}']), "{name}: {value:?}");
        }
        let bytes = raw(&got);
        assert!(bytes.len() < 256 << 10, "{} bytes", bytes.len());
        assert!(bytes.is_ascii() && !bytes.contains(&0x1b) && !bytes.contains(&0));
        let longest = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap();
        assert!(longest <= 999, "a line of {longest} bytes");
    }
    assert!(server.has_no_more());
}

#[tokio::test]
#[ignore = "starts a mail server"]
async fn every_answer_of_a_mail_server_has_one_meaning() {
    let server = Smtpd::start("PLAIN", None, None);
    let mail = |who: &[&str]| to(mail(server.port, MailTls::None), who);
    let sent = |delivery: Delivery| assert_eq!(delivery, Delivery::Sent);
    sent(once(mail(&["ops"])).await);
    assert_eq!(server.next()["to"], serde_json::json!(["ops@example.com"]));
    let delivery = once(mail(&["later"])).await;
    let words = why(&delivery);
    assert!(words.starts_with("later@example.com: 451: 4.7.1 greylisted,"), "{words}");
    assert!(!words.contains('\u{1b}'), "{words}");
    assert_eq!(
        once(mail(&["never"])).await,
        Delivery::Refused("never@example.com: 550: 5.1.1 no such user here".to_owned())
    );
    assert_eq!(why(&once(mail(&["data-later"])).await), "message: 452: 4.3.1 disk is full");
    assert_eq!(
        once(mail(&["data-never"])).await,
        Delivery::Refused("message: 554: 5.7.1 looks like spam".to_owned())
    );
    assert!(server.has_no_more());
    // One who cannot be told keeps no other from it, and a retry tells nobody twice.
    let sender = Sender::default();
    let some = mail(&["ops", "later", "mia", "never"]);
    for _ in 0..3 {
        let delivery = send(&sender, some.clone(), &notification()).await;
        let words = why(&delivery);
        assert!(words.starts_with("2 of 4 have it; later@example.com: 451"), "{words}");
        assert!(words.contains("never@example.com: 550"), "{words}");
    }
    assert_eq!(server.next()["to"], serde_json::json!(["ops@example.com", "mia@example.com"]));
    assert!(server.has_no_more());
    // When the one who was to come later is there, it alone is told.
    sent(send(&sender, mail(&["ops", "late", "mia"]), &notification()).await);
    assert_eq!(server.next()["to"], serde_json::json!(["late@example.com"]));
    // What is sent again after its end goes to all.
    sent(send(&sender, mail(&["ops", "mia"]), &notification()).await);
    assert_eq!(server.next()["to"], serde_json::json!(["ops@example.com", "mia@example.com"]));
}

#[tokio::test]
#[ignore = "starts a mail server"]
async fn the_way_is_secured_and_logged_in_as_configured_or_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let good = authority.issue("good", "127.0.0.1", 90);
    let other = authority.issue("other", "mail.example.com", 90);
    let old = authority.issue("old", "127.0.0.1", -1);
    let login = Some(("noc", "hunter2"));
    let with = |port, tls, user: &str, password: &str| {
        let mut mail = mail(port, tls);
        mail.ca_file = Some(authority.file().display().to_string());
        mail.user = Some(Secret::Inline(user.to_owned()));
        mail.password = Some(Secret::Inline(password.to_owned()));
        mail
    };
    for (mode, tls) in [("STARTTLS", MailTls::Starttls), ("TLS", MailTls::Tls)] {
        let server = Smtpd::start(mode, Some(&good), login);
        assert_eq!(once(with(server.port, tls, "noc", "hunter2")).await, Delivery::Sent, "{mode}");
        let got = server.next();
        assert_eq!((&got["tls"], &got["user"]), (&true.into(), &"noc".into()), "{mode}");
        // A wrong password is named, and is not shown.
        let delivery = once(with(server.port, tls, "noc", "hunter3")).await;
        let words = why(&delivery);
        assert!(words.starts_with("login: 535:") && !words.contains("hunter"), "{mode}: {words}");
        // A root that nobody was told to trust.
        let mut strange = with(server.port, tls, "noc", "hunter2");
        strange.ca_file = None;
        let delivery = once(strange).await;
        let words = why(&delivery);
        assert!(words.starts_with("no TLS with 127.0.0.1:"), "{mode}: {words}");
        assert!(words.contains("UnknownIssuer"), "{mode}: {words}");
        let mut missing = with(server.port, tls, "noc", "hunter2");
        missing.ca_file = Some("/no/such/file".to_owned());
        assert!(why(&once(missing).await).starts_with("TLS: ca_file /no/such/file: "));
        let mut secret = with(server.port, tls, "noc", "");
        secret.password = Some(Secret::Env("FLUXNOC_NO_SUCH_SECRET".to_owned()));
        assert!(why(&once(secret).await).contains("FLUXNOC_NO_SUCH_SECRET"));
        assert!(server.has_no_more(), "{mode}");
        for (pair, wrong) in [(&other, "not valid for name"), (&old, "expired")] {
            let server = Smtpd::start(mode, Some(pair), login);
            let delivery = once(with(server.port, tls, "noc", "hunter2")).await;
            assert!(why(&delivery).contains(wrong), "{mode} {wrong}: {delivery:?}");
            assert!(server.has_no_more());
        }
    }
    // One that offers no TLS is told nothing; one that lets nobody in neither.
    let plain = Smtpd::start("PLAIN", None, None);
    let delivery = once(with(plain.port, MailTls::Starttls, "noc", "hunter2")).await;
    assert!(why(&delivery).ends_with("STARTTLS is not offered"), "{delivery:?}");
    let delivery = once(with(plain.port, MailTls::None, "noc", "hunter2")).await;
    assert!(why(&delivery).starts_with("login: 535"), "{delivery:?}");
    assert!(plain.has_no_more());
}

async fn rude<F: Future<Output = ()> + Send>(
    speak: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            speak(stream).await;
        }
    });
    port
}

/// Says `words`, and then for every line that it hears the next of `answers`; then nothing.
async fn dialogue(stream: TcpStream, words: &[&str]) {
    let mut stream = BufReader::new(stream);
    for word in words {
        if stream.write_all(word.as_bytes()).await.is_err() {
            return;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_hostile_mail_server_takes_bounded_time_and_memory() {
    const HELLO: &str = "250-mail.test\r\n250 8BITMIME\r\n";
    let silent = rude(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let drip = rude(|mut stream| async move {
        for byte in b"220 ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    })
    .await;
    let endless_line = rude(|mut stream| async move {
        let _ = stream.write_all(b"220 ").await;
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    })
    .await;
    let endless_lines = rude(|mut stream| async move {
        while stream.write_all(b"220-x\r\n".repeat(1000).as_slice()).await.is_ok() {}
    })
    .await;
    let endless_later = rude(|stream| async move {
        let mut stream = BufReader::new(stream);
        let _ = stream.write_all(b"220 x\r\n").await;
        let _ = stream.read_line(&mut String::new()).await;
        let _ = stream.write_all(HELLO.as_bytes()).await;
        let _ = stream.read_line(&mut String::new()).await;
        while stream.write_all(b"550-x\r\n".repeat(1000).as_slice()).await.is_ok() {}
    })
    .await;
    let not_smtp = rude(|stream| async move {
        dialogue(stream, &["HTTP/1.1 400 Bad Request\r\n\r\n"]).await;
    })
    .await;
    let closed = rude(|stream| async move { drop(stream) }).await;
    let no_service = rude(|stream| async move {
        dialogue(stream, &["554-go\x1b[31m away\r\n554 now\r\n"]).await;
    })
    .await;
    let mute_after_data = rude(|stream| async move {
        dialogue(stream, &["220 x\r\n", HELLO, "250 ok\r\n", "250 ok\r\n", "354 go\r\n"]).await;
    })
    .await;
    let leaves = rude(|stream| async move {
        dialogue(stream, &["220 x\r\n", HELLO, "421 closing\r\n"]).await;
    })
    .await;
    let shut = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for (name, port, said) in [
        ("silent", silent, "no answer within 2s"),
        ("drip", drip, "no answer within 2s"),
        ("endless line", endless_line, "more than 100 lines or 8 KiB"),
        ("endless lines", endless_lines, "more than 100 lines or 8 KiB"),
        ("endless later", endless_later, "more than 100 lines or 8 KiB"),
        ("not SMTP", not_smtp, "greeting"),
        ("closed", closed, "greeting"),
        ("no service", no_service, "greeting: 554: go"),
        ("mute after the message", mute_after_data, "no answer within 2s"),
        ("leaves", leaves, "sender: 421: closing"),
        ("shut", shut, "cannot reach 127.0.0.1:"),
    ] {
        let begun = Instant::now();
        let delivery = once(mail(port, MailTls::None)).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "{name}: {:?}", begun.elapsed());
        let words = why(&delivery);
        assert!(words.len() < 400 && words.contains(said), "{name}: {words}");
        assert!(!words.contains('\u{1b}'), "{name}: {words}");
    }
}

/// Somebody on the way who answers ahead of TLS: what he said must not count as said in it.
#[tokio::test]
async fn what_was_said_in_the_clear_does_not_count_as_said_in_tls() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let pair = authority.issue("good", "127.0.0.1", 90);
    let config = {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from_pem_file(&pair.certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&pair.key).unwrap();
        rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    for (injected, outcome) in [("", "sender: 550: from within"), ("250 ok\r\n", "no TLS with")] {
        let acceptor = acceptor.clone();
        let port = rude(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = BufReader::new(stream);
                for words in ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n"] {
                    stream.write_all(words.as_bytes()).await.unwrap();
                    stream.read_line(&mut String::new()).await.unwrap();
                }
                let words = format!("220 go\r\n{injected}");
                stream.write_all(words.as_bytes()).await.unwrap();
                let Ok(tls) = acceptor.accept(stream.into_inner()).await else { return };
                let mut tls = BufReader::new(tls);
                let mut heard = String::new();
                for words in ["250 x\r\n", "550 from within\r\n"] {
                    if tls.read_line(&mut heard).await.unwrap_or(0) == 0 {
                        return;
                    }
                    tls.write_all(words.as_bytes()).await.unwrap();
                    tls.flush().await.unwrap();
                }
                let _ = tls.read_to_end(&mut Vec::new()).await;
            }
        })
        .await;
        let mut mail = mail(port, MailTls::Starttls);
        mail.ca_file = Some(authority.file().display().to_string());
        let delivery = once(mail).await;
        let words = match &delivery {
            Delivery::Refused(why) | Delivery::Retry { why, .. } => why,
            Delivery::Sent => panic!("sent"),
        };
        // Injected words are let go with what else was read in the clear, or break the handshake.
        assert!(words.contains(outcome) || words.contains("from within"), "{injected}: {words}");
    }
}

#[test]
fn the_identity_of_a_message_is_a_function_of_its_key() {
    let mail = mail(25, MailTls::None);
    let id = |notification: &Notification| {
        let bytes = email::message(&mail, notification, Late::Fresh).unwrap().bytes;
        let text = String::from_utf8(bytes).unwrap();
        text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned()
    };
    let one = notification();
    let mut same = notification();
    same.edge.text = SafeText::line("another text");
    assert_eq!(id(&one), id(&same));
    assert!(id(&one).ends_with("@example.com>"), "{}", id(&one));
    let mut other = notification();
    other.key.push('x');
    assert_ne!(id(&one), id(&other));
}

/// The program itself, from its configuration to the mailbox.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a mail server"]
async fn notify_test_sends_a_mail_as_configured() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let pair = authority.issue("good", "localhost", 90);
    let server = Smtpd::start("STARTTLS", Some(&pair), Some(("noc", "hunter2")));
    let config = dir.path().join("config.toml");
    let text = format!(
        "[[channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"localhost\"\nport = {}\n\
         user = \"noc\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n\
         from = \"NOC <noc@example.com>\"\nto = [\"ops@example.com\"]\n\
         [[contact_list]]\nname = \"NOC Team\"\nchannels = [\"mail\"]\n",
        server.port
    );
    std::fs::write(&config, text).unwrap();
    let run = |password: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_fluxnoc"))
            .arg("--config")
            .arg(&config)
            .args(["notify", "test", "NOC Team"])
            .env("MAIL_PASSWORD", password)
            .env("SSL_CERT_FILE", authority.file())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, said) = run("hunter2");
    assert_eq!((code, said.contains("mail: sent")), (Some(0), true), "{said}");
    let got = server.next();
    assert_eq!(got["user"], "noc");
    let subject = header(&got, "subject").unwrap();
    assert_eq!(
        subject,
        "fluxnoc/test WARNING (test): a test of the channel mail; nothing is wrong"
    );
    let (code, said) = run("hunter3");
    assert!(code != Some(0) && said.contains("mail: not taken now: login: 535"), "{said}");
    assert!(!said.contains("hunter"), "{said}");
    assert!(server.has_no_more());
}
