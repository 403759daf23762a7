//! `json` and `scrape` checks as TOML that reads back to the same.

use super::polled::{EXPOSITIONS, FORMS, UNITS};
use super::show::{Keys, list, mask, text};
use super::targets::Job;
use super::value::{Measure, show_size, show_threshold};
use crate::model::spec::{Endpoint, JsonSpec, ScrapeSpec};
use crate::model::{Check, Spec, Unit};

impl Keys<'_> {
    /// A job that looks for its targets elsewhere.
    pub(super) fn job(&mut self, job: &Job) {
        self.common(&job.prototype);
        self.text("scheme", &job.scheme);
        self.text("path", &job.path);
        self.put("files", &list(&job.files));
        self.optional("http_sd", job.http.as_ref().map(|endpoint| &endpoint.url));
        self.text("refresh", &job.refresh.to_string());
        if let Spec::Scrape(spec) = &*job.prototype.spec {
            self.login(&spec.endpoint);
            self.samples(spec);
        }
        self.limits(&job.prototype);
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
        self.text("url", &endpoint.url);
        self.login(endpoint);
    }

    fn login(&mut self, endpoint: &Endpoint) {
        self.map("headers", &mask(&endpoint.headers));
        self.secret("token", endpoint.token.as_ref());
        self.optional("user", endpoint.user.as_ref());
        self.secret("password", endpoint.password.as_ref());
        self.text("max_body", &show_size(endpoint.max_body));
        self.put("redirects", &endpoint.redirects.to_string());
        self.put("insecure", if endpoint.insecure { "true" } else { "false" });
        self.word("family", &endpoint.family, &super::kinds::FAMILIES);
    }

    /// The parameters of `json`, but its values.
    pub(super) fn json(&mut self, spec: &JsonSpec) {
        self.endpoint(&spec.endpoint);
        self.word("form", &spec.form, &FORMS);
        let status = spec.status.to_string();
        self.put("status", &list(&status.split(',').map(str::to_owned).collect::<Vec<_>>()));
    }

    /// The parameters of `scrape`, but its metrics.
    pub(super) fn scrape(&mut self, spec: &ScrapeSpec) {
        self.endpoint(&spec.endpoint);
        self.samples(spec);
    }

    fn samples(&mut self, spec: &ScrapeSpec) {
        if let Some(fallback) = &spec.fallback {
            self.word("fallback", fallback, &EXPOSITIONS);
        }
        self.put("max_samples", &spec.max_samples.to_string());
    }

    /// `values` with their thresholds.
    pub(super) fn json_values(&mut self, check: &Check, spec: &JsonSpec) {
        let entries = spec.values.iter().map(|value| {
            let mut keys = vec![format!("path = {}", text(&value.path))];
            keys.extend(value.label.as_ref().map(|label| format!("label = {}", text(label))));
            if !value.expect.is_empty() {
                keys.push(format!("expect = {}", list(&value.expect)));
            }
            (value.name.as_str(), keys, &value.unit)
        });
        let entries: Vec<_> = entries.collect();
        self.named("values", check, entries);
    }

    /// `metrics` with their thresholds.
    pub(super) fn series_metrics(&mut self, check: &Check, spec: &ScrapeSpec) {
        let entries = spec.metrics.iter().map(|metric| {
            let mut keys = vec![format!("series = {}", text(&metric.series.to_string()))];
            if metric.rate {
                keys.push("rate = true".to_owned());
            }
            (metric.name.as_str(), keys, &metric.unit)
        });
        let entries: Vec<_> = entries.collect();
        self.named("metrics", check, entries);
    }

    fn named(&mut self, key: &str, check: &Check, entries: Vec<(&str, Vec<String>, &Unit)>) {
        let mut shown = Vec::new();
        for (name, mut keys, unit) in entries {
            let known = UNITS.iter().find(|(_, known, _)| known == unit);
            let measure = known.map_or(Measure::Count, |(.., measure)| *measure);
            if let Some((word, ..)) = known.filter(|(_, unit, _)| *unit != Unit::Count) {
                keys.push(format!("unit = {}", text(word)));
            }
            let limits = check.limit(name).copied().unwrap_or_default();
            for (side, range) in [("warning", limits.warning), ("critical", limits.critical)] {
                keys.extend(
                    range.map(|range| {
                        format!("{side} = {}", text(&show_threshold(&range, measure)))
                    }),
                );
            }
            shown.push(format!("{} = {{ {} }}", text(name), keys.join(", ")));
        }
        if !shown.is_empty() {
            self.put(key, &format!("{{ {} }}", shown.join(", ")));
        }
    }
}
