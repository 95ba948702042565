//! The packages outside the workspace that this program builds, so that what they depend on stays out of it.

use std::env;
use std::path::{Path, PathBuf};

/// A package that is built once for every entry, with the feature that chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    /// The workloads of the race.
    Entries,
    /// The same, with Mudlark as the global allocator.
    EntriesOnMudlark,
    /// The programs.
    Programs,
}

impl Package {
    /// Where its files are.
    pub(crate) fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(match self {
            Self::Entries | Self::EntriesOnMudlark => "entries",
            Self::Programs => "programs",
        })
    }

    /// The manifest of what is to be built.
    pub(crate) fn manifest(self) -> PathBuf {
        self.folder().join(match self {
            Self::Entries | Self::EntriesOnMudlark => "Cargo.toml",
            Self::Programs => "entry/Cargo.toml",
        })
    }

    /// The features with which a program of this name is built.
    pub(crate) fn features(self, name: &str) -> String {
        match self {
            Self::Entries | Self::Programs => name.to_owned(),
            Self::EntriesOnMudlark => format!("{name},on-mudlark"),
        }
    }

    /// What to say to somebody who waits for a build.
    pub(crate) fn patience(self) -> &'static str {
        match self {
            Self::Entries | Self::EntriesOnMudlark => "",
            Self::Programs => " (the first takes some minutes)",
        }
    }

    /// A folder for its builds, beside the one this program was built in.
    pub(crate) fn target_folder(self) -> Result<PathBuf, String> {
        let program = env::current_exe().map_err(|error| format!("this program cannot find itself: {error}"))?;
        let target = program.parent().and_then(Path::parent).ok_or("this program has no folder")?;
        Ok(target.join(match self {
            Self::Entries => "race",
            Self::EntriesOnMudlark => "race-on-mudlark",
            Self::Programs => "programs",
        }))
    }
}
