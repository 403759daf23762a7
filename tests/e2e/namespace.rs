//! The console inside a network namespace, with a host behind routers.

use std::path::Path;

use crate::house::{House, LARGE, has_row};
use crate::netns::{self, Chain, Plan, Share};
use crate::pty::PATIENCE;

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
        let enter = format!("--net=/proc/{}/ns/net", chain.a().pid());
        let before = [enter.as_str(), "--", crate::house::FLUXNOC];
        let console = house.console_by(Path::new("/usr/bin/nsenter"), &before, LARGE, &[]);
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
