//! HTTPS: trusted, expired, foreign, self-signed certificates, stalls, and HTTP/2.

use rcgen::{CertificateParams, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::probe::tls::tests::{Authority, Identity, acceptor, epoch_to, self_signed};

async fn server(identity: Identity) -> Stub {
    let acceptor = acceptor(identity, &[]);
    Stub::new(move |stream, requests| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                stub::reply(stream, &answer("200 OK", "", "hello"), &requests).await;
            }
        }
    })
    .await
}

fn https(stub: &Stub) -> HttpSpec {
    HttpSpec::get(&format!("https://web-1:{}/", stub.port))
}

#[tokio::test]
async fn fm_14_a_trusted_certificate_shows_its_days() {
    let authority = Authority::new();
    let stub = server(authority.issue("web-1", |_| ())).await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    ok(&seen);
    let days = seen.value("certificate_days").unwrap();
    assert!(days > 10_000.0 && days.fract() == 0.0);
    assert!(seen.output.as_str().ends_with(&format!("5 bytes, certificate {days} d")));
    assert!(seen.value("time_tls").unwrap() > 0.0);
}

#[tokio::test]
async fn f_37_an_expired_certificate_says_since_when() {
    let authority = Authority::new();
    let three_days_ago = date_time_ymd(1970, 1, 1) + epoch_to(3 * 86_400 + 3600);
    let stub = server(authority.issue("web-1", |p| p.not_after = three_days_ago)).await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    assert_eq!(failed(&seen), (FailureKind::Tls, "certificate expired 3 d ago"));
    assert_eq!(seen.value("certificate_days"), Some(-3.0), "whole days, rounded towards zero");
    assert!(stub.sent_nothing(), "the request stays here");
}

#[tokio::test]
async fn f_37_a_certificate_for_another_host_names_it() {
    let authority = Authority::new();
    let stub = server(authority.issue("other.example", |_| ())).await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    let words = "certificate is for other.example, not web-1";
    assert_eq!(failed(&seen), (FailureKind::Tls, words));
    assert!(seen.value("certificate_days").is_some());
}

#[tokio::test]
async fn f_37_a_certificate_that_begins_tomorrow_says_so() {
    let authority = Authority::new();
    let change = |p: &mut CertificateParams| p.not_before = date_time_ymd(2089, 1, 1);
    let stub = server(authority.issue("web-1", change)).await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    let words = "certificate is not valid before 2089-01-01T00:00:00.000Z";
    assert_eq!(failed(&seen), (FailureKind::Tls, words));
}

#[tokio::test]
async fn f_37_an_unknown_issuer_is_not_trusted_unless_insecure() {
    let stub = server(Authority::named("strange").issue("web-1", |_| ())).await;
    let seen = probe(https(&stub), 5000, Some(&Authority::new().trust())).await;
    let words = "certificate is not trusted: unknown issuer";
    assert_eq!(failed(&seen), (FailureKind::Tls, words));
    let own = server(self_signed("web-1")).await;
    let seen = probe(https(&own), 5000, None).await;
    assert_eq!(failed(&seen), (FailureKind::Tls, "certificate is not trusted: self-signed"));
    assert!(seen.value("certificate_days").is_some());
    let mut spec = https(&own);
    spec.insecure = true;
    let seen = probe(spec, 5000, None).await;
    ok(&seen);
    assert!(seen.value("certificate_days").is_some());
}

#[tokio::test]
async fn f_37_a_stalled_handshake_names_its_phase() {
    let stub = Stub::silent().await;
    let seen = probe(https(&stub), 200, Some(&Authority::new().trust())).await;
    let words = format!("no TLS handshake with 127.0.0.1:{} within 200ms", stub.port);
    assert_eq!(failed(&seen), (FailureKind::Timeout, words.as_str()));
}

#[tokio::test]
async fn a_port_without_tls_says_so() {
    let authority = Authority::new();
    let stub = Stub::new(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 64]).await;
        let _ = stream.write_all(&answer("400 Bad Request", "", "")).await;
    })
    .await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    assert_eq!(failed(&seen).0, FailureKind::Tls);
    let words = format!("web-1 does not speak TLS on port {} (", stub.port);
    assert!(failed(&seen).1.starts_with(&words), "{seen:?}");
    let closes = Stub::new(|stream, _| async move { drop(stream) }).await;
    let seen = probe(https(&closes), 5000, Some(&authority.trust())).await;
    assert_eq!(failed(&seen).0, FailureKind::Tls);
    assert!(failed(&seen).1.contains(&format!(" on port {}", closes.port)), "{seen:?}");
}

#[tokio::test]
async fn f_35_a_redirect_from_https_to_http_is_refused() {
    let authority = Authority::new();
    let acceptor = acceptor(authority.issue("web-1", |_| ()), &[]);
    let stub = Stub::new(move |stream, requests| {
        let acceptor = acceptor.clone();
        async move {
            let to = "Location: http://web-1/\r\n";
            if let Ok(stream) = acceptor.accept(stream).await {
                stub::reply(stream, &answer("301 Moved Permanently", to, ""), &requests).await;
            }
        }
    })
    .await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    let words = "redirect from https to http://web-1/ refused";
    assert_eq!(failed(&seen), (FailureKind::Mismatch, words));
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    let authority = Authority::new();
    let acceptor = acceptor(authority.issue("web-1", |_| ()), &[b"h2"]);
    let stub = Stub::new(move |stream, requests| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
                let _: &hyper::body::Incoming = request.body();
                requests.lock().unwrap().push(format!("{:?} {}", request.version(), request.uri()));
                let body = http_body_util::Full::new(bytes::Bytes::from_static(b"two"));
                async { Ok::<_, std::convert::Infallible>(hyper::Response::new(body)) }
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            let executor = hyper_util::rt::TokioExecutor::new();
            let _ = hyper::server::conn::http2::Builder::new(executor)
                .serve_connection(io, service)
                .await;
        }
    })
    .await;
    let seen = probe(https(&stub), 5000, Some(&authority.trust())).await;
    ok(&seen);
    assert_eq!(seen.value("size"), Some(3.0));
    assert_eq!(stub.request(0), format!("HTTP/2.0 https://web-1:{}/", stub.port));
}
