//! Special forms, procedures and control.

use crate::run::{evaluates, fails, prints};

#[test]
fn inner_variables_hide_outer_ones() {
    evaluates(&[
        ("(let ((x 1)) (let ((x 2) (y x)) (list x y)))", "(2 1)"),
        ("(let* ((x 1) (y (+ x 1)) (x (* y 10))) (list x y))", "(20 2)"),
        ("((lambda (x) ((lambda (y) (list x y)) 2)) 1)", "(1 2)"),
        ("(let ((if list)) (if 1 2 3))", "(1 2 3)"),
        ("(let ((list vector) (append 1) (memv 2)) (list `(1 ,@'(2)) (case 3 ((3) 'three))))", "#((1 2) three)"),
        ("(let ((else #f)) (cond (else 1) (#t 2)))", "2"),
    ]);
}

#[test]
fn closures_keep_and_share_their_variables() {
    prints(
        "(define (counter)
           (let ((n 0))
             (list (lambda () (set! n (+ n 1)) n) (lambda () n))))
         (define a (counter))
         (define b (counter))
         ((car a)) ((car a)) ((car b))
         (write (list ((cadr a)) ((cadr b))))
         (define (three-levels x) (lambda (y) (lambda (z) (set! x (+ x y z)) x)))
         (define f ((three-levels 1) 10))
         (write (list (f 100) (f 100)))",
        "(2 1)(111 221)",
    );
}

#[test]
fn each_round_of_a_loop_has_its_own_variables() {
    evaluates(&[
        (
            "(let loop ((i 0) (all '())) (if (= i 3) (map (lambda (f) (f)) all) (loop (+ i 1) (cons (lambda () i) all))))",
            "(2 1 0)",
        ),
        ("(do ((i 0 (+ i 1)) (all '() (cons (lambda () i) all))) ((= i 3) (map (lambda (f) (f)) all)))", "(2 1 0)"),
        ("(do ((i 0 (+ i 1)) (kept 'same)) ((= i 3) (list i kept)))", "(3 same)"),
    ]);
}

#[test]
fn parameters_may_take_the_rest() {
    evaluates(&[
        ("((lambda all all))", "()"),
        ("((lambda all all) 1 2)", "(1 2)"),
        ("((lambda (a . rest) (list a rest)) 1)", "(1 ())"),
        ("((lambda (a b . rest) (list a b rest)) 1 2 3 4)", "(1 2 (3 4))"),
        ("(let () (define (f a . rest) (set! rest (cons a rest)) (lambda () rest)) ((f 1 2)))", "(1 2)"),
    ]);
}

#[test]
fn local_definitions_may_refer_to_each_other() {
    prints(
        "(define (parity n)
           (define (even n) (if (= n 0) 'even (odd (- n 1))))
           (define (odd n) (if (= n 0) 'odd (even (- n 1))))
           (begin (define start even))
           (start n))
         (write (map parity '(0 1 10 11)))
         (write (letrec ((f (lambda (n) (if (= n 0) 1 (* n (f (- n 1))))))) (f 10)))
         (write (letrec* ((a 1) (b (+ a 1))) (list a b)))
         (define (mixed) (define a 1) (set! a 5) (define b (+ a 1)) (list a b))
         (write (mixed))
         (define (late) (define (f) x) (define x 7) (f))
         (write (late))",
        "(even odd even odd)3628800(1 2)(5 6)7",
    );
}

#[test]
fn a_local_procedure_that_is_assigned_is_the_new_one_for_itself() {
    prints(
        "(define (f)
           (define (g n) (if (= n 0) 'old (g (- n 1))))
           (let ((first g))
             (set! g (lambda (n) 'new))
             (list (first 0) (first 1))))
         (write (f))",
        "(old new)",
    );
}

#[test]
fn tail_calls_take_no_room() {
    let rounds = if cfg!(debug_assertions) { 300_000 } else { 10_000_000 };
    prints(
        &format!(
            "(define (even n) (if (= n 0) #t (odd (- n 1))))
             (define (odd n) (cond ((= n 0) #f) (else (even (- n 1)))))
             (write (let loop ((i 0)) (if (= i {rounds}) i (loop (+ i 1)))))
             (write (even {rounds}))
             (define (a n) (and #t (or #f (when #t (let ((m n)) (let* ((k m)) (begin (case 1 ((1) (b k))))))))))
             (define (b n) (unless (= n 0) (apply a (list (- n 1)))))
             (a {rounds})
             (write (do ((i 0 (+ i 1))) ((= i {rounds}) 'done)))"
        ),
        &format!("{rounds}#tdone"),
    );
}

#[test]
fn conditionals_choose() {
    evaluates(&[
        ("(if '() 'true 'false)", "true"),
        ("(if #f #f)", "#<unspecified>"),
        ("(cond (#f 1) ((assv 'b '((a 1) (b 2))) => cadr) (else 3))", "2"),
        ("(cond (#f 1) (2) (else 3))", "2"),
        ("(cond (#f 1))", "#<unspecified>"),
        ("(cond ((= 1 1) 'a 'b))", "b"),
        ("(case (* 2 3) ((2 3 5 7) 'prime) ((1 4 6 8 9) 'composite))", "composite"),
        ("(case 'x ((y) 1) (else 2))", "2"),
        ("(case \"x\" ((\"x\") 1) (else 2))", "2"),
        ("(list (when #t 1 2) (when #f 1) (unless #f 3) (unless #t 3))", "(2 #<unspecified> 3 #<unspecified>)"),
        ("(list (and) (and 1) (and 1 2) (and #f (car 0)))", "(#t 1 2 #f)"),
        ("(list (or) (or #f 1 (car 0)) (or #f #f))", "(#f 1 #f)"),
        ("(let ((x 5)) (list (and (> x 1) (or (> x 9) 'mid)) x))", "(mid 5)"),
    ]);
}

#[test]
fn quasiquote_fills_in_and_nests() {
    evaluates(&[
        ("`(1 ,(+ 1 1) ,@(list 3 4) 5)", "(1 2 3 4 5)"),
        ("`(1 . ,(+ 1 1))", "(1 . 2)"),
        ("`(,@'(1 2) . 3)", "(1 2 . 3)"),
        ("`(1 ,@'() ,@'(2))", "(1 2)"),
        ("`#(1 ,(+ 1 1) ,@'(3))", "#(1 2 3)"),
        ("`(1 ,2 (3 ,4))", "(1 2 (3 4))"),
        ("`x", "x"),
        ("`,(+ 1 2)", "3"),
        ("`(a `(b ,(c ,(+ 1 2))))", "(a `(b ,(c 3)))"),
        ("`(a `(b ,(foo ,(+ 1 3) d) e) f)", "(a `(b ,(foo 4 d) e) f)"),
        ("`(1 `(2 ,(3 ,@(list 4 5))))", "(1 `(2 ,(3 4 5)))"),
        ("`(1 `(2 ,,@(list 4 5)))", "(1 `(2 (unquote 4 5)))"),
        ("(let ((name1 'x) (name2 'y)) `(a `(b ,,name1 ,',name2 d) e))", "(a `(b ,x ,'y d) e)"),
        ("(eq? `(1 2) `(1 2))", "#f"),
        ("(let ((f (lambda () `(1 2)))) (eq? (f) (f)))", "#t"),
    ]);
}

#[test]
fn procedures_are_values() {
    evaluates(&[
        ("(apply + 1 2 '(3 4))", "10"),
        ("(apply apply (list + (list 1 2)))", "3"),
        ("(apply apply apply (list list (list '(1 2))))", "(1 2)"),
        ("(map (lambda (x) (* x x)) '(1 2 3))", "(1 4 9)"),
        ("(map + '(1 2 3) '(10 20))", "(11 22)"),
        ("(let ((sum 0)) (for-each (lambda (a b) (set! sum (+ sum (* a b)))) '(1 2) '(3 4)) sum)", "11"),
        ("((if #t car cdr) '(1 2))", "1"),
        (
            "(list car (lambda (x) x) (let () (define (f) 1) f))",
            "(#<procedure car> #<procedure lambda> #<procedure f>)",
        ),
        ("(let ((compose (lambda (f g) (lambda (x) (f (g x)))))) ((compose car cdr) '(1 2)))", "2"),
        ("(procedure? map)", "#t"),
    ]);
}

#[test]
fn arguments_are_evaluated_once_and_effects_come_in_order() {
    prints(
        "(define (say x) (display x) x)
         (begin (say 1) (say 2))
         (let ((a (say 3))) (say (+ a 1)))
         (let* ((a (say 5)) (b (say 6))) (case (say 7) ((7) (say 8))))",
        "12345678",
    );
}

#[test]
fn guard_catches_what_is_raised() {
    evaluates(&[
        ("(guard (e (#t (list 'caught e))) (raise 42))", "(caught 42)"),
        ("(guard (e ((symbol? e) 'symbol) ((string? e) 'string)) (raise \"s\"))", "string"),
        ("(guard (e ((assq 'a e) => cdr) ((assq 'b e))) (raise (list (cons 'a 42))))", "42"),
        ("(guard (e ((assq 'a e) => cdr) ((assq 'b e))) (raise (list (cons 'b 23))))", "(b . 23)"),
        ("(guard (e (#f 1) (else 2)) (raise 0))", "2"),
        ("(guard (e ((string? e) 'outer)) (guard (e ((number? e) 'inner)) (raise \"s\")))", "outer"),
        ("(guard (e (#t 'never)) 1 2)", "2"),
        ("(+ 1 (guard (e (#t 10)) (+ 100 (raise 0))) 1000)", "1011"),
        (
            "(guard (e (#t (condition/report-string e))) (error \"wrong:\" 1 \"two\" 'three))",
            "\"wrong: 1 \\\"two\\\" three\"",
        ),
        ("(guard (e ((error? e) (error-object-message e))) (car 1))", "\"car: expected a pair, got 1\""),
        ("(guard (e (#t (error-object-irritants e))) (error \"x\" 1 2))", "(1 2)"),
        (
            "(guard (e (#t e)) (vector-ref (vector 1 2) 2))",
            "#<error \"vector-ref: the index 2 is out of range: the length is 2\">",
        ),
        ("(call-with-error-handler (lambda (e) 'handled) (lambda () (error \"x\")))", "handled"),
        ("(let loop ((i 0)) (if (= i 1000) i (begin (guard (e (#t e)) (raise i)) (loop (+ i 1)))))", "1000"),
        ("(let ((f #f)) (guard (e (#t (set! f (lambda () (set! e (+ e 1)) e)))) (raise 1)) (f) (f))", "3"),
    ]);
}

#[test]
fn a_guard_cuts_the_waiting_calls_away() {
    prints(
        "(define (deep n) (if (= n 0) (raise 'bottom) (+ 1 (deep (- n 1)))))
         (define (try n) (guard (e (#t (list e n))) (deep n)))
         (write (try 0)) (write (try 10000))
         (define (nested n) (if (= n 0) (raise 'end) (guard (e ((number? e) e)) (nested (- n 1)))))
         (write (guard (e (#t e)) (nested 1000)))",
        "(bottom 0)(bottom 10000)end",
    );
}

#[test]
fn a_guard_that_does_not_want_an_error_keeps_its_place() {
    fails(
        "(define (f)\n  (guard (e ((string? e) 1))\n    (car 2)))\n(f)",
        "-:3:5: error: car: expected a pair, got 2\n  3 |     (car 2)))\n    |     ^\n",
    );
}

#[test]
fn definitions_at_the_top_level_can_be_replaced() {
    prints(
        "(define x 1) (define (f) x) (write (f)) (define x 2) (write (f)) (set! x 3) (write (f))
         (define (car x) 'mine) (write (car 1)) (write (map (lambda (x) x) '(1 2)))
         (begin (define y 1) (define z (+ y 1))) (write z)",
        "123mine(1 2)2",
    );
}
