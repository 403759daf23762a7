//! A network of one's own: the same test again as a process in a fresh network namespace, where
//! nobody else pings and all ports are free. Without root in a user namespace besides.

use std::process::Command;

const INSIDE: &str = "FLUXNOC_TENK_INSIDE";

/// Runs `body` in a namespace, by running the test of this name again inside one.
pub fn apart(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return;
    }
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let status = command
        .args(["--net", "--", "sh", "-ec", "ip link set lo up; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare (util-linux) is installed");
    assert!(status.success(), "{test} in a namespace: {status}");
}
