//! Whole runs: on made-up `/proc` folders and on this machine.

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::probe::context::Shared;

fn context() -> Context {
    let shared: Arc<Shared> = Shared::start().unwrap();
    Context::new(&shared, Duration::from_secs(30))
}

struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(TempDir::new().unwrap());
        machine.write("proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
        machine.write("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 590 kB\n");
        machine.write("proc/loadavg", "0.62 0.5 0.4 1/99 5\n");
        machine.write("proc/uptime", "100.0 5.0\n");
        machine.net(1000, 10);
        machine.write("proc/self/mountinfo", "");
        machine.write("sys/class/net/eth0/speed", "1000\n");
        machine
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn net(&self, packets: u64, errors: u64) {
        let row = format!("eth0: 5000 {packets} {errors} 0 0 0 0 0 5000 0 0 0 0 0 0 0\n");
        self.write("proc/net/dev", &format!("Inter-| x\n face | y\n    lo: 1 1\n  {row}"));
    }

    fn roots(&self) -> Roots {
        Roots { proc: self.0.path().join("proc"), sys: self.0.path().join("sys") }
    }

    async fn run(&self, memory: &mut Memory) -> Observation {
        run_at(self.roots(), &SystemSpec::default(), &context(), memory).await.unwrap()
    }
}

fn of<'a>(seen: &'a Observation, name: &str) -> Vec<&'a Metric> {
    seen.metrics.iter().filter(|metric| &*metric.name == name).collect()
}

#[tokio::test]
async fn counters_go_through_memory_and_become_rates() {
    let machine = Machine::new();
    let mut memory = Memory::default();
    let first = machine.run(&mut memory).await;
    assert!(of(&first, "cpu_usage").is_empty(), "nothing moved between two samples");
    assert_eq!(memory.counters.get("cpu.idle"), Some(&700));
    assert_eq!(memory.counters.get("net.eth0.rx_packets"), Some(&1000));
    machine.write("proc/stat", "cpu  112 0 100 768 120 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
    machine.net(1200, 20);
    let seen = machine.run(&mut memory).await;
    assert_eq!(seen.value("cpu_usage"), Some(12.0));
    assert_eq!(seen.value("io_wait"), Some(20.0));
    assert!((seen.value("memory_usage").unwrap() - 41.0).abs() < 1e-9);
    assert_eq!(seen.value("load1_per_core"), Some(0.31));
    assert!((of(&seen, "network_error_rate")[0].value - 5.0).abs() < 1e-9);
    assert!((of(&seen, "network_speed")[0].value - 1e9).abs() < 1e-3);
    assert_eq!(seen.output.as_str(), "cpu 12 %, memory 41 %, load 0.31 per core");
    assert_eq!(seen.failure, None);

    // A reset: the interface and the processor are left out once, without a spike.
    machine.write("proc/stat", "cpu  1 0 1 7 1 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
    machine.net(5, 0);
    let reset = machine.run(&mut memory).await;
    for name in ["cpu_usage", "io_wait", "network_error_rate", "octets_in"] {
        assert!(of(&reset, name).is_empty(), "{name}");
    }
    machine.net(10, 0);
    let after = machine.run(&mut memory).await;
    assert_eq!(of(&after, "network_error_rate")[0].value.to_bits(), 0.0_f64.to_bits());
}

#[tokio::test]
async fn fm_13_unknown_cores_are_said_and_nothing_is_divided() {
    let machine = Machine::new();
    machine.write("proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\nintr 1\n");
    let seen = machine.run(&mut Memory::default()).await;
    assert!(of(&seen, "load1_per_core").is_empty());
    assert_eq!(seen.value("load1"), Some(0.62));
    let failure = seen.failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Local);
    assert!(failure.message.as_str().starts_with("number of cores unknown"), "{failure:?}");
    assert!(seen.output.as_str().starts_with("memory 41 %, load 0.62; number of cores unknown"));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_rest_is_measured() {
    let machine = Machine::new();
    std::fs::remove_file(machine.0.path().join("proc/meminfo")).unwrap();
    machine.write("proc/loadavg", "what\n");
    let seen = machine.run(&mut Memory::default()).await;
    let message = seen.failure.as_ref().unwrap().message.as_str().to_owned();
    assert!(message.contains("meminfo: No such file"), "{message}");
    assert!(message.contains("load unknown"), "{message}");
    assert_eq!(of(&seen, "uptime").len(), 1);
}

#[tokio::test]
async fn bad_globs_are_named() {
    let spec = SystemSpec { exclude_fs: vec!["/a[".to_owned()], exclude_if: Vec::new() };
    let failure = run(&spec, &context(), &mut Memory::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config);
    assert!(failure.message.as_str().contains("/a["), "{failure:?}");
}

#[tokio::test]
async fn fm_08_to_fm_13_this_machine_is_measured() {
    let mut memory = Memory::default();
    let start = Instant::now();
    let seen = run(&SystemSpec::default(), &context(), &mut memory).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(seen.failure, None);
    for name in ["cpu_usage", "memory_usage", "io_wait", "open_files"] {
        let value = seen.value(name).expect(name);
        assert!((0.0..=100.0).contains(&value), "{name} {value}");
    }
    for name in ["load1", "load1_per_core", "uptime"] {
        assert!(seen.value(name).expect(name) >= 0.0, "{name}");
    }
    for metric in &seen.metrics {
        assert!(metric.value.is_finite(), "{}", metric.label());
    }
    assert!(seen.output.as_str().starts_with("cpu "), "{}", seen.output);
    // A second run right afterwards has its own, long enough interval.
    let again = run(&SystemSpec::default(), &context(), &mut memory).await.unwrap();
    assert!(again.value("cpu_usage").is_some());
}
