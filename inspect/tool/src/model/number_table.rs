//! A table by numbers that are mostly small: the small ones need no hash.

use crate::model::hash::NumberMap;

/// Values by numbers.
#[derive(Clone, Debug)]
pub(crate) struct NumberTable<V> {
    /// Those of the numbers below [`SMALL`](Self::SMALL), as far as there were any.
    small: Vec<Option<V>>,
    large: NumberMap<u64, V>,
}

impl<V> Default for NumberTable<V> {
    fn default() -> Self {
        Self { small: Vec::new(), large: NumberMap::default() }
    }
}

impl<V: Copy> NumberTable<V> {
    const SMALL: u64 = 1 << 16;

    pub(crate) fn get(&self, number: u64) -> Option<V> {
        match Self::place(number) {
            Some(place) => self.small.get(place).copied().flatten(),
            None => self.large.get(&number).copied(),
        }
    }

    pub(crate) fn insert(&mut self, number: u64, value: V) {
        match Self::place(number) {
            Some(place) => {
                if place >= self.small.len() {
                    self.small.resize(place + 1, None);
                }
                self.small[place] = Some(value);
            }
            None => drop(self.large.insert(number, value)),
        }
    }

    pub(crate) fn remove(&mut self, number: u64) {
        match Self::place(number) {
            Some(place) => self.small.get_mut(place).into_iter().for_each(|value| *value = None),
            None => drop(self.large.remove(&number)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.small.clear();
        self.large.clear();
    }

    fn place(number: u64) -> Option<usize> {
        usize::try_from(number).ok().filter(|_| number < Self::SMALL)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_has_what_was_put_in_last(steps in prop::collection::vec((0..4_u8, 0..6_u64, any::<bool>()), 0..200)) {
            let (mut table, mut model) = (NumberTable::default(), HashMap::new());
            for (time, (what, number, is_large)) in steps.into_iter().enumerate() {
                let number = if is_large { NumberTable::<usize>::SMALL - 3 + number } else { number };
                match what {
                    0 => table.remove(number),
                    1 if time % 16 == 0 => table.clear(),
                    _ => table.insert(number, time),
                }
                match what {
                    0 => drop(model.remove(&number)),
                    1 if time % 16 == 0 => model.clear(),
                    _ => drop(model.insert(number, time)),
                }
                prop_assert_eq!(table.get(number), model.get(&number).copied());
            }
            for number in (0..6).chain(NumberTable::<usize>::SMALL - 3..NumberTable::<usize>::SMALL + 3) {
                prop_assert_eq!(table.get(number), model.get(&number).copied());
            }
        }
    }
}
