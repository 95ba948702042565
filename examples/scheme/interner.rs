//! Symbols: names that are stored once, so that comparing two of them is comparing two pointers.

use core::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
};
use std::collections::HashSet;

use mudlark_rc::Counted;

/// An interned name.
///
/// The name is a `Counted<str>`, which strings may share: a pointer and a length. The symbol is a counted handle to that,
/// which keeps it at one word, and so every [`Value`](super::value::Value) at two.
///
/// # Invariants
///
/// All symbols come from one [`Interner`], which holds each name once: equal names are the same pointer.
#[derive(Clone)]
pub struct Symbol(Counted<Counted<str>>);

impl Symbol {
    /// The symbol's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The symbol's name, to be shared.
    pub fn shared_name(&self) -> Counted<str> {
        Counted::clone(&self.0)
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        Counted::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Symbol {}

// By name, as `Borrow<str>` demands; equal pointers have equal names.
impl Hash for Symbol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Borrow<str> for Symbol {
    fn borrow(&self) -> &str {
        self.name()
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The set of all symbols. Symbols that nobody else holds are dropped each time the set has doubled.
#[derive(Debug, Default)]
pub struct Interner {
    symbols: HashSet<Symbol>,
    /// How many symbols were left by the last sweep.
    swept: usize,
    generated: u64,
}

impl Interner {
    /// Fewer symbols than that are not worth a sweep.
    const MIN_SWEEP: usize = 1024;

    /// The symbol of that name.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.symbols.get(name) {
            return symbol.clone();
        }
        if self.symbols.len() >= (self.swept * 2).max(Self::MIN_SWEEP) {
            self.sweep();
        }
        let symbol = Symbol(Counted::new(Counted::from(name)));
        self.symbols.insert(symbol.clone());
        symbol
    }

    /// A symbol that no symbol was equal to before.
    pub fn generate(&mut self) -> Symbol {
        loop {
            self.generated += 1;
            let name = format!("g{}", self.generated);
            if !self.symbols.contains(name.as_str()) {
                return self.intern(&name);
            }
        }
    }

    /// Drops the symbols that only the interner holds.
    fn sweep(&mut self) {
        self.symbols.retain(|symbol| Counted::strong_count(&symbol.0) > 1);
        self.swept = self.symbols.len();
    }

    /// How many symbols there are, and the bytes of their names.
    pub fn size(&self) -> (usize, usize) {
        (self.symbols.len(), self.symbols.iter().map(|symbol| symbol.name().len()).sum())
    }
}
