//! Statements over many rows, built while compiling: every statement stays a constant.

/// Rows of the statements for many and for some rows; what is left is written one by one.
pub(super) const MANY: usize = 64;
/// See [`MANY`].
pub(super) const SOME: usize = 16;

/// Bytes of `head`, `rows` groups of `columns` parameters, and `tail`.
pub(super) const fn length(
    head: &str,
    rows: usize,
    columns: usize,
    cast: &str,
    tail: &str,
) -> usize {
    let mut total = head.len() + tail.len();
    let mut number = 0;
    while number < rows * columns {
        number += 1;
        total += if cast.is_empty() { 0 } else { 10 + cast.len() };
        total += 1 + digits(number);
    }
    // Parentheses of each row, commas inside the rows and between them.
    total + rows * (2 + columns - 1) + rows - 1
}

const fn digits(mut number: usize) -> usize {
    let mut digits = 1;
    while number >= 10 {
        number /= 10;
        digits += 1;
    }
    digits
}

/// The text; `LENGTH` must be what [`length`] says. With `cast` each parameter is
/// `CAST($n AS cast)`, which PostgreSQL needs where nothing else tells the type.
pub(super) const fn bytes<const LENGTH: usize>(
    head: &str,
    rows: usize,
    columns: usize,
    cast: &str,
    tail: &str,
) -> [u8; LENGTH] {
    let mut out = ([0_u8; LENGTH], 0);
    out = push(out, head);
    let mut number = 0;
    let mut row = 0;
    while row < rows {
        out = push(out, if row == 0 { "(" } else { ",(" });
        let mut column = 0;
        while column < columns {
            number += 1;
            if column > 0 {
                out = push(out, ",");
            }
            if cast.is_empty() {
                out = push_number(push(out, "$"), number);
            } else {
                out = push_number(push(out, "CAST($"), number);
                out = push(push(push(out, " AS "), cast), ")");
            }
            column += 1;
        }
        out = push(out, ")");
        row += 1;
    }
    push(out, tail).0
}

const fn push<const N: usize>((mut out, mut at): ([u8; N], usize), text: &str) -> ([u8; N], usize) {
    let text = text.as_bytes();
    let mut i = 0;
    while i < text.len() {
        out[at] = text[i];
        at += 1;
        i += 1;
    }
    (out, at)
}

#[expect(clippy::cast_possible_truncation, reason = "a decimal digit")]
const fn push_number<const N: usize>(
    (mut out, at): ([u8; N], usize),
    number: usize,
) -> ([u8; N], usize) {
    let digits = digits(number);
    let mut rest = number;
    let mut i = digits;
    while i > 0 {
        i -= 1;
        out[at + i] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    (out, at + digits)
}

/// `rows!("INSERT INTO t (a, b) VALUES ", 64, 2, "", " ON CONFLICT DO NOTHING")` is that statement
/// with 64 groups of two parameters.
macro_rules! rows {
    ($head:expr, $rows:expr, $columns:expr, $cast:expr, $tail:expr) => {{
        const TEXT: &str = {
            const LENGTH: usize = $crate::store::bulk::length($head, $rows, $columns, $cast, $tail);
            const BYTES: [u8; LENGTH] =
                $crate::store::bulk::bytes::<LENGTH>($head, $rows, $columns, $cast, $tail);
            match std::str::from_utf8(&BYTES) {
                Ok(text) => text,
                Err(_) => "",
            }
        };
        TEXT
    }};
}
pub(super) use rows;

/// Cuts rows into groups of [`MANY`], [`SOME`] and one.
pub(super) fn groups<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = match rows.len() {
            0 => return None,
            MANY.. => MANY,
            SOME.. => SOME,
            _ => 1,
        };
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_their_parameters() {
        assert_eq!(rows!("INSERT ", 2, 3, "", " END"), "INSERT ($1,$2,$3),($4,$5,$6) END");
        assert_eq!(rows!("", 1, 2, "BIGINT", ""), "(CAST($1 AS BIGINT),CAST($2 AS BIGINT))");
        let many = rows!("", 64, 9, "", "");
        assert!(many.ends_with(",$576)") && !many.contains('\0'));
    }

    #[test]
    fn groups_cover_every_row_once() {
        for size in [0, 1, 15, 16, 17, 64, 100, 1000] {
            let rows: Vec<usize> = (0..size).collect();
            assert_eq!(groups(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
