//! What lies behind hosts: which others cannot be reached without them.
//!
//! In: hosts with their parents. Out: names. Never: knows what is up or down.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::host::{Host, Need};
use super::id::Name;

/// The hosts that cannot be reached when none of `without` can, these not among them. One that needs
/// any of its parents is lost with the last of them, one that needs all with the first.
#[must_use]
pub fn behind<'a>(
    hosts: impl IntoIterator<Item = &'a Host>,
    without: impl IntoIterator<Item = &'a Name>,
) -> BTreeSet<Name> {
    let mut left: HashMap<&Name, &Host> = HashMap::new();
    let mut children: HashMap<&Name, Vec<&Name>> = HashMap::new();
    for host in hosts.into_iter().filter(|host| !host.parents.is_empty()) {
        left.insert(&host.name, host);
        for parent in &host.parents {
            children.entry(parent).or_default().push(&host.name);
        }
    }
    let mut next: Vec<&Name> = without.into_iter().collect();
    let mut cut: HashSet<&Name> = next.iter().copied().collect();
    let mut lost = BTreeSet::new();
    while let Some(gone) = next.pop() {
        for child in children.get(gone).into_iter().flatten() {
            let Some(described) = left.get(child) else { continue };
            let is_lost = match described.parents_need {
                Need::Any => described.parents.iter().all(|parent| cut.contains(parent)),
                Need::All => true,
            };
            if is_lost && cut.insert(child) {
                lost.insert((*child).clone());
                next.push(child);
            }
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, parents: &[&str], parents_need: Need) -> Host {
        let parents = parents.iter().map(|parent| Name::from(*parent)).collect();
        Host { parents, parents_need, ..Host::new(name, "192.0.2.1") }
    }

    fn lost(hosts: &[Host], without: &[&str]) -> Vec<String> {
        let without: Vec<Name> = without.iter().map(|name| (*name).into()).collect();
        behind(hosts, &without).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_behind_a_host_needs_it() {
        let hosts = [
            host("core-1", &[], Need::Any),
            host("core-2", &[], Need::Any),
            host("dist", &["core-1"], Need::Any),
            host("web-1", &["dist"], Need::Any),
            host("both", &["core-1", "core-2"], Need::Any),
            host("each", &["core-1", "core-2"], Need::All),
            host("far", &["each", "web-1"], Need::Any),
        ];
        for (without, expected) in [
            (vec!["core-1"], vec!["dist", "each", "far", "web-1"]),
            (vec!["core-2"], vec!["each"]),
            (vec!["core-1", "core-2"], vec!["both", "dist", "each", "far", "web-1"]),
            (vec!["dist"], vec!["web-1"]),
            (vec!["web-1"], vec![]),
            (vec!["each", "web-1"], vec!["far"]),
            (vec!["nobody"], vec![]),
            (vec![], vec![]),
        ] {
            assert_eq!(lost(&hosts, &without), expected, "{without:?}");
        }
    }

    #[test]
    fn a_circle_ends() {
        let hosts = [host("a", &["b"], Need::Any), host("b", &["a"], Need::Any)];
        assert_eq!(lost(&hosts, &["a"]), ["b"]);
    }
}
