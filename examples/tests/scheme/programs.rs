//! The programs beside the interpreter, and its report.

use crate::run::{Ran, scheme};

/// The program's output.
#[track_caller]
fn output(arguments: &[&str]) -> String {
    let ran = scheme(&[&["--quiet"], arguments].concat(), "");
    assert_eq!((&*ran.err, ran.status), ("", Some(0)));
    ran.out
}

#[test]
fn queens() {
    let board = ". . . . Q . \n. . Q . . . \nQ . . . . . \n. . . . . Q \n. . . Q . . \n. Q . . . . \n";
    assert_eq!(output(&["queens.scm", "6"]), format!("{board}4 solutions\n"));
    assert!(output(&["queens.scm"]).ends_with("\n92 solutions\n"));
}

#[test]
fn tak() {
    assert_eq!(output(&["tak.scm"]), "(tak 18 12 6) = 7\n(takl 18 12 6) = 7\n");
}

#[test]
fn deriv() {
    let expected = "\
d/dx 5 = 0
d/dx x = 1
d/dx (+ x x) = 2
d/dx (* 3 (* x x)) = (* 6 x)
d/dx (^ x 5) = (* 5 (^ x 4))
d/dx (+ (* a (^ x 2)) (+ (* b x) c)) = (+ (* a (* 2 x)) b)
d/dx (sin (* 2 x)) = (* 2 (cos (* 2 x)))
d/dx (exp (cos x)) = (* (exp (cos x)) (* -1 (sin x)))
the tenth derivative of (^ x 20) = (* 670442572800 (^ x 10))
";
    assert_eq!(output(&["deriv.scm"]), expected);
}

#[test]
fn destruct() {
    let expected = "\
52 cards are in order again after 8 perfect shuffles
of 41 people, number 31 survives
the sum is still 499500, and the first ones are (0 1 2)
";
    assert_eq!(output(&["destruct.scm"]), expected);
}

#[test]
fn trees() {
    let expected = "\
256 trees of depth 4 have 7936 nodes
16 trees of depth 8 have 8176 nodes
the long-lived tree has 2047 nodes
";
    assert_eq!(output(&["trees.scm", "10"]), expected);
}

#[test]
fn strings() {
    let out = output(&["strings.scm"]);
    assert!(
        out.starts_with("1 2 Fizz 4 Buzz Fizz 7 8 Fizz Buzz 11 Fizz 13 14 FizzBuzz\n\"Uryyb, zhqynex!\" "),
        "{out}"
    );
    assert!(out.ends_with("\n312211\nline 35 has 16774 digits\n8000\n"), "{out}");
}

#[test]
fn wordcount() {
    let out = output(&["wordcount.scm", "../tests/scheme/words.txt"]);
    let expected =
        "13 words, 6 different\n     4  a\n     3  the\n     2  birds\n     2  äpfel\n     1  c\n     1  zebra\n";
    assert_eq!(out, expected);
    let ran = scheme(&["--quiet", "wordcount.scm"], "");
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("error: usage: wordcount.scm file\n"), "{}", ran.err);
}

/// A number in the report: that column of the line that begins with these words.
#[track_caller]
fn reported(ran: &Ran, line: &str, column: usize) -> usize {
    let found = ran.err.lines().find(|candidate| candidate.starts_with(line)).unwrap_or_else(|| panic!("{}", ran.err));
    let cells: Vec<&str> = found[line.len()..].split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    cells[column].replace(' ', "").parse().unwrap_or_else(|_| panic!("{found}"))
}

#[test]
fn circles_stay_only_without_the_collector() {
    let with = scheme(&["cycles.scm", "2000"], "");
    let without = scheme(&["--no-collect", "cycles.scm", "2000"], "");
    for ran in [&with, &without] {
        assert_eq!((&*ran.out, ran.status), ("the sum of 2000 rounds is 100000\n", Some(0)));
    }
    let collections =
        |ran| ["young", "middle", "old"].map(|generation| reported(ran, generation, 0)).iter().sum::<usize>();
    assert!(collections(&with) > 10, "{}", with.err);
    assert_eq!(collections(&without), 0, "{}", without.err);
    // Ten nodes of a ring, two procedures, their variables and a table are left in each round.
    let objects = |ran| reported(ran, "gc           objects live", 0);
    assert!(objects(&without) >= objects(&with) + 2000 * 14 - 2 * 700, "{}{}", with.err, without.err);
    assert!(objects(&with) < 3000, "{}", with.err);
}

#[test]
fn symbols_that_nobody_holds_are_dropped() {
    let program = "(do ((i 0 (+ i 1))) ((= i 20000)) (string->symbol (number->string i)))
                   (define kept (map (lambda (i) (string->symbol (number->string i))) (iota 3000)))
                   (do ((i 0 (+ i 1))) ((= i 20000)) (string->symbol (number->string i)))
                   (write (eq? (list-ref kept 2999) (string->symbol \"2999\")))";
    let ran = scheme(&["-"], program);
    assert_eq!((&*ran.out, ran.status), ("#t", Some(0)));
    let symbols = reported(&ran, "rc           symbols", 0);
    assert!((3000..10_000).contains(&symbols), "{}", ran.err);
}

#[test]
fn the_report_can_be_left_out() {
    assert_eq!(scheme(&["--quiet", "tak.scm"], "").err, "");
    assert!(scheme(&["tak.scm"], "").err.starts_with("\nlayer "));
}

#[test]
fn help_is_printed() {
    let ran = scheme(&["--help"], "");
    assert!(ran.out.contains("Usage: scheme [OPTION]... [FILE [ARGUMENT]...]"), "{}", ran.out);
    assert_eq!((&*ran.err, ran.status), ("", Some(0)));
}

#[test]
fn a_program_sees_its_name_and_arguments() {
    let ran = scheme(&["--quiet", "-", "one", "--repl", "2"], "(write (command-line))");
    assert_eq!(ran.out, "(\"-\" \"one\" \"--repl\" \"2\")");
}
