//! Which host an alert is of, and what its check is called there.

use crate::model::{Name, SafeText};
use crate::promql::Labels;

/// Labels that say where an alert is, not which one of several there.
const WHERE: [&str; 4] = ["alertname", "host", "instance", "job"];
/// Most characters of a name; there is room for what tells two apart.
const LONGEST: usize = 110;

/// A text as the name of a check.
#[must_use]
pub(super) fn plain(text: &str) -> String {
    let safe = SafeText::line(text);
    let all = safe.as_str().chars().map(|c| if "/*?[]{}\\".contains(c) { '|' } else { c });
    let mut cut: String = all.take(LONGEST).collect();
    cut.truncate(cut.trim_end().len());
    let cut = cut.trim_start();
    if cut.is_empty() { "alert".to_owned() } else { cut.to_owned() }
}

/// What an alert is called on its host: as its rule, and what its labels say beyond those of its
/// rule and its host. `taken` says which names have gone to others.
#[must_use]
pub(super) fn called(
    rule: &str,
    labels: &Labels,
    known: impl Fn(&str, &str) -> bool,
    taken: impl Fn(&str) -> bool,
) -> Name {
    let own: Vec<(&str, &str)> = labels
        .iter()
        .filter(|(name, value)| !WHERE.contains(name) && !known(name, value))
        .collect();
    let name = |more: &[&str]| {
        let more = more.iter().map(|name| (*name, labels.get(name)));
        let more = more.filter(|(_, value)| !value.is_empty());
        let parts: Vec<String> = own
            .iter()
            .copied()
            .chain(more)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let parts = parts.join(",");
        plain(format!("{rule} {parts}").trim())
    };
    let words: [&[&str]; 3] = [&[], &["job"], &["instance", "job"]];
    let mut last = String::new();
    for more in words {
        last = name(more);
        if !taken(&last) {
            return last.into();
        }
    }
    // There are fewer alerts than that.
    let mut numbered = (2_u32..100_000).map(|n| format!("{last} #{n}"));
    let free = numbered.find(|name| !taken(name));
    free.unwrap_or(last).into()
}

/// The host part of an `instance`.
#[must_use]
pub(super) fn host_part(instance: &str) -> &str {
    let bare = instance.split_once("://").map_or(instance, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or(bare);
    if let Some(inner) = bare.strip_prefix('[') {
        return inner.split(']').next().unwrap_or(inner);
    }
    match bare.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            host
        }
        _ => bare,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::valid_name;

    #[test]
    fn an_alert_is_called_by_what_tells_it_from_others() {
        let labels = Labels::from_pairs([
            ("alertname", "DiskFull"),
            ("instance", "a:9100"),
            ("job", "node"),
            ("mountpoint", "/var"),
            ("severity", "critical"),
            ("site", "dal"),
        ]);
        let known = |name: &str, _: &str| matches!(name, "severity" | "site");
        let free = |_: &str| false;
        assert_eq!(&*called("DiskFull", &labels, known, free), "DiskFull mountpoint=|var");
        let one = |name: &str| name == "DiskFull mountpoint=|var";
        assert_eq!(&*called("DiskFull", &labels, known, one), "DiskFull mountpoint=|var,job=node");
        let all = |name: &str| !name.ends_with('3');
        let last = "DiskFull mountpoint=|var,instance=a:9100,job=node #3";
        assert_eq!(&*called("DiskFull", &labels, known, all), last);
        let bare = Labels::from_pairs([("alertname", "Down"), ("instance", "a")]);
        assert_eq!(&*called("Down", &bare, known, free), "Down");
    }

    #[test]
    fn whatever_a_label_holds_the_name_is_a_name() {
        for text in ["a/b*c", " x ", "\u{1b}[2J", "", "\u{202e}", &"ü".repeat(500), "{}"] {
            assert_eq!(valid_name(&plain(text)), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn the_host_of_an_instance() {
        for (instance, host) in [
            ("web-1:9100", "web-1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("[::1]:9100", "::1"),
            ("::1", "::1"),
            ("https://a.example:8443/x", "a.example"),
            ("web-1", "web-1"),
        ] {
            assert_eq!(host_part(instance), host);
        }
    }
}
