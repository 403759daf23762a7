//! The scrape job with which a Prometheus reads fluxnoc's own meters.
//!
//! In: the configuration. Out: YAML for `scrape_configs`. Never: writes a file, or a secret.

use std::fmt::Write as _;

use crate::config::Config;

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
    out
}
