//! The way up a stack by frame pointers.
//!
//! ```text
//!   frame pointer ──▶ | the caller's frame pointer | return address |  … the caller's frame …
//!                                 └──────────────────────────────────▶ | its caller's | return address | …
//! ```

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod known {
    use core::arch::asm;
    use core::cell::Cell;
    use core::mem::MaybeUninit;
    use core::ptr;

    /// What a frame pointer leads to.
    #[repr(C)]
    struct Record {
        caller: *const Record,
        return_address: *const (),
    }

    /// Calls `visit` with the return addresses of the frames that are further out than the address `from`, until it
    /// answers `false`, the stack ends, or what is there can be no frame.
    pub(crate) fn follow(from: usize, mut visit: impl FnMut(usize) -> bool) {
        let end = stack_end();
        let mut lowest = from_here();
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

    /// A place of the thread's stack that is further in than all frames of interest.
    #[inline(always)]
    fn from_here() -> usize {
        let here = 0_u8;
        (&raw const here).addr()
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

    /// Where the calling thread's stack ends; zero if nobody knows, or if it is on another one at this moment.
    fn stack_end() -> usize {
        thread_local! {
            static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
        }
        let (start, end) = BOUNDS.get().unwrap_or_else(|| {
            let bounds = ask_bounds().unwrap_or((0, 0));
            BOUNDS.set(Some(bounds));
            bounds
        });
        if (start..end).contains(&from_here()) { end } else { 0 }
    }

    /// Asks where the calling thread's stack is. May allocate.
    fn ask_bounds() -> Option<(usize, usize)> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: this may be asked at any time.
        let this = unsafe { libc::pthread_self() };
        // SAFETY: the thread is this one, and the attributes are written to.
        let status = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
        if status != 0 {
            return None;
        }
        let (mut start, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the attributes were written, and so is what they have.
        let status = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) };
        // SAFETY: they are not used any more.
        unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
        (status == 0).then(|| (start.addr(), start.addr() + size))
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
pub(super) use known::follow;

/// Where it is not known how frames look, there are none.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
pub(super) fn follow(_from: usize, _visit: impl FnMut(usize) -> bool) {}
