//! The console inside a network namespace, with a host behind routers.

use std::path::Path;

use crate::house::{House, LARGE, has_row};
use crate::netns::{self, Chain, Plan, Share};
use crate::pty::{PATIENCE, Terminal};

#[test]
#[ignore = "needs network namespaces and dnsmasq; tests/run runs it"]
fn the_resolver_of_the_small_site_says_who_serves_the_root() {
    let shell = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell");
    let asked = [crate::house::FLUXNOC, "check", "dns", ".", "--type", "NS"];
    let checked = std::process::Command::new(shell).args(asked).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(said.contains("gateway.test"), "{said}");
}

/// The console at the beginning of a chain.
fn console(house: &House, chain: &Chain) -> Terminal {
    let enter = format!("--net=/proc/{}/ns/net", chain.a().pid());
    let before = [enter.as_str(), "--", crate::house::FLUXNOC];
    house.console_by(Path::new("/usr/bin/nsenter"), &before, LARGE, &[])
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn a_host_behind_routers_is_pinged_traced_lost_and_found() {
    netns::scene("namespace::a_host_behind_routers_is_pinged_traced_lost_and_found", || {
        let chain = Chain::build(Plan { routers: 2, ..Plan::default() });
        let target = chain.target(false);
        let house = House::new(&format!(
            r#"
[defaults]
interval = "2s"
timeout = "1s"
attempts = 2
retry = "1s"
unreachable = "critical"

[[host]]
name = "far-1"
address = "{target}"
[[host.check]]
kind = "ping"
packets = 2
packet_interval = "100ms"
"#
        ));
        let console = console(&house, &chain);
        console.wait_for("1 OK");
        console.wait("every hop", PATIENCE, |screen| {
            chain.truth(false).iter().all(|hop| screen.contains(&hop.to_string()))
        });

        chain.drop_forwarded(2, Share::All);
        console.wait("soft first", PATIENCE, |screen| {
            has_row(screen, &["far-1", "ping", "CRIT", "1/2"])
        });
        console.wait("then hard", PATIENCE, |screen| {
            screen.contains("1 CRITICAL") && screen.contains("1 unhandled")
        });
        chain.clear(2);
        console.wait("found again", PATIENCE, |screen| {
            screen.contains("1 OK") && screen.contains("No alert is open")
        });
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn t20_a_cut_uplink_is_one_alert_about_this_monitor_and_nothing_is_critical() {
    let name =
        "namespace::t20_a_cut_uplink_is_one_alert_about_this_monitor_and_nothing_is_critical";
    netns::scene(name, || {
        let chain = Chain::build(Plan { routers: 2, ..Plan::default() });
        let (near, far) = (chain.truth(false)[0], chain.target(false));
        let house = House::new(&format!(
            r#"
[defaults]
interval = "1s"
timeout = "500ms"
attempts = 2
retry = "1s"
unreachable = "critical"

[engine]
canaries = ["gw"]

[[host]]
name = "gw"
address = "{near}"
checks = ["ping"]

[[host]]
name = "far-1"
address = "{far}"
checks = ["ping"]
"#
        ));
        let mut console = console(&house, &chain);
        console.wait_for("2 OK");

        chain.router(1).sh("ip link set left down");
        console.wait("a banner and the one alert", PATIENCE, |screen| {
            screen.contains("isolated since") && screen.contains("this monitor is isolated")
        });
        console.wait("the other is unseen, under the one alert", PATIENCE, |screen| {
            screen.contains("1 UNKNOWN") && screen.contains("1 affected")
        });
        assert!(console.text().contains("1 unhandled"), "{}", console.text());

        chain.router(1).sh("ip link set left up");
        console.wait("all is seen again", PATIENCE, |screen| {
            screen.contains("2 OK")
                && screen.contains("No alert is open")
                && !screen.contains("isolated")
        });
        let far = house.rows("SELECT DISTINCT to_state FROM edges WHERE host = 'far-1'");
        assert!(!far.iter().any(|state| state.eq_ignore_ascii_case("critical")), "{far:?}");
        let fired =
            "SELECT host || ' ' || check_name FROM edges WHERE kind = 'fired' AND host = 'gw'";
        assert_eq!(house.rows(fired), ["gw ping"], "one alert, once");
        let told = house.run(&["handover"]);
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.contains("the engine was blind: no canary answered"), "{told}");
        console.kill();
    });
}
