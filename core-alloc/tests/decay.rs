//! Memory goes back to the system: by itself when it is not used for a while, and at once when that is asked for. In child
//! processes, whose resident memory is this test's alone. (On 32-bit systems blocks of some MiB have mappings of their own.)

#![cfg(all(feature = "std", target_os = "linux", target_pointer_width = "64", not(miri)))]

mod common;

use common::{Block, Random, in_child};
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use mudlark_core_alloc::Mudlark;
use std::fs;
use std::process::Output;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

static ALLOCATOR: Mudlark = Mudlark::new();

const MIB: usize = 1 << 20;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("a valid layout")
}

/// The bytes of memory that this process has.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("the kernel's figures");
    let pages: usize = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).expect("a number");
    pages * 4096
}

fn threads() -> usize {
    tasks().len()
}

/// Whether `holds` comes to hold: in less than a second, unless the machine has much else to do.
fn soon(holds: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        if holds() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    holds()
}

/// Uses 64 MiB, and frees it all: in large blocks, in medium ones, and in small ones.
fn use_much_memory() {
    let begin = resident();
    let sizes = [(7 * MIB, 5), (100_000, 150), (1_000, 14_000)];
    let blocks: Vec<Block> = sizes
        .into_iter()
        .flat_map(|(size, count)| (0..count).map(move |_| Block::new(&ALLOCATOR, layout(size), false, 1)))
        .collect();
    assert!(resident() > begin + 50 * MIB);
    blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
}

/// What a process has that has done something with the allocator, but has not used much.
fn resident_at_first() -> usize {
    Block::new(&ALLOCATOR, layout(100_000), false, 1).free(&ALLOCATOR);
    Block::new(&ALLOCATOR, layout(48), false, 1).free(&ALLOCATOR);
    resident()
}

fn ends_well(child: &Output) {
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn memory_goes_back_while_the_program_rests() {
    ends_well(&in_child("memory_goes_back_while_the_program_rests", || {
        let (first, alone) = (resident_at_first(), threads());
        use_much_memory();
        assert!(soon(|| resident() < first + 6 * MIB), "{} of {first} B", resident());
        assert!(soon(|| threads() == alone), "the janitor is still there");
        let stats = Mudlark::stats();
        assert!(stats.committed_bytes < 2 * MIB, "{stats}");
        // And again: whoever comes to work finds things as before.
        use_much_memory();
        assert!(soon(|| resident() < first + 6 * MIB), "{} of {first} B", resident());
    }));
}

#[test]
fn what_a_growing_program_outgrows_goes_back_at_once() {
    ends_well(&in_child("what_a_growing_program_outgrows_goes_back_at_once", || {
        Mudlark::set_decay(Some(Duration::from_secs(3600)));
        let mut blocks: Vec<Block> = (0..6).map(|_| Block::new(&ALLOCATOR, layout(MIB / 16), false, 1)).collect();
        for doubling in 0..7 {
            for block in &mut blocks {
                block.resize(&ALLOCATOR, (MIB / 8) << doubling, 1);
                let stats = Mudlark::stats();
                let most = stats.peak_bytes + stats.peak_bytes / 32 + MIB;
                assert!(stats.committed_bytes <= most, "{stats}");
            }
        }
        blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
        // What it does not outgrow stays.
        assert!(Mudlark::stats().committed_bytes > 40 * MIB);
    }));
}

/// A window of large blocks, of which one is replaced by another and its first byte written, so many times.
fn replace_large_blocks(window: &mut [(*mut u8, Layout)], times: usize, random: &mut Random) {
    for _ in 0..times {
        let (block, old) = &mut window[random.below(8)];
        // SAFETY: allocated below for this layout, and not used any more.
        unsafe { ALLOCATOR.dealloc(*block, *old) };
        *old = layout(MIB + random.below(7 * MIB));
        // SAFETY: the size is not zero.
        *block = unsafe { ALLOCATOR.alloc(*old) };
        // SAFETY: the block is that large.
        unsafe { block.write(1) };
    }
}

#[test]
fn large_blocks_that_are_hardly_touched_are_had_without_page_faults() {
    ends_well(&in_child("large_blocks_that_are_hardly_touched_are_had_without_page_faults", || {
        Mudlark::set_decay(Some(Duration::from_secs(3600)));
        let mut random = Random::new(9);
        // SAFETY: the size is not zero.
        let mut window: Vec<_> = (0..8).map(|_| (unsafe { ALLOCATOR.alloc(layout(MIB)) }, layout(MIB))).collect();
        replace_large_blocks(&mut window, 4000, &mut random);
        let before = page_faults();
        replace_large_blocks(&mut window, 2000, &mut random);
        let faults = page_faults() - before;
        assert!(faults < 100, "{faults} in 2000 replacements\n{}", Mudlark::stats());
        // SAFETY: allocated for this layout, and not used any more.
        window.into_iter().for_each(|(block, layout)| unsafe { ALLOCATOR.dealloc(block, layout) });
    }));
}

#[test]
fn collect_gives_all_back_at_once() {
    ends_well(&in_child("collect_gives_all_back_at_once", || {
        Mudlark::set_decay(None);
        let first = resident_at_first();
        use_much_memory();
        Mudlark::collect();
        assert!(resident() < first + 3 * MIB, "{} of {first} B", resident());
        let stats = Mudlark::stats();
        assert_eq!((stats.committed_bytes, stats.page_bytes), (0, 0), "{stats}");
        assert!(stats.reserved_bytes < MIB, "{stats}");
    }));
}

#[test]
fn without_decay_memory_stays() {
    ends_well(&in_child("without_decay_memory_stays", || {
        Mudlark::set_decay(None);
        let (first, alone) = (resident_at_first(), threads());
        use_much_memory();
        thread::sleep(Duration::from_millis(700));
        assert!(resident() > first + 50 * MIB, "{} of {first} B", resident());
        assert_eq!(threads(), alone);
        // Memory that was freed before counts from when there is a decay.
        Mudlark::set_decay(Some(Duration::from_millis(20)));
        assert!(soon(|| resident() < first + 6 * MIB), "{} of {first} B", resident());
    }));
}

#[test]
fn a_change_of_the_decay_reaches_a_janitor_who_waits() {
    ends_well(&in_child("a_change_of_the_decay_reaches_a_janitor_who_waits", || {
        Mudlark::set_decay(Some(Duration::from_secs(3600)));
        let (first, alone) = (resident_at_first(), threads());
        use_much_memory();
        assert_eq!(threads(), alone + 1);
        Mudlark::set_decay(Some(Duration::from_millis(1)));
        assert!(soon(|| resident() < first + 6 * MIB), "{} of {first} B", resident());
    }));
}

#[test]
fn the_janitor_takes_no_signals() {
    ends_well(&in_child("the_janitor_takes_no_signals", || {
        // So that it waits, and is there to be looked at.
        Mudlark::set_decay(Some(Duration::from_secs(3600)));
        let (before, own) = (tasks(), blocked_signals("self"));
        use_much_memory();
        let janitor = tasks().into_iter().find(|task| !before.contains(task)).expect("a janitor");
        let blocked = blocked_signals(&janitor);
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGCHLD, libc::SIGALRM] {
            assert_eq!(blocked >> (signal - 1) & 1, 1, "signal {signal} of {blocked:#x}");
        }
        assert_eq!(blocked_signals("self"), own);
    }));
}

/// The threads of this process.
fn tasks() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("the kernel's list");
    tasks.map(|task| task.expect("a thread").file_name().into_string().expect("a number")).collect()
}

/// A bit for each signal that a thread does not get.
fn blocked_signals(task: &str) -> u64 {
    let thread = if task == "self" { "thread-self".to_owned() } else { format!("self/task/{task}") };
    let status = fs::read_to_string(format!("/proc/{thread}/status")).expect("the kernel's figures");
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("the signals");
    u64::from_str_radix(blocked.trim(), 16).expect("a number")
}

#[test]
fn memory_that_is_used_again_and_again_stays() {
    ends_well(&in_child("memory_that_is_used_again_and_again_stays", || {
        Mudlark::set_decay(Some(Duration::from_millis(50)));
        let use_it = || Block::new(&ALLOCATOR, layout(16 * MIB), false, 1).free(&ALLOCATOR);
        use_it();
        let (before, begin) = (page_faults(), Instant::now());
        while begin.elapsed() < Duration::from_millis(500) {
            use_it();
        }
        let faults = page_faults() - before;
        // Once it may go back: others may run for so long between a free and the next request.
        assert!(faults < 4096 + 500, "{faults} page faults, 4096 of which are the whole block");
    }));
}

/// The page faults of this process so far, without those that had to wait for a disk.
fn page_faults() -> libc::c_long {
    // SAFETY: zeroes are a valid answer.
    let mut usage: libc::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: the place is valid for an answer.
    let status = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    assert_eq!(status, 0);
    usage.ru_minflt
}

#[test]
fn large_blocks_that_come_and_go_fault_few_pages() {
    ends_well(&in_child("large_blocks_that_come_and_go_fault_few_pages", || {
        Mudlark::set_decay(None);
        let mut random = Random::new(5);
        let mut window: Vec<Block> = (0..8).map(|_| Block::new(&ALLOCATOR, layout(MIB), false, 1)).collect();
        let mut replace = |count| {
            for _ in 0..count {
                let block = Block::new(&ALLOCATOR, layout(MIB + random.below(3 * MIB)), false, 2);
                let index = random.below(window.len());
                core::mem::replace(&mut window[index], block).free(&ALLOCATOR);
            }
        };
        replace(300);
        let before = page_faults();
        replace(300);
        // They have some 190 000 pages.
        assert!(page_faults() < before + 10_000, "{} page faults", page_faults() - before);
    }));
}

#[test]
fn blocks_keep_their_contents_while_others_go_back() {
    ends_well(&in_child("blocks_keep_their_contents_while_others_go_back", || {
        static DONE: AtomicBool = AtomicBool::new(false);
        Mudlark::set_decay(Some(Duration::from_millis(1)));
        let collector = thread::spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                Mudlark::collect();
                thread::sleep(Duration::from_millis(3));
            }
        });
        let workers = [1, 2, 3].map(|seed| thread::spawn(move || allocate_and_resize(seed)));
        workers.into_iter().for_each(|worker| worker.join().expect("a thread that ends well"));
        DONE.store(true, Ordering::Relaxed);
        collector.join().expect("a thread that ends well");
        Mudlark::collect();
        assert_eq!(Mudlark::stats().large_blocks, 0);
    }));
}

/// Every block is checked when it is resized or freed.
fn allocate_and_resize(seed: u64) {
    let random = &mut Random::new(seed);
    let mut live: Vec<Block> = Vec::new();
    for step in 0..1_500 {
        let fill = u8::try_from(step % 255).expect("below 255") + 1;
        if random.below(20) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        match random.below(3) {
            0 if live.len() < 12 => {
                live.push(Block::new(&ALLOCATOR, layout(random.size(21)), random.below(2) == 0, fill));
            }
            1 if !live.is_empty() => {
                let index = random.below(live.len());
                live[index].resize(&ALLOCATOR, random.size(21), fill);
            }
            _ if !live.is_empty() => live.swap_remove(random.below(live.len())).free(&ALLOCATOR),
            _ => {}
        }
    }
    live.into_iter().for_each(|block| block.free(&ALLOCATOR));
}

/// Fills memory with blocks of 16–2048 bytes and frees nine of ten, at random.
fn hold_a_tenth() -> Vec<Block> {
    let random = &mut Random::new(11);
    let mut size = || 16 + random.below(2033);
    let mut blocks: Vec<Block> = (0..100_000).map(|_| Block::new(&ALLOCATOR, layout(size()), false, 1)).collect();
    for _ in 0..blocks.len() * 9 / 10 {
        blocks.swap_remove(random.below(blocks.len())).free(&ALLOCATOR);
    }
    blocks
}

#[test]
fn os_pages_without_a_block_go_back_from_between_others() {
    ends_well(&in_child("os_pages_without_a_block_go_back_from_between_others", || {
        let first = resident_at_first();
        let held = hold_a_tenth();
        let bookkeeping = held.capacity() * size_of::<Block>();
        let live = held.len() * 1032;
        let share = || (resident() - first - bookkeeping) as f64 / live as f64;
        // 3.6 is what remains if each OS page without a block goes back; the blocks in the thread's cache come on top.
        assert!(soon(|| share() < 4.2), "{} after a while", share());
        Mudlark::collect();
        assert!(share() < 3.9, "{} after collecting", share());
        held.into_iter().for_each(|block| block.free(&ALLOCATOR));
    }));
}

#[test]
fn what_is_kept_for_many_threads_goes_back() {
    const THREADS: usize = 60;
    ends_well(&in_child("what_is_kept_for_many_threads_goes_back", || {
        let first = resident_at_first();
        let (all_have_freed, may_end) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let runs = [(); 4].map(|()| Block::new(&ALLOCATOR, layout(120_000), false, 1));
                    runs.into_iter().for_each(|run| run.free(&ALLOCATOR));
                    all_have_freed.wait();
                    may_end.wait();
                });
            }
            all_have_freed.wait();
            let kept = soon(|| resident() < first + 12 * MIB);
            may_end.wait();
            assert!(kept, "{} of {first} B", resident());
        });
    }));
}

#[test]
fn a_program_that_gets_no_thread_works_on() {
    ends_well(&in_child("a_program_that_gets_no_thread_works_on", || {
        let (first, alone) = (resident_at_first(), threads());
        // No stack for a thread can be had any more, while there are still pages to be used.
        let nothing = libc::rlimit { rlim_cur: 0, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: the limit is a valid one, and only read.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const nothing) }, 0);
        for _ in 0..20 {
            let blocks = [7; 5].map(|mib| Block::new(&ALLOCATOR, layout(mib * MIB), true, 1));
            blocks.into_iter().for_each(|block| block.free(&ALLOCATOR));
        }
        assert_eq!(threads(), alone);
        assert!(resident() > first + 30 * MIB);
        Mudlark::collect();
        assert!(resident() < first + 3 * MIB, "{} of {first} B", resident());
    }));
}
