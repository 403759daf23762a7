//! Where the comparison happens: namespaces of its own, so that silence, missing routes, a
//! resolver at port 53 and faked kernel figures disturb nobody and need no root.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

/// Set in the process that is on the stage.
const ON_STAGE: &str = "FLUXNOC_TEST_ON_STAGE";

/// Runs `body` in fresh network, mount and process namespaces, by running the test of this name
/// once more inside them; what it starts ends with it. A user namespace makes it possible without
/// root.
pub fn on_stage(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ON_STAGE).is_some() {
        return body();
    }
    // All that is made on the stage is below one directory, which outlives the mounts in it; like
    // /tmp it is open to the users that servers run as.
    let dir = tempfile::Builder::new().prefix("fluxnoc-stage-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let status = command
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(std::env::current_exe().expect("the test's own path"))
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(ON_STAGE, "1")
        .env("TMPDIR", dir.path())
        .status()
        .expect("unshare (util-linux) is installed");
    assert!(status.success(), "{test} failed in its namespaces: {status}");
}

/// Runs a shell script; panics with what it said when a command of it fails.
pub fn sh(script: &str) {
    let output = Command::new("sh").args(["-ec", script]).stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{script}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
