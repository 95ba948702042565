//! How full a region of 64 KiB can get with requests of mixed sizes, whatever the heap: the row *mixed sizes* of
//! `bench/embedded`, for ways of choosing a place that no heap has to be written for.
//!
//! Each filling is two requests for every free of any block, until a request is refused. Sizes are from 8 bytes to a quarter of
//! the region, every power of two as likely. The means are over so many fillings as the first argument says, 2000 if it says
//! nothing; all ways get the same ones. *Without overhead* a block takes what was asked for. *With tags* it takes a word of four bytes
//! more, in whole pairs of words, and the region 188 bytes for itself, as in Mudlark's heap.

use std::env;

const REGION: usize = 64 << 10;

/// Marsaglia's xorshift of 32 bits, as in the firmware.
#[derive(Clone)]
struct Random(u32);

impl Random {
    fn new(seed: u32) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9) | 1);
        // Seeds that are close to each other begin alike.
        for _ in 0..20 {
            random.below(2);
        }
        random
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 4) as usize % bound
    }

    fn size(&mut self) -> usize {
        let doublings = (REGION / 4 / 8).ilog2() as usize;
        let smallest = 8 << self.below(doublings);
        smallest + self.below(smallest + 1)
    }
}

/// What a heap takes for itself.
#[derive(Clone, Copy)]
struct Overhead {
    region: usize,
    tag: usize,
    granule: usize,
}

const NONE: Overhead = Overhead { region: 0, tag: 0, granule: 1 };
const TAGS: Overhead = Overhead { region: 188, tag: 4, granule: 8 };

/// How the place for a block is chosen.
#[derive(Clone, Copy, PartialEq)]
enum Choice {
    /// There is no choice: live blocks are moved together.
    Compacting,
    FirstFit,
    /// From the end of the request before.
    NextFit,
    /// The smallest gap, the first one of such.
    BestFit,
    /// The same, but what takes a sixteenth of the region or more is put at the gap's end, and all other at its beginning.
    TwoEnded,
    /// The same, with small blocks in the lower eighth of the region, and large ones in the rest, as long as there is room.
    Apart,
    /// Every gap and both ends are tried, each with so many random futures, all else in which is [`Self::TwoEnded`]. The place
    /// that fills the region best in the mean is chosen: what can be known without knowing what comes.
    Rollout(u32),
    /// Every gap and both ends are tried with the future that comes, all else in which is one of three other choices. The place
    /// that serves most requests is chosen.
    Foresight,
}

/// A place: the index of a gap, and whether the block goes to its end.
type Place = (usize, bool);

#[derive(Clone, Copy)]
struct Block {
    start: usize,
    taken: usize,
    asked: usize,
}

#[derive(Clone)]
struct Region {
    overhead: Overhead,
    /// Start and length of each, in the order of their addresses.
    gaps: Vec<(usize, usize)>,
    live: Vec<Block>,
    /// Where the last request ends.
    last_end: usize,
}

impl Region {
    fn new(overhead: Overhead) -> Self {
        Self { overhead, gaps: vec![(0, REGION - overhead.region)], live: Vec::new(), last_end: 0 }
    }

    fn asked(&self) -> usize {
        self.live.iter().map(|block| block.asked).sum()
    }

    fn taken_for(&self, asked: usize) -> usize {
        (asked + self.overhead.tag).next_multiple_of(self.overhead.granule)
    }

    /// Requests and frees until one is refused; returns the number of requests and frees.
    fn fill(&mut self, choice: Choice, random: &mut Random) -> usize {
        for step in 1.. {
            if random.below(3) == 0 && !self.live.is_empty() {
                let index = random.below(self.live.len());
                self.free(index);
            } else {
                let asked = random.size();
                let Some(place) = self.place(choice, asked, random) else { return step };
                self.put(place, asked);
            }
        }
        unreachable!("a region gets full")
    }

    fn place(&mut self, choice: Choice, asked: usize, future: &Random) -> Option<Place> {
        let taken = self.taken_for(asked);
        let fits = |&index: &usize| self.gaps[index].1 >= taken;
        let mut fitting = (0..self.gaps.len()).filter(fits);
        let large = taken >= REGION / 16;
        match choice {
            Choice::Compacting => {
                self.compact();
                self.gaps.first().filter(|&&(_, len)| len >= taken).map(|_| (0, false))
            }
            Choice::FirstFit => fitting.next().map(|gap| (gap, false)),
            Choice::NextFit => {
                let behind = fitting.clone().find(|&gap| self.gaps[gap].0 >= self.last_end);
                behind.or_else(|| fitting.next()).map(|gap| (gap, false))
            }
            Choice::BestFit => self.smallest(fitting).map(|gap| (gap, false)),
            Choice::TwoEnded => self.smallest(fitting).map(|gap| (gap, large)),
            Choice::Apart => {
                let border = REGION / 8;
                let on_its_side = |&gap: &usize| {
                    let (start, len) = self.gaps[gap];
                    if large { start + len >= border + taken } else { start + taken <= border }
                };
                let own = self.smallest(fitting.clone().filter(on_its_side));
                own.or_else(|| self.smallest(fitting)).map(|gap| (gap, large))
            }
            Choice::Rollout(futures) => self.best_place(taken, |region| {
                let filled = (0..futures).map(|seed| {
                    let mut region = region(asked);
                    region.fill(Choice::TwoEnded, &mut Random::new(seed + 1_000_000));
                    region.asked()
                });
                filled.sum()
            }),
            Choice::Foresight => self.best_place(taken, |region| {
                let others = [Choice::FirstFit, Choice::BestFit, Choice::TwoEnded];
                others.into_iter().map(|other| region(asked).fill(other, &mut future.clone())).fold(0, usize::max)
            }),
        }
    }

    /// The place with the highest value, which may be told from the region with the block there.
    fn best_place(&self, taken: usize, value: impl Fn(&dyn Fn(usize) -> Self) -> usize) -> Option<Place> {
        let fitting = (0..self.gaps.len()).filter(|&gap| self.gaps[gap].1 >= taken);
        let places: Vec<Place> = fitting.flat_map(|gap| [(gap, false), (gap, true)]).collect();
        if places.len() <= 2 && self.gaps.len() == 1 && self.live.is_empty() {
            return places.first().copied();
        }
        places.into_iter().max_by_key(|&place| {
            value(&|asked| {
                let mut region = self.clone();
                region.put(place, asked);
                region
            })
        })
    }

    fn smallest(&self, gaps: impl Iterator<Item = usize>) -> Option<usize> {
        gaps.min_by_key(|&gap| self.gaps[gap].1)
    }

    fn put(&mut self, (gap, at_end): Place, asked: usize) {
        let taken = self.taken_for(asked);
        let (start, len) = self.gaps[gap];
        let block = Block { start: if at_end { start + len - taken } else { start }, taken, asked };
        match len - taken {
            0 => drop(self.gaps.remove(gap)),
            rest => self.gaps[gap] = (if at_end { start } else { start + taken }, rest),
        }
        self.live.push(block);
        self.last_end = block.start + taken;
    }

    fn free(&mut self, index: usize) {
        let Block { start, taken, .. } = self.live.swap_remove(index);
        let gap = self.gaps.partition_point(|&(gap, _)| gap < start);
        self.gaps.insert(gap, (start, taken));
        for before in [gap, gap.wrapping_sub(1)] {
            if let Some(&[(start, len), (next, more)]) = self.gaps.get(before..before.wrapping_add(2))
                && start + len == next
            {
                self.gaps[before].1 += more;
                self.gaps.remove(before + 1);
            }
        }
    }

    fn compact(&mut self) {
        let mut end = 0;
        for block in &mut self.live {
            block.start = end;
            end += block.taken;
        }
        let len = REGION - self.overhead.region;
        self.gaps = if end < len { vec![(end, len - end)] } else { Vec::new() };
    }
}

/// The mean share of the region that is live when a request is refused.
fn live_share(choice: Choice, overhead: Overhead, fillings: u32) -> f64 {
    let filled = (0..fillings).map(|seed| {
        let mut region = Region::new(overhead);
        region.fill(choice, &mut Random::new(seed));
        f64::from(u32::try_from(region.asked()).expect("at most the region"))
    });
    filled.sum::<f64>() / f64::from(fillings) / 65536.0
}

fn main() {
    let fillings = env::args().nth(1).map_or(2000, |count| count.parse().expect("a number of fillings"));
    let futures = env::args().nth(2).map(|count| count.parse().expect("a number of futures"));
    let mut choices = vec![
        ("all blocks are moved together", Choice::Compacting),
        ("knowing the future", Choice::Foresight),
        ("small and large apart", Choice::Apart),
        ("best fit, large ones at the end", Choice::TwoEnded),
        ("best fit", Choice::BestFit),
        ("first fit", Choice::FirstFit),
        ("next fit", Choice::NextFit),
    ];
    if let Some(futures) = futures {
        choices.insert(2, ("the best of many random futures", Choice::Rollout(futures)));
    }
    println!("| {fillings} fillings | without overhead | with tags |\n|---|--:|--:|");
    for (name, choice) in choices {
        let [none, tags] = [NONE, TAGS].map(|overhead| live_share(choice, overhead, fillings));
        println!("| {name} | {none:.3} | {tags:.3} |");
    }
}
