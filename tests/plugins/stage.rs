//! The targets: every server, address and script that the table names.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::dnsserver::{Answer, DnsServer, Zone};
use super::mariadb::MariaDb;
use super::nginx::Nginx;
use super::rude::{self, Echo, FOREVER};
use super::scene::sh;
use super::tls::{Authority, Pair};

const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;
const SLOW: Duration = Duration::from_millis(400);
const NOW: Duration = Duration::ZERO;

/// Everything that must live while targets are looked at, and where it is.
pub struct Stage {
    /// What `{name}` in the table stands for.
    pub places: BTreeMap<String, String>,
    /// An empty home and working directory.
    pub home: PathBuf,
    _dns: DnsServer,
    _nginx: Nginx,
    _mariadb: MariaDb,
    _processes: Processes,
    _dir: tempfile::TempDir,
}

impl Stage {
    /// Prepares the namespace and starts everything.
    pub fn set() -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-plugins-").tempdir().unwrap();
        network(dir.path());
        let dns = DnsServer::start(SocketAddr::from((LOCAL, 53)), zone());
        let authority = Authority::new(dir.path());
        let expired = authority.issue("expired", "shop.test", -3);
        let database = {
            let expired = expired.clone();
            std::thread::spawn(move || mariadb(&expired))
        };
        let mut places = BTreeMap::new();
        let mut put = |name: &str, place: String| {
            assert!(places.insert(name.to_owned(), place).is_none(), "{name} is there twice");
        };
        for (name, port) in ports() {
            put(name, port.to_string());
        }
        let (nginx, sites) = web(&authority, &expired);
        for (name, port) in sites {
            put(name, port.to_string());
        }
        put("ca", authority.file().display().to_string());
        let processes = Processes::start(dir.path());
        put("run", dir.path().join("run").display().to_string());
        put("scripts", scripts(dir.path()).display().to_string());
        put("plugins", super::PLUGINS.to_owned());
        put("calm", CALM.to_owned());
        put("no_disks", NO_DISKS.to_owned());
        for (name, place) in disks(dir.path()).into_iter().chain(loads()) {
            put(&name, place);
        }
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let database = database.join().expect("MariaDB starts");
        put("mysql", database.port.to_string());
        put("mysql_socket", database.socket().display().to_string());
        Self {
            places,
            home,
            _dns: dns,
            _nginx: nginx,
            _mariadb: database,
            _processes: processes,
            _dir: dir,
        }
    }
}

/// Loopback with silent and forbidding addresses, pings that the test answers itself, and our
/// resolver for every program.
fn network(dir: &Path) {
    let resolver = dir.join("resolv.conf");
    std::fs::write(&resolver, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").unwrap();
    let switch = dir.join("nsswitch.conf");
    std::fs::write(&switch, "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")
        .unwrap();
    sh(&format!(
        "ip link set lo up
         iptables -A INPUT -d 127.0.9.9 -j DROP
         iptables -A INPUT -d 127.0.9.8 -j REJECT --reject-with icmp-admin-prohibited
         iptables -A OUTPUT -s 127.0.8.0/24 -p icmp --icmp-type echo-reply \
             -m ttl ! --ttl-eq {} -j DROP
         mount --bind {} /etc/resolv.conf
         mount --bind {} /etc/nsswitch.conf",
        rude::ECHO_TTL,
        resolver.display(),
        switch.display()
    ));
    for (last, how) in [
        (1, Echo::After(Duration::from_millis(300))),
        (2, Echo::After(Duration::from_millis(700))),
        (3, Echo::Every(2)),
        (4, Echo::Every(4)),
        (5, Echo::Changed),
        (6, Echo::Larger),
        (7, Echo::Times(3)),
    ] {
        rude::echo(Ipv4Addr::new(127, 0, 8, last), how);
    }
}

fn zone() -> Zone {
    let address = |last| Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, last)]);
    Zone::from([
        ("shop.test", Answer::Addresses(vec![LOCAL])),
        ("other.test", Answer::Addresses(vec![LOCAL])),
        ("good.test", address(10)),
        ("two.test", Answer::Addresses(vec![[192, 0, 2, 10].into(), [192, 0, 2, 11].into()])),
        ("alias.test", Answer::Alias("good.test", Ipv4Addr::new(192, 0, 2, 10))),
        ("text.test", Answer::Text("v=spf1 -all")),
        ("slow.test", Answer::Late(SLOW, Box::new(address(12)))),
        ("silent.test", Answer::Silent),
        ("servfail.test", Answer::Code(2)),
        ("refused.test", Answer::Code(5)),
        ("empty.test", Answer::Addresses(Vec::new())),
        ("garbage.test", Answer::Garbage),
        ("foreign.test", Answer::Foreign),
        ("long.test", Answer::Long(120)),
        ("cut.test", Answer::Cut),
    ])
}

/// The small servers, by name.
fn ports() -> Vec<(&'static str, u16)> {
    vec![
        // TCP
        ("banner", rude::tcp(LOCAL, rude::says(b"220 ready\r\n", NOW))),
        ("banner_v6", rude::tcp(Ipv6Addr::LOCALHOST, rude::says(b"220 ready\r\n", NOW))),
        ("short_banner", rude::tcp(LOCAL, rude::says_and_closes(b"220 ready\r\n"))),
        ("slow_banner", rude::tcp(LOCAL, rude::says(b"220 ready\r\n", SLOW))),
        ("mute", rude::tcp(LOCAL, rude::says(b"", NOW))),
        ("closing", rude::tcp(LOCAL, drop)),
        ("resetting", rude::tcp(LOCAL, rude::resets)),
        ("endless", rude::tcp(LOCAL, rude::endless(b"", &[b'x'; 4096], NOW))),
        ("full", full()),
        ("closed", closed()),
        // UDP
        ("pong", rude::udp(LOCAL, |_| Some(b"pong".to_vec()))),
        ("pong_v6", rude::udp(Ipv6Addr::LOCALHOST, |_| Some(b"pong".to_vec()))),
        (
            "slow_pong",
            rude::udp(LOCAL, |_| {
                std::thread::sleep(SLOW);
                Some(b"pong".to_vec())
            }),
        ),
        ("udp_silent", rude::udp(LOCAL, |_| None)),
        ("udp_large", rude::udp(LOCAL, |_| Some([b"pong".as_slice(), &[b'x'; 60_000]].concat()))),
        ("udp_empty", rude::udp(LOCAL, |_| Some(Vec::new()))),
        // HTTP
        ("http_slow", rude::tcp(LOCAL, rude::replies(ANSWER, SLOW))),
        ("http_garbage", rude::tcp(LOCAL, rude::replies("SSH-2.0-OpenSSH_9.2\r\n", NOW))),
        (
            "http_short",
            rude::tcp(
                LOCAL,
                rude::replies("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this", NOW),
            ),
        ),
        (
            "http_head",
            rude::tcp(
                LOCAL,
                rude::endless(
                    b"HTTP/1.1 200 OK\r\n",
                    b"X-More: and more and more and more\r\n",
                    NOW,
                ),
            ),
        ),
        (
            "http_drip",
            rude::tcp(
                LOCAL,
                rude::endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x", Duration::from_millis(100)),
            ),
        ),
        (
            "http_endless",
            rude::tcp(LOCAL, rude::endless(b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 65_536], NOW)),
        ),
        // MySQL
        ("mysql_garbage", rude::tcp(LOCAL, rude::says(b"SSH-2.0-OpenSSH_9.2\r\n", NOW))),
        ("mysql_busy", rude::tcp(LOCAL, rude::says(BUSY, NOW))),
        (
            "mysql_huge",
            rude::tcp(LOCAL, rude::endless(b"\xff\xff\xff\x00\x0a", &[b'x'; 65_536], NOW)),
        ),
    ]
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

/// Error 1040 instead of a greeting.
const BUSY: &[u8] = b"\x17\x00\x00\x00\xff\x10\x04Too many connections";

/// A port whose queue of connections is full: further ones hang as if they were filtered.
fn full() -> u16 {
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((LOCAL, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.as_socket().unwrap().port();
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let socket =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    std::mem::forget((listener, waiting));
    port
}

/// A port that nobody listens at, TCP or UDP.
fn closed() -> u16 {
    TcpListener::bind((LOCAL, 0)).unwrap().local_addr().unwrap().port()
}

/// nginx with good and bad answers and certificates; gives the ports by name.
fn web(authority: &Authority, expired: &Pair) -> (Nginx, Vec<(&'static str, u16)>) {
    let good = authority.issue("good", "shop.test", 90);
    let soon = authority.issue("soon", "shop.test", 5);
    let later = authority.issue("later", "shop.test", 15);
    let lonely = authority.self_signed("self", "shop.test");
    let sites = [
        ("web", None),
        ("tls_good", Some(&good)),
        ("tls_expired", Some(expired)),
        ("tls_soon", Some(&soon)),
        ("tls_later", Some(&later)),
        ("tls_self", Some(&lonely)),
    ];
    let sites = sites.map(|(name, pair)| (name, closed(), pair));
    let servers: Vec<String> = sites
        .iter()
        .map(|(_, port, pair)| {
            let (kind, files) = match pair {
                None => ("", String::new()),
                Some(pair) => (
                    " ssl",
                    format!(
                        "ssl_certificate {}; ssl_certificate_key {};",
                        pair.certificate.display(),
                        pair.key.display()
                    ),
                ),
            };
            format!("server {{ listen 127.0.0.1:{port}{kind}; {files} {LOCATIONS} }}")
        })
        .collect();
    let nginx = Nginx::start(&servers.join("\n"), sites[0].1);
    (nginx, sites.iter().map(|(name, port, _)| (*name, *port)).collect())
}

const LOCATIONS: &str = r#"
    location / { return 200 "hello from the shop\n"; }
    location /gone { return 404 "gone\n"; }
    location /broken { return 500 "broken\n"; }
    location /login { auth_basic "shop"; auth_basic_user_file /dev/null; return 401; }
    location /moved { return 302 /; }
    location /loop { return 302 /loop; }
    location /away { return 302 http://nowhere.test/; }
"#;

fn mariadb(pair: &Pair) -> MariaDb {
    const USERS: &str = "CREATE DATABASE shop;\n\
        CREATE TABLE shop.stock (n INT);\n\
        CREATE USER monitor@'%' IDENTIFIED BY 'secret';\n\
        GRANT SELECT ON shop.* TO monitor@'%';\n\
        CREATE USER full@'%' IDENTIFIED BY 'secret' WITH MAX_QUERIES_PER_HOUR 1;\n\
        CREATE USER old@'%' IDENTIFIED BY 'secret' PASSWORD EXPIRE;\n";
    let (certificate, key) = (pair.certificate.display(), pair.key.display());
    // The server runs as another user.
    sh(&format!("chmod 755 $(dirname {key}); chmod 644 {key}"));
    let options = [format!("--ssl-cert={certificate}"), format!("--ssl-key={key}")];
    MariaDb::start(USERS, &[&options[0], &options[1], "--disconnect-on-expired-password=ON"])
}

/// `system` looks at everything at once: what a comparison is not about must not alert.
const CALM: &str = "--threshold cpu_usage=100,100 --threshold io_wait=100,100 \
    --threshold memory_usage=100,100 --threshold load1_per_core=100000,100000 --exclude-if '*'";
/// Nor the disks of the machine that the test runs on.
const NO_DISKS: &str = "--exclude-fs '*'";

/// Files of the kernel with so much load, and limits, in numbers of cores.
fn loads() -> Vec<(String, String)> {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let is_core = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let cores = f64::from(u32::try_from(stat.lines().filter(is_core).count()).unwrap());
    let mut places = vec![
        ("two_per_core".to_owned(), (cores * 2.0).to_string()),
        ("four_per_core".to_owned(), (cores * 4.0).to_string()),
    ];
    for (name, load) in
        [("calm", 0.25), ("limit", 2.0), ("above", 2.5), ("high", 4.5), ("highest", 100.0)]
    {
        let text = format!("{:.2} 1.00 1.00 1/200 4242\n", load * cores);
        places.push((format!("load_{name}"), text));
    }
    places
}

/// File systems of 10 MiB that are as full as their names say. They are memory, which is no disk
/// for anybody: `{mount_NAME}` is the line of a mount table that says they are.
fn disks(dir: &Path) -> Vec<(String, String)> {
    let disks = dir.join("disks");
    let mut places = vec![("disks".to_owned(), disks.display().to_string())];
    for (number, (name, fill)) in [
        ("empty", "head -c 1M /dev/zero >data"),
        ("fuller", "head -c 8704K /dev/zero >data"),
        ("full", "head -c 11M /dev/zero >data || true"),
        ("inodes", "i=0; while [ $i -lt 94 ]; do : >$i; i=$((i+1)); done"),
    ]
    .into_iter()
    .enumerate()
    {
        let point = disks.join(name).display().to_string();
        sh(&format!(
            "mkdir -p {point}; mount -t tmpfs -o size=10M,nr_inodes=100 none {point}
             cd {point}; {fill} 2>/dev/null"
        ));
        let line = format!(
            "{} 1 8:{number} / {point} rw,relatime - ext4 /dev/sd{number} rw\n",
            900 + number
        );
        places.push((format!("mount_{name}"), line));
    }
    places
}

/// Programs under names of their own, for the counting of processes.
struct Processes(Vec<Child>);

impl Processes {
    fn start(dir: &Path) -> Self {
        let run = dir.join("run");
        std::fs::create_dir(&run).unwrap();
        let sleep = ["/usr/bin/sleep", "/bin/sleep"].into_iter().find(|p| Path::new(p).exists());
        let sleep = sleep.expect("coreutils are installed");
        let mut children = Vec::new();
        for (name, count) in [("fluxone", 1), ("fluxthree", 3), ("flux-with-a-very-long-name", 1)] {
            let program = run.join(name);
            std::fs::copy(sleep, &program).unwrap();
            for _ in 0..count {
                children.push(start(&program, &["86400"]));
            }
        }
        // A shell that turns round and round.
        let busy = run.join("fluxbusy");
        std::fs::copy("/bin/sh", &busy).unwrap();
        children.push(start(&busy, &["-c", "while :; do :; done"]));
        // One that is over, and that nobody has asked about.
        let program = run.join("fluxzombie");
        std::fs::copy("/bin/true", &program).unwrap();
        let zombie = start(&program, &[]);
        wait_for_zombie(zombie.id());
        std::fs::write(run.join("fluxzombie.pid"), zombie.id().to_string()).unwrap();
        children.push(zombie);
        std::fs::write(run.join("fluxone.pid"), children[0].id().to_string()).unwrap();
        std::fs::write(run.join("stale.pid"), "999999\n").unwrap();
        Self(children)
    }
}

fn start(program: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn wait_for_zombie(pid: u32) {
    let end = Instant::now() + FOREVER;
    let path = format!("/proc/{pid}/stat");
    while !std::fs::read_to_string(&path).is_ok_and(|stat| stat.contains(") Z ")) {
        assert!(Instant::now() < end, "{pid} does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Plugins of somebody, good and bad, as `name` in one directory.
fn scripts(dir: &Path) -> PathBuf {
    let scripts = dir.join("scripts");
    std::fs::create_dir(&scripts).unwrap();
    for (name, mode, text) in [
        ("exit4", "755", "echo 'I say four'; exit 4"),
        ("exit127", "755", "echo 'no such tool'; exit 127"),
        ("killed", "755", "echo 'about to fall'; kill -SEGV $$"),
        ("hangs", "755", "echo 'wait for me'; exec sleep 15"),
        ("leaves", "755", "sleep 15 & echo 'OK - all well'; exit 0"),
        ("mute", "755", "exit 0"),
        ("mute_bad", "755", "exit 2"),
        ("stderr", "755", "echo 'only to stderr' >&2; exit 2"),
        (
            "flood",
            "755",
            "i=0; while [ $i -lt 40000 ]; do echo 'line of a flood'; i=$((i+1)); done; exit 1",
        ),
        ("colours", "755", "printf 'OK - \\033[31mred\\033[0m \\007bell|a=1;2;3\\n'; exit 0"),
        (
            "perfdata",
            "755",
            "echo \"OK - fine | time=0.5s;1;2;0;10 'free space'=20%;20:;10:\"; exit 0",
        ),
        (
            "environment",
            "755",
            "echo \"${SECRET:-nothing} in the environment\"; [ -z \"$SECRET\" ]",
        ),
        ("not_executable", "644", "exit 0"),
        ("writable", "777", "echo 'anybody wrote me'; exit 0"),
    ] {
        let path = scripts.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        sh(&format!("chmod {mode} {}", path.display()));
    }
    let path = scripts.join("bad_interpreter");
    std::fs::write(&path, "#!/no/such/shell\nexit 0\n").unwrap();
    sh(&format!("chmod 755 {}", path.display()));
    scripts
}
