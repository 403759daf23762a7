//! `fluxnoc check KIND`: one set of options for each kind, the same keys as in the file.

use std::fmt::Display;

use clap::{Args, Subcommand};

use crate::config::{Given, toml_text};
use crate::model::Kind;

/// The kinds with their options.
#[derive(Debug, Subcommand)]
pub enum CheckKind {
    /// ICMP echo: reachability, round-trip time, loss
    Ping(Ping),
    /// A TCP port
    Tcp(Tcp),
    /// A UDP port
    Udp(Udp),
    /// A URL over HTTP or HTTPS
    Http(Http),
    /// A name asked of each resolver
    Dns(Dns),
    /// A login and a query on MySQL or MariaDB
    Mysql(Mysql),
    /// Processes of this machine
    Process(Process),
    /// A plugin or script with exit codes 0 to 3
    Custom(Custom),
    /// The host metrics of this machine
    System(System),
    /// The path to a host
    Trace(Trace),
}

/// What every kind takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Alert as WARNING: a range (10, 10:, ~:10, @10:20) or a number with unit (500ms, 80%);
    /// RTT,LOSS for ping and trace (200ms,20%)
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub warning: Option<String>,
    /// Alert as CRITICAL
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    pub critical: Option<String>,
    /// Time for all of it: 10s, or seconds
    #[arg(short, long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// "unknown" or "critical": what no answer at all is
    #[arg(long, value_name = "STATE", default_value = "unknown")]
    pub unreachable: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// IPv4 or IPv6.
#[derive(Debug, Args)]
pub struct Family {
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "v6")]
    pub v4: bool,
    /// IPv6 only
    #[arg(short = '6')]
    pub v6: bool,
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub struct $name {
            $(#[allow(missing_docs, reason = "the help text is built from the attribute")]
            $(#[$attr])* pub $field: $type,)*
            /// What every kind takes.
            #[command(flatten)]
            pub common: Common,
        }
    };
}

kind! {
    /// Options of `check ping`.
    Ping {
        /// Address or name
        host: String,
        /// Echo requests, 1 to 100
        #[arg(long)]
        packets: Option<u16>,
        /// Time between two requests
        #[arg(long)]
        packet_interval: Option<String>,
        /// Bytes of payload
        #[arg(long)]
        size: Option<u16>,
        #[command(flatten)]
        family: Family,
    }
}
kind! {
    /// Options of `check tcp`.
    Tcp {
        /// Address or name
        host: String,
        /// The port
        port: u16,
        /// Sent after connecting
        #[arg(long)]
        send: Option<String>,
        /// Must occur in the answer
        #[arg(long)]
        expect: Option<String>,
        #[command(flatten)]
        family: Family,
    }
}
kind! {
    /// Options of `check udp`.
    Udp {
        /// Address or name
        host: String,
        /// The port
        port: u16,
        /// The payload
        #[arg(long)]
        send: Option<String>,
        /// "reply": silence is a failure; "any": only "closed" is
        #[arg(long)]
        expect: Option<String>,
        #[command(flatten)]
        family: Family,
    }
}
kind! {
    /// Options of `check http`.
    Http {
        /// http:// or https:// URL
        url: String,
        /// GET, HEAD, POST, ...
        #[arg(long)]
        method: Option<String>,
        /// NAME=VALUE or 'NAME: VALUE', any number of times
        #[arg(long = "header", value_name = "NAME=VALUE")]
        headers: Vec<String>,
        /// Request body
        #[arg(long)]
        body: Option<String>,
        /// Expected statuses, such as 200-399, any number of times
        #[arg(long)]
        status: Vec<String>,
        /// Text that the body must contain
        #[arg(long)]
        contains: Option<String>,
        /// Regular expression that must match the body
        #[arg(long)]
        regex: Option<String>,
        /// Most bytes of body that are read
        #[arg(long, value_name = "SIZE")]
        max_body: Option<String>,
        /// Redirects followed at most
        #[arg(long)]
        redirects: Option<u8>,
        /// Accept any certificate
        #[arg(long)]
        insecure: bool,
        /// Days that the certificate must have left
        #[arg(long, value_name = "DAYS")]
        certificate_warning: Option<String>,
        /// Days that the certificate must have left
        #[arg(long, value_name = "DAYS")]
        certificate_critical: Option<String>,
        /// Connect to this address, whatever the URL's name resolves to
        #[arg(long, value_name = "HOST")]
        address: Option<String>,
        #[command(flatten)]
        family: Family,
    }
}
kind! {
    /// Options of `check dns`.
    Dns {
        /// The name to ask for
        name: String,
        /// ADDRESS or ADDRESS:PORT, any number of times [default: the system's resolvers]
        #[arg(long = "resolver", value_name = "ADDRESS")]
        resolvers: Vec<String>,
        /// Record type
        #[arg(long = "type", value_name = "TYPE")]
        record_type: Option<String>,
        /// Must occur among the answers, any number of times
        #[arg(long = "answer")]
        answers: Vec<String>,
    }
}
kind! {
    /// Options of `check mysql`.
    Mysql {
        /// mysql://USER@HOST[:PORT][/DATABASE]
        url: String,
        /// Variable of the environment that holds the password
        #[arg(long, value_name = "NAME")]
        password_env: Option<String>,
        /// File whose first line is the password
        #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
        password_file: Option<String>,
        /// Unix socket instead of address and port
        #[arg(long, value_name = "PATH")]
        socket: Option<String>,
        /// disable, prefer, require or verify
        #[arg(long)]
        tls: Option<String>,
        /// Query whose first column of the first row is the result
        #[arg(long, value_name = "SQL")]
        query: Option<String>,
        /// Alert as WARNING by the result
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
        result_warning: Option<String>,
        /// Alert as CRITICAL by the result
        #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
        result_critical: Option<String>,
    }
}
kind! {
    /// Options of `check process`.
    Process {
        /// Name of the process or file name of its executable
        name: Option<String>,
        /// Regular expression over the command line
        #[arg(long, value_name = "REGEX")]
        pattern: Option<String>,
        /// Login name or number of the owner
        #[arg(long)]
        user: Option<String>,
        /// File with the process's number
        #[arg(long, value_name = "FILE")]
        pid_file: Option<String>,
        /// How many there must be; outside is CRITICAL [default: 1:]
        #[arg(long, value_name = "RANGE")]
        count: Option<String>,
        /// CPU of all of them, per cent of one core
        #[arg(long, value_name = "RANGE")]
        cpu_warning: Option<String>,
        /// CPU of all of them, per cent of one core
        #[arg(long, value_name = "RANGE")]
        cpu_critical: Option<String>,
        /// Memory of all of them, such as 500MiB
        #[arg(long, value_name = "RANGE")]
        rss_warning: Option<String>,
        /// Memory of all of them, such as 500MiB
        #[arg(long, value_name = "RANGE")]
        rss_critical: Option<String>,
    }
}
kind! {
    /// Options of `check custom`.
    Custom {
        /// A line for /bin/sh -c instead of a command
        #[arg(long, value_name = "LINE", conflicts_with = "command")]
        shell: Option<String>,
        /// NAME=VALUE in the environment, any number of times
        #[arg(long = "env", value_name = "NAME=VALUE")]
        env: Vec<String>,
        /// LABEL=WARNING,CRITICAL for perfdata, any number of times
        #[arg(long = "metric", value_name = "LABEL=W,C")]
        metrics: Vec<String>,
        /// Program and arguments
        #[arg(last = true, value_name = "COMMAND", required_unless_present = "shell")]
        command: Vec<String>,
    }
}
kind! {
    /// Options of `check system`.
    System {
        /// METRIC=WARNING,CRITICAL, any number of times: cpu_usage=75,90
        #[arg(long = "threshold", value_name = "METRIC=W,C")]
        thresholds: Vec<String>,
        /// Pattern of mount points to leave out, any number of times
        #[arg(long, value_name = "GLOB")]
        exclude_fs: Vec<String>,
        /// Pattern of interfaces to leave out, any number of times
        #[arg(long, value_name = "GLOB")]
        exclude_if: Vec<String>,
    }
}
kind! {
    /// Options of `check trace`.
    Trace {
        /// Address or name
        host: String,
        /// icmp, udp or tcp
        #[arg(long)]
        protocol: Option<String>,
        /// Destination port
        #[arg(long)]
        port: Option<u16>,
        /// Most hops
        #[arg(long)]
        max_hops: Option<u8>,
        /// Time of one round
        #[arg(long)]
        round: Option<String>,
        #[command(flatten)]
        family: Family,
    }
}

/// What was typed, as the configuration's keys.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys.
    pub given: Vec<Given>,
}

impl Keys {
    fn put(&mut self, key: &'static str, value: String, shown: &str) {
        self.given.push(Given { key, value, shown: shown.to_owned() });
    }

    fn text(&mut self, key: &'static str, value: Option<&String>) {
        if let Some(value) = value {
            self.put(key, toml_text(value), &flag(key));
        }
    }

    fn number(&mut self, key: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(key, value.to_string(), &flag(key));
        }
    }

    fn list(&mut self, key: &'static str, values: &[String], shown: &str) {
        if !values.is_empty() {
            let quoted: Vec<String> = values.iter().map(|value| toml_text(value)).collect();
            self.put(key, format!("[{}]", quoted.join(", ")), shown);
        }
    }

    fn map(
        &mut self,
        key: &'static str,
        pairs: &[String],
        shown: &str,
        value: impl Fn(&str) -> String,
    ) -> Result<(), String> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut entries = std::collections::BTreeMap::new();
        for pair in pairs {
            let split = pair.split_once('=').or_else(|| pair.split_once(": "));
            let Some((name, text)) = split else {
                let pair: String = pair.chars().take(64).collect();
                return Err(format!("{shown}: `{pair}` is not NAME=VALUE"));
            };
            entries.insert(name.trim(), value(text));
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

    fn family(&mut self, family: &Family) {
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
    /// The options that every kind takes.
    #[must_use]
    pub const fn common(&self) -> &Common {
        match self {
            Self::Ping(args) => &args.common,
            Self::Tcp(args) => &args.common,
            Self::Udp(args) => &args.common,
            Self::Http(args) => &args.common,
            Self::Dns(args) => &args.common,
            Self::Mysql(args) => &args.common,
            Self::Process(args) => &args.common,
            Self::Custom(args) => &args.common,
            Self::System(args) => &args.common,
            Self::Trace(args) => &args.common,
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Ping(_) => Kind::Ping,
            Self::Tcp(_) => Kind::Tcp,
            Self::Udp(_) => Kind::Udp,
            Self::Http(_) => Kind::Http,
            Self::Dns(_) => Kind::Dns,
            Self::Mysql(_) => Kind::Mysql,
            Self::Process(_) => Kind::Process,
            Self::Custom(_) => Kind::Custom,
            Self::System(_) => Kind::System,
            Self::Trace(_) => Kind::Trace,
        }
    }

    /// The address and the keys that were typed.
    ///
    /// # Errors
    /// A sentence about an option that cannot be read at all.
    pub fn keys(&self) -> Result<(Option<String>, Keys), String> {
        let mut keys = Keys::default();
        keys.common(self.common());
        let target = match self {
            Self::Ping(args) => keys.ping(args),
            Self::Tcp(args) => keys.tcp(args),
            Self::Udp(args) => keys.udp(args),
            Self::Http(args) => return keys.http(args).map(|target| (target, keys)),
            Self::Dns(args) => keys.dns(args),
            Self::Mysql(args) => return keys.mysql(args).map(|target| (target, keys)),
            Self::Process(args) => keys.process(args),
            Self::Custom(args) => return keys.custom(args).map(|()| (None, keys)),
            Self::System(args) => return keys.system(args).map(|()| (None, keys)),
            Self::Trace(args) => keys.trace(args),
        };
        Ok((target, keys))
    }
}

impl Keys {
    fn ping(&mut self, args: &Ping) -> Option<String> {
        self.number("packets", args.packets);
        self.text("packet_interval", args.packet_interval.as_ref());
        self.number("size", args.size);
        self.family(&args.family);
        Some(args.host.clone())
    }

    fn tcp(&mut self, args: &Tcp) -> Option<String> {
        self.put("port", args.port.to_string(), "PORT");
        self.text("send", args.send.as_ref());
        self.text("expect", args.expect.as_ref());
        self.family(&args.family);
        Some(args.host.clone())
    }

    fn udp(&mut self, args: &Udp) -> Option<String> {
        self.put("port", args.port.to_string(), "PORT");
        self.text("send", args.send.as_ref());
        self.text("expect", args.expect.as_ref());
        self.family(&args.family);
        Some(args.host.clone())
    }

    fn http(&mut self, args: &Http) -> Result<Option<String>, String> {
        self.put("url", toml_text(&args.url), "URL");
        self.text("method", args.method.as_ref());
        self.map("headers", &args.headers, "--header", |text| toml_text(text.trim()))?;
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

    fn dns(&mut self, args: &Dns) -> Option<String> {
        self.put("query", toml_text(&args.name), "NAME");
        self.list("resolvers", &args.resolvers, "--resolver");
        if let Some(record_type) = &args.record_type {
            self.put("type", toml_text(&record_type.to_ascii_uppercase()), "--type");
        }
        self.list("answers", &args.answers, "--answer");
        None
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
        if let Some(name) = &args.password_env {
            let value = format!("{{ env = {} }}", toml_text(name));
            self.put("password", value, "--password-env");
        }
        if let Some(path) = &args.password_file {
            let value = format!("{{ file = {} }}", toml_text(path));
            self.put("password", value, "--password-file");
        }
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

    fn process(&mut self, args: &Process) -> Option<String> {
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
        None
    }

    fn custom(&mut self, args: &Custom) -> Result<(), String> {
        self.text("shell", args.shell.as_ref());
        self.map("env", &args.env, "--env", toml_text)?;
        self.map("metrics", &args.metrics, "--metric", pair)?;
        self.list("command", &args.command, "COMMAND");
        Ok(())
    }

    fn system(&mut self, args: &System) -> Result<(), String> {
        self.map("thresholds", &args.thresholds, "--threshold", pair)?;
        self.list("exclude_fs", &args.exclude_fs, "--exclude-fs");
        self.list("exclude_if", &args.exclude_if, "--exclude-if");
        Ok(())
    }

    fn trace(&mut self, args: &Trace) -> Option<String> {
        self.text("protocol", args.protocol.as_ref());
        self.number("port", args.port);
        self.number("max_hops", args.max_hops);
        self.text("round", args.round.as_ref());
        self.family(&args.family);
        Some(args.host.clone())
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
