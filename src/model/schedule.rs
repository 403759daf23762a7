//! A schedule: a test that a vantage runs again and again, and what is well of it (SPEC FS-27 to
//! FS-29, FS-32).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::breach::TestLimits;
use super::id::{Name, ScheduleId, valid_name};
use super::safe_text::SafeText;
use super::test::{TestKind, TestSpec};
use super::time::{Span, Timestamp};

/// Results that a baseline needs (SPEC FS-34).
pub const RELIABLE: u32 = 50;
/// The past that a baseline is made of (SPEC FS-33).
pub const BASELINE_DAYS: u32 = 14;
/// Shortest interval of a schedule.
pub const SHORTEST: Span = Span::from_secs(10);
/// Longest interval of a schedule.
pub const LONGEST: Span = Span::from_secs(31 * 86_400);

const fn yes() -> bool {
    true
}

const fn three() -> u32 {
    3
}

/// What is run, how often, and what is well: in the words of the document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Plan {
    /// Its name, one of its kind at its vantage.
    pub name: String,
    /// The vantage; without it the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What it is aimed at; a speedtest without one goes to the nearest of the configured targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What is run.
    pub test_type: TestKind,
    /// Seconds between two runs; this or `cron`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u64>,
    /// The times of runs: minute, hour, day of the month, month, day of the week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The zone of `cron`, a name of the IANA database; UTC without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What is well.
    #[serde(default)]
    pub thresholds: TestLimits,
    /// Whether a breach becomes an alert.
    #[serde(default = "yes")]
    pub alert_on_breach: bool,
    /// Who is told; without it the default list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_contact_list: Option<String>,
    /// Breaches in a row that make an alert.
    #[serde(default = "three")]
    pub consecutive_failures: u32,
    /// With it, so many breaches of the last runs make an alert, in a row or not: how many runs
    /// are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_last: Option<u32>,
    /// After a breach it is run again so soon, to confirm it; without it at its next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retest_seconds: Option<u64>,
    /// Whether runs that could not be made become an alert.
    #[serde(default)]
    pub alert_on_missed: bool,
    /// Whether another path of a trace becomes an alert.
    #[serde(default)]
    pub alert_on_path_change: bool,
    /// Whether nothing is run.
    #[serde(default)]
    pub paused: bool,
    /// The other parameters of the test, as `POST /api/speed/test`, `trace`, `probe` and `dns`
    /// take them.
    #[serde(flatten)]
    pub options: BTreeMap<String, Value>,
}

impl TestSpec {
    /// The test of a kind with these parameters, as the bodies of `POST /api/speed/...` have them.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn of(
        kind: TestKind,
        target: Option<&str>,
        options: BTreeMap<String, Value>,
    ) -> Result<Self, String> {
        let mut map: Map<String, Value> = options.into_iter().collect();
        map.insert("test_type".to_owned(), Value::from(kind.word()));
        if let Some(target) = target {
            let key = if kind == TestKind::Dns { "hostname" } else { "target" };
            map.insert(key.to_owned(), Value::from(target));
        }
        let spec: Self =
            serde_json::from_value(Value::Object(map)).map_err(|error| error.to_string())?;
        spec.check()?;
        Ok(spec)
    }
}

impl Plan {
    /// The test that is run.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn spec(&self) -> Result<TestSpec, String> {
        TestSpec::of(self.test_type, self.target.as_deref(), self.options.clone())
    }

    /// Time between two runs; `None` when they follow a `cron`.
    #[must_use]
    pub fn interval(&self) -> Option<Span> {
        self.interval_seconds.map(Span::from_secs)
    }

    /// Whether everything in it can be.
    ///
    /// # Errors
    /// A sentence that names the field and its range.
    pub fn check(&self) -> Result<(), String> {
        valid_name(&self.name).map_err(|why| format!("`name`: {why}"))?;
        self.spec()?;
        match (self.interval_seconds, &self.cron) {
            (Some(_), Some(_)) => {
                Err("`cron`: write it or `interval_seconds`, not both".to_owned())
            }
            (None, None) => Err("`interval_seconds`: how often it runs is missing".to_owned()),
            (Some(seconds), None) => {
                let (least, most) = (SHORTEST.millis() / 1000, LONGEST.millis() / 1000);
                if (least..=most).contains(&seconds) {
                    Ok(())
                } else {
                    Err(format!("`interval_seconds`: {seconds} is not within {least} to {most}"))
                }
            }
            (None, Some(_)) => Ok(()),
        }?;
        if !(1..=20).contains(&self.consecutive_failures) {
            return Err(format!(
                "`consecutive_failures`: {} is not within 1 to 20",
                self.consecutive_failures
            ));
        }
        if let Some(of) = self.of_last
            && !(self.consecutive_failures..=20).contains(&of)
        {
            return Err(format!(
                "`of_last`: {of} is not within {} to 20",
                self.consecutive_failures
            ));
        }
        if let Some(seconds) = self.retest_seconds
            && !(10..=86_400).contains(&seconds)
        {
            return Err(format!("`retest_seconds`: {seconds} is not within 10 to 86400"));
        }
        self.thresholds.check()
    }
}

impl TestLimits {
    /// Whether every limit is a sensible number.
    ///
    /// # Errors
    /// A sentence that names the field and its range.
    pub fn check(&self) -> Result<(), String> {
        let all = [
            ("download_min_mbps", self.download_min_mbps, 1e7),
            ("upload_min_mbps", self.upload_min_mbps, 1e7),
            ("latency_max_ms", self.latency_max_ms, 1e6),
            ("jitter_max_ms", self.jitter_max_ms, 1e6),
            ("packet_loss_max_pct", self.packet_loss_max_pct, 100.0),
            ("baseline_deviation_pct", self.baseline_deviation_pct, 100.0),
        ];
        for (field, value, most) in all {
            if let Some(value) = value
                && !(0.0..=most).contains(&value)
            {
                return Err(format!("`thresholds.{field}`: {value} is not within 0 to {most}"));
            }
        }
        Ok(())
    }
}

/// A schedule that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Schedule {
    /// Which.
    pub id: ScheduleId,
    /// What is run, how often, and what is well.
    #[serde(flatten)]
    pub plan: Plan,
    /// The vantage, under its name.
    #[schema(value_type = String)]
    pub vantage: Name,
    /// Who made it.
    pub created_by: SafeText,
    /// When.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub revision: u64,
    /// The file in which it stands; without one it was made here and is changed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SafeText>,
}

/// The medians of the last 14 days of one vantage and target (SPEC FS-33).
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Baseline {
    /// How many results it is made of; below [`RELIABLE`] nothing is held against it.
    pub count: u32,
    /// The median, in the unit of the figure.
    pub median: f64,
    /// When it was calculated.
    pub at: Timestamp,
}

impl Baseline {
    /// True when it is made of enough results.
    #[must_use]
    pub const fn is_reliable(&self) -> bool {
        self.count >= RELIABLE
    }

    /// `learning 31/50`, while it is not.
    #[must_use]
    pub fn learning(&self) -> Option<String> {
        (!self.is_reliable()).then(|| format!("learning {}/{RELIABLE}", self.count))
    }
}

/// The baselines of a vantage and target, one of each direction.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Baselines {
    /// Of the rate from the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<Baseline>,
    /// Of the rate to the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Baseline>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of the document.
    const HOURLY: &str = r#"{
        "name": "HQ Uplink — Hourly", "agent": "HQ-CORE", "target": "speedtest.net",
        "test_type": "speedtest", "interval_seconds": 3600,
        "thresholds": {"download_min_mbps": 800, "upload_min_mbps": 400, "latency_max_ms": 20,
            "packet_loss_max_pct": 0.5},
        "alert_on_breach": true, "notify_contact_list": "NOC Team"
    }"#;

    #[test]
    fn fs_28_the_documents_schedule_is_taken_as_it_stands() {
        let plan: Plan = serde_json::from_str(HOURLY).unwrap();
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(plan.interval(), Some(Span::from_secs(3600)));
        assert_eq!(plan.thresholds.upload_min_mbps, Some(400.0));
        assert_eq!(plan.consecutive_failures, 3);
        assert_eq!(plan.spec().unwrap().target(), "speedtest.net");
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(again, plan);
    }

    #[test]
    fn what_is_wrong_in_a_schedule_is_named() {
        let mend = |change: &str| {
            let mut body: Value = serde_json::from_str(HOURLY).unwrap();
            let change: Map<String, Value> = serde_json::from_str(change).unwrap();
            body.as_object_mut().unwrap().extend(change);
            let plan: Plan = serde_json::from_value(body).unwrap();
            plan.check().err().unwrap_or_default()
        };
        assert_eq!(mend("{}"), "");
        assert!(mend(r#"{"interval_seconds": 5}"#).starts_with("`interval_seconds`: 5 is not"));
        assert!(mend(r#"{"streams": 9}"#).starts_with("`streams`: 9 is not within 1 to 8"));
        assert!(mend(r#"{"stream": 4}"#).contains("unknown field `stream`"));
        assert!(mend(r#"{"consecutive_failures": 0}"#).contains("within 1 to 20"));
        assert!(mend(r#"{"of_last": 2}"#).starts_with("`of_last`: 2 is not within 3 to 20"));
        assert!(mend(r#"{"cron": "0 * * * *"}"#).contains("not both"));
        assert!(mend(r#"{"name": "a/b"}"#).starts_with("`name`:"));
        assert!(mend(r#"{"thresholds": {"packet_loss_max_pct": 101}}"#).contains("0 to 100"));
    }

    #[test]
    fn fs_34_a_baseline_of_49_results_is_learning() {
        let of = |count| Baseline { count, median: 1.0, at: Timestamp::from_millis(0) };
        assert_eq!(of(49).learning().as_deref(), Some("learning 49/50"));
        assert_eq!((of(50).learning(), of(50).is_reliable()), (None, true));
    }
}
