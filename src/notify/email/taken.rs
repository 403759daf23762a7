//! Who has a message already whose delivery to others is tried again.
//!
//! Kept in memory: after a restart all recipients get it once more, as the same message.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lettre::address::Address;

/// Messages that are remembered; the oldest is forgotten for a new one.
const MESSAGES: usize = 1000;

#[derive(Debug, Default)]
struct Inner {
    by_key: HashMap<String, BTreeSet<String>>,
    order: VecDeque<String>,
}

/// By notification, who took it.
#[derive(Clone, Debug, Default)]
pub struct Taken(Arc<Mutex<Inner>>);

impl Taken {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who do not have it yet.
    pub fn missing(&self, key: &str, all: &[Address]) -> Vec<Address> {
        let inner = self.lock();
        let known = inner.by_key.get(key);
        let has =
            |one: &&Address| known.is_some_and(|known| known.contains::<str>((*one).as_ref()));
        all.iter().filter(|one| !has(one)).cloned().collect()
    }

    /// They took it.
    pub fn add(&self, key: &str, who: &[Address]) {
        if who.is_empty() {
            return;
        }
        let mut inner = self.lock();
        if !inner.by_key.contains_key(key) {
            if inner.order.len() >= MESSAGES
                && let Some(oldest) = inner.order.pop_front()
            {
                inner.by_key.remove(&oldest);
            }
            inner.order.push_back(key.to_owned());
        }
        let known = inner.by_key.entry(key.to_owned()).or_default();
        known.extend(who.iter().map(ToString::to_string));
    }

    /// Nothing of it is open any more.
    pub fn forget(&self, key: &str) {
        let mut inner = self.lock();
        if inner.by_key.remove(key).is_some() {
            inner.order.retain(|known| known != key);
        }
    }
}
