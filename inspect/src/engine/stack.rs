//! The stack of who asks, as the engine knows it: by a number, of which the log is told.

use core::sync::atomic::Ordering;

use super::{DEPTH, Engine, forking, with};
use crate::log::Log;
use crate::modules::{Loaded, News, Unknown};
use crate::stacks::Stacks;
use crate::thread::Recording;
use crate::walk::Walk;

/// Calls `f` with the engine and the number of the calling thread's stack. `None` if the thread is recording already.
pub(super) fn with_stack<R>(from: *const u8, f: impl Fn(&mut Engine, u32) -> R) -> Option<R> {
    let _recording = Recording::begin()?;
    let walk = Walk::new(from, DEPTH.load(Ordering::Relaxed));
    let answer = with(|engine| engine.stack(&walk).map(|stack| f(engine, stack)))?;
    match answer {
        Ok(answer) => Some(answer),
        Err(unknown) => {
            let loaded = ask_loader();
            with(|engine| {
                engine.learn(&loaded, &unknown);
                let stack = engine.stack_of_any_code(&walk);
                f(engine, stack)
            })
        }
    }
}

/// What is loaded; nothing in a child, which knows what its parent has known.
pub(super) fn ask_loader() -> Loaded {
    if forking::is_child() {
        return Loaded::nothing();
    }
    Loaded::now()
}

impl Engine {
    /// The number of a stack, of which the log is told, unless it is in code that nobody knows at once.
    fn stack(&mut self, walk: &Walk) -> Result<u32, Unknown> {
        let Self { log, modules, stacks, .. } = self;
        modules.meet(walk.frames(), |news| take_note(news, log, stacks))?;
        Ok(self.stack_of_any_code(walk))
    }

    /// The number of a stack, of which the log is told. Some of the code may be in no file: the program has made it itself.
    fn stack_of_any_code(&mut self, walk: &Walk) -> u32 {
        self.stacks.intern(walk.frames()).map_or(0, |number| self.told(number))
    }

    /// Tells the log of a stack, if it has not been told.
    fn told(&mut self, number: u32) -> u32 {
        if let Some(log) = &mut self.log
            && !self.stacks.is_known(number, log.number())
        {
            self.stacks.make_known(number, log.number());
            log.write_stack(number, &self.stacks);
        }
        number
    }

    /// Learns what code is loaded, and tells the log.
    pub(super) fn learn(&mut self, loaded: &Loaded, unknown: &Unknown) {
        let Self { log, modules, stacks, .. } = self;
        modules.learn(loaded, unknown, |news| take_note(news, log, stacks));
    }
}

/// Has the log and the stacks have what becomes known of loaded code.
fn take_note(news: News<'_>, log: &mut Option<Log>, stacks: &mut Stacks) {
    match news {
        News::Loaded(module) => log.iter_mut().for_each(|log| log.write_module(module)),
        News::Unloaded(unloaded) => stacks.code_has_changed(unloaded),
    }
}
