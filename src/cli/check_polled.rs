//! `fluxnoc check json`, `scrape`, `fluxmq` and `fluxbase`: their options, and these as the configuration's keys.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, read without markup")]

use clap::Args;

use super::check_args::{Common, Family, kind};
use super::check_keys::Keys;
use crate::config::toml_text;

/// How an endpoint is asked.
#[derive(Debug, Args)]
pub struct Endpoint {
    /// NAME=VALUE or 'NAME: VALUE', any number of times
    #[arg(long = "header", value_name = "NAME=VALUE")]
    pub headers: Vec<String>,
    /// Variable of the environment that holds a bearer token
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub token_env: Option<String>,
    /// File whose first line is a bearer token
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "token_env"])]
    pub token_file: Option<String>,
    /// Login name
    #[arg(long)]
    pub user: Option<String>,
    /// Variable of the environment that holds the password
    #[arg(long, value_name = "NAME", requires = "user")]
    pub password_env: Option<String>,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", requires = "user", conflicts_with = "password_env")]
    pub password_file: Option<String>,
    /// Most bytes of body that are read, also after unpacking
    #[arg(long, value_name = "SIZE")]
    pub max_body: Option<String>,
    /// Redirects followed at most
    #[arg(long)]
    pub redirects: Option<u8>,
    /// Accept any certificate
    #[arg(long)]
    pub insecure: bool,
    /// Days that the certificate must have left
    #[arg(long, value_name = "DAYS")]
    pub certificate_warning: Option<String>,
    /// Days that the certificate must have left
    #[arg(long, value_name = "DAYS")]
    pub certificate_critical: Option<String>,
    #[allow(missing_docs, reason = "the help text is built from its fields")]
    #[command(flatten)]
    pub family: Family,
}

kind! {
    /// Options of `check json`.
    Json {
        /// Absolute URL, http or https
        url: String,
        /// json, health (application/health+json) or probe (as Kubernetes: the status decides)
        #[arg(long)]
        form: Option<String>,
        /// JSONPath of the value, such as $.queue.length
        #[arg(long)]
        path: Option<String>,
        /// Key beside the value that names the instance, where the path finds several
        #[arg(long, value_name = "KEY", requires = "path")]
        label: Option<String>,
        /// Text that the value must be, any number of times
        #[arg(long, value_name = "TEXT", requires = "path")]
        expect: Vec<String>,
        /// Alert as WARNING by the value
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true, requires = "path")]
        value_warning: Option<String>,
        /// Alert as CRITICAL by the value
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true, requires = "path")]
        value_critical: Option<String>,
        /// Expected statuses, such as 200-399, any number of times
        #[arg(long)]
        status: Vec<String>,
        #[command(flatten)]
        endpoint: Endpoint,
    }
}
kind! {
    /// Options of `check scrape`.
    Scrape {
        /// Absolute URL, http or https
        url: String,
        /// Series to judge, such as 'node_filesystem_avail_bytes{mountpoint="/"}'
        #[arg(long, value_name = "SELECTOR")]
        series: Option<String>,
        /// Alert as WARNING by the series
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true, requires = "series")]
        series_warning: Option<String>,
        /// Alert as CRITICAL by the series
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true, requires = "series")]
        series_critical: Option<String>,
        /// Read an answer without a known media type as text or openmetrics
        #[arg(long, value_name = "FORMAT")]
        fallback: Option<String>,
        /// Most samples
        #[arg(long)]
        max_samples: Option<u32>,
        #[command(flatten)]
        endpoint: Endpoint,
    }
}

kind! {
    /// Options of `check fluxmq`.
    Fluxmq {
        /// Health server of each node, such as http://mq-1:8081
        #[arg(required = true, value_name = "URL")]
        url: Vec<String>,
        /// Admin API of each node, such as http://mq-1:8082, in the order of the nodes
        #[arg(long, value_name = "URL")]
        admin: Vec<String>,
        /// What of several nodes is judged: all, or cluster (a node alone is at most WARNING)
        #[arg(long)]
        scope: Option<String>,
        /// Accept any certificate
        #[arg(long)]
        insecure: bool,
        #[command(flatten)]
        family: Family,
    }
}

kind! {
    /// Options of `check fluxbase`.
    Fluxbase {
        /// App server, such as http://app-1:8080
        url: String,
        /// Where its exposition is; without it :9090/metrics, then /metrics of the app server
        #[arg(long, value_name = "URL")]
        metrics: Vec<String>,
        /// What is judged: all, metrics, system, health or live
        #[arg(long)]
        part: Option<String>,
        /// Variable of the environment that holds a service key
        #[arg(long, value_name = "NAME", conflicts_with_all = ["token_env", "token_file"])]
        service_key_env: Option<String>,
        /// File whose first line is a service key
        #[arg(long, value_name = "FILE", conflicts_with_all = ["service_key_env", "token_env", "token_file"])]
        service_key_file: Option<String>,
        /// Variable of the environment that holds a bearer token
        #[arg(long, value_name = "NAME")]
        token_env: Option<String>,
        /// File whose first line is a bearer token
        #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
        token_file: Option<String>,
        /// Most samples
        #[arg(long)]
        max_samples: Option<u32>,
        /// Accept any certificate
        #[arg(long)]
        insecure: bool,
        #[command(flatten)]
        family: Family,
    }
}

/// The one metric that can be judged from the command line.
const VALUE: &str = "value";

impl Keys {
    pub(super) fn json(&mut self, args: &Json) -> Result<(), String> {
        self.put("url", toml_text(&args.url), "URL");
        if let Some(form) = &args.form {
            self.put("form", toml_text(form), "--form");
        }
        self.list("status", &args.status, "--status");
        if let Some(path) = &args.path {
            let mut keys = vec![format!("path = {}", toml_text(path))];
            keys.extend(args.label.as_ref().map(|label| format!("label = {}", toml_text(label))));
            if !args.expect.is_empty() {
                let quoted: Vec<String> = args.expect.iter().map(|text| toml_text(text)).collect();
                keys.push(format!("expect = [{}]", quoted.join(", ")));
            }
            self.named("values", keys, (&args.value_warning, &args.value_critical), "--path");
        }
        self.endpoint(&args.endpoint)
    }

    pub(super) fn scrape(&mut self, args: &Scrape) -> Result<(), String> {
        self.put("url", toml_text(&args.url), "URL");
        if let Some(series) = &args.series {
            let keys = vec![format!("series = {}", toml_text(series))];
            self.named("metrics", keys, (&args.series_warning, &args.series_critical), "--series");
        }
        self.text("fallback", args.fallback.as_ref());
        self.number("max_samples", args.max_samples);
        self.endpoint(&args.endpoint)
    }

    pub(super) fn fluxmq(&mut self, args: &Fluxmq) -> Result<(), String> {
        if args.admin.len() > args.url.len() {
            return Err("--admin: there are more of them than nodes".to_owned());
        }
        let mut nodes: Vec<(&str, String)> = Vec::new();
        for (at, url) in args.url.iter().enumerate() {
            // A node is called by its host and port, which is all that is known of it.
            let bare = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let name = bare.split('/').next().unwrap_or(bare);
            if nodes.iter().any(|(known, _)| *known == name) {
                return Err(format!("URL: `{name}` is given twice"));
            }
            let admin = args.admin.get(at).map(|admin| format!(", admin = {}", toml_text(admin)));
            let value = format!("{{ url = {}{} }}", toml_text(url), admin.unwrap_or_default());
            nodes.push((name, value));
        }
        let nodes: Vec<String> =
            nodes.iter().map(|(name, value)| format!("{} = {value}", toml_text(name))).collect();
        self.put("nodes", format!("{{ {} }}", nodes.join(", ")), "URL");
        self.text("scope", args.scope.as_ref());
        if args.insecure {
            self.put("insecure", "true".to_owned(), "--insecure");
        }
        self.family(&args.family);
        Ok(())
    }

    pub(super) fn fluxbase(&mut self, args: &Fluxbase) {
        self.put("url", toml_text(&args.url), "URL");
        self.list("metrics", &args.metrics, "--metrics");
        self.text("part", args.part.as_ref());
        let (name, file) = (args.service_key_env.as_ref(), args.service_key_file.as_ref());
        self.secret("service_key", name, file);
        self.secret("token", args.token_env.as_ref(), args.token_file.as_ref());
        self.number("max_samples", args.max_samples);
        if args.insecure {
            self.put("insecure", "true".to_owned(), "--insecure");
        }
        self.family(&args.family);
    }

    fn named(
        &mut self,
        key: &'static str,
        mut keys: Vec<String>,
        (warning, critical): (&Option<String>, &Option<String>),
        shown: &str,
    ) {
        for (side, range) in [("warning", warning), ("critical", critical)] {
            keys.extend(range.as_ref().map(|range| format!("{side} = {}", toml_text(range))));
        }
        self.put(key, format!("{{ {VALUE} = {{ {} }} }}", keys.join(", ")), shown);
    }

    fn endpoint(&mut self, args: &Endpoint) -> Result<(), String> {
        self.map("headers", &args.headers, ("--header", &['=', ':']), |text| {
            toml_text(text.trim())
        })?;
        for (key, form, value, shown) in [
            ("token", "env", &args.token_env, "--token-env"),
            ("token", "file", &args.token_file, "--token-file"),
            ("password", "env", &args.password_env, "--password-env"),
            ("password", "file", &args.password_file, "--password-file"),
        ] {
            if let Some(value) = value {
                self.put(key, format!("{{ {form} = {} }}", toml_text(value)), shown);
            }
        }
        self.text("user", args.user.as_ref());
        self.text("max_body", args.max_body.as_ref());
        self.number("redirects", args.redirects);
        if args.insecure {
            self.put("insecure", "true".to_owned(), "--insecure");
        }
        self.text("certificate_warning", args.certificate_warning.as_ref());
        self.text("certificate_critical", args.certificate_critical.as_ref());
        self.family(&args.family);
        Ok(())
    }
}
