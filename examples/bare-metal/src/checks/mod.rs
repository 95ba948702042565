//! What has to hold on every board.

mod allocator;
mod collections;
mod counted;
pub mod gc;
pub mod interrupts;
mod pages;
#[cfg(target_arch = "x86_64")]
mod processors;
mod recorded;
mod unmasked;

/// All checks, by what they are about.
pub const ALL: &[(&str, fn())] = &[
    ("blocks under churn keep their contents", allocator::churn),
    ("exhaustion is refused and recovered from", allocator::exhaustion),
    ("vectors, maps, strings and trait objects", collections::all),
    ("counted handles, shared and weak", counted::handles),
    #[cfg(target_pointer_width = "32")]
    ("a counted value has a header of four bytes", counted::small_header),
    #[cfg(target_pointer_width = "32")]
    ("a collected value has a header of twelve bytes", gc::small_header),
    ("interned words", counted::interned),
    ("deep lists and trees are dropped on a small stack", counted::deep),
    ("cycles, finalizers and weak handles", gc::cycles),
    ("a deep list is dropped on a small stack", gc::deep_list),
    ("a collection makes room when memory is out", gc::out_of_memory),
    ("a heap grows by pages until there are no more", pages::growing),
    ("an interrupt handler allocates and frees", interrupts::handler),
    ("a heap that masks no interrupts serves a handler", unmasked::handler),
    ("what a heap does is written to a ring, and read back", recorded::churn),
    #[cfg(target_arch = "x86_64")]
    ("processors and their handlers share the heap and free each other's blocks", processors::both),
];

/// Marsaglia's xorshift.
struct Random(u32);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 4) as usize % bound
    }
}
