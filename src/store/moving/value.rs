//! One value on its way: read from either side, sent in columns, counted into a fingerprint.

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Whole,
    Real,
    Switch,
    Bytes,
}

impl Form {
    /// By PostgreSQL's word for it.
    pub(super) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "text" => Self::Text,
            "bigint" => Self::Whole,
            "double precision" => Self::Real,
            "boolean" => Self::Switch,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

/// One value; `None` inside is NULL.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Whole(Option<i64>),
    Real(Option<f64>),
    Switch(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// A row of SQLite, where a column may hold anything.
    ///
    /// # Errors
    /// The column, and why its value cannot be kept by PostgreSQL.
    pub(super) fn of_sqlite(
        row: &SqliteRow,
        columns: &[(String, Form)],
    ) -> Result<Vec<Self>, (String, &'static str)> {
        let read = |(at, (name, form)): (usize, &(String, Form))| {
            let failed = |why| (name.clone(), why);
            Ok(match form {
                Form::Text => {
                    let bytes: Option<Vec<u8>> =
                        row.try_get(at).map_err(|_| failed("no text stands there"))?;
                    Self::Text(bytes.map(text).transpose().map_err(failed)?)
                }
                Form::Whole => Self::Whole(
                    row.try_get(at).map_err(|_| failed("no whole number stands there"))?,
                ),
                Form::Real => {
                    Self::Real(row.try_get(at).map_err(|_| failed("no number stands there"))?)
                }
                Form::Switch => {
                    const WHY: &str = "neither true nor false stands there";
                    let number: Option<i64> = row.try_get_unchecked(at).map_err(|_| failed(WHY))?;
                    Self::Switch(match number {
                        None => None,
                        Some(0) => Some(false),
                        Some(1) => Some(true),
                        Some(_) => return Err(failed(WHY)),
                    })
                }
                Form::Bytes => {
                    Self::Bytes(row.try_get(at).map_err(|_| failed("no bytes stand there"))?)
                }
            })
        };
        columns.iter().enumerate().map(read).collect()
    }

    /// A row of PostgreSQL.
    pub(super) fn of_postgres(
        row: &PgRow,
        columns: &[(String, Form)],
    ) -> Result<Vec<Self>, sqlx::Error> {
        let read = |(at, (_, form)): (usize, &(String, Form))| {
            Ok(match form {
                Form::Text => Self::Text(row.try_get(at)?),
                Form::Whole => Self::Whole(row.try_get(at)?),
                Form::Real => Self::Real(row.try_get(at)?),
                Form::Switch => Self::Switch(row.try_get(at)?),
                Form::Bytes => Self::Bytes(row.try_get(at)?),
            })
        };
        columns.iter().enumerate().map(read).collect()
    }

    /// Its bytes as they are counted; `None` is NULL.
    fn bytes(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        use std::borrow::Cow;
        match self {
            Self::Text(text) => text.as_ref().map(|text| Cow::Borrowed(text.as_bytes())),
            Self::Bytes(bytes) => bytes.as_ref().map(|bytes| Cow::Borrowed(&**bytes)),
            Self::Whole(number) => number.map(|number| Cow::Owned(number.to_le_bytes().to_vec())),
            Self::Real(number) => {
                number.map(|number| Cow::Owned(number.to_bits().to_le_bytes().to_vec()))
            }
            Self::Switch(on) => on.map(|on| Cow::Owned(vec![u8::from(on)])),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, &'static str> {
    if bytes.contains(&0) {
        return Err("a NUL stands in the text, which PostgreSQL cannot keep; take it out with \
                    sqlite3 and replace(..., char(0), '')");
    }
    String::from_utf8(bytes).map_err(|_| {
        "the text is not UTF-8, which PostgreSQL cannot keep; correct or delete it with sqlite3"
    })
}

/// What rows together are, whatever their order: the sum of their SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// How many.
    pub(super) rows: u64,
    sum: [u64; 4],
}

impl Fingerprint {
    /// One more row.
    pub(super) fn add(&mut self, values: &[Value]) {
        let mut all = Vec::new();
        for value in values {
            match value.bytes() {
                None => all.push(0),
                Some(bytes) => {
                    all.push(1);
                    all.extend((bytes.len() as u64).to_le_bytes());
                    all.extend_from_slice(&bytes);
                }
            }
        }
        let hash = digest(&SHA256, &all);
        for (sum, part) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_le_bytes);
            *sum = sum.wrapping_add(part);
        }
        self.rows += 1;
    }

    /// In hexadecimal.
    pub(super) fn text(&self) -> String {
        self.sum.iter().fold(String::new(), |text, part| text + &format!("{part:016x}"))
    }
}

/// Rows that are sent together, by column.
pub(super) struct Batch {
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

enum Column {
    Text(Vec<Option<String>>),
    Whole(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Switch(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Batch {
    pub(super) fn new(columns: &[(String, Form)]) -> Self {
        let empty = |(_, form): &(String, Form)| match form {
            Form::Text => Column::Text(Vec::new()),
            Form::Whole => Column::Whole(Vec::new()),
            Form::Real => Column::Real(Vec::new()),
            Form::Switch => Column::Switch(Vec::new()),
            Form::Bytes => Column::Bytes(Vec::new()),
        };
        Self { columns: columns.iter().map(empty).collect(), rows: 0, bytes: 0 }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, values: Vec<Value>) {
        self.rows += 1;
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += value.bytes().map_or(0, |bytes| bytes.len());
            match (column, value) {
                (Column::Text(all), Value::Text(one)) => all.push(one),
                (Column::Whole(all), Value::Whole(one)) => all.push(one),
                (Column::Real(all), Value::Real(one)) => all.push(one),
                (Column::Switch(all), Value::Switch(one)) => all.push(one),
                (Column::Bytes(all), Value::Bytes(one)) => all.push(one),
                // Both are made from the same columns; the comparison at the end would show it.
                _ => {}
            }
        }
    }

    /// Sends all of it with one statement.
    pub(super) async fn send(self, insert: &str, to: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(insert.to_owned()));
        for column in self.columns {
            query = match column {
                Column::Text(all) => query.bind(all),
                Column::Whole(all) => query.bind(all),
                Column::Real(all) => query.bind(all),
                Column::Switch(all) => query.bind(all),
                Column::Bytes(all) => query.bind(all),
            };
        }
        query.execute(to).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_all_rows_in_any_order() {
        let rows = [
            vec![Value::Text(Some("ab".to_owned())), Value::Text(None)],
            vec![Value::Text(None), Value::Text(Some("ab".to_owned()))],
            vec![Value::Real(Some(0.0)), Value::Bytes(Some(Vec::new()))],
            vec![Value::Real(Some(-0.0)), Value::Bytes(None)],
        ];
        let of = |which: &[usize]| {
            let mut print = Fingerprint::default();
            which.iter().for_each(|n| print.add(&rows[*n]));
            print
        };
        assert_eq!(of(&[0, 1, 2, 3]), of(&[3, 1, 0, 2]));
        assert_ne!(of(&[0]), of(&[1]));
        assert_ne!(of(&[2]), of(&[3]));
        assert_ne!(of(&[0, 0]), of(&[0]));
        assert_ne!(of(&[0, 1]).text(), of(&[0, 2]).text());
    }

    #[test]
    fn what_postgresql_cannot_keep_is_named() {
        assert!(text(b"a\0b".to_vec()).unwrap_err().contains("NUL"));
        assert!(text(vec![0xff]).unwrap_err().contains("UTF-8"));
        assert_eq!(text("ä\u{feff}".as_bytes().to_vec()).unwrap(), "ä\u{feff}");
    }
}
