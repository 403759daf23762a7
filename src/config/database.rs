//! `[store] url`: which `PostgreSQL` is meant, and how it is shown without its password.

use super::kinds;
use super::problem::allowed;
use super::reader::Reader;
use crate::model::{Secret, secret::MASK};

/// Longest URL.
const LIMIT: usize = 4096;
/// What may stand behind the question mark. A misspelt `sslmode` that is passed over would connect
/// without TLS, so what is unknown is refused.
const PARAMETERS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "application_name",
];
/// The words of `sslmode`.
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
const FORM: &str = "write postgres://USER@HOST:PORT/DATABASE";

/// What is wrong with the URL of a `PostgreSQL` database. No message repeats it: a password may be in
/// it.
///
/// # Errors
/// A sentence with the mend.
pub fn check(text: &str) -> Result<(), String> {
    if text.len() > LIMIT {
        return Err(format!("the URL is longer than {LIMIT} bytes"));
    }
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(format!("it is no URL of a PostgreSQL database; {FORM}"));
    }
    let url = url::Url::parse(text).map_err(|why| {
        format!(
            "the URL cannot be read ({why}); {FORM}, and in a password write @ as %40, / as %2F"
        )
    })?;
    let mut named = !url.path().trim_start_matches('/').is_empty();
    for (key, value) in url.query_pairs() {
        if !PARAMETERS.contains(&&*key) {
            let cut: String = key.chars().take(40).collect();
            return Err(format!("`{cut}` in the URL is unknown{}", allowed(&cut, &PARAMETERS)));
        }
        if key == "sslmode" && !MODES.contains(&&*value) {
            let cut: String = value.chars().take(40).collect();
            return Err(format!("sslmode `{cut}` is unknown{}", allowed(&cut, &MODES)));
        }
        if key == "port" && value.parse::<u16>().is_err() {
            return Err("port in the URL is no number of a port".to_owned());
        }
        named |= key == "dbname" && !value.is_empty();
    }
    if named { Ok(()) } else { Err(format!("the URL names no database; {FORM}")) }
}

/// The same without its password.
#[must_use]
pub fn masked(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return MASK.to_owned() };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(key, _)| key == "password") {
        let mut query = url.query_pairs_mut();
        query.clear();
        for (key, value) in &pairs {
            query.append_pair(key, if key == "password" { MASK } else { value });
        }
    }
    url.into()
}

fn has_password(text: &str) -> bool {
    masked(text) != text
}

/// The URL as it stands in the file: a text, or a reference to a secret.
pub(super) fn written(table: &Reader<'_>, key: &str) -> Option<Secret> {
    let value = table.get(key)?;
    if !value.get_ref().is_str() {
        return kinds::secret(table, key);
    }
    let text = table.any_text(key)?;
    if let Err(why) = check(text) {
        table.wrong(key, why);
        return None;
    }
    // Without a password there is nothing to hide in it.
    if has_password(text) {
        return kinds::secret(table, key);
    }
    Some(Secret::Inline(text.to_owned()))
}

/// The URL as a variable or a flag says it.
pub(super) fn said(text: &str) -> Result<Option<Secret>, String> {
    check(text)?;
    Ok(Some(Secret::Inline(text.to_owned())))
}

/// As it is shown.
pub(super) fn show(url: Option<&Secret>) -> Option<String> {
    url.map(|url| match url {
        Secret::Inline(text) => super::show::text(&masked(text)),
        reference => super::show::secret(reference),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_url_of_a_database() {
        for (text, fine) in [
            ("postgres://noc@db.example:5432/fluxnoc", true),
            ("postgresql://noc:p%40ss@db.example/fluxnoc?sslmode=verify-full", true),
            ("postgres:///fluxnoc?host=/run/postgresql&user=noc", true),
            ("postgres://db.example?dbname=fluxnoc", true),
            ("postgres://db.example", false),
            ("mysql://db.example/fluxnoc", false),
            ("postgres://db.example:99999/fluxnoc", false),
            ("postgres://db.example/fluxnoc?port=x", false),
            ("postgres://db.example/fluxnoc?sslmod=verify-full", false),
            ("postgres://db.example/fluxnoc?sslmode=verify_full", false),
            ("", false),
        ] {
            assert_eq!(check(text).is_ok(), fine, "{text}: {:?}", check(text));
        }
        let long = format!("postgres://db/{}", "x".repeat(LIMIT));
        assert!(check(&long).is_err());
    }

    #[test]
    fn no_password_is_shown() {
        for text in [
            "postgres://noc:hunter2@db.example/fluxnoc",
            "postgres://db.example/fluxnoc?password=hunter2&sslmode=require",
            "postgres://noc:hunter2@",
            "postgres://noc:hunter2@db.example:99999/x",
            "mysql://noc:hunter2@db.example/x",
            "postgres://noc:hunter2@db.example/x?sslmod=verify-full",
        ] {
            assert!(!masked(text).contains("hunter2"), "{text}");
            let said = check(text).err().unwrap_or_default();
            assert!(!said.contains("hunter2"), "{said}");
            let shown = show(Some(&Secret::Inline(text.to_owned()))).unwrap();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert!(masked("postgres://noc:hunter2@db/f").starts_with("postgres://noc:"));
        let plain = "postgres://noc@db.example:5432/fluxnoc?sslmode=verify-full";
        assert_eq!(masked(plain), plain);
        let file = Secret::File("/etc/fluxnoc/url".to_owned());
        assert_eq!(show(Some(&file)).unwrap(), "{ file = \"/etc/fluxnoc/url\" }");
    }
}
