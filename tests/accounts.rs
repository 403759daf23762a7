//! Accounts: who comes in over the network, what they may do, and when it ends. The engine is real,
//! and so are the store, the router and the requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails so"
)]

#[path = "accounts/hostile.rs"]
mod hostile;
#[path = "common/lab.rs"]
mod lab;
#[path = "accounts/limits.rs"]
mod limits;
#[path = "common/net.rs"]
mod net;
#[path = "accounts/program.rs"]
mod program;
#[path = "accounts/rights.rs"]
mod rights;
#[path = "accounts/secrets.rs"]
mod secrets;
#[path = "accounts/sessions.rs"]
mod sessions;
#[path = "accounts/windows.rs"]
mod windows;
