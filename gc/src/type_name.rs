//! Short names of types: `Vec<Node>` for `alloc::vec::Vec<server::graph::Node>`.

use core::fmt;

/// A type's name without the paths in it.
///
/// A path is a run of names with `::` between them. Its last name is kept; what is no name, as `{{closure}}`, keeps the one
/// before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while !rest.is_empty() {
            let path = &rest[..rest.find(|c| !is_of_path(c)).unwrap_or(rest.len())];
            f.write_str(last_name(path))?;
            rest = &rest[path.len()..];
            let others = &rest[..rest.find(is_of_path).unwrap_or(rest.len())];
            f.write_str(others)?;
            rest = &rest[others.len()..];
        }
        Ok(())
    }
}

fn is_of_path(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '#' | ':')
}

/// The end of a path, from its last name on.
fn last_name(path: &str) -> &str {
    let names = path.trim_end_matches(':');
    if names.starts_with("::") {
        // What comes after `>`, of a type that belongs to another.
        return path;
    }
    names.rfind("::").map_or(path, |colons| &path[colons + 2..])
}

#[cfg(test)]
mod tests {
    use super::Short;
    use alloc::string::ToString;

    #[test]
    fn short_names_have_no_paths_but_everything_else() {
        for (name, short) in [
            ("u8", "u8"),
            ("alloc::vec::Vec<server::graph::Node>", "Vec<Node>"),
            ("(a::B, &mut c::D, [e::f::G; 3])", "(B, &mut D, [G; 3])"),
            ("a::b::main::{{closure}}", "main::{{closure}}"),
            ("dyn core::any::Any + core::marker::Send", "dyn Any + Send"),
            ("fn(a::B) -> c::D", "fn(B) -> D"),
            ("<a::B as c::D>::E", "<B as D>::E"),
            ("a::r#loop::Größe", "Größe"),
            ("", ""),
            (":::", ":::"),
        ] {
            assert_eq!(Short(name).to_string(), short);
        }
    }
}
