//! A profile that `pprof` opens: gzipped `profile.proto`, with the values of Go's heap profiles, and those of the peak.
//!
//! ```text
//!   sample: [alloc_objects, alloc_space, inuse_objects, inuse_space, peak_objects, peak_space]
//!      └ locations, innermost first ──▸ location: function and line ──▸ function: name, file ──▸ texts
//! ```
//!
//! Each frame is a location of its own, whose number is the frame's; addresses are left out, as they have been looked up.

use std::collections::HashMap;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::export::protobuf::Message;
use crate::model::{Figures, Model, Place};
use crate::symbols::{Frame, FrameId, Symbols};
use crate::view::NO_STACK;

/// The values of a sample, and their units.
const VALUES: [(&str, &str); 6] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
    ("peak_objects", "count"),
    ("peak_space", "bytes"),
];

fn values(figures: &Figures) -> [u64; 6] {
    let Figures { total, leaked, at_peak, .. } = figures;
    let [total, leaked, at_peak] = [total, leaked, at_peak].map(|amount| [amount.blocks.rounded(), amount.bytes]);
    [total[0], total[1], leaked[0], leaked[1], at_peak[0], at_peak[1]]
}

/// The numbers of the fields, as `profile.proto` has them.
mod field {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const STRING_TABLE: u64 = 6;
    pub(super) const TIME_NANOS: u64 = 9;
    pub(super) const DURATION_NANOS: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

/// The profile, gzipped.
///
/// # Errors
///
/// None are known: it is written to memory.
pub fn pprof(model: &Model, symbols: &mut Symbols<'_>) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&profile(model, symbols))?;
    gzip.finish()
}

fn profile(model: &Model, symbols: &mut Symbols<'_>) -> Vec<u8> {
    let mut profile = Profile::new();
    for (name, unit) in VALUES {
        let value = profile.value_type(name, unit);
        profile.message.message(field::SAMPLE_TYPE, &value);
    }
    profile.only_mapping(model.program.title());
    for &(place, ref sums) in model.places() {
        profile.sample(model, symbols, place, &model.figures(sums));
    }
    profile.times(model);
    let period_type = profile.value_type("space", "bytes");
    let default = profile.texts.index("inuse_space");
    profile.message.message(field::PERIOD_TYPE, &period_type);
    profile.message.number(field::PERIOD, model.program.sample_interval);
    profile.message.number(field::DEFAULT_SAMPLE_TYPE, default);
    profile.finish()
}

/// A profile that is being written.
#[derive(Debug)]
struct Profile {
    message: Message,
    texts: Texts,
    /// The location of each frame; that of nothing is where there is no stack.
    locations: HashMap<Option<FrameId>, u64>,
    /// The functions, by the numbers of their names and files.
    functions: HashMap<(u64, u64), u64>,
}

impl Profile {
    fn new() -> Self {
        let mut texts = Texts::default();
        // The format wants the first text to be empty.
        texts.index("");
        Self { message: Message::default(), texts, locations: HashMap::new(), functions: HashMap::new() }
    }

    fn value_type(&mut self, name: &str, unit: &str) -> Message {
        let mut message = Message::default();
        message.number(1, self.texts.index(name)).number(2, self.texts.index(unit));
        message
    }

    /// A file of code that stands for all, and says that there is nothing left to look up.
    fn only_mapping(&mut self, title: &str) {
        let mut mapping = Message::default();
        mapping.number(1, 1).number(5, self.texts.index(title));
        for has in 7..=10 {
            mapping.number(has, 1);
        }
        self.message.message(field::MAPPING, &mapping);
    }

    fn sample(&mut self, model: &Model, symbols: &mut Symbols<'_>, place: Place, figures: &Figures) {
        let stack = symbols.stack(place.stack);
        let mut locations: Vec<u64> = stack.frames.iter().map(|&frame| self.location(symbols, Some(frame))).collect();
        if locations.is_empty() {
            locations.push(self.location(symbols, None));
        }
        let mut sample = Message::default();
        sample.numbers(1, locations).numbers(2, values(figures));
        if place.tag != 0 {
            sample.message(3, &self.label("tag", &model.program.tag(place.tag)));
        }
        if place.thread != 0 {
            sample.message(3, &self.label("thread", &model.program.thread(place.thread)));
        }
        self.message.message(field::SAMPLE, &sample);
    }

    fn label(&mut self, key: &str, text: &str) -> Message {
        let mut label = Message::default();
        label.number(1, self.texts.index(key)).number(2, self.texts.index(text));
        label
    }

    /// The number of a frame's location, which is written when it is met first.
    fn location(&mut self, symbols: &Symbols<'_>, frame: Option<FrameId>) -> u64 {
        if let Some(&location) = self.locations.get(&frame) {
            return location;
        }
        let id = self.locations.len() as u64 + 1;
        self.locations.insert(frame, id);
        let unknown = Frame { function: NO_STACK.to_owned(), ..Frame::default() };
        let known = frame.map_or(&unknown, |frame| symbols.frame(frame));
        let mut line = Message::default();
        line.number(1, self.function(known)).number(2, u64::from(known.line));
        let mut location = Message::default();
        location.number(1, id).number(2, 1).message(4, &line);
        self.message.message(field::LOCATION, &location);
        id
    }

    /// The number of a function, which is written when it is met first.
    fn function(&mut self, frame: &Frame) -> u64 {
        let name = self.texts.index(&frame.function);
        let file = self.texts.index(frame.file.as_deref().unwrap_or_default());
        if let Some(&function) = self.functions.get(&(name, file)) {
            return function;
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert((name, file), id);
        // From a name that is the linker's too, `pprof` cuts out all that is in angle brackets.
        let system_name = self.texts.index(&format!("{} (demangled)", frame.function));
        let mut function = Message::default();
        function.number(1, id).number(2, name).number(3, system_name).number(4, file);
        self.message.message(field::FUNCTION, &function);
        id
    }

    /// When the log began, and how long it is; as far as it says so.
    fn times(&mut self, model: &Model) {
        let ticks_per_second = model.program.ticks_per_second;
        if ticks_per_second == 0 {
            return;
        }
        let nanoseconds = |ticks: u64| {
            u64::try_from(u128::from(ticks) * 1_000_000_000 / u128::from(ticks_per_second)).unwrap_or(u64::MAX)
        };
        let (start, end) = model.span();
        if model.program.unix_nanoseconds != 0 {
            let began = model.program.unix_nanoseconds.saturating_add(nanoseconds(start));
            self.message.number(field::TIME_NANOS, began);
        }
        self.message.number(field::DURATION_NANOS, nanoseconds(end.saturating_sub(start)));
    }

    fn finish(mut self) -> Vec<u8> {
        for text in &self.texts.list {
            self.message.text(field::STRING_TABLE, text);
        }
        self.message.into_bytes()
    }
}

/// The texts, which all else refers to by their numbers.
#[derive(Debug, Default)]
struct Texts {
    list: Vec<String>,
    indices: HashMap<String, u64>,
}

impl Texts {
    fn index(&mut self, text: &str) -> u64 {
        if let Some(&index) = self.indices.get(text) {
            return index;
        }
        let index = self.list.len() as u64;
        self.list.push(text.to_owned());
        self.indices.insert(text.to_owned(), index);
        index
    }
}
