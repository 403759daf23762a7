//! Notifications on their way: real requests to real receivers, good, dead and hostile ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "notify/acks.rs"]
mod acks;
#[path = "notify/delivery.rs"]
mod delivery;
#[path = "notify/email.rs"]
mod email;
#[path = "notify/escalation.rs"]
mod escalation;
#[path = "notify/flux_notify.rs"]
mod flux_notify;
#[path = "notify/hold.rs"]
mod hold;
#[path = "common/lab.rs"]
mod lab;
#[path = "notify/lanes.rs"]
mod lanes;
#[path = "notify/read_ahead.rs"]
mod read_ahead;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "notify/resend.rs"]
mod resend;
#[path = "common/smtpd.rs"]
mod smtpd;
#[path = "common/tls.rs"]
mod tls;
#[path = "notify/told.rs"]
mod told;
#[path = "notify/valve.rs"]
mod valve;
#[path = "notify/watchdog.rs"]
mod watchdog;
