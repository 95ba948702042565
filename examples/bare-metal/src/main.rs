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
mod profile;

use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    board::interrupts_off();
    say!("{info}");
    profile::finish();
    board::exit(false)
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    board::prepare();
    let stack = board::StackGuard::set();
    let begin = board::now();
    profile::start();
    profile::within("a collector in a static", checks::gc::idle);
    say!("a collector in a static, from an idle loop: holds");
    // That collector stays.
    heap::collect();
    let kept = heap::shared().stats().used;
    for &(name, check) in checks::ALL {
        profile::within(name, check);
        heap::collect();
        assert_eq!(heap::shared().stats().used, kept, "{name} left blocks behind");
        assert_eq!(heap::shared().verify(), Ok(()), "{name} damaged the heap");
        assert!(stack.holds(), "{name} overflowed the stack");
        say!("{name}: holds");
        profile::tell_state();
    }
    profile::finish();
    say!(
        "all {} checks hold in {} bytes of heap and 8 KiB of stack, and took {} ms",
        1 + checks::ALL.len(),
        heap::shared().stats().total,
        (board::now() - begin) * 1000 / board::ticks_per_second()
    );
    board::exit(true)
}
