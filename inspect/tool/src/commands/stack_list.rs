//! The stacks that a cost comes from, the largest first: what `leaks` and `temporary` show.

use core::cmp::Reverse;
use core::fmt::Write as _;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::model::{Amount, Cost, Model};
use crate::symbols::{FrameId, Stack, Symbols};
use crate::text;
use crate::view::NO_STACK;

/// Which stacks are shown, and where.
#[derive(Debug, Args)]
pub(super) struct StackList {
    #[command(flatten)]
    input: Input,

    /// As many places; 0 is all.
    #[arg(long, value_name = "PLACES", default_value_t = 10)]
    top: usize,

    #[command(flatten)]
    symbols: SymbolArgs,
    #[command(flatten)]
    output: Output,
}

impl StackList {
    /// Reads the log.
    pub(super) fn read(&self) -> Result<Model, Error> {
        self.input.read()
    }

    /// Writes the stacks that a cost comes from.
    pub(super) fn write(&self, model: &Model, cost: Cost) -> Result<(), Error> {
        let mut symbols = self.symbols.symbols(model);
        self.output.text(&stack_list(model, &mut symbols, cost, self.top))?;
        warn_of_unreadable(&symbols);
        Ok(())
    }
}

/// The costs of each stack and tag, the largest first, then those of all.
fn stack_list(model: &Model, symbols: &mut Symbols<'_>, cost: Cost, top: usize) -> String {
    let all = model.figures(model.all()).cost(cost);
    let parts = parts(model, symbols, cost);
    let top = if top == 0 { parts.len() } else { top.min(parts.len()) };
    let mut list = format!("{} {}, from {}\n", amount(model, all), cost.title(), counted(parts.len(), "place"));
    for part in &parts[..top] {
        let tag = match part.tag {
            0 => String::new(),
            tag => format!(", in {}", text::harmless(&model.program.tag(tag))),
        };
        let share = text::share(part.amount.bytes, all.bytes);
        write!(list, "\n{} ({share}){tag}\n", amount(model, part.amount)).expect("a string takes all");
        list.push_str(&stack_text(symbols, &part.stack));
    }
    if top < parts.len() {
        let rest = parts[top..].iter().map(|part| part.amount).sum();
        let others = counted(parts.len() - top, "other place");
        write!(list, "\n{} from {others} (`--top 0` shows all)\n", amount(model, rest)).expect("a string takes all");
    }
    list
}

/// What a stack, under a tag, has of a cost.
struct Part {
    stack: Rc<Stack>,
    tag: u32,
    amount: Amount,
}

/// The parts of a cost, the largest first; only those that have any. Stacks that look the same are one.
fn parts(model: &Model, symbols: &mut Symbols<'_>, cost: Cost) -> Vec<Part> {
    let mut of_number: BTreeMap<(u32, u32), Amount> = BTreeMap::new();
    for &(place, ref sums) in model.places() {
        *of_number.entry((place.stack, place.tag)).or_default() += model.figures(sums).cost(cost);
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut indices: HashMap<(Vec<FrameId>, u32), usize> = HashMap::new();
    for ((stack, tag), amount) in of_number.into_iter().filter(|(_, amount)| !amount.is_none()) {
        let stack = symbols.stack(stack);
        let index = *indices.entry((stack.frames.clone(), tag)).or_insert(parts.len());
        match parts.get_mut(index) {
            Some(part) => part.amount += amount,
            None => parts.push(Part { stack, tag, amount }),
        }
    }
    // Those that are equal stay in the log's order.
    parts.sort_by_key(|part| (Reverse(part.amount.bytes), Reverse(part.amount.blocks)));
    parts
}

fn amount(model: &Model, amount: Amount) -> String {
    let blocks = usize::try_from(amount.blocks.rounded()).unwrap_or(usize::MAX);
    format!("{}{} in {}", text::bytes(amount.bytes), text::error(model, amount), counted(blocks, "block"))
}

/// `1 block`, `2 blocks`.
fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", text::number(count as u64), if count == 1 { "" } else { "s" })
}

fn stack_text(symbols: &Symbols<'_>, stack: &Stack) -> String {
    if stack.frames.is_empty() {
        return format!("    {NO_STACK}\n");
    }
    stack.frames.iter().map(|&frame| format!("    {}\n", text::harmless(&symbols.frame(frame).to_string()))).collect()
}
