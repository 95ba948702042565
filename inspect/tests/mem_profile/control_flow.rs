//! Each statement's memory is its line's, wherever control goes.

use core::cell::RefCell;

use mudlark_inspect::mem_profile;

use crate::support::{block, figures, keep, row, sum, table_of};

#[mem_profile(thread, with = keep)]
fn straight(parameter: Vec<u8>) -> Vec<u8> {
    let first = block(1000);
    let _second = (block(30), line!());
    drop(first);
    let third = block(7); // shown with its comment
    assert!(parameter.is_empty());
    third
}

#[test]
fn a_line_has_what_its_statement_asks_for_and_frees() {
    let parameter = block(100_000);
    let table = table_of(|| drop(straight(parameter)));
    assert_eq!(figures(&table, "fn straight"), (0, 1));
    assert_eq!(figures(&table, "let first"), (1000, 1));
    assert_eq!(figures(&table, "let _second"), (30, 1));
    assert_eq!(figures(&table, "drop(first)"), (-1000, 1));
    assert_eq!(figures(&table, "let third = block(7); // shown with its comment"), (7, 1));
    assert_eq!(figures(&table, "assert!"), (0, 1));
    assert_eq!(figures(&table, "    third"), (0, 1));
    // The variables that are not returned, and the parameter.
    assert_eq!(
        table.rows.last().map(|row| (row.source, row.figures.map(|it| it.increment))),
        Some(("}", Some(-100_030)))
    );
    assert_eq!(sum(&table), 7 - 100_000);
}

#[rustfmt::skip]
#[mem_profile(thread, with = keep)]
fn lines() -> [u32; 3] {
    let one = line!();

    let other = line!(); let same = line!();
    [one, other, same]
}

#[test]
fn lines_are_the_files_own() {
    let mut answer = [0; 3];
    let table = table_of(|| answer = lines());
    let [one, other, same] = answer.map(|line| usize::try_from(line).expect("files are short"));
    assert_eq!(row(&table, "let one").line, one);
    assert_eq!((row(&table, "let other").line, other), (same, same));
    assert_eq!(table.rows[0].line + 6, table.rows.last().expect("there are rows").line + 1);
    assert!(table.file.ends_with("control_flow.rs"));
    assert_eq!(figures(&table, "let other").1, 1, "a line with two statements runs once");
}

#[mem_profile(thread, with = keep)]
fn for_loops() -> usize {
    let mut kept = Vec::with_capacity(10);
    'all: for outer in 0..10 {
        let unused = block(5);
        if outer % 2 == 0 {
            continue;
        }
        for inner in block(11).into_iter().chain([1, 2, 3]) {
            if inner == 3 {
                continue 'all;
            } else if inner == 2 && outer == 9 {
                break 'all;
            }
            kept.push(block(100));
        }
        drop(unused);
    }
    kept.len()
}

#[test]
fn a_loop_sums_up_what_its_rounds_do() {
    let table = table_of(|| assert_eq!(for_loops(), 9));
    // Ten rounds begin; the last of them ends the loop.
    assert_eq!(figures(&table, "'all: for"), (0, 10));
    assert_eq!(figures(&table, "let unused"), (50, 10));
    assert_eq!(figures(&table, "if outer"), (0, 10));
    assert_eq!(figures(&table, "            continue;"), (-25, 5));
    // The items' block comes with the loop, and goes with the last of its items.
    assert_eq!(figures(&table, "for inner"), (0, 4 * 3 + 2));
    assert_eq!(figures(&table, "kept.push"), (900, 9));
    assert_eq!(figures(&table, "continue 'all"), (-5 * 4, 4));
    assert_eq!(figures(&table, "break 'all"), (-5, 1));
    assert_eq!(figures(&table, "drop(unused)"), (0, 0));
    assert_eq!(sum(&table), 0);
    let bytes = |text| row(&table, text).figures.map(|figures| figures.bytes);
    assert_eq!(bytes("kept.push"), bytes("break 'all").map(|bytes| bytes + 5), "the most that it was");
}

#[mem_profile(thread, with = keep)]
fn while_loops(stack: &RefCell<Vec<usize>>) -> usize {
    let mut taken = Vec::with_capacity(10);
    while let Some(size) = stack.borrow_mut().pop() {
        taken.push(block(size));
    }
    let mut rounds = 0;
    'outer: while rounds < 100 {
        rounds += 1;
        loop {
            taken.pop();
            if taken.is_empty() {
                break 'outer;
            }
            if rounds > 0 {
                continue 'outer;
            }
        }
    }
    rounds
}

#[test]
fn the_condition_is_the_head_of_a_loop() {
    let table = table_of(|| assert_eq!(while_loops(&RefCell::new(vec![300, 200, 100])), 3));
    assert_eq!(figures(&table, "while let"), (0, 4));
    assert_eq!(figures(&table, "taken.push"), (600, 3));
    assert_eq!(figures(&table, "'outer: while"), (0, 3));
    assert_eq!(figures(&table, "loop {"), (0, 3));
    assert_eq!(figures(&table, "taken.pop"), (-600, 3));
    assert_eq!(figures(&table, "break 'outer"), (0, 1));
}

#[mem_profile(thread, with = keep)]
fn branches(way: u8) -> Option<Vec<u8>> {
    let chosen = match way {
        0 => block(10),
        1 => {
            let unused = block(1000);
            let mut used = block(20);
            used.extend(unused);
            used
        }
        2 | 3 if way == 2 => return Some(block(30)),
        _ if way < 6 => {
            if way == 4 {
                block(40)
            } else if block(1).capacity() == way.into() {
                unreachable!()
            } else {
                block(50)
            }
        }
        _ => block(60),
    };
    let Some(true) = (chosen.capacity() < 60).then_some(true) else {
        return None;
    };
    let labelled = 'block: {
        let inside = block(5000);
        if way == 0 {
            break 'block inside;
        }
        // SAFETY: it ends within the block.
        let _ = unsafe { chosen.as_ptr().add(chosen.len()) };
        chosen
    };
    Some(labelled)
}

#[test]
fn each_arm_and_branch_has_its_line() {
    let tables: Vec<_> = (0..7).map(|way| table_of(|| drop(branches(way)))).collect();
    assert_eq!(figures(&tables[0], "0 => block(10)"), (10, 1));
    assert_eq!(figures(&tables[0], "1 => {"), (0, 0));
    assert_eq!(figures(&tables[0], "break 'block inside"), (0, 1));
    assert_eq!(figures(&tables[1], "1 => {"), (0, 1));
    assert_eq!(figures(&tables[1], "used.extend"), (-1000, 1));
    assert_eq!(figures(&tables[2], "2 | 3 if"), (30, 1));
    assert_eq!(figures(&tables[2], "match way"), (0, 1));
    assert_eq!(figures(&tables[2], "let Some(true)"), (0, 0));
    assert_eq!(figures(&tables[4], "if way == 4"), (0, 1));
    assert_eq!(figures(&tables[4], "else if"), (0, 0));
    assert_eq!(figures(&tables[5], "else if"), (0, 1));
    assert_eq!(figures(&tables[5], "block(50)"), (50, 1));
    assert_eq!(figures(&tables[6], "_ => block(60)"), (60, 1));
    assert_eq!(figures(&tables[6], "return None"), (-60, 1));
    // Where a block ends, its variables go.
    let freed = tables[3].rows.iter().find(|row| row.figures.is_some_and(|it| it.increment == -5000));
    assert_eq!(freed.map(|row| row.source.trim()), Some("};"));
}

#[mem_profile(thread, with = keep)]
fn question(texts: &[&str]) -> Result<Vec<u8>, core::num::ParseIntError> {
    let mut all = block(100);
    for text in texts {
        let padding = block(10);
        all.push(text.parse()?);
        drop(padding);
    }
    Ok(all)
}

#[test]
fn a_question_mark_that_returns_frees_on_its_line() {
    let table = table_of(|| drop(question(&["1", "2", "x"])));
    assert_eq!(figures(&table, "all.push"), (-110, 3));
    assert_eq!(figures(&table, "drop(padding)"), (-20, 2));
    assert_eq!(figures(&table, "Ok(all)"), (0, 0));
    let table = table_of(|| drop(question(&["1"])));
    assert_eq!((figures(&table, "Ok(all)"), sum(&table)), ((0, 1), 100));
}
