//! A chain of routers in network namespaces, for tests of what a path shows.
//!
//! `A - r1 - r2 - ... - rN - B`, IPv4 and IPv6, with an alternative router `x` from `r1` to a later
//! router. Every namespace lives as long as its holder process, and that as long as its standard
//! input is open: when the test ends, however it ends, the kernel removes everything. Needs root
//! (or the user namespace of [`scene`]), iproute2, iptables, iputils-ping and util-linux.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

/// Runs `body` where namespaces can be made: here as root, otherwise by running the test of this
/// name again inside a user namespace of its own.
pub fn scene(test: &str, body: impl FnOnce()) {
    if nix::unistd::geteuid().is_root() {
        body();
        return;
    }
    let exe = std::env::current_exe().expect("the test's own path");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(exe)
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .status()
        .expect("unshare (util-linux) is installed");
    assert!(status.success(), "{test} in a user namespace: {status}");
}

/// Says that this is the process in a namespace of its own.
const INSIDE: &str = "FLUXNOC_INSIDE";

/// True in a process whose network is its own. Elsewhere it runs the test of this name in such a
/// process and waits for it.
pub fn alone(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let exe = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = "ip link set lo up && exec \"$@\"";
    command.args(["--net", "--", "sh", "-ec", script, "sh"]).arg(exe);
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    let status = command.env(INSIDE, "1").status().expect("unshare (util-linux) is installed");
    assert!(status.success(), "{test}: {status}");
    false
}

/// True when other user ids exist here, so that privileges can be dropped to one of them.
fn has_other_users() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().nth(2).and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n > 65534)
}

/// A network namespace with loopback up.
#[derive(Debug)]
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    /// Makes one.
    pub fn new() -> Self {
        let mut holder = Command::new("unshare")
            .args(["--net", "--", "sh", "-c", "ip link set lo up && echo up && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) is installed");
        let mut line = String::new();
        let stdout = holder.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("the holder's first line");
        assert_eq!(line, "up\n", "cannot make a network namespace");
        Self { holder }
    }

    /// The holder's process id; `/proc/PID/ns/net` is the namespace.
    pub fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// What stands before a command that runs inside.
    pub fn enter(&self) -> [String; 3] {
        let inside = format!("--net=/proc/{}/ns/net", self.pid());
        ["nsenter".to_owned(), inside, "--".to_owned()]
    }

    /// A command that runs inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let [enter, inside, end] = self.enter();
        let mut command = Command::new(enter);
        command.args([inside, end]).arg(program);
        command
    }

    /// The same without any privilege: uid 65534, or at least no capability where there is no
    /// other uid.
    pub fn unprivileged(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.command("setpriv");
        if has_other_users() {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        command.args(["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]);
        command.arg(program);
        command
    }

    /// Runs a shell script inside; panics with its output when a command of it fails.
    pub fn sh(&self, script: &str) -> String {
        let output = self.command("sh").args(["-ec", script]).output().expect("nsenter, sh");
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "in a namespace: {script}\n{out}{err}");
        out.into_owned()
    }

    /// A listener inside; who accepts may be outside.
    pub fn listen(&self, address: SocketAddr) -> TcpListener {
        let inside = std::fs::File::open(format!("/proc/{}/ns/net", self.pid())).unwrap();
        // A thread of its own, which stays there until it ends.
        let bound = std::thread::spawn(move || {
            nix::sched::setns(inside, nix::sched::CloneFlags::CLONE_NEWNET).expect("the namespace");
            TcpListener::bind(address)
        });
        bound.join().unwrap().unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// Lets everybody open ping sockets here; in a new namespace nobody may.
    pub fn allow_ping(&self) {
        // In a user namespace only its own group can be named.
        self.sh("cd /proc/sys/net/ipv4
            echo 0 2147483647 > ping_group_range || echo 0 0 > ping_group_range");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        if let Some(mut stdout) = self.holder.stdout.take() {
            let _ = stdout.read_to_end(&mut Vec::new());
        }
        let _ = self.holder.wait();
    }
}

/// Which packets a rule hits.
#[derive(Clone, Copy, Debug)]
pub enum Share {
    /// Every n-th, the first one included: exact over a multiple of n.
    Nth(u32),
    /// Each with this probability.
    Random(f64),
    /// All.
    All,
}

impl Share {
    fn arguments(self) -> String {
        match self {
            Self::Nth(n) => format!("-m statistic --mode nth --every {n} --packet 0"),
            Self::Random(p) => format!("-m statistic --mode random --probability {p}"),
            Self::All => String::new(),
        }
    }
}

/// How a chain is built.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Routers between A and B, 1 to 60.
    pub routers: u8,
    /// The router that the alternative path joins (from `r1` over `x`), 2 to `routers`.
    pub join: Option<u8>,
    /// Everybody in A may open ping sockets.
    pub ping: bool,
    /// The kernels' own limit of ICMP errors (1 per second and target) stays on.
    pub icmp_limit: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { routers: 4, join: None, ping: true, icmp_limit: false }
    }
}

/// The third number of the links of the alternative path.
const ALTERNATIVE: u8 = 100;

/// The chain. Node 0 is A, the last one is B.
#[derive(Debug)]
pub struct Chain {
    nodes: Vec<Namespace>,
    x: Option<Namespace>,
    plan: Plan,
}

impl Chain {
    /// Builds it.
    pub fn build(plan: Plan) -> Self {
        let nodes: Vec<Namespace> = (0..plan.routers + 2).map(|_| Namespace::new()).collect();
        let chain = Self { nodes, x: plan.join.map(|_| Namespace::new()), plan };
        for node in chain.nodes.iter().chain(&chain.x) {
            node.sh(PREPARE);
            if !plan.icmp_limit {
                node.sh(NO_LIMIT);
            }
        }
        for (number, pair) in (0..).zip(chain.nodes.windows(2)) {
            link(number, (&pair[0], "right"), (&pair[1], "left"));
        }
        if let (Some(x), Some(join)) = (&chain.x, plan.join) {
            link(ALTERNATIVE, (chain.router(1), "alt"), (x, "left"));
            link(ALTERNATIVE + 1, (x, "right"), (chain.router(join), "alt"));
            x.sh(&(default_by(ALTERNATIVE + 1, 2) + &route_by(0, ALTERNATIVE, 1)));
        }
        chain.a().sh(&default_by(0, 2));
        for number in 1..=plan.routers {
            let mut script = default_by(number, 2);
            for left in 0..number - 1 {
                script += &route_by(left, number - 1, 1);
            }
            chain.router(number).sh(&script);
        }
        chain.b().sh(&default_by(plan.routers, 1));
        if plan.ping {
            chain.a().allow_ping();
        }
        chain.wait_until_ready();
        chain
    }

    /// A link's first IPv6 packets are lost while its multicast groups are not yet joined.
    fn wait_until_ready(&self) {
        let links = (0..).zip(&self.nodes[..self.nodes.len() - 1]);
        let alternative = (ALTERNATIVE + 1..).zip(&self.x);
        let first = self.x.as_ref().map(|_| (ALTERNATIVE, self.router(1)));
        let waits: Vec<Child> = links
            .chain(alternative)
            .chain(first)
            .map(|(link, node)| {
                let (v4, v6) = (address(link, 2, false), address(link, 2, true));
                let ping =
                    |to| format!("until ping -n -c 1 -W 1 {to} >/dev/null; do sleep 0.1; done;");
                let script = ping(v4) + &ping(v6);
                let mut command = node.command("timeout");
                command.args(["20", "sh", "-c", &script]).spawn().expect("nsenter, ping")
            })
            .collect();
        for mut wait in waits {
            assert!(wait.wait().expect("ping").success(), "a link of the chain is not usable");
        }
    }

    /// Where the probes start.
    pub fn a(&self) -> &Namespace {
        &self.nodes[0]
    }

    /// The target.
    pub fn b(&self) -> &Namespace {
        &self.nodes[usize::from(self.plan.routers) + 1]
    }

    /// Router 1 to `routers`.
    pub fn router(&self, number: u8) -> &Namespace {
        assert!((1..=self.plan.routers).contains(&number));
        &self.nodes[usize::from(number)]
    }

    /// The target's address.
    pub fn target(&self, v6: bool) -> IpAddr {
        address(self.plan.routers, 2, v6)
    }

    /// What a trace must show: the address of every hop, the target last.
    pub fn truth(&self, v6: bool) -> Vec<IpAddr> {
        (0..=self.plan.routers).map(|number| address(number, 2, v6)).collect()
    }

    /// The same while the path goes over `x`.
    pub fn truth_rerouted(&self, v6: bool) -> Vec<IpAddr> {
        let join = self.plan.join.expect("an alternative path");
        let mut path = vec![address(0, 2, v6), address(ALTERNATIVE, 2, v6)];
        path.push(address(ALTERNATIVE + 1, 2, v6));
        path.extend((join..=self.plan.routers).map(|number| address(number, 2, v6)));
        path
    }

    /// What goes to B and comes back takes the way over `x` from now on. Both directions, because
    /// kernels differ in whether an ICMP error carries the address that the packet came in at or
    /// the one that the error leaves from.
    pub fn reroute(&self) {
        let join = self.plan.join.expect("an alternative path");
        self.router(1).sh(&route_by(self.plan.routers, ALTERNATIVE, 2));
        self.router(join).sh(&route_by(0, ALTERNATIVE + 1, 1));
    }

    /// And over `r2` again.
    pub fn restore(&self) {
        let join = self.plan.join.expect("an alternative path");
        self.router(1).sh(&route_by(self.plan.routers, 1, 2));
        self.router(join).sh(&route_by(0, join - 1, 1));
    }

    /// `r1` spreads what goes to B over `r2` and `x`, by addresses and ports.
    pub fn balance(&self) {
        let mut script = "cd /proc/sys/net
            echo 1 > ipv4/fib_multipath_hash_policy
            echo 1 > ipv6/fib_multipath_hash_policy"
            .to_owned();
        for (v6, ip) in [(false, "ip"), (true, "ip -6")] {
            let (to, by) = (network(self.plan.routers, v6), address(1, 2, v6));
            let other = address(ALTERNATIVE, 2, v6);
            let route = format!("\n{ip} route replace {to} nexthop via {by} nexthop via {other}");
            script += &route;
        }
        self.router(1).sh(&script);
    }

    /// The router drops a share of what it forwards towards B.
    pub fn drop_forwarded(&self, router: u8, share: Share) {
        let rule = format!("-A FORWARD -i left {} -j DROP", share.arguments());
        self.router(router).sh(&format!("iptables {rule}; ip6tables {rule}"));
    }

    /// The router leaves a share of expired probes unanswered, but forwards everything.
    pub fn drop_replies(&self, router: u8, share: Share) {
        let how = share.arguments();
        self.router(router).sh(&format!(
            "iptables -A OUTPUT -p icmp --icmp-type time-exceeded {how} -j DROP
             ip6tables -A OUTPUT -p icmpv6 --icmpv6-type time-exceeded {how} -j DROP"
        ));
    }

    /// Takes all rules of the router back.
    pub fn clear(&self, router: u8) {
        self.router(router).sh("iptables -F; ip6tables -F");
    }
}

const PREPARE: &str = "
    cd /proc/sys/net
    echo 1 > ipv4/ip_forward
    echo 1 > ipv6/conf/all/forwarding
    echo 0 > ipv4/conf/all/rp_filter
    echo 0 > ipv4/conf/default/rp_filter
    echo 0 > ipv6/conf/default/accept_dad";

const NO_LIMIT: &str = "
    cd /proc/sys/net
    echo 0 > ipv4/icmp_ratelimit
    echo 0 > ipv6/icmp/ratelimit
    echo 1000000 > ipv4/icmp_msgs_per_sec || true";

/// The address at end 1 or 2 of a link.
pub fn address(link: u8, end: u8, v6: bool) -> IpAddr {
    if v6 {
        Ipv6Addr::new(0xfd77, 0, 0, link.into(), 0, 0, 0, end.into()).into()
    } else {
        Ipv4Addr::new(10, 77, link, end).into()
    }
}

fn network(link: u8, v6: bool) -> String {
    format!("{}/{}", address(link, 0, v6), if v6 { 64 } else { 24 })
}

fn link(
    number: u8,
    (left, left_name): (&Namespace, &str),
    (right, right_name): (&Namespace, &str),
) {
    left.sh(&format!(
        "ip link add {left_name} type veth peer name {right_name} netns {}",
        right.pid()
    ));
    for (end, node, name) in [(1, left, left_name), (2, right, right_name)] {
        let (v4, v6) = (address(number, end, false), address(number, end, true));
        node.sh(&format!(
            "ip addr add {v4}/24 dev {name}
             ip -6 addr add {v6}/64 dev {name} nodad
             ip link set {name} up"
        ));
    }
}

fn default_by(link: u8, end: u8) -> String {
    let (v4, v6) = (address(link, end, false), address(link, end, true));
    format!("ip route add default via {v4}; ip -6 route add default via {v6};")
}

fn route_by(to: u8, link: u8, end: u8) -> String {
    let (v4, v6) = (address(link, end, false), address(link, end, true));
    let (to4, to6) = (network(to, false), network(to, true));
    format!("ip route replace {to4} via {v4}; ip -6 route replace {to6} via {v6};")
}
