//! Protocol buffers, as much of them as a profile needs: numbers, texts, lists of numbers and messages, written.
//!
//! ```text
//!   field 2, message │ length │ field 1, number │ 7 │ …
//! ```

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// How a field's value is laid out, as the lowest bits of its key say.
const NUMBER: u64 = 0;
const BYTES: u64 = 2;

impl Message {
    /// The message, whole.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A field that is a number; zero is what an absent field is.
    pub(super) fn number(&mut self, field: u64, number: u64) -> &mut Self {
        if number != 0 {
            self.varint(field << 3 | NUMBER);
            self.varint(number);
        }
        self
    }

    /// A field that is a text.
    pub(super) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    /// A field that is a list of numbers.
    pub(super) fn numbers(&mut self, field: u64, numbers: impl IntoIterator<Item = u64>) -> &mut Self {
        let mut list = Self::default();
        numbers.into_iter().for_each(|number| list.varint(number));
        self.bytes(field, &list.0)
    }

    /// A field that is a message.
    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Seven bits a byte, the lowest first; all but the last have the highest bit set.
    fn varint(&mut self, mut number: u64) {
        while number > 0x7F {
            self.0.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7F) as u8);
    }
}
