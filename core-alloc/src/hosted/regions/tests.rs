//! The search for pages, against a model that has a word for each page and tries every place.

use std::sync::{Mutex, PoisonError};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::hosted::region::PAGES;

/// Only one thread at a time may change the page map: tests that make regions take turns.
static TURN: Mutex<()> = Mutex::new(());

/// What the model knows of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Page {
    Kept,
    Used,
    Dirty,
    Zero,
}

/// Each region with its pages.
#[derive(Default)]
struct Model(Vec<(RegionRef, Vec<Page>)>);

impl Model {
    /// The pages of a region, which the model may not have heard of yet.
    fn pages(&mut self, region: RegionRef) -> &mut [Page] {
        let index = self.0.iter().position(|(known, _)| *known == region).unwrap_or_else(|| {
            let mut pages = vec![Page::Kept; PAGES];
            pages[region.all_pages().pages].fill(Page::Zero);
            self.0.push((region, pages));
            self.0.len() - 1
        });
        &mut self.0[index].1
    }

    fn is_free(page: Page) -> bool {
        matches!(page, Page::Dirty | Page::Zero)
    }

    /// All runs of free pages that are as long as they can be.
    fn extents(&self) -> Vec<Span> {
        let mut extents = Vec::new();
        for (region, pages) in &self.0 {
            let mut start = 0;
            for run in pages.chunk_by(|&one, &next| Self::is_free(one) == Self::is_free(next)) {
                if Self::is_free(run[0]) {
                    extents.push(Span { region: *region, pages: start..start + run.len() });
                }
                start += run.len();
            }
        }
        extents
    }

    /// The length of the shortest extent in which such a run has a place.
    fn shortest_with_room(&self, pages: usize, align: usize) -> Option<usize> {
        let has_room = |extent: &Span| {
            (extent.pages.start..extent.pages.end).any(|first| first % align == 0 && first + pages <= extent.pages.end)
        };
        self.extents().iter().filter(|extent| has_room(extent)).map(|extent| extent.pages.len()).min()
    }

    fn dirty_pages(&self) -> usize {
        self.0.iter().flat_map(|(_, pages)| pages).filter(|&&page| page == Page::Dirty).count()
    }
}

impl Regions {
    fn take_span(&mut self, span: &Span) {
        self.take(&Fit { extent: span.region.extent_of(span.pages.start), pages: span.pages.clone() });
    }

    fn place(&mut self, pages: usize, align: usize) -> Span {
        let fit = self.fit_for_block(pages, align, 1).expect("memory");
        fit.extent.with(fit.pages)
    }

    fn place_of_page(&mut self) -> Span {
        let fit = self.fit_for_page().expect("memory");
        fit.extent.with(fit.pages)
    }

    fn all(&self) -> impl Iterator<Item = RegionRef> {
        core::iter::successors(self.newest, |region| region.older.get())
    }

    fn agree_with(&self, model: &mut Model) {
        let key = |span: &Span| (span.region.start(), span.pages.start);
        let mut extents: Vec<Span> = self.extents.all().collect();
        extents.sort_by_key(key);
        let mut expected = model.extents();
        expected.sort_by_key(key);
        assert_eq!(extents, expected);
        let is_empty = |pages: &[Page]| !pages.contains(&Page::Used);
        assert_eq!(self.empty, model.0.iter().filter(|(_, pages)| is_empty(pages)).count());
        for region in self.all() {
            let dirty = model.pages(region).iter().filter(|&&page| page == Page::Dirty).count();
            assert_eq!(region.dirty_pages(), dirty);
            assert_eq!(self.dirty.iter().any(|with_dirty| with_dirty == region), dirty > 0);
            for (index, page) in model.pages(region).iter().enumerate() {
                let is_dirty = region.dirty_within(index..index + 1).contains(index);
                assert_eq!(is_dirty, *page == Page::Dirty, "page {index}");
            }
        }
    }

    /// Gives all regions back to the source.
    fn end(mut self, runs: Vec<Span>) {
        for run in runs {
            self.put(&run, Fresh::Yes);
        }
        for region in self.all().collect::<Vec<_>>() {
            self.forget(region);
            // SAFETY: as acquired; nobody has anything of it any more.
            unsafe { source::release(region.start(), region.size(), UNIT) };
        }
        assert_eq!((self.empty, self.newest), (0, None));
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// Asks for a run, and checks that its place is as good as the model says.
fn place_and_check(regions: &mut Regions, model: &mut Model, pages: usize, align: usize) -> Span {
    let shortest = model.shortest_with_room(pages, align);
    let before = model.0.len();
    let run = regions.place(pages, align);
    assert_eq!(run.pages.len(), pages);
    assert_eq!(run.start().addr().get() % (align * PAGE_SIZE), 0);
    let states = model.pages(run.region);
    assert!(states[run.pages.clone()].iter().all(|&page| Model::is_free(page)));
    let extent = run.region.extent_of(run.pages.start).pages;
    match shortest {
        // To within an eighth, or else one of the first few of a crowded bin.
        Some(shortest) if align == 1 => assert!(extent.len() * 8 <= shortest.max(pages) * 9 + 16),
        Some(_) => assert_eq!(model.0.len(), before, "a new region for what there was room for"),
        None => assert_eq!(model.0.len(), before + 1),
    }
    run
}

#[test]
fn every_run_gets_one_of_the_shortest_extents_that_hold_it() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = Random(17);
    let (mut regions, mut model) = (Regions::new(), Model::default());
    let mut runs: Vec<Span> = Vec::new();
    for step in 0..if cfg!(miri) { 60 } else { 6_000 } {
        if random.below(100) < 45 || runs.is_empty() {
            let magnitude = random.below(PAGES.ilog2() as usize);
            let pages = 1 + random.below(1 << magnitude);
            let align = if random.below(4) == 0 { 1 << random.below(5) } else { 1 };
            let run = place_and_check(&mut regions, &mut model, pages, align);
            regions.take_span(&run);
            model.pages(run.region)[run.pages.clone()].fill(Page::Used);
            runs.push(run);
        } else {
            let run = runs.swap_remove(random.below(runs.len()));
            let (fresh, state) = if random.below(3) == 0 { (Fresh::Yes, Page::Zero) } else { (Fresh::No, Page::Dirty) };
            regions.put(&run, fresh);
            model.pages(run.region)[run.pages.clone()].fill(state);
        }
        // Now and then, since the model takes its time.
        if step % 16 == 0 {
            regions.agree_with(&mut model);
        }
    }
    assert!(model.dirty_pages() > 0);
    regions.end(runs);
}

#[test]
fn pages_for_blocks_are_dirty_ones_but_not_behind_large_blocks() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut regions = Regions::new();
    let all = regions.make_region(1, 1).expect("memory").all_pages();
    let at = |offset: usize, len: usize| all.with(all.pages.start + offset..all.pages.start + offset + len);
    let (below, block, behind, far) = (at(0, 2), at(2, 4), at(6, 3), at(20, 1));
    for span in [&below, &block, &behind, &far] {
        regions.take_span(span);
    }
    regions.put(&behind, Fresh::No);
    // All that is free is behind a large block, which may want to grow: so it is left as much as can be.
    assert_eq!(regions.place_of_page(), at(19, 1));
    regions.put(&below, Fresh::Yes);
    // What was never used is better than that.
    assert_eq!(regions.place_of_page(), at(0, 1));
    regions.put(&block, Fresh::No);
    // Now nothing is in use in front of what is dirty.
    assert_eq!(regions.place_of_page(), at(2, 1));
    regions.end(vec![far]);
}

#[test]
fn marks_are_taken_once() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut regions = Regions::new();
    let region = regions.make_region(1, 1).expect("memory");
    for index in [PAGES - 1, 3, 40, 3] {
        region.mark_worn(index);
    }
    assert_eq!(region.take_worn().collect::<Vec<_>>(), [3, 40, PAGES - 1]);
    assert_eq!(region.take_worn().count(), 0);
    regions.end(Vec::new());
}
