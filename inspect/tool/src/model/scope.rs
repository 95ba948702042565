//! When threads were in which scopes.
//!
//! ```text
//!   tags of a thread's events:  load   load/parse   load/parse   load   –
//!   spans, outer:               [load ─────────────────────────────]
//!   spans, inner:                      [load/parse ────────────]
//! ```

mod tree;

use core::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use tree::{ScopeId, ScopeTree};

/// A thread's time in a scope, as far as the log knows: from the first to the last that happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeSpan {
    /// The thread.
    pub thread: u32,
    /// The scope, by the whole path.
    pub path: Arc<str>,
    /// The time of its first event.
    pub from: u64,
    /// The time of its last one.
    pub to: u64,
}

impl ScopeSpan {
    /// The number of scopes around it.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// Its name, without those of the scopes around it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The spans of all threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSpans {
    /// In the order of their beginnings, outer ones first. If there are too many, the shortest are not among them.
    pub list: Vec<ScopeSpan>,
    /// As many were too short to be kept.
    pub forgotten: u64,
}

/// Follows threads into scopes and out of them.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    tree: ScopeTree,
    ended: Longest,
    threads: BTreeMap<u32, Inside>,
    /// Whose the last events are.
    current: u32,
}

impl Scopes {
    /// No more spans are kept.
    pub const MOST: usize = 4096;

    /// All spans; `last` is the time of the last event of all.
    #[must_use]
    pub fn spans(&self, last: u64) -> ScopeSpans {
        let mut spans = self.ended.clone();
        for (&thread, inside) in &self.threads {
            let to = if thread == self.current { last } else { inside.seen };
            inside.clone().leave(&self.tree, None, |scope, from| spans.add(thread, scope, from, to));
        }
        self.told(spans)
    }

    /// The spans, with what their numbers stand for.
    fn told(&self, spans: Longest) -> ScopeSpans {
        let mut paths: HashMap<ScopeId, Arc<str>> = HashMap::new();
        let mut kept: Vec<Span> = spans.kept.into_iter().map(|Reverse(span)| span).collect();
        kept.sort_by_key(|span| (span.from, self.tree.depth(span.scope), span.thread, span.scope));
        let list = kept.into_iter().map(|Span { len, from, thread, scope }| {
            let path = paths.entry(scope).or_insert_with(|| self.tree.path(scope));
            ScopeSpan { thread, path: Arc::clone(path), from, to: from + len }
        });
        ScopeSpans { list: list.collect(), forgotten: spans.forgotten }
    }

    /// The path that a tag stands for.
    pub(crate) fn named(&mut self, tag: u32, path: &str) {
        self.tree.name(tag, path);
    }

    /// From now on events are this thread's, under this tag. `last` is the time of the event before.
    pub(crate) fn switched(&mut self, time: u64, last: u64, (thread, tag): (u32, u32)) {
        if let Some(inside) = self.threads.get_mut(&self.current) {
            inside.seen = last;
        }
        self.current = thread;
        let inside = self.threads.entry(thread).or_default();
        if inside.tag == tag {
            return;
        }
        inside.tag = tag;
        let scope = self.tree.of_tag(tag);
        let common = self.tree.common(inside.innermost(), scope);
        let seen = inside.seen;
        inside.leave(&self.tree, common, |scope, from| self.ended.add(thread, scope, from, seen));
        inside.enter(scope, time);
    }
}

/// Where a thread is.
#[derive(Clone, Debug, Default)]
struct Inside {
    tag: u32,
    /// The time of its last event.
    seen: u64,
    /// What it has entered, and when: a scope, with those around it up to the one before.
    entered: Vec<(ScopeId, u64)>,
}

impl Inside {
    fn innermost(&self) -> Option<ScopeId> {
        self.entered.last().map(|&(scope, _)| scope)
    }

    fn enter(&mut self, scope: Option<ScopeId>, time: u64) {
        if let Some(scope) = scope.filter(|_| scope != self.innermost()) {
            self.entered.push((scope, time));
        }
    }

    /// Leaves the scopes inside this one, which it is in; or all.
    fn leave(&mut self, tree: &ScopeTree, up_to: Option<ScopeId>, mut left: impl FnMut(ScopeId, u64)) {
        while let Some((scope, since)) = self.entered.pop() {
            if Some(scope) == up_to {
                self.entered.push((scope, since));
                return;
            }
            left(scope, since);
            // What is around it was entered with it, unless that was before.
            let outer = tree.outer(scope);
            if outer != self.innermost() {
                self.entered.extend(outer.map(|outer| (outer, since)));
            }
        }
    }
}

/// A span, in numbers; shorter ones are less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    len: u64,
    from: u64,
    thread: u32,
    scope: ScopeId,
}

/// The longest of many spans.
#[derive(Clone, Debug, Default)]
struct Longest {
    /// The shortest of them is on top.
    kept: BinaryHeap<Reverse<Span>>,
    forgotten: u64,
}

impl Longest {
    fn add(&mut self, thread: u32, scope: ScopeId, from: u64, to: u64) {
        self.kept.push(Reverse(Span { len: to.saturating_sub(from), from, thread, scope }));
        if self.kept.len() > Scopes::MOST {
            self.kept.pop();
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outer_scope_lasts_while_inner_ones_come_and_go() {
        let mut scopes = Scopes::default();
        let switches = [
            (10, 7, 1, "load"),
            (20, 7, 2, "load/parse"),
            (30, 7, 1, "load"),
            (40, 7, 2, "load/parse"),
            (50, 8, 3, "serve"),
        ];
        for (time, thread, tag, path) in switches {
            scopes.named(tag, path);
            scopes.switched(time, time - 3, (thread, tag));
        }
        scopes.switched(60, 57, (7, 0));
        scopes.switched(70, 69, (8, 3));
        let spans = scopes.spans(90).list;
        let shown: Vec<_> = spans.iter().map(|span| (span.thread, &*span.path, span.from, span.to)).collect();
        let expected =
            [(7, "load", 10, 47), (7, "load/parse", 20, 27), (7, "load/parse", 40, 47), (8, "serve", 50, 90)];
        assert_eq!(shown, expected);
        assert_eq!((spans[1].name(), spans[1].depth()), ("parse", 1));
    }

    #[test]
    fn spans_that_are_all_as_long_as_can_be_are_no_more_either() {
        let mut scopes = Scopes::default();
        for _ in 0..=Scopes::MOST {
            scopes.switched(0, u64::MAX, (1, 1));
            scopes.switched(u64::MAX, u64::MAX, (1, 0));
        }
        let spans = scopes.spans(0);
        assert_eq!((spans.list.len(), spans.forgotten), (Scopes::MOST, 1));
    }

    #[test]
    fn of_very_many_spans_the_long_ones_are_kept() {
        let mut scopes = Scopes::default();
        let mut time = 0;
        for number in 0..40_000_u64 {
            scopes.switched(time, time, (1, 1));
            time += if number % 1000 == 0 { 5000 } else { 1 + number % 7 };
            scopes.switched(time, time, (1, 0));
        }
        let spans = scopes.spans(time);
        assert_eq!(spans.list.len(), Scopes::MOST);
        assert_eq!(spans.list.iter().filter(|span| span.to - span.from == 5000).count(), 40);
        assert_eq!(spans.list.len() as u64 + spans.forgotten, 40_000);
    }

    #[test]
    fn threads_that_never_leave_are_no_more_spans_either() {
        let mut scopes = Scopes::default();
        scopes.named(1, "serve/wait");
        let threads = 3 * u32::try_from(Scopes::MOST).expect("it is small");
        for thread in 1..=threads {
            scopes.switched(thread.into(), thread.into(), (thread, 1));
        }
        let spans = scopes.spans(100_000);
        assert_eq!(spans.list.len() as u64 + spans.forgotten, 2 * u64::from(threads));
        assert_eq!(
            (spans.list.len(), spans.list.iter().map(|span| span.to - span.from).max()),
            (Scopes::MOST, Some(100_000 - u64::from(threads)))
        );
    }

    #[test]
    fn scopes_that_were_entered_together_may_be_left_one_by_one() {
        let mut scopes = Scopes::default();
        for (tag, path) in [(1, "a/b/c"), (2, "a/b"), (3, "a"), (4, "a/b/d/e")] {
            scopes.named(tag, path);
        }
        for (time, tag) in [(10, 1), (20, 2), (30, 4), (40, 3), (50, 0)] {
            scopes.switched(time, time - 1, (1, tag));
        }
        let spans = scopes.spans(60).list;
        let shown: Vec<_> = spans.iter().map(|span| (&*span.path, span.from, span.to)).collect();
        assert_eq!(shown, [("a", 10, 49), ("a/b", 10, 39), ("a/b/c", 10, 19), ("a/b/d", 30, 39), ("a/b/d/e", 30, 39)]);
    }
}
