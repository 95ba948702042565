//! The stacks that a cost comes from, the largest first: what `leaks` and `temporary` show.

use core::cmp::Reverse;
use core::fmt::Write as _;
use std::collections::HashMap;

use clap::Args;

use crate::cli::{Input, Output, SymbolArgs, warn_of_unreadable};
use crate::error::Error;
use crate::model::{Amount, Cost, Model};
use crate::symbols::Symbols;
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
    let costs = costs(model, cost);
    let top = if top == 0 { costs.len() } else { top.min(costs.len()) };
    let mut list = format!("{} {}, from {}\n", amount(model, all), cost.title(), counted(costs.len(), "place"));
    for &((stack, tag), part) in &costs[..top] {
        let tag = if tag == 0 { String::new() } else { format!(", in {}", text::harmless(&model.program.tag(tag))) };
        let share = text::share(part.bytes, all.bytes);
        write!(list, "\n{} ({share}){tag}\n", amount(model, part)).expect("a string takes all");
        list.push_str(&stack_text(symbols, stack));
    }
    if top < costs.len() {
        let rest = costs[top..].iter().map(|&(_, part)| part).sum();
        let others = counted(costs.len() - top, "other place");
        write!(list, "\n{} from {others} (`--top 0` shows all)\n", amount(model, rest)).expect("a string takes all");
    }
    list
}

/// What each stack and tag has of a cost; only those that have any.
fn costs(model: &Model, cost: Cost) -> Vec<((u32, u32), Amount)> {
    let mut costs: HashMap<(u32, u32), Amount> = HashMap::new();
    for &(place, ref sums) in model.places() {
        *costs.entry((place.stack, place.tag)).or_default() += model.figures(sums).cost(cost);
    }
    let mut costs: Vec<_> = costs.into_iter().filter(|(_, cost)| !cost.is_none()).collect();
    costs.sort_by_key(|&(place, cost)| (Reverse(cost.bytes), Reverse(cost.blocks), place));
    costs
}

fn amount(model: &Model, amount: Amount) -> String {
    let blocks = usize::try_from(amount.blocks.rounded()).unwrap_or(usize::MAX);
    format!("{}{} in {}", text::bytes(amount.bytes), text::error(model, amount), counted(blocks, "block"))
}

/// `1 block`, `2 blocks`.
fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", text::number(count as u64), if count == 1 { "" } else { "s" })
}

fn stack_text(symbols: &mut Symbols<'_>, stack: u32) -> String {
    let stack = symbols.stack(stack);
    if stack.frames.is_empty() {
        return format!("    {NO_STACK}\n");
    }
    stack.frames.iter().map(|&frame| format!("    {}\n", text::harmless(&symbols.frame(frame).to_string()))).collect()
}
