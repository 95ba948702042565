//! What the process has of the machine's memory, as Linux tells it. Elsewhere all figures are zero.

use std::fs;

/// The most memory that was resident at a time, in bytes.
pub(crate) fn peak_resident() -> usize {
    status("VmHWM:")
}

/// The memory that is resident now, in bytes.
pub(crate) fn resident() -> usize {
    status("VmRSS:")
}

/// A line of `/proc/self/status`, which counts in KiB.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    kibibytes.unwrap_or(0) * 1024
}
