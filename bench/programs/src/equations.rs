//! A simplifier of arithmetic: expressions grow into an e-graph of `egg`, with all ways to write them that a few rules
//! give, and the shortest is taken. Hash tables and small vectors by the ten thousand.

use core::time::Duration;

use egg::{AstSize, Extractor, Id, RecExpr, Rewrite, Runner, Symbol, define_language, rewrite};

use crate::checksum;
use crate::outcome::{Outcome, timed};
use crate::random::Random;

define_language! {
    enum Arithmetic {
        "+" = Add([Id; 2]),
        "-" = Sub([Id; 2]),
        "*" = Mul([Id; 2]),
        Number(i32),
        Variable(Symbol),
    }
}

/// What an e-graph may grow to.
const NODES: usize = 20_000;

/// Simplifies so many expressions.
pub(crate) fn run(rounds: usize) -> Outcome {
    let mut random = Random::new(7);
    let expressions: Vec<String> = (0..rounds).map(|_| expression(&mut random, 5)).collect();
    let rules = rules();
    timed(rounds, || checksum::of_rounds(rounds, |round| checksum::of(&simplest(&expressions[round], &rules))))
}

fn simplest(expression: &str, rules: &[Rewrite<Arithmetic, ()>]) -> String {
    let expression: RecExpr<Arithmetic> = expression.parse().expect("the expression is well formed");
    let runner = Runner::default().with_node_limit(NODES).with_time_limit(Duration::MAX);
    let runner = runner.with_expr(&expression).run(rules);
    let (cost, best) = Extractor::new(&runner.egraph, AstSize).find_best(runner.roots[0]);
    format!("{cost} {best} {}", runner.egraph.total_size())
}

fn rules() -> Vec<Rewrite<Arithmetic, ()>> {
    vec![
        rewrite!("commute-add"; "(+ ?a ?b)" => "(+ ?b ?a)"),
        rewrite!("commute-mul"; "(* ?a ?b)" => "(* ?b ?a)"),
        rewrite!("associate-add"; "(+ (+ ?a ?b) ?c)" => "(+ ?a (+ ?b ?c))"),
        rewrite!("associate-mul"; "(* (* ?a ?b) ?c)" => "(* ?a (* ?b ?c))"),
        rewrite!("distribute"; "(* ?a (+ ?b ?c))" => "(+ (* ?a ?b) (* ?a ?c))"),
        rewrite!("factor"; "(+ (* ?a ?b) (* ?a ?c))" => "(* ?a (+ ?b ?c))"),
        rewrite!("subtract"; "(- ?a ?b)" => "(+ ?a (* -1 ?b))"),
        rewrite!("cancel"; "(- ?a ?a)" => "0"),
        rewrite!("add-zero"; "(+ ?a 0)" => "?a"),
        rewrite!("mul-zero"; "(* ?a 0)" => "0"),
        rewrite!("mul-one"; "(* ?a 1)" => "?a"),
    ]
}

fn expression(random: &mut Random, depth: usize) -> String {
    if depth == 0 || random.below(8) == 0 {
        let leaves = ["x", "y", "z", "u", "v", "0", "1", "2"];
        return leaves[random.below(leaves.len())].to_owned();
    }
    let operator = ["+", "*", "-"][random.below(3)];
    format!("({operator} {} {})", expression(random, depth - 1), expression(random, depth - 1))
}
