//! When threads were in which scopes.
//!
//! ```text
//!   tags of a thread's events:  load   load/parse   load/parse   load   –
//!   spans, outer:               [load ─────────────────────────────]
//!   spans, inner:                      [load/parse ────────────]
//! ```

use std::collections::BTreeMap;

/// A thread's time in a scope, as far as the log knows: from the first to the last that happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeSpan {
    /// The thread.
    pub thread: u32,
    /// The scope, by the whole path.
    pub path: String,
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

/// The spans of all threads. When there are too many, the shortest are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    ended: Vec<ScopeSpan>,
    threads: BTreeMap<u32, Inside>,
    /// Whose the last events are.
    current: u32,
    /// Shorter spans are not kept.
    shortest: u64,
    forgotten: u64,
}

/// Where a thread is.
#[derive(Clone, Debug, Default)]
struct Inside {
    tag: u32,
    /// The time of its last event.
    seen: u64,
    /// The scopes, outermost first, by their whole paths; and since when.
    scopes: Vec<(String, u64)>,
}

impl Scopes {
    /// No more spans are kept.
    pub const MOST: usize = 4096;

    /// All spans, in the order of their beginnings, outer ones first. `last` is the time of the last event of all.
    #[must_use]
    pub fn spans(&self, last: u64) -> Vec<ScopeSpan> {
        let mut spans = self.ended.clone();
        for (&thread, inside) in &self.threads {
            let seen = if thread == self.current { last } else { inside.seen };
            let open = inside.scopes.iter().cloned();
            spans.extend(open.map(|(path, from)| ScopeSpan { thread, path, from, to: seen.max(from) }));
        }
        spans.sort_by_key(|span| (span.from, span.depth()));
        spans
    }

    /// As many spans were too short to be kept.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// From now on events are this thread's, under this tag, whose path is told if it is asked for. `last` is the time of the
    /// event before.
    pub(crate) fn switched(&mut self, time: u64, last: u64, (thread, tag): (u32, u32), path: impl FnOnce() -> String) {
        if let Some(inside) = self.threads.get_mut(&self.current) {
            inside.seen = last;
        }
        self.current = thread;
        let inside = self.threads.entry(thread).or_default();
        if inside.tag == tag {
            return;
        }
        inside.tag = tag;
        let path = if tag == 0 { String::new() } else { path() };
        let paths = prefixes(&path);
        let same = inside.scopes.iter().zip(&paths).take_while(|((open, _), path)| open == *path).count();
        let left: Vec<(String, u64)> = inside.scopes.drain(same..).collect();
        inside.scopes.extend(paths[same..].iter().map(|&path| (path.to_owned(), time)));
        let seen = inside.seen;
        for (path, from) in left {
            self.end(ScopeSpan { thread, path, from, to: seen.max(from) });
        }
    }

    fn end(&mut self, span: ScopeSpan) {
        if span.to - span.from < self.shortest {
            self.forgotten += 1;
            return;
        }
        self.ended.push(span);
        while self.ended.len() > Self::MOST {
            let before = self.ended.len();
            match self.shortest.checked_mul(2) {
                Some(twice) => self.shortest = twice.max(1),
                // All are as long as can be.
                None => self.ended.truncate(Self::MOST),
            }
            self.ended.retain(|span| span.to - span.from >= self.shortest);
            self.forgotten += (before - self.ended.len()) as u64;
        }
    }
}

/// `a`, `a/b`, `a/b/c` of `a/b/c`; nothing of nothing.
fn prefixes(path: &str) -> Vec<&str> {
    if path.is_empty() {
        return Vec::new();
    }
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]).collect()
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
        for (time, thread, tag, path) in switches.into_iter().chain([(60, 7, 0, "")]) {
            scopes.switched(time, time - 3, (thread, tag), || path.to_owned());
        }
        scopes.switched(70, 69, (8, 3), || unreachable!("it is known"));
        let spans = scopes.spans(90);
        let shown: Vec<_> = spans.iter().map(|span| (span.thread, span.path.as_str(), span.from, span.to)).collect();
        let expected =
            [(7, "load", 10, 47), (7, "load/parse", 20, 27), (7, "load/parse", 40, 47), (8, "serve", 50, 90)];
        assert_eq!(shown, expected);
        assert_eq!((spans[1].name(), spans[1].depth()), ("parse", 1));
    }

    #[test]
    fn spans_that_are_all_as_long_as_can_be_are_no_more_either() {
        let mut scopes = Scopes::default();
        for _ in 0..=Scopes::MOST {
            scopes.switched(0, u64::MAX, (1, 1), || "work".to_owned());
            scopes.switched(u64::MAX, u64::MAX, (1, 0), String::new);
        }
        assert_eq!((scopes.spans(0).len(), scopes.forgotten()), (Scopes::MOST, 1));
    }

    #[test]
    fn of_very_many_spans_the_long_ones_are_kept() {
        let mut scopes = Scopes::default();
        let mut time = 0;
        for number in 0..40_000_u64 {
            scopes.switched(time, time, (1, 1), || "work".to_owned());
            time += if number % 1000 == 0 { 5000 } else { 1 + number % 7 };
            scopes.switched(time, time, (1, 0), String::new);
        }
        let spans = scopes.spans(time);
        assert!(spans.len() <= Scopes::MOST, "{}", spans.len());
        assert_eq!(spans.iter().filter(|span| span.to - span.from == 5000).count(), 40);
        assert_eq!(spans.len() as u64 + scopes.forgotten(), 40_000);
    }
}
