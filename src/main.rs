//! The program: hands its arguments to the command line.

use std::process::ExitCode;

use fluxnoc::cli::{self, Parts, print};

fn main() -> ExitCode {
    let parts = Parts {
        console: |_, _| {
            print::error("the console is not in this build");
            ExitCode::FAILURE
        },
        verb: |_, _, _| {
            print::error("the engine is not in this build");
            ExitCode::FAILURE
        },
    };
    cli::run(std::env::args_os(), &parts)
}
