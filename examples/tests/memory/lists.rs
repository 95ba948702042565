//! A list against a generator, line by line.

use crate::run::run;

/// The increment on the line that has this in it.
fn increment(table: &str, source: &str) -> String {
    let row = table.lines().find(|row| row.contains(source)).unwrap_or_else(|| panic!("no {source} in\n{table}"));
    // Columns have two spaces between them at least, and numbers have one inside.
    let columns: Vec<_> = row.split("  ").filter(|column| !column.is_empty()).collect();
    columns[2].trim().to_string()
}

#[test]
fn a_list_takes_eight_million_bytes_and_a_generator_none() {
    let printed = run("lists_and_generators");
    assert_eq!(printed.out, "both sums are 333332833333500000\n");
    let (list, generator) = printed.err.split_once("\n\n").expect("there are two tables");
    assert!(list.contains(": sum_of_list\n") && generator.contains(": sum_of_generator\n"));
    assert_eq!(increment(list, "collect();"), "8 000 000");
    assert_eq!(increment(list, "squares.iter().sum()"), "0");
    assert_eq!(increment(list, "  }"), "-8 000 000");
    assert_eq!(increment(generator, "let squares"), "0");
    assert_eq!(increment(generator, "squares.sum()"), "0");
}
