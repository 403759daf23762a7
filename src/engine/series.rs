//! Scraped samples: from a report into memory, and from there to whoever asks.
//!
//! They do not go through the journal: what a check measured by itself, and the series that its
//! configuration names, are metrics as any other; all the rest is kept in `series` only, bounded,
//! and lost at a stop. So a scrape counts also while the store is down.

use super::core::Core;
use crate::model::{CheckKey, Name, Selector, Timestamp};
use crate::protocol::query::{PAGE_LIMIT, Point};
use crate::protocol::series::{SPARK_LIMIT, SeriesPage, SeriesPast, SeriesRow};
use crate::protocol::work::Finding;
use crate::protocol::{Answer, Problem};
use crate::series::Found;

/// Names of counters end so (by convention in text 0.0.4, by rule in `OpenMetrics`).
const COUNTERS: [&str; 4] = ["_total", "_count", "_sum", "_bucket"];

impl Core {
    /// Takes the samples out of a finding and keeps them.
    pub(super) fn take_scrape(&mut self, finding: &mut Finding) {
        let scrape = finding.observation.scrape.take();
        let Some(slot) = self.table.place(&finding.check).and_then(|at| self.table.get(at)) else {
            return;
        };
        let is_current = slot.generation == finding.generation && slot.check.enabled;
        if !slot.check.spec.has_series() || !is_current || finding.sample {
            return;
        }
        let scrape = match scrape {
            Some(scrape) => scrape,
            // The net under the probe ended it: a failed scrape.
            None if finding.observation.failure.is_some() => std::sync::Arc::default(),
            // It gave way on its way here.
            None => return,
        };
        let now = self.clock.now();
        self.outward.scraped(&slot.check, &scrape, finding.slot, now);
        self.series.append(&finding.check, &scrape, finding.slot);
    }

    /// The series that pass a filter.
    pub(super) fn series_list(
        &self,
        host: Option<&Name>,
        check: Option<&Name>,
        text: Option<&str>,
        limit: u32,
    ) -> Result<Answer, Problem> {
        let filter = Filter::new(text)?;
        let limit = (limit as usize).clamp(1, PAGE_LIMIT);
        let mut page = SeriesPage { size: self.series.size(), ..SeriesPage::default() };
        let targets = self.series.targets().into_iter().filter(|key| {
            host.is_none_or(|host| key.host == *host) && check.is_none_or(|name| key.name == *name)
        });
        for key in targets {
            let mut names = self.series.names(&key);
            names.retain(|name| filter.passes(name));
            page.found += names.len() as u64;
            let room = limit - page.rows.len();
            if names.len() > room {
                if room == 0 {
                    continue;
                }
                names.select_nth_unstable(room - 1);
                names.truncate(room);
            }
            names.sort_unstable();
            page.rows.extend(names.iter().map(|name| self.series_row(&key, name)));
        }
        Ok(Answer::SeriesList(page))
    }

    fn series_row(&self, check: &CheckKey, series: &Name) -> SeriesRow {
        let last = self.series.last(check, series);
        let all = self.series.samples(check, series).unwrap_or_default();
        let recent = all.get(all.len().saturating_sub(SPARK_LIMIT + 1)..).unwrap_or_default();
        let rate = is_counter(series);
        let points = if rate { rates(recent) } else { values(recent) };
        let spark: Vec<f64> = points.into_iter().map(|(_, value)| value).collect();
        SeriesRow {
            check: check.clone(),
            series: series.clone(),
            last: last.and_then(|found| found.value).filter(|value| value.is_finite()),
            at: last.map(|found| found.at),
            rate,
            spark: spark.get(spark.len().saturating_sub(SPARK_LIMIT)..).unwrap_or_default().into(),
        }
    }

    /// The past of one series.
    pub(super) fn series_past(
        &self,
        key: &CheckKey,
        series: &str,
        (from, to): (Timestamp, Timestamp),
        points: u32,
    ) -> Result<Answer, Problem> {
        if to <= from {
            return Err(Problem::invalid("`to` must be later than `from`"));
        }
        let all = self.series.samples(key, series);
        let all = all.ok_or_else(|| Problem::not_found("this series is not, or no more, known"))?;
        let stale = all.windows(2).filter_map(|two| match two {
            [before, now] => (before.value.is_some() && now.value.is_none()).then_some(now.at),
            _ => None,
        });
        let stale = stale.filter(|at| (from..=to).contains(at)).collect();
        let rate = is_counter(series);
        let figures = if rate { rates(&all) } else { values(&all) };
        let width = (to.since(from).millis() / u64::from(points.clamp(1, 2000))).max(1);
        let within = figures.into_iter().filter(|(at, _)| (from..=to).contains(at));
        let within: Vec<(Timestamp, f64)> = within.collect();
        let piece = |at: Timestamp| at.since(from).millis() / width;
        let groups = within.chunk_by(|a, b| piece(a.0) == piece(b.0));
        let points = groups.filter_map(merged).collect();
        Ok(Answer::SeriesPast(SeriesPast { points, rate, stale }))
    }
}

/// Several values of one point of a graph.
fn merged(group: &[(Timestamp, f64)]) -> Option<Point> {
    let (at, first) = *group.first()?;
    if group.len() == 1 {
        return Some(Point::one(at, first));
    }
    let sum: f64 = group.iter().map(|(_, value)| value).sum();
    #[expect(clippy::cast_precision_loss, reason = "values of one piece of time")]
    let value = sum / group.len() as f64;
    let min = group.iter().fold(first, |min, (_, value)| min.min(*value));
    let max = group.iter().fold(first, |max, (_, value)| max.max(*value));
    Some(Point { at, value, min, max, band: None })
}

/// True for what only grows, by its name.
fn is_counter(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or(series);
    COUNTERS.iter().any(|suffix| name.ends_with(suffix))
}

fn values(all: &[Found]) -> Vec<(Timestamp, f64)> {
    let finite = |found: &Found| found.value.filter(|value| value.is_finite());
    all.iter().filter_map(|found| Some((found.at, finite(found)?))).collect()
}

/// Growth per second from each value to the next; nothing across a gap, and after a reset what
/// was counted since.
fn rates(all: &[Found]) -> Vec<(Timestamp, f64)> {
    let pairs = all.windows(2).filter_map(|two| match two {
        [before, now] => Some((before.at, before.value?, now.at, now.value?)),
        _ => None,
    });
    let rates = pairs.filter_map(|(from, before, at, now)| {
        #[expect(clippy::cast_precision_loss, reason = "times between two scrapes are short")]
        let seconds = at.since(from).millis() as f64 / 1000.0;
        let growth = if now < before { now } else { now - before };
        (seconds > 0.0).then_some((at, growth / seconds))
    });
    rates.filter(|(_, rate)| rate.is_finite()).collect()
}

/// Words that all must occur, or a selector.
enum Filter {
    Words(Vec<String>),
    Selector(Box<Selector>),
}

impl Filter {
    fn new(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or("").trim();
        if text.contains('{') {
            let selector = text.parse::<Selector>();
            let selector = selector.map_err(|why| Problem::invalid(why.to_string()))?;
            return Ok(Self::Selector(Box::new(selector)));
        }
        Ok(Self::Words(text.split_whitespace().map(str::to_lowercase).collect()))
    }

    fn passes(&self, name: &str) -> bool {
        match self {
            Self::Selector(selector) => selector.matches(name),
            Self::Words(words) if words.is_empty() => true,
            Self::Words(words) => {
                let name = name.to_lowercase();
                words.iter().all(|word| name.contains(word))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(second: i64, value: Option<f64>) -> Found {
        Found { at: Timestamp::from_millis(second * 1000), value }
    }

    #[test]
    fn a_reset_is_a_start_from_zero_and_a_gap_has_no_rate() {
        let all = [
            found(0, Some(10.0)),
            found(10, Some(30.0)),
            found(20, Some(5.0)),
            found(30, None),
            found(40, Some(50.0)),
            found(50, Some(50.0)),
        ];
        let rates: Vec<f64> = rates(&all).into_iter().map(|(_, rate)| rate).collect();
        assert_eq!(rates, [2.0, 0.5, 0.0]);
        assert!(is_counter("x_total{a=\"_\"}") && !is_counter("x{a=\"_total\"}"));
    }

    #[test]
    fn a_filter_is_words_or_a_selector() {
        let passes =
            |text: &str| Filter::new(Some(text)).map(|f| f.passes("disk_free{dev=\"sdA\"}"));
        assert_eq!(passes("disk sda"), Ok(true));
        assert_eq!(passes("disk sdb"), Ok(false));
        assert_eq!(passes(""), Ok(true));
        assert_eq!(passes("disk_free{dev=~\"sd.\"}"), Ok(true));
        assert_eq!(passes("{dev!=\"x\",__name__=\"y\"}"), Ok(false));
        assert!(passes("{").is_err());
    }
}
