//! Where a request goes: a URL taken apart, and what a redirect may turn it into.

use std::net::IpAddr;

use hyper::StatusCode;
use url::{Host, Url};

/// Longest URL, in bytes.
const URL_LIMIT: usize = 8192;

/// An absolute `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probe) struct Target {
    /// Host name in ASCII, or address without brackets.
    pub host: String,
    /// The port, also when the URL has none.
    pub port: u16,
    /// True for `https`.
    pub secure: bool,
    /// Path and query, as a request line has them.
    pub path: String,
    /// `host` or `host:port`, as the Host header has it.
    pub authority: String,
    url: Url,
}

impl Target {
    /// Reads a configured URL.
    ///
    /// # Errors
    /// A sentence with the mend.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > URL_LIMIT {
            return Err(format!("the URL is longer than {URL_LIMIT} bytes"));
        }
        let url = Url::parse(text).map_err(|error| format!("the URL cannot be used: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL must not hold a login; write it as headers.Authorization".into());
        }
        Self::from_url(url)
    }

    fn from_url(mut url: Url) -> Result<Self, String> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(format!("{other}: is not http: or https:")),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err("the URL has no host".to_owned()),
        };
        if host.is_empty() {
            return Err("the URL has no host".to_owned());
        }
        url.set_fragment(None);
        // A redirect may carry a login of somebody's choice: it is not sent.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let port = url.port_or_known_default().unwrap_or(if secure { 443 } else { 80 });
        let bracketed = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{bracketed}:{port}"),
            None => bracketed.to_owned(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self { host, port, secure, path, authority, url })
    }

    /// The same with another path, read relative to this one.
    ///
    /// # Errors
    /// A sentence why it cannot be used.
    pub fn join(&self, path: &str) -> Result<Self, String> {
        let url =
            self.url.join(path).map_err(|error| format!("the URL cannot be used: {error}"))?;
        Self::from_url(url)
    }

    /// The URL for people; a query may hold a secret and is left out.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        let more = if url.query().is_some() { "?…" } else { "" };
        url.set_query(None);
        let text: String = url.as_str().chars().take(300).collect();
        text + more
    }

    /// True when what was meant for `other` may be sent here: the same host and port, or the same
    /// host over TLS on the usual ports.
    pub fn same_site(&self, other: &Self) -> bool {
        let upgrade = other.port == 80 && !other.secure && self.port == 443 && self.secure;
        self.host == other.host
            && (upgrade || (self.port == other.port && self.secure == other.secure))
    }

    /// Where an answer sends us; `None` when it does not.
    ///
    /// # Errors
    /// A sentence why the redirect is not followed.
    pub fn redirect(
        &self,
        status: StatusCode,
        location: Option<&str>,
    ) -> Result<Option<Self>, String> {
        let Some(location) = location.filter(|_| matches!(status.as_u16(), 301..=303 | 307 | 308))
        else {
            return Ok(None);
        };
        if location.len() > URL_LIMIT {
            return Err(format!("the redirect's URL is longer than {URL_LIMIT} bytes"));
        }
        let url = self.url.join(location).map_err(|error| {
            let location: String = location.chars().take(100).collect();
            format!("the redirect to `{location}` cannot be used: {error}")
        })?;
        let next = Self::from_url(url).map_err(|why| format!("redirect refused: {why}"))?;
        if self.secure && !next.secure {
            return Err(format!("redirect from https to {} refused", next.shown()));
        }
        Ok(Some(next))
    }
}

/// True for addresses that name something on this machine's own link, such as the metadata
/// service of a cloud: no stranger's redirect may lead there.
pub(in crate::probe) fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::parse(url).unwrap()
    }

    #[test]
    fn urls_are_taken_apart() {
        let plain = target("http://Web-1.example/a b?q=1#frag");
        assert_eq!((plain.host.as_str(), plain.port, plain.secure), ("web-1.example", 80, false));
        assert_eq!(plain.path, "/a%20b?q=1");
        assert_eq!(plain.shown(), "http://web-1.example/a%20b?…");
        let six = target("https://[::1]:8443/");
        assert_eq!((six.host.as_str(), six.authority.as_str()), ("::1", "[::1]:8443"));
        for bad in ["", "/x", "ftp://a/", "http://", "https://u:p@a/", "file:///etc/passwd"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_follow_the_rules() {
        let from = target("https://a.example/x/y");
        let go = |location: &str| from.redirect(StatusCode::FOUND, Some(location));
        assert_eq!(go("../z").unwrap().unwrap().shown(), "https://a.example/z");
        assert_eq!(go("//b.example").unwrap().unwrap().host, "b.example");
        assert_eq!(go("https://u:p@b.example/").unwrap().unwrap().shown(), "https://b.example/");
        assert!(go("http://a.example/").unwrap_err().contains("from https to http://a.example/"));
        for bad in ["javascript:alert(1)", "ftp://b/", "http://[", "data:,x"] {
            assert!(go(bad).is_err(), "{bad}");
        }
        assert_eq!(from.redirect(StatusCode::OK, Some("/")), Ok(None));
        assert_eq!(from.redirect(StatusCode::FOUND, None), Ok(None));
    }

    #[test]
    fn what_is_one_site() {
        let http = target("http://a.example/");
        let https = target("https://a.example/x");
        assert!(https.same_site(&http) && !http.same_site(&https));
        assert!(!target("https://b.example/").same_site(&https));
        assert!(!target("https://a.example:8443/").same_site(&https));
    }

    #[test]
    fn link_local_addresses_are_known_in_every_coat() {
        for ip in ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "febf::1"] {
            assert!(is_link_local(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["127.0.0.1", "10.0.0.1", "fd00::1", "2001:db8::1"] {
            assert!(!is_link_local(ip.parse().unwrap()), "{ip}");
        }
    }
}
