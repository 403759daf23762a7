//! Hosts that are watched in different ways stand side by side, and a device's interfaces are a key
//! away.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_snmp::Value;

use crate::house::{House, LARGE, has_row};
use crate::pty::PATIENCE;
use crate::snmpstub::{Mib, Stub};

/// The interval of the checks, and what may come on top of it (FM-01).
const WITHIN: Duration = Duration::from_secs(2 + 1);
const INLET: [u32; 9] = [1, 3, 6, 1, 4, 1, 9, 1, 0];

#[test]
fn fm_01_a_device_stands_beside_this_machine_and_a_change_is_seen_within_an_interval_and_a_second()
{
    let mut device = Mib::default();
    device.interface(1, "te1/1", "uplink", (1, 1), (0, 0));
    device.interface(2, "te1/2", "spare", (2, 2), (0, 0));
    device.set(&INLET, Value::Integer(21));
    let device = Arc::new(Mutex::new(device));
    let shared = Arc::clone(&device);
    let stub = Stub::start(move |asked| vec![shared.lock().unwrap().answer(asked)]);
    let house = House::new("");
    std::fs::write(house.file("community"), "e2e-c0mmunity\n").unwrap();
    house.configure(&format!(
        r#"
[defaults]
interval = "2s"
attempts = 1

[[host]]
name = "local-1"
address = "127.0.0.1"
[[host.check]]
kind = "system"
# How busy the machine of the test is does not matter here.
thresholds = {{ cpu_usage = [], memory_usage = [], disk_usage = [], io_wait = [], network_error_rate = [], load1_per_core = [] }}

[[host]]
name = "core-1"
address = "127.0.0.1"
[[host.check]]
kind = "snmp"
port = {}
community = {{ file = "{}" }}
get = [{{ name = "inlet", oid = "1.3.6.1.4.1.9.1.0", unit = "C" }}]
thresholds = {{ inlet = [30, 40], link_state = ["", "0:1"] }}
"#,
        stub.port,
        house.file("community").display()
    ));
    let mut console = house.console(LARGE, &[]);
    console.wait("both are OK", PATIENCE, |screen| screen.contains("2 OK"));
    console.silence(Duration::from_millis(400), PATIENCE);
    console.send("3");
    console.wait("the same columns", PATIENCE, |screen| {
        has_row(screen, &["local-1", "OK"]) && has_row(screen, &["core-1", "OK"])
    });

    let changed = Instant::now();
    device.lock().unwrap().set(&INLET, Value::Integer(45));
    console.wait("the change", PATIENCE, |screen| has_row(screen, &["core-1", "CRIT"]));
    assert!(changed.elapsed() <= WITHIN, "seen after {:?}", changed.elapsed());
    let hosts = house.json(&["hosts", "--json"]);
    assert!(hosts.to_string().contains("inlet 45 °C (> 40)"), "{hosts}");
    device.lock().unwrap().set(&INLET, Value::Integer(22));
    console.wait("and back", PATIENCE, |screen| has_row(screen, &["core-1", "OK"]));

    // The interfaces of the device, from the line that carries its name.
    console.silence(Duration::from_millis(400), PATIENCE);
    console.send("/core-1");
    console.silence(Duration::from_millis(400), PATIENCE);
    console.send("\r");
    console.wait("only the device", PATIENCE, |screen| !has_row(screen, &["local-1", "OK"]));
    console.silence(Duration::from_millis(400), PATIENCE);
    console.send("i");
    console.wait("its interfaces", PATIENCE, |screen| {
        has_row(screen, &["✓ up", "te1/1", "uplink", "1 Gb/s"])
            && has_row(screen, &["– shut", "te1/2", "spare"])
    });
    device.lock().unwrap().interface(1, "te1/1", "uplink", (1, 2), (0, 0));
    console.wait("the uplink is down", PATIENCE, |screen| {
        has_row(screen, &["● down", "te1/1", "uplink"])
    });
    for text in
        [console.text(), String::from_utf8_lossy(&house.run(&["config", "show"]).stdout).into()]
    {
        assert!(!text.contains("e2e-c0mmunity"), "{text}");
    }
    let log = std::fs::read_to_string(house.data().join("fluxnoc.log")).unwrap_or_default();
    assert!(!log.contains("e2e-c0mmunity") && !log.contains("async_snmp"), "{log}");
}
