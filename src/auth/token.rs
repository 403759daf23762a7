//! API tokens: `fnx_` and 256 bits of chance as base64url; known here by their SHA-256 alone.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::{PlainToken, TokenHash};

/// What every token begins with, so that a scanner of secrets finds one that was lost.
const PREFIX: &str = "fnx_";
/// Characters after it: 256 bits.
const LENGTH: usize = 43;

/// A token that nobody had before, and its hash.
#[must_use]
pub fn mint() -> (PlainToken, TokenHash) {
    let chance: [u8; 32] = rand::random();
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(chance));
    let hash = hash(&text);
    (PlainToken(text), hash)
}

/// The hash of what was sent; `None` when that cannot be a token.
#[must_use]
pub fn of_text(text: &str) -> Option<TokenHash> {
    let rest = text.strip_prefix(PREFIX)?;
    let looks = rest.len() == LENGTH
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    looks.then(|| hash(text))
}

fn hash(text: &str) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut bytes = [0; 32];
    // SHA-256 has 32 bytes.
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    TokenHash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_38_a_token_is_256_bits_and_known_by_its_hash() {
        let (one, hash) = mint();
        assert_eq!(one.0.len(), PREFIX.len() + LENGTH);
        assert_eq!(of_text(&one.0), Some(hash));
        assert_ne!(mint().0, one);
        // `printf fnx_AAA... | sha256sum`
        let known = format!("{PREFIX}{}", "A".repeat(LENGTH));
        let first = of_text(&known).map(|hash| hash.0[..4].to_vec());
        assert_eq!(first, Some(KNOWN.to_vec()));
        let cut = &one.0[..one.0.len() - 1];
        for wrong in ["", "fnx_", cut, &one.0.replace("fnx_", "fny_"), &format!("{}x", one.0)] {
            assert_eq!(of_text(wrong), None, "{wrong}");
        }
        assert_eq!(of_text(&format!("fnx_{}", "é".repeat(22))), None);
        assert_eq!(of_text(&"x".repeat(1_000_000)), None);
    }

    const KNOWN: [u8; 4] = [0x72, 0xb4, 0xb6, 0xc3];
}
