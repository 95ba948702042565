//! The operators `new` and `delete` of C++, in all their forms, by the names that compilers give them (the Itanium C++ ABI).
//!
//! A request that cannot be served calls the program's `new_handler` as long as there is one, which may free something,
//! throw, or end the program; then the plain forms throw `std::bad_alloc`, and those with `nothrow` give null.

use core::ffi::{CStr, c_void};
use core::mem;
use core::ptr::{self, NonNull};

use mudlark_core_alloc::Malloc;

use crate::answer::{aligned, plain};
use crate::c::free;
use core::alloc::Layout;

type Handler = unsafe extern "C-unwind" fn();

/// A block for `layout`, however often the program has to be asked for memory; else `fail` answers.
#[inline]
unsafe fn allocate(layout: Option<Layout>, fail: unsafe fn() -> *mut c_void) -> *mut c_void {
    match layout.and_then(Malloc::allocate) {
        Some(block) => block.as_ptr().cast(),
        // SAFETY: the caller may unwind.
        None => unsafe { allocate_with_help(layout, fail) },
    }
}

#[cold]
unsafe fn allocate_with_help(layout: Option<Layout>, fail: unsafe fn() -> *mut c_void) -> *mut c_void {
    loop {
        let Some(handler) = new_handler() else {
            // SAFETY: the caller may unwind.
            return unsafe { fail() };
        };
        // SAFETY: the program has set it to be called here.
        unsafe { handler() };
        if let Some(block) = layout.and_then(Malloc::allocate) {
            return block.as_ptr().cast();
        }
    }
}

/// The program's `new_handler`, if it has set one.
fn new_handler() -> Option<Handler> {
    let get = cxx_runtime(c"_ZSt15get_new_handlerv")?;
    // SAFETY: the C++ runtime has a function of that type by this name.
    let get = unsafe { mem::transmute::<NonNull<c_void>, unsafe extern "C" fn() -> Option<Handler>>(get) };
    // SAFETY: it may be called at any time.
    unsafe { get() }
}

/// Throws `std::bad_alloc`; without a C++ runtime there is nobody to catch it, and the process ends.
unsafe fn throw_bad_alloc() -> *mut c_void {
    if let Some(throw) = cxx_runtime(c"_ZSt17__throw_bad_allocv") {
        // SAFETY: the C++ runtime has a function of that type by this name.
        let throw = unsafe { mem::transmute::<NonNull<c_void>, Handler>(throw) };
        // SAFETY: it may be called at any time; all frames from here to the program may unwind.
        unsafe { throw() };
    }
    // SAFETY: this may be called at any time.
    unsafe { libc::abort() }
}

/// Gives null.
unsafe fn give_null() -> *mut c_void {
    ptr::null_mut()
}

/// What the program's C++ runtime has by a name.
///
/// The runtime is not among the program's global names if it came with a plugin: then it is asked for by its own name.
fn cxx_runtime(name: &CStr) -> Option<NonNull<c_void>> {
    const RUNTIMES: [&CStr; 3] = [c"libstdc++.so.6", c"libc++.so.1", c"libc++abi.so.1"];
    // SAFETY: the name is a string.
    let global = NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) });
    global.or_else(|| RUNTIMES.iter().find_map(|runtime| find_in(runtime, name)))
}

/// What a library has by a name, if the library is loaded.
fn find_in(library: &CStr, name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the library's name is a string; nothing is loaded, so nothing of it runs.
    let library = NonNull::new(unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) })?;
    // SAFETY: the handle is good, and the name is a string.
    let found = unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) };
    // SAFETY: the handle is good. Whoever has called the operator keeps the library loaded.
    unsafe { libc::dlclose(library.as_ptr()) };
    NonNull::new(found)
}

macro_rules! new {
    ($($name:ident($($parameter:ident: $type:ty),*) => $layout:expr, $fail:expr;)*) => {$(
        /// A form of `operator new`.
        ///
        /// # Safety
        ///
        /// An alignment is a power of two.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C-unwind" fn $name($($parameter: $type),*) -> *mut c_void {
            // SAFETY: the caller is C++ and may be unwound.
            unsafe { allocate($layout, $fail) }
        }
    )*};
}

new! {
    _Znwm(size: usize) => plain(size), throw_bad_alloc;
    _Znam(size: usize) => plain(size), throw_bad_alloc;
    _ZnwmRKSt9nothrow_t(size: usize, _nothrow: *const c_void) => plain(size), give_null;
    _ZnamRKSt9nothrow_t(size: usize, _nothrow: *const c_void) => plain(size), give_null;
    _ZnwmSt11align_val_t(size: usize, align: usize) => aligned(size, align), throw_bad_alloc;
    _ZnamSt11align_val_t(size: usize, align: usize) => aligned(size, align), throw_bad_alloc;
    _ZnwmSt11align_val_tRKSt9nothrow_t(size: usize, align: usize, _nothrow: *const c_void)
        => aligned(size, align), give_null;
    _ZnamSt11align_val_tRKSt9nothrow_t(size: usize, align: usize, _nothrow: *const c_void)
        => aligned(size, align), give_null;
}

macro_rules! delete {
    ($($name:ident($($parameter:ident: $type:ty),*);)*) => {$(
        /// A form of `operator delete`.
        ///
        /// # Safety
        ///
        /// As for [`free`].
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name(block: *mut c_void $(, $parameter: $type)*) {
            // SAFETY: the caller's promise is the same.
            unsafe { free(block) };
        }
    )*};
}

delete! {
    _ZdlPv();
    _ZdaPv();
    _ZdlPvm(_size: usize);
    _ZdaPvm(_size: usize);
    _ZdlPvRKSt9nothrow_t(_nothrow: *const c_void);
    _ZdaPvRKSt9nothrow_t(_nothrow: *const c_void);
    _ZdlPvSt11align_val_t(_align: usize);
    _ZdaPvSt11align_val_t(_align: usize);
    _ZdlPvmSt11align_val_t(_size: usize, _align: usize);
    _ZdaPvmSt11align_val_t(_size: usize, _align: usize);
    _ZdlPvSt11align_val_tRKSt9nothrow_t(_align: usize, _nothrow: *const c_void);
    _ZdaPvSt11align_val_tRKSt9nothrow_t(_align: usize, _nothrow: *const c_void);
}
