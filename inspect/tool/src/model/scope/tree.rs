//! Which scope is in which.
//!
//! ```text
//!   tag 1 «load»         load          A scope of many tags, threads and stays is one node here: a path that is told once
//!   tag 2 «load/parse»    └─ parse     is kept once, however long it is.
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::hash::NumberMap;

/// A scope of a [`ScopeTree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScopeId(u32);

/// All scopes that a log names.
#[derive(Clone, Debug, Default)]
pub(super) struct ScopeTree {
    /// Outer scopes are before those in them.
    nodes: Vec<Node>,
    ids: HashMap<(Option<ScopeId>, Arc<str>), ScopeId>,
    /// The innermost scope of each tag.
    of_tag: NumberMap<u32, Option<ScopeId>>,
}

#[derive(Clone, Debug)]
struct Node {
    name: Arc<str>,
    outer: Option<ScopeId>,
    depth: usize,
}

impl ScopeTree {
    /// As many scopes are told apart in a path. What is deeper counts as the last of them.
    pub(super) const MOST_DEPTH: usize = 64;

    /// Bytes of a path that are looked at; nobody would read more, but each stay in the scope shows them.
    const MOST_BYTES: usize = 1024;

    /// A tag is called by this path.
    pub(super) fn name(&mut self, tag: u32, path: &str) {
        let scope = self.of_path(path);
        self.of_tag.insert(tag, scope);
    }

    /// The innermost scope that a tag stands for. Without a tag there is none.
    pub(super) fn of_tag(&mut self, tag: u32) -> Option<ScopeId> {
        if tag == 0 {
            return None;
        }
        if let Some(&scope) = self.of_tag.get(&tag) {
            return scope;
        }
        self.name(tag, &format!("tag {tag}"));
        self.of_tag(tag)
    }

    fn of_path(&mut self, path: &str) -> Option<ScopeId> {
        if path.is_empty() {
            return None;
        }
        let end = (0..=path.len().min(Self::MOST_BYTES)).rev().find(|&end| path.is_char_boundary(end))?;
        path[..end].split('/').take(Self::MOST_DEPTH).fold(None, |outer, name| Some(self.inner(outer, name)))
    }

    /// The scope of this name in another one, or in none.
    fn inner(&mut self, outer: Option<ScopeId>, name: &str) -> ScopeId {
        let depth = outer.map_or(0, |outer| self.depth(outer) + 1);
        *self.ids.entry((outer, Arc::from(name))).or_insert_with_key(|(_, name)| {
            let id = u32::try_from(self.nodes.len()).expect("each scope takes memory: there are no 2^32");
            self.nodes.push(Node { name: Arc::clone(name), outer, depth });
            ScopeId(id)
        })
    }

    fn node(&self, scope: ScopeId) -> &Node {
        &self.nodes[scope.0 as usize]
    }

    /// The scope around this one.
    pub(super) fn outer(&self, scope: ScopeId) -> Option<ScopeId> {
        self.node(scope).outer
    }

    /// As many scopes are around it.
    pub(super) fn depth(&self, scope: ScopeId) -> usize {
        self.node(scope).depth
    }

    /// The innermost scope that both are, or are in.
    pub(super) fn common(&self, one: Option<ScopeId>, other: Option<ScopeId>) -> Option<ScopeId> {
        let (mut one, mut other) = (one?, other?);
        while one != other {
            // Who is deeper cannot be what both are in; of two that are equally deep, neither.
            let (one_depth, other_depth) = (self.depth(one), self.depth(other));
            if one_depth >= other_depth {
                one = self.outer(one)?;
            }
            if other_depth >= one_depth {
                other = self.outer(other)?;
            }
        }
        Some(one)
    }

    /// Its name after those of the scopes around it.
    pub(super) fn path(&self, scope: ScopeId) -> Arc<str> {
        let around = core::iter::successors(Some(scope), |&scope| self.outer(scope));
        let mut names: Vec<&str> = around.map(|scope| &*self.node(scope).name).collect();
        names.reverse();
        names.join("/").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scopes_have_in_common_what_both_are_in() {
        let mut tree = ScopeTree::default();
        let paths = ["", "a", "a/b", "a/b/c", "a/d", "b/c"];
        let scopes: Vec<Option<ScopeId>> = (1..)
            .zip(paths)
            .map(|(tag, path)| {
                tree.name(tag, path);
                tree.of_tag(tag)
            })
            .collect();
        let expected: [[&str; 6]; 6] = [
            ["", "", "", "", "", ""],
            ["", "a", "a", "a", "a", ""],
            ["", "a", "a/b", "a/b", "a", ""],
            ["", "a", "a/b", "a/b/c", "a", ""],
            ["", "a", "a", "a", "a/d", ""],
            ["", "", "", "", "", "b/c"],
        ];
        for (&one, expected) in scopes.iter().zip(expected) {
            let common = scopes.iter().map(|&other| tree.common(one, other));
            let common: Vec<Arc<str>> = common.map(|scope| scope.map_or("".into(), |scope| tree.path(scope))).collect();
            assert_eq!(common.iter().map(|path| &**path).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_path_has_an_end() {
        let mut tree = ScopeTree::default();
        tree.name(1, &"a/".repeat(10_000));
        tree.name(2, &"名".repeat(10_000));
        let long = tree.of_tag(2).expect("it has a path");
        assert_eq!(tree.path(long).len(), ScopeTree::MOST_BYTES / 3 * 3);
        let scope = tree.of_tag(1).expect("it has a path");
        assert_eq!((tree.depth(scope) + 1, tree.nodes.len()), (ScopeTree::MOST_DEPTH, ScopeTree::MOST_DEPTH + 1));
    }
}
