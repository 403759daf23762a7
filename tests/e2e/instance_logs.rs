//! Lines of a watched instance's log on the screen, from a file and from a pipe.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::house::{House, LARGE};

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn instance(name: &str, log: &Path) -> String {
    // Nobody answers at port 9: its checks are of no matter here.
    format!(
        "[[fluxbase]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:9\"\ninterval = \"60s\"\n\
         log = \"{}\"\n",
        log.display()
    )
}

#[test]
fn fb_22_lines_of_a_log_stand_in_the_logs_view_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (file, pipe) = (folder.path().join("fb.log"), folder.path().join("fb.pipe"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    append(&file, "{\"level\":\"warn\",\"time\":1772000000,\"message\":\"it was there before\"}\n");
    let house =
        House::new(&format!("{}\n{}", instance("fb-file", &file), instance("fb-pipe", &pipe)));
    let mut console = house.console(LARGE, &[]);
    console.wait_for("fb-file");
    console.send("0");
    console.wait_for("2026-02-25T06:13:20Z it was there before");
    append(
        &file,
        "{\"level\":\"error\",\"method\":\"GET\",\"path\":\"/api/v1/tables\",\"status\":500,\
         \"duration_ms\":25,\"error\":\"no rows\",\"error\":\"no rows\",\"message\":\"HTTP request\"}\n",
    );
    console.wait_for("GET /api/v1/tables 500 25 ms  no rows");
    let screen = console.text();
    let line = screen.lines().find(|line| line.contains("no rows")).unwrap();
    assert!(line.contains("ERROR") && line.contains("fb-file"), "{line}");
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    writer.write_all(b"2026-02-25T06:13:20Z WRN \x1b[31mthrough\x1b[0m the pipe \x07\n").unwrap();
    console.wait_for("through the pipe ␇");
    std::fs::rename(&file, folder.path().join("fb.log.1")).unwrap();
    append(&file, "{\"level\":\"info\",\"message\":\"after the rotation\"}\n");
    console.wait_for("after the rotation");
}

#[test]
fn a_log_that_cannot_be_read_is_named_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(&instance("fb-1", folder.path()));
    let mut console = house.console(LARGE, &[]);
    console.wait_for("fb-1");
    console.send("0");
    console.wait_for("is a directory; name the file in it as `log`");
}
