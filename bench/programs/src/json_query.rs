//! A query over JSON: records are parsed, selected, grouped and reshaped by a program in jq's language, run by `jaq`,
//! and written again. Values share their parts by counted pointers; strings and maps by the hundred thousand.

use core::fmt::Write;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};

use crate::checksum;
use crate::outcome::{Outcome, mix, timed};
use crate::words::Words;

/// Records in the document.
const RECORDS: usize = 3000;

const QUERY: &str = include_str!("json_query.jq");

type Query = Filter<JustLut<Val>>;

/// Parses and queries the document so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let document = document();
    let query = compile();
    timed(rounds, || checksum::of_rounds(rounds, |_| answer(&query, &document)))
}

fn compile() -> Query {
    let arena = Arena::default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let modules = Loader::new(definitions).load(&arena, File { code: QUERY, path: () }).expect("the query is jq");
    Compiler::default().with_funs(functions).compile(modules).expect("the query knows its names")
}

fn answer(query: &Query, document: &str) -> u64 {
    let input = read::parse_single(document.as_bytes()).expect("the document is JSON");
    let context = Ctx::<JustLut<Val>>::new(&query.lut, Vars::new([]));
    let output = query.id.run((context, input)).map(|value| unwrap_valr(value).expect("the query has an answer"));
    output.fold(0, |sum, value| mix(sum, checksum::of(&value.to_string())))
}

fn document() -> String {
    let mut words = Words::new(8);
    let mut text = String::from("[");
    for number in 0..RECORDS {
        let comma = if number == 0 { "" } else { "," };
        let (kind, name, note) = (words.below(20), words.word().to_owned(), words.sentence(9));
        let (price, stock) = (words.below(100_000), words.below(50));
        let tags: Vec<String> = (0..words.below(6)).map(|_| format!("\"{}\"", words.word())).collect();
        write!(
            text,
            r#"{comma}{{"id":{number},"kind":"kind-{kind}","name":"{name}","note":"{note}","price":{price},"stock":{stock},"tags":[{}],"size":{{"w":{stock},"h":{kind},"unit":"cm"}}}}"#,
            tags.join(",")
        )
        .expect("a string takes all");
    }
    text.push(']');
    text
}
