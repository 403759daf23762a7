//! The labels of a series: sorted by name, none empty, cheap to clone.

use std::fmt;
use std::sync::Arc;

/// The label that holds the name of a metric.
pub const NAME: &str = "__name__";

/// A set of labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// A set from pairs in any order. An empty value is no label; of a name given twice the last
    /// one holds.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = (name.into(), value.into());
            all.retain(|(known, _)| *known != name);
            if !value.is_empty() {
                all.push((name, value));
            }
        }
        all.sort();
        Self(all.into())
    }

    /// The value of a label; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| &**known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// True without any label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose names are kept.
    #[must_use]
    pub fn keep(&self, kept: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| kept(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| kept(name)).cloned().collect())
    }

    /// Without the name of the metric.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.keep(|name| name != NAME)
    }

    /// With one label more, changed, or removed by an empty value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut all: Vec<_> =
            self.0.iter().filter(|(known, _)| &**known != name).cloned().collect();
        if !value.is_empty() {
            let at = all.partition_point(|(known, _)| &**known < name);
            all.insert(at, (name.into(), value.into()));
        }
        Self(all.into())
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{name}={value:?}")?;
        }
        out.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_a_set_without_empty_values() {
        let labels = Labels::from_pairs([("b", "2"), ("a", "1"), ("c", ""), ("b", "3")]);
        assert_eq!(labels.to_string(), r#"{a="1", b="3"}"#);
        assert_eq!((labels.get("b"), labels.get("c")), ("3", ""));
        assert_eq!(labels.with("a", "").with("aa", "x").to_string(), r#"{aa="x", b="3"}"#);
        assert_eq!(labels.keep(|name| name == "a").to_string(), r#"{a="1"}"#);
        assert_eq!(Labels::from_pairs([("b", "1"), ("b", "")]), Labels::default());
    }
}
