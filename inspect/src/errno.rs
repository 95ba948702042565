//! The program's `errno`, which a recording must not change: the program may be about to ask why some call of its own has failed.

/// What `errno` was when this was made; so it is again when this is dropped.
pub(crate) struct Errno(#[cfg(unix)] errno::Errno);

impl Errno {
    pub(crate) fn keep() -> Self {
        Self(
            #[cfg(unix)]
            errno::errno(),
        )
    }
}

#[cfg(unix)]
impl Drop for Errno {
    fn drop(&mut self) {
        errno::set_errno(self.0);
    }
}
