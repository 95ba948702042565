//! The state of the heap, in the words of glibc's `mallinfo` and in Mudlark's own (`mudlark.h`); and its controls.

use core::ffi::c_int;
use core::fmt::{self, Write};

use mudlark_core_alloc::{Mudlark, Stats};

/// `struct mudlark_stats` of `mudlark.h`: see [`Stats`] for what the figures mean.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct MudlarkStats {
    reserved_bytes: usize,
    committed_bytes: usize,
    page_bytes: usize,
    blocks: usize,
    block_bytes: usize,
    cached_blocks: usize,
    cached_bytes: usize,
    large_blocks: usize,
    large_bytes: usize,
    mapped_blocks: usize,
    mapped_bytes: usize,
    requested_bytes: usize,
    peak_bytes: usize,
    heaps: usize,
}

impl From<&Stats> for MudlarkStats {
    fn from(stats: &Stats) -> Self {
        Self {
            reserved_bytes: stats.reserved_bytes,
            committed_bytes: stats.committed_bytes,
            page_bytes: stats.page_bytes,
            blocks: stats.blocks,
            block_bytes: stats.block_bytes,
            cached_blocks: stats.cached_blocks,
            cached_bytes: stats.cached_bytes,
            large_blocks: stats.large_blocks,
            large_bytes: stats.large_bytes,
            mapped_blocks: stats.mapped_blocks,
            mapped_bytes: stats.mapped_bytes,
            requested_bytes: stats.requested_bytes,
            peak_bytes: stats.peak_bytes,
            heaps: stats.heaps,
        }
    }
}

/// Fills in `*stats`.
///
/// # Safety
///
/// `stats` may be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mudlark_stats(stats: *mut MudlarkStats) {
    // SAFETY: by the caller's promise.
    unsafe { stats.write(MudlarkStats::from(&Mudlark::stats())) };
}

/// Gives all memory back to the system that is not in use or in other threads' caches.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mudlark_collect() {
    Mudlark::collect();
}

/// Sets how long memory has to be unused before it goes back by itself, in milliseconds; below zero for ever.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mudlark_set_decay(milliseconds: c_int) {
    let decay = u64::try_from(milliseconds).ok();
    Mudlark::set_decay(decay.map(core::time::Duration::from_millis));
}

/// As [`mudlark_collect`]; returns whether memory went back. The bytes that are to stay are not looked at.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_trim(_keep: usize) -> c_int {
    let before = Mudlark::stats().committed_bytes;
    Mudlark::collect();
    c_int::from(Mudlark::stats().committed_bytes < before)
}

/// Accepted, and without effect: the parameters are those of glibc's allocator.
#[unsafe(no_mangle)]
pub(crate) const extern "C" fn mallopt(_parameter: c_int, _value: c_int) -> c_int {
    1
}

/// The figures in glibc's words: `arena` are regions, `hblks` and `hblkhd` large blocks beside them, `uordblks` blocks in use and
/// `fordblks` what of the pages is not.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo2() -> libc::mallinfo2 {
    let stats = Mudlark::stats();
    // SAFETY: it is a structure of numbers.
    let mut info: libc::mallinfo2 = unsafe { core::mem::zeroed() };
    info.arena = stats.committed_bytes.saturating_sub(stats.mapped_bytes);
    info.ordblks = stats.cached_blocks;
    info.hblks = stats.mapped_blocks;
    info.hblkhd = stats.mapped_bytes;
    info.usmblks = 0;
    info.uordblks = stats.block_bytes + stats.large_bytes.saturating_sub(stats.mapped_bytes);
    info.fordblks = info.arena.saturating_sub(info.uordblks);
    info.keepcost = stats.committed_bytes.saturating_sub(stats.page_bytes + stats.large_bytes);
    info
}

/// The same in numbers of 32 bits, which wrap, as glibc's do.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo() -> libc::mallinfo {
    let info = mallinfo2();
    libc::mallinfo {
        arena: wrapped(info.arena),
        ordblks: wrapped(info.ordblks),
        smblks: wrapped(info.smblks),
        hblks: wrapped(info.hblks),
        hblkhd: wrapped(info.hblkhd),
        usmblks: wrapped(info.usmblks),
        fsmblks: wrapped(info.fsmblks),
        uordblks: wrapped(info.uordblks),
        fordblks: wrapped(info.fordblks),
        keepcost: wrapped(info.keepcost),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "as the manual page says")]
const fn wrapped(figure: usize) -> c_int {
    figure as c_int
}

/// Prints the sums to standard error in the words of glibc's, and then [`Stats`].
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_stats() {
    // What cannot be written is not.
    let _ = write_stats(&Mudlark::stats());
}

fn write_stats(stats: &Stats) -> fmt::Result {
    let out = &mut StandardError;
    writeln!(out, "Total (incl. mmap):")?;
    writeln!(out, "system bytes     = {:10}", stats.committed_bytes)?;
    writeln!(out, "in use bytes     = {:10}", stats.block_bytes + stats.large_bytes)?;
    writeln!(out, "max mmap regions = {:10}", stats.peak_mapped_blocks)?;
    writeln!(out, "max mmap bytes   = {:10}", stats.peak_mapped_bytes)?;
    writeln!(out, "{stats}")
}

/// Standard error, without anything that allocates, and by the kernel's own call: the C library's is a cancellation point.
struct StandardError;

impl Write for StandardError {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: the bytes may be read.
            let written = unsafe { libc::syscall(libc::SYS_write, libc::STDERR_FILENO, rest.as_ptr(), rest.len()) };
            let written = usize::try_from(written).map_err(|_| fmt::Error)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}
