//! What `#[mem_profile(..)]` says in its parentheses.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser as _;
use syn::{Error, Expr, Path, Result, parse_quote};

const WHAT_MAY_STAND_HERE: &str =
    "`#[mem_profile]` takes `thread`, one of `stdout`, `html = \"file\"` and `with = function`, and `crate = path`";

pub(crate) struct Options {
    /// Where `mudlark_inspect` is found.
    pub(crate) krate: Path,
    /// Only what the function's own thread does counts.
    pub(crate) is_of_thread: bool,
    /// Where the table goes, if it is said.
    output: Option<Output>,
}

enum Output {
    Stdout,
    Html(Expr),
    With(Path),
}

impl Options {
    pub(crate) fn parse(arguments: TokenStream) -> Result<Self> {
        let mut options = Self { krate: parse_quote!(::mudlark_inspect), is_of_thread: false, output: None };
        meta::parser(|meta| options.take(&meta)).parse2(arguments)?;
        Ok(options)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("thread") {
            self.is_of_thread = true;
        } else if meta.path.is_ident("crate") {
            self.krate = meta.value()?.parse()?;
        } else if meta.path.is_ident("stdout") {
            self.set_output(meta, Output::Stdout)?;
        } else if meta.path.is_ident("html") {
            let file = meta.value()?.parse()?;
            self.set_output(meta, Output::Html(file))?;
        } else if meta.path.is_ident("with") {
            let function = meta.value()?.parse()?;
            self.set_output(meta, Output::With(function))?;
        } else {
            return Err(meta.error(WHAT_MAY_STAND_HERE));
        }
        Ok(())
    }

    fn set_output(&mut self, meta: &ParseNestedMeta<'_>, output: Output) -> Result<()> {
        match self.output.replace(output) {
            None => Ok(()),
            Some(_) => Err(Error::new_spanned(&meta.path, "the table goes to one place")),
        }
    }

    /// An expression of type `Output`.
    pub(crate) fn output(&self) -> TokenStream {
        let krate = &self.krate;
        let output = quote!(#krate::mem_profile::Output);
        match &self.output {
            None => quote!(#output::Stderr),
            Some(Output::Stdout) => quote!(#output::Stdout),
            Some(Output::Html(file)) => quote!(#output::Html(#file)),
            Some(Output::With(function)) => quote!(#output::With(#function)),
        }
    }
}
