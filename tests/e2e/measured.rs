//! A speedtest and a trace from the keyboard over a real link, watched while they run.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::house::{House, LARGE};
use crate::netns::{self, Chain, Plan};
use crate::pty::{PATIENCE, Terminal};

/// How long nothing was painted before a key is pressed.
const REST: Duration = Duration::from_millis(350);
/// Ten seconds of measuring, with what comes before and after.
const MEASURES: Duration = Duration::from_secs(60);

/// A real iperf3 server at the end of the chain; dropped, it is killed.
struct Server(Child);

impl Server {
    fn start(chain: &Chain) -> Self {
        let mut command = chain.b().command("iperf3");
        let server = Self(command.arg("-s").stdout(Stdio::null()).spawn().unwrap());
        chain.b().sh("until ss -Hltn 'sport = :5201' | grep -q 5201; do sleep 0.05; done");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn keys(console: &mut Terminal, keys: &str) {
    console.silence(REST, PATIENCE);
    console.send(keys);
}

/// Opens the form of a test and goes to the choice of its kind.
fn open_form(console: &mut Terminal) {
    keys(console, "T");
    console.wait("the form", PATIENCE, |screen| {
        screen.contains("Run a network test") && screen.contains("Cancel")
    });
    keys(console, "\t");
}

#[test]
#[ignore = "needs network namespaces and iperf3; tests/run runs it"]
fn fs_12_fs_23_a_speedtest_and_a_trace_are_run_from_the_keyboard_and_watched() {
    let name =
        "measured::fs_12_fs_23_a_speedtest_and_a_trace_are_run_from_the_keyboard_and_watched";
    netns::scene(name, || {
        let chain = Chain::build(Plan { routers: 2, ..Plan::default() });
        let _server = Server::start(&chain);
        let target = chain.target(false);
        let house = House::new(&format!(
            "[[host]]\nname = \"far-1\"\naddress = \"{target}\"\n[[host.check]]\nkind = \"ping\"\n\
             [[target]]\nname = \"far\"\nplace = \"{target}:5201\"\n"
        ));
        let enter = format!("--net=/proc/{}/ns/net", chain.a().pid());
        let before = [enter.as_str(), "--", crate::house::FLUXNOC];
        let nsenter = std::path::Path::new("/usr/bin/nsenter");
        let mut console = house.console_by(nsenter, &before, LARGE, &[]);
        console.wait_for("1 OK");

        // Only to the target, ten seconds.
        keys(&mut console, "6");
        console.wait("the view", PATIENCE, |screen| screen.contains("─ Speed"));
        open_form(&mut console);
        keys(&mut console, "\t\x15far\t\t");
        keys(&mut console, "\x1b[C\x1b[C");
        console.wait_for("[upload]");
        keys(&mut console, "\t\x1b[D");
        console.wait_for("[10]");
        keys(&mut console, "\r");
        // Live: how far it is, and a rate before it is over.
        let far = console.wait("it is watched", MEASURES, |screen| {
            screen.contains("so far") && screen.contains(" running ") && rate(screen).is_some()
        });
        assert!(!far.contains("✓ done"), "{far}");
        let over = console.wait("it is over", MEASURES, |screen| {
            !screen.contains("so far") && screen.contains("done") && rate(screen).is_some()
        });
        assert!(over.contains("far"), "{over}");

        // A trace to the same end: its hops are there before it is over.
        keys(&mut console, "gb");
        console.wait("the view", PATIENCE, |screen| screen.contains("─ Probes"));
        open_form(&mut console);
        console.wait("what a trace begins with", PATIENCE, |screen| {
            screen.contains("[trace]") && screen.contains("[icmp]")
        });
        // A hundred rounds are ten seconds.
        keys(&mut console, &format!("\t\x15{target}\t\t\t\x15100"));
        console.wait_for("100 rounds");
        keys(&mut console, "\r");
        let live = console.wait("its hops", MEASURES, |screen| {
            screen.contains("running")
                && chain.truth(false).iter().all(|hop| screen.contains(&hop.to_string()))
        });
        assert!(live.contains(&target.to_string()), "{live}");
        console.wait("it is over", MEASURES, |screen| {
            screen.contains("done") && !screen.contains("running")
        });
    });
}

/// A rate in words, such as `9.41 Gbps`.
fn rate(screen: &str) -> Option<f64> {
    let at = screen.find("bps")?;
    let number = screen[..at].trim_end_matches([' ', 'G', 'M', 'k']).rsplit(' ').next()?;
    number.parse().ok()
}
