//! Files, the command line, the clock, and the collector.

use std::{fs, io, time::SystemTime};

use mudlark_gc::{Collector, Generation};

use crate::{
    context::Context,
    error::{Outcome, failed},
    value::Value,
};

use super::{Primitive, arguments::text, exactly, lists::PAIR_BYTES};

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(1, "read-file", |context, a| read(context, &a[0]).map(Value::text)),
    exactly(1, "read-lines", |context, a| {
        let content = read(context, &a[0])?;
        context.memory.reserve_many(content.lines().count(), 2 * PAIR_BYTES)?;
        context.memory.reserve(content.len())?;
        Ok(Value::list(content.lines().map(Value::text)))
    }),
    exactly(0, "command-line", |context, _| {
        Ok(Value::list(context.command_line.iter().map(|argument| Value::text(argument.as_str()))))
    }),
    exactly(0, "current-second", |_, _| match SystemTime::UNIX_EPOCH.elapsed() {
        Ok(elapsed) => Ok(Value::Float(elapsed.as_secs_f64())),
        Err(_) => failed("the clock stands before 1970"),
    }),
    exactly(0, "collect-garbage", |_, _| {
        let found = Collector::current().collect(Generation::Old);
        Ok(Value::Int(i64::try_from(found).expect("a count fits")))
    }),
    exactly(0, "live-objects", |_, _| {
        Ok(Value::Int(i64::try_from(Collector::current().stats().objects).expect("a count fits")))
    }),
];

/// The text of a file.
fn read(context: &Context, name: &Value) -> Outcome<String> {
    let name = text(name)?.as_str();
    let size = fs::metadata(name).or_else(|error| refuse(name, &error))?.len();
    context.memory.reserve_many(usize::try_from(size).unwrap_or(usize::MAX), 2)?;
    fs::read_to_string(name).or_else(|error| refuse(name, &error))
}

fn refuse<T>(name: &str, error: &io::Error) -> Outcome<T> {
    failed(format!("{name}: {error}"))
}
