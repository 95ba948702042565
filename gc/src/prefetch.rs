//! Telling the processor what will be needed soon.

use core::ptr::NonNull;

/// Has the processor fetch what `pointer` leads to, where it knows how. It is only a hint: nothing is read.
#[inline]
pub(crate) fn prefetch<T>(pointer: NonNull<T>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch faults for no address, and every x86-64 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(pointer.as_ptr().cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = pointer;
}
