//! Records the memory of any Linux program, without a change to it:
//!
//! ```text
//! MUDLARK_PROFILE=out.mmt LD_PRELOAD=/path/to/libmudlark_record.so program
//! MUDLARK_PROFILE=out.mmt LD_PRELOAD="/path/to/libmudlark_record.so /path/to/libmudlark.so" program
//! ```
//!
//! It stands between the program and whatever allocator comes next, the C library's or the one behind it in `LD_PRELOAD`:
//!
//! ```text
//!   program ── malloc, free, operator new … ──▶ c, cxx ── ProfiledMalloc ──▶ next ──▶ the next malloc
//!                                                              │
//!                                                         engine ──▶ out.mmt
//! ```
//!
//! - `start` begins the recording before the program's `main`, and ends it after;
//! - `c` has what C programs call, `cxx` what C++ compilers make of `new` and `delete`;
//! - `leave` and `execl` see processes off that end, or become another program, without a word;
//! - `load` has `dlopen`, so that no library that the program loads goes another way;
//! - `walk_locks` sees to it that no walk of a stack waits for its own thread;
//! - `heap` is what libmudlark.so says of itself;
//! - `next` finds the next allocator's functions;
//! - `early` serves what is asked for while they are looked for.
//!
//! The variable says the rest as for [`Profiler::from_env`](mudlark_inspect::Profiler::from_env): «out.mmt,interval=1».
//!
//! # More than one process
//!
//! The program that was started writes «out.mmt». If it becomes another program by `exec`, as a script does that ends by starting
//! what it stands for, that one's log follows in the same file, and is the one that the tool reads.
//!
//! Processes that come of it by `fork` are not recorded, unless the variable says «out.mmt,children=1»: then each writes a file of its
//! own beside it with its number, «out.1234.mmt», once there is something to write.
//!
//! # What it takes
//!
//! A request that is recorded takes up to ten kilobytes of the stack of who makes it: threads and coroutines have at least twelve.
//! Where the next allocator is not Mudlark's, which tells of itself, the recorder starts no thread unless the variable has `stats=`.
//!
//! # Ends
//!
//! The log is whole after `exit`, `_exit`, `quick_exit` and `abort`, and where a process becomes another program by `execv`,
//! `execl` (on x86-64 and 64-bit ARM) or their kin. After a crash or a signal that kills, also one that cannot be caught, all that was recorded is there,
//! too: what is not in the log yet is in «out.mmt.tail» beside it, a file in shared memory, which the tool reads together with the log. So
//! it is after a system call `execve` of the program's own. To remove or move that file does no harm. Who shortens it while
//! the program runs ends the program, by `SIGBUS`: that takes a superuser, or its owner, who has to make it writable first.
//!
//! Where a log can grow no more, on a full disk or at its limit (`size=BYTES`), it says so and ends; the program goes on.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod c;
mod cxx;
mod early;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod execl;
mod heap;
mod leave;
// As libmudlark.so has it, word for word.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[path = "../../../core-alloc/preload/src/load.rs"]
mod load;
mod next;
mod privileges;
mod start;
mod walk_locks;

use mudlark_inspect::ProfiledMalloc;

use next::Next;

/// What the program gets for its `malloc`.
static PROFILED: ProfiledMalloc<Next> = ProfiledMalloc::new(Next);

/// What this library needs itself is asked of the next allocator, and not recorded.
#[global_allocator]
static OWN: Next = Next;
