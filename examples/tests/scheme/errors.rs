//! What is wrong is said, with the place.

use crate::run::{evaluates, fails, prints, run, scheme};

#[test]
fn an_error_names_file_line_and_column() {
    fails(
        "(define (f x)\n  (+ 1\n     (car x)))\n(display \"before\")\n(f 5)\n",
        "-:3:6: error: car: expected a pair, got 5\n  3 |      (car x)))\n    |      ^\n",
    );
    let ran = scheme(&["--quiet", "../tests/scheme/bad.scm"], "");
    assert_eq!(
        ran.err,
        "../tests/scheme/bad.scm:3:3: error: oh no: (1 \"two\") three\n  3 |   (error \"oh no:\" '(1 \"two\") 'three))\n    |   ^\n"
    );
    assert_eq!((&*ran.out, ran.status), ("printed before\n", Some(1)));
}

#[test]
fn the_column_counts_characters_and_the_caret_stands_below_them() {
    fails(
        "(display \"äöü\") (car 'x)",
        "-:1:17: error: car: expected a pair, got x\n  1 | (display \"äöü\") (car 'x)\n    |                 ^\n",
    );
    fails("\t(car 'x)", "-:1:2: error: car: expected a pair, got x\n  1 | \t(car 'x)\n    | \t^\n");
}

#[test]
fn of_a_long_line_only_the_part_around_the_error_is_shown() {
    let [left, right] = ["left ", "right "].map(|word| word.repeat(100));
    fails(
        &format!("'({left}) (car 1) '({right})"),
        &format!(
            "-:1:505: error: car: expected a pair, got 1\n  1 | …{}) (car 1) '({}…\n    | {}^\n",
            &left[left.len() - 78..],
            &right[..50],
            " ".repeat(81)
        ),
    );
}

#[test]
fn an_error_in_the_prelude_is_shown_where_it_was_called() {
    fails("(list 1\n  (map car 5))", "-:2:3: error: map: expected a list, got 5\n  2 |   (map car 5))\n    |   ^\n");
    fails(
        "(sort (list 2 'x 1) <)",
        "-:1:1: error: <: expected a number, got x\n  1 | (sort (list 2 'x 1) <)\n    | ^\n",
    );
}

/// The program's message, without place and excerpt.
fn message(program: &str) -> String {
    let ran = run(program);
    assert_eq!(ran.status, Some(1), "{program}");
    let line = ran.err.lines().next().expect("there is a message");
    line.split_once(": error: ").expect("it has a place").1.to_owned()
}

#[test]
fn run_time_errors_say_what_was_expected() {
    for (program, expected) in [
        ("foo", "foo: unbound variable"),
        ("(foo 1)", "foo: unbound variable"),
        ("(set! foo 1)", "foo: unbound variable"),
        ("(1 2)", "expected a procedure to call, got 1"),
        ("(\"f\")", "expected a procedure to call, got \"f\""),
        ("((lambda (x) x))", "lambda: expected 1 argument, got 0"),
        ("(define (f x y) x) (f 1)", "f: expected 2 arguments, got 1"),
        ("(define (f x . y) x) (f)", "f: expected at least 1 argument, got 0"),
        ("(cons 1)", "cons: expected 2 arguments, got 1"),
        ("(substring \"a\")", "substring: expected 2 to 3 arguments, got 1"),
        ("(apply car)", "apply: expected at least 2 arguments, got 1"),
        ("(apply car 1)", "apply: expected a list as the last argument, got 1"),
        ("(letrec ((a b) (b 1)) a)", "b: used before its definition"),
        ("(define (f) (define a (g)) (define (g) a) a) (f)", "g: used before its definition"),
        ("(+ 1 'a)", "+: expected a number, got a"),
        ("(< 1 \"2\")", "<: expected a number, got \"2\""),
        (
            "(+ 9223372036854775807 1)",
            "+: the result does not fit in an integer of 64 bits (exact->inexact gives a float)",
        ),
        (
            "(* 99999999999 99999999999)",
            "*: the result does not fit in an integer of 64 bits (exact->inexact gives a float)",
        ),
        ("(quotient 1 0)", "quotient: division by zero"),
        (
            "(quotient -9223372036854775808 -1)",
            "quotient: the result does not fit in an integer of 64 bits (exact->inexact gives a float)",
        ),
        ("(/ 1 0)", "/: division by zero"),
        ("(exact 1.5)", "exact: 1.5 is no integer of 64 bits"),
        ("(vector-ref #(1 2) 2)", "vector-ref: the index 2 is out of range: the length is 2"),
        ("(vector-ref #(1 2) -1)", "vector-ref: expected an integer that is not negative, got -1"),
        ("(string-ref \"abc\" 3)", "string-ref: the index 3 is out of range: the length is 3"),
        ("(substring \"abc\" 2 1)", "substring: the range 2 to 1 is out of range: the length is 3"),
        ("(list-tail '(1 2) 3)", "list-tail: the index 3 is out of range: there are 2 pairs"),
        ("(length '(1 . 2))", "length: expected a list, got (1 . 2)"),
        ("(let ((l (list 1))) (set-cdr! l l) (length l))", "length: expected a list, got #0=(1 . #0#)"),
        ("(let ((l (list 1))) (set-cdr! l l) (reverse l))", "reverse: expected a list, got #0=(1 . #0#)"),
        ("(memq 'a '(b . c))", "memq: expected a list, but it ends in c"),
        ("(assq 'a '(b))", "assq: expected a list of pairs, but one item is b"),
        ("(symbol->string \"a\")", "symbol->string: expected a symbol, got \"a\""),
        ("(integer->char 55296)", "integer->char: 55296 is not a character's number"),
        ("(hash-table-ref (make-hash-table) 'a)", "hash-table-ref: no such key: a"),
        ("(assert (= 1 2))", "assert: failed"),
        ("(raise 'x)", "raised and not caught: x"),
        ("(raise (list 1 \"s\"))", "raised and not caught: (1 \"s\")"),
        ("(error 'sym \"msg\" 1)", "sym \"msg\" 1"),
    ] {
        assert_eq!(message(program), expected, "{program}");
    }
}

#[test]
fn malformed_forms_say_what_was_expected() {
    for (program, expected) in [
        ("()", "(): nothing to call; the empty list is '()"),
        ("(1 . 2)", "expected a proper list here"),
        ("(if)", "if: expected (if test then else)"),
        ("(if 1 2 3 4)", "if: expected (if test then else)"),
        ("(define)", "define: expected (define name value) or (define (name parameter …) body …)"),
        ("(define x)", "define: expected (define name value) or (define (name parameter …) body …)"),
        ("(define (1) 2)", "define: expected a name, got 1"),
        ("(define if 1)", "if: a keyword, not a variable"),
        ("(display if)", "if: a keyword, not a variable"),
        (
            "(let ((x 1)) (+ x (define y 2)))",
            "define: a definition may only stand at the top level or directly in a body",
        ),
        ("(lambda (x))", "expected an expression in the body"),
        ("(lambda (x x) x)", "lambda: two parameters are called x"),
        ("(lambda (1) x)", "lambda: a parameter must be a name, got 1"),
        ("(let ((x)) x)", "let: expected (name value), got (x)"),
        ("(let ((x 1) (x 2)) x)", "let: x is bound twice"),
        ("(let ((1 2)) x)", "let: expected a name, got 1"),
        ("(lambda () (define a 1) (define a 2) a)", "a: defined twice here"),
        ("(set! 1 2)", "set!: expected a name, got 1"),
        ("(cond (else 1) (2 3))", "cond: else must come last"),
        ("(cond ())", "cond: a clause may not be empty"),
        ("(case 1 (2 3))", "expected a proper list here"),
        ("(do ((i 0 1 2)) (#t))", "do: expected (name value step)"),
        ("(quote)", "quote: expected (quote datum)"),
        (",x", "unquote: only means something inside a quasiquote"),
        ("(guard (1) 2)", "guard: expected a name, got 1"),
    ] {
        assert_eq!(message(program), expected, "{program}");
    }
}

#[test]
fn malformed_text_says_where() {
    fails(
        "(define (f)\n  (let ((x 1))\n    (+ x 1)\n(f)\n",
        "-:2:3: error: this list is not closed: `)` is missing\n  2 |   (let ((x 1))\n    |   ^\n",
    );
    for (program, expected) in [
        ("(display 1))", "`)` closes nothing"),
        ("(1 2]", "`]` where `)` closes the list"),
        ("#(1 2", "this vector is not closed: `)` is missing"),
        ("\"abc", "this string is not closed"),
        ("1 #| 2 #| 3 |# ", "this comment is not closed"),
        ("'", "quote: a datum is missing after it"),
        ("(1 ')", "quote: a datum is missing after it"),
        ("(1 #;)", "#;: a datum is missing after it"),
        ("(. 1)", "a dot may only stand before the last datum of a list"),
        ("(1 . )", "a datum is missing after this dot"),
        ("(1 . 2 3)", "only one datum may stand after a dot"),
        ("#(1 . 2)", "a dot may only stand before the last datum of a list"),
        ("#\\spice", "#\\spice: unknown character name"),
        ("#foo", "#foo: unknown syntax"),
        ("#xyz", "#xyz: not a number of base 16"),
        ("\"\\q\"", "\\q: unknown escape"),
        ("99999999999999999999", "99999999999999999999: does not fit in an integer of 64 bits"),
    ] {
        assert_eq!(message(program), expected, "{program}");
    }
}

#[test]
fn comments_do_not_count() {
    evaluates(&[("'(1 ; two\n 3 #| 4 #| 5 |# 6 |# 7 #;(8 9) #;#;10 11 12)", "(1 3 7 12)"), ("[list 1 2]", "(1 2)")]);
}

#[test]
fn forms_before_the_bad_one_are_run() {
    let ran = run("(display \"first\")\n(display (car 1))\n(display \"second\")");
    assert_eq!((&*ran.out, ran.status), ("first", Some(1)));
    let ran = run("(display \"first\")\n(display");
    assert_eq!((&*ran.out, ran.status), ("first", Some(1)));
}

#[test]
fn a_program_can_end_itself() {
    let ran = run("(display 1) (exit 7) (display 2)");
    assert_eq!((&*ran.out, &*ran.err, ran.status), ("1", "", Some(7)));
    assert_eq!(run("(exit)").status, Some(0));
    assert_eq!(run("(exit #f)").status, Some(1));
    prints("(guard (e (#t (display 'caught))) (exit 0))", "");
}

#[test]
fn a_wrong_command_line_is_refused() {
    for (arguments, expected) in [
        (&["--nonsense"][..], "scheme: --nonsense: unknown option (see --help)\n"),
        (&["--memory"], "scheme: --memory: a number of MiB is missing (see --help)\n"),
        (&["--memory", "0", "-"], "scheme: --memory: expected a number of MiB, got 0 (see --help)\n"),
    ] {
        let ran = scheme(arguments, "");
        assert_eq!((&*ran.err, ran.status), (expected, Some(2)));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    // How the system puts it differs.
    let ran = scheme(&["--quiet", "no-such-file.scm"], "");
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.starts_with("error: no-such-file.scm: "), "{}", ran.err);
    assert!(message("(read-file \"no/such/file\")").starts_with("read-file: no/such/file: "));
}
