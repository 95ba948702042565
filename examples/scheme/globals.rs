//! Global variables. Code refers to them by number, so that using one is looking into a row.

use std::collections::HashMap;

use super::{interner::Symbol, value::Value};

/// The number of a global variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalId(u32);

/// All global variables that were ever mentioned.
#[derive(Debug, Default)]
pub struct Globals {
    names: Vec<Symbol>,
    /// [`Value::Undefined`] stands for no value.
    values: Vec<Value>,
    ids: HashMap<Symbol, GlobalId>,
}

impl Globals {
    /// The number of the variable of that name, which need not have a value.
    pub fn id(&mut self, name: &Symbol) -> GlobalId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = GlobalId(u32::try_from(self.names.len()).expect("each variable takes more than a byte of source"));
        self.names.push(name.clone());
        self.values.push(Value::Undefined);
        self.ids.insert(name.clone(), id);
        id
    }

    /// Gives each name a new variable with the value of the old one, which keeps its meaning where it is used already.
    ///
    /// So what a program defines does not change the prelude's procedures, whatever names they use.
    pub fn renew(&mut self) {
        let known: Vec<_> = self.names.iter().cloned().zip(self.values.clone()).collect();
        self.ids.clear();
        for (name, value) in known {
            let id = self.id(&name);
            self.set(id, value);
        }
    }

    /// The variable's name.
    pub fn name(&self, id: GlobalId) -> &str {
        self.names[id.0 as usize].name()
    }

    /// The variable's value, or `None` if it has none.
    pub fn get(&self, id: GlobalId) -> Option<&Value> {
        match &self.values[id.0 as usize] {
            Value::Undefined => None,
            value => Some(value),
        }
    }

    /// Gives the variable a value.
    pub fn set(&mut self, id: GlobalId, value: Value) {
        self.values[id.0 as usize] = value;
    }
}
