//! Events made up at random, of every kind.

use mudlark_hooks::{Address, EarlyEnd, Event, Frames, NameOf, Step};

/// Random numbers, of which many are small and some as large as they can be.
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn with_seed(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn number_from(&mut self, least: u64, most: u64) -> u64 {
        self.0.u64(least..=most)
    }

    pub(crate) fn place(&mut self, most: usize) -> usize {
        self.0.usize(0..=most)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.u8(..)
    }

    fn long(&mut self) -> u64 {
        let bits = self.0.u32(0..=64);
        self.0.u64(..).checked_shr(64 - bits).unwrap_or(0)
    }

    fn word(&mut self) -> u32 {
        let bits = self.0.u32(0..=32);
        self.0.u32(..).checked_shr(32 - bits).unwrap_or(0)
    }

    fn text(&mut self) -> String {
        let len = self.0.usize(0..40);
        (0..len).map(|_| self.0.char('\0'..='\u{10FFFF}')).take(9).collect()
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let len = self.0.usize(0..=most);
        (0..len).map(|_| self.0.u8(..)).collect()
    }
}

/// All that an event may be made of.
pub(crate) struct Made {
    kind: u8,
    longs: [u64; 6],
    words: [u32; 2],
    byte: u8,
    text: String,
    frames: Vec<u64>,
}

const KINDS: u8 = 26;

impl Made {
    pub(crate) fn up(random: &mut Random) -> Self {
        let frames = random.number_from(0, 6);
        Self {
            kind: random.byte() % KINDS,
            longs: [(); 6].map(|()| random.long()),
            words: [random.word(), random.word()],
            byte: random.byte(),
            text: random.text(),
            frames: (0..frames).map(|_| random.long()).collect(),
        }
    }

    /// Calls `f` with the event.
    pub(crate) fn with_event(&self, f: impl FnOnce(&Event<'_>)) {
        let [a, b, c, d, e, g] = self.longs;
        let [id, other] = self.words;
        let (byte, text) = (self.byte, self.text.as_str());
        f(&match self.kind {
            0 => Event::Started {
                process: id,
                pointer_bytes: byte,
                ticks_per_second: a,
                unix_nanoseconds: b,
                sample_interval: c,
            },
            1 => Event::Name { of: name_of(byte), id, text },
            2 => Event::Module { base: Address(a), size: b, path: text },
            3 => Event::Stack { id, frames: Frames::from(&self.frames[..]) },
            4 => Event::Switched { thread: id, tag: other },
            5 => Event::Allocated { address: Address(a), size: b, align: c, stack: id },
            6 => Event::Freed { address: Address(a) },
            7 => Event::Reallocated { from: Address(a), to: Address(b), size: c, stack: id },
            8 => Event::Refused { size: a, align: b, stack: id },
            9 => Event::RegionTaken { address: Address(a), size: b },
            10 => Event::RegionGivenBack { address: Address(a), size: b },
            11 => Event::CollectionStarted { collector: id, generation: byte, candidates: a },
            12 => Event::CollectionStep { collector: id, step: step(byte) },
            13 => Event::CollectionStopped { collector: id, collected: a },
            14 => Event::Heap { requested: a, used: b, cached: c, large: d, committed: e, reserved: g },
            15 => Event::Class { block_size: a, pages: b, used: c, cached: d, requested: e },
            16 => Event::Page { address: Address(a), size: b, block_size: c, used: id, capacity: other },
            17 => Event::Resident { bytes: a },
            18 => Event::Census { collector: id, type_id: other, generation: byte, count: a, bytes: b },
            19 => Event::Mark { text },
            20 => Event::Lost { events: a },
            21 => Event::Stopped {},
            22 => Event::Freed { address: Address(0x7F00_0000_0000 + u64::from(byte)) },
            24 => Event::Sampling { interval: a },
            25 => Event::EndedEarly { why: early_end(byte), error: id },
            23 => Event::Symbol { address: Address(a), file: id, line: other, function: text },
            _ => Event::Mark { text: "" },
        });
    }
}

fn name_of(byte: u8) -> NameOf {
    use NameOf::{Allocator, Collector, File, Program, Tag, Thread, Type};
    [Program, Allocator, Thread, Tag, Type, Collector, File][usize::from(byte) % 7]
}

fn step(byte: u8) -> Step {
    use Step::{Count, Destroy, Finalize, Search, Spread, Weak};
    [Search, Count, Spread, Weak, Finalize, Destroy][usize::from(byte) % 6]
}

fn early_end(byte: u8) -> EarlyEnd {
    use EarlyEnd::{Failed, FileSize, Limit, NoRoom};
    [Limit, NoRoom, FileSize, Failed][usize::from(byte) % 4]
}
