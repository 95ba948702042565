//! The file whose code is at an address, from who knows it without a lock: glibc's `_dl_find_object`, which unwinding uses (since 2.35).
//!
//! So it can be asked wherever memory is asked for: in a child whose parent's other threads were in the midst of the dynamic
//! loader when it was forked, too.

/// What is at an address.
#[cfg_attr(
    not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(miri))),
    expect(dead_code, reason = "only glibc can tell")
)]
pub(super) enum Found<'s> {
    File(File<'s>),
    /// No file's code.
    Nothing,
    /// Here nobody knows that without a lock.
    NobodyAnswers,
}

/// A loaded file.
pub(super) struct File<'s> {
    /// What the file's own addresses are relative to.
    pub(super) base: usize,
    /// Where its first segment begins, and its last one ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its path; empty for the program itself.
    pub(super) path: &'s [u8],
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(miri)))]
mod glibc {
    use core::ffi::{CStr, c_char, c_int, c_void};
    use core::mem::{self, MaybeUninit};
    use core::ptr;
    use core::sync::atomic::{AtomicPtr, Ordering};

    use super::{File, Found};

    /// `struct dl_find_object`, with room for what later versions have in it.
    #[repr(C)]
    struct Object {
        flags: u64,
        start: *mut c_void,
        end: *mut c_void,
        link_map: *const LinkMap,
        others: [u64; 12],
    }

    /// The beginning of `struct link_map`.
    #[repr(C)]
    struct LinkMap {
        base: usize,
        path: *const c_char,
    }

    type Find = unsafe extern "C" fn(*mut c_void, *mut Object) -> c_int;

    /// The function, or null.
    static FIND: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

    /// Looks for the function. May wait for the dynamic loader, and allocate.
    pub(crate) fn prepare() {
        // SAFETY: the name is a string.
        let find = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) };
        FIND.store(find, Ordering::Relaxed);
    }

    /// What is at the address.
    ///
    /// # Safety
    ///
    /// It is a return address of the calling thread's stack: so nobody unloads the file while the answer is looked at.
    pub(in crate::modules) unsafe fn at(address: &usize) -> Found<'_> {
        let find = FIND.load(Ordering::Relaxed);
        if find.is_null() {
            return Found::NobodyAnswers;
        }
        // SAFETY: the C library's function of that name is of this type.
        let find = unsafe { mem::transmute::<*mut c_void, Find>(find) };
        let mut object = MaybeUninit::<Object>::uninit();
        // SAFETY: the address is only looked for; the object is written to.
        let status = unsafe { find(ptr::without_provenance_mut(*address), object.as_mut_ptr()) };
        if status != 0 {
            return Found::Nothing;
        }
        // SAFETY: the answer was that it is written, up to what there is none of.
        let object = unsafe { &*object.as_ptr() };
        // SAFETY: the file is loaded, by the caller's promise, and so it has a link map.
        let link_map = unsafe { &*object.link_map };
        // SAFETY: likewise, and the path is a string.
        let path = unsafe { CStr::from_ptr(link_map.path) }.to_bytes();
        Found::File(File { base: link_map.base, start: object.start.addr(), end: object.end.addr(), path })
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(miri)))]
pub(crate) use glibc::*;

/// There is nobody to look for.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(miri))))]
pub(crate) const fn prepare() {}

/// Nobody can be asked.
///
/// # Safety
///
/// There is nothing to be careful of.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64", not(miri))))]
pub(super) const unsafe fn at(_address: &usize) -> Found<'_> {
    Found::NobodyAnswers
}
