//! The operators `new` and `delete` of C++, in all their forms, by the names that compilers give them (the Itanium C++ ABI).
//!
//! Most C++ runtimes make calls of `malloc` and `free` of them, but not all allocators that come with operators of their own do. So
//! they are made such calls here; what `malloc` has no memory for is left to the next operator, which knows how to ask
//! the program's `new_handler`, and to throw.

use core::ffi::c_void;
use core::mem;
use core::ptr;

use crate::c::{free, malloc, memalign};
use crate::{PROFILED, next};

macro_rules! new {
    ($($name:ident = $text:literal ($($parameter:ident: $type:ty),*) => $attempt:expr, $fails:ident;)*) => {$(
        /// A form of `operator new`.
        ///
        /// # Safety
        ///
        /// An alignment is a power of two.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C-unwind" fn $name($($parameter: $type),*) -> *mut c_void {
            let block = $attempt;
            if !block.is_null() {
                return block;
            }
            let Some(next) = next::find($text) else { return $fails() };
            // SAFETY: whoever has an operator of this name has it of this type.
            let next = unsafe {
                mem::transmute::<ptr::NonNull<c_void>, unsafe extern "C-unwind" fn($($type),*) -> *mut c_void>(next)
            };
            // It comes back to `malloc`, and perhaps by way of another form of this operator.
            let _same_request = PROFILED.try_again();
            // SAFETY: the caller's promise is the same, and it may be unwound.
            unsafe { next($($parameter),*) }
        }
    )*};
}

new! {
    _Znwm = c"_Znwm" (size: usize) => malloc(size), end;
    _Znam = c"_Znam" (size: usize) => malloc(size), end;
    _ZnwmRKSt9nothrow_t = c"_ZnwmRKSt9nothrow_t" (size: usize, _nothrow: *const c_void) => malloc(size), give_null;
    _ZnamRKSt9nothrow_t = c"_ZnamRKSt9nothrow_t" (size: usize, _nothrow: *const c_void) => malloc(size), give_null;
    _ZnwmSt11align_val_t = c"_ZnwmSt11align_val_t" (size: usize, align: usize) => memalign(align, size), end;
    _ZnamSt11align_val_t = c"_ZnamSt11align_val_t" (size: usize, align: usize) => memalign(align, size), end;
    _ZnwmSt11align_val_tRKSt9nothrow_t = c"_ZnwmSt11align_val_tRKSt9nothrow_t"
        (size: usize, align: usize, _nothrow: *const c_void) => memalign(align, size), give_null;
    _ZnamSt11align_val_tRKSt9nothrow_t = c"_ZnamSt11align_val_tRKSt9nothrow_t"
        (size: usize, align: usize, _nothrow: *const c_void) => memalign(align, size), give_null;
}

/// Without a C++ runtime there is nobody to throw.
fn end() -> *mut c_void {
    // SAFETY: this may be called at any time.
    unsafe { libc::abort() }
}

fn give_null() -> *mut c_void {
    ptr::null_mut()
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
