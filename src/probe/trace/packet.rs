//! The bytes of a probe, and finding it again in what comes back.
//!
//! Every probe of a session has the same checksum: the sequence number travels together with its
//! complement, and the two cancel out. So routers that spread flows by the first bytes of the
//! payload send all probes the same way, and parallel paths do not look like a flapping route.
//! What comes back is foreign: every function here takes any bytes.

/// Bytes after the ICMP or UDP header.
const BODY: usize = 36;
/// Bytes of an ICMP echo header.
const ECHO_HEADER: usize = 8;

/// What makes a session's probes its own, besides identifier or ports.
pub(super) type Nonce = [u8; 8];

/// The address family of ICMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    const fn echo_request(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    const fn echo_reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }
}

/// An ICMP echo request with its checksum (over the message only, as IPv4 has it; for IPv6 the
/// kernel puts its own in).
pub(super) fn echo_request(family: Family, id: u16, sequence: u16, nonce: Nonce) -> Vec<u8> {
    let mut bytes = vec![family.echo_request(), 0, 0, 0];
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&(!sequence).to_be_bytes());
    bytes.resize(ECHO_HEADER + BODY, 0);
    let sum = checksum(&bytes).to_be_bytes();
    for (place, byte) in bytes.iter_mut().skip(2).zip(sum) {
        *place = byte;
    }
    bytes
}

/// The payload of a UDP probe.
pub(super) fn datagram(sequence: u16, nonce: Nonce) -> Vec<u8> {
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&(!sequence).to_be_bytes());
    bytes.resize(BODY, 0);
    bytes
}

/// The sequence number of our echo reply; `id` is known where the kernel does not sort by it.
pub(super) fn reply_sequence(
    family: Family,
    bytes: &[u8],
    id: Option<u16>,
    nonce: Nonce,
) -> Option<u16> {
    // A reply repeats the whole request; a short one is not ours.
    if bytes.len() < ECHO_HEADER + nonce.len() + 2 {
        return None;
    }
    echo_sequence(family.echo_reply(), bytes, id, nonce)
}

/// The sequence number in an error's quote of our echo request. A router quotes at least the ICMP
/// header; what it quotes beyond must be ours.
pub(super) fn quoted_sequence(
    family: Family,
    quote: &[u8],
    id: Option<u16>,
    nonce: Nonce,
) -> Option<u16> {
    echo_sequence(family.echo_request(), quote, id, nonce)
}

fn echo_sequence(kind: u8, bytes: &[u8], id: Option<u16>, nonce: Nonce) -> Option<u16> {
    let (header, body) = bytes.split_first_chunk::<ECHO_HEADER>()?;
    let [found_kind, code, _, _, id_high, id_low, high, low] = *header;
    let sequence = u16::from_be_bytes([high, low]);
    let id_fits = id.is_none_or(|id| id.to_be_bytes() == [id_high, id_low]);
    if found_kind != kind || code != 0 || !id_fits {
        return None;
    }
    let mut ours = nonce.to_vec();
    ours.extend_from_slice(&(!sequence).to_be_bytes());
    body.iter().zip(&ours).all(|(found, ours)| found == ours).then_some(sequence)
}

/// What the quoted or echoed payload of a UDP probe tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// It is the probe with this sequence number.
    Sequence(u16),
    /// It may be ours, but the sequence number is cut off.
    Short,
    /// It is not ours.
    Foreign,
}

/// Finds the sequence number in a UDP payload.
pub(super) fn payload_sequence(bytes: &[u8], nonce: Nonce) -> Payload {
    if !bytes.iter().zip(&nonce).all(|(found, ours)| found == ours) {
        return Payload::Foreign;
    }
    let Some([high, low]) = bytes.get(nonce.len()..nonce.len() + 2) else {
        return Payload::Short;
    };
    let sequence = u16::from_be_bytes([*high, *low]);
    match bytes.get(nonce.len() + 2..nonce.len() + 4) {
        Some(complement) if complement != (!sequence).to_be_bytes() => Payload::Foreign,
        _ => Payload::Sequence(sequence),
    }
}

/// What follows the IPv4 header that a raw socket hands out.
pub(super) fn after_ipv4_header(bytes: &[u8]) -> Option<&[u8]> {
    let first = *bytes.first()?;
    let length = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || length < 20 {
        return None;
    }
    bytes.get(length..)
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        let high = u32::from(pair.first().copied().unwrap_or(0));
        let low = u32::from(pair.get(1).copied().unwrap_or(0));
        sum += high << 8 | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: Nonce = *b"\x01\x82\x03\xf4\x05\x06\x77\x08";

    #[test]
    fn every_probe_of_a_session_has_one_checksum() {
        for family in [Family::V4, Family::V6] {
            let sums: std::collections::BTreeSet<Vec<u8>> = (0..=u16::MAX)
                .map(|sequence| echo_request(family, 77, sequence, NONCE)[2..4].to_vec())
                .collect();
            assert_eq!(sums.len(), 1);
        }
        let udp: std::collections::BTreeSet<u16> =
            (0..=u16::MAX).map(|sequence| checksum(&datagram(sequence, NONCE))).collect();
        assert_eq!(udp.len(), 1);
    }

    #[test]
    fn a_quote_may_be_short_but_not_foreign() {
        let sent = echo_request(Family::V4, 7, 4711, NONCE);
        for length in 0..sent.len() {
            let found = quoted_sequence(Family::V4, &sent[..length], Some(7), NONCE);
            assert_eq!(found, (length >= 8).then_some(4711), "{length} bytes");
        }
        assert_eq!(quoted_sequence(Family::V4, &sent, Some(8), NONCE), None, "another's id");
        assert_eq!(quoted_sequence(Family::V6, &sent, None, NONCE), None, "another family");
        assert_eq!(quoted_sequence(Family::V4, &sent, None, [0; 8]), None, "another nonce");
        assert_eq!(reply_sequence(Family::V4, &sent, None, NONCE), None, "our own request");
        let mut reply = sent;
        reply[0] = 0;
        assert_eq!(reply_sequence(Family::V4, &reply, Some(7), NONCE), Some(4711));
        assert_eq!(reply_sequence(Family::V4, &reply[..12], Some(7), NONCE), None, "cut off");
    }

    #[test]
    fn a_udp_payload_says_which_probe_or_that_it_is_cut_off() {
        let sent = datagram(258, NONCE);
        for length in 0..sent.len() {
            let expected = if length < 10 { Payload::Short } else { Payload::Sequence(258) };
            let found = payload_sequence(&sent[..length], NONCE);
            // One byte of the complement alone cannot be compared.
            assert_eq!(found, expected, "{length} bytes");
        }
        assert_eq!(payload_sequence(b"hello", NONCE), Payload::Foreign);
        let mut bent = sent;
        bent[9] ^= 1;
        assert_eq!(payload_sequence(&bent, NONCE), Payload::Foreign);
    }

    #[test]
    fn ip_options_are_skipped() {
        let mut packet = vec![0x46; 24];
        packet.extend_from_slice(b"rest");
        assert_eq!(after_ipv4_header(&packet), Some(&b"rest"[..]));
        assert_eq!(after_ipv4_header(&[0x4f; 30]), None);
        assert_eq!(after_ipv4_header(&[0x41; 30]), None);
        assert_eq!(after_ipv4_header(&[0x65; 60]), None);
    }

    proptest! {
        #[test]
        fn garbage_is_never_ours_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..1500)) {
            for family in [Family::V4, Family::V6] {
                let quoted = quoted_sequence(family, &bytes, Some(77), NONCE);
                prop_assert!(quoted.is_none() || bytes.len() >= 8);
                prop_assert_eq!(reply_sequence(family, &bytes, Some(77), NONCE), None);
            }
            if bytes.len() >= 12 {
                prop_assert_eq!(payload_sequence(&bytes, NONCE), Payload::Foreign);
            }
            let _ = after_ipv4_header(&bytes);
        }

        #[test]
        fn what_was_sent_is_found_again(id: u16, sequence: u16, nonce: Nonce, extra in 0usize..200) {
            let mut quote = echo_request(Family::V6, id, sequence, nonce);
            quote.resize(quote.len() + extra, 0xaa);
            prop_assert_eq!(quoted_sequence(Family::V6, &quote, Some(id), nonce), Some(sequence));
            let sent = datagram(sequence, nonce);
            prop_assert_eq!(payload_sequence(&sent, nonce), Payload::Sequence(sequence));
        }
    }
}
