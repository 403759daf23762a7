//! Logins, tokens and limits: counted and logged in one place, so that no count lacks its line.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use prometheus::IntCounterVec;

use super::make::Make;

/// Most identifiers that are told apart.
const IDENTIFIERS: usize = 100;
/// All others.
const OTHER: &str = "other";

/// The families of logins and limits.
#[derive(Debug)]
pub(super) struct Auth {
    attempts: IntCounterVec,
    success: IntCounterVec,
    failure: IntCounterVec,
    limits: IntCounterVec,
    /// The key of the hashes; new with every process.
    key: RandomState,
    known: Mutex<HashSet<u64>>,
}

impl Auth {
    pub(super) fn new(make: &Make<'_>) -> Self {
        Self {
            attempts: make.counters(
                "auth_attempts_total",
                "Tries to log in or to use a token.",
                &["method", "result"],
            ),
            success: make.counters("auth_success_total", "Those that succeeded.", &["method"]),
            failure: make.counters(
                "auth_failure_total",
                "Those that failed, by reason.",
                &["method", "reason"],
            ),
            limits: make.counters(
                "rate_limit_hits_total",
                "Requests that a limit held back; the identifier is a hash of the address.",
                &["limiter_type", "identifier"],
            ),
            key: RandomState::new(),
            known: Mutex::default(),
        }
    }

    pub(super) fn attempt(&self, method: &'static str, result: &'static str, reason: &'static str) {
        self.attempts.with_label_values(&[method, result]).inc();
        if result == "success" {
            self.success.with_label_values(&[method]).inc();
            match method {
                "password" => tracing::info!(method, result, "authentication"),
                // Shown with every request.
                _ => tracing::debug!(method, result, "authentication"),
            }
        } else {
            self.failure.with_label_values(&[method, reason]).inc();
            tracing::warn!(method, result, reason, "authentication");
        }
    }

    pub(super) fn limited(&self, limiter_type: &'static str, who: &str) {
        let hash = self.key.hash_one(who);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = known.contains(&hash) || known.len() < IDENTIFIERS && known.insert(hash);
        drop(known);
        let identifier = if is_told { format!("{hash:016x}") } else { OTHER.to_owned() };
        self.limits.with_label_values(&[limiter_type, identifier.as_str()]).inc();
        tracing::warn!(limiter_type, identifier, "rate limit");
    }
}
