//! How often somebody may try a password: per account and per address, in bounded tables.
//!
//! A try counts from its begin, so that a thousand at once are no more than ten one by one. When
//! a table is full, what is over is forgotten, then who tried least; whoever is refused stays.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use crate::model::{Span, Steady};

/// Failures after which is refused.
pub const FAILURES: usize = 10;
/// The time in which they count.
pub const WINDOW: Span = Span::from_secs(5 * 60);
/// Entries of a table.
const TABLE: usize = 4096;

/// A try that began.
#[derive(Debug)]
#[must_use]
pub struct Ticket {
    account: String,
    address: Option<IpAddr>,
    at: Steady,
}

/// A try that may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The time after which it may.
    pub after: Span,
    /// True for the first refusal since then: worth a line in the history.
    pub first: bool,
}

#[derive(Debug, Default)]
struct Tries {
    at: VecDeque<Steady>,
    refused: bool,
}

impl Tries {
    fn forget(&mut self, now: Steady) {
        while self.at.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            self.at.pop_front();
            self.refused = false;
        }
    }

    fn full(&self) -> bool {
        self.at.len() >= FAILURES
    }

    fn refuse(&mut self, now: Steady) -> Refused {
        let passed = self.at.front().map_or(WINDOW, |at| now.since(*at));
        let after = Span::from_millis(WINDOW.millis().saturating_sub(passed.millis()));
        Refused { after, first: !std::mem::replace(&mut self.refused, true) }
    }
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Tries>);

impl<K: Eq + Hash + Clone> Table<K> {
    /// Refuses when the entry is full, or there is no place for one.
    fn look(&mut self, key: &K, now: Steady) -> Result<(), Refused> {
        if let Some(tries) = self.0.get_mut(key) {
            tries.forget(now);
            return if tries.full() { Err(tries.refuse(now)) } else { Ok(()) };
        }
        if self.0.len() >= TABLE {
            self.0.retain(|_, tries| {
                tries.forget(now);
                !tries.at.is_empty()
            });
        }
        if self.0.len() < TABLE {
            return Ok(());
        }
        let idle = self.0.iter().filter(|(_, tries)| !tries.full());
        let least = idle.min_by_key(|(_, tries)| (tries.at.len(), tries.at.back().copied()));
        let Some(key) = least.map(|(key, _)| key.clone()) else {
            return Err(Refused { after: WINDOW, first: false });
        };
        self.0.remove(&key);
        Ok(())
    }

    fn note(&mut self, key: K, now: Steady) {
        self.0.entry(key).or_default().at.push_back(now);
    }
}

/// The tries of late.
#[derive(Debug)]
pub struct Limiter {
    accounts: Table<String>,
    addresses: Table<IpAddr>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { accounts: Table(HashMap::new()), addresses: Table(HashMap::new()) }
    }
}

impl Limiter {
    /// Begins a try at an account, from an address. It is a failure until
    /// [`Self::succeeded`] says otherwise.
    ///
    /// # Errors
    /// When there were too many.
    pub fn begin(
        &mut self,
        account: &str,
        address: Option<IpAddr>,
        now: Steady,
    ) -> Result<Ticket, Refused> {
        let address = address.map(place);
        // A name that no account can have is one account, whatever it is.
        let account = if account.len() > 256 { String::new() } else { account.to_owned() };
        if let Some(address) = &address {
            self.addresses.look(address, now)?;
        }
        self.accounts.look(&account, now)?;
        if let Some(address) = address {
            self.addresses.note(address, now);
        }
        self.accounts.note(account.clone(), now);
        Ok(Ticket { account, address, at: now })
    }

    /// The password was right: the account's failures are forgotten, and of the address's this
    /// try alone, so that who has one account cannot try others for ever.
    pub fn succeeded(&mut self, ticket: &Ticket) {
        self.accounts.0.remove(&ticket.account);
        self.give_back(ticket);
    }

    /// It never came to a try.
    pub fn withdrawn(&mut self, ticket: &Ticket) {
        self.give_back(ticket);
        if let Some(tries) = self.accounts.0.get_mut(&ticket.account) {
            take_one(tries, ticket.at);
        }
    }

    fn give_back(&mut self, ticket: &Ticket) {
        let tries = ticket.address.and_then(|address| self.addresses.0.get_mut(&address));
        if let Some(tries) = tries {
            take_one(tries, ticket.at);
        }
    }
}

fn take_one(tries: &mut Tries, at: Steady) {
    if let Some(place) = tries.at.iter().position(|known| *known == at) {
        tries.at.remove(place);
    }
}

/// The address that is counted: of IPv6 the network of one site.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Steady = Steady::from_millis(1_000_000);

    fn at(seconds: u64) -> Steady {
        T0 + Span::from_secs(seconds)
    }

    fn from(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(n.into()))
    }

    #[test]
    fn fs_38_ten_failures_in_five_minutes_close_an_account_from_everywhere() {
        let mut limiter = Limiter::default();
        for n in 0..10 {
            let _ = limiter.begin("ann", from(n), at(u64::from(n))).unwrap();
        }
        let refused = limiter.begin("ann", from(99), at(10)).unwrap_err();
        assert_eq!(refused, Refused { after: Span::from_secs(290), first: true });
        assert!(!limiter.begin("ann", from(98), at(11)).unwrap_err().first);
        assert!(limiter.begin("bob", from(97), at(11)).is_ok());
        assert!(limiter.begin("ann", from(99), at(299)).is_err());
        assert!(limiter.begin("ann", from(99), at(300)).is_ok(), "the oldest is five minutes old");
        assert!(limiter.begin("ann", from(99), at(300)).unwrap_err().first, "and closed again");
    }

    #[test]
    fn fs_38_ten_failures_close_an_address_for_every_account() {
        let mut limiter = Limiter::default();
        for n in 0..10 {
            let _ = limiter.begin(&format!("u{n}"), from(1), at(0)).unwrap();
        }
        assert!(limiter.begin("ann", from(1), at(1)).is_err());
        assert!(limiter.begin("ann", from(2), at(1)).is_ok());
        let six = |text: &str| Some(text.parse().unwrap());
        for n in 0..10 {
            let address = format!("2001:db8:1:2::{n}");
            let _ = limiter.begin(&format!("v{n}"), six(&address), at(0)).unwrap();
        }
        assert!(limiter.begin("w", six("2001:db8:1:2:ffff::1"), at(1)).is_err(), "one site");
        assert!(limiter.begin("w", six("2001:db8:1:3::1"), at(1)).is_ok());
        assert!(limiter.begin("w", six("::ffff:0.0.0.1"), at(1)).is_err(), "the same host");
    }

    #[test]
    fn fs_38_a_right_password_opens_the_account_and_counts_for_nothing() {
        let mut limiter = Limiter::default();
        for round in 0..30 {
            for n in 0..9 {
                let _ = limiter.begin("ann", from(100 + round * 10 + n), at(0)).unwrap();
            }
            let ticket = limiter.begin("ann", from(1), at(0)).unwrap();
            limiter.succeeded(&ticket);
        }
        for n in 0..30 {
            let ticket = limiter.begin("bob", from(2), at(n)).unwrap();
            limiter.withdrawn(&ticket);
        }
    }

    #[test]
    fn a_flood_of_names_takes_no_more_room_and_opens_nothing() {
        let mut limiter = Limiter::default();
        for n in 0..10 {
            let _ = limiter.begin("ann", from(n), at(0)).unwrap();
        }
        for n in 0..3 * u32::try_from(TABLE).unwrap() {
            let _ = limiter.begin(&format!("u{n}"), from(1000 + n), at(1)).unwrap();
        }
        assert!(limiter.accounts.0.len() <= TABLE && limiter.addresses.0.len() <= TABLE);
        assert!(limiter.begin("ann", from(7_000_000), at(2)).is_err(), "still closed");
        for long in ["x".repeat(1000), "y".repeat(1_000_000)] {
            let _ = limiter.begin(&long, None, at(2)).unwrap();
        }
        assert!(limiter.accounts.0.keys().all(|name| name.len() <= 256));
    }
}
