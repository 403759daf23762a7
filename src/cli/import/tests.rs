//! Every format's fixture, what becomes of the configuration, and hostile texts.

use super::block::{self, Change, Origin};
use super::entry::{Entry, Found, HOST_LIMIT, Wanted};
use super::{Format, read};

/// Where relative names begin.
const BASE: &str = "/etc/prometheus";

fn fixture(format: Format, text: &str) -> Found {
    read(format, text, BASE.as_ref()).unwrap()
}

fn entry<'a>(found: &'a Found, name: &str) -> &'a Entry {
    let names: Vec<&String> = found.entries.iter().map(|entry| &entry.name).collect();
    found.entries.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{names:?}"))
}

fn names(found: &Found) -> Vec<&str> {
    found.entries.iter().map(|entry| entry.name.as_str()).collect()
}

fn noted(found: &Found, line: usize, words: &str) {
    let fits = |note: &super::entry::Note| note.line == line && note.words.contains(words);
    assert!(found.notes.iter().any(fits), "{words} at {line}: {:?}", found.notes);
}

#[test]
fn a_hosts_file_gives_other_machines_once() {
    let found = fixture(Format::Hosts, include_str!("../../../tests/fixtures/import/hosts"));
    assert_eq!(names(&found), ["web-1", "web-2"]);
    assert_eq!(entry(&found, "web-1").address, "192.0.2.10");
    assert_eq!(entry(&found, "web-1").notes.as_deref(), Some("also web-1.example"));
    noted(&found, 8, "no address");
}

#[test]
fn an_ssh_configuration_gives_machines_and_their_port() {
    let found =
        fixture(Format::SshConfig, include_str!("../../../tests/fixtures/import/ssh_config"));
    assert_eq!(names(&found), ["db-1", "inner", "web-1"]);
    assert_eq!(entry(&found, "db-1").address, "db-1.example");
    assert_eq!(entry(&found, "web-1").checks[1], Wanted::Tcp("ssh".to_owned(), 2222));
    assert!(entry(&found, "inner").checks.is_empty(), "cannot be reached from here");
    noted(&found, 2, "not followed");
    noted(&found, 14, "Match");
}

#[test]
fn a_table_gives_labels_groups_and_checks() {
    let found = fixture(Format::Csv, include_str!("../../../tests/fixtures/import/table.csv"));
    assert_eq!(names(&found), ["db-1", "web-1", "web-2"]);
    let web = entry(&found, "web-1");
    assert_eq!(web.labels["site"], "dal");
    assert_eq!(web.groups, ["front", "web"]);
    assert_eq!(web.notes.as_deref(), Some("rack 4; top"));
    assert_eq!(
        web.checks.iter().map(Wanted::name).collect::<Vec<_>>(),
        ["ping", "http", "tcp 8443"]
    );
    noted(&found, 4, "telepathy");
    noted(&found, 6, "must not contain");
    noted(&found, 7, "twice");
    assert!(read(Format::Csv, "a,b\n1,2\n", BASE.as_ref()).unwrap_err().contains("name,address"));
}

#[test]
fn an_ansible_inventory_gives_groups_with_their_parents() {
    let ini = include_str!("../../../tests/fixtures/import/inventory.ini");
    let found = fixture(Format::Ansible, ini);
    let wanted = ["db-a", "lonely", "web01.example", "web02.example", "web03.example"];
    assert_eq!(names(&found), wanted);
    assert_eq!(entry(&found, "db-a").groups, ["db", "prod", "web"]);
    assert_eq!(entry(&found, "db-a").address, "192.0.2.20");
    noted(&found, 8, "computed");
    let yaml = include_str!("../../../tests/fixtures/import/inventory.yml");
    let found = fixture(Format::Ansible, yaml);
    assert_eq!(names(&found), ["db-1", "lonely", "web-1", "web-2"]);
    assert_eq!(entry(&found, "db-1").groups, ["db", "prod"]);
    assert_eq!(entry(&found, "db-1").address, "192.0.2.20");
    assert_eq!(entry(&found, "web-2").address, "web-2");
}

#[test]
fn nagios_objects_give_hosts_and_the_services_we_have_a_kind_for() {
    let text = include_str!("../../../tests/fixtures/import/nagios.cfg");
    for format in [Format::Nagios, Format::Icinga] {
        let found = fixture(format, text);
        assert_eq!(names(&found), ["db-1", "web-1"]);
        let web = entry(&found, "web-1");
        assert_eq!(web.groups, ["linux", "web"]);
        assert_eq!(web.contact.as_deref(), Some("noc"));
        let shop = Wanted::Http("shop".to_owned(), "http://192.0.2.10/".to_owned());
        assert_eq!(web.checks, [Wanted::Ping, Wanted::Tcp("SSH".to_owned(), 22), shop]);
        let postgres = Wanted::Tcp("postgres".to_owned(), 5432);
        assert_eq!(entry(&found, "db-1").checks[2], postgres);
        noted(&found, 39, "check_nrpe");
    }
}

#[test]
fn icinga_objects_give_hosts_with_their_templates() {
    let text = include_str!("../../../tests/fixtures/import/icinga.conf");
    let found = fixture(Format::Icinga, text);
    assert_eq!(names(&found), ["web-1"]);
    let web = entry(&found, "web-1");
    assert_eq!(web.groups, ["front", "web"]);
    assert_eq!((web.labels["os"].as_str(), web.labels["team"].as_str()), ("Linux", "web"));
    assert_eq!(web.runbook.as_deref(), Some("https://wiki.example/web#top"));
    assert_eq!(web.checks, [Wanted::Ping, Wanted::Tcp("ssh".to_owned(), 22)]);
    noted(&found, 22, "is a rule");
}

const ORIGIN: Origin<'_> = Origin { format: "csv", file: "/srv/hosts.csv", day: "2026-02-25" };
const OWN: &str =
    "# mine\n[console]\ntheme = \"dark\"\n\n[[host]]\nname = \"own\"\naddress = \"192.0.2.77\"";

fn table(rows: &str) -> Vec<Entry> {
    fixture(Format::Csv, &format!("name,address,site\n{rows}")).entries
}

fn merged(old: &str, rows: &str) -> block::Merged {
    let merged = block::merge(old, &ORIGIN, &table(rows), &["own".to_owned()], None).unwrap();
    super::parse("x".as_ref(), &merged.text).unwrap_or_else(|why| panic!("{why}\n{}", merged.text));
    merged
}

#[test]
fn a_second_import_changes_only_what_the_source_changed() {
    let first = merged(OWN, "web-1,192.0.2.10,dal\nweb-2,192.0.2.11,dal\nown,192.0.2.78,x");
    assert!(first.text.starts_with(OWN), "nothing of the operator's is touched");
    assert!(first.text.contains("# from /srv/hosts.csv:2\nname = \"web-1\"\n"), "{}", first.text);
    assert_eq!(first.changes.iter().filter(|c| matches!(c, Change::New { .. })).count(), 2);
    assert!(first.changes.contains(&Change::Kept { host: "own".to_owned() }));
    let same = merged(&first.text, "web-1,192.0.2.10,dal\nweb-2,192.0.2.11,dal");
    assert_eq!((same.text.as_str(), same.changes.len(), same.unchanged), (&*first.text, 0, 2));
    // The operator adds a check to an imported host; it stays.
    let check = "\n[[host.check]]\nkind = \"tcp\"\nport = 443 # by hand\n";
    let edited =
        first.text.replacen("checks = [\"ping\"]\n", &format!("checks = [\"ping\"]\n{check}"), 1);
    let moved = merged(&edited, "web-1,192.0.2.99,fra\nweb-3,192.0.2.12,dal");
    assert!(moved.text.contains("port = 443 # by hand"), "{}", moved.text);
    let words: Vec<String> = moved.changes.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 3, "{words:?}");
    assert!(words[0].contains("~ web-1") && words[0].contains("192.0.2.99"), "{words:?}");
    assert_eq!(words[1], "- web-2  disabled: the source has it no more");
    let config = super::parse("x".as_ref(), &moved.text).unwrap();
    let enabled =
        |host: &str| config.checks.iter().find(|check| &*check.key.host == host).unwrap().enabled;
    assert!(enabled("web-1") && enabled("web-3") && !enabled("web-2"));
    // It comes back.
    let back =
        merged(&moved.text, "web-1,192.0.2.99,fra\nweb-2,192.0.2.11,dal\nweb-3,192.0.2.12,dal");
    let again = Change::Changed { host: "web-2".into(), what: vec!["enabled again".into()] };
    assert_eq!(back.changes, [again]);
    // Disabled by hand stays disabled.
    let by_hand =
        back.text.replacen("name = \"web-1\"\n", "name = \"web-1\"\nenabled = false\n", 1);
    let kept = merged(&by_hand, "web-1,192.0.2.99,fra\nweb-2,192.0.2.11,dal\nweb-3,192.0.2.12,dal");
    assert_eq!((kept.text, kept.changes.len()), (by_hand, 0));
}

#[test]
fn a_block_that_was_broken_is_refused_with_its_place() {
    let first = merged("", "web-1,192.0.2.10,dal").text;
    let broken = first.replacen("address = ", "address == ", 1);
    let why =
        block::merge(&broken, &ORIGIN, &table("web-1,192.0.2.11,dal"), &[], None).unwrap_err();
    assert!(why.contains("cannot be read any more") && why.contains("web-1"), "{why}");
    let cut = first.replacen(": end", ": ende", 1);
    let why = block::merge(&cut, &ORIGIN, &table("web-1,192.0.2.11,dal"), &[], None).unwrap_err();
    assert!(why.contains("once each"), "{why}");
}

#[test]
fn hostile_texts_are_bounded_and_written_as_what_they_are() {
    let evil = "web\u{1b}]0;x\u{7},192.0.2.1,a\n\
                ok-1,192.0.2.2,\"x\"\" }\n[[action]]\nname = \"\"y\"\n\
                ok-2,$(reboot),b\nok-3,192.0.2.4,\"\u{202e}\u{0}\"\n";
    let found = fixture(Format::Csv, &format!("name,address,site\n{evil}"));
    assert_eq!(names(&found), ["ok-1", "ok-3"]);
    let merged = block::merge("", &ORIGIN, &found.entries, &[], None).unwrap();
    let config = super::parse("x".as_ref(), &merged.text).unwrap();
    assert_eq!(config.hosts.len(), 2);
    assert!(config.keys.bindings.is_empty() && config.keys.actions.is_empty(), "no action");
    assert!(!merged.text.contains(['\u{1b}', '\u{0}']));
    let many = "web[00000:99999999]\n".repeat(3);
    assert!(fixture(Format::Ansible, &many).entries.len() <= HOST_LIMIT + 1);
    let deep = format!("all: {}", "{a: ".repeat(5000));
    assert!(read(Format::Ansible, &deep, BASE.as_ref()).unwrap_err().contains("deep"));
    let bomb = "all:\n  hosts: &a {x: }\n  children: {b: {hosts: *a}}\n";
    assert!(read(Format::Ansible, bomb, BASE.as_ref()).unwrap_err().contains("line 3: aliases"));
    let ring = "define host {\n name a\n use b\n host_name h\n}\ndefine host {\n name b\n use a\n register 0\n}";
    assert_eq!(names(&fixture(Format::Nagios, ring)), ["h"]);
    for format in [
        Format::Hosts,
        Format::SshConfig,
        Format::Csv,
        Format::Ansible,
        Format::Nagios,
        Format::Icinga,
        Format::Prometheus,
    ] {
        for text in [
            "",
            "\0\0\0",
            "{",
            "}}}}",
            "[[[",
            "\"",
            "define host {",
            "object Host \"",
            "a: [",
            "\u{feff}",
        ] {
            let _ = read(format, text, BASE.as_ref());
        }
        let _ = read(format, &"x".repeat(1 << 20), BASE.as_ref());
    }
}

const PROMETHEUS: Origin<'_> =
    Origin { format: "prometheus", file: "/etc/prometheus/prometheus.yml", day: "2026-02-25" };

fn jobs(old: &str, text: &str) -> (Found, block::Merged) {
    let found = fixture(Format::Prometheus, text);
    let merged = block::merge(old, &PROMETHEUS, &found.entries, &[], None).unwrap();
    super::parse("x".as_ref(), &merged.text).unwrap_or_else(|why| panic!("{why}\n{}", merged.text));
    (found, merged)
}

#[test]
fn fb_10_the_scrape_job_of_fluxbase_makes_its_target() {
    let text = "scrape_configs:\n  - job_name: 'fluxbase'\n    static_configs:\n      \
                - targets: ['localhost:8080']\n    metrics_path: '/metrics'\n";
    let (found, merged) = jobs("", text);
    assert_eq!((found.entries.len(), found.notes.len()), (1, 0), "{found:?}");
    let config = super::parse("x".as_ref(), &merged.text).unwrap();
    let check = config.checks.first().unwrap();
    assert_eq!((&*check.key.host, &*check.key.name), ("localhost", "fluxbase"));
    let crate::model::Spec::Scrape(spec) = &*check.spec else { panic!("{check:?}") };
    assert_eq!(spec.endpoint.url, "http://localhost:8080/metrics");
    assert!(merged.text.contains("# from /etc/prometheus/prometheus.yml:2\n"), "{}", merged.text);
}

#[test]
fn a_prometheus_configuration_gives_jobs_and_names_what_is_left_out() {
    let text = include_str!("../../../tests/fixtures/import/prometheus.yml");
    let (found, merged) = jobs("", text);
    let config = super::parse("x".as_ref(), &merged.text).unwrap();
    let urls: Vec<String> = config
        .checks
        .iter()
        .map(|check| match &*check.spec {
            crate::model::Spec::Scrape(spec) => {
                format!("{} {} {}", check.key, spec.endpoint.url, check.interval)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        urls,
        [
            "app.example/app https://app.example:443/custom?format=prometheus 30s",
            "web-1/node http://web-1:9100/metrics 15s",
            "192.0.2.5/node http://192.0.2.5:9100/metrics 15s",
        ]
    );
    let host = config.hosts.iter().find(|host| &*host.name == "web-1").unwrap();
    assert_eq!(host.labels["site"], "dal");
    let names: Vec<&str> = config.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["found"]);
    assert_eq!(config.jobs[0].files, ["/etc/prometheus/targets/*.yml", "/srv/sd/more.json"]);
    assert_eq!(config.jobs[0].http.as_ref().unwrap().url, "http://sd.example/targets");
    assert_eq!(found.rule_files, ["/etc/prometheus/rules/*.yml"]);
    for (line, words) in [
        (5, "external_labels"),
        (10, "alerting"),
        (25, "relabelling (keep)"),
        (29, "metric_relabel_configs"),
        (39, "cert_file"),
        (55, "kubernetes_sd_configs"),
        (53, "job pods has no targets"),
    ] {
        noted(&found, line, words);
    }
    // Again: nothing changes. A target less, and the job is written anew; gone, it is disabled.
    let (_, same) = jobs(&merged.text, text);
    assert_eq!((same.text.as_str(), same.changes.len()), (&*merged.text, 0));
    let less = text.replace("web-1:9100', '192.0.2.5:9100", "web-1:9100");
    let (_, less) = jobs(&merged.text, &less);
    let words: Vec<String> = less.changes.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].starts_with("- 192.0.2.5  disabled"), "{words:?}");
    assert!(words[1].starts_with("~ [[scrape]] node  targets"), "{words:?}");
    let (_, gone) =
        jobs(&merged.text, "scrape_configs:\n- job_name: x\n  static_configs: [{targets: [a]}]\n");
    let words: Vec<String> = gone.changes.iter().map(ToString::to_string).collect();
    assert!(words.iter().any(|line| line.starts_with("- [[scrape]] node  disabled")), "{words:?}");
    let config = super::parse("x".as_ref(), &gone.text).unwrap();
    assert!(config.checks.iter().all(|check| check.enabled == (&*check.key.name == "x")));
}
