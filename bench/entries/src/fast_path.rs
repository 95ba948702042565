//! The programs that `mudlark-bench fast-path` looks into, on Mudlark as it comes, with hooks that do nothing, and ready to be recorded: a request and a free of constant size, each in a function of its
//! own, with a name that is found again.

use core::hint::black_box;
use core::mem::MaybeUninit;

use mudlark_core_alloc::Mudlark;

#[cfg(feature = "fast-path")]
#[global_allocator]
static ALLOCATOR: Mudlark = Mudlark::new();

#[cfg(feature = "fast-path-hooked")]
#[global_allocator]
static ALLOCATOR: mudlark_hooks::Hooked<Mudlark, ()> = mudlark_hooks::Hooked::new(Mudlark::new(), ());

#[cfg(feature = "fast-path-profiled")]
#[global_allocator]
static ALLOCATOR: mudlark_inspect::Profiled<Mudlark> = mudlark_inspect::Profiled::new(Mudlark::new());

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
    // Else the linker would know that nothing is ever recorded.
    #[cfg(feature = "fast-path-profiled")]
    let _recording = mudlark_inspect::Profiler::from_env();
    let block = black_box(request_of_32_bytes());
    free_of_32_bytes(black_box(block));
}
