//! Tokens as text, with spaces where they are usual in a function's head.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The tokens on one line.
pub(crate) fn one_line(tokens: TokenStream) -> String {
    let mut text = String::new();
    let mut is_joint = true;
    for token in tokens {
        let next = text_of(&token);
        if !is_joint && !is_glued(&text, &next) {
            text.push(' ');
        }
        text.push_str(&next);
        is_joint = matches!(&token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    }
    text
}

fn text_of(token: &TokenTree) -> String {
    let TokenTree::Group(group) = token else { return token.to_string() };
    let inner = one_line(group.stream());
    match group.delimiter() {
        Delimiter::Parenthesis => format!("({inner})"),
        Delimiter::Bracket => format!("[{inner}]"),
        Delimiter::Brace => format!("{{ {inner} }}"),
        Delimiter::None => inner,
    }
}

/// Whether no space stands between a text and the token after it.
fn is_glued(before: &str, token: &str) -> bool {
    let is_after_opening = before.is_empty() || before.ends_with("::") || before.ends_with(['<', '&', '*', '?']);
    let is_after_name = before.ends_with(|sign: char| sign.is_alphanumeric() || "_>)]".contains(sign));
    let is_after_arrow = before.ends_with("->");
    is_after_opening
        || token.starts_with([',', ';', '>'])
        || (is_after_name && !is_after_arrow && token.starts_with(['(', '<', ':']))
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;

    use super::one_line;

    #[test]
    fn heads_are_spaced_as_rustfmt_does_it() {
        let heads = [
            "pub(crate) async unsafe extern \"C\" fn f<'a, const N: usize>(mut self: Box<Self>) -> &'a [u8; N]",
            "fn f(v: &'static mut [T], w: *const u8, _: (u8, Option<&T>)) -> <T as Iterator>::Item",
            "fn f<T>(g: impl FnOnce(u8) -> bool + Send) -> ! where T: ?Sized + for<'b> Fn(&'b str), u8: Into<T>",
            "fn f(x: ::core::option::Option<fn(u8) -> [u8; 2]>) -> ::std::vec::Vec<Vec<u8>>",
        ];
        for head in heads {
            let tokens: TokenStream = head.parse().expect("they are tokens");
            assert_eq!(one_line(tokens), head);
        }
    }
}
