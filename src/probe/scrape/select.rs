//! The scraped series that the configuration names: metrics of the check, to be judged.

use std::collections::HashMap;
use std::time::Instant;

use crate::model::safe_text::sanitize;
use crate::model::spec::SeriesMetric;
use crate::model::{Failure, FailureKind, Metric, Name, Scrape};

/// Most series of all metrics together; the check's own figures have the rest of what is kept.
const CHOSEN_LIMIT: usize = 200;
/// Longest name of an instance, in characters.
const INSTANCE_LIMIT: usize = 160;

/// The places of a metric's series in the layout, each with its instance.
type Places = Vec<(usize, Option<Name>)>;

/// Which places of the layout are chosen, and what they had before.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// By metric; `None` when the layout is new.
    places: Option<Vec<Places>>,
    /// Values of the scrape before, by series, for rates.
    before: Option<(Instant, HashMap<Name, f64>)>,
}

impl Chosen {
    /// The layout has changed.
    pub fn forget(&mut self) {
        self.places = None;
    }

    /// The metrics of a scrape that was made at `now`. One that nothing matches has no value,
    /// which is UNKNOWN; a rate has none in the first scrape.
    ///
    /// # Errors
    /// When more series match than a check can have.
    pub fn metrics(
        &mut self,
        wanted: &[SeriesMetric],
        scrape: &Scrape,
        now: Instant,
    ) -> Result<Vec<Metric>, Failure> {
        let places = match self.places.take() {
            Some(places) => places,
            None => wanted.iter().map(|metric| choose(metric, scrape)).collect(),
        };
        let outcome = self.read(wanted, &places, scrape, now);
        self.places = Some(places);
        outcome
    }

    fn read(
        &mut self,
        wanted: &[SeriesMetric],
        places: &[Places],
        scrape: &Scrape,
        now: Instant,
    ) -> Result<Vec<Metric>, Failure> {
        let mut out = Vec::new();
        let mut seen = HashMap::new();
        for (metric, places) in wanted.iter().zip(places) {
            if out.len() + places.len() > CHOSEN_LIMIT {
                let why = format!(
                    "metrics.{}: `{}` matches {} series, and a check keeps {CHOSEN_LIMIT}; \
                     add label matchers",
                    metric.name,
                    metric.series,
                    places.len()
                );
                return Err(Failure::new(FailureKind::Config, why));
            }
            if places.is_empty() {
                out.push(Metric::new(&metric.name, f64::NAN, metric.unit.clone()));
            }
            for (at, instance) in places {
                let Some(value) = scrape.values.get(*at).copied() else { continue };
                let value = if metric.rate {
                    let Some(id) = scrape.layout.series.get(*at) else { continue };
                    seen.insert(id.clone(), value);
                    let Some(rate) = self.rate(id, value, now) else { continue };
                    rate
                } else {
                    value
                };
                let mut one = Metric::new(&metric.name, value, metric.unit.clone());
                one.instance.clone_from(instance);
                out.push(one);
            }
        }
        self.before = Some((now, seen));
        Ok(out)
    }

    /// Growth per second since the scrape before; after a reset what was counted since it.
    fn rate(&self, id: &Name, value: f64, now: Instant) -> Option<f64> {
        let (at, before) = self.before.as_ref()?;
        let before = *before.get(id)?;
        let seconds = now.duration_since(*at).as_secs_f64();
        let growth = if value < before { value } else { value - before };
        (seconds > 0.0).then_some(growth / seconds)
    }
}

fn choose(metric: &SeriesMetric, scrape: &Scrape) -> Places {
    let series = scrape.layout.series.iter().enumerate();
    let matching = series.filter(|(_, id)| metric.series.matches(id));
    matching
        .map(|(at, id)| {
            let instance = sanitize(&metric.series.instance(id), INSTANCE_LIMIT);
            (at, (!instance.is_empty()).then(|| Name::from(instance)))
        })
        .collect()
}
