//! Measures the heap that a feature chose: what a request and a free cost, how full the region gets, and what the heap
//! takes of flash and RAM. One figure a line, for the script that makes a table of them.
#![no_std]
#![no_main]

mod board;
mod entry;
mod figures;
mod masked;
mod random;
mod slots;

use core::panic::PanicInfo;

use crate::figures::{Figures, KIB, SIZES, Sizes};

/// `talc` names a global allocator, which nothing here calls.
#[cfg(feature = "talc")]
mod never {
    use core::alloc::{GlobalAlloc, Layout};

    struct Never;

    #[global_allocator]
    static NEVER: Never = Never;

    // SAFETY: it refuses everything.
    unsafe impl GlobalAlloc for Never {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            core::ptr::null_mut()
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    board::print(b"panicked\n");
    board::exit(false)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    board::start_counter();
    board::print_figure("flash", board::flash());
    board::print_figure("ram", board::ram() + size_of::<entry::Entry>());
    // Not known to the compiler, so that the program without a heap measures the same nothing.
    if core::hint::black_box(cfg!(feature = "empty")) {
        board::exit(true);
    }
    let mut figures = Figures::start();
    if cfg!(feature = "masked") {
        figures.masked();
    } else {
        measure(&mut figures);
    }
    board::print(b"done\n");
    board::exit(true)
}

/// What calls cost, and how much of a region can be live.
fn measure(figures: &mut Figures) {
    figures.churn_at_half_load("half", 64 * KIB, Sizes::Small);
    figures.churn_nearly_full("full", 64 * KIB, Sizes::Small);
    figures.churn_nearly_full("full_mixed", 64 * KIB, Sizes::Mixed);
    figures.live_share("share", 64 * KIB, Sizes::Small, 0);
    figures.live_share("share_mixed", 64 * KIB, Sizes::Mixed, 0);
    figures.live_share("share_aged", 64 * KIB, Sizes::Small, 1_000_000);
    for (name, share, full, size) in SIZES {
        let sizes = if size < 16 * KIB { Sizes::Mixed } else { Sizes::Small };
        figures.churn_at_half_load(name, size, sizes);
        figures.churn_nearly_full(full, size, sizes);
        figures.live_share(share, size, sizes, 0);
    }
}
