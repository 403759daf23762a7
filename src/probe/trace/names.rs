//! Reverse names of hops, looked up in the background; a report never waits for one.
//!
//! Whoever owns an address chooses its name, so a name is only a remark beside the address, and
//! sanitised.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::socket::reverse_name;
use crate::model::SafeText;

/// Names that are remembered.
const LIMIT: usize = 512;
/// Lookups at the same time; each holds a thread while the resolver is silent.
const LOOKUPS: usize = 4;
/// After this an address without a name, or a name, is asked for again.
const REFRESH: Duration = Duration::from_hours(1);
/// The same after a lookup that failed.
const RETRY: Duration = Duration::from_mins(1);

type Found = (IpAddr, Result<Option<String>, i32>);

struct Entry {
    name: Option<SafeText>,
    again: Instant,
}

/// The names that are known so far.
pub(super) struct Names {
    on: bool,
    known: HashMap<IpAddr, Entry>,
    order: VecDeque<IpAddr>,
    waiting: VecDeque<IpAddr>,
    running: JoinSet<Found>,
}

impl Names {
    /// Knows nothing yet; looks nothing up unless `on`.
    pub fn new(on: bool) -> Self {
        Self {
            on,
            known: HashMap::new(),
            order: VecDeque::new(),
            waiting: VecDeque::new(),
            running: JoinSet::new(),
        }
    }

    /// The name, if it is known by now.
    pub fn get(&self, address: IpAddr) -> Option<SafeText> {
        self.known.get(&address).and_then(|entry| entry.name.clone())
    }

    /// Looks the address up, unless that was done lately. Must be called inside a runtime.
    pub fn want(&mut self, address: IpAddr, now: Instant) {
        if !self.on || self.known.get(&address).is_some_and(|entry| entry.again > now) {
            return;
        }
        // Also keeps it from being asked for twice.
        self.learn(address, None, now + REFRESH);
        self.waiting.push_back(address);
        self.start();
    }

    /// Waits until a lookup ends; true when it found something. For ever when none runs.
    pub async fn learned(&mut self) -> bool {
        let Some(done) = self.running.join_next().await else {
            return std::future::pending().await;
        };
        self.start();
        let Ok((address, result)) = done else { return false };
        let now = Instant::now();
        match result {
            Ok(Some(name)) if is_name(&name) => {
                self.learn(address, Some(SafeText::line(&name)), now + REFRESH);
                true
            }
            Ok(_) => false,
            Err(_) => {
                if let Some(entry) = self.known.get_mut(&address) {
                    entry.again = now + RETRY;
                }
                false
            }
        }
    }

    fn learn(&mut self, address: IpAddr, name: Option<SafeText>, again: Instant) {
        if let Some(entry) = self.known.get_mut(&address) {
            // A name that is asked for again stays until the answer.
            entry.name = name.or_else(|| entry.name.take());
            entry.again = again;
            return;
        }
        self.known.insert(address, Entry { name, again });
        self.order.push_back(address);
        if self.order.len() > LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn start(&mut self) {
        while self.running.len() < LOOKUPS {
            let Some(address) = self.waiting.pop_front() else { break };
            self.running.spawn_blocking(move || (address, reverse_name(address)));
        }
    }
}

/// A name of DNS length that is not just an address again (which could be another's).
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_not_shown() {
        assert!(is_name("core-1.example"));
        for bad in ["", "10.0.0.1", "::1", &"x".repeat(256)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn loopback_has_its_name_from_the_hosts_file_and_hostile_ones_are_bounded() {
        let now = Instant::now();
        let mut names = Names::new(true);
        let loopback = IpAddr::from([127, 0, 0, 1]);
        names.want(loopback, now);
        names.want(loopback, now);
        assert_eq!(names.running.len(), 1, "asked once");
        assert_eq!(names.get(loopback), None, "nothing waits for it");
        assert!(names.learned().await);
        assert!(names.get(loopback).is_some());

        names.learn(loopback, Some(SafeText::line("evil\x1b[2J")), now);
        assert!(!names.get(loopback).unwrap().as_str().contains('\x1b'));
        for n in 0..2000_u32 {
            names.learn(IpAddr::V4(n.into()), None, now);
        }
        assert_eq!((names.known.len(), names.order.len()), (LIMIT, LIMIT));
    }

    #[tokio::test]
    async fn switched_off_nothing_is_asked() {
        let mut names = Names::new(false);
        names.want(IpAddr::from([127, 0, 0, 1]), Instant::now());
        assert!(names.running.is_empty() && names.known.is_empty());
    }
}
