//! What runs a server: a unit for systemd, a container, and a compose file around it.
//!
//! Never: writes a file. Where these belong is the operator's choice.

use crate::config::server::{PORT, TLS_PORT};

/// A unit for `fluxnoc serve`. It is told when the engine answers, and starts it again when that
/// stops.
pub const SYSTEMD: &str = "\
# /etc/systemd/system/fluxnoc.service
#   useradd --system --home-dir /var/lib/fluxnoc fluxnoc
#   systemctl daemon-reload && systemctl enable --now fluxnoc
[Unit]
Description=fluxnoc: monitoring engine and API
Documentation=man:fluxnoc(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify-reload
ExecStart=/usr/local/bin/fluxnoc --config /etc/fluxnoc/config.toml --data-dir /var/lib/fluxnoc serve
User=fluxnoc
Group=fluxnoc
StateDirectory=fluxnoc
StateDirectoryMode=0700
# The engine says twice in this time that it answers.
WatchdogSec=60
Restart=on-failure
RestartSec=2
TimeoutStartSec=600
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
";

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
ENTRYPOINT ["fluxnoc", "--config", "/etc/fluxnoc/config.toml", "--data-dir", "/var/lib/fluxnoc"]
CMD ["serve"]

---
# compose.yaml. The first account: docker compose run --rm server user add NAME --role admin
services:
  server:
    build: .
    restart: unless-stopped
    # Without TLS only where the network is trusted; with `certificate` and `key` in [server] it is {TLS_PORT}.
    command: ["serve", "--listen", "0.0.0.0:{PORT}"]
    environment:
      FLUXNOC_SERVER__INSECURE: "true"
    ports:
      - "127.0.0.1:{PORT}:{PORT}"
      - "127.0.0.1:8081:8081"
    volumes:
      - ./config.toml:/etc/fluxnoc/config.toml:ro
      - fluxnoc:/var/lib/fluxnoc
    cap_add: ["NET_RAW"]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://127.0.0.1:8081/health"]
      interval: 30s
      timeout: 5s
      retries: 3

volumes:
  fluxnoc: {{}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    #[test]
    fn fb_14_fs_04_d_33_the_compose_file_has_the_documents_numbers() {
        let text = compose();
        let (container, compose) = text.split_once("\n---\n").unwrap();
        assert!(container.contains("EXPOSE 4040 4041 8081"), "{container}");
        let read = yaml::read(compose).unwrap();
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
    fn the_unit_is_told_of_readiness_and_watched() {
        let lines: Vec<&str> = SYSTEMD.lines().collect();
        for line in ["Type=notify-reload", "WatchdogSec=60", "NoNewPrivileges=true"] {
            assert!(lines.contains(&line), "{line}");
        }
        assert!(lines.iter().any(|l| l.starts_with("ExecStart=") && l.ends_with(" serve")));
    }
}
