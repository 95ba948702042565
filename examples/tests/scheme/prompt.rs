//! The prompt, with its input from a pipe.

use crate::run::scheme;

#[test]
fn values_are_shown_and_errors_do_not_end_it() {
    let ran = scheme(
        &["--quiet", "--repl"],
        "(+ 1 2)\n(define x 5)\n(car x)\n\"text\" 'symbol\n(define (f n)\n  (* n\n\n     x))\n(f 3)\n)\n(f\n1)\n'()",
    );
    assert_eq!(ran.out, "3\n\"text\"\nsymbol\n15\n5\n()\n");
    assert_eq!(
        ran.err,
        "repl:1:1: error: car: expected a pair, got 5\n  1 | (car x)\n    | ^\n\
         repl:1:1: error: `)` closes nothing\n  1 | )\n    | ^\n"
    );
    assert_eq!(ran.status, Some(0));
}

#[test]
fn what_is_never_closed_is_an_error_at_the_end() {
    let ran = scheme(&["--quiet"], "(+ 1\n  (* 2 3)\n");
    assert_eq!(ran.out, "");
    assert_eq!(ran.err, "repl:1:1: error: this list is not closed: `)` is missing\n  1 | (+ 1\n    | ^\n");
}

#[test]
fn it_works_on_after_a_limit_was_reached() {
    let ran = scheme(
        &["--quiet", "--repl", "--memory", "64"],
        "(define (f) (+ 1 (f)))\n(f)\n(make-vector 10000000000)\n(define (g l) (g (cons 1 l)))\n(g '())\n(+ 1 2)\n",
    );
    assert_eq!(ran.out, "3\n");
    assert_eq!(ran.err.matches("error: recursion too deep").count(), 1, "{}", ran.err);
    assert_eq!(ran.err.matches("error: out of memory").count(), 2, "{}", ran.err);
}

#[test]
fn it_follows_a_program_and_ends_with_a_status() {
    let ran = scheme(&["--quiet", "--repl", "tak.scm"], "(tak 6 4 2)\n(exit 3)\n(display 1)\n");
    assert_eq!(ran.out, "(tak 18 12 6) = 7\n(takl 18 12 6) = 7\n3\n");
    assert_eq!(ran.status, Some(3));
}
