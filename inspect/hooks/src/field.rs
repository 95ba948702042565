//! How the parts of an event are written: numbers in as few bytes as they need, addresses and times as steps.

use core::fmt;

/// A part of an event.
pub(crate) trait Field<'a>: Sized {
    /// Writes it. `None` if there is no room.
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()>;

    /// Reads it. `None` if what is there makes no sense.
    fn decode(input: &mut Decoder<'a>) -> Option<Self>;
}

/// Where something is in memory.
///
/// In the log it is a step from the address before it in the same chunk, since programs stay near.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub u64);

impl Address {
    /// Where a pointer points to.
    #[must_use]
    pub fn of<T: ?Sized>(pointer: *const T) -> Self {
        Self(pointer.addr() as u64)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The return addresses of a stack, innermost first.
#[derive(Clone, Copy)]
pub struct Frames<'a>(Store<'a>);

#[derive(Clone, Copy)]
enum Store<'a> {
    Plain(&'a [u64]),
    /// As many steps; they were read once, so they are all there.
    Encoded(usize, &'a [u8]),
}

impl<'a> From<&'a [u64]> for Frames<'a> {
    fn from(addresses: &'a [u64]) -> Self {
        Self(Store::Plain(addresses))
    }
}

impl<'a> Frames<'a> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            Store::Plain(addresses) => addresses.len(),
            Store::Encoded(count, _) => count,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'a> {
        let (plain, encoded): (&[u64], &[u8]) = match self.0 {
            Store::Plain(addresses) => (addresses, &[]),
            Store::Encoded(_, bytes) => (&[], bytes),
        };
        let mut steps = Decoder::new(encoded);
        plain.iter().copied().chain(core::iter::from_fn(move || steps.address()))
    }
}

impl PartialEq for Frames<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Frames<'_> {}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Address)).finish()
    }
}

/// Writes fields into a chunk's payload.
///
/// What is written by a call that answers `None` is to be forgotten.
pub(crate) struct Encoder<'b> {
    room: &'b mut [u8],
    len: usize,
    before: Before,
    now: u64,
    /// The event has the chunk for itself: if it does not fit, its end is cut off.
    cuts: bool,
}

/// From where the next time and address are counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) time: u64,
    pub(crate) address: u64,
}

impl<'b> Encoder<'b> {
    pub(crate) fn new(room: &'b mut [u8], before: Before, now: u64, cuts: bool) -> Self {
        Self { room, len: 0, before, now, cuts }
    }

    /// The number of bytes written, and from where to count on.
    pub(crate) fn finish(self) -> (usize, Before) {
        (self.len, self.before)
    }

    pub(crate) fn byte(&mut self, byte: u8) -> Option<()> {
        *self.room.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.room.get_mut(self.len..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.len += bytes.len();
        Some(())
    }

    /// Seven bits a byte, the lowest first; all but the last have the highest bit set (LEB128).
    pub(crate) fn number(&mut self, mut number: u64) -> Option<()> {
        while number > 0x7F {
            self.byte(low_seven_bits(number) | 0x80)?;
            number >>= 7;
        }
        self.byte(low_seven_bits(number))
    }

    /// The step from the time before to the time of the event.
    pub(crate) fn time(&mut self) -> Option<()> {
        self.number(step(self.before.time, self.now))?;
        self.before.time = self.now;
        Some(())
    }

    fn address(&mut self, address: u64) -> Option<()> {
        self.number(step(self.before.address, address))?;
        self.before.address = address;
        Some(())
    }

    const fn left(&self) -> usize {
        self.room.len().saturating_sub(self.len)
    }
}

/// Reads fields from a chunk's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
    before: Before,
}

impl<'a> Decoder<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload, before: Before { time: 0, address: 0 } }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            number |= bits << shift;
            let lost = bits << shift >> shift != bits;
            if lost {
                return None;
            }
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn time(&mut self) -> Option<u64> {
        self.before.time = stepped(self.before.time, self.number()?);
        Some(self.before.time)
    }

    fn address(&mut self) -> Option<u64> {
        self.before.address = stepped(self.before.address, self.number()?);
        Some(self.before.address)
    }
}

const fn low_seven_bits(number: u64) -> u8 {
    (number & 0x7F) as u8
}

/// A difference, such that small ones of either sign are small numbers: 0, −1, 1, −2, 2 are 0, 1, 2, 3, 4.
const fn step(from: u64, to: u64) -> u64 {
    let difference = to.wrapping_sub(from).cast_signed();
    ((difference << 1) ^ (difference >> 63)).cast_unsigned()
}

/// Where a step leads.
const fn stepped(from: u64, step: u64) -> u64 {
    let difference = (step >> 1) ^ (step & 1).wrapping_neg();
    from.wrapping_add(difference)
}

impl Field<'_> for u64 {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        out.number(*self)
    }

    fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        input.number()
    }
}

impl Field<'_> for u32 {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        out.number(u64::from(*self))
    }

    fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        input.number()?.try_into().ok()
    }
}

impl Field<'_> for u8 {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        out.byte(*self)
    }

    fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        input.byte()
    }
}

impl Field<'_> for Address {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        out.address(self.0)
    }

    fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        input.address().map(Self)
    }
}

/// The length of what is left of a text when it is cut to so many bytes, and to whole characters.
fn whole_chars(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|&len| text.is_char_boundary(len)).unwrap_or(0)
}

/// As many bytes as a length takes in a chunk, at most.
const LENGTH_BYTES: usize = 3;

impl<'a> Field<'a> for &'a str {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        let fits = if out.cuts { whole_chars(self, out.left().saturating_sub(LENGTH_BYTES)) } else { self.len() };
        out.number(fits as u64)?;
        out.bytes(&self.as_bytes()[..fits])
    }

    fn decode(input: &mut Decoder<'a>) -> Option<Self> {
        let len = input.number()?.try_into().ok()?;
        core::str::from_utf8(input.bytes(len)?).ok()
    }
}

impl<'a> Field<'a> for Frames<'a> {
    fn encode(&self, out: &mut Encoder<'_>) -> Option<()> {
        const MOST_BYTES: usize = 10;
        let most = if out.cuts { out.left().saturating_sub(LENGTH_BYTES) / MOST_BYTES } else { usize::MAX };
        out.number(self.len().min(most) as u64)?;
        // Counted from zero, so that they can be read apart from what comes before.
        let before = out.before.address;
        out.before.address = 0;
        self.iter().take(most).try_for_each(|address| out.address(address))?;
        out.before.address = before;
        Some(())
    }

    fn decode(input: &mut Decoder<'a>) -> Option<Self> {
        let count = input.number()?.try_into().ok()?;
        let mut steps = Decoder::new(input.rest);
        for _ in 0..count {
            steps.address()?;
        }
        let encoded = input.bytes(input.rest.len() - steps.rest.len())?;
        Some(Self(Store::Encoded(count, encoded)))
    }
}
