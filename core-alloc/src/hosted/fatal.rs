//! The end, when the allocator finds its own rules broken.
//!
//! A panic would allocate, and could unwind through a caller that holds one of our locks; so the message is put
//! together on the stack, and the process aborts.

use core::fmt::{self, Write};

use super::source;

/// Whether this build looks if every free and `realloc` tells the truth, and if free blocks are left alone.
pub(crate) const CHECKS: bool = cfg!(any(debug_assertions, feature = "hardened"));

/// Aborts the process with `reason` on standard error.
#[cold]
#[inline(never)]
pub(crate) fn fatal(reason: fmt::Arguments<'_>) -> ! {
    let mut message = Message { text: [0; 256], len: 0 };
    // What does not fit is left out.
    let _ = writeln!(message, "mudlark: {reason}");
    source::complain(message.written());
    std::process::abort()
}

/// Aborts the process: the block at `address` is free, and was freed or resized.
pub(crate) fn already_free(address: usize) -> ! {
    fatal(format_args!("free of {address:#x}: it is free already"))
}

struct Message {
    text: [u8; 256],
    len: usize,
}

impl Message {
    fn written(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or(&self.text)
    }
}

impl Write for Message {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let space = self.text.get_mut(self.len..).unwrap_or_default();
        let fitting = part.len().min(space.len());
        for (place, byte) in space.iter_mut().zip(part.bytes()) {
            *place = byte;
        }
        self.len += fitting;
        if fitting == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_what_fits() {
        let mut message = Message { text: [0; 256], len: 0 };
        assert!(write!(message, "{}", "a".repeat(250)).is_ok());
        assert!(write!(message, "{}", "b".repeat(250)).is_err());
        assert_eq!(message.written().len(), 256);
        assert!(message.written().ends_with(b"abbbbbb"));
    }
}
