//! Passwords: argon2id with the crate's parameters (19 MiB, 2 passes), kept as PHC strings.
//!
//! Each call takes some 20 ms of one core and 19 MiB: the caller bounds how many run at once.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use crate::model::{Password, PasswordHash};

/// Least characters of a new password.
pub const SHORTEST: usize = 12;
/// Most bytes of a password.
pub const LONGEST: usize = 1024;

/// Nobody's password: verified where there is no such user, so that it takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Zmx1eG5vYyBub2JvZHkuLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether this may become a password.
///
/// # Errors
/// A sentence with what is wrong.
pub fn valid(password: &Password) -> Result<(), String> {
    let text = password.reveal();
    if text.chars().count() < SHORTEST {
        return Err(format!("a password has at least {SHORTEST} characters"));
    }
    if text.len() > LONGEST {
        return Err(format!("a password has at most {LONGEST} bytes"));
    }
    Ok(())
}

/// The hash of a password, with a salt of its own.
///
/// # Errors
/// When the machine gives no memory or no randomness for it.
pub fn hash(password: &Password) -> Result<PasswordHash, String> {
    let hashed: Result<argon2::PasswordHash, _> =
        Argon2::default().hash_password(password.reveal().as_bytes());
    hashed
        .map(|hash| PasswordHash(hash.to_string()))
        .map_err(|error| format!("the password cannot be hashed: {error}"))
}

/// Whether this is the password of that hash; without one it takes as long, and it is not.
#[must_use]
pub fn verify(password: &Password, hash: Option<&PasswordHash>) -> bool {
    // What nobody can have set is not worth the time that its length would take.
    let text = password.reveal();
    let short = text.len() <= LONGEST;
    let tried = if short { text.as_bytes() } else { &[] };
    let stored = hash.map_or(NOBODY, |hash| &hash.0);
    let right = argon2::PasswordHash::new(stored)
        .is_ok_and(|stored| Argon2::default().verify_password(tried, &stored).is_ok());
    right && short && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn fs_38_a_password_is_known_by_its_hash_alone() {
        let right = password("correct horse battery");
        let hash = super::hash(&right).unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(!hash.0.contains("horse"));
        assert!(verify(&right, Some(&hash)));
        for wrong in
            ["", "correct horse batterz", "correct horse battery ", "Correct horse battery"]
        {
            assert!(!verify(&password(wrong), Some(&hash)), "{wrong}");
        }
        assert!(!verify(&right, None), "nobody has no password");
        assert!(!verify(&right, Some(&PasswordHash("broken".to_owned()))));
        assert_ne!(super::hash(&right).unwrap(), hash, "each has its own salt");
    }

    #[test]
    fn fs_38_an_unknown_name_takes_as_long_as_a_known_one() {
        let same = super::hash(&password("correct horse battery")).unwrap().0;
        let parameters = |phc: &str| phc.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(parameters(&same), parameters(NOBODY));
        assert!(argon2::PasswordHash::new(NOBODY).is_ok());
        let lengths = |phc: &str| phc.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(lengths(&same), lengths(NOBODY));
    }

    #[test]
    fn the_length_is_bounded_on_both_sides() {
        let cases = [(11, false), (12, true), (1024, true), (1025, false)];
        for (length, fine) in cases {
            assert_eq!(valid(&password(&"x".repeat(length))).is_ok(), fine, "{length}");
        }
        assert!(valid(&password(&"é".repeat(12))).is_ok(), "characters, not bytes");
        assert!(!verify(&password(&"x".repeat(1_000_000)), None));
    }
}
