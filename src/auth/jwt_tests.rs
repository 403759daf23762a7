//! Session tokens: what counts, and everything that does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_772_000_000_400);
const SECOND: i64 = 1_772_000_000;

fn claims() -> Value {
    json!({
        "iss": "fluxnoc", "sub": "ann", "epoch": 7,
        "iat": SECOND, "exp": SECOND + 900, "auth_time": SECOND,
    })
}

/// A token with this header over these claims, signed as HS256 whatever the header says.
fn forged(secret: &[u8], header: &Value, claims: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", part(header.to_string().as_bytes()), part(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", part(tag.as_ref()))
}

fn key_of(secret: &[u8]) -> Key {
    Key {
        signs: jsonwebtoken::EncodingKey::from_secret(secret),
        reads: jsonwebtoken::DecodingKey::from_secret(secret),
    }
}

#[test]
fn fs_38_a_token_counts_a_quarter_of_an_hour() {
    let key = Key::random();
    let claims = Claims::new("ann", 7, NOW, NOW);
    assert_eq!(claims.seconds(), 900);
    let text = sign(&key, &claims).unwrap();
    assert_eq!(read(&key, &text, NOW), Some(claims.clone()));
    assert_eq!(read(&key, &text, NOW + Span::from_secs(899)), Some(claims));
    assert_eq!(read(&key, &text, NOW + Span::from_secs(900)), None);
    assert_eq!(read(&Key::random(), &text, NOW), None, "another key");
    assert_eq!(read(&key, &text, NOW - Span::from_secs(120)), None, "the clock went back");
}

#[test]
fn fs_38_a_login_counts_twelve_hours_however_often_it_is_renewed() {
    let key = Key::random();
    let late = NOW + SESSION - Span::from_secs(60);
    let claims = Claims::new("ann", 7, NOW, late);
    assert_eq!(claims.seconds(), 60, "no token outlives its login");
    let text = sign(&key, &claims).unwrap();
    assert_eq!(read(&key, &text, late).map(|claims| claims.since().millis()), Some(SECOND * 1000));
    let over = Claims::new("ann", 7, NOW, NOW + SESSION);
    assert_eq!(read(&key, &sign(&key, &over).unwrap(), NOW + SESSION), None);
}

#[test]
fn fs_38_every_other_header_is_refused() {
    let secret = [9; 32];
    let key = key_of(&secret);
    let body = claims().to_string();
    let good = forged(&secret, &json!({ "alg": "HS256", "typ": "JWT" }), body.as_bytes());
    assert!(read(&key, &good, NOW).is_some());
    for alg in ["none", "None", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "hs256", ""] {
        let text = forged(&secret, &json!({ "alg": alg, "typ": "JWT" }), body.as_bytes());
        assert_eq!(read(&key, &text, NOW), None, "{alg}");
        let (unsigned, _) = text.rsplit_once('.').unwrap();
        assert_eq!(read(&key, &format!("{unsigned}."), NOW), None, "{alg} unsigned");
        assert_eq!(read(&key, unsigned, NOW), None, "{alg} without the part");
    }
    assert_eq!(read(&key, &forged(&secret, &json!({}), body.as_bytes()), NOW), None);
    assert_eq!(read(&key, &forged(&secret, &json!([]), body.as_bytes()), NOW), None);
}

#[test]
fn fs_38_every_claim_is_required_and_typed() {
    let secret = [9; 32];
    let key = key_of(&secret);
    let header = json!({ "alg": "HS256" });
    let try_with =
        |claims: &Value| read(&key, &forged(&secret, &header, claims.to_string().as_bytes()), NOW);
    assert!(try_with(&claims()).is_some());
    for name in ["iss", "sub", "epoch", "iat", "exp", "auth_time"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(try_with(&without), None, "without {name}");
        for wrong in
            [json!(null), json!([]), json!({}), json!(true), json!("1772000500.5"), json!(1.5)]
        {
            let mut other = claims();
            other[name] = wrong.clone();
            // A text is what `sub` is.
            let text = name == "sub" && wrong.is_string();
            assert_eq!(try_with(&other).is_some(), text, "{name} {wrong}");
        }
    }
    let cases = [
        ("iss", json!("fluxbase")),
        ("iss", json!("")),
        ("epoch", json!(-1)),
        ("exp", json!(SECOND)),
        ("exp", json!(SECOND + 901)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(u64::MAX)),
        ("iat", json!(SECOND + 61)),
        ("iat", json!(i64::MIN)),
        ("auth_time", json!(SECOND + 1)),
        ("auth_time", json!(SECOND - 12 * 3600)),
        ("auth_time", json!(i64::MIN)),
        ("aud", json!("else")),
        ("role", json!("admin")),
    ];
    for (name, value) in cases {
        let mut other = claims();
        other[name] = value.clone();
        assert_eq!(try_with(&other), None, "{name} {value}");
    }
    let doubled = claims().to_string().replacen('{', "{\"sub\":\"root\",", 1);
    assert_eq!(read(&key, &forged(&secret, &header, doubled.as_bytes()), NOW), None);
    for broken in [&b""[..], b"{", b"[]", b"\xff", b"null"] {
        assert_eq!(read(&key, &forged(&secret, &header, broken), NOW), None, "{broken:?}");
    }
}

#[test]
fn fs_38_a_token_that_was_touched_is_refused() {
    let key = Key::random();
    let text = sign(&key, &Claims::new("ann", 7, NOW, NOW)).unwrap();
    for end in 0..text.len() {
        assert_eq!(read(&key, &text[..end], NOW), None, "cut at {end}");
    }
    for place in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(read(&key, &changed, NOW), None, "changed at {place}: {changed}");
    }
    let bad =
        [format!("{text}{text}"), format!("{text}."), format!(" {text}"), format!("{text}\n")];
    for bad in bad.into_iter().chain([String::new(), "x".repeat(1_000_000), ".".repeat(1000)]) {
        assert_eq!(read(&key, &bad, NOW), None);
    }
}
