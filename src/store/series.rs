//! Numbers of series: (check, metric, instance) to a small integer that never changes.

use std::collections::{HashMap, HashSet};

use super::bulk::{MANY, SOME, groups, rows};
use super::tx::{Tx, on};
use super::{StoreError, words};
use crate::model::{Metric, Unit};

const INSERT: &str = "INSERT INTO series (no, check_no, metric, instance, unit) VALUES ";
const CONFLICT: &str =
    " ON CONFLICT (check_no, metric, instance) DO UPDATE SET unit = excluded.unit";
const SELECT: &str = "SELECT no, check_no, metric, instance, unit FROM series WHERE check_no IN ";

/// (check, metric, instance); no instance is the empty one.
type Key = (i64, String, String);

fn key((check_no, metric): (i64, &Metric)) -> Key {
    let instance = metric.instance.as_deref().unwrap_or_default();
    (check_no, metric.name.to_string(), instance.to_owned())
}

impl Tx {
    /// The numbers of the series of these checks' metrics, in the order asked; new ones are made,
    /// a changed unit is written. The caller keeps them: they never change.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn ensure_series(
        &mut self,
        wanted: &[(i64, &Metric)],
    ) -> Result<Vec<i64>, StoreError> {
        let mut checks: Vec<i64> = wanted.iter().map(|(check_no, _)| *check_no).collect();
        checks.sort_unstable();
        checks.dedup();
        let mut known: HashMap<Key, (i64, String)> = HashMap::new();
        for group in groups(&checks) {
            self.known_series(group, &mut known).await?;
        }
        let mut fresh: Vec<(i64, Key, String)> = Vec::new();
        let mut seen = HashSet::new();
        for (check_no, metric) in wanted {
            let key = key((*check_no, metric));
            let unit = unit_text(&metric.unit).map_err(|error| self.fail(error))?;
            if known.get(&key).is_none_or(|(_, stored)| *stored != unit) && seen.insert(key.clone())
            {
                let no = known.get(&key).map_or(0, |(no, _)| *no);
                fresh.push((no, key, unit));
            }
        }
        let new = fresh.iter().filter(|(no, ..)| *no == 0).count();
        if new > 0 {
            let first = self.take("series", new).await?;
            let unnumbered = fresh.iter_mut().filter(|(no, ..)| *no == 0);
            for (number, row) in (first..).zip(unnumbered) {
                row.0 = number;
            }
        }
        for group in groups(&fresh) {
            self.insert_series(group).await?;
        }
        known.extend(fresh.into_iter().map(|(no, key, unit)| (key, (no, unit))));
        let numbers = wanted
            .iter()
            .map(|(check_no, metric)| known.get(&key((*check_no, metric))).map(|(no, _)| *no));
        let numbers: Option<Vec<i64>> = numbers.collect();
        numbers.ok_or_else(|| self.fail(StoreError::Internal("a series got no number".to_owned())))
    }

    async fn known_series(
        &mut self,
        checks: &[i64],
        known: &mut HashMap<Key, (i64, String)>,
    ) -> Result<(), StoreError> {
        let sql = match checks.len() {
            MANY => rows!(SELECT, 1, 64, "", ""),
            SOME => rows!(SELECT, 1, 16, "", ""),
            _ => rows!(SELECT, 1, 1, "", ""),
        };
        let found: Vec<(i64, i64, String, String, String)> = on!(self, c => {
            let mut query = sqlx::query_as(sql);
            for no in checks {
                query = query.bind(*no);
            }
            query.fetch_all(c).await
        })?;
        known.extend(found.into_iter().map(|(no, check_no, metric, instance, unit)| {
            ((check_no, metric, instance), (no, unit))
        }));
        Ok(())
    }

    async fn insert_series(&mut self, group: &[(i64, Key, String)]) -> Result<(), StoreError> {
        let sql = match group.len() {
            MANY => rows!(INSERT, 64, 5, "", CONFLICT),
            SOME => rows!(INSERT, 16, 5, "", CONFLICT),
            _ => rows!(INSERT, 1, 5, "", CONFLICT),
        };
        on!(self, c => {
            let mut query = sqlx::query(sql);
            for (no, (check_no, metric, instance), unit) in group {
                query = query.bind(*no).bind(*check_no).bind(metric).bind(instance).bind(unit);
            }
            query.execute(c).await.map(drop)
        })
    }
}

fn unit_text(unit: &Unit) -> Result<String, StoreError> {
    words::json(unit)
}
