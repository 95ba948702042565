//! A tool that rewrites SQL: queries with joins, subqueries and cases are parsed with `sqlparser`, their tables are
//! renamed in the tree, and they are written again.

use core::fmt::Write;
use core::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, visit_relations_mut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::checksum;
use crate::outcome::{Outcome, timed};
use crate::words::Words;

/// Queries in the script.
const QUERIES: usize = 500;

/// Rewrites the script so many times.
pub(crate) fn run(rounds: usize) -> Outcome {
    let script = script();
    timed(rounds, || checksum::of_rounds(rounds, |_| rewrite(&script)))
}

fn rewrite(script: &str) -> u64 {
    let mut statements = Parser::parse_sql(&GenericDialect {}, script).expect("the script is SQL");
    let _ = visit_relations_mut(&mut statements, |relation: &mut ObjectName| {
        *relation = ObjectName::from(vec![Ident::new("archive"), Ident::new(relation.to_string())]);
        ControlFlow::<()>::Continue(())
    });
    checksum::of_rounds(statements.len(), |place| checksum::of(&statements[place].to_string()))
}

fn script() -> String {
    let mut words = Words::new(3);
    (0..QUERIES).map(|_| query(&mut words)).collect()
}

fn query(words: &mut Words) -> String {
    let mut text = String::from("SELECT ");
    for _ in 0..words.random().between(1, 8) {
        let (column, bound) = (name(words), words.below(1000));
        write!(text, "CASE WHEN a.{column} > {bound} THEN upper(a.{column}) ELSE 'none' END AS {column}_kind, ")
            .expect("a string takes all");
    }
    let (first, second, key) = (name(words), name(words), name(words));
    write!(text, "count(*) AS n FROM {first} AS a LEFT JOIN {second} AS b ON a.{key} = b.{key} WHERE ")
        .expect("a string takes all");
    for _ in 0..words.random().between(1, 6) {
        let (column, low, high) = (name(words), words.below(100), words.below(10_000));
        write!(text, "(a.{column} BETWEEN {low} AND {high} OR b.{column} IN (1, 2, {low}, {high})) AND ")
            .expect("a string takes all");
    }
    let other = name(words);
    writeln!(
        text,
        "EXISTS (SELECT max(c.{key}) FROM {other} AS c WHERE c.{key} = a.{key} AND c.{other} LIKE '%{first}%') \
         GROUP BY a.{key}, b.{second} HAVING count(*) > 2 ORDER BY n DESC, a.{key} LIMIT 50;"
    )
    .expect("a string takes all");
    text
}

/// A name that is no keyword.
fn name(words: &mut Words) -> String {
    let number = words.below(30);
    format!("{}_{number}", words.word())
}
