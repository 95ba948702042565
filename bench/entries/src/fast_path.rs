//! The program that `mudlark-bench fast-path` looks into: a request and a free of constant size, each in a function of its
//! own, with a name that is found again.

use core::hint::black_box;
use core::mem::MaybeUninit;

#[global_allocator]
static ALLOCATOR: mudlark_core_alloc::Mudlark = mudlark_core_alloc::Mudlark::new();

/// 32 bytes that nobody writes, so that the functions do nothing but request and free.
type Block = MaybeUninit<[u64; 4]>;

#[unsafe(no_mangle)]
#[inline(never)]
fn request_of_32_bytes() -> Box<Block> {
    Box::new(MaybeUninit::uninit())
}

#[unsafe(no_mangle)]
#[inline(never)]
fn free_of_32_bytes(block: Box<Block>) {
    drop(block);
}

fn main() {
    let block = black_box(request_of_32_bytes());
    free_of_32_bytes(black_box(block));
}
