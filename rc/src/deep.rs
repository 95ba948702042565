//! How values are made deep: such that they may be dropped later than their last handle, one after the other instead of one
//! inside the other. `deferred_drop.rs` does that.

use crate::allocate::Allocate;
use crate::counted::Handle;
use crate::counts::Counts;

impl<T, C: Counts> Handle<T, C> {
    /// As [`new`](Self::new), for a value that is *deep*: one of many that lead to each other, in a list or a tree, and that may
    /// be dropped later than its last handle where that keeps the stack from overflowing; see
    /// [*Deep drops*](crate#deep-drops).
    ///
    /// The value has to be `'static`. [`make_deep`](Self::make_deep) does the same for values that are there already.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// # #[cfg(feature = "std")] {
    /// struct Link {
    ///     number: u32,
    ///     next: Option<Counted<Link>>,
    /// }
    ///
    /// let mut list = None;
    /// for number in 0..1_000_000 {
    ///     list = Some(Counted::new_deep(Link { number, next: list }));
    /// }
    /// assert_eq!(list.as_ref().map(|first| first.number), Some(999_999));
    /// drop(list); // with `new` instead, this overflows the stack
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0597
    /// let text = String::from("gone before the last handle may be");
    /// let handle = mudlark_rc::Counted::new_deep(text.as_str());
    /// ```
    #[inline]
    pub fn new_deep(value: T) -> Self
    where
        T: 'static,
    {
        let this = Self::new(value);
        Self::make_deep(&this);
        this
    }
}

impl<T: ?Sized, C: Counts, A: Allocate> Handle<T, C, A> {
    /// Makes the value *deep*: it may be dropped later than its last handle, wherever that handle lies, where that keeps the
    /// stack from overflowing; see [*Deep drops*](crate#deep-drops). [`new_deep`](Handle::new_deep) makes it so from the start.
    ///
    /// When the value is lent mutably, by [`get_mut`](Self::get_mut) or [`make_mut`](Self::make_mut), it is deep no longer, since
    /// it may be changed to one that borrows something. The clone that `make_mut` makes of a shared value is not deep, either.
    ///
    /// ```
    /// use mudlark_rc::Counted;
    ///
    /// # #[cfg(feature = "std")] {
    /// struct Tree {
    ///     branches: Option<Counted<[Tree]>>,
    /// }
    ///
    /// let mut tree = Tree { branches: None };
    /// for _ in 0..100_000 {
    ///     let branches: Counted<[Tree]> = Counted::from([tree, Tree { branches: None }]);
    ///     Counted::make_deep(&branches);
    ///     tree = Tree { branches: Some(branches) };
    /// }
    /// assert_eq!(tree.branches.as_ref().map(|branches| branches.len()), Some(2));
    /// drop(tree);
    /// # }
    /// ```
    #[inline]
    pub fn make_deep(this: &Self)
    where
        T: 'static,
        A: 'static,
    {
        Self::inner(this).count().make_deep();
    }
}
