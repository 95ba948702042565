//! `#[derive(Trace)]` for `mudlark-gc`, which documents and re-exports it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Path, Result, Token, WherePredicate, parse_quote};

/// Implements `Trace`: reports the edges of every field, and by which names: `field`, `0`, `Variant.field`.
///
/// The type may not implement `Drop`, since its fields may lead to values that have been dropped already; it may
/// implement `Finalize` instead.
///
/// On the type:
/// - `#[trace(finalize)]`: the type implements `Finalize`, and its finalizer runs once before a value is dropped.
/// - `#[trace(finalize = path)]`: the same with any function that takes `&Gc<Self>`.
/// - `#[trace(bound = "T: MyTrait")]`: these bounds instead of `Trace` on each type parameter.
/// - `#[trace(crate = path)]`: where `mudlark_gc` is found, and nothing in its place: that the code made here keeps `Trace`'s
///   contract rests on it.
///
/// On a field:
/// - `#[trace(skip)]`: for fields of types without `Trace`. Its handles, if it has any, count as held from outside, so what
///   they lead to is never collected while the value lives. On a field that is known to hold handles it is an error, unless
///   the type has parameters.
#[proc_macro_derive(Trace, attributes(trace))]
pub fn derive_trace(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// What `#[trace(..)]` on the type says.
struct TypeOptions {
    /// An expression of type `fn(&Gc<Self>)`.
    finalizer: Option<TokenStream>,
    bound: Option<Punctuated<WherePredicate, Token![,]>>,
    krate: Path,
}

impl TypeOptions {
    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self { finalizer: None, bound: None, krate: parse_quote!(::mudlark_gc) };
        let mut implements_finalize = false;
        for attribute in trace_attributes(attributes) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("finalize") {
                    if meta.input.peek(Token![=]) {
                        let function: syn::Expr = meta.value()?.parse()?;
                        options.finalizer = Some(quote!(#function));
                    } else {
                        implements_finalize = true;
                    }
                } else if meta.path.is_ident("bound") {
                    let text: syn::LitStr = meta.value()?.parse()?;
                    options.bound = Some(text.parse_with(Punctuated::parse_terminated)?);
                } else if meta.path.is_ident("crate") {
                    options.krate = meta.value()?.parse()?;
                } else {
                    return Err(meta.error("on a type: `finalize`, `bound = \"..\"` or `crate = path`"));
                }
                Ok(())
            })?;
        }
        if implements_finalize && options.finalizer.is_some() {
            return Err(Error::new(Span::call_site(), "either `finalize` or `finalize = path`, not both"));
        }
        if implements_finalize {
            let krate = &options.krate;
            options.finalizer = Some(quote!(|this| <Self as #krate::Finalize>::finalize(this)));
        }
        Ok(options)
    }
}

fn trace_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("trace"))
}

fn is_skipped(field: &syn::Field) -> Result<bool> {
    let mut skip = false;
    for attribute in trace_attributes(&field.attrs) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("skip") {
                return Err(meta.error("on a field: `skip`"));
            }
            skip = true;
            Ok(())
        })?;
    }
    Ok(skip)
}

/// A struct's fields, or those of one variant.
struct Shape<'a> {
    /// `Self` or `Self::Variant`.
    constructor: TokenStream,
    variant: Option<&'a Ident>,
    fields: &'a Fields,
}

/// A field that is not skipped, in a pattern.
struct TracedField {
    member: syn::Member,
    binding: Ident,
}

impl TracedField {
    fn pattern(&self) -> TokenStream {
        let Self { member, binding } = self;
        quote!(#member: #binding)
    }

    /// As a program writes it.
    fn name(&self) -> String {
        match &self.member {
            syn::Member::Named(name) => name.unraw().to_string(),
            syn::Member::Unnamed(index) => index.index.to_string(),
        }
    }
}

fn shapes(input: &DeriveInput) -> Result<Vec<Shape<'_>>> {
    match &input.data {
        Data::Struct(data) => Ok(vec![Shape { constructor: quote!(Self), variant: None, fields: &data.fields }]),
        Data::Enum(data) => data.variants.iter().map(variant_shape).collect(),
        Data::Union(data) => {
            Err(Error::new_spanned(data.union_token, "a union cannot say which field is there to be traced"))
        }
    }
}

fn variant_shape(variant: &syn::Variant) -> Result<Shape<'_>> {
    if let Some(attribute) = trace_attributes(&variant.attrs).next() {
        return Err(Error::new_spanned(attribute, "a variant has no options: mark its fields"));
    }
    let name = &variant.ident;
    Ok(Shape { constructor: quote!(Self::#name), variant: Some(name), fields: &variant.fields })
}

impl Shape<'_> {
    fn traced_fields(&self) -> Result<Vec<TracedField>> {
        let mut traced = Vec::new();
        for (index, field) in self.fields.iter().enumerate() {
            if !is_skipped(field)? {
                let member = match &field.ident {
                    Some(name) => syn::Member::Named(name.clone()),
                    None => syn::Member::Unnamed(index.into()),
                };
                traced.push(TracedField { member, binding: own_name(&format!("field_{index}")) });
            }
        }
        Ok(traced)
    }

    /// A match arm that does `report` with each field that is not skipped.
    fn arm(&self, report: impl Fn(&TracedField) -> TokenStream) -> Result<TokenStream> {
        let constructor = &self.constructor;
        let fields = self.traced_fields()?;
        let patterns = fields.iter().map(TracedField::pattern);
        let reports = fields.iter().map(report);
        Ok(quote!(#constructor { #(#patterns,)* .. } => { #(#reports)* }))
    }

    /// What the edges of a field are called.
    fn edge_name(&self, field: &TracedField) -> String {
        match self.variant {
            Some(variant) => format!("{}.{}", variant.unraw(), field.name()),
            None => field.name(),
        }
    }

    /// The types of the fields that are skipped, or of those that are not.
    fn types(&self, skipped: bool) -> Result<Vec<&syn::Type>> {
        let mut types = Vec::new();
        for field in self.fields {
            if is_skipped(field)? == skipped {
                types.push(&field.ty);
            }
        }
        Ok(types)
    }
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let TypeOptions { finalizer, bound, krate } = TypeOptions::parse(&input.attrs)?;
    let shapes = shapes(input)?;
    let generics = with_bounds(&input.generics, bound, &krate);
    let methods = [
        trace_method(&shapes, &krate)?,
        trace_named_method(&shapes, &krate)?,
        needs_trace_method(&shapes, &krate)?,
        is_bare_method(&shapes, &krate)?,
        is_sendable_method(&shapes, &krate)?,
        finalizer.map(|function| finalizer_method(&function, &krate)).unwrap_or_default(),
    ];
    let skips = if input.generics.params.is_empty() { skip_checks(&shapes, &krate)? } else { TokenStream::new() };
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        const _: () = {
            // SAFETY: each field that is not skipped is reported once, by its own `Trace`; nothing else is done. The
            // type has no destructor of its own, as the conflict below would show.
            #[automatically_derived]
            unsafe impl #impl_generics #krate::Trace for #name #type_generics #where_clause {
                #(#methods)*
            }

            #[automatically_derived]
            impl #impl_generics #krate::__HoldsHandles for #name #type_generics #where_clause {}
            #skips

            trait TracedTypesMayNotImplementDrop {}
            impl<T: ::core::ops::Drop + ?::core::marker::Sized> TracedTypesMayNotImplementDrop for T {}
            #[automatically_derived]
            impl #impl_generics TracedTypesMayNotImplementDrop for #name #type_generics #where_clause {}
        };
    })
}

fn trace_method(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let tracer = own_name("tracer");
    let trace = |TracedField { binding, .. }: &TracedField| quote!(#krate::Trace::trace(#binding, #tracer););
    let arms = shapes.iter().map(|shape| shape.arm(trace)).collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #[inline]
        fn trace(&self, #tracer: &mut #krate::Tracer<'_>) {
            match self {
                #(#arms)*
                _ => {}
            }
        }
    })
}

fn trace_named_method(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let tracer = own_name("tracer");
    let mut arms = Vec::new();
    for shape in shapes {
        arms.push(shape.arm(|field| {
            let (binding, name) = (&field.binding, shape.edge_name(field));
            quote!(#krate::Trace::trace_named(#binding, &mut #krate::NamedTracer::__inside(#tracer, #name));)
        })?);
    }
    Ok(quote! {
        fn trace_named(&self, #tracer: &mut #krate::NamedTracer<'_>) {
            match self {
                #(#arms)*
                _ => {}
            }
        }
    })
}

fn needs_trace_method(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let depth = own_name("depth");
    let mut types = Vec::new();
    for shape in shapes {
        types.extend(shape.types(false)?);
    }
    Ok(quote! {
        fn needs_trace(#depth: ::core::primitive::u32) -> ::core::primitive::bool {
            false #(|| <#types as #krate::Trace>::needs_trace(#depth))*
        }
    })
}

/// Bare are types whose fields are, and skipped fields that need no drop.
fn is_bare_method(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let (mut traced, mut skipped) = (Vec::new(), Vec::new());
    for shape in shapes {
        traced.extend(shape.types(false)?);
        skipped.extend(shape.types(true)?);
    }
    Ok(quote! {
        fn is_bare() -> ::core::primitive::bool {
            true #(&& <#traced as #krate::Trace>::is_bare())* #(&& !::core::mem::needs_drop::<#skipped>())*
        }
    })
}

/// No field that holds handles is skipped.
fn skip_checks(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let mut checks = TokenStream::new();
    for shape in shapes {
        for skipped in shape.types(true)? {
            checks.extend(quote_spanned! { skipped.span() =>
                const _: () = {
                    use #krate::__No as _;
                    ::core::assert!(
                        !#krate::__Ask::<#skipped>::HOLDS_HANDLES,
                        "`#[trace(skip)]` is for types without `Trace`: what this field leads to would never be collected"
                    );
                };
            });
        }
    }
    Ok(checks)
}

/// Sendable are types whose fields are, or are `Send`; of skipped fields only that counts.
fn is_sendable_method(shapes: &[Shape<'_>], krate: &Path) -> Result<TokenStream> {
    let (mut traced, mut skipped) = (Vec::new(), Vec::new());
    for shape in shapes {
        traced.extend(shape.types(false)?);
        skipped.extend(shape.types(true)?);
    }
    let within = own_name("within");
    Ok(quote! {
        fn is_sendable(#within: &#krate::Within<'_>) -> ::core::primitive::bool
        where
            Self: 'static,
        {
            use #krate::__No as _;
            #within.enter::<Self>(|#within| {
                true #(&& (#krate::__Ask::<#traced>::IS_SEND || <#traced as #krate::Trace>::is_sendable(#within)))*
                    #(&& #krate::__Ask::<#skipped>::IS_SEND)*
            })
        }
    })
}

fn finalizer_method(function: &TokenStream, krate: &Path) -> TokenStream {
    quote! {
        fn finalizer() -> ::core::option::Option<fn(&#krate::Gc<Self>)>
        where
            Self: 'static,
        {
            ::core::option::Option::Some(#function)
        }
    }
}

/// A name that is nobody else's: a pattern's name that some constant has would mean that constant.
fn own_name(name: &str) -> Ident {
    Ident::new(&format!("__trace_{name}"), Span::mixed_site())
}

/// The type's generics, each type parameter bound by `Trace` unless the bounds are given.
fn with_bounds(
    generics: &syn::Generics,
    bound: Option<Punctuated<WherePredicate, Token![,]>>,
    krate: &Path,
) -> syn::Generics {
    let mut generics = generics.clone();
    let predicates = bound.unwrap_or_else(|| {
        let parameters = generics.type_params().map(|parameter| &parameter.ident);
        parameters.map(|name| -> WherePredicate { parse_quote!(#name: #krate::Trace) }).collect()
    });
    if !predicates.is_empty() {
        generics.make_where_clause().predicates.extend(predicates);
    }
    generics
}
