//! What runs a server: a unit for systemd, a container, and a compose file around it.
//!
//! Never: writes a file. Where these belong is the operator's choice.

use crate::config::server::{PORT, TLS_PORT};

/// A unit for `fluxnoc serve`, or for `fluxnoc agent`. The manager is told when it works, and starts
/// it again when it stops by itself.
#[must_use]
pub fn systemd(agent: bool) -> String {
    if agent { unit(&AGENT) } else { unit(&SERVER) }
}

/// What differs between the units.
struct Runs {
    name: &'static str,
    what: &'static str,
    kind: &'static str,
    start: &'static str,
    user: &'static str,
    /// Lines of their own below the user.
    more: &'static str,
    /// How long the start may take.
    patience: &'static str,
}

const SERVER: Runs = Runs {
    name: "fluxnoc",
    what: "monitoring engine and API",
    kind: "notify-reload",
    start: "--config /etc/fluxnoc/config.toml --data-dir /var/lib/fluxnoc serve",
    user: "fluxnoc",
    more: "",
    patience: "600",
};

const AGENT: Runs = Runs {
    name: "fluxnoc-agent",
    what: "agent for servers elsewhere",
    kind: "notify",
    start: "--data-dir /var/lib/fluxnoc-agent agent",
    user: "fluxnoc-agent",
    more: "\
# SPEED_SERVER_URL=https://noc.example:4041, AGENT_NAME, AGENT_LOCATION, and AGENT_TOKEN for the first
# start; mode 0600, for the token is a secret.
EnvironmentFile=/etc/fluxnoc/agent.env
",
    // It registers as soon as a server is there, however long that takes.
    patience: "infinity",
};

fn unit(runs: &Runs) -> String {
    let Runs { name, what, kind, start, user, more, patience } = runs;
    format!(
        "\
# /etc/systemd/system/{name}.service
#   useradd --system --home-dir /var/lib/{user} {user}
#   systemctl daemon-reload && systemctl enable --now {name}
[Unit]
Description=fluxnoc: {what}
Documentation=man:fluxnoc(1)
Wants=network-online.target
After=network-online.target

[Service]
Type={kind}
ExecStart=/usr/local/bin/fluxnoc {start}
User={user}
Group={user}
{more}StateDirectory={user}
StateDirectoryMode=0700
# It says twice in this time that it answers.
WatchdogSec=60
Restart=on-failure
RestartSec=2
TimeoutStartSec={patience}
TimeoutStopSec=30
LimitNOFILE=65536
# Raw sockets for machines whose net.ipv4.ping_group_range leaves the user out.
AmbientCapabilities=CAP_NET_RAW
CapabilityBoundingSet=CAP_NET_RAW
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
ProtectKernelTunables=true
ProtectControlGroups=true
RestrictSUIDSGID=true

[Install]
WantedBy=multi-user.target
"
    )
}

/// A Containerfile and a compose file. The health check has the numbers of the document (SPEC
/// FB-14): every 30 s, 5 s of time, three tries.
#[must_use]
pub fn compose() -> String {
    format!(
        r#"# Containerfile
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl iputils-ping \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/fluxnoc fluxnoc
COPY target/release/fluxnoc /usr/local/bin/fluxnoc
USER fluxnoc
VOLUME /var/lib/fluxnoc
EXPOSE {PORT} {TLS_PORT} 8081
ENV FLUXNOC_DATA_DIR=/var/lib/fluxnoc
ENTRYPOINT ["fluxnoc"]
CMD ["serve"]

---
# compose.yaml
#   POSTGRES_PASSWORD=... docker compose up --detach       the server and its database
#   docker compose exec server fluxnoc user add NAME --role admin
#   docker compose exec server fluxnoc token add --agent cellar
#   AGENT_TOKEN=... docker compose --profile agent up --detach
# Passwords and tokens may stand in a file .env beside this one.
x-fluxnoc: &fluxnoc
  build: .
  image: fluxnoc
  restart: unless-stopped
  cap_add: ["NET_RAW"]

services:
  server:
    <<: *fluxnoc
    # Without TLS only where the network is trusted; with `certificate` and `key` in [server] it is {TLS_PORT}.
    command: ["serve", "--listen", "0.0.0.0:{PORT}"]
    environment:
      FLUXNOC_CONFIG: "/etc/fluxnoc/config.toml"
      FLUXNOC_SERVER__INSECURE: "true"
      FLUXNOC_DATABASE: "postgres://fluxnoc:${{POSTGRES_PASSWORD:?letters and digits, in .env}}@database/fluxnoc"
    depends_on:
      database:
        condition: service_healthy
    ports:
      - "127.0.0.1:{PORT}:{PORT}"
      - "127.0.0.1:8081:8081"
    volumes:
      - ./config.toml:/etc/fluxnoc/config.toml:ro
      - server:/var/lib/fluxnoc
    healthcheck:
      test: ["CMD", "curl", "-f", "http://127.0.0.1:8081/health"]
      interval: 30s
      timeout: 5s
      retries: 3

  # One per place; elsewhere with SPEED_SERVER_URL=https://HOST:{TLS_PORT} and without --insecure.
  agent:
    <<: *fluxnoc
    profiles: ["agent"]
    command: ["agent", "--insecure"]
    environment:
      SPEED_SERVER_URL: "http://server:{PORT}"
      AGENT_NAME: "${{AGENT_NAME:-cellar}}"
      AGENT_LOCATION: "${{AGENT_LOCATION:-}}"
      AGENT_TOKEN: "${{AGENT_TOKEN:-}}"
    volumes:
      - agent:/var/lib/fluxnoc

  # Left out where there is a PostgreSQL already: name it in FLUXNOC_DATABASE.
  database:
    image: docker.io/library/postgres:17
    restart: unless-stopped
    environment:
      POSTGRES_USER: fluxnoc
      POSTGRES_PASSWORD: "${{POSTGRES_PASSWORD:?letters and digits, in .env}}"
    volumes:
      - database:/var/lib/postgresql/data
    healthcheck:
      test: ["CMD", "pg_isready", "--username", "fluxnoc"]
      interval: 5s
      timeout: 5s
      retries: 12

volumes:
  server: {{}}
  agent: {{}}
  database: {{}}
"#
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;
    use crate::config::yaml;

    /// The reader of configurations merges nothing; what the services share stands by itself.
    fn read(compose: &str) -> yaml::Node {
        let plain = compose.replace("    <<: *fluxnoc\n", "").replace("x-fluxnoc: &fluxnoc", "x:");
        yaml::read(&plain).unwrap()
    }

    #[test]
    fn fb_14_fs_04_d_33_the_compose_file_has_the_documents_numbers() {
        let text = compose();
        let (container, compose) = text.split_once("\n---\n").unwrap();
        assert!(container.contains("EXPOSE 4040 4041 8081"), "{container}");
        let read = read(compose);
        let server = read.get("services").and_then(|all| all.get("server")).unwrap();
        let check = server.get("healthcheck").unwrap();
        let said = |key: &str| check.get(key).and_then(yaml::Node::text);
        assert_eq!(said("interval"), Some("30s"));
        assert_eq!(said("timeout"), Some("5s"));
        assert_eq!(said("retries"), Some("3"));
        let yaml::Value::List(test) = &check.get("test").unwrap().value else { panic!("no list") };
        let words: Vec<&str> = test.iter().filter_map(yaml::Node::text).collect();
        assert_eq!(words, ["CMD", "curl", "-f", "http://127.0.0.1:8081/health"]);
    }

    #[test]
    fn fq_15_the_readme_has_the_probes_with_the_documents_numbers() {
        let readme = include_str!("../../README.md");
        let manifest = readme.split("```yaml\n").find(|part| part.starts_with("livenessProbe"));
        let manifest = manifest.and_then(|part| part.split("```").next()).unwrap();
        let read = yaml::read(manifest).unwrap();
        for (probe, path, delay, period) in
            [("livenessProbe", "/health", "5", "10"), ("readinessProbe", "/ready", "10", "5")]
        {
            let probe = read.get(probe).unwrap();
            let said = |key: &str| probe.get(key).and_then(yaml::Node::text);
            assert_eq!(said("initialDelaySeconds"), Some(delay));
            assert_eq!(said("periodSeconds"), Some(period));
            let asked = probe.get("httpGet").unwrap();
            assert_eq!(asked.get("path").and_then(yaml::Node::text), Some(path));
            assert_eq!(asked.get("port").and_then(yaml::Node::text), Some("8081"));
        }
    }

    #[test]
    fn the_compose_file_runs_a_server_on_its_database_and_an_agent_at_the_server() {
        let text = compose();
        let (_, compose) = text.split_once("\n---\n").unwrap();
        let read = read(compose);
        let at = |path: &[&str]| {
            let node = path.iter().try_fold(&read, |node, key| node.get(key));
            node.unwrap_or_else(|| panic!("{path:?} is missing"))
        };
        let said = |path: &[&str]| at(path).text().unwrap().to_owned();
        let url = said(&["services", "server", "environment", "FLUXNOC_DATABASE"]);
        let url = url.replace("${POSTGRES_PASSWORD:?letters and digits, in .env}", "secret");
        let Target { host, database, .. } = target(&url);
        assert!(at(&["services"]).get(&host).is_some(), "{url}");
        assert_eq!(database, said(&["services", "database", "environment", "POSTGRES_USER"]));
        assert_eq!(
            said(&["services", "server", "depends_on", "database", "condition"]),
            "service_healthy"
        );
        let server = said(&["services", "agent", "environment", "SPEED_SERVER_URL"]);
        assert_eq!(server, format!("http://server:{PORT}"));
        for (service, volume) in [
            ("server", "server:/var/lib/fluxnoc"),
            ("agent", "agent:/var/lib/fluxnoc"),
            ("database", "database:/var/lib/postgresql/data"),
        ] {
            let yaml::Value::List(volumes) = &at(&["services", service, "volumes"]).value else {
                panic!("no list")
            };
            assert!(volumes.iter().any(|v| v.text() == Some(volume)), "{service}");
            assert!(at(&["volumes"]).get(service).is_some(), "{service}");
        }
    }

    /// What a URL of a database says.
    struct Target {
        host: String,
        database: String,
    }

    fn target(url: &str) -> Target {
        let rest = url.strip_prefix("postgres://fluxnoc:secret@").unwrap();
        let (host, database) = rest.split_once('/').unwrap();
        Target { host: host.to_owned(), database: database.to_owned() }
    }

    /// The words after the program are ones that it takes.
    #[test]
    fn what_units_and_containers_start_can_be_typed() {
        let text = compose();
        let (container, compose) = text.split_once("\n---\n").unwrap();
        let words = |line: &str| -> Vec<String> {
            let list = line.split_once('[').and_then(|(_, list)| list.split_once(']')).unwrap().0;
            list.split(',').map(|word| word.trim().trim_matches('"').to_owned()).collect()
        };
        let line = |text: &str, start: &str, nth: usize| {
            let mut lines = text.lines().filter(|line| line.trim_start().starts_with(start));
            words(lines.nth(nth).unwrap())
        };
        let entry = line(container, "ENTRYPOINT", 0);
        let mut starts = vec![
            [entry.clone(), line(compose, "command:", 0)].concat(),
            [entry.clone(), line(compose, "command:", 1)].concat(),
            [entry, line(container, "CMD", 0)].concat(),
        ];
        for unit in [systemd(false), systemd(true)] {
            let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
            starts.push(start.split(' ').map(str::to_owned).collect());
        }
        for start in starts {
            if let Err(wrong) = Cli::try_parse_from(&start) {
                panic!("{start:?}: {wrong}");
            }
        }
    }

    #[test]
    fn the_units_are_told_of_readiness_and_watched() {
        let server = systemd(false);
        let lines: Vec<&str> = server.lines().collect();
        for line in ["Type=notify-reload", "WatchdogSec=60", "NoNewPrivileges=true"] {
            assert!(lines.contains(&line), "{line}");
        }
        assert!(lines.iter().any(|l| l.starts_with("ExecStart=") && l.ends_with(" serve")));
        let agent = systemd(true);
        for line in ["Type=notify", "WatchdogSec=60", "EnvironmentFile=/etc/fluxnoc/agent.env"] {
            assert!(agent.lines().any(|l| l == line), "{line}");
        }
    }
}
