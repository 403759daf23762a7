//! A cluster of the configuration becomes a host, its checks and a rule.

use super::super::tests::{problems, read};
use crate::model::spec::FluxmqScope;
use crate::model::{Span, Spec};

const THREE: &str = r#"
[[fluxmq]]
name = "mq"
nodes = { mq-1 = "http://192.0.2.1:8081", mq-2 = { url = "http://192.0.2.2:8081/ready", admin = "http://192.0.2.2:8082/" }, mq-3 = "http://192.0.2.3:8081/" }
interval = "30s"
"#;

#[test]
fn fq_16_a_cluster_is_a_host_with_a_check_for_each_node_one_for_all_and_the_five_minute_rule() {
    let config = read(THREE);
    assert_eq!(config.hosts.len(), 1);
    assert_eq!((&*config.hosts[0].name, &*config.hosts[0].address), ("mq", "192.0.2.1"));
    let names: Vec<&str> = config.checks.iter().map(|check| &*check.key.name).collect();
    assert_eq!(names, ["mq-1", "mq-2", "mq-3", "cluster"]);
    assert!(config.checks.iter().all(|check| check.interval == Span::from_secs(30)));
    let Spec::Fluxmq(second) = &*config.checks[1].spec else { panic!() };
    assert_eq!(second.nodes[0].url, "http://192.0.2.2:8081", "what is behind the port is cut off");
    assert_eq!(second.nodes[0].admin.as_deref(), Some("http://192.0.2.2:8082"));
    let Spec::Fluxmq(all) = &*config.checks[3].spec else { panic!() };
    assert_eq!((all.nodes.len(), all.scope), (3, FluxmqScope::Cluster));
    let rule = &config.rules[0];
    assert_eq!((&*rule.name, rule.check.as_deref()), ("mq degraded", Some("cluster")));
    assert_eq!(&*rule.metric, "fluxmq_ready_mode{mode=\"degraded\"}");
    assert_eq!(
        (rule.duration, rule.critical, rule.warning),
        (Span::from_secs(300), Some(1.0), None)
    );
    assert!(rule.enabled);
}

#[test]
fn fq_16_the_rule_is_as_configured_or_not_there() {
    let later = read(&format!("{THREE}degraded_after = \"90s\"\n"));
    assert_eq!(later.rules[0].duration, Span::from_secs(90));
    assert!(read(&format!("{THREE}degraded_critical = false\n")).rules.is_empty());
    let one = read("[[fluxmq]]\nname = \"mq\"\nnodes = { solo = \"http://mq:8081\" }\n");
    assert_eq!(one.checks.len(), 1, "a single node is its cluster");
    assert_eq!(one.rules[0].check.as_deref(), Some("solo"));
}

#[test]
fn fq_16_the_series_of_a_mode_can_be_judged_by_a_rule_of_ones_own() {
    let rule = "[[rule]]\nrule_name = \"not ready\"\nhost_pattern = \"mq*\"\n\
                metric = 'fluxmq_ready_mode{mode=\"not_ready\"}'\ncondition = \">=\"\n\
                critical_threshold = 1\nduration_minutes = 1\n";
    let config = read(&format!("{THREE}{rule}"));
    assert_eq!(config.rules.len(), 2);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn a_cluster_in_force_reads_back_to_the_same_checks_and_rules() {
    let config = read(&format!("{THREE}degraded_after = \"90s\"\nwarning = \"500ms\"\n"));
    let again = read(&config.effective());
    let bare = |config: &crate::config::Config| {
        let mut checks = config.checks.clone();
        checks.iter_mut().for_each(|check| check.origin = None);
        let mut rules = config.rules.clone();
        rules.iter_mut().for_each(|rule| rule.origin = None);
        (checks, rules)
    };
    assert_eq!(bare(&again), bare(&config));
}

#[test]
fn what_is_wrong_with_a_cluster_is_named() {
    for (text, words) in [
        ("[[fluxmq]]\nname = \"mq\"\n", "nodes"),
        ("[[fluxmq]]\nnodes = { a = \"http://a:1\" }\n", "name"),
        ("[[fluxmq]]\nname = \"mq\"\nnodes = {}\n", "1 to 24 nodes"),
        ("[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"a:8081\" }\n", "must begin with http://"),
        ("[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1/x?y\" }\n", "end with the port"),
        ("[[fluxmq]]\nname = \"mq\"\nnodes = { a = { admin = \"http://a:1\" } }\n", "url"),
        (
            "[[fluxmq]]\nname = \"mq\"\nnodes = { a = { url = \"http://a:1\", x = 1 } }\n",
            "nodes.a.x",
        ),
        (
            "[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1\", b = \"http://a:1/ready\" }\n",
            "`b` is where `a` is",
        ),
        (
            "[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1\", cluster = \"http://b:1\" }\n",
            "cannot be called `cluster`",
        ),
        (
            "[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1\" }\ndegraded_after = \"0s\"\n",
            "degraded_after",
        ),
        ("[[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1\" }\nscope = \"all\"\n", "scope"),
        (
            "[[host]]\nname = \"mq\"\naddress = \"192.0.2.1\"\n\
             [[fluxmq]]\nname = \"mq\"\nnodes = { a = \"http://a:1\" }\n",
            "host `mq` exists already",
        ),
    ] {
        let all = problems(text);
        assert!(all.iter().any(|one| one.contains(words)), "{text}: {all:?}");
    }
}
