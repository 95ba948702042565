//! Snapshots of blocks that are made up, by way of a file.

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use mudlark_hooks::{Address, Event, Frames, NameOf, Writer};
use mudlark_inspect::Snapshot;

/// A block: the number of its tag, its size, and its frames, innermost first: file, line, function.
pub(crate) type MadeUp<'a> = (u32, u64, Vec<(&'a str, u32, &'a str)>);

/// A path for a file that no other test has.
pub(crate) fn new_path() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("snapshot-{}-{number}.mmt", std::process::id()))
}

/// Loads this log, and removes it.
pub(crate) fn loaded(log: &[u8]) -> std::io::Result<Snapshot> {
    let path = new_path();
    fs::write(&path, log)?;
    let snapshot = Snapshot::load(&path);
    fs::remove_file(&path)?;
    snapshot
}

/// The log of these blocks. Tags are called «tag1» and so on; zero is none.
pub(crate) fn log_of(blocks: &[MadeUp<'_>], sample_interval: u64) -> Vec<u8> {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 4096>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    writer.write(
        0,
        &Event::Started { process: 1, pointer_bytes: 8, ticks_per_second: 1, unix_nanoseconds: 0, sample_interval },
    );
    for id in 1..4 {
        writer.write(0, &Event::Name { of: NameOf::Tag, id, text: &format!("tag{id}") });
    }
    let mut symbols = BTreeMap::new();
    for (stack, (_, _, frames)) in (1..).zip(blocks) {
        for &frame in frames {
            let next = 0x1000 + symbols.len() as u64;
            symbols.entry(frame).or_insert(next);
        }
        let addresses: Vec<u64> = frames.iter().map(|frame| symbols[frame]).collect();
        writer.write(0, &Event::Stack { id: stack, frames: Frames::from(&*addresses) });
    }
    for (file, (&(name, line, function), &address)) in (1..).zip(&symbols) {
        writer.write(0, &Event::Name { of: NameOf::File, id: file, text: name });
        writer.write(0, &Event::Symbol { address: Address(address), file, line, function });
    }
    for (stack, &(tag, size, _)) in (1..).zip(blocks) {
        let address = Address(0x10_0000 * u64::from(stack));
        writer.write_of(1, tag, 0, &Event::Allocated { address, size, align: 8, stack });
    }
    writer.write(0, &Event::Stopped {});
    writer.flush();
    log
}

pub(crate) fn snapshot_of(blocks: &[MadeUp<'_>]) -> Snapshot {
    let snapshot = loaded(&log_of(blocks, 1)).expect("it can be read");
    assert!(snapshot.is_whole());
    assert_eq!(snapshot.blocks().len(), blocks.len());
    snapshot
}
