//! Too deep, too large, without end: an error, never a crash.

use crate::run::{fails, prints, run, scheme};

/// The first line of what goes wrong.
fn first_line(program: &str, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = [&["--quiet"], arguments, &["-"]].concat();
    let ran = scheme(&arguments, program);
    assert_eq!(ran.status, Some(1), "{program}\n{}", ran.err);
    ran.err.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn recursion_is_bounded_by_a_limit_and_not_by_the_stack() {
    prints("(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1))))) (write (count 900000))", "900000");
    fails(
        "(define (runaway n)\n  (+ 1 (runaway n)))\n(runaway 0)",
        "-:2:8: error: recursion too deep: more than 1000000 calls wait for each other\n  2 |   (+ 1 (runaway n)))\n    |        ^\n",
    );
}

#[test]
fn a_limit_cannot_be_caught() {
    assert_eq!(
        first_line("(define (f) (+ 1 (f))) (guard (e (#t 'caught)) (f))", &[]),
        "-:1:18: error: recursion too deep: more than 1000000 calls wait for each other"
    );
}

#[test]
fn data_may_be_nested_deeply() {
    let depth = 100_000;
    let data = format!("'{}{}", "(".repeat(depth), ")".repeat(depth));
    let ran = run(&format!("(write (equal? {data} {data})) (write {data})"));
    assert_eq!((ran.err, ran.status), (String::new(), Some(0)));
    assert_eq!(ran.out, format!("#t{}", &data[1..]));
    let vectors = format!("'{}1{}", "#(".repeat(depth), ")".repeat(depth));
    let ran = run(&format!("(write {vectors})"));
    assert_eq!((ran.out, ran.status), (vectors[1..].to_owned(), Some(0)));
    let quotes = format!("{}x", "'".repeat(depth));
    let ran = run(&format!("(write {quotes})"));
    assert_eq!((ran.out, ran.status), (quotes[1..].to_owned(), Some(0)));
}

#[test]
fn unclosed_parentheses_may_be_many() {
    assert_eq!(first_line(&"(".repeat(100_000), &[]), "-:1:100000: error: this list is not closed: `)` is missing");
}

#[test]
fn forms_nested_too_deeply_are_refused() {
    let too_deep = "forms are nested too deeply here (more than 2000 levels)";
    let wrap = |before: &str, after: &str, depth: usize| format!("{}1{}", before.repeat(depth), after.repeat(depth));
    for (before, after, nearly) in [
        ("(+ 0 ", ")", 1990),
        ("(let ((x 1)) ", ")", 1990),
        ("(let* ((x 1)) ", ")", 990),
        ("((lambda () ", "))", 990),
        ("(begin ", ")", 1990),
        ("(cond (#f 0) (else ", "))", 990),
        ("(do ((i 0 (+ i 1))) (#t ", "))", 1990),
        ("(let loop ((i 0)) ", ")", 1990),
        ("(guard (e (#t 1)) ", ")", 1990),
        ("(let () (define (f) ", ") (f))", 990),
    ] {
        prints(&format!("(display {})", wrap(before, after, nearly)), "1");
        let ran = run(&wrap(before, after, 3_000));
        assert_eq!(ran.status, Some(1));
        assert!(ran.err.contains(too_deep), "{before}: {}", ran.err);
    }
    let ran = run(&format!("`{}", wrap("(", ")", 3_000)));
    assert!(ran.err.contains(too_deep), "{}", ran.err);
    let clauses = "(#f 1)".repeat(3_000);
    assert!(run(&format!("(cond {clauses})")).err.contains(too_deep));
    assert!(run(&format!("(case 1 {})", "((2) 1)".repeat(3_000))).err.contains(too_deep));
    let bindings = "(x 1)".repeat(3_000);
    assert!(run(&format!("(let* ({bindings}) x)")).err.contains(too_deep));
}

#[test]
fn forms_may_be_long() {
    let ones = "1 ".repeat(20_000);
    prints(&format!("(write (+ {ones}))"), "20000");
    prints(&format!("(write (and {ones}))(write (begin {ones}))(write (length `(,1 {ones})))"), "1120001");
    prints(&format!("(write (or {} 2))", "#f ".repeat(20_000)), "2");
}

#[test]
fn deep_data_are_built_compared_printed_and_dropped() {
    prints(
        "(define (deep n) (do ((i 0 (+ i 1)) (x '() (list x))) ((= i n) x)))
         (define a (deep 100000))
         (define b (deep 100000))
         (write (equal? a b))
         (write (string-length (write-to-string a)))
         (define t (make-hash-table))
         (hash-table-set! t a 1)
         (write (hash-table-ref/default t b 0))
         (set! a #f) (set! b #f)
         (define v (do ((i 0 (+ i 1)) (x #f (vector x))) ((= i 100000) x)))
         (set! v #f)",
        "#t2000021",
    );
}

#[test]
fn a_chain_of_closures_is_dropped() {
    prints(
        "(define (chain n) (do ((i 0 (+ i 1)) (f (lambda () 0) (let ((g f)) (lambda () g)))) ((= i n) f)))
         (define f (chain 100000))
         (write (procedure? (f)))
         (set! f #f)",
        "#t",
    );
}

#[test]
fn huge_requests_are_refused() {
    for program in [
        "(make-vector 1000000000000 0)",
        "(make-vector 9223372036854775807 0)",
        "(make-string 9223372036854775807 #\\x)",
        "(make-list 100000000000 1)",
        "(iota 100000000000)",
        "(let loop ((s \"mudlark\")) (loop (string-append s s)))",
        "(let loop ((s \"mudlark\")) (loop (string-upcase (string-append s s))))",
        "(define (f l) (f (append l l))) (f '(1 2 3))",
        "(let loop ((l '())) (loop (cons l l)))",
        "(let loop ((l '())) (loop (cons (make-vector 1000 l) l)))",
        "(define t (make-hash-table)) (let loop ((i 0)) (hash-table-set! t i i) (loop (+ i 1)))",
        "(let loop ((i 0) (all '())) (loop (+ i 1) (cons (string->symbol (number->string i)) all)))",
        "(define x '(1)) (do ((i 0 (+ i 1))) ((= i 100)) (set! x (list x x))) (write-to-string x)",
        "(let loop ((f car)) (loop (lambda () f)))",
        "(define (f . all) (apply f (append all all))) (f 1)",
    ] {
        let line = first_line(program, &["--memory", "8"]);
        assert!(line.contains("error: out of memory: "), "{program}: {line}");
        assert!(line.ends_with("the limit is 8 MiB"), "{program}: {line}");
    }
}

#[test]
fn circular_garbage_does_not_count_against_the_limit() {
    let program =
        "(let loop ((i 0)) (when (< i 100000) (let ((v (make-vector 10))) (vector-set! v 0 v) (loop (+ i 1)))))
                   (display \"done\")";
    let ran = scheme(&["--quiet", "--memory", "16", "-"], program);
    assert_eq!((&*ran.out, &*ran.err, ran.status), ("done", "", Some(0)));
    let line = first_line(program, &["--no-collect", "--memory", "8"]);
    assert!(line.contains("out of memory"), "{line}");
}

#[test]
fn data_that_share_parts_are_compared_in_reasonable_time() {
    prints(
        "(define (tower n) (do ((i 0 (+ i 1)) (x '(1) (list x x))) ((= i n) x)))
         (write (equal? (tower 60) (tower 60)))",
        "#t",
    );
}
