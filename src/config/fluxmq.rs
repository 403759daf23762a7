//! `fluxmq` checks, and `[[fluxmq]]`: a cluster as one host with a check for each node, one for
//! what the nodes are together, and the rule about a cluster that stays degraded (SPEC FQ-16).

use super::inventory::{self, CHECK_LIMIT};
use super::kinds::{family, valid_url};
use super::reader::Reader;
use super::settings::Defaults;
use super::show::{Keys, text};
use super::{hosts, keys};
use crate::model::fluxmq::{DEGRADED, FluxmqNode, FluxmqScope, FluxmqSpec};
use crate::model::id::valid_name;
use crate::model::{Check, CheckKey, Condition, Host, Pattern, Rule, Span, Spec};
use std::sync::Arc;

/// Words of `scope`.
const SCOPES: [(&str, FluxmqScope); 2] =
    [("all", FluxmqScope::All), ("cluster", FluxmqScope::Cluster)];
/// The name of the check of what the nodes are together.
const CLUSTER: &str = "cluster";
/// What the health server answers at; an address that ends so is meant without it.
const ENDPOINTS: [&str; 3] = ["/health", "/ready", "/cluster/status"];
/// How long a cluster may stay degraded.
const AFTER: Span = Span::from_secs(300);

/// The parameters of a check of kind `fluxmq`.
pub(super) fn spec(reader: &Reader<'_>) -> Option<FluxmqSpec> {
    reader.require("nodes", "nodes = { mq-1 = \"http://mq-1:8081\" }");
    let scope = reader.choice("scope", &SCOPES).unwrap_or_default();
    let insecure = reader.boolean("insecure").unwrap_or(false);
    let family = family(reader);
    let table = reader.table("nodes")?;
    let names: Vec<_> = table.keys().collect();
    if names.is_empty() || names.len() > FluxmqSpec::NODE_LIMIT {
        let limit = FluxmqSpec::NODE_LIMIT;
        reader.wrong("nodes", format!("a cluster has 1 to {limit} nodes here"));
        return None;
    }
    let mut nodes: Vec<FluxmqNode> = Vec::new();
    for (name, span) in &names {
        if let Err(why) = valid_name(name) {
            table.sink.wrong(span, format!("nodes: {why}"));
            continue;
        }
        let Some(node) = node(&table, name) else { continue };
        if let Some(same) = nodes.iter().find(|known| known.url == node.url) {
            table.sink.wrong(span, format!("nodes: `{name}` is where `{}` is", same.name));
        }
        nodes.push(node);
    }
    (nodes.len() == names.len()).then_some(FluxmqSpec { nodes, scope, insecure, family })
}

/// `mq-1 = "URL"` or `mq-1 = { url = "URL", admin = "URL" }`.
fn node(table: &Reader<'_>, name: &str) -> Option<FluxmqNode> {
    let is_text = table.get(name).is_some_and(|value| value.get_ref().as_str().is_some());
    if is_text {
        let url = bare(table.text(name)?).map_err(|why| table.wrong(name, why)).ok()?;
        return Some(FluxmqNode { name: name.to_owned(), url, admin: None });
    }
    let entry = table.table(name)?;
    entry.refuse_unknown(&["url", "admin"]);
    entry.require("url", "url = \"http://mq-1:8081\"");
    let read = |key: &str| match entry.text(key).map(bare) {
        Some(Err(why)) => {
            entry.wrong(key, why);
            Err(())
        }
        Some(Ok(url)) => Ok(Some(url)),
        None => Ok(None),
    };
    let (url, admin) = (read("url").ok()?, read("admin").ok()?);
    Some(FluxmqNode { name: name.to_owned(), url: url?, admin })
}

fn bare(url: &str) -> Result<String, String> {
    base(url, &ENDPOINTS, "http://mq-1:8081")
}

/// An address without what the server answers at.
pub(super) fn base(url: &str, endpoints: &[&str], example: &str) -> Result<String, String> {
    valid_url(url)?;
    if url.contains(['?', '#']) {
        return Err(format!("must end with the port, as in {example}"));
    }
    let url = url.trim_end_matches('/');
    let bare = endpoints.iter().find_map(|end| url.strip_suffix(end)).unwrap_or(url);
    Ok(bare.trim_end_matches('/').to_owned())
}

/// The keys of a `[[fluxmq]]`.
pub(super) fn known() -> Vec<&'static str> {
    keys::of_whole(crate::model::Kind::Fluxmq, "scope", keys::FLUXMQ)
}

/// Reads all `[[fluxmq]]` tables: adds their hosts and checks, and gives their rules.
pub(super) fn read(
    top: &Reader<'_>,
    defaults: &Defaults,
    hosts: &mut Vec<Host>,
    checks: &mut Vec<Check>,
) -> Vec<Rule> {
    let tables = top.tables("fluxmq", "[[fluxmq]]");
    tables.iter().filter_map(|reader| cluster(reader, defaults, hosts, checks)).collect()
}

fn cluster(
    reader: &Reader<'_>,
    defaults: &Defaults,
    hosts: &mut Vec<Host>,
    checks: &mut Vec<Check>,
) -> Option<Rule> {
    reader.require("name", "name = \"mq-prod\"");
    let is_critical = reader.boolean("degraded_critical").unwrap_or(true);
    let bounds = Span::from_secs(1)..=Span::from_secs(86_400);
    let after = reader.duration("degraded_after", bounds).unwrap_or(AFTER);
    let address = reader.text("address").and_then(|address| {
        let good = hosts::valid_target(address);
        good.map_err(|why| reader.wrong("address", why)).ok().map(|()| address)
    });
    let prototype = inventory::fluxmq_entry(reader, defaults)?;
    let name = reader.name("name")?;
    let Spec::Fluxmq(spec) = &*prototype.spec else { return None };
    if let Some(there) = hosts.iter().find(|host| &*host.name == name) {
        let at = there.origin.as_deref().unwrap_or("another place");
        reader.wrong("name", format!("host `{name}` exists already, in {at}"));
        return None;
    }
    let wanted = spec.nodes.len() + usize::from(spec.nodes.len() > 1);
    if checks.len() + wanted > CHECK_LIMIT {
        reader.wrong("nodes", format!("with its checks there are more than {CHECK_LIMIT}"));
        return None;
    }
    let first = spec.nodes.first()?;
    let host = Host {
        labels: prototype.labels.clone(),
        contact_list: prototype.contact_list.clone(),
        origin: prototype.origin.clone(),
        ..Host::new(name, address.unwrap_or(&host_of(&first.url)))
    };
    let on = |check: &str, spec: FluxmqSpec| Check {
        key: CheckKey::new(Arc::clone(&host.name), check),
        address: Arc::clone(&host.address),
        spec: Arc::new(Spec::Fluxmq(spec)),
        ..prototype.clone()
    };
    for node in &spec.nodes {
        if node.name == CLUSTER && spec.nodes.len() > 1 {
            let why = format!("a node cannot be called `{CLUSTER}`: the check of all nodes is");
            reader.wrong("nodes", why);
            return None;
        }
        let alone = FluxmqSpec { nodes: vec![node.clone()], ..spec.clone() };
        checks.push(on(&node.name, alone));
    }
    let together = if spec.nodes.len() > 1 {
        let spec = FluxmqSpec { scope: FluxmqScope::Cluster, ..spec.clone() };
        checks.push(on(CLUSTER, spec));
        CLUSTER
    } else {
        first.name.as_str()
    };
    let pattern = Pattern::exactly(name).ok()?;
    let title = format!("{name} degraded");
    let levels = (None, Some(1.0));
    let rule = Rule {
        check: Some(together.into()),
        duration: after,
        contact_list: prototype.contact_list.clone(),
        origin: prototype.origin.clone(),
        ..Rule::new(&title, pattern, DEGRADED, Condition::AtLeast, levels)
    };
    hosts.push(host);
    is_critical.then_some(rule)
}

/// The host in a URL that was found good.
pub(super) fn host_of(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

impl Keys<'_> {
    /// The parameters of `fluxmq`.
    pub(super) fn fluxmq(&mut self, spec: &FluxmqSpec) {
        let nodes = spec.nodes.iter().map(|node| {
            let admin = node.admin.as_ref().map(|admin| format!(", admin = {}", text(admin)));
            let admin = admin.unwrap_or_default();
            format!("{} = {{ url = {}{admin} }}", text(&node.name), text(&node.url))
        });
        self.put("nodes", &format!("{{ {} }}", nodes.collect::<Vec<_>>().join(", ")));
        self.word("scope", &spec.scope, &SCOPES);
        self.put("insecure", if spec.insecure { "true" } else { "false" });
        self.word("family", &spec.family, &super::kinds::FAMILIES);
    }
}

#[cfg(test)]
#[path = "fluxmq_tests.rs"]
mod tests;
