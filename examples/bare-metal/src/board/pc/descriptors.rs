//! Where interrupts and faults lead: to functions on a stack of their own, as the code that is interrupted may use some
//! bytes beyond its stack's end.

use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;

/// The timer's interrupt.
pub(crate) const TIMER_VECTOR: u32 = 32;

// Keeps the registers that a function may change.
global_asm!(
    ".global timer_stub, fault_stub",
    "timer_stub:",
    "push rbp; push rax; push rcx; push rdx; push rsi; push rdi; push r8; push r9; push r10; push r11",
    "mov rbp, rsp",
    "sub rsp, 512",
    "and rsp, -16",
    "fxsave64 [rsp]",
    "cld",
    "call on_timer",
    "fxrstor64 [rsp]",
    "mov rsp, rbp",
    "pop r11; pop r10; pop r9; pop r8; pop rdi; pop rsi; pop rdx; pop rcx; pop rax; pop rbp",
    "iretq",
    "fault_stub:",
    "and rsp, -16",
    "call on_fault",
);

/// So many processors are taken care of.
const PROCESSORS: usize = 2;

/// What processors read, and nobody writes after [`load`].
#[repr(C, align(16))]
struct Table<T>(UnsafeCell<T>);

// SAFETY: interrupts' gates are written by `prepare` alone, before there is a second processor; of the others, each processor
// has its own.
unsafe impl<T> Sync for Table<T> {}

static INTERRUPTS: Table<[[u32; 4]; 64]> = Table(UnsafeCell::new([[0; 4]; 64]));
static TASK_STATES: [Table<[u32; 26]>; PROCESSORS] = [const { Table(UnsafeCell::new([0; 26])) }; PROCESSORS];
static STACKS: [Table<[u8; 8192]>; PROCESSORS] = [const { Table(UnsafeCell::new([0; 8192])) }; PROCESSORS];

/// Where the first processor's task state is in the table of segments; each takes two places.
const FIRST_TASK: usize = 4;

/// A place and a size, as the processor loads them.
#[repr(C, packed)]
struct Pointer(u16, u64);

unsafe extern "C" {
    static mut gdt: [u64; FIRST_TASK + 2 * PROCESSORS];
    fn timer_stub();
    fn fault_stub();
}

fn low_address<T>(place: *const T) -> u32 {
    u32::try_from(place.addr()).expect("all is in the first 4 GiB")
}

/// A gate to a function on the interrupts' stack.
fn gate(function: unsafe extern "C" fn()) -> [u32; 4] {
    const CODE: u32 = 24 << 16;
    const INTERRUPT_ON_FIRST_STACK: u32 = 0x8E01;
    let address = low_address(function as *const ());
    [CODE | address & 0xFFFF, address & 0xFFFF_0000 | INTERRUPT_ON_FIRST_STACK, 0, 0]
}

/// Sets up interrupts and faults for the first processor, and turns the old interrupt controllers off.
pub fn prepare() {
    let mut gates = [gate(fault_stub); 64];
    gates[TIMER_VECTOR as usize] = gate(timer_stub);
    // SAFETY: nobody uses them yet.
    unsafe { INTERRUPTS.0.get().write(gates) };
    load(0);
    // SAFETY: masks the interrupts of both controllers.
    unsafe { asm!("out 0x21, al", "out 0xA1, al", in("al") 0xFF_u8) };
}

/// Lets this processor, which is the `number`th, use the interrupts that `prepare` has set up. To be called once by each.
pub(super) fn load(number: usize) {
    const FIRST_STACK: usize = 9;
    const PRESENT_TASK: u64 = 0x89 << 40;
    let mut task = [0; 26];
    task[FIRST_STACK] = low_address(STACKS[number].0.get().wrapping_add(1));
    let place = TASK_STATES[number].0.get();
    // SAFETY: this processor's alone.
    unsafe { place.write(task) };

    let base = u64::from(low_address(place));
    let descriptor = PRESENT_TASK | (base & 0xFF_FFFF) << 16 | (base >> 24) << 56 | 103;
    let segment = FIRST_TASK + 2 * number;
    let place = (&raw mut gdt).cast::<u64>().wrapping_add(segment);
    // SAFETY: this processor's place in the table, which is not used yet.
    unsafe { place.write(descriptor) };

    let segments =
        Pointer(size_of::<[u64; FIRST_TASK + 2 * PROCESSORS]>() as u16 - 1, low_address(&raw const gdt).into());
    let interrupts = Pointer(size_of::<[[u32; 4]; 64]>() as u16 - 1, low_address(INTERRUPTS.0.get()).into());
    // SAFETY: the tables are filled, and stay; the segments in use are as they were.
    unsafe {
        asm!("lgdt [{}]", "lidt [{}]", "ltr {:x}", in(reg) &raw const segments, in(reg) &raw const interrupts, in(reg) 8 * segment)
    };
}
