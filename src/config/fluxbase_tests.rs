//! An instance of the configuration becomes a host with a check for each surface.

use super::super::tests::{problems, read};
use super::{FluxbasePack, PACKS, of_instance};
use crate::config::rule_groups::rule_groups;
use crate::model::fluxbase::FluxbasePart;
use crate::model::spec::FluxbaseSpec;
use crate::model::{Check, Secret, Span, Spec};

const ONE: &str = r#"
[[fluxbase]]
name = "fb"
url = "http://192.0.2.1:8080/api/v1/monitoring/health"
service_key = { env = "FB_KEY" }
interval = "30s"
"#;

fn spec(check: &Check) -> &FluxbaseSpec {
    let Spec::Fluxbase(spec) = &*check.spec else { panic!("{}", check.key) };
    spec
}

#[test]
fn fb_01_an_instance_is_a_host_with_a_check_for_each_surface_and_the_key_goes_only_where_it_is_asked_for()
 {
    let config = read(ONE);
    assert_eq!((&*config.hosts[0].name, &*config.hosts[0].address), ("fb", "192.0.2.1"));
    let names: Vec<&str> = config.checks.iter().map(|check| &*check.key.name).collect();
    assert_eq!(names, ["live", "health", "system", "metrics"]);
    for (check, part) in config.checks.iter().zip(FluxbasePart::EACH) {
        let spec = spec(check);
        assert_eq!((spec.part, spec.url.as_str()), (part, "http://192.0.2.1:8080"));
        assert_eq!(check.interval, Span::from_secs(30));
        let is_asked = matches!(part, FluxbasePart::Health | FluxbasePart::System);
        assert_eq!(spec.service_key.is_some(), is_asked, "{part:?}");
    }
    assert_eq!(spec(&config.checks[1]).service_key, Some(Secret::Env("FB_KEY".to_owned())));
    let places = ["http://192.0.2.1:9090/metrics", "http://192.0.2.1:8080/metrics"];
    assert_eq!(spec(&config.checks[3]).metrics, places);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn fb_10_the_exposition_may_be_elsewhere() {
    let config = read(&format!("{ONE}metrics = \"https://fb.example/metrics\"\n"));
    assert_eq!(spec(&config.checks[3]).metrics, ["https://fb.example/metrics"]);
}

#[test]
fn an_instance_in_force_reads_back_to_the_same_checks() {
    let config = read(&format!("{ONE}warning = \"500ms\"\nmax_samples = 9\ninsecure = true\n"));
    let again = read(&config.effective());
    assert_eq!(again.hosts.len(), config.hosts.len());
    for (one, other) in config.checks.iter().zip(&again.checks) {
        assert_eq!((&one.key, &one.spec, &one.limits), (&other.key, &other.spec, &other.limits));
    }
}

#[test]
fn the_log_of_an_instance_is_followed_once_and_is_an_absolute_path() {
    let config = read(&format!("{ONE}log = \"/var/log/fb.log\"\n"));
    let logs = config.checks.iter().filter_map(|check| spec(check).log.as_deref());
    assert_eq!(logs.collect::<Vec<_>>(), ["/var/log/fb.log"]);
    assert_eq!(spec(&config.checks[0]).log, spec(&read(&config.effective()).checks[0]).log);
    let said = problems(&format!("{ONE}log = \"fb.log\"\n"));
    assert!(said[0].contains("must be the absolute path of a file or a pipe"), "{said:?}");
}

#[test]
fn what_is_wrong_with_an_instance_is_named() {
    for (text, words) in [
        ("[[fluxbase]]\nname = \"fb\"\n", "url"),
        ("[[fluxbase]]\nurl = \"http://a\"\n", "name = "),
        ("[[fluxbase]]\nname = \"fb\"\nurl = \"a:8080\"\n", "must begin with http"),
        ("[[fluxbase]]\nname = \"fb\"\nurl = \"http://a?x\"\n", "must end with the port"),
        ("[[fluxbase]]\nname = \"fb\"\nurl = \"http://a\"\npart = \"live\"\n", "part"),
        ("[[fluxbase]]\nname = \"fb\"\nurl = \"http://a\"\nmetrics = []\n", "1 to 4 addresses"),
        (
            "[[fluxbase]]\nname = \"fb\"\nurl = \"http://a\"\ntoken = { env = \"A\" }\n\
             service_key = { env = \"B\" }\n",
            "no meaning beside `service_key`",
        ),
        (
            "[[host]]\nname = \"fb\"\naddress = \"192.0.2.1\"\n\
             [[fluxbase]]\nname = \"fb\"\nurl = \"http://a\"\n",
            "exists already",
        ),
    ] {
        let all = problems(text).join("\n");
        assert!(all.contains(words), "{text}: {all}");
    }
}

#[test]
fn an_interval_that_would_be_refused_by_the_instance_is_warned_about() {
    let config = read(&ONE.replace("30s", "1s"));
    let said = format!("{:?}", config.warnings);
    assert!(said.contains("120 requests a minute, of 100"), "{said}");
}

#[test]
fn d_14_the_packs_are_good_files_of_rules_and_critical_is_the_default() {
    for (pack, text) in PACKS {
        let groups = rule_groups(pack.word(), text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(groups.len(), 1, "{pack:?}");
        let one = of_instance(text, "a\"b\\:1", "fluxbase_monitoring");
        assert!(rule_groups(pack.word(), &one).is_ok());
        assert!(!one.contains("job=\"fluxbase\"}"), "each rule is about one instance");
    }
    let config = read(ONE);
    assert_eq!(spec(&config.checks[3]).rules, [FluxbasePack::Critical]);
    assert!(spec(&config.checks[1]).rules.is_empty());
    assert_eq!(config.rule_groups.len(), 1);
    let group = &config.rule_groups[0];
    assert_eq!((&*group.source, group.host.as_deref()), ("critical of fb/metrics", Some("fb")));
    let expr = &group.rules[0].expr;
    assert_eq!(expr, "up{job=\"fluxbase\",instance=\"192.0.2.1:8080\"} == 0");
}

#[test]
fn d_11_d_14_the_packs_are_chosen_by_name_and_the_literal_rule_is_not_among_the_default_ones() {
    let alerts = |text: &str| -> Vec<String> {
        let config = read(&format!("{ONE}{text}\n"));
        let rules = config.rule_groups.iter().flat_map(|group| &group.rules);
        rules.map(|rule| format!("{:?}", rule.name)).collect()
    };
    let has =
        |all: &[String], name: &str| all.iter().any(|one| one.contains(&format!("\"{name}\"")));
    let usual = alerts("");
    assert!(has(&usual, "HighErrorRate") && !has(&usual, "HighErrorRateLiteral"), "{usual:?}");
    let all = alerts("rules = [\"critical\", \"warning\", \"slo\", \"literal\", \"slo\"]");
    assert!(has(&all, "HighErrorRateLiteral") && has(&all, "ElevatedLatency"), "{all:?}");
    assert_eq!(all.len(), 21);
    assert!(alerts("rules = []").is_empty());
    let wrong = problems(&format!("{ONE}rules = [\"loud\"]\n")).join(" ");
    assert!(wrong.contains("`loud` is none of critical, warning, slo, literal"), "{wrong}");
}
