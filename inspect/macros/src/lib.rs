//! `#[mem_profile]`, which `mudlark-inspect` documents and re-exports.
//!
//! ```text
//!   fn f(v: Vec<u8>) {            fn f(v: Vec<u8>) {
//!                                     static FUNCTION: … = name, file, source, where the table goes;
//!                                     let call = FUNCTION.call();
//!                                     let v = v;
//!       let text = read();   ─▶       call.at(1); let text = read();
//!       for line in text {            call.at(2); for line in call.each(2, text) {
//!           use(line);                    call.at(3); use(line);
//!       }                                 let _end = call.closing(4); }
//!   }                                 let _end = call.closing(5); }
//! ```
//!
//! What the macro adds stands between the user's tokens, which keep their places and names.

mod function;
mod options;
mod probes;
mod source;
mod spacing;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

/// Prints a table of the memory that a function has in use after each of its lines.
///
/// `mudlark-inspect` tells about it in its module `mem_profile`.
#[proc_macro_attribute]
pub fn mem_profile(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    function::profiled(arguments.into(), item.clone())
        .unwrap_or_else(|error| {
            // The item stays as it was, so that this error is the only one.
            let error = Error::into_compile_error(error);
            quote!(#error #item)
        })
        .into()
}
