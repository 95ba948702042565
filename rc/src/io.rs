//! Handles to files, sockets and the like, which can be read from and written to while they are shared.

use std::io::{IoSlice, IoSliceMut, Read, Result, Seek, SeekFrom, Write};

use alloc::string::String;
use alloc::vec::Vec;

use crate::allocate::Allocate;
use crate::counted::Handle;
use crate::counts::Counts;

/// For values that a shared reference is enough to read from, as [`File`](std::fs::File), `TcpStream` and `Stdin` are.
///
/// ```
/// use std::io::{Read, Seek, Write};
/// use mudlark_rc::SyncCounted;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("mudlark-rc-io-{}", std::process::id()));
/// let mut file = SyncCounted::new(std::fs::File::create_new(&path)?);
/// file.clone().write_all(b"shared")?;
/// assert_eq!(file.stream_position()?, 6);
/// # drop(file);
///
/// let mut text = String::new();
/// SyncCounted::new(std::fs::File::open(&path)?).read_to_string(&mut text)?;
/// assert_eq!(text, "shared");
/// # std::fs::remove_file(path)
/// # }
/// ```
impl<T: ?Sized, C: Counts, A: Allocate> Read for Handle<T, C, A>
where
    for<'a> &'a T: Read,
{
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        (&mut &**self).read(bytes)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
        (&mut &**self).read_vectored(buffers)
    }

    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> Result<usize> {
        (&mut &**self).read_to_end(bytes)
    }

    fn read_to_string(&mut self, text: &mut String) -> Result<usize> {
        (&mut &**self).read_to_string(text)
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<()> {
        (&mut &**self).read_exact(bytes)
    }
}

/// For values that a shared reference is enough to write to.
impl<T: ?Sized, C: Counts, A: Allocate> Write for Handle<T, C, A>
where
    for<'a> &'a T: Write,
{
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        (&mut &**self).write(bytes)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize> {
        (&mut &**self).write_vectored(buffers)
    }

    fn flush(&mut self) -> Result<()> {
        (&mut &**self).flush()
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        (&mut &**self).write_all(bytes)
    }
}

/// For values that a shared reference is enough to seek in.
impl<T: ?Sized, C: Counts, A: Allocate> Seek for Handle<T, C, A>
where
    for<'a> &'a T: Seek,
{
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        (&mut &**self).seek(to)
    }

    fn rewind(&mut self) -> Result<()> {
        (&mut &**self).rewind()
    }

    fn stream_position(&mut self) -> Result<u64> {
        (&mut &**self).stream_position()
    }
}
