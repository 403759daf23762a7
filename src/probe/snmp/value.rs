//! What an agent's value means as a number, a counter or a text. Pure.

use async_snmp::Value;
use bytes::Bytes;

use super::counter::Width;
use crate::model::safe_text::sanitize;

/// Longest text of an agent that is kept, in bytes; names and aliases are far shorter.
const TEXT_LIMIT: usize = 256;
/// Longest text that may be a number.
const NUMBER_LIMIT: usize = 64;

/// The value in memory of its own: one from the wire would keep its whole datagram.
pub(super) fn own(value: Value) -> Value {
    let cut = |bytes: &Bytes| Bytes::copy_from_slice(bytes.get(..TEXT_LIMIT).unwrap_or(bytes));
    match value {
        Value::OctetString(bytes) => Value::OctetString(cut(&bytes)),
        Value::Opaque(bytes) => Value::Opaque(cut(&bytes)),
        Value::Nsap(_) | Value::Unknown { .. } | Value::Null => Value::Null,
        other => other,
    }
}

/// A level: any number type, a float in an Opaque, or a text that is a number (laLoad is one).
pub(super) fn number(value: &Value) -> Option<f64> {
    let found = match value {
        Value::Opaque(_) => value
            .as_opaque_float()
            .map(f64::from)
            .or_else(|| value.as_opaque_double())
            .or_else(|| value.as_opaque_u64().map(whole))
            .or_else(|| value.as_opaque_counter64().map(whole)),
        Value::OctetString(bytes) if bytes.len() <= NUMBER_LIMIT => {
            std::str::from_utf8(bytes).ok()?.trim().parse().ok()
        }
        other => other.as_f64(),
    };
    found.filter(|number| number.is_finite())
}

/// A counter with its width. What is no Counter32 is taken as one that never wraps.
pub(super) fn counter(value: &Value) -> Option<(u64, Width)> {
    match value {
        Value::Counter32(number) => Some((u64::from(*number), Width::Narrow)),
        Value::Opaque(_) => value
            .as_opaque_counter64()
            .or_else(|| value.as_opaque_u64())
            .map(|number| (number, Width::Wide)),
        other => other.as_u64().map(|number| (number, Width::Wide)),
    }
}

/// A whole number that is not negative; also of a Counter64 where a gauge was meant.
pub(super) fn size(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_i32().and_then(|number| u64::try_from(number).ok()))
}

/// An INTEGER that means an unsigned number beyond 31 bits: large volumes come negative.
pub(super) fn unsigned(value: &Value) -> Option<u64> {
    #[expect(clippy::cast_sign_loss, reason = "the agent's own mistake is undone")]
    value.as_i32().map(|number| u64::from(number as u32)).or_else(|| value.as_u64())
}

/// A text for people, at most `limit` bytes; `None` when it is empty or no text.
pub(super) fn text(value: &Value, limit: usize) -> Option<String> {
    let Value::OctetString(bytes) = value else { return None };
    let text = String::from_utf8_lossy(bytes);
    // Windows ends its texts with NUL.
    let text = sanitize(text.trim_end_matches('\0').trim(), limit);
    (!text.is_empty()).then_some(text)
}

/// A whole number for metrics.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, far above what is shown")]
pub(super) const fn whole(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Value {
        Value::OctetString(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn numbers_come_in_many_types() {
        let float = Value::Opaque(Bytes::from_static(&[0x9f, 0x78, 4, 0x40, 0x9c, 0x28, 0xf6]));
        for (value, wanted) in [
            (Value::Integer(-7), Some(-7.0)),
            (Value::Gauge32(7), Some(7.0)),
            (Value::Counter64(7), Some(7.0)),
            (Value::TimeTicks(700), Some(700.0)),
            (string("4.88"), Some(4.88)),
            (string(" -12 \n"), Some(-12.0)),
            (string("23 C"), None),
            (string("NaN"), None),
            (string("inf"), None),
            (string(&"1".repeat(65)), None),
            (Value::NoSuchObject, None),
            (Value::Null, None),
            (Value::IpAddress([1, 2, 3, 4]), None),
        ] {
            assert_eq!(number(&value), wanted, "{value:?}");
        }
        assert!((number(&float).unwrap() - 4.88).abs() < 1e-6);
    }

    #[test]
    fn counters_know_their_width() {
        assert_eq!(counter(&Value::Counter32(9)), Some((9, Width::Narrow)));
        assert_eq!(counter(&Value::Counter64(9)), Some((9, Width::Wide)));
        assert_eq!(counter(&Value::Integer(9)), Some((9, Width::Wide)));
        assert_eq!(counter(&Value::Integer(-9)), None);
        assert_eq!(counter(&string("9")), None);
        assert_eq!(unsigned(&Value::Integer(-1)), Some(4_294_967_295));
        assert_eq!(size(&Value::Integer(-1)), None);
    }

    #[test]
    fn texts_are_cut_and_shown_as_they_are_meant() {
        assert_eq!(text(&string("  ge-0/0/1\0"), 64).as_deref(), Some("ge-0/0/1"));
        assert_eq!(text(&string("a\u{1b}[2Jb"), 64).as_deref(), Some("a␛[2Jb"));
        assert_eq!(text(&string(""), 64), None);
        let Value::OctetString(kept) = own(string(&"x".repeat(60_000))) else { panic!() };
        assert_eq!(kept.len(), TEXT_LIMIT);
    }
}
