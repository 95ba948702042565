//! Scopes: names for what the program is about, so that memory can be told apart by its purpose.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::{engine, thread};

/// Puts the rest of the block that this stands in into a [`Scope`].
///
/// ```
/// use mudlark_inspect::scope;
///
/// fn load() -> Vec<u8> {
///     scope!("load");
///     vec![0; 1000] // asked for in «load»
/// }
/// # load();
/// ```
#[macro_export]
macro_rules! scope {
    ($name:expr) => {
        let _scope = {
            static SITE: $crate::Site = $crate::Site::new();
            $crate::Scope::enter_at(&SITE, $name)
        };
    };
}

/// Until this is dropped, what the thread asks for is asked for under a name. A scope within another has a path, as
/// «load/parse».
///
/// It takes a few nanoseconds by way of [`scope!`], whether or not a recording is under way. Names should be few, since all are kept.
#[derive(Debug)]
pub struct Scope {
    /// The number of the scope around.
    around: u32,
    /// A scope stays with its thread.
    _not_send: PhantomData<*mut ()>,
}

impl Scope {
    /// Enters a scope. Takes time for the number of scopes that there are; [`scope!`] does not.
    ///
    /// ```
    /// use mudlark_inspect::Scope;
    ///
    /// for name in ["first.txt", "second.txt"] {
    ///     let _scope = Scope::enter(name);
    ///     // …
    /// }
    /// ```
    #[must_use = "the scope ends when this is dropped"]
    pub fn enter(name: &str) -> Self {
        Self::enter_number(engine::tag(thread::tag(), name))
    }

    /// Enters a scope at a place that remembers which number it got there.
    #[must_use = "the scope ends when this is dropped"]
    #[inline]
    pub fn enter_at(site: &'static Site, name: &str) -> Self {
        Self::enter_number(site.number(thread::tag(), name))
    }

    fn enter_number(tag: u32) -> Self {
        Self { around: thread::set_tag(tag), _not_send: PhantomData }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        thread::set_tag(self.around);
    }
}

/// A place of the program where a scope is entered. What [`scope!`] makes.
#[derive(Debug)]
pub struct Site {
    /// The number of the scope around the last time, and the one that the scope got within it.
    last: AtomicU64,
}

impl Site {
    /// A place that the program has not come to yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: AtomicU64::new(0) }
    }

    /// The number of the scope, within another one.
    #[inline]
    fn number(&self, around: u32, name: &str) -> u32 {
        // Relaxed: both numbers are in one word, and were given out before.
        let last = self.last.load(Ordering::Relaxed);
        #[expect(clippy::cast_possible_truncation, reason = "that is the lower one")]
        let (last_around, number) = ((last >> 32) as u32, last as u32);
        if number != 0 && last_around == around { number } else { self.ask(around, name) }
    }

    #[cold]
    fn ask(&self, around: u32, name: &str) -> u32 {
        let number = engine::tag(around, name);
        self.last.store(u64::from(around) << 32 | u64::from(number), Ordering::Relaxed);
        number
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}
