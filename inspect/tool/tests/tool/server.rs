//! A log of a program that never ran: a server that loads books and serves pages, with all that a log can tell.

use std::collections::BTreeMap;

use mudlark_hooks::{Address, Event, NameOf, Sink, Step, Writer};

/// Ticks of a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// What is known of the log without reading it.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) log: Vec<u8>,
    /// Bytes asked for, in all.
    pub(crate) total: u64,
    pub(crate) live: u64,
    pub(crate) peak: u64,
    /// Live at the peak, by size.
    pub(crate) sizes_at_peak: BTreeMap<u64, u64>,
    pub(crate) collections: u64,
}

/// Writes the log of a server.
pub(crate) fn server() -> Truth {
    let mut log = Vec::new();
    let mut server = Server::new(Writer::new(|chunk: &[u8]| log.extend_from_slice(chunk)));
    server.begin();
    server.load();
    for round in 0..40 {
        server.serve(round);
    }
    server.mark("books are sold out");
    server.empty();
    server.end();
    let Server { truth, .. } = server;
    Truth { log, ..truth }
}

/// Names, and the numbers of stacks, tags and threads.
const TAGS: [(u32, &str); 4] = [(1, "load"), (2, "load/parse"), (3, "serve"), (4, "serve/render")];
const CLASSES: [u64; 9] = [16, 32, 64, 128, 256, 512, 1024, 4096, 16384];
const PAGE: u64 = 64 << 10;

struct Server<S> {
    writer: Writer<S, 4096>,
    time: u64,
    seed: u64,
    next_address: u64,
    /// Addresses and sizes, the oldest first.
    blocks: Vec<(u64, u64)>,
    truth: Truth,
}

impl<S: Sink> Server<S> {
    fn new(writer: Writer<S, 4096>) -> Self {
        Self {
            writer,
            time: 5 * SECOND,
            seed: 1,
            next_address: 0x7f00_0000_0000,
            blocks: Vec::new(),
            truth: Truth::default(),
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    fn begin(&mut self) {
        let started = Event::Started {
            process: 4711,
            pointer_bytes: 8,
            ticks_per_second: SECOND,
            unix_nanoseconds: 1_700_000_000_000_000_000,
            sample_interval: 1,
        };
        self.writer.write(self.time, &started);
        let mut name = |of, id, text| self.writer.write(self.time, &Event::Name { of, id, text });
        name(NameOf::Program, 0, "bookshop <server> & \"sons\"");
        name(NameOf::Allocator, 0, "mudlark");
        name(NameOf::Thread, 1, "main");
        name(NameOf::Thread, 2, "worker");
        name(NameOf::Collector, 1, "pages");
        name(NameOf::Type, 1, "bookshop::Page");
        name(NameOf::Type, 2, "bookshop::Link<alloc::string::String>");
        for (id, text) in TAGS {
            name(NameOf::Tag, id, text);
        }
        self.mark("started");
    }

    fn mark(&mut self, text: &str) {
        self.writer.write(self.time, &Event::Mark { text });
    }

    /// A request, and what is known of it.
    fn allocate(&mut self, thread: u32, tag: u32, size: u64) {
        let address = self.next_address;
        self.next_address += size.next_multiple_of(16).max(16);
        let event = Event::Allocated { address: Address(address), size, align: 8, stack: 0 };
        self.writer.write_of(thread, tag, self.time, &event);
        self.blocks.push((address, size));
        self.truth.total += size;
        self.truth.live += size;
        if self.truth.live > self.truth.peak {
            self.truth.peak = self.truth.live;
            self.truth.sizes_at_peak.clear();
            for &(_, size) in &self.blocks {
                *self.truth.sizes_at_peak.entry(size).or_default() += 1;
            }
        }
    }

    fn free(&mut self, thread: u32, tag: u32, index: usize) {
        let (address, size) = self.blocks.swap_remove(index);
        self.writer.write_of(thread, tag, self.time, &Event::Freed { address: Address(address) });
        self.truth.live -= size;
    }

    fn load(&mut self) {
        for book in 0..120 {
            self.time += SECOND / 60;
            let size = 900 + self.random(600);
            self.allocate(1, 1, size);
            self.allocate(1, 2, 24 + book % 3);
            self.allocate(1, 2, 40);
            if book % 6 == 0 {
                self.tell_heap();
            }
        }
        self.mark("loaded");
    }

    fn serve(&mut self, round: u64) {
        for _ in 0..12 {
            self.time += SECOND / 80;
            let size = 200 + self.random(5000);
            self.allocate(2, 3, size);
            self.allocate(2, 4, 72);
            self.allocate(2, 4, 72);
            let newest = self.blocks.len() - 1;
            self.free(2, 4, newest);
            if self.random(3) == 0 && self.blocks.len() > 300 {
                let any = self.random(self.blocks.len() as u64);
                self.free(2, 3, usize::try_from(any).expect("small"));
            }
        }
        self.tell_heap();
        if round % 4 == 3 {
            self.collect(if round % 16 == 15 { 2 } else { 0 });
        }
    }

    fn collect(&mut self, generation: u8) {
        let unit = 150_000 * (1 + 4 * u64::from(generation)) + self.random(200_000);
        self.writer.write(self.time, &Event::CollectionStarted { collector: 1, generation, candidates: 1000 });
        for (step, len) in [(Step::Count, 3), (Step::Spread, 4), (Step::Weak, 1), (Step::Destroy, 6)] {
            self.writer.write(self.time, &Event::CollectionStep { collector: 1, step });
            self.time += unit * len;
        }
        self.writer.write(self.time, &Event::CollectionStopped { collector: 1, collected: 77 });
        self.truth.collections += 1;
        for (type_id, count, bytes) in [(1, 120, 11_520), (2, 480, 23_040)] {
            let event = Event::Census { collector: 1, type_id, generation, count, bytes };
            self.writer.write(self.time, &event);
        }
    }

    /// The figures of a heap with these blocks.
    fn tell_heap(&mut self) {
        let mut used = [0; CLASSES.len()];
        let mut requested = [0; CLASSES.len()];
        for &(_, size) in &self.blocks {
            let class = CLASSES.partition_point(|&class| class < size);
            used[class] += 1;
            requested[class] += size;
        }
        let in_use: u64 = used.iter().zip(CLASSES).map(|(&used, size)| used * size).sum();
        let heap = Event::Heap {
            requested: requested.iter().sum(),
            used: in_use,
            cached: 20_000 + self.random(8000),
            large: 0,
            committed: (in_use + 40_000).next_multiple_of(PAGE),
            reserved: 4 << 20,
        };
        self.writer.write(self.time, &heap);
        for ((block_size, used), requested) in CLASSES.into_iter().zip(used).zip(requested) {
            let pages = (used * block_size).div_ceil(PAGE) + 1;
            self.writer.write(self.time, &Event::Class { block_size, pages, used, cached: 2, requested });
            for page in 0..pages {
                self.tell_page(block_size, used, page);
            }
        }
        self.writer.write(self.time, &Event::Resident { bytes: in_use + 600_000 });
    }

    fn tell_page(&mut self, block_size: u64, used: u64, page: u64) {
        let capacity = PAGE / block_size;
        let here = used.saturating_sub(page * capacity).min(capacity);
        let event = Event::Page {
            address: Address(0x7f00_0000_0000 + block_size * (1 << 20) + page * PAGE),
            size: PAGE,
            block_size,
            used: u32::try_from(here).expect("small"),
            capacity: u32::try_from(capacity).expect("small"),
        };
        self.writer.write(self.time, &event);
    }

    fn empty(&mut self) {
        while self.blocks.len() > 100 {
            self.time += SECOND / 1000;
            self.free(1, 0, self.blocks.len() / 2);
        }
        self.tell_heap();
    }

    fn end(&mut self) {
        self.writer.write(self.time, &Event::Stopped {});
        self.writer.flush();
    }
}
