//! Rows of a table from answers to GETNEXT and GETBULK, whatever the agent answers. Pure.
//!
//! Several columns are asked in one request; each has a cursor that may only go forward. So every
//! answer brings a walk nearer to its end, or is refused by name.

use std::collections::BTreeMap;

use async_snmp::{Oid, Value, VarBind};

use super::oids::Numbers;
use super::value::own;

/// Most rows of one table. A walk that has more does not end, or is not for a check.
pub(super) const ROW_LIMIT: usize = 16_384;

/// Rows by their index, each with a value for every column.
pub(super) type Rows = BTreeMap<Box<[u32]>, Vec<Option<Value>>>;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Complaint {
    /// The agent goes back or stands still.
    #[error("the agent's table does not increase: {} after {}", .0.1, .0.0)]
    NotIncreasing(Box<(Oid, Oid)>),
    /// No end is in sight.
    #[error("the agent's table {0} has more than {ROW_LIMIT} rows")]
    TooLong(Box<Oid>),
    /// Nothing at all.
    #[error("the agent's answer is empty")]
    Empty,
}

/// A walk over some columns of a table.
#[derive(Debug)]
pub(super) struct Walk {
    columns: Vec<Oid>,
    /// Where each column stands; `None` at its end.
    cursors: Vec<Option<Oid>>,
    rows: Rows,
}

impl Walk {
    /// A walk that has not begun.
    pub(super) fn new(columns: &[Numbers]) -> Self {
        Self::over(columns.iter().map(|numbers| Oid::from_slice(numbers)).collect())
    }

    /// The same with columns of the configuration.
    pub(super) fn over(columns: Vec<Oid>) -> Self {
        Self { cursors: columns.iter().cloned().map(Some).collect(), columns, rows: Rows::new() }
    }

    /// What to ask next; empty at the end.
    pub(super) fn asked(&self) -> Vec<Oid> {
        self.cursors.iter().flatten().cloned().collect()
    }

    /// The rows.
    pub(super) fn finish(self) -> Rows {
        self.rows
    }

    /// Closes the `n`th of the asked columns: version 1 says so by an error.
    pub(super) fn close(&mut self, n: usize) {
        if let Some(cursor) = self.cursors.iter_mut().filter(|cursor| cursor.is_some()).nth(n) {
            *cursor = None;
        }
    }

    /// Takes an answer to [`Walk::asked`]: the columns in turn, again and again.
    pub(super) fn take(&mut self, answer: Vec<VarBind>) -> Result<(), Complaint> {
        let open: Vec<usize> = (0..self.cursors.len())
            .filter(|at| matches!(self.cursors.get(*at), Some(Some(_))))
            .collect();
        if answer.is_empty() {
            return Err(Complaint::Empty);
        }
        for (varbind, at) in answer.into_iter().zip(open.iter().copied().cycle()) {
            self.put(at, varbind)?;
        }
        Ok(())
    }

    fn put(&mut self, at: usize, varbind: VarBind) -> Result<(), Complaint> {
        let width = self.columns.len();
        let (Some(column), Some(cursor)) = (self.columns.get(at), self.cursors.get_mut(at)) else {
            return Ok(());
        };
        let Some(before) = cursor else { return Ok(()) };
        let index = varbind.oid.arcs().get(column.len()..).unwrap_or_default();
        if varbind.value.is_exception() || !varbind.oid.starts_with(column) || index.is_empty() {
            *cursor = None;
            return Ok(());
        }
        if varbind.oid <= *before {
            return Err(Complaint::NotIncreasing(Box::new((before.clone(), varbind.oid))));
        }
        if self.rows.len() >= ROW_LIMIT && !self.rows.contains_key(index) {
            return Err(Complaint::TooLong(Box::new(column.clone())));
        }
        let row = self.rows.entry(index.into()).or_insert_with(|| vec![None; width]);
        if let Some(cell) = row.get_mut(at) {
            *cell = Some(own(varbind.value));
        }
        *cursor = Some(varbind.oid);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Numbers = &[1, 3, 1];
    const SIZE: Numbers = &[1, 3, 2];

    fn bind(oid: &[u32], value: i32) -> VarBind {
        VarBind::new(Oid::from_slice(oid), Value::Integer(value))
    }

    fn end(oid: &[u32]) -> VarBind {
        VarBind::new(Oid::from_slice(oid), Value::EndOfMibView)
    }

    fn cells(rows: &Rows) -> Vec<(Vec<u32>, Vec<Option<i32>>)> {
        let number = |cell: &Option<Value>| cell.as_ref().and_then(Value::as_i32);
        rows.iter().map(|(index, row)| (index.to_vec(), row.iter().map(number).collect())).collect()
    }

    #[test]
    fn columns_are_put_together_by_index() {
        let mut walk = Walk::new(&[NAME, SIZE]);
        assert_eq!(walk.asked(), [Oid::from_slice(NAME), Oid::from_slice(SIZE)]);
        // The second column has a gap at 2, and the answer is cut in the middle of a round.
        walk.take(vec![bind(&[1, 3, 1, 1], 10), bind(&[1, 3, 2, 1], 20), bind(&[1, 3, 1, 2], 11)])
            .unwrap();
        assert_eq!(walk.asked(), [Oid::from_slice(&[1, 3, 1, 2]), Oid::from_slice(&[1, 3, 2, 1])]);
        walk.take(vec![bind(&[1, 3, 1, 3, 7], 12), bind(&[1, 3, 2, 3, 7], 22)]).unwrap();
        walk.take(vec![bind(&[1, 3, 2, 1], 0), end(&[1, 3, 2, 3, 7]), bind(&[9], 1)]).unwrap();
        assert!(walk.asked().is_empty());
        assert_eq!(
            cells(&walk.finish()),
            [
                (vec![1], vec![Some(10), Some(20)]),
                (vec![2], vec![Some(11), None]),
                (vec![3, 7], vec![Some(12), Some(22)]),
            ]
        );
    }

    #[test]
    fn hostile_tables_are_refused_by_name() {
        let first = || {
            let mut walk = Walk::new(&[NAME]);
            walk.take(vec![bind(&[1, 3, 1, 5], 1)]).unwrap();
            walk
        };
        for loops in [&[1, 3, 1, 5][..], &[1, 3, 1, 4], &[1, 3, 1, 4, 9]] {
            let complaint = first().take(vec![bind(loops, 1)]).unwrap_err();
            assert!(matches!(complaint, Complaint::NotIncreasing(..)), "{complaint}");
        }
        assert_eq!(first().take(Vec::new()), Err(Complaint::Empty));
        // Back to the column itself is its end, not a row without index.
        let mut walk = first();
        walk.take(vec![bind(NAME, 1)]).unwrap();
        assert!(walk.asked().is_empty());
        let mut endless = Walk::new(&[NAME]);
        let mut row = 0;
        let complaint = loop {
            row += 1;
            if let Err(complaint) = endless.take(vec![bind(&[1, 3, 1, row], 1)]) {
                break complaint;
            }
        };
        assert_eq!(complaint.to_string(), "the agent's table 1.3.1 has more than 16384 rows");
        assert_eq!(usize::try_from(row).unwrap(), ROW_LIMIT + 1);
    }

    #[test]
    fn a_column_can_end_by_an_error() {
        let mut walk = Walk::new(&[NAME, SIZE]);
        walk.close(0);
        assert_eq!(walk.asked(), [Oid::from_slice(SIZE)]);
        walk.take(vec![bind(&[1, 3, 2, 1], 5)]).unwrap();
        assert_eq!(cells(&walk.finish()), [(vec![1], vec![None, Some(5)])]);
    }
}
