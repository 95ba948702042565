//! What the memory of a region is good for.

/// A set of flags for a region, that a request may ask for: memory that a DMA controller reaches, or that is tightly coupled to
/// the core.
///
/// ```
/// use mudlark_core_alloc::RegionKind;
///
/// let kind = RegionKind::DMA.and(RegionKind::custom(0));
/// assert!(kind.has(RegionKind::DMA));
/// assert!(kind.has(RegionKind::ANY));
/// assert!(!kind.has(RegionKind::FAST));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegionKind(u8);

impl RegionKind {
    /// No flag: what every region has.
    pub const ANY: Self = Self(0);
    /// A DMA controller reaches it.
    pub const DMA: Self = Self(1);
    /// Its accesses are the fastest.
    pub const FAST: Self = Self(2);

    /// The flag `number` of six whose meaning is the program's.
    ///
    /// # Panics
    ///
    /// When it is six or more.
    #[must_use]
    pub const fn custom(number: u32) -> Self {
        assert!(number < 6, "there are six flags");
        Self(4 << number)
    }

    /// The flags of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `flags` are here.
    #[must_use]
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}
