//! Proofs of who somebody is: passwords, sessions, tokens, and how often one may try.
//!
//! In: what was sent, the accounts as they are, the moment.
//! Out: who it is, or that it is not known; hashes and fresh secrets.
//! Never: knows a route or a command, decides what somebody may do, stores anything but the key
//! that sessions are signed with.

mod accounts;
mod jwt;
mod key;
mod limiter;
mod member;
mod pace;
mod password;
mod token;

pub use accounts::{Accounts, Credential, Identity, Session};
pub use jwt::{Claims, LIFETIME, SESSION, read, sign};
pub use key::{Key, KeyError};
pub use limiter::{FAILURES, Limiter, Refused, Ticket, WINDOW};
pub use member::{Origin, vouch, vouched};
pub use pace::{BURST, Pace, RATE};
pub use password::{LONGEST, SHORTEST, hash, valid, verify};
pub use token::{mint, of_text};
