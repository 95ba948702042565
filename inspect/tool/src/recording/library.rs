//! Where the library is that records a program which knows nothing of it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;

const VARIABLE: &str = "MUDLARK_RECORD_LIBRARY";

/// The library: named by the variable, beside this program, or in the `lib` beside its directory.
///
/// # Errors
///
/// [`Error::NoLibrary`] if it is at none of these places.
pub(super) fn find() -> Result<PathBuf, Error> {
    if let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        return if path.is_file() { Ok(path) } else { Err(Error::NoLibrary { places: vec![path] }) };
    }
    let name = format!("{}mudlark_record{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let program = env::current_exe().unwrap_or_default();
    let directory = program.parent().unwrap_or(Path::new(""));
    let places = vec![directory.join(&name), directory.join("../lib").join(&name)];
    let found = places.iter().find(|place| place.is_file()).cloned();
    found.ok_or(Error::NoLibrary { places })
}

/// The library, before what is preloaded already.
pub(super) fn preload(library: &Path) -> Result<OsString, Error> {
    let library = std::path::absolute(library).map_err(|cause| Error::Open { path: library.to_owned(), cause })?;
    // The dynamic linker separates libraries by these, and knows no way to write one in a name.
    if library.as_os_str().as_encoded_bytes().iter().any(|byte| matches!(byte, b' ' | b':')) {
        return Err(Error::Usage(format!(
            "{} has a space or a colon in its path: such a library cannot be preloaded",
            library.display()
        )));
    }
    let mut list = library.into_os_string();
    if let Some(others) = env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
        list.push(" ");
        list.push(others);
    }
    Ok(list)
}
