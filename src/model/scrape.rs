//! What one scrape of a target brought: values beside a list of series that is shared as long as
//! it stays the same.
//!
//! Most scrapes bring the series of the last one in the same order. So the names stand in a
//! [`Layout`] that both ends know, and what travels is a row of numbers.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::spec::Spec;

/// The series of a target, in the order of its exposition, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Layout {
    /// Made from the series, so that equal lists have equal numbers.
    pub id: u64,
    /// Each as `name{label="value",...}`, labels sorted, see [`series_id`](super::selector::series_id).
    #[schema(value_type = Vec<String>)]
    pub series: Vec<Name>,
}

impl Layout {
    /// True when both list the same series.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.series.len() == other.series.len()
    }
}

/// The series that say how the scrape itself went, in the order of [`ScrapeReport::values`].
pub const REPORT_SERIES: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// How a scrape went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScrapeReport {
    /// True when the target answered with an exposition that can be read whole.
    pub up: bool,
    /// Seconds from the request to the last sample.
    pub duration: f64,
    /// Samples of the body, duplicates too.
    pub samples: u32,
    /// Samples that were kept.
    pub kept: u32,
    /// Series that the scrape before did not have.
    pub added: u32,
}

impl ScrapeReport {
    /// The values of [`REPORT_SERIES`].
    #[must_use]
    pub fn values(&self) -> [f64; REPORT_SERIES.len()] {
        let count = f64::from;
        let up = if self.up { 1.0 } else { 0.0 };
        [up, self.duration, count(self.samples), count(self.kept), count(self.added)]
    }
}

/// One scrape. A failed one has an empty layout: it is the same as an empty scrape.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Scrape {
    /// Which series.
    pub layout: Arc<Layout>,
    /// Their values, one for each.
    #[serde(with = "as_bits")]
    #[schema(value_type = Vec<u64>)]
    pub values: Vec<f64>,
    /// Times that the exposition gives, by the place of the series, in milliseconds of Unix time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<(u32, i64)>,
    /// How it went.
    pub report: ScrapeReport,
}

impl Scrape {
    /// A scrape that failed after `took`: no sample, and `up` is 0.
    #[must_use]
    pub fn failed(took: Duration) -> Self {
        let report = ScrapeReport { duration: took.as_secs_f64(), ..ScrapeReport::default() };
        Self { report, ..Self::default() }
    }
}

impl Spec {
    /// True when its runs bring series, and `up` with them.
    #[must_use]
    pub const fn has_series(&self) -> bool {
        match self {
            Self::Scrape(_) | Self::Fluxmq(_) => true,
            Self::Fluxbase(spec) => spec.part.has_series(),
            _ => false,
        }
    }
}

/// How much of the scraped series is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesSize {
    /// Targets.
    pub targets: u64,
    /// Series.
    pub series: u64,
    /// Samples.
    pub samples: u64,
    /// Bytes of memory, as far as they are ours to count.
    pub bytes: u64,
    /// Samples that were forgotten because there were too many, since the start.
    pub evicted: u64,
    /// Series that find no room now.
    pub refused: u64,
    /// Scrapes that came twice or with a clock that went back, since the start; not taken.
    pub out_of_order: u64,
}

/// JSON has neither NaN nor infinities: the numbers travel as their bits.
mod as_bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| value.to_bits()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<u64>::deserialize(deserializer)?.into_iter().map(f64::from_bits).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_say_survives_it() {
        let scrape = Scrape {
            values: vec![f64::NAN, f64::INFINITY, -0.0, 0.1],
            stamps: vec![(1, 7)],
            ..Scrape::default()
        };
        let back: Scrape = serde_json::from_str(&serde_json::to_string(&scrape).unwrap()).unwrap();
        let bits = |scrape: &Scrape| -> Vec<u64> {
            scrape.values.iter().map(|value| value.to_bits()).collect()
        };
        assert_eq!(bits(&back), bits(&scrape));
        assert_eq!(back.stamps, scrape.stamps);
    }
}
