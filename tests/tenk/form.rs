//! How large a run is and what it must keep to.

use std::time::Duration;

use super::fleet::Fleet;

/// Chooses the form: `full`, or `HOSTSxINTERVALxSECONDS`; without it the short one.
pub const FORM: &str = "FLUXNOC_TENK";

/// A run and its limits.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub fleet: Fleet,
    pub lasts: Duration,
    /// Start lag, 99th percentile.
    pub lag: Duration,
    /// Cursor key to screen, 99th percentile.
    pub key: Duration,
    /// Growth of resident memory between three tenths of the run and its end, in per cent.
    pub growth: f64,
}

impl Form {
    /// The limits of the specification; they hold for a release build.
    const fn strict(hosts: u32, interval: u32, seconds: u64) -> Self {
        Self {
            fleet: Fleet { hosts, interval },
            lasts: Duration::from_secs(seconds),
            lag: Duration::from_millis(250),
            key: Duration::from_millis(16),
            growth: 5.0,
        }
    }

    /// The form that the environment asks for.
    ///
    /// The short form is what a debug build on a busy machine can do within two minutes: the rules
    /// for checks, lag and descriptors are those of the long one; a key may take longer, because
    /// unoptimised code lays out 200x60 cells; and memory still grows, because three tenths of it
    /// are over before every check has a second value.
    pub fn chosen() -> Self {
        let asked = std::env::var(FORM).unwrap_or_default();
        let mut form = match asked.as_str() {
            "full" => return Self::strict(10_000, 60, 600),
            "" => Self::strict(2000, 15, 80),
            sizes => {
                let sizes: Vec<u32> = sizes.split('x').map(|n| n.parse().unwrap()).collect();
                let [hosts, interval, seconds] = sizes[..] else {
                    panic!("{FORM} is `full` or HOSTSxINTERVALxSECONDS, not {asked}")
                };
                Self::strict(hosts, interval, seconds.into())
            }
        };
        form.growth = 25.0;
        if cfg!(debug_assertions) {
            form.key = Duration::from_millis(500);
        }
        form
    }
}
