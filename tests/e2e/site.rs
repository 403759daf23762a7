//! A site in namespaces: each system on a host of its own, one cable away from the monitor, which
//! is the gateway of all; and the one configuration that watches them.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::fluxbase::instance::{Instance, KEY};
use crate::fluxmq::Node;
use crate::house::House;
use crate::netns::Namespace;
use crate::nginx::{self, Nginx};
use crate::pty::PATIENCE;
use crate::scene;
use crate::snmpd::Snmpd;

const COMMUNITY: &str = "site-c0mmunity";
const NODE_EXPORTER: u16 = 9100;
/// Sockets of the host of the node exporter beyond which a rule alerts.
pub const SOCKETS: u16 = 30;
/// The nodes of the cluster; the first one leads.
pub const NODES: [&str; 3] = ["mq-1", "mq-2", "mq-3"];

/// A host at the other end of a cable.
pub struct Host {
    pub space: Namespace,
    pub address: Ipv4Addr,
}

impl Host {
    fn new(number: u8) -> Self {
        let space = Namespace::new();
        let (gateway, address) =
            (Ipv4Addr::new(10, 79, number, 1), Ipv4Addr::new(10, 79, number, 2));
        scene::sh(&format!(
            "ip link add host{number} type veth peer name eth0 netns {}
             ip addr add {gateway}/24 dev host{number}
             ip link set host{number} up",
            space.pid()
        ));
        space.sh(&format!(
            "ip addr add {address}/24 dev eth0
             ip link set eth0 up
             ip route add default via {gateway}"
        ));
        Self { space, address }
    }

    fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::from((self.address, port))
    }

    /// A listener on its own address.
    fn listen(&self, port: u16) -> std::net::TcpListener {
        self.space.listen(self.at(port))
    }
}

/// All of it. What runs on a host stands before it, so that it ends first.
pub struct Site {
    pub fluxbase: Instance,
    pub nodes: Vec<Node>,
    exporter: Option<Child>,
    pub agent: Snmpd,
    nginx: Option<Nginx>,
    fluxbase_host: Host,
    node_hosts: Vec<Host>,
    pub app: Host,
    pub switch: Host,
    web: Host,
    pub house: House,
}

impl Site {
    /// Everything is well.
    pub fn start() -> Self {
        scene::sh("ip link set lo up");
        let house = House::new("");
        let fluxbase_host = Host::new(1);
        let node_hosts: Vec<Host> = (2..5).map(Host::new).collect();
        let (app, switch, web) = (Host::new(5), Host::new(6), Host::new(7));
        switch.space.sh(
            "ip link add uplink type veth peer name far; ip link set uplink up; ip link set far up",
        );
        let enter = switch.space.enter();
        let mut site = Self {
            fluxbase: instance(&fluxbase_host),
            nodes: (0..3).map(|at| node(&node_hosts[at], at)).collect(),
            exporter: None,
            agent: Snmpd::start_in(&enter, switch.address, COMMUNITY, ""),
            nginx: None,
            fluxbase_host,
            node_hosts,
            app,
            switch,
            web,
            house,
        };
        site.start_exporter();
        site.start_nginx();
        site.configure();
        site
    }

    /// The instance is there again, and well.
    pub fn start_fluxbase(&mut self) {
        self.fluxbase = instance(&self.fluxbase_host);
    }

    /// A node is there again, and well.
    pub fn start_node(&mut self, at: usize) {
        self.nodes[at] = node(&self.node_hosts[at], at);
    }

    /// The real node exporter.
    pub fn start_exporter(&mut self) {
        let listen = self.app.at(NODE_EXPORTER);
        let mut command = self.app.space.command("prometheus-node-exporter");
        command.arg(format!("--web.listen-address={listen}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.exporter = Some(command.spawn().expect("nsenter"));
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(listen).is_err() {
            let child = self.exporter.as_mut().unwrap();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "node exporter: {ended:?}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// It is gone when this returns.
    pub fn kill_exporter(&mut self) {
        let Some(mut child) = self.exporter.take() else { return };
        let _ = child.kill();
        let _ = child.wait();
    }

    /// More sockets than the rule allows, for as long as they are held.
    pub fn sockets(&self) -> Vec<std::net::TcpListener> {
        (0..=SOCKETS).map(|n| self.app.listen(7000 + n)).collect()
    }

    /// The shop, and the server's own page of its state.
    pub fn start_nginx(&mut self) {
        let listen = self.web.at(80);
        let shut = self.house.file("shut");
        let server = format!(
            "server {{
               listen {listen};
               location = /status {{ stub_status; }}
               location / {{
                 if (-f {}) {{ return 503 'back soon'; }}
                 return 200 'the shop is open';
               }}
             }}",
            shut.display()
        );
        let command: Command = self.web.space.command(nginx::program());
        self.nginx = Some(Nginx::start_by(command, &server, listen));
    }

    /// It is gone when this returns.
    pub fn kill_nginx(&mut self) {
        self.nginx = None;
    }

    fn configure(&self) {
        let house = &self.house;
        for (name, secret) in [("community", COMMUNITY), ("key", KEY)] {
            std::fs::write(house.file(name), format!("{secret}\n")).unwrap();
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(house.file(name), mode).unwrap();
        }
        std::fs::write(
            house.file("node.yml"),
            format!(
                "groups:\n- name: node\n  interval: 1s\n  rules:\n  - alert: TooManySockets\n    \
                 expr: node_sockstat_TCP_inuse{{job=\"node\"}} > {SOCKETS}\n    for: 1s\n    \
                 labels: {{severity: warning}}\n    annotations:\n      \
                 summary: '{{{{ $value }}}} TCP sockets on {{{{ $labels.instance }}}}'\n"
            ),
        )
        .unwrap();
        let urls: Vec<String> = self.nodes.iter().map(Node::url).collect();
        house.configure(&format!(
            r#"
[promql]
interval = "1s"
rule_files = ["node.yml"]

[alerting]
# What breaks so often here would be flapping.
flapping = false

[defaults]
interval = "1s"
timeout = "900ms"
attempts = 1

[[fluxbase]]
name = "fb-prod"
url = "{fluxbase}"
metrics = "{metrics}"
service_key = {{ file = "{key}" }}
rules = ["critical", "warning"]

[[fluxmq]]
name = "mq-prod"
nodes = {{ mq-1 = "{}", mq-2 = "{}", mq-3 = "{}" }}
degraded_after = "3s"

[[host]]
name = "app-1"
address = "{app}"
[[host.check]]
kind = "scrape"
name = "node"
url = "http://{app}:{NODE_EXPORTER}/metrics"

[[host]]
name = "sw-1"
address = "{switch}"
[[host.check]]
kind = "snmp"
port = {snmp}
community = {{ file = "{community}" }}
host_metrics = false
thresholds = {{ link_state = ["", "0:1"] }}

[[host]]
name = "web-1"
address = "{web}"
[[host.check]]
kind = "http"
name = "shop"
url = "http://{web}/"
contains = "the shop is open"
[[host.check]]
kind = "http"
name = "status"
url = "http://{web}/status"
contains = "Active connections"
"#,
            urls[0],
            urls[1],
            urls[2],
            fluxbase = self.fluxbase.app.url(),
            metrics = self.fluxbase.exposition(),
            key = house.file("key").display(),
            app = self.app.address,
            switch = self.switch.address,
            snmp = self.agent.port,
            community = house.file("community").display(),
            web = self.web.address,
        ));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill_exporter();
    }
}

fn instance(host: &Host) -> Instance {
    Instance::on(host.listen(8080), host.listen(9090))
}

fn node(host: &Host, at: usize) -> Node {
    Node::on(host.listen(8081), NODES[at], at == 0)
}
