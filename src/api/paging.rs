//! Lists that can be long, a page at a time.
//!
//! Without a wish a list is given whole. With `limit` or `after` it is given in an order that says
//! for each row where it stands, whatever comes and goes meanwhile; the header `Link` names the next
//! page, as of RFC 8288.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::api::problem::Failure;
use crate::protocol::Problem;
use crate::protocol::query::PAGE_LIMIT;

/// Where a row stands in its list: numbers first, then a name that no other row has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    numbers: Vec<i64>,
    name: String,
}

impl Spot {
    pub(super) fn new(numbers: &[i64], name: impl fmt::Display) -> Self {
        Self { numbers: numbers.to_vec(), name: name.to_string() }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(i64::to_string).collect();
        write!(f, "{}~{}", numbers.join("."), self.name)
    }
}

impl FromStr for Spot {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let bad = || Problem::invalid("after: this is no place in a list; take it from `Link`");
        let (numbers, name) = text.split_once('~').ok_or_else(bad)?;
        let numbers = numbers.split('.').filter(|number| !number.is_empty()).map(str::parse);
        let numbers: Result<Vec<i64>, _> = numbers.collect();
        Ok(Self { numbers: numbers.map_err(|_| bad())?, name: name.to_owned() })
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Part {
    /// At most so many rows, 1 to 1000.
    pub(super) limit: Option<u32>,
    /// Only what comes after this place; the `Link` of the page before has it.
    pub(super) after: Option<String>,
}

/// A list as JSON, whole or in part.
pub(super) fn paged<T: Serialize>(
    rows: Vec<T>,
    part: &Part,
    uri: &Uri,
    place: impl Fn(&T) -> Spot,
) -> Result<Response, Failure> {
    if part.limit.is_none() && part.after.is_none() {
        return Ok(Json(rows).into_response());
    }
    let after = part.after.as_deref().map(str::parse::<Spot>).transpose()?;
    let most = part.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_LIMIT);
    let most = most.clamp(1, PAGE_LIMIT);
    let mut placed: Vec<(Spot, T)> = rows.into_iter().map(|row| (place(&row), row)).collect();
    placed.retain(|(place, _)| after.as_ref().is_none_or(|after| place > after));
    placed.sort_by(|(a, _), (b, _)| a.cmp(b));
    let is_more = placed.len() > most;
    placed.truncate(most);
    let next = placed.last().filter(|_| is_more).map(|(place, _)| place.to_string());
    let rows: Vec<T> = placed.into_iter().map(|(_, row)| row).collect();
    let mut answer = Json(rows).into_response();
    if let Some(next) = next {
        answer.headers_mut().insert(LINK, link(uri, &next)?);
    }
    Ok(answer)
}

/// The same question for what comes after.
fn link(uri: &Uri, after: &str) -> Result<HeaderValue, Problem> {
    let asked = uri.query().unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(
        url::form_urlencoded::parse(asked.as_bytes()).filter(|(name, _)| name != "after"),
    );
    let query = query.append_pair("after", after).finish();
    HeaderValue::try_from(format!("<{}?{query}>; rel=\"next\"", uri.path()))
        .map_err(|error| Problem::internal(format!("the next page has no address: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_text_and_is_in_order() {
        let places =
            [Spot::new(&[0, -3, 17], "a~b"), Spot::new(&[0, 2, 1], "é"), Spot::new(&[], "x")];
        for place in &places {
            assert_eq!(place.to_string().parse(), Ok(place.clone()));
        }
        assert!(places[0] < places[1]);
        for bad in ["", "x", "1.x~a", "99999999999999999999~a"] {
            assert!(bad.parse::<Spot>().is_err(), "{bad}");
        }
    }
}
