//! Servers that mean harm or are broken: each ends in its own words, within the deadline.

use super::*;

#[tokio::test]
async fn f_32_a_body_of_one_byte_a_time_ends_at_the_total_deadline() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let stub = Stub::drips(head, b"x", Duration::from_millis(20)).await;
    let seen = probe(HttpSpec::get(&stub.url("/")), 300, None).await;
    let (kind, text) = failed(&seen);
    assert_eq!(kind, FailureKind::Timeout);
    assert!(text.contains(" not complete within 300ms ("), "{text}");
    assert_eq!(seen.value("status"), Some(200.0));
}

#[tokio::test]
async fn f_32_a_header_section_that_never_ends_ends_at_the_deadline_or_the_limit() {
    let head = "HTTP/1.1 200 OK\r\n";
    let slow = Stub::drips(head, b"X-A: b\r\n", Duration::from_millis(20)).await;
    let seen = probe(HttpSpec::get(&slow.url("/")), 300, None).await;
    assert_eq!(failed(&seen).0, FailureKind::Timeout);
    for piece in [&b"X-A: b\r\n"[..], b"X-A: xxxxxxxxxxxxxxxxxxxxxxxxx", b"xxxxxxxxxxxxxxxx"] {
        let fast = Stub::drips(head, piece, Duration::ZERO).await;
        let seen = get(&fast.url("/")).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::TooLarge, "{text}");
        assert!(text.contains("256 fields, 64 KiB"), "{text}");
    }
}

#[tokio::test]
async fn interim_answers_without_end_end_at_the_deadline() {
    let stub = Stub::drips("", b"HTTP/1.1 100 Continue\r\n\r\n", Duration::ZERO).await;
    let seen = probe(HttpSpec::get(&stub.url("/")), 300, None).await;
    assert_eq!(failed(&seen).0, FailureKind::Timeout, "{}", seen.output);
}

#[tokio::test]
async fn chunks_of_nothing_but_decoration_end_in_words() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for piece in
        [&b"1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\nz\r\n"[..], b"0;xxxxxxxx"]
    {
        let stub = Stub::drips(head, piece, Duration::ZERO).await;
        let seen = probe(HttpSpec::get(&stub.url("/")), 1000, None).await;
        assert_eq!(failed(&seen).0, FailureKind::Protocol, "{}", seen.output);
    }
    let trailers = format!("{head}0\r\n");
    let stub = Stub::drips(&trailers, b"A: b\r\n", Duration::ZERO).await;
    let seen = probe(HttpSpec::get(&stub.url("/")), 1000, None).await;
    assert!(seen.failure.is_some(), "{}", seen.output);
}

#[tokio::test]
async fn f_33_a_hundred_thousand_headers_are_too_many() {
    let stub = Stub::replies(answer("200 OK", &"A: b\r\n".repeat(100_000), "")).await;
    assert_eq!(failed(&get(&stub.url("/")).await).0, FailureKind::TooLarge);
}

#[tokio::test]
async fn f_33_an_endless_body_is_cut() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let stub = Stub::drips(head, &vec![b'x'; 65536], Duration::ZERO).await;
    let seen = get(&stub.url("/")).await;
    ok(&seen);
    assert_eq!(seen.value("size"), Some(1_048_576.0));
}

#[tokio::test]
async fn f_34_a_compressed_body_is_not_unpacked() {
    let head = "Content-Encoding: gzip\r\n";
    let stub = Stub::replies(answer("200 OK", head, "not really gzip")).await;
    let seen = get(&stub.url("/")).await;
    ok(&seen);
    assert_eq!(seen.value("size"), Some(15.0));
}

#[tokio::test]
async fn f_35_redirects_that_lead_nowhere_are_a_mismatch() {
    let to_itself = Stub::replies(answer("302 Found", "Location: /a\r\n", "")).await;
    let seen = get(&to_itself.url("/a")).await;
    let (kind, text) = failed(&seen);
    let back = format!("redirect loop: redirect 1 leads back to {}", to_itself.url("/a"));
    assert_eq!((kind, text), (FailureKind::Mismatch, back.as_str()));

    let further = Stub::replies(answer("302 Found", "Location: x/\r\n", "")).await;
    let seen = get(&further.url("/")).await;
    let limit = format!("6 redirects (limit 5), the last one to {}", further.url("/x/x/x/x/x/x/"));
    assert_eq!(failed(&seen), (FailureKind::Mismatch, limit.as_str()));
    assert_eq!(further.count(), 6);
}

#[tokio::test]
async fn f_35_a_redirect_to_a_link_local_address_is_refused() {
    for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0xA9FEA9FE"] {
        let to = format!("Location: http://{host}/latest\r\n");
        let stub = Stub::replies(answer("302 Found", &to, "")).await;
        let seen = get(&stub.url("/")).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::Mismatch);
        assert!(text.ends_with("refused: a link-local address"), "{text}");
    }
}

#[tokio::test]
async fn garbage_and_early_ends_are_protocol_failures() {
    for (bytes, says) in [
        (&b"\x16\x03\x01\x00\xff garbage\r\n\r\n"[..], "does not answer with HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer with HTTP"),
        (b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n", "does not answer with HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "does not answer with HTTP"),
        (b"", "closed the connection before the answer was complete"),
        (b"HTTP/1.1 200 OK\r\nConte", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "before the answer was complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk size"),
    ] {
        let stub = Stub::replies(bytes.to_vec()).await;
        let seen = get(&stub.url("/")).await;
        let (kind, text) = failed(&seen);
        assert_eq!(kind, FailureKind::Protocol, "{text}");
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn a_reset_is_named() {
    let stub = Stub::new(|stream, requests| async move {
        let mut stream = stream;
        stub::read_request(&mut stream, &requests).await;
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    })
    .await;
    let seen = get(&stub.url("/")).await;
    assert_eq!(failed(&seen).0, FailureKind::Protocol);
    assert!(failed(&seen).1.contains("reset"), "{}", failed(&seen).1);
}

#[tokio::test]
async fn no_escape_sequence_of_a_server_reaches_the_text() {
    let to = "Location: http://\u{1b}]52;c;x\u{7}/\u{1b}[2J\r\n";
    let stub = Stub::replies(answer("302 Found", to, "")).await;
    let seen = get(&stub.url("/")).await;
    assert!(!seen.output.as_str().chars().any(char::is_control), "{}", seen.output);
}
