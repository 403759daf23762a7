//! From a fate to what the probe of that kind would have seen.

use std::sync::Arc;

use super::dice::{day, share, wander};
use super::story::{Fate, fate, is_away};
use super::{Plot, device, exporter};
use crate::model::spec::Kind;
use crate::model::{
    Check, CheckKey, Failure, FailureKind, Metric, Observation, Span, State, Timestamp, Unit,
};

/// One question: which check, when, and how it is then.
struct Ask<'a> {
    plot: Plot,
    check: &'a Check,
    at: Timestamp,
    fate: Fate,
}

/// What a check sees at a moment.
pub fn observe(plot: Plot, check: &Check, at: Timestamp) -> Observation {
    let mut fate = fate(plot, &check.key, at);
    let needs_host = !matches!(check.kind(), Kind::Ping | Kind::Trace | Kind::Custom);
    // In a storm only pings fall, so that its size is what was asked for.
    if needs_host && plot.storm.is_none() && is_away(plot, &check.key.host, at) {
        fate = Fate::Silent;
    }
    let ask = Ask { plot, check, at, fate };
    let mut seen = match check.kind() {
        Kind::Ping => ask.ping(),
        Kind::Http => ask.http(),
        Kind::System => ask.system(),
        Kind::Snmp if fate == Fate::Silent => ask.no_poll(),
        Kind::Snmp => device::observe(plot, check, at, fate),
        Kind::Scrape => exporter::observe(plot, check, at, fate),
        Kind::Trace => ask.trace(),
        Kind::Custom => ask.plugin(),
        Kind::Process => ask.process(),
        Kind::Dns => ask.dns(),
        Kind::Tcp
        | Kind::Udp
        | Kind::Mysql
        | Kind::Json
        | Kind::Fluxmq
        | Kind::Fluxbase
        | Kind::Agent
        | Kind::Schedule
        | Kind::Query => ask.connection(),
    };
    let time = seen.value("time").or_else(|| seen.value("rtt")).unwrap_or(0.02);
    // A run is never longer than its deadline.
    let most = check.timeout.millis().saturating_mul(1000);
    let time = if fate == Fate::Silent && check.kind() != Kind::Custom {
        most
    } else {
        Span::from_millis(ask.whole(time * 1000.0)).millis().saturating_mul(1000).max(200)
    };
    seen.duration_us = time.min(most);
    seen
}

impl Ask<'_> {
    fn name(&self) -> String {
        self.check.key.to_string()
    }

    /// 0 to 1, wandering over about two minutes.
    fn wander(&self, what: &str) -> f64 {
        let name = format!("{} {what}", self.name());
        wander(self.plot.seed, &name, self.at.millis(), 120_000)
    }

    /// 0 to 1, new each second.
    fn noise(&self, what: &str) -> f64 {
        let name = format!("{} {what}", self.name());
        share(self.plot.seed, &name, self.at.millis().div_euclid(1000).cast_unsigned())
    }

    fn day(&self) -> f64 {
        day(self.at.millis())
    }

    /// A small positive number without its fraction.
    #[expect(
        clippy::unused_self,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "reads well beside the others; a cast from a float saturates"
    )]
    fn whole(&self, value: f64) -> u64 {
        value.max(0.0).round() as u64
    }

    fn fail(&self, kind: FailureKind, text: &str) -> Observation {
        Observation::failed(Failure::new(kind, format!("{text} {}", self.check.address)))
    }

    fn seconds(name: &str, value: f64) -> Metric {
        Metric::new(name, value, Unit::Seconds)
    }

    fn base_rtt(&self) -> f64 {
        let site = self.check.key.host.split('-').nth(1).unwrap_or("fra");
        let base = match site {
            "fra" => 0.0009,
            "ams" => 0.0072,
            "lon" => 0.012,
            "dal" => 0.118,
            _ => 0.164,
        };
        base * (1.0 + 0.1 * self.wander("rtt")) + 0.000_4 * self.noise("rtt")
    }

    fn ping(&self) -> Observation {
        let (rtt, lost) = match self.fate {
            Fate::Silent => {
                let mut seen = self.fail(FailureKind::Unreachable, "no answer from");
                seen.metrics = vec![Metric::new("loss", 100.0, Unit::Percent)];
                return seen;
            }
            Fate::Bad => (self.base_rtt() + 0.35, 4.0),
            Fate::Poor => (self.base_rtt() + 0.05, 2.0),
            Fate::Well => (self.base_rtt(), if self.noise("loss") < 0.01 { 1.0 } else { 0.0 }),
        };
        let percent = lost * 20.0;
        let text = format!("{} of 5 answered, {:.2} ms", 5.0 - lost, rtt * 1000.0);
        let jitter = rtt * 0.03 * (0.5 + self.noise("jitter"));
        Observation::seen(
            text,
            vec![
                Self::seconds("rtt", rtt),
                Metric::new("loss", percent, Unit::Percent),
                Self::seconds("jitter", jitter),
            ],
        )
    }

    fn http(&self) -> Observation {
        let time = match self.fate {
            Fate::Silent => return self.fail(FailureKind::Timeout, "no answer in 10 s from"),
            Fate::Bad => {
                let time = 0.03 + 0.02 * self.noise("t");
                let text = format!("503 Service Unavailable in {:.0} ms from", time * 1000.0);
                let mut seen = self.fail(FailureKind::Mismatch, &text);
                seen.metrics =
                    vec![Self::seconds("time", time), Metric::new("status", 503.0, Unit::Count)];
                return seen;
            }
            // The one that stays poor has an old certificate, not a slow server.
            Fate::Poor if &*self.check.key.name == "webmail" => 0.06,
            Fate::Poor => 0.7 + 0.4 * self.wander("t"),
            Fate::Well => 0.02 + self.base_rtt() * 2.0 + 0.05 * self.wander("t") * self.day(),
        };
        let old = self.fate == Fate::Poor && &*self.check.key.name == "webmail";
        let days = if old { 6.0 + 3.0 } else { 61.0 };
        let size = 5321.0 + (200.0 * self.noise("size")).round();
        Observation::seen(
            format!("HTTP 200 in {:.0} ms, {size} bytes", time * 1000.0),
            vec![
                Self::seconds("time", time),
                Metric::new("status", 200.0, Unit::Count),
                Metric::new("size", size, Unit::Bytes),
                Metric::new("certificate_days", days, Unit::Count),
            ],
        )
    }

    fn connection(&self) -> Observation {
        let time = match self.fate {
            Fate::Silent => return self.fail(FailureKind::Timeout, "no answer in 10 s from"),
            Fate::Bad => return self.fail(FailureKind::Refused, "connection refused by"),
            Fate::Poor => 0.3 + 0.4 * self.wander("t"),
            Fate::Well => 0.001 + self.base_rtt() * 1.1 + 0.004 * self.wander("t"),
        };
        let what = if self.check.kind() == Kind::Mysql { "query" } else { "connected" };
        let text = format!("{what} in {:.1} ms", time * 1000.0);
        Observation::seen(text, vec![Self::seconds("time", time)])
    }

    fn dns(&self) -> Observation {
        let time = match self.fate {
            Fate::Silent => return self.fail(FailureKind::Timeout, "no answer in 10 s from"),
            Fate::Bad => return self.fail(FailureKind::Mismatch, "SERVFAIL for www.example from"),
            Fate::Poor => 0.3 + 0.15 * self.wander("t"),
            Fate::Well => self.base_rtt() + 0.004 * self.noise("t"),
        };
        let text = format!("www.example A 192.0.2.80 in {:.1} ms", time * 1000.0);
        let one = Self::seconds("time", time).of(&self.check.address);
        Observation::seen(text, vec![one])
    }

    fn process(&self) -> Observation {
        let count = match self.fate {
            Fate::Silent => return self.fail(FailureKind::Timeout, "no answer in 10 s from"),
            Fate::Bad => 0.0,
            Fate::Poor | Fate::Well => 4.0,
        };
        let text = if count > 0.0 { "4 processes appd" } else { "no process appd" };
        Observation::seen(text, vec![Metric::new("count", count, Unit::Count)])
    }

    fn plugin(&self) -> Observation {
        let bad = matches!(self.fate, Fate::Bad | Fate::Silent);
        let backup = &*self.check.key.name == "backup";
        let (state, text) = match (backup, bad) {
            (true, true) => (State::Warning, "last run 26 h ago"),
            (true, false) => (State::Ok, "last run 3 h ago, 412 GB"),
            (false, true) => (State::Critical, "te1/1 down: loss of light"),
            (false, false) => (State::Ok, "te1/1 up, 10 Gb/s"),
        };
        Observation { claimed: Some(state), ..Observation::seen(text, Vec::new()) }
    }

    fn trace(&self) -> Observation {
        let host = &*self.check.key.host;
        let round = Span::from_secs(1);
        let report = super::path::report(self.plot, host, &self.check.address, self.at, 60, round);
        let last = report.hops.last();
        let rtt = last.and_then(|hop| hop.avg_ms);
        let loss = last.map_or(100.0, |hop| hop.loss_pct);
        let mut seen = match rtt.filter(|_| report.reached) {
            Some(ms) => Observation::seen(
                format!("{} hops, {ms:.2} ms: {}", report.hops.len(), report.verdict),
                vec![
                    Self::seconds("rtt", ms / 1000.0),
                    Metric::new("loss", loss, Unit::Percent),
                    Metric::new(
                        "hops",
                        f64::from(u32::try_from(report.hops.len()).unwrap_or(0)),
                        Unit::Count,
                    ),
                ],
            ),
            None => {
                Observation::failed(Failure::new(FailureKind::Unreachable, report.verdict.as_str()))
            }
        };
        seen.trace = Some(Arc::new(report));
        seen
    }

    /// An agent that does not answer.
    fn no_poll(&self) -> Observation {
        self.fail(FailureKind::Unreachable, "no answer, or wrong community or credentials:")
    }

    fn system(&self) -> Observation {
        if self.fate == Fate::Silent {
            return self.fail(FailureKind::Timeout, "no answer in 10 s from");
        }
        let busy = 12.0 + 40.0 * self.day() * (0.5 + self.wander("cpu"));
        // Which number goes wrong belongs to the host, so that it is the same in each incident.
        let sick = share(self.plot.seed, &self.name(), 5);
        let worse = |ok: f64, poor: f64, bad: f64, mine: bool| match self.fate {
            Fate::Poor if mine => poor + 2.0 * self.wander("w"),
            Fate::Bad if mine => bad + 2.0 * self.wander("w"),
            _ => ok,
        };
        let stays = &*self.check.key.host == "web-dal-3";
        let cpu = worse(busy.min(70.0), 84.0, 95.0, sick < 0.5 && !stays);
        let memory = worse(48.0 + 8.0 * self.wander("mem"), 87.0, 96.5, sick >= 0.75 && !stays);
        let disk = worse(41.0 + 30.0 * sick, 83.0, 92.0, stays || (0.5..0.75).contains(&sick));
        let load = cpu / 60.0;
        let percent = |name: &str, value: f64| Metric::new(name, value, Unit::Percent);
        let mut metrics = vec![
            percent("cpu_usage", cpu),
            percent("memory_usage", memory),
            percent("disk_usage", 22.0).of("/"),
            percent("disk_usage", disk).of("/var"),
            percent("io_wait", 1.0 + 3.0 * self.wander("io")),
            Metric::new("load1", load * 4.0, Unit::Count),
            Metric::new("load1_per_core", load, Unit::Count),
        ];
        metrics.extend(self.interfaces());
        let text = format!("cpu {cpu:.0} %, memory {memory:.0} %, /var {disk:.0} %");
        Observation::seen(text, metrics)
    }

    /// Rates of the interfaces, with the shape of the day.
    fn interfaces(&self) -> Vec<Metric> {
        let host = &*self.check.key.host;
        let (names, speed): (&[&str], f64) = match host.split('-').next() {
            Some("core") => (&["te1/1", "te1/2"], 1e10),
            _ => (&["eth0"], 1e9),
        };
        let mut metrics = Vec::new();
        for name in names {
            let key = CheckKey::new(host, *name).to_string();
            let dice = self.plot.seed;
            let size = 0.25 + 0.5 * share(dice, &key, 0);
            let slow = wander(dice, &key, self.at.millis(), 240_000);
            let fast = wander(dice, &key, self.at.millis(), 9_000);
            let load = size * (0.15 + 0.85 * self.day()) * (0.75 + 0.35 * slow + 0.15 * fast);
            let rate =
                |metric: &str, value| Metric::new(metric, value, Unit::BitsPerSecond).of(name);
            let load = load.min(0.97);
            metrics.push(rate("octets_in", speed * load));
            metrics.push(rate("octets_out", speed * load * (0.3 + 0.3 * fast)));
            metrics.push(rate("network_speed", speed));
            metrics.push(Metric::new("network_error_rate", 0.002 * fast, Unit::Percent).of(name));
        }
        metrics
    }
}
