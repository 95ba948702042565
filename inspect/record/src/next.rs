//! The next allocator: whoever would have served the program if this library were not there. And what else has to be called in the
//! midst of a request, when nobody can be asked for it any more.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use mudlark_inspect::Malloc;

use crate::early;

/// The next allocator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next;

/// How far the search for it is.
static SEARCH: AtomicU8 = AtomicU8::new(NOT_BEGUN);
const NOT_BEGUN: u8 = 0;
const UNDER_WAY: u8 = 1;
const DONE: u8 = 2;

/// Defines a place for each of the next allocator's functions, a way to call it, and the search for all of them.
macro_rules! next {
    ($($place:ident $name:literal $caller:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {
        $(static $place: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

        /// # Safety
        ///
        /// As C has it for the function of that name. The search is done.
        #[inline]
        unsafe fn $caller($($argument: $type),*) $(-> $answer)? {
            // Relaxed: see `is_found`.
            let function = $place.load(Ordering::Relaxed);
            // SAFETY: once the search is done, it is a function of this type.
            let function = unsafe { mem::transmute::<*mut c_void, unsafe extern "C" fn($($type),*) $(-> $answer)?>(function) };
            // SAFETY: the caller's promise is the same.
            unsafe { function($($argument),*) }
        })*

        fn find_all() {
            $($place.store(own($name).as_ptr(), Ordering::Relaxed);)*
        }
    };
}

next! {
    MALLOC c"malloc" malloc(size: usize) -> *mut c_void;
    CALLOC c"calloc" calloc(count: usize, size: usize) -> *mut c_void;
    REALLOC c"realloc" realloc(block: *mut c_void, size: usize) -> *mut c_void;
    FREE c"free" free(block: *mut c_void);
    MEMALIGN c"memalign" memalign(align: usize, size: usize) -> *mut c_void;
    USABLE_SIZE c"malloc_usable_size" usable_size(block: *mut c_void) -> usize;
    ATTRIBUTES c"pthread_getattr_np" attributes(thread: libc::pthread_t, place: *mut libc::pthread_attr_t) -> c_int;
    FIND_FDE c"_Unwind_Find_FDE" find_fde(address: *mut c_void, bases: *mut c_void) -> *const c_void;
}

/// Whether the next allocator can be called. If nobody has looked for it, this does.
#[inline]
fn is_found() -> bool {
    // Acquire: pairs with the Release in `search`, so the functions are seen.
    SEARCH.load(Ordering::Acquire) == DONE || search()
}

#[cold]
fn search() -> bool {
    match SEARCH.compare_exchange(NOT_BEGUN, UNDER_WAY, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {
            find_all();
            SEARCH.store(DONE, Ordering::Release);
            true
        }
        // The loader asks for memory for the search; at that time there is one thread.
        Err(_) => false,
    }
}

/// The C library's `pthread_getattr_np`.
///
/// # Safety
///
/// As C has it.
pub(crate) unsafe fn attributes_of(thread: libc::pthread_t, place: *mut libc::pthread_attr_t) -> c_int {
    if !is_found() {
        return libc::EAGAIN;
    }
    // SAFETY: it is found; the caller's promise is the same.
    unsafe { attributes(thread, place) }
}

/// The unwinder's `_Unwind_Find_FDE`.
///
/// # Safety
///
/// As libgcc has it.
pub(crate) unsafe fn frame_description_of(address: *mut c_void, bases: *mut c_void) -> *const c_void {
    if !is_found() {
        return ptr::null();
    }
    // SAFETY: it is found; the caller's promise is the same.
    unsafe { find_fde(address, bases) }
}

/// What the library of the next allocator is called.
pub(crate) fn name() -> String {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: it is written to.
    let is_found = unsafe { libc::dladdr(own(c"malloc").as_ptr(), found.as_mut_ptr()) } != 0;
    if !is_found {
        return String::new();
    }
    // SAFETY: it was written, as the answer says.
    let path = unsafe { found.assume_init() }.dli_fname;
    // SAFETY: a string, which lives as long as the library is loaded.
    let path = unsafe { CStr::from_ptr(path) }.to_string_lossy();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What the libraries behind this one have by a name.
pub(crate) fn find(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name is a string.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) })
}

/// The same, which has to be there.
pub(crate) fn own(name: &CStr) -> NonNull<c_void> {
    find(name).unwrap_or_else(|| missing(name))
}

#[cold]
fn missing(name: &CStr) -> ! {
    let name = name.to_bytes();
    for part in [&b"mudlark-record: there is no next \""[..], name, b"\"\n"] {
        // SAFETY: the bytes may be read.
        unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: this may be called at any time.
    unsafe { libc::abort() }
}

// SAFETY: it is the C library's allocator, or one that stands for it; `early` never hands out anything twice.
unsafe impl Malloc for Next {
    #[inline]
    fn malloc(&self, size: usize) -> *mut u8 {
        if !is_found() {
            return early::allocate(size);
        }
        // SAFETY: it is found.
        unsafe { malloc(size) }.cast()
    }

    #[inline]
    fn zeroed(&self, size: usize) -> *mut u8 {
        if !is_found() {
            return early::allocate(size);
        }
        // SAFETY: it is found.
        unsafe { calloc(1, size) }.cast()
    }

    #[inline]
    fn aligned(&self, align: usize, size: usize) -> *mut u8 {
        if !is_found() {
            return ptr::null_mut();
        }
        // SAFETY: it is found.
        unsafe { memalign(align, size) }.cast()
    }

    #[inline]
    unsafe fn realloc(&self, block: NonNull<u8>, size: usize) -> *mut u8 {
        if early::has(block) {
            // SAFETY: the caller's promise is the same.
            return unsafe { move_early(*self, block, size) };
        }
        // SAFETY: the block is one of the next allocator's, which so is found; the caller's promise is the same.
        unsafe { realloc(block.as_ptr().cast(), size) }.cast()
    }

    #[inline]
    unsafe fn free(&self, block: NonNull<u8>) {
        if !early::has(block) {
            // SAFETY: as above.
            unsafe { free(block.as_ptr().cast()) };
        }
    }

    unsafe fn usable_size(&self, block: NonNull<u8>) -> usize {
        if early::has(block) {
            // SAFETY: just asked.
            return unsafe { early::size_of(block) };
        }
        // SAFETY: as above.
        unsafe { usable_size(block.as_ptr().cast()) }
    }
}

/// Moves a block out of the early ones.
///
/// # Safety
///
/// It is one of them, and the caller's.
#[cold]
unsafe fn move_early(next: Next, block: NonNull<u8>, size: usize) -> *mut u8 {
    let moved = next.malloc(size);
    if !moved.is_null() {
        // SAFETY: it is an early one.
        let len = unsafe { early::size_of(block) }.min(size);
        // SAFETY: both have so many bytes, and they are two.
        unsafe { moved.copy_from_nonoverlapping(block.as_ptr(), len) };
    }
    moved
}

// SAFETY: as above; larger alignments than C's are asked for as such.
unsafe impl GlobalAlloc for Next {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= align_of::<u128>() {
            self.malloc(layout.size())
        } else {
            self.aligned(layout.align(), layout.size())
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        if let Some(block) = NonNull::new(block) {
            // SAFETY: the caller's promise is the same.
            unsafe { Malloc::free(self, block) };
        }
    }
}
