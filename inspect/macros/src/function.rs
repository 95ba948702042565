//! A function becomes one that counts.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote_spanned};
use syn::visit::Visit;
use syn::{
    Error, FnArg, Ident, ItemFn, Pat, PatIdent, Result, ReturnType, Stmt, Type, TypeImplTrait, TypeNever,
    parse_quote_spanned,
};

use crate::options::Options;
use crate::probes::Probes;
use crate::source::Source;

/// The function with probes between its statements.
pub(crate) fn profiled(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(arguments)?;
    let mut function = parsed(item)?;
    let source = Source::of(&function);
    let owned = take_parameters(&mut function);
    let call = call_ident();
    let begin = begin(&function, &options, &source, &call);
    let is_async = function.sig.asyncness.is_some();
    let held = (!owned.is_empty()).then_some(&function.sig.output);
    Probes::new(&source, &call, is_async).visit_body(&mut function.block, held);
    function.block.stmts.splice(0..0, begin.into_iter().chain(owned));
    Ok(function.into_token_stream())
}

fn parsed(item: TokenStream) -> Result<ItemFn> {
    let function: ItemFn = syn::parse2(item.clone()).map_err(|error| {
        let begin = item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        if looks_like_a_function(item) { error } else { Error::new(begin, WHERE_IT_STANDS) }
    })?;
    match function.sig.constness {
        Some(token) => Err(Error::new_spanned(
            token,
            "a `const fn` cannot be profiled, since the compiler may run it: take `const` away",
        )),
        None => Ok(function),
    }
}

const WHERE_IT_STANDS: &str =
    "`#[mem_profile]` stands before a function that has a body: put it on each one that you want to see";

/// Whether there is a `fn`, and a body: then it is the parser that does not know something.
fn looks_like_a_function(item: TokenStream) -> bool {
    let tokens: Vec<_> = item.into_iter().collect();
    let has_fn = tokens.iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == "fn"));
    has_fn && matches!(tokens.last(), Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace)
}

/// Has the body own the parameters that may own memory, so that they are dropped before the table is made: statements that
/// do so.
///
/// Then the function's value has to be there before [they are dropped](Probes::visit_body); what cannot be said of a value whose
/// type has no name.
fn take_parameters(function: &mut ItemFn) -> Vec<Stmt> {
    let mut owned = Vec::new();
    if !has_a_name(&function.sig.output) {
        return owned;
    }
    for input in &mut function.sig.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        let Pat::Ident(PatIdent { by_ref: None, subpat: None, mutability, ident, .. }) = &mut *parameter.pat else {
            continue;
        };
        if parameter.attrs.is_empty() && may_own(&parameter.ty) {
            let mutability = mutability.take();
            owned.push(parse_quote_spanned! {ident.span()=>
                #[allow(clippy::redundant_locals)]
                let #mutability #ident = #ident;
            });
        }
    }
    owned
}

/// Whether values of the type can be declared: not so of `impl Trait`, nor of `!`.
fn has_a_name(output: &ReturnType) -> bool {
    struct Nameless(bool);
    impl Visit<'_> for Nameless {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }

        fn visit_type_never(&mut self, _: &TypeNever) {
            self.0 = true;
        }
    }
    let mut found = Nameless(false);
    found.visit_return_type(output);
    !found.0
}

/// Whether a value of the type may own memory: references, pointers and numbers do not.
fn may_own(ty: &Type) -> bool {
    const PLAIN: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
        "usize", "str",
    ];
    match ty {
        Type::Reference(_) | Type::Ptr(_) | Type::BareFn(_) => false,
        Type::Path(path) => !path.path.get_ident().is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain)),
        _ => true,
    }
}

/// What the call is called in the body, where nobody else can name it.
fn call_ident() -> Ident {
    Ident::new("call", Span::mixed_site())
}

/// The statements before all others.
fn begin(function: &ItemFn, options: &Options, source: &Source, call: &Ident) -> Vec<Stmt> {
    let span = Span::mixed_site();
    let mem_profile = {
        let krate = &options.krate;
        quote_spanned!(span=> #krate::mem_profile)
    };
    let name = function.sig.ident.to_string();
    let (file, first_line, text) = (&source.file, source.first_line, source.text());
    let output = options.output();
    let whose = Ident::new(if options.is_of_thread { "Thread" } else { "Process" }, span);
    let depth = if function.sig.asyncness.is_some() {
        quote_spanned!(span=> ::core::option::Option::None)
    } else {
        quote_spanned!(span=> {
            ::std::thread_local! {
                static DEPTH: #mem_profile::Depth = const { #mem_profile::Depth::new() };
            }
            ::core::option::Option::Some(&DEPTH)
        })
    };
    parse_quote_spanned! {span=>
        static FUNCTION: #mem_profile::Function = #mem_profile::Function {
            name: #name,
            file: #file,
            first_line: #first_line,
            source: #text,
            whose: #mem_profile::Whose::#whose,
            output: #output,
            depth: #depth,
        };
        let #call = FUNCTION.call();
    }
}
