//! What the numbers of a snapshot's blocks stand for.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::frame::{Frame, Traceback, UNKNOWN};
use super::symbols::{Module, Symbols};
use crate::origin::{Function, Origin, names};
use crate::thread::Recording;

/// Stacks and scopes, and who knows what code is in the stacks.
#[derive(Debug)]
pub(super) struct Stacks {
    pub(super) stacks: BTreeMap<u32, Stack>,
    pub(super) tags: BTreeMap<u32, Arc<str>>,
    symbols: Symbols,
    /// That of blocks without a stack.
    unknown: Traceback,
}

/// A stack, and what it means once somebody has asked.
#[derive(Debug)]
pub(super) struct Stack {
    /// Return addresses, innermost first.
    pub(super) addresses: Vec<u64>,
    traceback: OnceLock<Traceback>,
}

impl Stack {
    pub(super) const fn new(addresses: Vec<u64>) -> Self {
        Self { addresses, traceback: OnceLock::new() }
    }
}

impl Stacks {
    /// Without stacks yet.
    pub(super) fn new(symbols: Symbols) -> Self {
        let unknown = Traceback::new(Vec::new(), None);
        Self { stacks: BTreeMap::new(), tags: BTreeMap::new(), symbols, unknown }
    }

    pub(super) fn tag(&self, number: u32) -> &str {
        self.tags.get(&number).map_or("", |tag| tag)
    }

    pub(super) fn traceback(&self, number: u32) -> &Traceback {
        let Some(stack) = self.stacks.get(&number) else { return &self.unknown };
        stack.traceback.get_or_init(|| traceback(&self.symbols, &stack.addresses))
    }

    /// The files whose code is in the stacks.
    pub(super) fn modules(&self) -> &[Module] {
        self.symbols.modules()
    }

    /// The functions of a return address.
    pub(super) fn frames(&self, address: u64) -> Arc<[Frame]> {
        self.symbols.frames(address)
    }
}

/// What a stack means: the frames from who asked to `main`.
pub(super) fn traceback(symbols: &Symbols, addresses: &[u64]) -> Traceback {
    let _not_recorded = Recording::begin();
    let frames: Vec<Frame> = addresses.iter().flat_map(|&address| symbols.frames(address).to_vec()).collect();
    let origin = origin_of(&frames);
    Traceback::new(frames[origin.asked..origin.end].to_vec(), origin.type_name.map(Into::into))
}

fn origin_of(frames: &[Frame]) -> Origin {
    let file =
        |frame: &Frame| Some(&*frame.file).filter(|file| *file != UNKNOWN).map(names::short_file).map(str::to_owned);
    let tidied: Vec<(String, Option<String>)> =
        frames.iter().map(|frame| (names::tidy(&frame.function, Some(&frame.file)), file(frame))).collect();
    let functions = tidied.iter().map(|(name, file)| Function { file: file.as_deref(), ..Function::named(name) });
    Origin::of(&functions.collect::<Vec<_>>())
}
