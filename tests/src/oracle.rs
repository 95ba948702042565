//! Runs a script of operations on an object graph and prints one line for every observable.
//!
//! The scripts in `tests/oracle/scripts` were run on CPython, whose lines are in `tests/oracle/expected`; a collector
//! that behaves as CPython's does prints the same. In 23 and 24 CPython also counts an object of its own observer;
//! there the expected lines are those of its trigger rule without it.
//!
//! Every object is a node with four slots. Automatic collection is off but for `many`.
//!
//! | operation | effect |
//! |---|---|
//! | `new A`, `fin A KIND` | a node named A; with a finalizer (log, resurrect, raise, collect, peer, alloc, weak) |
//! | `dup B A`, `drop A …` | another handle; handles dropped |
//! | `link A SLOT B`, `unlink A SLOT` | an edge set; an edge cut |
//! | `ring P N`, `chain P N` | a ring without handles; a list with a handle to its head |
//! | `collect G`, `thresh a b c`, `freeze`, `unfreeze`, `badgen` | what the collector is told |
//! | `weak W A`, `weakcb W A`, `dropweak W`, `up W` | weak handles, with and without a callback |
//! | `rc A`, `wc A`, `gen A`, `live`, `referrers A`, `finalized A`, `stats G` | what can be observed |
//! | `take A`, `forget` | a resurrected object gets a handle; the other resurrected ones lose theirs |
//! | `many N keep\|ring` | N allocations with automatic collection on; says when each collection ran |

mod handles;
mod node;
mod observe;

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::rc::Rc;

use mudlark_gc::{Collector, Gc, Generation, GenerationStats, Phase};

use handles::Handles;
use node::{FinalizerKind, Node, SLOTS, WeakNode, World};

/// Why a script could not be run.
#[derive(Debug)]
pub struct ScriptError {
    /// The line's number, from one.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl core::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl core::error::Error for ScriptError {}

/// The lines that a script prints.
///
/// # Errors
///
/// When a line is not an operation, or names what is not there.
pub fn run(script: &str) -> Result<Vec<String>, ScriptError> {
    let mut driver = Driver::new();
    for (index, line) in script.lines().enumerate() {
        let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        if let [operation, arguments @ ..] = words.as_slice() {
            driver.step(operation, arguments).map_err(|message| ScriptError { line: index + 1, message })?;
            driver.notice_old_collections();
            driver.flush_log();
        }
    }
    Ok(core::mem::take(&mut driver.output))
}

struct Driver {
    collector: Collector,
    world: Rc<World>,
    handles: Handles,
    /// What `many N keep` made.
    kept: Vec<Gc<Node>>,
    /// By generation, what `stats` saw last.
    stats_before: [Option<GenerationStats>; Generation::COUNT],
    /// How many there were after the last line.
    old_collections: usize,
    output: Vec<String>,
}

type Step = Result<(), String>;

impl Driver {
    fn new() -> Self {
        let collector = Collector::new();
        collector.disable();
        Self {
            world: Rc::new(World::new(collector.clone())),
            handles: Handles::new(collector.clone()),
            collector,
            kept: Vec::new(),
            stats_before: [None; Generation::COUNT],
            old_collections: 0,
            output: Vec::new(),
        }
    }

    /// A finalizer may have asked for one.
    fn notice_old_collections(&mut self) {
        let collections = self.collector.stats().generations[Generation::Old.index()].collections;
        if collections > core::mem::replace(&mut self.old_collections, collections) {
            self.handles.forget_if_empty();
        }
    }

    fn print(&mut self, line: String) {
        self.output.push(line);
    }

    fn flush_log(&mut self) {
        self.output.extend(self.world.take_log().into_iter().map(|line| format!("  {line}")));
    }

    fn step(&mut self, operation: &str, arguments: &[&str]) -> Step {
        match (operation, arguments) {
            ("new", [name]) => self.insert(name, Node::new(name, None, &self.world)),
            ("fin", [name, kind]) => self.insert(name, Node::new(name, Some(kind.parse()?), &self.world)),
            ("dup", [copy, name]) => self.insert(copy, self.node(name)?),
            ("link", [name, slot, target]) => self.set_slot(name, slot, Some(self.node(target)?))?,
            ("unlink", [name, slot]) => self.set_slot(name, slot, None)?,
            ("drop", names) => return names.iter().try_for_each(|name| self.drop_handle(name)),
            ("ring", [prefix, length]) => self.ring(prefix, number(length)?),
            ("chain", [name, length]) => self.chain(name, number(length)?),
            ("take", [name]) => {
                let node = self.world.saved.borrow_mut().pop().ok_or("nothing was resurrected")?;
                self.insert(name, node);
            }
            ("forget", []) => {
                // As CPython clears a list: from its end.
                for node in self.world.saved.take().into_iter().rev() {
                    self.guard(|_| drop(node));
                }
            }
            ("weak" | "weakcb" | "dropweak" | "up", _) => return self.weak_step(operation, arguments),
            ("collect" | "thresh" | "freeze" | "unfreeze" | "badgen" | "many", _) => {
                return self.collector_step(operation, arguments);
            }
            _ => return self.observe(operation, arguments),
        }
        Ok(())
    }

    fn weak_step(&mut self, operation: &str, arguments: &[&str]) -> Step {
        match (operation, arguments) {
            ("weak", [weak, name]) => {
                let node = self.node(name)?;
                self.world.insert_weak(weak, self.world.plain_weak(&node));
            }
            ("weakcb", [weak, name]) => {
                let node = self.node(name)?;
                let (world, message) = (Rc::downgrade(&self.world), format!("cb {weak}"));
                let callback = move || world.upgrade().into_iter().for_each(|world| world.log(message.clone()));
                let handle = Gc::downgrade_with_callback(&node, callback);
                self.world.insert_weak(weak, WeakNode::WithCallback(handle));
            }
            ("dropweak", [weak]) => {
                self.world.weak.borrow_mut().remove(*weak).ok_or_else(|| format!("no weak handle {weak}"))?;
            }
            ("up", [weak]) => {
                let state = self.world.weak_state(weak)?;
                self.print(format!("up {weak} = {state}"));
            }
            _ => return unknown(operation),
        }
        Ok(())
    }

    fn collector_step(&mut self, operation: &str, arguments: &[&str]) -> Step {
        match (operation, arguments) {
            ("collect", [generation]) => {
                let found = self.collect(parse_generation(generation)?);
                self.print(format!("collect {generation} = {found}"));
            }
            ("thresh", [young, middle, old]) => {
                self.collector.set_thresholds([number(young)?, number(middle)?, number(old)?]);
            }
            ("freeze", []) => self.collector.freeze(),
            ("unfreeze", []) => self.collector.unfreeze(),
            ("badgen", []) => {
                let answer = if Generation::try_from(3).is_ok() { "ok" } else { "error" };
                self.print(format!("badgen {answer}"));
            }
            ("many", [count, mode @ ("keep" | "ring")]) => self.many(number(count)?, mode),
            _ => return unknown(operation),
        }
        Ok(())
    }

    fn node(&self, name: &str) -> Result<Gc<Node>, String> {
        self.handles.get(name)
    }

    fn insert(&mut self, name: &str, node: Gc<Node>) {
        let old = self.handles.insert(name, node);
        self.guard(|_| drop(old));
    }

    fn set_slot(&mut self, name: &str, slot: &str, target: Option<Gc<Node>>) -> Step {
        let slot: usize = number(slot)?;
        let node = self.node(name)?;
        let cell = node.slots.get(slot).ok_or_else(|| format!("slots are numbered 0 to {}", SLOTS - 1))?;
        // As CPython's interpreter does, this holds the new target until the old one is gone.
        let old = cell.replace(target.clone());
        self.guard(|_| drop(old));
        drop((node, target));
        Ok(())
    }

    fn drop_handle(&mut self, name: &str) -> Step {
        let node = self.handles.remove(name)?;
        self.guard(|_| drop(node));
        Ok(())
    }

    fn ring(&mut self, prefix: &str, length: usize) {
        let nodes: Vec<_> =
            (0..length).map(|index| Node::new(&format!("{prefix}{index}"), None, &self.world)).collect();
        for (index, node) in nodes.iter().enumerate() {
            node.slots[0].replace(Some(nodes[(index + 1) % length].clone()));
        }
    }

    fn chain(&mut self, name: &str, length: usize) {
        let mut head = None;
        for _ in 0..length {
            let node = Node::new(name, None, &self.world);
            node.slots[0].replace(head);
            head = Some(node);
        }
        if let Some(head) = head {
            self.insert(name, head);
        }
    }

    /// Runs `code`; a finalizer's panic has been logged by the time that it arrives here.
    fn guard<R>(&self, code: impl FnOnce(&Self) -> R) -> Option<R> {
        node::log_panics(&self.world, || catch_unwind(AssertUnwindSafe(|| code(self))).ok())
    }

    fn collect(&mut self, generation: Generation) -> usize {
        let found = self.collect_guarded(generation);
        if generation == Generation::Old {
            self.handles.forget_if_empty();
        }
        found
    }

    fn collect_guarded(&self, generation: Generation) -> usize {
        let collected = || self.collector.stats().generations[generation.index()].collected;
        let before = collected();
        // When a finalizer panics, only the statistics say what was found.
        self.guard(|this| this.collector.collect(generation)).unwrap_or_else(|| collected() - before)
    }

    fn many(&mut self, count: usize, mode: &str) {
        self.collect(Generation::Old);
        self.collect(Generation::Old);
        let current = Rc::new(RefCell::new((0, Vec::new())));
        let observer = self.collector.observe({
            let current = Rc::clone(&current);
            move |event| {
                if event.phase == Phase::Start {
                    let (index, log) = &mut *current.borrow_mut();
                    log.push((*index, event.generation.index()));
                }
            }
        });
        self.collector.enable();
        for index in 0..count {
            current.borrow_mut().0 = index;
            let node = Node::new("", None, &self.world);
            match mode {
                "keep" => self.kept.push(node),
                _ => drop(node.slots[0].replace(Some(node.clone()))),
            }
        }
        self.collector.disable();
        self.collector.remove_observer(observer);
        let log = current.take().1;
        let by_generation = [0, 1, 2].map(|generation| log.iter().filter(|(_, g)| *g == generation).count());
        self.print(format!("many {count} {mode}: {} collections by-gen {by_generation:?}", log.len()));
        let shown: Vec<_> = log.iter().take(40).map(|(index, generation)| format!("{index}:{generation}")).collect();
        self.print(format!("  {}", shown.join(" ")));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Finalizers that raise may be left.
        let (handles, kept, saved) = (self.handles.take(), core::mem::take(&mut self.kept), self.world.saved.take());
        self.guard(|_| drop(handles));
        self.guard(|_| drop(kept));
        self.guard(|_| drop(saved));
        self.collect(Generation::Old);
    }
}

fn number(word: &str) -> Result<usize, String> {
    word.parse().map_err(|_| format!("expected a number, found {word}"))
}

fn parse_generation(word: &str) -> Result<Generation, String> {
    Generation::try_from(number(word)?).map_err(|error| error.to_string())
}

fn unknown(operation: &str) -> Step {
    Err(format!("no operation {operation} with these arguments"))
}

impl core::str::FromStr for FinalizerKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word {
            "log" => Self::Log,
            "resurrect" => Self::Resurrect,
            "raise" => Self::Raise,
            "collect" => Self::Collect,
            "peer" => Self::Peer,
            "alloc" => Self::Alloc,
            "weak" => Self::Weak,
            _ => return Err(format!("no kind of finalizer {word}")),
        })
    }
}
