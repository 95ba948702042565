//! The way up a stack by frame pointers.
//!
//! ```text
//!   frame pointer ──▶ | the caller's frame pointer | return address |  … the caller's frame …
//!                                 └──────────────────────────────────▶ | its caller's | return address | …
//! ```

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod known {
    use core::arch::asm;

    use crate::walk::own_stack;

    /// What a frame pointer leads to.
    #[repr(C)]
    struct Record {
        caller: *const Record,
        return_address: *const (),
    }

    /// Calls `visit` with the return addresses of the frames that are further out than the address `from`, until it
    /// answers `false`, the stack ends, or what is there can be no frame.
    pub(crate) fn follow(from: usize, mut visit: impl FnMut(usize) -> bool) {
        let end = own_stack::end();
        let mut lowest = own_stack::place_in();
        let mut record = frame_pointer();
        while is_record(record, lowest, end) {
            // SAFETY: it lies, aligned, between two places of the thread's stack, all of which may be read.
            let Record { caller, return_address } = unsafe { record.read() };
            if record.addr() > from && (return_address.is_null() || !visit(return_address.addr())) {
                return;
            }
            // Frames further out are above.
            lowest = record.addr() + size_of::<Record>();
            record = caller;
        }
    }

    fn is_record(record: *const Record, lowest: usize, end: usize) -> bool {
        record.is_aligned() && record.addr() >= lowest && record.addr().saturating_add(size_of::<Record>()) <= end
    }

    /// What the register has that frame pointers are kept in, in programs that do so.
    #[inline(always)]
    fn frame_pointer() -> *const Record {
        let pointer;
        // SAFETY: it copies a register.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!("mov {}, rbp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        // SAFETY: it copies a register.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            asm!("mov {}, x29", out(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        pointer
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
pub(super) use known::follow;

/// Where it is not known how frames look, there are none.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
pub(super) fn follow(_from: usize, _visit: impl FnMut(usize) -> bool) {}
