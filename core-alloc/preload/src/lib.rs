//! Mudlark behind the C library's `malloc` and C++'s `operator new`, for any Linux program:
//!
//! ```text
//! LD_PRELOAD=/path/to/libmudlark.so program
//! cc program.c -L/path/to -lmudlark
//! ```
//!
//! - `c` has what C programs call;
//! - `cxx` has what C++ compilers make of `new` and `delete`;
//! - `report` has the calls about the state of the heap: `mallinfo2`, `malloc_stats`, and those of `mudlark.h`, of which `visit` has the ones that go through it;
//! - `load` has `dlopen`, so that no library that the program loads has a `malloc` of its own;
//! - `answer` is how a result becomes a pointer and `errno`.
//!
//! A free finds its page by the address. An address that is no block of ours is left alone: the dynamic loader allocates
//! before this library is there. The other way round there is no help, so libraries that the program loads get no names of their
//! own (`RTLD_DEEPBIND`). In builds with `hardened`, what cannot be a block ends the process, with the address and
//! the reason.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod answer;
mod c;
mod cxx;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod load;
mod report;
mod visit;
