//! The memory of this process, where the system tells it.

/// Memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its own pages in memory: heap and stacks.
    pub own: u64,
    /// All its pages in memory.
    pub resident: u64,
}

/// The memory now; `None` where there is no `/proc` (SPEC D-34).
#[must_use]
pub fn memory() -> Option<Memory> {
    read(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn read(status: &str) -> Option<Memory> {
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 =
            line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    };
    Some(Memory { own: of("RssAnon")?, resident: of("VmRSS")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let text = "Name:\tx\nVmRSS:\t   10240 kB\nRssAnon:\t    4096 kB\nRssFile:\t 1 kB\n";
        assert_eq!(read(text), Some(Memory { own: 4 << 20, resident: 10 << 20 }));
        assert_eq!(read("VmRSS: much\nRssAnon: 1 kB\n"), None);
        assert!(memory().is_none_or(|memory| memory.own > 0 && memory.own <= memory.resident));
    }
}
