//! Strings.

use crate::{
    context::Context,
    error::Outcome,
    printer::Style,
    value::{Text, Value},
};

use super::{
    Primitive,
    arguments::{char, count, index, items, range, text},
    at_least, between, exactly,
    lists::PAIR_BYTES,
};

pub(super) const PRIMITIVES: &[Primitive] = &[
    exactly(1, "string-length", |_, a| Ok(length(text(&a[0])?))),
    exactly(2, "string-ref", |_, a| {
        let text = text(&a[0])?;
        let at = text.byte_index(index(&a[1], text.length())?);
        Ok(text.as_str()[at..].chars().next().map_or(Value::Unspecified, Value::Char))
    }),
    between(2, 3, "substring", |context, a| {
        let part = slice(text(&a[0])?, a.get(1), a.get(2))?;
        copy(context, part)
    }),
    between(1, 3, "string-copy", |context, a| {
        let part = slice(text(&a[0])?, a.get(1), a.get(2))?;
        copy(context, part)
    }),
    at_least(0, "string-append", |context, a| join(context, a, "")),
    between(1, 2, "string-join", |context, a| {
        let separator = a.get(1).map_or(Ok(" "), |separator| text(separator).map(Text::as_str))?;
        join(context, &items(&a[0])?, separator)
    }),
    between(1, 2, "make-string", |context, a| {
        let count = count(&a[0])?;
        let char = a.get(1).map_or(Ok(' '), char)?;
        context.memory.reserve_many(count, char.len_utf8() * 2)?;
        Ok(Value::text(char.to_string().repeat(count)))
    }),
    at_least(0, "string", |_, a| characters(a)),
    exactly(1, "list->string", |_, a| characters(&items(&a[0])?)),
    exactly(1, "string->list", |context, a| {
        let text = text(&a[0])?;
        context.memory.reserve_many(text.length(), PAIR_BYTES)?;
        Ok(Value::list(text.as_str().chars().map(Value::Char)))
    }),
    exactly(1, "string-upcase", |context, a| converted(context, text(&a[0])?, str::to_uppercase)),
    exactly(1, "string-downcase", |context, a| converted(context, text(&a[0])?, str::to_lowercase)),
    exactly(1, "string-trim", |context, a| copy(context, text(&a[0])?.as_str().trim())),
    exactly(2, "string-split", |context, a| {
        let text = text(&a[0])?;
        let separator = char(&a[1])?;
        context.memory.reserve_many(text.length(), 2 * PAIR_BYTES)?;
        Ok(Value::list(text.as_str().split(separator).map(Value::text)))
    }),
    exactly(2, "string-search", |_, a| {
        let text = text(&a[0])?.as_str();
        let found = text.find(self::text_of(&a[1])?);
        Ok(found.map_or(Value::Bool(false), |at| Value::Int(int(text[..at].chars().count()))))
    }),
    at_least(1, "string=?", |_, a| ordered(a, text_of, |a, b| a == b)),
    at_least(1, "string<?", |_, a| ordered(a, text_of, |a, b| a < b)),
    at_least(1, "string>?", |_, a| ordered(a, text_of, |a, b| a > b)),
    at_least(1, "string<=?", |_, a| ordered(a, text_of, |a, b| a <= b)),
    at_least(1, "string>=?", |_, a| ordered(a, text_of, |a, b| a >= b)),
    exactly(1, "write-to-string", |context, a| super::output::show(context, &a[0], Style::Write).map(Value::text)),
];

fn text_of(value: &Value) -> Outcome<&str> {
    text(value).map(Text::as_str)
}

fn int(length: usize) -> i64 {
    i64::try_from(length).expect("a length fits")
}

fn length(text: &Text) -> Value {
    Value::Int(int(text.length()))
}

/// Whether each value stands in the relation to the next one.
pub(super) fn ordered<'a, T>(
    values: &'a [Value],
    get: fn(&'a Value) -> Outcome<T>,
    holds: fn(&T, &T) -> bool,
) -> Outcome {
    let values = values.iter().map(get).collect::<Outcome<Vec<T>>>()?;
    Ok(Value::Bool(values.windows(2).all(|two| holds(&two[0], &two[1]))))
}

/// The characters from the start to the end.
fn slice<'a>(text: &'a Text, start: Option<&Value>, end: Option<&Value>) -> Outcome<&'a str> {
    let range = range(start, end, text.length())?;
    Ok(&text.as_str()[text.byte_index(range.start)..text.byte_index(range.end)])
}

fn copy(context: &Context, part: &str) -> Outcome {
    context.memory.reserve(part.len())?;
    Ok(Value::text(part))
}

fn join(context: &Context, parts: &[Value], separator: &str) -> Outcome {
    let texts = parts.iter().map(text_of).collect::<Outcome<Vec<_>>>()?;
    let length = texts.iter().map(|text| text.len()).sum::<usize>();
    context.memory.reserve(length + separator.len().saturating_mul(texts.len()))?;
    Ok(Value::text(texts.join(separator)))
}

fn characters(values: &[Value]) -> Outcome {
    values.iter().map(char).collect::<Outcome<String>>().map(Value::text)
}

/// The text as `convert` makes it. Letters may become longer in the other case, up to three times.
fn converted(context: &Context, text: &Text, convert: fn(&str) -> String) -> Outcome {
    context.memory.reserve_many(text.as_str().len(), 3)?;
    Ok(Value::text(convert(text.as_str())))
}
