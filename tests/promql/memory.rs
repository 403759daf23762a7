//! Series in memory, as a source of them.

use fluxnoc::promql::{Labels, Point, Selection, Series, Source, Taken};

/// Series in the order in which they are given.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub series: Vec<Series>,
}

impl Memory {
    /// Adds points after those that a series has.
    pub fn add(&mut self, labels: &Labels, points: impl IntoIterator<Item = Point>) {
        let place = self.series.iter().position(|series| series.labels == *labels);
        let place = place.unwrap_or_else(|| {
            self.series.push(Series { labels: labels.clone(), points: Vec::new() });
            self.series.len() - 1
        });
        self.series[place].points.extend(points);
    }

    /// Sorts the series by their labels.
    pub fn sort(&mut self) {
        self.series.sort_by(|one, other| one.labels.cmp(&other.labels));
    }
}

impl Source for Memory {
    fn select(&self, selection: &Selection<'_>, taken: &mut Taken<'_>) -> Result<(), String> {
        for series in self.series.iter().filter(|series| selection.matches(&series.labels)) {
            let from = series.points.partition_point(|point| point.at < selection.from);
            let to = series.points.partition_point(|point| point.at <= selection.to);
            let points = series.points.get(from..to).unwrap_or_default();
            if taken.series(&series.labels, points.iter().copied()).is_break() {
                break;
            }
        }
        Ok(())
    }
}
