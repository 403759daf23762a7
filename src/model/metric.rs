//! One measured number with its name, unit and ranges; also the perfdata text of the plugins.
//!
//! Base units inside: seconds, bytes, bits per second, percent 0 to 100, counts.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::spec::Kind;
use super::threshold::Range;

/// Most metrics of one check; what comes beyond is dropped and counted (DESIGN 5b).
pub const SERIES_LIMIT: usize = 256;
/// The same of a device with interfaces, each of which has up to six: room for some 400.
pub const DEVICE_SERIES_LIMIT: usize = 2048;

/// Most metrics of one check of that kind.
#[must_use]
pub const fn series_limit(kind: Kind) -> usize {
    match kind {
        Kind::Snmp => DEVICE_SERIES_LIMIT,
        _ => SERIES_LIMIT,
    }
}

/// What a number counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A plain number.
    #[default]
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bits per second.
    BitsPerSecond,
    /// Percent, 0 to 100.
    Percent,
    /// A number that only grows (perfdata `c`).
    Counter,
    /// Degrees Celsius.
    Celsius,
    /// A unit of a plugin that we only pass on.
    #[schema(value_type = String)]
    Other(Name),
}

impl Unit {
    /// The perfdata suffix (`s`, `B`, `%`, `c`, or what the plugin said).
    #[must_use]
    pub fn suffix(&self) -> &str {
        match self {
            Self::Count | Self::BitsPerSecond => "",
            Self::Seconds => "s",
            Self::Bytes => "B",
            Self::Percent => "%",
            Self::Counter => "c",
            Self::Celsius => "C",
            Self::Other(text) => text,
        }
    }
}

/// One measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Metric {
    /// Its name in the catalogue, or a plugin's label.
    #[schema(value_type = String)]
    pub name: Name,
    /// Which one of several: a mount point, an interface. `None` when there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub instance: Option<Name>,
    /// The value in the base unit. NaN is "the plugin said `U`".
    #[serde(with = "nan_as_null")]
    #[schema(value_type = Option<f64>, required = true)]
    pub value: f64,
    /// What it counts.
    #[serde(default)]
    pub unit: Unit,
    /// The warning range in force, for perfdata and graphs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Range>,
    /// The critical range in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<Range>,
    /// Lowest possible value, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Highest possible value, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl Metric {
    /// A metric without instance and ranges.
    #[must_use]
    pub fn new(name: &str, value: f64, unit: Unit) -> Self {
        Self {
            name: name.into(),
            instance: None,
            value,
            unit,
            warning: None,
            critical: None,
            min: None,
            max: None,
        }
    }

    /// The same for one instance.
    #[must_use]
    pub fn of(mut self, instance: &str) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// `name` or `name[instance]`, as people read it.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.instance {
            Some(instance) => format!("{}[{instance}]", self.name),
            None => self.name.to_string(),
        }
    }

    /// One perfdata token: `'label'=value[UOM];[warn];[crit];[min];[max]`.
    #[must_use]
    pub fn perfdata(&self) -> String {
        let label = self.label();
        let plain = label.chars().all(|c| c.is_ascii_graphic() && c != '=' && c != '\'');
        let mut out = if plain {
            label
        } else {
            format!("'{}'", label.replace('\'', "''").replace('=', "_"))
        };
        let value = if self.value.is_finite() { number(self.value) } else { "U".to_owned() };
        let _ = write!(out, "={value}{}", if value == "U" { "" } else { self.unit.suffix() });
        let range = |range: Option<Range>| range.map(|r| r.to_string()).unwrap_or_default();
        let mut tail = format!(
            ";{};{};{};{}",
            range(self.warning),
            range(self.critical),
            self.min.map(number).unwrap_or_default(),
            self.max.map(number).unwrap_or_default()
        );
        while tail.ends_with(';') {
            tail.pop();
        }
        out + &tail
    }
}

/// At most six decimals, no trailing zeros, never an exponent.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// JSON has no NaN: it travels as null.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else {
            serializer.serialize_none()
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfdata_is_written_as_the_guidelines_say() {
        let mut metric = Metric::new("rta", 0.012_445, Unit::Seconds);
        assert_eq!(metric.perfdata(), "rta=0.012445s");
        metric.warning = Some(Range::above(0.1));
        metric.critical = "0.5".parse().ok();
        metric.min = Some(0.0);
        assert_eq!(metric.perfdata(), "rta=0.012445s;~:0.1;0.5;0");
        let disk = Metric::new("disk_usage", 83.0, Unit::Percent).of("/var lib");
        assert_eq!(disk.perfdata(), "'disk_usage[/var lib]'=83%");
        assert_eq!(Metric::new("x", f64::NAN, Unit::Bytes).perfdata(), "x=U");
    }

    #[test]
    fn nan_survives_json() {
        let json = serde_json::to_string(&Metric::new("x", f64::NAN, Unit::Count)).unwrap();
        assert!(json.contains("null"));
        assert!(serde_json::from_str::<Metric>(&json).unwrap().value.is_nan());
    }
}
