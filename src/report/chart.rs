//! What a chart shows: the period in columns of one width, so that a million results need no more
//! room than the page has.

use crate::model::Timestamp;

/// Columns of a chart.
pub const COLUMNS: usize = 336;

/// The results of one column.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Column {
    /// How many were counted.
    pub count: u32,
    /// Their sum.
    sum: f64,
    /// The least of them.
    pub min: f64,
    /// The most of them.
    pub max: f64,
    /// Whether one broke a limit of this figure, and the worst of those.
    pub broke: Option<f64>,
    /// Whether one was measured during maintenance, and not counted.
    pub in_maintenance: bool,
}

impl Column {
    /// The average of what was counted.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// A figure over the period.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    start: Timestamp,
    end: Timestamp,
    /// From the first moment of the period to its last.
    pub columns: Vec<Column>,
}

impl Chart {
    /// Of a period, nothing yet.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end, columns: vec![Column::default(); COLUMNS] }
    }

    /// Where a moment lies, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a place on a page")]
    pub fn place(&self, at: Timestamp) -> f64 {
        let length = self.end.since(self.start).millis().max(1) as f64;
        (at.since(self.start).millis() as f64 / length).clamp(0.0, 1.0)
    }

    /// One more result; `worse` says which of two is the worse.
    pub fn add(&mut self, at: Timestamp, value: f64, broke: bool, worse: fn(f64, f64) -> f64) {
        let Some(column) = self.column(at) else { return };
        if column.count == 0 {
            (column.min, column.max) = (value, value);
        }
        column.count = column.count.saturating_add(1);
        column.sum += value;
        column.min = column.min.min(value);
        column.max = column.max.max(value);
        if broke {
            column.broke = Some(column.broke.map_or(value, |before| worse(before, value)));
        }
    }

    /// A result that does not count.
    pub fn add_maintenance(&mut self, at: Timestamp) {
        if let Some(column) = self.column(at) {
            column.in_maintenance = true;
        }
    }

    fn column(&mut self, at: Timestamp) -> Option<&mut Column> {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let place = self.place(at) * COLUMNS as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to COLUMNS")]
        let index = (place as usize).min(COLUMNS - 1);
        self.columns.get_mut(index)
    }

    /// The most that is to be seen in it.
    #[must_use]
    pub fn highest(&self) -> f64 {
        self.columns.iter().filter(|one| one.count > 0).fold(0.0, |most, one| one.max.max(most))
    }

    /// True when nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(|one| one.count == 0)
    }
}
