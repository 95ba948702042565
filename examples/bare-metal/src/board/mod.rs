//! What differs from board to board: the start, interrupts, the clock, output, and the end.

#[cfg(several_processors)]
mod beside;
#[cfg(target_arch = "arm")]
#[path = "mps2.rs"]
mod chosen;
#[cfg(target_arch = "riscv32")]
#[path = "virt.rs"]
mod chosen;
#[cfg(target_arch = "aarch64")]
#[path = "virt64/mod.rs"]
mod chosen;
#[cfg(target_arch = "x86_64")]
#[path = "pc/mod.rs"]
mod chosen;

#[cfg(several_processors)]
pub use chosen::{run_beside, this_processor};

/// The number of this processor: there is one.
#[cfg(not(several_processors))]
pub const fn this_processor() -> u32 {
    0
}

pub use chosen::{exit, interrupts_off, interrupts_on, now, prepare, start_ticks, stop_ticks, ticks_per_second};

use core::cell::UnsafeCell;
use core::fmt;

/// Sends bytes over the board's line.
pub fn send(bytes: &[u8]) {
    bytes.iter().copied().for_each(chosen::put);
}

/// What the board prints goes here.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        send(text.as_bytes());
        Ok(())
    }
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use core::fmt::Write;
        _ = writeln!($crate::board::Console, $($text)*);
    }};
}

unsafe extern "C" {
    safe static stack_limit: LowestWord;
    static mut free_memory_start: u8;
}

/// The lowest word of the stack.
#[repr(transparent)]
struct LowestWord(UnsafeCell<usize>);

// SAFETY: only a `StackGuard` looks at it.
unsafe impl Sync for LowestWord {}

/// The bytes of [`free_memory`].
pub const FREE_MEMORY: usize = 256 * 1024;

/// Memory behind the image, aligned to 4 KiB, which nobody has.
pub fn free_memory() -> *mut u8 {
    &raw mut free_memory_start
}

/// Watches the end of the stack.
pub struct StackGuard(());

impl StackGuard {
    const MARK: usize = 0x5AFE_57AC;

    /// Marks the end of the stack, which nothing has reached yet.
    pub fn set() -> Self {
        // SAFETY: the lowest word of the stack, which is used last.
        unsafe { stack_limit.0.get().write_volatile(Self::MARK) };
        Self(())
    }

    /// Whether nothing has been there since.
    pub fn holds(&self) -> bool {
        // SAFETY: as above; it was written.
        unsafe { stack_limit.0.get().read_volatile() == Self::MARK }
    }
}
