//! What differs from board to board: the start, output, the end, and a counter of instructions.

#[cfg(target_arch = "arm")]
#[path = "mps2.rs"]
mod chosen;
#[cfg(target_arch = "riscv32")]
#[path = "virt.rs"]
mod chosen;

pub(crate) use chosen::{between, exit, now, print, start_counter};

/// The instructions that `work` takes, with those of looking at the counter.
#[inline(always)]
pub(crate) fn instructions<T>(work: impl FnOnce() -> T) -> (T, u32) {
    let start = now();
    let result = work();
    (result, between(start, now()))
}

unsafe extern "C" {
    static code_size: u8;
    static static_size: u8;
    static mut heap_start: u8;
    static mut slots_start: u8;
}

/// The bytes of code and constants in the image.
pub(crate) fn flash() -> usize {
    (&raw const code_size).addr()
}

/// The bytes of statics.
pub(crate) fn ram() -> usize {
    (&raw const static_size).addr()
}

/// 16 MiB for the heap under test, and for nothing else.
pub(crate) fn heap_memory() -> *mut u8 {
    &raw mut heap_start
}

/// 3 MiB for what the measurement itself has to remember.
pub(crate) fn slot_memory() -> *mut u8 {
    &raw mut slots_start
}

/// Prints a word and a number on a line.
pub(crate) fn print_figure(name: &str, mut number: usize) {
    let mut digits = [b'0'; 10];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    print(name.as_bytes());
    print(b" ");
    print(&digits[first..]);
    print(b"\n");
}
