//! Shows values: `display` for people, `write` so that it can be read back.
//!
//! Data may be circular and may be deep. First the objects that contain themselves are found by a walk that remembers
//! the way it came; they get a label, `#0=`, and where they are met again only `#0#` is shown. Both walks keep what is
//! still to be done in a list of their own, so depth costs no stack. Data that share parts may take far more room as
//! text than in memory, so the text has a limit.

use std::collections::HashMap;

use mudlark_gc::Gc;

use super::{
    equality::identity,
    lexer::CHARACTER_NAMES,
    number,
    value::{Value, Vector},
};

/// How strings and characters are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By themselves.
    Display,
    /// In quotes and by name.
    Write,
}

/// The value as `write` shows it, for messages: not too long.
pub fn written(value: &Value) -> String {
    abridged(value, Style::Write)
}

/// The value as `display` shows it, for messages: not too long.
pub fn displayed(value: &Value) -> String {
    abridged(value, Style::Display)
}

fn abridged(value: &Value, style: Style) -> String {
    const ENOUGH: usize = 400;
    show(value, style, ENOUGH).unwrap_or_else(|mut beginning| {
        let end = (0..=ENOUGH).rev().find(|&end| beginning.is_char_boundary(end));
        beginning.truncate(end.unwrap_or(0));
        beginning + " …"
    })
}

/// The value as text, or, if that is longer than `limit` bytes, its beginning.
pub fn show(value: &Value, style: Style, limit: usize) -> Result<String, String> {
    let mut printer = Printer { style, out: String::new(), labels: circular_objects(value), next_label: 0 };
    let is_complete = printer.print(value, limit);
    if is_complete { Ok(printer.out) } else { Err(printer.out) }
}

/// The parts of a pair or a vector, which are what circles can be made of. What is in a table is not shown.
fn parts(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Pair(pair) => Some(vec![pair.car.get(), pair.cdr.get()]),
        Value::Vector(vector) => Some(vector.items.iter().map(|item| item.get()).collect()),
        _ => None,
    }
}

/// A label: none as long as the object was not shown.
type Labels = HashMap<usize, Option<usize>>;

/// The objects that the way down from them leads back to.
fn circular_objects(value: &Value) -> Labels {
    enum Step {
        Enter(Value),
        Leave(usize),
    }
    let mut circular = Labels::new();
    let mut on_the_way = HashMap::new();
    let mut steps = vec![Step::Enter(value.clone())];
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave(object) => {
                on_the_way.insert(object, false);
            }
            Step::Enter(value) => {
                let (Some(parts), Some(object)) = (parts(&value), identity(&value)) else { continue };
                match on_the_way.get(&object) {
                    Some(true) => {
                        circular.insert(object, None);
                    }
                    Some(false) => {}
                    None => {
                        on_the_way.insert(object, true);
                        steps.push(Step::Leave(object));
                        steps.extend(parts.into_iter().rev().map(Step::Enter));
                    }
                }
            }
        }
    }
    circular
}

struct Printer {
    style: Style,
    out: String,
    labels: Labels,
    next_label: usize,
}

/// What is still to be printed.
enum Task {
    Value(Value),
    /// The rest of a list whose beginning was printed.
    Rest(Value),
    /// The items of a vector from that index on.
    Items(Gc<Vector>, usize),
    Text(&'static str),
}

impl Printer {
    /// Prints the value; returns whether it was all of it.
    fn print(&mut self, value: &Value, limit: usize) -> bool {
        let mut tasks = vec![Task::Value(value.clone())];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Text(text) => self.out.push_str(text),
                Task::Value(value) => self.value(&value, &mut tasks),
                Task::Rest(value) => self.rest(&value, &mut tasks),
                Task::Items(vector, index) => self.items(vector, index, &mut tasks),
            }
            if self.out.len() > limit {
                return false;
            }
        }
        true
    }

    fn value(&mut self, value: &Value, tasks: &mut Vec<Task>) {
        if self.is_known(value) {
            return;
        }
        match value {
            Value::Pair(pair) => match abbreviation(value) {
                Some((prefix, datum)) if !self.is_labelled(&pair.cdr.get()) => {
                    self.out.push_str(prefix);
                    tasks.push(Task::Value(datum));
                }
                _ => {
                    self.out.push('(');
                    tasks.push(Task::Rest(pair.cdr.get()));
                    tasks.push(Task::Value(pair.car.get()));
                }
            },
            Value::Vector(vector) => {
                self.out.push_str("#(");
                tasks.push(Task::Items(vector.clone(), 0));
            }
            atom => self.atom(atom),
        }
    }

    fn rest(&mut self, value: &Value, tasks: &mut Vec<Task>) {
        match value {
            Value::Nil => self.out.push(')'),
            Value::Pair(pair) if !self.is_labelled(value) => {
                self.out.push(' ');
                tasks.push(Task::Rest(pair.cdr.get()));
                tasks.push(Task::Value(pair.car.get()));
            }
            other => {
                self.out.push_str(" . ");
                tasks.push(Task::Text(")"));
                tasks.push(Task::Value(other.clone()));
            }
        }
    }

    fn items(&mut self, vector: Gc<Vector>, index: usize, tasks: &mut Vec<Task>) {
        let Some(item) = vector.items.get(index) else {
            self.out.push(')');
            return;
        };
        if index > 0 {
            self.out.push(' ');
        }
        let item = item.get();
        tasks.push(Task::Items(vector, index + 1));
        tasks.push(Task::Value(item));
    }

    fn is_labelled(&self, value: &Value) -> bool {
        identity(value).is_some_and(|object| self.labels.contains_key(&object))
    }

    /// Shows the label of a circular object. Returns whether that is all there is to show.
    fn is_known(&mut self, value: &Value) -> bool {
        let Some(label) = identity(value).and_then(|object| self.labels.get_mut(&object)) else { return false };
        if let Some(label) = label {
            self.out.push_str(&format!("#{label}#"));
            return true;
        }
        self.out.push_str(&format!("#{}=", self.next_label));
        *label = Some(self.next_label);
        self.next_label += 1;
        false
    }

    fn atom(&mut self, value: &Value) {
        match value {
            Value::Unspecified | Value::Undefined | Value::Place(_) => self.out.push_str("#<unspecified>"),
            Value::Nil => self.out.push_str("()"),
            Value::Bool(bool) => self.out.push_str(if *bool { "#t" } else { "#f" }),
            Value::Int(int) => self.out.push_str(&int.to_string()),
            Value::Float(float) => self.out.push_str(&number::show_float(*float)),
            Value::Char(char) if self.style == Style::Write => self.character(*char),
            Value::Char(char) => self.out.push(*char),
            Value::Symbol(symbol) => self.out.push_str(symbol.name()),
            Value::Text(text) if self.style == Style::Write => self.string(text.as_str()),
            Value::Text(text) => self.out.push_str(text.as_str()),
            Value::Primitive(primitive) => self.out.push_str(&format!("#<procedure {}>", primitive.name)),
            Value::Closure(closure) => self.out.push_str(&format!("#<procedure {}>", closure.code.name)),
            Value::Table(table) => self.out.push_str(&format!("#<hash-table of {}>", table.count())),
            // Without the irritants: they may hold conditions, and so on without end.
            Value::Condition(condition) => match &condition.message {
                Value::Text(message) => self.out.push_str(&format!("#<error {:?}>", message.as_str())),
                _ => self.out.push_str("#<error>"),
            },
            Value::Pair(_) | Value::Vector(_) => unreachable!("they have parts"),
        }
    }

    fn character(&mut self, char: char) {
        self.out.push_str("#\\");
        match CHARACTER_NAMES.iter().find(|(_, named)| *named == char) {
            Some((name, _)) => self.out.push_str(name),
            None if char.is_control() => self.out.push_str(&format!("x{:x}", u32::from(char))),
            None => self.out.push(char),
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                control if control.is_control() => self.out.push_str(&format!("\\x{:x};", u32::from(control))),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }
}

/// `'datum` for `(quote datum)`, and so on.
fn abbreviation(value: &Value) -> Option<(&'static str, Value)> {
    let Value::Pair(pair) = value else { return None };
    let Value::Symbol(symbol) = pair.car.get() else { return None };
    let prefix = match symbol.name() {
        "quote" => "'",
        "quasiquote" => "`",
        "unquote" => ",",
        "unquote-splicing" => ",@",
        _ => return None,
    };
    let Value::Pair(second) = pair.cdr.get() else { return None };
    matches!(second.cdr.get(), Value::Nil).then(|| (prefix, second.car.get()))
}
