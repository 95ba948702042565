//! Which file's code is at an address.
//!
//! ```text
//!   told:   [ app ─────────]          [ libc ──────]
//!                     [ plugin ──]                        later: what is loaded where something was has taken its place
//!   map:    [ app ────][ plugin ──]   [ libc ──────]
//! ```

use std::collections::BTreeMap;

use crate::model::Module;

/// The modules of a program by their addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct ModuleMap {
    /// By its first address: the last one of a stretch, and the index of the module that is there. No two overlap.
    stretches: BTreeMap<u64, (u64, usize)>,
}

impl ModuleMap {
    /// Of modules in the order in which they were loaded.
    pub(super) fn of(modules: &[Module]) -> Self {
        let mut map = Self::default();
        for (index, module) in modules.iter().enumerate().filter(|(_, module)| module.size > 0) {
            map.insert(module.base, module.base.saturating_add(module.size - 1), index);
        }
        map
    }

    /// The index of the module that an address is in.
    pub(super) fn index_at(&self, address: u64) -> Option<usize> {
        let (_, &(last, index)) = self.stretches.range(..=address).next_back()?;
        (address <= last).then_some(index)
    }

    fn insert(&mut self, first: u64, last: u64, index: usize) {
        // What lies over the new stretch, from its end to its beginning: it keeps what sticks out.
        while let Some((&old_first, &(old_last, old_index))) = self.stretches.range(..=last).next_back() {
            if old_last < first {
                break;
            }
            self.stretches.remove(&old_first);
            if old_last > last {
                self.stretches.insert(last + 1, (old_last, old_index));
            }
            if old_first < first {
                self.stretches.insert(old_first, (first - 1, old_index));
            }
        }
        self.stretches.insert(first, (last, index));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        #[test]
        fn at_each_address_is_what_was_loaded_there_last(
            ranges in prop::collection::vec((0_u64..60, 0_u64..30), 0..12),
            offset in prop::sample::select(vec![0, u64::MAX - 95]),
        ) {
            let module = |&(base, size): &(u64, u64)| Module { base: offset + base, size, path: String::new() };
            let modules: Vec<Module> = ranges.iter().map(module).collect();
            let map = ModuleMap::of(&modules);
            for address in offset..offset + 95 {
                let is_inside = |module: &Module| address.wrapping_sub(module.base) < module.size;
                prop_assert_eq!(map.index_at(address), modules.iter().rposition(is_inside), "{:#x}", address);
            }
        }
    }

    #[test]
    fn a_module_up_to_the_last_address_is_no_longer() {
        let module = |base, size| Module { base, size, path: String::new() };
        let map = ModuleMap::of(&[module(u64::MAX, 1), module(u64::MAX - 9, u64::MAX), module(0, 5)]);
        assert_eq!(
            [0, 4, 5, u64::MAX - 10, u64::MAX].map(|address| map.index_at(address)),
            [Some(2), Some(2), None, None, Some(1)]
        );
    }
}
