//! The objects that are asked for, as numbers. Sources: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863),
//! HOST-RESOURCES-MIB (RFC 2790), UCD-SNMP-MIB as net-snmp 5.9 ships it.

/// An object or a column by its numbers.
pub(super) type Numbers = &'static [u32];

/// sysUpTime: time since the agent (not the machine) began, in 1/100 s; wraps after 497 days.
pub(super) const UPTIME: Numbers = &[1, 3, 6, 1, 2, 1, 1, 3, 0];
/// hrSystemUptime: time since the machine began, in 1/100 s.
pub(super) const HOST_UPTIME: Numbers = &[1, 3, 6, 1, 2, 1, 25, 1, 1, 0];
/// ifNumber: how many interfaces there are.
pub(super) const IF_NUMBER: Numbers = &[1, 3, 6, 1, 2, 1, 2, 1, 0];
/// ifTableLastChange: sysUpTime when a row came or went.
pub(super) const IF_LAST_CHANGE: Numbers = &[1, 3, 6, 1, 2, 1, 31, 1, 5, 0];

macro_rules! ucd {
    ($($(#[$doc:meta])* $name:ident = $group:literal . $object:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: Numbers =
            &[1, 3, 6, 1, 4, 1, 2021, $group, $object, 0];)*
    };
}

ucd! {
    /// Memory in kB. The 32-bit objects end at 2 TiB; the 64-bit ones come as Counter64.
    SWAP_TOTAL = 4 . 3;
    /// Unused swap.
    SWAP_FREE = 4 . 4;
    /// All of it.
    MEMORY_TOTAL = 4 . 5;
    /// Linux: `MemFree`, without what the cache would give back.
    MEMORY_FREE = 4 . 6;
    /// Buffers.
    MEMORY_BUFFER = 4 . 14;
    /// Cache.
    MEMORY_CACHED = 4 . 15;
    /// The same with 64 bits.
    SWAP_TOTAL_64 = 4 . 18;
    /// The same with 64 bits.
    SWAP_FREE_64 = 4 . 19;
    /// The same with 64 bits.
    MEMORY_TOTAL_64 = 4 . 20;
    /// The same with 64 bits.
    MEMORY_FREE_64 = 4 . 21;
    /// The same with 64 bits.
    MEMORY_BUFFER_64 = 4 . 25;
    /// The same with 64 bits.
    MEMORY_CACHED_64 = 4 . 26;
    /// Linux: `MemAvailable` (net-snmp of 2020-08 and later).
    MEMORY_AVAILABLE = 4 . 27;
    /// Ticks of 1/100 s, summed over all processors.
    CPU_USER = 11 . 50;
    /// Ticks.
    CPU_NICE = 11 . 51;
    /// Ticks.
    CPU_SYSTEM = 11 . 52;
    /// Ticks.
    CPU_IDLE = 11 . 53;
    /// Ticks of waiting for disks. The kernel's (55) are in the system's already.
    CPU_WAIT = 11 . 54;
    /// Ticks.
    CPU_INTERRUPT = 11 . 56;
    /// Ticks.
    CPU_SOFT_IRQ = 11 . 61;
    /// Ticks. Guest time (65, 66) is in the user's already.
    CPU_STEAL = 11 . 64;
    /// How many processors there are.
    CPU_COUNT = 11 . 67;
}

/// laLoad of one minute: a text such as `4.88`.
pub(super) const LOAD: Numbers = &[1, 3, 6, 1, 4, 1, 2021, 10, 1, 3, 1];
/// laLoadInt of one minute: the load times 100.
pub(super) const LOAD_INT: Numbers = &[1, 3, 6, 1, 4, 1, 2021, 10, 1, 5, 1];

/// What is asked of every host.
pub(super) const HOST: &[Numbers] = &[
    HOST_UPTIME,
    SWAP_TOTAL,
    SWAP_FREE,
    MEMORY_TOTAL,
    MEMORY_FREE,
    MEMORY_BUFFER,
    MEMORY_CACHED,
    SWAP_TOTAL_64,
    SWAP_FREE_64,
    MEMORY_TOTAL_64,
    MEMORY_FREE_64,
    MEMORY_BUFFER_64,
    MEMORY_CACHED_64,
    MEMORY_AVAILABLE,
    CPU_USER,
    CPU_NICE,
    CPU_SYSTEM,
    CPU_IDLE,
    CPU_WAIT,
    CPU_INTERRUPT,
    CPU_SOFT_IRQ,
    CPU_STEAL,
    CPU_COUNT,
    LOAD,
    LOAD_INT,
];

macro_rules! columns {
    ($prefix:tt; $($(#[$doc:meta])* $name:ident = $column:literal;)*) => {
        $(columns! { @one $prefix $(#[$doc])* $name = $column })*
    };
    (@one [$($prefix:literal),+] $(#[$doc:meta])* $name:ident = $column:literal) => {
        $(#[$doc])* pub(super) const $name: Numbers = &[$($prefix,)+ $column];
    };
}

columns! { [1, 3, 6, 1, 2, 1, 25, 2, 3, 1];
    /// hrStorageType.
    STORAGE_TYPE = 2;
    /// hrStorageDescr: the mount point on Linux.
    STORAGE_NAME = 3;
    /// hrStorageAllocationUnits, in bytes.
    STORAGE_UNIT = 4;
    /// hrStorageSize in units; large volumes are negative.
    STORAGE_SIZE = 5;
    /// hrStorageUsed in units.
    STORAGE_USED = 6;
}
/// hrStorageTypes: what is behind it is the type.
pub(super) const STORAGE_TYPES: Numbers = &[1, 3, 6, 1, 2, 1, 25, 2, 1];

columns! { [1, 3, 6, 1, 4, 1, 2021, 9, 1];
    /// dskPath. The table has what the agent's own configuration names.
    DISK_PATH = 2;
    /// dskPercent: used / (used + available), rounded.
    DISK_PERCENT = 9;
    /// dskPercentNode: the same of inodes.
    DISK_INODES = 10;
    /// dskAvailLow: kB, the lower 32 bits.
    DISK_FREE_LOW = 13;
    /// dskAvailHigh.
    DISK_FREE_HIGH = 14;
    /// dskUsedLow.
    DISK_USED_LOW = 15;
    /// dskUsedHigh.
    DISK_USED_HIGH = 16;
}
columns! { [1, 3, 6, 1, 2, 1, 25, 3, 3, 1];
    /// hrProcessorLoad: per cent of the last minute, one row for each processor.
    PROCESSOR_LOAD = 2;
}
columns! { [1, 3, 6, 1, 2, 1, 2, 2, 1];
    /// ifDescr.
    IF_DESCRIPTION = 2;
    /// ifType.
    IF_TYPE = 3;
    /// ifSpeed in bit/s; ends at 4294967295.
    IF_SPEED = 5;
    /// ifAdminStatus: 1 up, 2 down, 3 testing.
    IF_ADMIN = 7;
    /// ifOperStatus: 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 not present, 7 lower layer down.
    IF_OPER = 8;
    /// Octets in 32 bits.
    IF_IN_OCTETS = 10;
    /// Packets in 32 bits.
    IF_IN_UNICAST = 11;
    /// Broadcast and multicast in 32 bits (deprecated).
    IF_IN_OTHER = 12;
    /// Errors, in 32 bits only.
    IF_IN_ERRORS = 14;
    /// Octets in 32 bits.
    IF_OUT_OCTETS = 16;
    /// Packets in 32 bits.
    IF_OUT_UNICAST = 17;
    /// Broadcast and multicast in 32 bits (deprecated).
    IF_OUT_OTHER = 18;
    /// Errors, in 32 bits only.
    IF_OUT_ERRORS = 20;
}
columns! { [1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
    /// ifName.
    IF_NAME = 1;
    /// ifHCInOctets.
    IF_HC_IN_OCTETS = 6;
    /// ifHCInUcastPkts.
    IF_HC_IN_UNICAST = 7;
    /// ifHCInMulticastPkts.
    IF_HC_IN_MULTICAST = 8;
    /// ifHCInBroadcastPkts.
    IF_HC_IN_BROADCAST = 9;
    /// ifHCOutOctets.
    IF_HC_OUT_OCTETS = 10;
    /// ifHCOutUcastPkts.
    IF_HC_OUT_UNICAST = 11;
    /// ifHCOutMulticastPkts.
    IF_HC_OUT_MULTICAST = 12;
    /// ifHCOutBroadcastPkts.
    IF_HC_OUT_BROADCAST = 13;
    /// ifHighSpeed in Mbit/s.
    IF_HIGH_SPEED = 15;
    /// ifAlias: what the device's operator calls it.
    IF_ALIAS = 18;
    /// ifCounterDiscontinuityTime: sysUpTime when this interface's counters began anew.
    IF_DISCONTINUITY = 19;
}
