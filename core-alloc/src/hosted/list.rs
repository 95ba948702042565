//! A doubly linked list through its members, for pages and regions.

use core::cell::Cell;

/// A handle to something that can be a member of one [`List`] at a time.
pub(crate) trait Linked: Copy + PartialEq {
    /// The member's links.
    fn links(&self) -> &Links<Self>;
}

/// A member's neighbours. All zero bytes mean: none.
pub(crate) struct Links<R> {
    next: Cell<Option<R>>,
    previous: Cell<Option<R>>,
}

impl<R> Links<R> {
    pub(crate) const fn new() -> Self {
        Self { next: Cell::new(None), previous: Cell::new(None) }
    }
}

/// The members, last come first.
///
/// # Invariants
///
/// From `first`, `next` leads to every member once, and each member's `previous` leads back. Who is no member of a
/// list has no neighbours.
pub(crate) struct List<R> {
    first: Option<R>,
}

impl<R: Linked> List<R> {
    pub(crate) const fn new() -> Self {
        Self { first: None }
    }

    pub(crate) const fn first(&self) -> Option<R> {
        self.first
    }

    /// Whether `member`, which is in this list, is its only one.
    pub(crate) fn is_only(&self, member: R) -> bool {
        self.first == Some(member) && member.links().next.get().is_none()
    }

    /// Makes `member`, which is in no list, the first.
    pub(crate) fn push(&mut self, member: R) {
        member.links().next.set(self.first);
        if let Some(second) = self.first {
            second.links().previous.set(Some(member));
        }
        self.first = Some(member);
    }

    /// Takes out `member`, which is in this list.
    pub(crate) fn remove(&mut self, member: R) {
        let next = member.links().next.take();
        let previous = member.links().previous.take();
        if let Some(next) = next {
            next.links().previous.set(previous);
        }
        match previous {
            Some(previous) => previous.links().next.set(next),
            None => self.first = next,
        }
    }

    /// The members, first to last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = R> {
        core::iter::successors(self.first, |member| member.links().next.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[derive(Clone, Copy)]
    struct Member<'a>(usize, &'a [Links<Member<'a>>]);

    impl PartialEq for Member<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    impl<'a> Linked for Member<'a> {
        fn links(&self) -> &Links<Self> {
            &self.1[self.0]
        }
    }

    #[test]
    fn agrees_with_a_deque() {
        let links = [const { Links::new() }; 16];
        let mut list = List::new();
        let mut model = VecDeque::new();
        let mut state = 1_u64;
        for _ in 0..if cfg!(miri) { 100 } else { 2_000 } {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
            let index = usize::try_from(state >> 33).expect("31 bits") % links.len();
            let member = Member(index, &links);
            if let Some(place) = model.iter().position(|&other| other == index) {
                model.remove(place);
                list.remove(member);
            } else {
                model.push_front(index);
                list.push(member);
            }
            assert!(list.iter().map(|member| member.0).eq(model.iter().copied()));
            assert_eq!(list.first().map(|member| member.0), model.front().copied());
        }
    }
}
