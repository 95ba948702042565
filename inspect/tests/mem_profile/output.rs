//! How tables look.

use std::{env, fs, process};

use mudlark_inspect::mem_profile;
use mudlark_inspect::mem_profile::Table;

use crate::support::{block, keep, kept};

#[mem_profile(thread, with = keep)]
fn shown(rounds: usize) -> Vec<Vec<u8>> {
    let mut blocks = Vec::with_capacity(10);

    for _ in 0..rounds {
        blocks.push(block(123_456)); // a < b
    }
    if blocks.is_empty() {
        return blocks;
    }
    let temporary = block(1_000_000);
    drop(temporary);
    blocks
}

/// The table of a call that begins when nothing is in use.
fn table() -> Table {
    let mut table = std::thread::spawn(|| {
        shown(3);
        kept().remove(0)
    })
    .join()
    .expect("it does not panic");
    // What a thread has from its start differs from system to system.
    let at_first = table.rows[0].figures.map_or(0, |figures| figures.bytes);
    for (line, row) in (5..).zip(&mut table.rows) {
        row.line = line;
        if let Some(figures) = &mut row.figures {
            figures.bytes -= at_first;
        }
    }
    table.file = "src/shown.rs";
    table
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_text_is_aligned() {
    let expected = "\
src/shown.rs: shown
  only what this thread asked for and freed
line      bytes   increment  times  source
   5          0           0      1  fn shown(rounds: usize) -> Vec<Vec<u8>> {
   6        240         240      1      let mut blocks = Vec::with_capacity(10);
   7
   8    370 608           0      4      for _ in 0..rounds {
   9    370 608     370 368      3          blocks.push(block(123_456)); // a < b
  10                                    }
  11    370 608           0      1      if blocks.is_empty() {
  12                                        return blocks;
  13                                    }
  14  1 370 608   1 000 000      1      let temporary = block(1_000_000);
  15    370 608  -1 000 000      1      drop(temporary);
  16    370 608           0      1      blocks
  17                                }
";
    assert_eq!(table().to_string(), expected);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_page_needs_nothing_else_and_has_all_rows() {
    let page = table().to_html();
    assert!(page.starts_with("<!DOCTYPE html>\n"));
    for forbidden in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("width=device-width"));
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("<tr><td>")).collect();
    assert_eq!(rows.len(), 13);
    assert_eq!(
        rows[4],
        "<tr><td>9<td>370 608<td class=\"more\" style=\"--share:37%\">370 368<td>3<td class=\"source\">        \
         blocks.push(block(123_456)); // a &lt; b"
    );
    assert_eq!(
        rows[10],
        "<tr><td>15<td>370 608<td class=\"less\" style=\"--share:100%\">-1 000 000<td>1<td class=\"source\">    drop(temporary);"
    );
}

const PAGE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/two functions.html");

#[mem_profile(html = PAGE)]
fn one() {
    let _block = block(1);
}

#[mem_profile(html = PAGE)]
fn another() {
    let _block = block(2);
}

#[test]
fn tables_of_one_file_are_on_one_page() {
    fs::write(PAGE, "from the day before").expect("the folder is there");
    one();
    another();
    one();
    let page = fs::read_to_string(PAGE).expect("it was written");
    let headings: Vec<_> = page.lines().filter(|line| line.starts_with("<h1>")).collect();
    assert_eq!(headings, ["<h1>one</h1>", "<h1>another</h1>", "<h1>one</h1>"]);
    assert_eq!(page.matches("<!DOCTYPE").count(), 1);
    assert!(!page.contains("the day before"));
    assert_eq!(page.matches("<table>").count(), page.matches("</table>").count());
}

#[mem_profile(html = "/no such folder/page.html")]
fn without_a_place() -> usize {
    block(3).capacity()
}

#[mem_profile]
fn to_the_standard_error() {
    let _block = block(4);
}

#[mem_profile(stdout)]
fn to_the_standard_output() {
    let _block = block(5);
}

/// The test runs itself to see what is printed.
#[test]
fn what_is_printed_goes_where_it_is_said() {
    if env::var_os("PRINT_TABLES").is_some() {
        to_the_standard_error();
        to_the_standard_output();
        assert_eq!(without_a_place(), 3);
        process::exit(0);
    }
    let itself = env::current_exe().expect("it is known");
    let output = process::Command::new(itself)
        .args(["--exact", "output::what_is_printed_goes_where_it_is_said", "--nocapture"])
        .env("PRINT_TABLES", "1")
        .output()
        .expect("it starts");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(err.contains("output.rs: to_the_standard_error\n") && !err.contains("to_the_standard_output"), "{err}");
    assert!(out.contains("output.rs: to_the_standard_output\n") && !out.contains("to_the_standard_error"), "{out}");
    assert!(err.contains("mem_profile: /no such folder/page.html could not be written: "), "{err}");
}
