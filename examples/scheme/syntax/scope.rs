//! Local variables, and which of them a name means.
//!
//! A closure copies the values of the variables it captures. A variable that is captured and changes afterwards must be
//! a place on the heap that all closures share; every other variable lives on the machine's stack. What becomes of a
//! variable is known when its whole scope has been expanded.

use core::cell::Cell;
use std::rc::Rc;

use crate::interner::Symbol;

/// A local variable.
#[derive(Debug)]
pub struct Variable {
    /// Its name, as far as it has one.
    pub name: Option<Symbol>,
    /// In how many procedures its scope stands.
    pub depth: usize,
    /// Where on the stack it is, from the beginning of its procedure's arguments. Set by the compiler.
    pub slot: Cell<u32>,
    initialised: Cell<bool>,
    assigned: Cell<bool>,
    late: Cell<bool>,
    captured: Cell<bool>,
    captured_by_own: Cell<bool>,
}

impl Variable {
    /// Somebody assigns it after its definition.
    pub fn is_assigned(&self) -> bool {
        self.assigned.get()
    }

    /// Somebody may look at it before its definition was run.
    pub fn is_late(&self) -> bool {
        self.late.get()
    }

    /// It must be a place of its own that closures share.
    pub fn is_shared(&self) -> bool {
        let captured = self.captured.get() || (self.captured_by_own.get() && self.is_assigned());
        captured && (self.is_assigned() || self.is_late())
    }

    /// Its definition comes first in what is expanded from now on.
    pub fn set_initialised(&self) {
        self.initialised.set(true);
    }

    /// Notes an assignment.
    pub fn set_assigned(&self) {
        self.assigned.set(true);
    }
}

/// The scopes around the place that is being expanded.
#[derive(Debug, Default)]
pub struct Scopes {
    /// Innermost last.
    scopes: Vec<Vec<Rc<Variable>>>,
    /// The procedures around the place, innermost last, by the variable that each is the first value of.
    procedures: Vec<Option<Rc<Variable>>>,
}

impl Scopes {
    /// Whether the place is at the top level of the program.
    pub fn is_top_level(&self) -> bool {
        self.scopes.is_empty() && self.procedures.is_empty()
    }

    /// A new variable that has its value from the beginning; it is in no scope yet.
    pub fn variable(&self, name: Option<Symbol>) -> Rc<Variable> {
        let variable = self.undefined_variable(name);
        variable.set_initialised();
        variable
    }

    /// A new variable whose definition is still to come.
    pub fn undefined_variable(&self, name: Option<Symbol>) -> Rc<Variable> {
        Rc::new(Variable {
            name,
            depth: self.procedures.len(),
            slot: Cell::new(0),
            initialised: Cell::new(false),
            assigned: Cell::new(false),
            late: Cell::new(false),
            captured: Cell::new(false),
            captured_by_own: Cell::new(false),
        })
    }

    /// Enters the scope of these variables.
    pub fn enter(&mut self, variables: Vec<Rc<Variable>>) {
        self.scopes.push(variables);
    }

    /// Leaves the innermost scope.
    pub fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Enters a procedure.
    pub fn enter_procedure(&mut self, own: Option<Rc<Variable>>) {
        self.procedures.push(own);
    }

    /// Leaves the innermost procedure.
    pub fn leave_procedure(&mut self) {
        self.procedures.pop();
    }

    /// The variable that the name means here, if it is a local one.
    pub fn find(&self, name: &Symbol) -> Option<&Rc<Variable>> {
        self.scopes.iter().rev().flat_map(|scope| scope.iter().rev()).find(|v| v.name.as_ref() == Some(name))
    }

    /// Notes that the variable is used here: whether a closure captures it for that, and whether it is defined already.
    ///
    /// A procedure that uses the variable it is the value of needs not capture it: it has itself.
    pub fn note_use(&self, variable: &Rc<Variable>) {
        let between = &self.procedures[variable.depth..];
        if between.iter().flatten().any(|own| Rc::ptr_eq(own, variable)) {
            variable.captured_by_own.set(true);
            return;
        }
        if !between.is_empty() {
            variable.captured.set(true);
        }
        if !variable.initialised.get() {
            variable.late.set(true);
        }
    }
}
