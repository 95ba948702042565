//! The functions and lines of one file of code.
//!
//! ```text
//!   address ──▸ DWARF ──▸ inlined function, … , function     (addr2line)
//!         └───▸ symbol table ──▸ function                     where there is no DWARF
//! ```

use core::error::Error;
use core::fmt;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use addr2line::Context;
use gimli::{AttributeValue, DebuggingInformationEntry, EndianArcSlice, Reader as _, RunTimeEndian, UnitRef};
use mudlark_inspect::origin::names::has_path;
use object::{Object as _, ObjectKind, ObjectSection as _, ObjectSymbol as _, ReadCache, SymbolKind};

use crate::symbols::demangle::demangled;
use crate::symbols::frame::Frame;

type Bytes = EndianArcSlice<RunTimeEndian>;
type Failure = Box<dyn Error>;

/// A file whose code was loaded.
pub(crate) struct DebugFile {
    dwarf: Context<Bytes>,
    /// By their addresses.
    functions: Vec<Function>,
    is_position_independent: bool,
    is_arm: bool,
}

/// An entry of the symbol table.
struct Function {
    address: u64,
    size: u64,
    name: String,
}

impl fmt::Debug for DebugFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugFile").field("functions", &self.functions.len()).finish_non_exhaustive()
    }
}

impl DebugFile {
    /// Reads the tables of a file; of what is debug information, only once it is needed.
    pub(crate) fn open(path: &Path, sysroot: &Path) -> Result<Self, Failure> {
        let cache = ReadCache::new(open_regular(path)?);
        let file = object::File::parse(&cache)?;
        let separate = separate_path(&file, sysroot).and_then(|path| open_regular(&path).ok()).map(ReadCache::new);
        let separate = separate.as_ref().and_then(|cache| object::File::parse(cache).ok());
        let (dwarf, mut functions) = (read_dwarf(separate.as_ref().unwrap_or(&file))?, read_functions(&file));
        functions.extend(separate.iter().flat_map(read_functions));
        functions.sort_by_key(|function| function.address);
        let is_position_independent = file.kind() == ObjectKind::Dynamic;
        Ok(Self { dwarf: Context::from_dwarf(dwarf)?, functions, is_position_independent, is_arm: is_arm(&file) })
    }

    /// Where the call is that returns to an address, as the file itself has it, if it was loaded at this base.
    pub(crate) const fn call_before(&self, return_address: u64, base: u64) -> u64 {
        let call = before(return_address, self.is_arm);
        if self.is_position_independent { call.wrapping_sub(base) } else { call }
    }

    /// The functions that the code at an address is of, the innermost inlined one first.
    pub(crate) fn frames(&self, address: u64) -> Vec<Frame> {
        let mut frames = self.dwarf_frames(address).unwrap_or_default();
        let Some(function) = self.function(address) else { return frames };
        match frames.last_mut() {
            None => frames.push(Frame { function: demangled(&function.name, None), ..Frame::default() }),
            // Of functions, brief debug information has no path, but the symbol table has it.
            Some(outermost) if !has_path(&outermost.function) => outermost.function = demangled(&function.name, None),
            Some(_) => {}
        }
        frames
    }

    fn dwarf_frames(&self, address: u64) -> Result<Vec<Frame>, gimli::Error> {
        let mut found = self.dwarf.find_frames(address).skip_all_loads()?;
        let mut frames = Vec::new();
        while let Some(frame) = found.next()? {
            let raw = frame.function.as_ref().and_then(|function| function.raw_name().ok()).unwrap_or_default();
            let language = frame.function.as_ref().and_then(|function| function.language);
            let plain = frame.dw_die_offset.filter(|_| raw.starts_with("_ZN"));
            let mut known = Frame {
                plain_name: plain.and_then(|entry| self.plain_name(address, entry)),
                function: demangled(&raw, language),
                ..Frame::default()
            };
            // Code without a line was put together from several places: its file need not be this function's.
            if let Some((location, line)) =
                frame.location.and_then(|location| location.line.map(|line| (location, line)))
            {
                (known.file, known.line) = (location.file.map(str::to_owned), line);
            }
            frames.push(known);
        }
        // A line without a function says little, and the symbol table may know more.
        if let [Frame { function, .. }] = &frames[..]
            && function.is_empty()
            && let Some(symbol) = self.function(address)
        {
            frames[0].function = demangled(&symbol.name, None);
        }
        Ok(frames)
    }

    /// What the debug information calls a function apart from its path, with the types that it is made for: `new<u8>`.
    fn plain_name(&self, address: u64, entry: gimli::UnitOffset) -> Option<String> {
        let unit = self.dwarf.find_dwarf_and_unit(address).skip_all_loads()?;
        name_of_entry(unit, &unit.entry(entry).ok()?, MOST_REFERENCES)
    }

    /// The entry of the symbol table that an address is in.
    fn function(&self, address: u64) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.address <= address);
        // Of several at one address, one may be too short, or of no size: any that reaches up to the address will do.
        let near = self.functions[..after].iter().rev().take(8);
        near.into_iter().find(|function| function.size == 0 || address - function.address < function.size)
    }
}

/// A path is what a log claims. It may be that of a pipe, which to open takes until someone writes, or of a file of the
/// kernel's, which has no length and may have no end: neither has code.
fn open_regular(path: &Path) -> io::Result<File> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file of code"));
    }
    File::open(path)
}

/// An entry refers to the one that it is an instance of, and so on; not deeper than this.
const MOST_REFERENCES: usize = 8;

/// The name of an entry, or of the one that it refers to.
fn name_of_entry(
    unit: UnitRef<'_, Bytes>,
    entry: &DebuggingInformationEntry<Bytes>,
    most_references: usize,
) -> Option<String> {
    if let Some(name) = entry.attr_value(gimli::DW_AT_name) {
        return Some(unit.attr_string(name).ok()?.to_string_lossy().ok()?.into_owned());
    }
    let origin = entry.attr_value(gimli::DW_AT_abstract_origin);
    let origin = origin.or_else(|| entry.attr_value(gimli::DW_AT_specification))?;
    // What is in another unit is left alone.
    let AttributeValue::UnitRef(offset) = origin else { return None };
    name_of_entry(unit, &unit.entry(offset).ok()?, most_references.checked_sub(1)?)
}

type Parsed<'a> = object::File<'a, &'a ReadCache<File>>;

/// Where Linux distributions keep the debug information of a file that has none itself.
fn separate_path(file: &Parsed<'_>, sysroot: &Path) -> Option<PathBuf> {
    if file.section_by_name(".debug_info").is_some() {
        return None;
    }
    let (first, rest) = file.build_id().ok()??.split_first()?;
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(sysroot.join(format!("usr/lib/debug/.build-id/{first:02x}/{rest}.debug")))
}

fn read_dwarf(file: &Parsed<'_>) -> Result<gimli::Dwarf<Bytes>, Failure> {
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    gimli::Dwarf::load(|id| {
        let data = match file.section_by_name(id.name()) {
            Some(section) => section.uncompressed_data()?,
            None => Cow::default(),
        };
        Ok(Bytes::new(Arc::from(&*data), endian))
    })
}

fn read_functions(file: &Parsed<'_>) -> Vec<Function> {
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let functions = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    let mut functions: Vec<Function> = functions
        .filter_map(|symbol| {
            let name = symbol.name().ok()?.to_owned();
            Some(Function { address: symbol.address(), size: symbol.size(), name })
        })
        .collect();
    if is_arm(file) {
        functions.iter_mut().for_each(|function| function.address &= !1);
    }
    functions
}

/// On 32-bit Arm, the lowest bit of a function's address, and of one to return to, says in which instruction set it is.
fn is_arm(file: &Parsed<'_>) -> bool {
    file.architecture() == object::Architecture::Arm
}

/// An address in the call that returns to this one.
const fn before(return_address: u64, is_arm: bool) -> u64 {
    let next = if is_arm { return_address & !1 } else { return_address };
    next.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_is_before_what_it_returns_to_whatever_the_instruction_set() {
        assert_eq!(before(0x1000, false), 0xFFF);
        assert_eq!(before(0x1000, true), 0xFFF, "someone has cleared the bit");
        assert_eq!(before(0x1001, true), 0xFFF);
    }
}
