//! Mudlark's layers on bare metal: a heap in a static as the global allocator, shared with an interrupt handler; std's
//! collections, counted handles and collected cycles on it. Each check says what it did; the emulator's exit status says
//! whether all held.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
mod checks;
mod contexts;
mod critical;
mod heap;

use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    board::interrupts_off();
    say!("{info}");
    board::exit(false)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    board::prepare();
    let stack = board::StackGuard::set();
    checks::gc::idle();
    say!("a collector in a static, from an idle loop: holds");
    // That collector stays.
    heap::collect();
    let kept = heap::shared().stats().used;
    for (name, check) in checks::ALL {
        check();
        heap::collect();
        assert_eq!(heap::shared().stats().used, kept, "{name} left blocks behind");
        assert_eq!(heap::shared().verify(), Ok(()), "{name} damaged the heap");
        assert!(stack.holds(), "{name} overflowed the stack");
        say!("{name}: holds");
    }
    say!(
        "all {} checks hold in {} bytes of heap and 8 KiB of stack",
        1 + checks::ALL.len(),
        heap::shared().stats().total
    );
    board::exit(true)
}
