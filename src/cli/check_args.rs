//! `fluxnoc check KIND`: one set of options for each kind, the same keys as in the file.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, read without markup")]

use clap::{Args, Subcommand};

use super::check_polled::{Fluxbase, Fluxmq, Json, Scrape};
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
    /// Host metrics, interfaces and any object of an SNMP agent
    Snmp(Box<Snmp>),
    /// Figures and states of a JSON document, a health document or a probe
    Json(Json),
    /// A Prometheus or OpenMetrics exposition
    Scrape(Scrape),
    /// The nodes of a FluxMQ cluster: ready, degraded or not, and who leads
    Fluxmq(Fluxmq),
    /// A Fluxbase instance: alive, healthy, its figures and its exposition
    Fluxbase(Fluxbase),
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

pub(super) use kind;

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
        /// Absolute URL, http or https
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
        /// `mysql://USER@HOST:PORT/DATABASE`; port and database may be left out
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

kind! {
    /// Options of `check snmp`.
    Snmp {
        /// Address or name
        host: String,
        /// 1, 2c or 3 [default: 3 with --user, else 2c]
        #[arg(long)]
        version: Option<String>,
        /// Variable of the environment that holds the community
        #[arg(long, value_name = "NAME")]
        community_env: Option<String>,
        /// File whose first line is the community
        #[arg(long, value_name = "FILE", conflicts_with = "community_env")]
        community_file: Option<String>,
        /// User of version 3
        #[arg(long)]
        user: Option<String>,
        /// Signature: md5, sha, sha224, sha256, sha384, sha512
        #[arg(long, value_name = "ALGORITHM")]
        auth: Option<String>,
        /// Variable of the environment that holds the password of the signature
        #[arg(long, value_name = "NAME")]
        auth_password_env: Option<String>,
        /// File whose first line is the password of the signature
        #[arg(long, value_name = "FILE", conflicts_with = "auth_password_env")]
        auth_password_file: Option<String>,
        /// Encryption: aes, aes192, aes256, aes192-cisco, aes256-cisco
        #[arg(long, value_name = "ALGORITHM")]
        privacy: Option<String>,
        /// Variable of the environment that holds the password of the encryption
        #[arg(long, value_name = "NAME")]
        privacy_password_env: Option<String>,
        /// File whose first line is the password of the encryption
        #[arg(long, value_name = "FILE", conflicts_with = "privacy_password_env")]
        privacy_password_file: Option<String>,
        /// Context of version 3
        #[arg(long)]
        context: Option<String>,
        /// UDP port [default: 161]
        #[arg(long)]
        port: Option<u16>,
        /// NAME=OID of an object to get, any number of times
        #[arg(long = "get", value_name = "NAME=OID")]
        get: Vec<String>,
        /// NAME=OID of a column to walk, any number of times
        #[arg(long = "walk", value_name = "NAME=OID")]
        walk: Vec<String>,
        /// METRIC=WARNING,CRITICAL, any number of times: cpu_usage=75,90
        #[arg(long = "threshold", value_name = "METRIC=W,C")]
        thresholds: Vec<String>,
        /// Pattern of interfaces, by name or alias, any number of times [default: *]
        #[arg(long = "interface", value_name = "GLOB")]
        interfaces: Vec<String>,
        /// Pattern of interfaces to leave out, any number of times
        #[arg(long, value_name = "GLOB")]
        exclude_if: Vec<String>,
        /// Pattern of disks to leave out, any number of times
        #[arg(long, value_name = "GLOB")]
        exclude_fs: Vec<String>,
        /// Ask only what --get and --walk name, and interfaces that --interface names
        #[arg(long)]
        only: bool,
        #[command(flatten)]
        family: Family,
    }
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
            Self::Snmp(args) => &args.common,
            Self::Json(args) => &args.common,
            Self::Scrape(args) => &args.common,
            Self::Fluxmq(args) => &args.common,
            Self::Fluxbase(args) => &args.common,
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
            Self::Snmp(_) => Kind::Snmp,
            Self::Json(_) => Kind::Json,
            Self::Scrape(_) => Kind::Scrape,
            Self::Fluxmq(_) => Kind::Fluxmq,
            Self::Fluxbase(_) => Kind::Fluxbase,
        }
    }
}
