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

/// What the processor reads, and nobody else after `prepare`.
#[repr(C, align(16))]
struct Table<T>(UnsafeCell<T>);

// SAFETY: written by `prepare` alone, which runs once, before there is a second processor.
unsafe impl<T> Sync for Table<T> {}

static INTERRUPTS: Table<[[u32; 4]; 64]> = Table(UnsafeCell::new([[0; 4]; 64]));
static TASK_STATE: Table<[u32; 26]> = Table(UnsafeCell::new([0; 26]));
static STACK: Table<[u8; 8192]> = Table(UnsafeCell::new([0; 8192]));

unsafe extern "C" {
    static mut gdt: [u64; 6];
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

/// Sets up interrupts and faults, and turns the old interrupt controllers off.
pub fn prepare() {
    const FIRST_STACK: usize = 9;
    const PRESENT_TASK: u64 = 0x89 << 40;
    let mut gates = [gate(fault_stub); 64];
    gates[TIMER_VECTOR as usize] = gate(timer_stub);
    let mut task = [0; 26];
    task[FIRST_STACK] = low_address(STACK.0.get().wrapping_add(1));
    // SAFETY: nobody uses the tables yet.
    unsafe { INTERRUPTS.0.get().write(gates) };
    // SAFETY: likewise.
    unsafe { TASK_STATE.0.get().write(task) };

    let base = u64::from(low_address(TASK_STATE.0.get()));
    let descriptor = PRESENT_TASK | (base & 0xFF_FFFF) << 16 | (base >> 24) << 56 | 103;
    let place = (&raw mut gdt).cast::<u64>().wrapping_add(4);
    // SAFETY: there is room for it in the table, and it is not used yet.
    unsafe { place.write(descriptor) };

    #[repr(C, packed)]
    struct Pointer(u16, u64);
    let pointer = Pointer(size_of_val(&gates) as u16 - 1, low_address(INTERRUPTS.0.get()).into());
    // SAFETY: the tables are filled, and stay.
    unsafe { asm!("lidt [{}]", "ltr {:x}", in(reg) &raw const pointer, in(reg) 32_u16) };
    // SAFETY: masks the interrupts of both controllers.
    unsafe { asm!("out 0x21, al", "out 0xA1, al", in("al") 0xFF_u8) };
}
