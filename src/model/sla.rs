//! What a carrier promised of a link: `[[sla]]` (SPEC FS-37).

use serde::{Deserialize, Serialize};

use super::pattern::Pattern;

/// Longest name of a party or a link, in characters.
pub const PARTY_LIMIT: usize = 200;

/// A promise: whom it is between, which tests show whether it is kept, and what is promised.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// The vantage whose tests show it: a name, or a glob of names.
    pub agent: String,
    /// The target of those tests: its name as in `[targets]`, its place, or a glob of either.
    pub target: String,
    /// Who promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// What the two call the link: a circuit number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Least rate from the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_mbps: Option<f64>,
    /// Least rate to the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_mbps: Option<f64>,
    /// Most latency, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Most jitter, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// Most loss, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<f64>,
    /// Least share of tests that measured, of those that began, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_pct: Option<f64>,
}

impl Sla {
    /// Whether everything in it can be.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn check(&self) -> Result<(), String> {
        for (field, glob) in [("agent", &self.agent), ("target", &self.target)] {
            glob.parse::<Pattern>().map_err(|why| format!("`{field}`: {why}"))?;
        }
        let parties =
            [("carrier", &self.carrier), ("customer", &self.customer), ("link", &self.link)];
        for (field, name) in parties {
            if let Some(name) = name
                && (name.trim().is_empty() || name.chars().count() > PARTY_LIMIT)
            {
                return Err(format!("`{field}`: 1 to {PARTY_LIMIT} characters"));
            }
        }
        let figures = [
            ("download_mbps", self.download_mbps, 1e7),
            ("upload_mbps", self.upload_mbps, 1e7),
            ("latency_ms", self.latency_ms, 1e6),
            ("jitter_ms", self.jitter_ms, 1e6),
            ("loss_pct", self.loss_pct, 100.0),
            ("availability_pct", self.availability_pct, 100.0),
        ];
        for (field, value, most) in figures {
            if let Some(value) = value
                && !(0.0..=most).contains(&value)
            {
                return Err(format!("`{field}`: {value} is not within 0 to {most}"));
            }
        }
        if figures.iter().all(|(_, value, _)| value.is_none()) {
            return Err("`download_mbps`: nothing is promised; write it, `upload_mbps`, \
                        `latency_ms`, `jitter_ms`, `loss_pct` or `availability_pct`"
                .to_owned());
        }
        Ok(())
    }

    /// Whether tests of this vantage to this target show it; `names` are all under which the target
    /// is known.
    #[must_use]
    pub fn is_for(&self, agent: &str, names: &[&str]) -> bool {
        let fits = |glob: &str, text: &str| {
            glob == text || glob.parse::<Pattern>().is_ok_and(|glob| glob.matches(text))
        };
        fits(&self.agent, agent) && names.iter().any(|name| fits(&self.target, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sla(text: &str) -> Sla {
        toml::from_str(text).unwrap()
    }

    const HQ: &str = "agent = 'HQ-CORE'\ntarget = 'iperf-*'\ncarrier = 'Example Telecom'\n";

    #[test]
    fn fs_37_a_promise_is_of_one_vantage_and_target() {
        let hq = sla(&format!("{HQ}download_mbps = 800"));
        assert_eq!(hq.check(), Ok(()));
        assert!(hq.is_for("HQ-CORE", &["10.0.0.1:5201", "iperf-dc"]));
        assert!(!hq.is_for("HQ-CORE", &["10.0.0.1:5201"]));
        assert!(!hq.is_for("BRANCH", &["iperf-dc"]));
        let place = Sla { target: "http://[::1]:80/".to_owned(), ..hq };
        assert!(place.is_for("HQ-CORE", &["http://[::1]:80/"]), "as it stands, globs or not");
    }

    #[test]
    fn what_cannot_be_promised_is_named() {
        let why = |text: &str| sla(&format!("{HQ}{text}")).check().err().unwrap_or_default();
        assert!(why("").contains("nothing is promised"));
        assert_eq!(why("loss_pct = 101"), "`loss_pct`: 101 is not within 0 to 100");
        assert!(why("latency_ms = nan").starts_with("`latency_ms`: NaN"));
        assert_eq!(why("customer = ' '\nloss_pct = 1"), "`customer`: 1 to 200 characters");
        assert!(toml::from_str::<Sla>("agent = 'a'\ntarget = 'b'\nloss = 1").is_err());
    }
}
