//! The scrape jobs with which a Prometheus reads fluxnoc's own meters, and the watched Fluxbase instances.
//!
//! In: the configuration. Out: YAML for `scrape_configs`. Never: writes a file, or a secret.

use std::fmt::Write as _;

use crate::config::Config;
use crate::model::Spec;
use crate::model::fluxbase::{FluxbasePart, JOB};

/// Where the job expects the token of fluxnoc.
const TOKEN: &str = "/etc/prometheus/fluxnoc.token";

/// The job, with what an operator has to do for it.
#[must_use]
pub fn job(config: &Config) -> String {
    let server = &config.settings.server;
    let mut at = server.address();
    if at.ip().is_unspecified() {
        let own = if at.is_ipv4() { "127.0.0.1" } else { "::1" };
        at.set_ip(own.parse().unwrap_or_else(|_| at.ip()));
    }
    let scheme = if server.certificate.is_some() { "https" } else { "http" };
    let mut out = String::from(
        "# For prometheus.yml: the meters of `fluxnoc serve`. From another machine, put its name in \
         place of\n# the address.\n",
    );
    let needs_token = config.settings.metrics.require_auth;
    if needs_token {
        let _ = writeln!(
            out,
            "# The token: fluxnoc token add --name prometheus --role viewer; its text goes into\n# {TOKEN}."
        );
    }
    let _ = write!(
        out,
        "scrape_configs:\n  - job_name: fluxnoc\n    scheme: {scheme}\n    metrics_path: /metrics\n"
    );
    if needs_token {
        let _ = write!(
            out,
            "    authorization:\n      type: Bearer\n      credentials_file: {TOKEN}\n"
        );
    }
    let _ = write!(out, "    static_configs:\n      - targets: [\"{at}\"]\n");
    instances(&mut out, config);
    out
}

/// The job of the Fluxbase instances, each where its exposition is looked for first.
fn instances(out: &mut String, config: &Config) {
    let mut begun = false;
    for check in config.checks.iter().filter(|check| check.enabled) {
        let Spec::Fluxbase(spec) = &*check.spec else { continue };
        if !matches!(spec.part, FluxbasePart::All | FluxbasePart::Metrics) {
            continue;
        }
        let Some((scheme, at, path)) = spec.metrics.first().and_then(|url| parts(url)) else {
            continue;
        };
        if !begun {
            let _ = write!(
                out,
                "  # The instances of Fluxbase, each where its exposition is looked for first.\n  \
                 - job_name: {JOB}\n    static_configs:\n"
            );
            begun = true;
        }
        let insecure = if spec.insecure {
            "        # Its certificate is not checked here: a job of its own needs tls_config.\n"
        } else {
            ""
        };
        let _ = write!(
            out,
            "      - targets: [{at:?}]\n{insecure}        labels:\n          __scheme__: {scheme}\n          \
             __metrics_path__: {path:?}\n"
        );
    }
}

/// Scheme, host with port, and path of a URL.
fn parts(url: &str) -> Option<(String, String, String)> {
    let url = url::Url::parse(url).ok()?;
    let at = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    Some((url.scheme().to_owned(), at, url.path().to_owned()))
}
