//! What `fluxnoc check` was given, as the keys and values of the configuration file.

use std::fmt::Display;

use super::check_args::{
    CheckKind, Common, Custom, Dns, Family, Http, Mysql, Ping, Process, Snmp, System, Tcp, Trace,
    Udp,
};
use crate::config::{Given, toml_text};

/// What was typed, as the configuration's keys.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys.
    pub given: Vec<Given>,
}

impl Keys {
    pub(super) fn put(&mut self, key: &'static str, value: String, shown: &str) {
        self.given.push(Given { key, value, shown: shown.to_owned() });
    }

    pub(super) fn text(&mut self, key: &'static str, value: Option<&String>) {
        if let Some(value) = value {
            self.put(key, toml_text(value), &flag(key));
        }
    }

    pub(super) fn number(&mut self, key: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(key, value.to_string(), &flag(key));
        }
    }

    pub(super) fn list(&mut self, key: &'static str, values: &[String], shown: &str) {
        if !values.is_empty() {
            let quoted: Vec<String> = values.iter().map(|value| toml_text(value)).collect();
            self.put(key, format!("[{}]", quoted.join(", ")), shown);
        }
    }

    pub(super) fn map(
        &mut self,
        key: &'static str,
        pairs: &[String],
        (shown, separators): (&str, &[char]),
        value: impl Fn(&str) -> String,
    ) -> Result<(), String> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut entries = std::collections::BTreeMap::new();
        for pair in pairs {
            let at = pair.find(separators);
            let Some((name, text)) = at.map(|at| (pair.get(..at), pair.get(at + 1..))) else {
                let pair: String = pair.chars().take(64).collect();
                return Err(format!("{shown}: `{pair}` is not NAME=VALUE"));
            };
            entries.insert(name.unwrap_or_default().trim(), value(text.unwrap_or_default()));
        }
        let entries: Vec<String> =
            entries.iter().map(|(name, value)| format!("{} = {value}", toml_text(name))).collect();
        self.put(key, format!("{{ {} }}", entries.join(", ")), shown);
        Ok(())
    }

    fn common(&mut self, common: &Common) {
        self.text("warning", common.warning.as_ref());
        self.text("critical", common.critical.as_ref());
        if let Some(timeout) = &common.timeout {
            self.put("timeout", toml_text(&seconds(timeout)), "--timeout");
        }
    }

    pub(super) fn family(&mut self, family: &Family) {
        match family {
            Family { v4: true, .. } => self.put("family", toml_text("v4"), "-4"),
            Family { v6: true, .. } => self.put("family", toml_text("v6"), "-6"),
            Family { .. } => {}
        }
    }
}

fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

/// Plugins take whole seconds without a unit, and so do we.
pub(super) fn seconds(text: &str) -> String {
    let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if bare { format!("{text}s") } else { text.to_owned() }
}

/// `75,90` as a list; a part may be empty.
fn pair(text: &str) -> String {
    let parts: Vec<String> = text.split(',').map(|part| toml_text(part.trim())).collect();
    format!("[{}]", parts.join(", "))
}

impl CheckKind {
    /// The address and the keys that were typed.
    ///
    /// # Errors
    /// A sentence about an option that cannot be read at all.
    pub fn keys(&self) -> Result<(Option<String>, Keys), String> {
        let mut keys = Keys::default();
        keys.common(self.common());
        let target = match self {
            Self::Ping(args) => Some(keys.ping(args)),
            Self::Tcp(args) => Some(keys.tcp(args)),
            Self::Udp(args) => Some(keys.udp(args)),
            Self::Http(args) => return keys.http(args).map(|target| (target, keys)),
            Self::Dns(args) => {
                keys.dns(args);
                None
            }
            Self::Mysql(args) => return keys.mysql(args).map(|target| (target, keys)),
            Self::Process(args) => {
                keys.process(args);
                None
            }
            Self::Custom(args) => return keys.custom(args).map(|()| (None, keys)),
            Self::System(args) => return keys.system(args).map(|()| (None, keys)),
            Self::Trace(args) => Some(keys.trace(args)),
            Self::Snmp(args) => return keys.snmp(args).map(|target| (Some(target), keys)),
            Self::Json(args) => return keys.json(args).map(|()| (None, keys)),
            Self::Scrape(args) => return keys.scrape(args).map(|()| (None, keys)),
            Self::Fluxmq(args) => return keys.fluxmq(args).map(|()| (None, keys)),
            Self::Fluxbase(args) => {
                keys.fluxbase(args);
                None
            }
        };
        Ok((target, keys))
    }
}

impl Keys {
    fn ping(&mut self, args: &Ping) -> String {
        self.number("packets", args.packets);
        self.text("packet_interval", args.packet_interval.as_ref());
        self.number("size", args.size);
        self.family(&args.family);
        args.host.clone()
    }

    fn tcp(&mut self, args: &Tcp) -> String {
        self.put("port", args.port.to_string(), "PORT");
        self.text("send", args.send.as_ref());
        self.text("expect", args.expect.as_ref());
        self.family(&args.family);
        args.host.clone()
    }

    fn udp(&mut self, args: &Udp) -> String {
        self.put("port", args.port.to_string(), "PORT");
        self.text("send", args.send.as_ref());
        self.text("expect", args.expect.as_ref());
        self.family(&args.family);
        args.host.clone()
    }

    fn http(&mut self, args: &Http) -> Result<Option<String>, String> {
        self.put("url", toml_text(&args.url), "URL");
        self.text("method", args.method.as_ref());
        self.map("headers", &args.headers, ("--header", &['=', ':']), |text| {
            toml_text(text.trim())
        })?;
        self.text("body", args.body.as_ref());
        self.list("status", &args.status, "--status");
        self.text("contains", args.contains.as_ref());
        self.text("regex", args.regex.as_ref());
        self.text("max_body", args.max_body.as_ref());
        self.number("redirects", args.redirects);
        if args.insecure {
            self.put("insecure", "true".to_owned(), "--insecure");
        }
        self.text("certificate_warning", args.certificate_warning.as_ref());
        self.text("certificate_critical", args.certificate_critical.as_ref());
        self.family(&args.family);
        Ok(args.address.clone())
    }

    fn dns(&mut self, args: &Dns) {
        self.put("query", toml_text(&args.name), "NAME");
        self.list("resolvers", &args.resolvers, "--resolver");
        if let Some(record_type) = &args.record_type {
            self.put("type", toml_text(&record_type.to_ascii_uppercase()), "--type");
        }
        self.list("answers", &args.answers, "--answer");
    }

    fn mysql(&mut self, args: &Mysql) -> Result<Option<String>, String> {
        let url = url::Url::parse(&args.url).ok().filter(|url| url.scheme() == "mysql");
        let Some(url) = url else {
            return Err("URL: write mysql://USER@HOST:PORT/DATABASE".to_owned());
        };
        let plain = |text: &str| percent_decode(text);
        if !url.username().is_empty() {
            self.put("user", toml_text(&plain(url.username())), "URL");
        }
        if url.password().is_some() {
            return Err("URL: a password in it can be seen by everybody on this machine (ps); \
                        write --password-env NAME or --password-file FILE"
                .to_owned());
        }
        self.secret("password", args.password_env.as_ref(), args.password_file.as_ref());
        if let Some(port) = url.port() {
            self.put("port", port.to_string(), "URL");
        }
        let database = plain(url.path().trim_start_matches('/'));
        if !database.is_empty() {
            self.put("database", toml_text(&database), "URL");
        }
        self.text("socket", args.socket.as_ref());
        self.text("tls", args.tls.as_ref());
        self.text("query", args.query.as_ref());
        self.text("result_warning", args.result_warning.as_ref());
        self.text("result_critical", args.result_critical.as_ref());
        let host = url.host_str().filter(|host| !host.is_empty());
        if host.is_none() && args.socket.is_none() {
            return Err("URL: it names no host; write mysql://USER@HOST".to_owned());
        }
        Ok(host.map(str::to_owned))
    }

    fn process(&mut self, args: &Process) {
        if let Some(name) = &args.name {
            self.put("process", toml_text(name), "NAME");
        }
        self.text("pattern", args.pattern.as_ref());
        self.text("user", args.user.as_ref());
        self.text("pid_file", args.pid_file.as_ref());
        self.text("count", args.count.as_ref());
        self.text("cpu_warning", args.cpu_warning.as_ref());
        self.text("cpu_critical", args.cpu_critical.as_ref());
        self.text("rss_warning", args.rss_warning.as_ref());
        self.text("rss_critical", args.rss_critical.as_ref());
    }

    fn custom(&mut self, args: &Custom) -> Result<(), String> {
        self.text("shell", args.shell.as_ref());
        self.map("env", &args.env, ("--env", &['=']), toml_text)?;
        self.map("metrics", &args.metrics, ("--metric", &['=']), pair)?;
        self.list("command", &args.command, "COMMAND");
        Ok(())
    }

    fn system(&mut self, args: &System) -> Result<(), String> {
        self.map("thresholds", &args.thresholds, ("--threshold", &['=']), pair)?;
        self.list("exclude_fs", &args.exclude_fs, "--exclude-fs");
        self.list("exclude_if", &args.exclude_if, "--exclude-if");
        Ok(())
    }

    fn snmp(&mut self, args: &Snmp) -> Result<String, String> {
        self.text("version", args.version.as_ref());
        if args.version.is_none() && args.user.is_some() {
            self.put("version", toml_text("3"), "--user");
        }
        self.secret("community", args.community_env.as_ref(), args.community_file.as_ref());
        self.text("user", args.user.as_ref());
        self.text("auth", args.auth.as_ref());
        let (name, file) = (args.auth_password_env.as_ref(), args.auth_password_file.as_ref());
        self.secret("auth_password", name, file);
        self.text("privacy", args.privacy.as_ref());
        let (name, file) = (&args.privacy_password_env, &args.privacy_password_file);
        self.secret("privacy_password", name.as_ref(), file.as_ref());
        self.text("context", args.context.as_ref());
        self.number("port", args.port);
        self.entries("get", &args.get, "--get")?;
        self.entries("walk", &args.walk, "--walk")?;
        self.map("thresholds", &args.thresholds, ("--threshold", &['=']), pair)?;
        if args.only {
            self.put("host_metrics", "false".to_owned(), "--only");
            if args.interfaces.is_empty() {
                self.put("interfaces", "[]".to_owned(), "--only");
            }
        }
        self.list("interfaces", &args.interfaces, "--interface");
        self.list("exclude_if", &args.exclude_if, "--exclude-if");
        self.list("exclude_fs", &args.exclude_fs, "--exclude-fs");
        self.family(&args.family);
        Ok(args.host.clone())
    }

    /// `NAME=OID` each, as a list of tables.
    fn entries(&mut self, key: &'static str, pairs: &[String], shown: &str) -> Result<(), String> {
        let mut tables = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let Some((name, oid)) = pair.split_once('=') else {
                let pair: String = pair.chars().take(64).collect();
                return Err(format!("{shown}: `{pair}` is not NAME=OID"));
            };
            let (name, oid) = (toml_text(name.trim()), toml_text(oid.trim()));
            tables.push(format!("{{ name = {name}, oid = {oid} }}"));
        }
        if !tables.is_empty() {
            self.put(key, format!("[{}]", tables.join(", ")), shown);
        }
        Ok(())
    }

    /// A reference to a secret; a secret itself on a command line would be seen by everybody (ps).
    pub(super) fn secret(
        &mut self,
        key: &'static str,
        name: Option<&String>,
        file: Option<&String>,
    ) {
        if let Some(name) = name {
            let shown = format!("{}-env", flag(key));
            self.put(key, format!("{{ env = {} }}", toml_text(name)), &shown);
        }
        if let Some(path) = file {
            let shown = format!("{}-file", flag(key));
            self.put(key, format!("{{ file = {} }}", toml_text(path)), &shown);
        }
    }

    fn trace(&mut self, args: &Trace) -> String {
        self.text("protocol", args.protocol.as_ref());
        self.number("port", args.port);
        self.number("max_hops", args.max_hops);
        self.text("round", args.round.as_ref());
        self.family(&args.family);
        args.host.clone()
    }
}

/// `%40` as `@`; what is no escape stays.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
