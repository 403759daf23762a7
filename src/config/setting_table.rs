//! The table of all settings: for the file, the environment, flags and `config show`.

use super::database;
use super::flux_notify::{gate, severity};
use super::kinds::valid_url;
use super::settings::{CALLS, COLORS, GLYPHS, PRESETS, Settings, WALL_VIEWS};
use super::times::{expiry, quiet, show_expiry, show_quiet, warning, zone_offset};
use super::value::{INTERVAL, TIMEOUT, bounded_span, show_size, size};
use super::{cluster, promql, server, speed};
use crate::model::access::OverLimit;
use crate::model::flux_notify::{Gate, Severity};
use crate::model::maintenance::LONGEST;
use crate::model::{AckExpiry, Secret, Shifts, Span, State};

/// How a setting is written in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In quotes.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of texts; with commas between where there is only one.
    List,
    /// A reference to a secret; outside the file the secret itself, which is never shown.
    Secret,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The table it stands in.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// How it is written.
    pub form: Form,
    /// Takes a written value.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// Its value as it would be written; `None` when there is none.
    pub show: fn(&Settings) -> Option<String>,
}

impl Setting {
    /// The variable that sets it: `FLUXNOC_STORE__MAX_SIZE`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("FLUXNOC_{}__{}", self.section, self.key).to_ascii_uppercase()
    }
}

const DAY: Span = Span::from_secs(86_400);
const CENTURY: Span = Span::from_secs(36_500 * 86_400);

fn name(text: &str) -> Result<String, String> {
    crate::model::id::valid_name(text).map_err(|why| format!("{text:?}: {why}"))?;
    Ok(text.to_owned())
}

fn one_of(text: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&text) {
        Ok(text.to_owned())
    } else {
        let cut: String = text.chars().take(40).collect();
        Err(format!("`{cut}` is unknown{}", super::problem::allowed(text, words)))
    }
}

fn store_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    let bounds = (16 << 20)..=(1 << 50);
    if bounds.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("{text} is not within 16MiB to 1024TiB"))
    }
}

fn unreachable(text: &str) -> Result<State, String> {
    let words = super::hosts::UNREACHABLE;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, state)| *state);
    found.ok_or_else(|| {
        let names = words.map(|(word, _)| word);
        format!("`{text}` is unknown{}", super::problem::allowed(text, &names))
    })
}

/// Most views on a wall.
const WALL_LIMIT: usize = 20;

fn wall_views(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    if words.len() > WALL_LIMIT {
        return Err(format!("more than {WALL_LIMIT} views"));
    }
    words.into_iter().map(|word| one_of(word, &WALL_VIEWS)).collect()
}

fn number(text: &str) -> Result<u32, String> {
    let found = text.parse().ok().filter(|n| (1..=100).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1 to 100"))
}

fn hosts(text: &str) -> Result<u32, String> {
    let found = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1 to 1000000"))
}

fn over_limit(text: &str) -> Result<OverLimit, String> {
    one_of(text, &OverLimit::WORDS)?.parse()
}

fn switch(text: &str) -> Result<bool, String> {
    let cut: String = text.chars().take(40).collect();
    text.parse().map_err(|_| format!("`{cut}` is neither true nor false"))
}

fn percent(text: &str) -> Result<u8, String> {
    let found = text.parse().ok().filter(|n| (1..=99).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1 to 99"))
}

fn amount(text: &str, most: u64) -> Result<u64, String> {
    let found = text.parse().ok().filter(|n| (1000..=most).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1000 to {most}"))
}

macro_rules! setting {
    ($section:ident . $key:ident, $form:ident, $parse:expr, $show:expr) => {
        Setting {
            section: stringify!($section),
            key: stringify!($key),
            form: Form::$form,
            set: |settings, text| {
                settings.$section.$key = ($parse)(text)?;
                Ok(())
            },
            show: |settings| ($show)(&settings.$section.$key),
        }
    };
}

/// All settings, in the order of the example.
pub const SETTINGS: [Setting; 65] = [
    setting!(console.operator, Text, |text| name(text).map(Some), Option::clone),
    setting!(console.theme, Text, name, |theme: &String| Some(theme.clone())),
    setting!(console.color, Text, |t| one_of(t, &COLORS), |t: &String| Some(t.clone())),
    setting!(console.glyphs, Text, |t| one_of(t, &GLYPHS), |t: &String| Some(t.clone())),
    setting!(console.keys, Text, |t| one_of(t, &PRESETS), |t: &String| Some(t.clone())),
    setting!(console.zone, Text, |t| zone_offset(t).map(|_| t.to_owned()), |t: &String| Some(
        t.clone()
    )),
    setting!(console.shifts, List, Shifts::parse, |all: &Shifts| {
        (!all.is_empty()).then(|| all.text())
    }),
    setting!(store.url, Secret, database::said, |url: &Option<_>| database::show(url.as_ref())),
    setting!(store.max_size, Text, store_size, |bytes: &u64| Some(show_size(*bytes))),
    setting!(store.raw, Text, |t| bounded_span(t, DAY..=CENTURY), |s: &Span| Some(s.to_string())),
    setting!(store.daily, Text, |t| bounded_span(t, DAY..=CENTURY), |s: &Span| Some(s.to_string())),
    setting!(
        series.max_age,
        Text,
        |t| bounded_span(t, Span::from_secs(600)..=Span::from_secs(7 * 86_400)),
        |s: &Span| Some(s.to_string())
    ),
    setting!(series.max_samples, Number, |t| amount(t, 10_000_000_000), |n: &u64| Some(
        n.to_string()
    )),
    setting!(series.max_series, Number, |t| amount(t, 10_000_000), |n: &u64| Some(n.to_string())),
    setting!(promql.rule_files, List, promql::files, |all: &Vec<String>| {
        (!all.is_empty()).then(|| all.join(","))
    }),
    setting!(
        promql.interval,
        Text,
        |t| bounded_span(t, Span::from_secs(1)..=Span::from_secs(86_400)),
        |s: &Span| Some(s.to_string())
    ),
    setting!(promql.edition, Text, |t| one_of(t, &promql::EDITIONS), |t: &String| Some(t.clone())),
    setting!(promql.external_labels, List, promql::labels, |all: &Vec<_>| {
        promql::show_labels(all)
    }),
    setting!(
        promql.external_url,
        Text,
        |t| valid_url(t).map(|()| Some(t.to_owned())),
        Option::clone
    ),
    setting!(promql.host, Text, name, |host: &String| Some(host.clone())),
    setting!(promql.contact_list, Text, |text| name(text).map(Some), Option::clone),
    setting!(defaults.interval, Text, |t| bounded_span(t, INTERVAL), |s: &Span| Some(
        s.to_string()
    )),
    setting!(defaults.timeout, Text, |t| bounded_span(t, TIMEOUT), |s: &Span| Some(s.to_string())),
    setting!(defaults.attempts, Number, number, |n: &u32| Some(n.to_string())),
    setting!(defaults.retry, Text, |t| bounded_span(t, INTERVAL), |s: &Span| Some(s.to_string())),
    setting!(defaults.unreachable, Text, unreachable, |state: &State| Some(
        state.word().to_ascii_lowercase()
    )),
    setting!(alerting.ack_expiry, Text, expiry, |end: &AckExpiry| Some(show_expiry(*end))),
    setting!(alerting.ack_warning, Text, warning, |span: &Option<Span>| Some(
        span.map_or("never".to_owned(), |span| span.to_string())
    )),
    setting!(alerting.flapping, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(alerting.flapping_start, Number, percent, |n: &u8| Some(n.to_string())),
    setting!(alerting.flapping_stop, Number, percent, |n: &u8| Some(n.to_string())),
    setting!(alerting.contact_list, Text, |text| name(text).map(Some), Option::clone),
    setting!(flux_notify.url, Text, |t| valid_url(t).map(|()| Some(t.to_owned())), Option::clone),
    setting!(
        flux_notify.api_key,
        Secret,
        |t: &str| Ok::<_, String>(Some(Secret::Inline(t.to_owned()))),
        |key: &Option<Secret>| key.as_ref().map(super::show::secret)
    ),
    setting!(flux_notify.incident_severity, Text, gate, |g: &Gate| Some(g.word().to_owned())),
    setting!(flux_notify.default_severity, Text, severity, |s: &Severity| Some(
        s.word().to_owned()
    )),
    setting!(flux_notify.contact_list, Text, |text| name(text).map(Some), Option::clone),
    setting!(
        wall.rotate,
        Text,
        |t| bounded_span(t, Span::from_secs(5)..=Span::from_secs(3600)),
        |s: &Span| Some(s.to_string())
    ),
    setting!(wall.views, List, wall_views, |views: &Vec<String>| Some(views.join(","))),
    setting!(bell.critical, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.warning, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.unknown, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.ack, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.quiet, Text, quiet, |q: &Option<(u16, u16)>| Some(show_quiet(*q))),
    setting!(server.listen, Text, |t| server::address(t).map(Some), |at: &Option<_>| at
        .map(|at: std::net::SocketAddr| at.to_string())),
    setting!(server.certificate, Text, |t| server::path(t).map(Some), |path: &Option<_>| {
        server::show_path(path.as_ref())
    }),
    setting!(
        server.key,
        Text,
        |t| server::path(t).map(Some),
        |path: &Option<_>| server::show_path(path.as_ref())
    ),
    setting!(server.insecure, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(server.health_enabled, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(server.health_addr, Text, server::wide_address, |at: &_| Some(server::show_wide(at))),
    setting!(server.node_id, Text, |t| cluster::node(t).map(Some), Option::clone),
    setting!(speed.listen, Text, |t| server::address(t).map(Some), |at: &Option<_>| at
        .map(|at: std::net::SocketAddr| at.to_string())),
    setting!(speed.allow, List, speed::networks, |all: &Vec<_>| speed::show_networks(all)),
    setting!(speed.deny, List, speed::networks, |all: &Vec<_>| speed::show_networks(all)),
    setting!(speed.daily_cap, Text, |t| speed::cap(t).map(Some), |cap: &Option<u64>| cap
        .map(speed::show_cap)),
    setting!(speed.monthly_cap, Text, |t| speed::cap(t).map(Some), |cap: &Option<u64>| cap
        .map(speed::show_cap)),
    setting!(speed.cap_zone, Text, |t| speed::zone(t).map(Some), Option::clone),
    setting!(cluster.advertise, Text, |t| cluster::advertised(t).map(Some), Option::clone),
    setting!(
        cluster.ca,
        Text,
        |t| server::path(t).map(Some),
        |path: &Option<_>| server::show_path(path.as_ref())
    ),
    setting!(
        access.operator_max_window,
        Text,
        |t| bounded_span(t, Span::from_secs(60)..=LONGEST),
        |s: &Span| Some(s.to_string())
    ),
    setting!(access.operator_max_hosts, Number, hosts, |n: &u32| Some(n.to_string())),
    setting!(access.operator_over_limit, Text, over_limit, |what: &OverLimit| Some(
        what.word().to_owned()
    )),
    setting!(metrics.require_auth, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(metrics.compat, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(health.require_auth, Switch, switch, |on: &bool| Some(on.to_string())),
];
