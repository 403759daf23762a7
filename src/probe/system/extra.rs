//! Metrics without default thresholds: uptime, open files, temperatures.

use std::path::{Path, PathBuf};

use super::{read, whole};
use crate::model::safe_text::sanitize;
use crate::model::{Metric, Unit};

/// Most sensors that are read; each may be slow hardware.
const SENSOR_LIMIT: usize = 32;
/// Longest sensor name, in bytes.
const NAME_LIMIT: usize = 64;
/// What a sensor can mean, in degrees Celsius; broken ones say −128 or 255.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -60.0..=200.0;

/// What can be read; the rest is left out.
pub(super) fn metrics(proc: &Path, sys: &Path) -> Vec<Metric> {
    let mut metrics = Vec::new();
    metrics.extend(read(&proc.join("uptime")).ok().and_then(|text| uptime(&text)));
    metrics.extend(read(&proc.join("sys/fs/file-nr")).ok().and_then(|text| open_files(&text)));
    metrics.extend(temperatures(sys));
    metrics
}

fn uptime(text: &str) -> Option<Metric> {
    let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    seconds.is_finite().then(|| Metric::new("uptime", seconds, Unit::Seconds))
}

/// Percent of the highest number of open files of the whole machine.
fn open_files(text: &str) -> Option<Metric> {
    let mut fields = text.split_ascii_whitespace().map(str::parse::<u64>);
    let used = fields.next()?.ok()?.saturating_sub(fields.next()?.ok()?);
    let most = fields.next()?.ok().filter(|most| *most > 0)?;
    Some(Metric::new("open_files", whole(used) / whole(most) * 100.0, Unit::Percent))
}

/// Sensors of the hardware monitors; where there are none, the thermal zones.
fn temperatures(sys: &Path) -> Vec<Metric> {
    let mut found = Vec::new();
    for chip in folders(&sys.join("class/hwmon"), "hwmon") {
        let chip_name = word(&chip.join("name")).unwrap_or_else(|| file_name(&chip));
        for input in folders(&chip, "temp") {
            let name = file_name(&input);
            let Some(sensor) = name.strip_suffix("_input") else { continue };
            if found.len() == SENSOR_LIMIT {
                return found;
            }
            let label = word(&chip.join(format!("{sensor}_label")));
            let name = format!("{chip_name} {}", label.as_deref().unwrap_or(sensor));
            found.extend(temperature(&input, &name));
        }
    }
    if found.is_empty() {
        for zone in folders(&sys.join("class/thermal"), "thermal_zone").iter().take(SENSOR_LIMIT) {
            let name = word(&zone.join("type")).unwrap_or_else(|| file_name(zone));
            found.extend(temperature(&zone.join("temp"), &name));
        }
    }
    // Two alike (two sockets) need names that differ.
    let mut met = std::collections::BTreeMap::<String, u32>::new();
    for metric in &mut found {
        let name = metric.instance.as_deref().unwrap_or_default().to_owned();
        let count = met.entry(name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            metric.instance = Some(format!("{name} #{count}").into());
        }
    }
    found
}

fn temperature(path: &Path, name: &str) -> Option<Metric> {
    let thousandths: i32 = word(path)?.parse().ok()?;
    let degrees = f64::from(thousandths) / 1000.0;
    let metric = Metric::new("temperature", degrees, Unit::Celsius);
    PLAUSIBLE.contains(&degrees).then(|| metric.of(&sanitize(name, NAME_LIMIT)))
}

fn word(path: &Path) -> Option<String> {
    read(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is in a folder and begins with a word, in a steady order.
fn folders(folder: &Path, word: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| file_name(path).starts_with(word))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_and_uptime_are_read() {
        assert_eq!(open_files("594\t94\t2000\n").map(|m| m.value), Some(25.0));
        assert_eq!(uptime("3600.50 1.0\n").map(|m| m.value), Some(3600.5));
        for bad in ["", "1 2", "1 2 0", "a b c"] {
            assert_eq!(open_files(bad), None, "{bad}");
        }
        assert_eq!(uptime("inf"), None);
    }

    #[test]
    fn sensors_are_named_and_checked() {
        let sys = tempfile::TempDir::new().unwrap();
        let write = |path: &str, text: &str| {
            let path = sys.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("class/thermal/thermal_zone0/type", "acpitz\n");
        write("class/thermal/thermal_zone0/temp", "27800\n");
        let labels = || -> Vec<(String, f64)> {
            temperatures(sys.path()).iter().map(|m| (m.label(), m.value)).collect()
        };
        assert_eq!(labels(), [("temperature[acpitz]".to_owned(), 27.8)]);
        for chip in ["hwmon0", "hwmon1"] {
            write(&format!("class/hwmon/{chip}/name"), "coretemp\n");
            write(&format!("class/hwmon/{chip}/temp1_input"), "45000\n");
            write(&format!("class/hwmon/{chip}/temp1_label"), "Package\u{1b}[0m\n");
        }
        write("class/hwmon/hwmon1/temp2_input", "255000\n");
        write("class/hwmon/hwmon1/temp3_input", "what\n");
        write("class/hwmon/hwmon1/temp4_input", "-5500\n");
        let wanted = ["coretemp Package␛[0m", "coretemp Package␛[0m #2", "coretemp temp4"];
        let labels = labels();
        assert_eq!(labels.len(), 3, "{labels:?}");
        for ((label, _), name) in labels.iter().zip(wanted) {
            assert_eq!(*label, format!("temperature[{name}]"));
        }
    }
}
