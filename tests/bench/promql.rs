//! Scraping 200 targets of 1,000 series and evaluating 500 rules over them, beside Debian's
//! Prometheus with the same targets and rules in the same run: CPU of the whole program, resident
//! memory, and the time that one round of all rules takes.
//!
//! As `scrape`, with rules every 15 s; in the short form 100 rules every 5 s. A tenth of them selects
//! 20,000 series, half of these over two minutes. Limits: 1 time Prometheus's CPU and memory, 1 time
//! its evaluation.

#[path = "scrape.rs"]
mod scrape;

fn main() -> std::process::ExitCode {
    scrape::run(500)
}
