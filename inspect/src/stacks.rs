//! The stacks that were met, each with a number.

use crate::memory::{Array, NoMemory, Plain};
use crate::modules::Unloaded;

/// All stacks.
///
/// # Invariants
///
/// The stack with the number `n` is at `n - 1` in `stacks`; its frames are `frames[start..][..len]`. `index` is a hash table
/// of these numbers, but for stacks that are gone: of a power of two of entries or none, at least a quarter of which is zero.
pub(crate) struct Stacks {
    frames: Array<usize>,
    stacks: Array<Stack>,
    index: Array<u32>,
}

#[derive(Clone, Copy)]
struct Stack {
    start: usize,
    len: u32,
    hash: u32,
    /// The log that knows of it.
    told: u32,
    /// One if it is of code that is there no more.
    is_gone: u32,
}

// SAFETY: all zero is a stack without frames.
unsafe impl Plain for Stack {}

impl Stacks {
    pub(crate) const fn new() -> Self {
        Self { frames: Array::new(), stacks: Array::new(), index: Array::new() }
    }

    /// The number of this stack, which may be new; zero for one without frames.
    pub(crate) fn intern(&mut self, frames: &[usize]) -> Result<u32, NoMemory> {
        if frames.is_empty() {
            return Ok(0);
        }
        if (self.stacks.len() + 1) * 4 > self.index.len() * 3 {
            self.grow_index()?;
        }
        let hash = hash_of(frames);
        match self.find(hash, frames) {
            Ok(number) => Ok(number),
            Err(empty) => self.add(empty, hash, frames),
        }
    }

    /// Whether this log was told of the stack; of none there is nothing to tell.
    pub(crate) fn is_known(&self, number: u32, log: u32) -> bool {
        place_of(number).and_then(|place| self.stacks.get(place)).is_none_or(|stack| stack.told == log)
    }

    /// The log is told of the stack.
    pub(crate) fn make_known(&mut self, number: u32, log: u32) {
        if let Some(stack) = place_of(number).and_then(|place| self.stacks.get_mut(place)) {
            stack.told = log;
        }
    }

    /// The frames of the stack with this number, innermost first; none for zero.
    pub(crate) fn frames(&self, number: u32) -> &[usize] {
        let stack = place_of(number).and_then(|place| self.stacks.get(place));
        stack.map_or(&[], |stack| &self.frames[stack.start..][..stack.len as usize])
    }

    /// Where a file was, there is other code now: so the same addresses are another stack from here on, and those of before stand for
    /// where the file is put.
    pub(crate) fn code_has_changed(&mut self, unloaded: &Unloaded) {
        for stack in self.stacks.iter_mut() {
            for frame in &mut self.frames[stack.start..][..stack.len as usize] {
                stack.is_gone |= u32::from(unloaded.range.contains(frame));
                *frame = unloaded.moved(*frame);
            }
        }
        self.index.fill(0);
        enter_all(&self.stacks, &mut self.index);
    }

    fn add(&mut self, empty: usize, hash: u32, frames: &[usize]) -> Result<u32, NoMemory> {
        let number = u32::try_from(self.stacks.len() + 1).map_err(|_| NoMemory)?;
        let len = u32::try_from(frames.len()).map_err(|_| NoMemory)?;
        let start = self.frames.len();
        self.frames.extend(frames)?;
        self.stacks.push(Stack { start, len, hash, told: 0, is_gone: 0 })?;
        self.index[empty] = number;
        Ok(number)
    }

    /// The number of a stack, or the empty place in the index where it would be. The index has entries.
    fn find(&self, hash: u32, frames: &[usize]) -> Result<u32, usize> {
        let mask = self.index.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let number = self.index[place];
            let Some(found) = place_of(number) else { return Err(place) };
            if self.stacks[found].hash == hash && self.frames(number) == frames {
                return Ok(number);
            }
            place = (place + 1) & mask;
        }
    }

    fn grow_index(&mut self) -> Result<(), NoMemory> {
        const LEAST: usize = 1024;
        let len = (self.index.len() * 2).max(LEAST);
        let mut index = Array::<u32>::zeroed(len)?;
        enter_all(&self.stacks, &mut index);
        self.index = index;
        Ok(())
    }
}

/// Enters the numbers of all stacks that are not gone. The index has room for them, and is empty.
fn enter_all(stacks: &[Stack], index: &mut [u32]) {
    let mask = index.len().wrapping_sub(1);
    for (number, stack) in (1..).zip(stacks).filter(|(_, stack)| stack.is_gone == 0) {
        let mut place = stack.hash as usize & mask;
        while index[place] != 0 {
            place = (place + 1) & mask;
        }
        index[place] = number;
    }
}

fn place_of(number: u32) -> Option<usize> {
    (number as usize).checked_sub(1)
}

/// A hash, of which all bits depend on all frames.
fn hash_of(frames: &[usize]) -> u32 {
    let mix = |hash: u64, &frame: &usize| (hash.rotate_left(23) ^ frame as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (frames.iter().fold(0, mix) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_have_one_number_and_others_another() {
        let mut stacks = Stacks::new();
        let stack = |n: usize| (0..n % 40).map(|depth| 0x5000 + n / 3 + depth * 7).collect::<Vec<usize>>();
        let count = if cfg!(miri) { 300 } else { 10_000 };
        let numbers: Vec<u32> = (0..count).map(|n| stacks.intern(&stack(n)).expect("there is memory")).collect();
        for (n, &number) in numbers.iter().enumerate() {
            assert_eq!(stacks.frames(number), stack(n));
            assert_eq!(stacks.intern(&stack(n)).expect("there is memory"), number);
        }
    }

    #[test]
    fn the_same_addresses_in_other_code_are_another_stack() {
        let mut stacks = Stacks::new();
        let unloaded = |range, base| Unloaded { range, base };
        stacks.code_has_changed(&unloaded(0..100, None));
        let intern = |stacks: &mut Stacks, frames: &[usize]| stacks.intern(frames).expect("there is memory");
        let (changed, same) = (intern(&mut stacks, &[10, 250]), intern(&mut stacks, &[110, 250]));
        stacks.code_has_changed(&unloaded(200..300, Some(7000)));
        stacks.code_has_changed(&unloaded(0..100, None));
        assert_ne!(intern(&mut stacks, &[110, 250]), same);
        let again = intern(&mut stacks, &[10, 250]);
        assert!(again != changed && again == intern(&mut stacks, &[10, 250]));
        assert_eq!(stacks.frames(changed), [0, 7050], "who was there before is still known, elsewhere");
        assert_eq!(stacks.frames(same), [110, 7050]);
    }

    #[test]
    fn each_log_is_told_of_a_stack() {
        let mut stacks = Stacks::new();
        let number = stacks.intern(&[1, 2, 3]).expect("there is memory");
        assert!(!stacks.is_known(number, 1));
        stacks.make_known(number, 1);
        assert!(stacks.is_known(number, 1) && !stacks.is_known(number, 2));
        assert!(stacks.is_known(0, 2), "no stack is nothing to tell of");
    }
}
