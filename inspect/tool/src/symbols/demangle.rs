//! Makes functions' names whole.

use std::borrow::Cow;

use addr2line::demangle_auto;

/// A name as the source has it.
///
/// C has names as they are, and short ones would also stand for types in C++: `a` for `signed char`.
pub(crate) fn demangled(name: &str, language: Option<gimli::DwLang>) -> String {
    if ["_Z", "__Z", "_R"].iter().any(|prefix| name.starts_with(prefix)) {
        demangle_auto(Cow::Borrowed(name), language).into_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_c_stay_as_they_are() {
        for name in ["a", "i", "Pv", "main", "ZN1a1bE", "_start"] {
            assert_eq!(demangled(name, None), name);
            assert_eq!(demangled(name, Some(gimli::DW_LANG_C_plus_plus)), name);
        }
        let mangled = ["_Z1ai", "_ZN1a1b17h0123456789abcdefE", "_RNvC1a1b", "_Znwm"];
        assert_eq!(
            mangled.map(|name| demangled(name, None)),
            ["a(int)", "a::b", "a::b", "operator new(unsigned long)"]
        );
    }
}
