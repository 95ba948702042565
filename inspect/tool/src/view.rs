//! What happened, summed up by what a user asks for.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use clap::ValueEnum;

use crate::model::{Figures, Model, Place};
use crate::symbols::{Stack, Symbols};
use crate::text::{bytes, number};

/// By what requests are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The function that asked, other than the allocator and the standard containers.
    #[default]
    Function,
    /// The line of it.
    Line,
    /// The innermost scope.
    Tag,
    /// The type that the block is for, as far as a container's name tells.
    Type,
    /// The size class, if the heap has told of its classes; otherwise the size, large ones by eighths of a doubling.
    Class,
    /// The thread.
    Thread,
}

/// A group of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What they have in common.
    pub name: String,
    /// What became of them.
    pub figures: Figures,
}

/// The groups of all requests, in no order. Their figures add up to those of [`Model::all`].
#[must_use]
pub fn rows(model: &Model, symbols: &mut Symbols<'_>, by: By) -> Vec<Row> {
    let mut groups: HashMap<String, Figures> = HashMap::new();
    if by == By::Class {
        for (size, sums) in model.sizes() {
            *groups.entry(class_name(model, size)).or_default() += model.figures(sums);
        }
    } else {
        for &(place, ref sums) in model.places() {
            *groups.entry(name_of(model, symbols, place, by)).or_default() += model.figures(sums);
        }
    }
    groups.into_iter().map(|(name, figures)| Row { name, figures }).collect()
}

/// What a place's requests are put together by.
pub(crate) fn name_of(model: &Model, symbols: &mut Symbols<'_>, place: Place, by: By) -> String {
    match by {
        By::Tag => return model.program.tag(place.tag),
        By::Thread => return model.program.thread(place.thread),
        _ => {}
    }
    let stack = symbols.stack(place.stack);
    match by {
        By::Type => stack.type_name.clone().unwrap_or_else(|| "unknown type".to_owned()),
        _ => place_name(model, symbols, &stack, place, by == By::Line),
    }
}

/// The function or line that asked. A firmware may have no stacks, but tags.
fn place_name(model: &Model, symbols: &Symbols<'_>, stack: &Stack, place: Place, by_line: bool) -> String {
    let Some(frame) = stack.asker.map(|id| symbols.frame(id)) else {
        return if place.tag == 0 { NO_STACK.to_owned() } else { format!("in {}", model.program.tag(place.tag)) };
    };
    match frame.location().filter(|_| by_line) {
        Some(location) => location.to_string(),
        None => frame.function.clone(),
    }
}

/// What is shown where nobody knows who asked.
pub(crate) const NO_STACK: &str = "(no stack)";

/// The blocks that serve a size, if the heap has told of its classes; otherwise the size itself.
fn class_name(model: &Model, size: u64) -> String {
    let classes = model.heap.last().map_or(&[][..], |moment| &moment.classes);
    let block_size = classes.iter().map(|class| class.block_size).filter(|&block_size| block_size >= size).min();
    match block_size {
        Some(block_size) => format!("blocks of {} B", number(block_size)),
        None if size <= Model::LARGE => format!("{} B", number(size)),
        None => format!("up to {}", bytes(size)),
    }
}

/// The figures of each stack as it is folded; without one, of each scope. Stacks that look the same are one; threads make no
/// difference, and are not gone through.
pub(crate) fn paths(model: &Model, symbols: &mut Symbols<'_>) -> impl Iterator<Item = (Vec<String>, Figures)> {
    let mut first_of: HashMap<Rc<Stack>, u32> = HashMap::new();
    let mut sums_of: BTreeMap<(u32, u32), Figures> = BTreeMap::new();
    for &(place, ref sums) in model.places() {
        let stack = symbols.stack(place.stack);
        let tag = if stack.frames.is_empty() { place.tag } else { 0 };
        let first = *first_of.entry(stack).or_insert(place.stack);
        *sums_of.entry((first, tag)).or_default() += model.figures(sums);
    }
    // One path at a time: all of them may take more memory than there is.
    let path = move |((stack, tag), figures)| (path_of(model, symbols, Place { stack, tag, thread: 0 }), figures);
    sums_of.into_iter().map(path)
}

/// A stack as it is folded: names from the outermost function to the innermost one.
fn path_of(model: &Model, symbols: &mut Symbols<'_>, place: Place) -> Vec<String> {
    let stack = symbols.stack(place.stack);
    if !stack.frames.is_empty() {
        return stack.frames.iter().rev().map(|&id| symbols.frame(id).function.clone()).collect();
    }
    match place.tag {
        0 => vec![NO_STACK.to_owned()],
        tag => model.program.tag(tag).split('/').map(str::to_owned).collect(),
    }
}
