//! A Fluxbase, a FluxMQ cluster, a node exporter, an SNMP agent and a web server on hosts of their
//! own: one configuration, one screen; each breaks in turn, is judged in its own words, and is well
//! again.

use std::time::Duration;

use crate::fluxbase::documents::{DEGRADED, HEALTHY, SYSTEM, UNHEALTHY};
use crate::fluxbase::instance::{HEALTH, KEY, METRICS, Page};
use crate::fluxmq::{self, NOMINAL, STORAGE};
use crate::house::{esc, has_row, type_line};
use crate::pty::{PATIENCE, Terminal};
use crate::scene;
use crate::site::{NODES, Site};

/// A size that shows every system and whole outputs.
const WIDE: (u16, u16) = (200, 60);
/// How long nothing was painted before a key is pressed.
const REST: Duration = Duration::from_millis(350);
const HTML: &str = "<html><body>It works!</body></html>";

struct Night {
    site: Site,
    console: Terminal,
}

#[test]
#[ignore = "needs network namespaces, nginx, snmpd and the node exporter; tests/run runs it"]
fn fb_13_fb_19_fb_30_fq_09_fq_16_every_system_breaks_in_turn_and_mends() {
    let test = "systems::fb_13_fb_19_fb_30_fq_09_fq_16_every_system_breaks_in_turn_and_mends";
    scene::on_stage(test, || {
        let site = Site::start();
        let console = site.house.console(WIDE, &["--as", "noc-1"]);
        let mut night = Night { site, console };
        night.all_are_well();
        night.fluxbase_breaks();
        night.fluxmq_breaks();
        night.node_exporter_breaks();
        night.the_switch_breaks();
        night.the_shop_breaks();
        night.all_are_well();
    });
}

impl Night {
    /// Waits until all these rows, given as words of each, are on the screen.
    fn shows(&self, what: &str, rows: &[&[&str]]) -> String {
        self.console.wait(what, PATIENCE, |screen| rows.iter().all(|row| has_row(screen, row)))
    }

    /// Waits until nothing is wrong any more.
    fn mended(&self, what: &str) {
        self.console.wait(&format!("{what}: mended"), PATIENCE, |screen| {
            screen.contains("Alerts: unhandled 0, handled 0") && screen.contains("5 OK")
        });
    }

    /// Presses keys when the picture stands.
    fn press(&mut self, keys: &str) {
        self.console.silence(REST, PATIENCE);
        self.console.send(keys);
    }

    fn all_are_well(&mut self) {
        self.mended("all");
        self.press("3");
        let hosts = ["fb-prod", "mq-prod", "app-1", "sw-1", "web-1"];
        let rows = hosts.map(|host| ["✓ OK", host]);
        let rows = rows.each_ref().map(<[&str; 2]>::as_slice);
        self.shows("every host is OK", &rows);
        // The alerts, which show what is said whole.
        self.press("2");
        self.mended("all");
    }

    /// A document of the instance is shown instead of the good one until the screen says so.
    fn document(&mut self, path: &str, page: Page, row: &[&str]) {
        self.site.fluxbase.app.put(path, page);
        self.shows(path, &[row]);
        let good = if path == HEALTH { HEALTHY } else { SYSTEM };
        self.site.fluxbase.app.put(path, Page::of(200, good));
        self.mended(path);
    }

    fn fluxbase_breaks(&mut self) {
        self.the_pool_is_exhausted();
        let cases: [(&str, Page, [&str; 4]); 5] = [
            (HEALTH, Page::of(200, DEGRADED), ["WARN", "fb-prod", "health", "storage degraded"]),
            (HEALTH, Page::of(503, UNHEALTHY), ["CRIT", "fb-prod", "health", "database unhealthy"]),
            (HEALTH, Page::of(200, &HEALTHY[..90]), ["UNKN", "fb-prod", "health", "half a docum"]),
            (HEALTH, Page::of(200, HTML), ["UNKN", "fb-prod", "health", "HTML instead of JSON"]),
            (METRICS, Page::of(200, &SYSTEM[..90]), ["UNKN", "fb-prod", "system", "half a docum"]),
        ];
        for (path, page, row) in cases {
            self.document(path, page, &row);
        }

        // Its key is taken away: what was seen with it is not known any more, and nothing else.
        self.site.fluxbase.app.lock("another");
        let screen = self.shows(
            "401",
            &[
                &["UNKN", "fb-prod", "health", "HTTP 401"],
                &["UNKN", "fb-prod", "system", "HTTP 401"],
            ],
        );
        assert!(!has_row(&screen, &["CRIT", "fb-prod"]), "{screen}");
        self.site.fluxbase.app.lock(KEY);
        self.mended("401");

        self.site.fluxbase.app.kill();
        self.site.fluxbase.metrics.kill();
        self.shows(
            "dead",
            &[
                &["CRIT", "fb-prod", "live", "connection refused by 10.79.1.2:8080"],
                &["CRIT", "fb-prod", "metrics", "connection refused by 10.79.1.2:9090"],
                &["CRIT", "fb-prod", "FluxbaseDown", "cannot be scraped"],
            ],
        );
        self.site.start_fluxbase();
        self.mended("dead");
    }

    /// 89 of 100 are a warning, 90 are too many; the runbook is one key away.
    fn the_pool_is_exhausted(&mut self) {
        let used = |count: u32| {
            let text = SYSTEM
                .replace("\"acquired_conns\":3", &format!("\"acquired_conns\":{count}"))
                .replace("\"max_conns\":25", "\"max_conns\":100");
            Page::of(200, &text)
        };
        self.site.fluxbase.app.put(METRICS, used(89));
        let screen =
            self.shows("89 %", &[&["WARN", "fb-prod", "ConnectionPoolFilling", "89 conn"]]);
        assert!(!screen.contains("Exhausted"), "{screen}");
        self.site.fluxbase.app.put(METRICS, used(90));
        let row: &[&str] =
            &["CRIT", "fb-prod", "ConnectionPoolExhausted", "90 connections of 10.79.1.2:8080"];
        self.shows("90 %", &[row]);
        type_line(&mut self.console, "/", "Exhausted");
        self.press("b");
        self.console.wait_for("Connection pool exhaustion: slow queries");
        esc(&mut self.console);
        self.shows("the alert again", &[row]);
        self.console.silence(REST, PATIENCE);
        type_line(&mut self.console, "a", "the pool grows");
        self.shows("taken", &[&["CRIT", "fb-prod", "ConnectionPoolExhausted", "noc-1 to"]]);
        self.press("\x1b");
        self.console.wait("no filter", PATIENCE, |screen| !screen.contains("/Exhausted"));
        self.site.fluxbase.app.put(METRICS, Page::of(200, SYSTEM));
        self.mended("the pool");
    }

    fn fluxmq_breaks(&mut self) {
        let degraded = fluxmq::DEGRADED;
        self.site.nodes[1].ready(degraded);
        self.shows(
            "degraded",
            &[
                &["WARN", "mq-prod", "mq-2", "degraded: 1/2 peers reachable"],
                &["WARN", "mq-prod", "cluster", "mq-2: degraded"],
            ],
        );
        self.shows("for too long", &[&["CRIT", "mq-prod", "mq-prod degraded"]]);
        self.site.nodes[1].ready(NOMINAL);
        self.mended("degraded");

        type Break = fn(&Site);
        let ways: [(Break, [&str; 4]); 5] = [
            (
                |s| s.nodes[0].who(NODES[0], false, true),
                ["CRIT", "mq-prod", "cluster", "no leader"],
            ),
            (
                |s| s.nodes[2].who(NODES[2], true, true),
                ["CRIT", "mq-prod", "cluster", "2 leaders: mq-1, mq-3"],
            ),
            (
                |s| s.nodes[2].who("single-node", false, false),
                ["CRIT", "mq-prod", "cluster", "nodes disagree: mq-3 by itself"],
            ),
            (
                |s| s.nodes[1].ready(STORAGE),
                ["CRIT", "mq-prod", "mq-2", "not ready: storage unavailable"],
            ),
            (
                |s| s.nodes[1].put("/ready", Page::of(200, &NOMINAL[..70])),
                ["UNKN", "mq-prod", "mq-2", "/ready: half a document"],
            ),
        ];
        for (broken, row) in ways {
            broken(&self.site);
            self.shows("a cluster", &[&row]);
            for (at, node) in self.site.nodes.iter().enumerate() {
                node.ready(NOMINAL);
                node.who(NODES[at], at == 0, true);
            }
            self.mended(row[3]);
        }

        self.site.nodes[1].kill();
        self.shows(
            "a node dead",
            &[
                &["CRIT", "mq-prod", "mq-2", "connection refused by 10.79.3.2:8081"],
                &["WARN", "mq-prod", "cluster", "mq-2: connection refused"],
            ],
        );
        self.site.start_node(1);
        self.mended("a node dead");
    }

    fn node_exporter_breaks(&mut self) {
        let sockets = self.site.sockets();
        self.shows(
            "too many",
            &[&["WARN", "app-1", "TooManySockets", "TCP sockets on 10.79.5.2:"]],
        );
        drop(sockets);
        self.mended("sockets");
        self.site.kill_exporter();
        self.shows("killed", &[&["CRIT", "app-1", "node", "connection refused by 10.79.5.2:9100"]]);
        self.site.start_exporter();
        self.mended("the node exporter");
    }

    fn the_switch_breaks(&mut self) {
        self.site.switch.space.sh("ip link set far down");
        self.shows(
            "the uplink",
            &[&["CRIT", "sw-1", "snmp", "link_state[uplink] 2", "down: uplink"]],
        );
        self.site.switch.space.sh("ip link set far up");
        self.mended("the uplink");
        self.site.agent.stop();
        // Silence is also what an agent says to a wrong community.
        self.shows("the agent", &[&["UNKN", "sw-1", "snmp", "no answer, or wrong community"]]);
        self.site.agent.restart();
        self.mended("the agent");
    }

    fn the_shop_breaks(&mut self) {
        let shut = self.site.house.file("shut");
        std::fs::write(&shut, "").unwrap();
        let screen = self.shows("503", &[&["CRIT", "web-1", "shop", "503"]]);
        assert!(!has_row(&screen, &["web-1", "status"]), "the server itself is well: {screen}");
        std::fs::remove_file(&shut).unwrap();
        self.mended("503");
        self.site.kill_nginx();
        self.shows(
            "nginx dead",
            &[
                &["CRIT", "web-1", "shop", "connection refused by 10.79.7.2:80"],
                &["CRIT", "web-1", "status", "connection refused by 10.79.7.2:80"],
            ],
        );
        self.site.start_nginx();
        self.mended("nginx");
    }
}
