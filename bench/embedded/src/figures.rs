//! The measurements.

use crate::board;
use crate::masked::longest;
use crate::random::Random;
use crate::slots::{Cost, Slots, cost_of_measuring};

pub(crate) const KIB: usize = 1024;

/// The names of the figures of the curve, and the sizes of its regions.
pub(crate) const SIZES: [(&str, &str, &str, usize); 8] = [
    ("half_2k", "share_2k", "full_2k", 2 * KIB),
    ("half_4k", "share_4k", "full_4k", 4 * KIB),
    ("half_8k", "share_8k", "full_8k", 8 * KIB),
    ("half_16k", "share_16k", "full_16k", 16 * KIB),
    ("half_256k", "share_256k", "full_256k", 256 * KIB),
    ("half_1m", "share_1m", "full_1m", 1024 * KIB),
    ("half_4m", "share_4m", "full_4m", 4096 * KIB),
    ("half_16m", "share_16m", "full_16m", 16384 * KIB),
];

/// How large the requests are.
#[derive(Clone, Copy)]
pub(crate) enum Sizes {
    /// 8–512 bytes, all as likely.
    Small,
    /// 8 bytes to a quarter of the region, every power of two as likely.
    Mixed,
}

impl Sizes {
    fn next(self, region: usize, random: &mut Random) -> usize {
        match self {
            Self::Small => 8 + random.below(505),
            Self::Mixed => {
                let doublings = (region / 4 / 8).ilog2() as usize;
                let smallest = 8 << random.below(doublings);
                smallest + random.below(smallest + 1)
            }
        }
    }
}

/// How often calls are measured: more often for the region of the table than for those of the curve.
const fn steps(region: usize) -> usize {
    if region == 64 * KIB { 20_000 } else { 3000 }
}

/// Sums up what calls cost.
#[derive(Default)]
struct Costs {
    calls: usize,
    sum: usize,
    worst: usize,
}

impl Costs {
    fn add(&mut self, Cost(cost): Cost, measuring: u32) {
        let cost = (cost - measuring) as usize;
        self.calls += 1;
        self.sum += cost;
        self.worst = self.worst.max(cost);
    }

    /// Prints the mean, in tenths, and the worst.
    fn print(&self, name: &str, call: &str) {
        for (figure, number) in [("mean", self.sum * 10 / self.calls.max(1)), ("worst", self.worst)] {
            for part in [name, "_", call, "_"] {
                board::print(part.as_bytes());
            }
            board::print_figure(figure, number);
        }
    }
}

/// The measurements' heap and blocks.
pub(crate) struct Figures {
    slots: Slots,
    random: Random,
    measuring: u32,
}

impl Figures {
    pub(crate) fn start() -> Self {
        Self { slots: Slots::new(), random: Random::new(1), measuring: cost_of_measuring() }
    }

    /// What requests and frees cost when they come by turns in a region half of which is live.
    pub(crate) fn churn_at_half_load(&mut self, name: &str, region: usize, sizes: Sizes) {
        let (mut requests, mut frees) = (Costs::default(), Costs::default());
        self.slots.begin(region);
        self.age(region, sizes, 2000 + region / 64);
        for _ in 0..steps(region) {
            while self.slots.live > region / 2 {
                frees.add(self.free_any(), self.measuring);
            }
            let (_, cost) = self.request(region, sizes);
            requests.add(cost, self.measuring);
        }
        requests.print(name, "alloc");
        frees.print(name, "free");
    }

    /// The same when there is always one request more than is served.
    pub(crate) fn churn_nearly_full(&mut self, name: &str, region: usize, sizes: Sizes) {
        let (mut requests, mut frees) = (Costs::default(), Costs::default());
        self.slots.begin(region);
        while self.request(region, sizes).0 {}
        for _ in 0..steps(region) {
            loop {
                let (served, cost) = self.request(region, sizes);
                requests.add(cost, self.measuring);
                if !served {
                    break;
                }
            }
            frees.add(self.free_any(), self.measuring);
        }
        requests.print(name, "alloc");
        frees.print(name, "free");
    }

    /// The most instructions that interrupts were masked for, with the few of measuring: while a region was added; for
    /// requests of more than a block's own alignment; for resizes; and for requests and frees of any size in regions of any
    /// size.
    pub(crate) fn masked(&mut self) {
        self.slots.begin(64 * KIB);
        board::print_figure("masked_region", longest() as usize);
        board::print_figure("masked_aligned", self.churn_masked(64 * KIB, Sizes::Mixed, 64));
        board::print_figure("masked_resize", self.resize_masked(64 * KIB));
        let regions = SIZES.map(|(_, _, _, region)| region);
        let most = regions.map(|region| {
            let small = self.churn_masked(region, Sizes::Small, 8);
            small.max(self.churn_masked(region, Sizes::Mixed, 8))
        });
        board::print_figure("masked", most.into_iter().fold(0, usize::max));
    }

    /// Requests and frees by turns, at half load and nearly full.
    fn churn_masked(&mut self, region: usize, sizes: Sizes, align: usize) -> usize {
        self.slots.begin(region);
        self.slots.align = align;
        longest();
        self.age(region, sizes, 5000);
        while self.request(region, sizes).0 {}
        for _ in 0..5000 {
            self.free_any();
            while self.request(region, sizes).0 {}
        }
        longest() as usize
    }

    /// Blocks grow and shrink while there is hardly any room.
    fn resize_masked(&mut self, region: usize) -> usize {
        self.slots.begin(region);
        longest();
        while self.request(region, Sizes::Small).0 {}
        for _ in 0..20_000 {
            let index = self.random.below(self.slots.len());
            let size = Sizes::Small.next(region, &mut self.random);
            if !self.slots.resize(index, size) {
                self.free_any();
                self.request(region, Sizes::Small);
            }
        }
        longest() as usize
    }

    /// How much of the region is live, in bytes that were asked for, when a request is refused for the first time: in
    /// hundredths of a percent, as a mean over many fillings with a free for every two requests. Before, the heap may have
    /// been in use for `age` operations.
    pub(crate) fn live_share(&mut self, name: &str, region: usize, sizes: Sizes, age: usize) {
        let fillings = if age > 0 { 4 } else { (32 * KIB * KIB / region).clamp(2, 512) };
        let mut sum = 0;
        for _ in 0..fillings {
            self.slots.begin(region);
            self.age(region, sizes, age);
            loop {
                if self.random.below(3) == 0 && self.slots.len() > 0 {
                    self.free_any();
                } else if !self.request(region, sizes).0 {
                    break;
                }
            }
            sum += self.slots.live / (region / 1024) * 10_000 / 1024;
        }
        board::print_figure(name, sum / fillings);
    }

    /// Churn at half load.
    fn age(&mut self, region: usize, sizes: Sizes, operations: usize) {
        for _ in 0..operations / 2 {
            while self.slots.live > region / 2 {
                self.free_any();
            }
            self.request(region, sizes);
        }
    }

    fn free_any(&mut self) -> Cost {
        let index = self.random.below(self.slots.len());
        self.slots.free(index)
    }

    fn request(&mut self, region: usize, sizes: Sizes) -> (bool, Cost) {
        let size = sizes.next(region, &mut self.random);
        self.slots.request(size)
    }
}
