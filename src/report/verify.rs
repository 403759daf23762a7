//! Whether a report is what it was when it was made: its results give the digest that it states.

use super::csv::{Sum, scan};

/// What stands before the digest in the keywords of a PDF.
pub const MARK: &str = "sha256:";
const DIGITS: usize = 64;

/// What was found true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many results.
    pub results: u64,
    /// Their digest.
    pub digest: String,
}

/// Compares the results of a CSV with the digest that it states.
///
/// # Errors
/// A sentence that says what differs, or which line cannot be read.
pub fn csv(file: &[u8]) -> Result<Verified, String> {
    let (verified, stated) = sum(file)?;
    let stated = stated.ok_or_else(|| {
        "it states no digest: its end is missing, or it is no report of fluxnoc".to_owned()
    })?;
    same(verified, &stated, "it")
}

/// Compares a PDF with the CSV of the same report.
///
/// # Errors
/// A sentence that says what differs, or which line cannot be read.
pub fn pdf(pdf: &[u8], csv_file: &[u8]) -> Result<Verified, String> {
    let stated = digest_of(pdf).ok_or_else(|| "the PDF states no digest".to_owned())?;
    let (verified, _) = sum(csv_file)?;
    same(verified, &stated, "the PDF")
}

fn sum(file: &[u8]) -> Result<(Verified, Option<String>), String> {
    let mut sum = Sum::default();
    let mut results = 0;
    let stated = scan(file, |row| {
        sum.add(&row);
        results += 1;
    })?;
    Ok((Verified { results, digest: sum.finish() }, stated))
}

fn same(verified: Verified, stated: &str, who: &str) -> Result<Verified, String> {
    if verified.digest.eq_ignore_ascii_case(stated.trim()) {
        return Ok(verified);
    }
    let stated: String = stated.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
    let Verified { results, digest } = verified;
    Err(format!(
        "it was changed: {who} states the digest {stated}, and its {results} results give {digest}"
    ))
}

/// The digest that a PDF states.
#[must_use]
pub fn digest_of(pdf: &[u8]) -> Option<String> {
    let marks = pdf.windows(MARK.len()).enumerate().filter(|(_, bytes)| *bytes == MARK.as_bytes());
    let mut found = marks.filter_map(|(at, _)| {
        let from = at + MARK.len();
        let digits = std::str::from_utf8(pdf.get(from..from + DIGITS)?).ok()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| digits.to_ascii_lowercase())
    });
    found.next()
}
