//! `[cluster]` and `server.node_id`: one of several servers on one database.

use std::path::PathBuf;

use url::Url;

/// `[cluster]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Where the other servers reach this one; without it what follows from `server.listen`.
    pub advertise: Option<String>,
    /// A file of PEM certificates of the authority that signed the other servers'.
    pub ca: Option<PathBuf>,
}

/// Longest name of a server.
const LONGEST: usize = 64;

/// A server's name.
pub(super) fn node(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(fits) {
        let cut: String = text.chars().take(LONGEST).collect();
        return Err(format!(
            "{cut:?} is no name of a server; write up to {LONGEST} of letters, digits and . - _ :"
        ));
    }
    Ok(text.to_owned())
}

/// The URL of a server, without a last slash.
pub(super) fn advertised(text: &str) -> Result<String, String> {
    let wrong = |why: &str| {
        let cut: String = text.chars().take(200).collect();
        Err(format!("{cut}: {why}; write http://HOST:PORT or https://HOST:PORT"))
    };
    let Ok(url) = Url::parse(text) else { return wrong("it is no URL") };
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
        return wrong("it is neither http nor https");
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return wrong("only host and port belong into it");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_is_host_and_port() {
        for (text, read) in [
            ("http://noc-1:4040", Some("http://noc-1:4040")),
            ("https://noc-1.example/", Some("https://noc-1.example")),
            ("http://[2001:db8::1]:4040", Some("http://[2001:db8::1]:4040")),
            ("noc-1:4040", None),
            ("ftp://noc-1", None),
            ("http://ann:secret@noc-1", None),
            ("http://noc-1/path", None),
            ("http://noc-1?x", None),
            ("", None),
        ] {
            assert_eq!(advertised(text).ok().as_deref(), read, "{text}");
        }
    }

    #[test]
    fn a_name_fits_everywhere() {
        assert_eq!(node("noc-1.example:4040").as_deref(), Ok("noc-1.example:4040"));
        for text in ["", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(node(text).is_err(), "{text}");
        }
    }
}
