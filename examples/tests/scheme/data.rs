//! Numbers, strings, lists, vectors, tables, and what equality and printing make of them.

use crate::run::{evaluates, prints};

#[test]
fn arithmetic() {
    evaluates(&[
        ("(list (+) (+ 1) (+ 1 2 3) (*) (* 2 3 4))", "(0 1 6 1 24)"),
        ("(list (- 5) (- 5 1 1) (/ 6 3) (/ 7 2) (/ 2))", "(-5 3 2 3.5 0.5)"),
        ("(list (+ 1 0.5) (* 2 1.5) (- 0.5))", "(1.5 3.0 -0.5)"),
        ("(list (quotient 17 5) (quotient -17 5) (remainder -17 5) (modulo -17 5) (modulo 17 -5))", "(3 -3 -2 3 -3)"),
        ("(list (max 1 5 3) (min 4 2 8) (max 1 2.5) (abs -7) (abs -7.5) (gcd 12 18))", "(5 2 2.5 7 7.5 6)"),
        (
            "(list (expt 2 10) (expt 2 0.5) (expt 2 -1) (expt -1 1000000000001) (expt 0 0))",
            "(1024 1.4142135623730951 0.5 -1 1)",
        ),
        ("(list (sqrt 16) (sqrt 2) (sqrt 2.25))", "(4 1.4142135623730951 1.5)"),
        (
            "(list (floor 2.7) (ceiling 2.2) (round 2.5) (round 3.5) (truncate -2.7) (round 7))",
            "(2.0 3.0 2.0 4.0 -2.0 7)",
        ),
        ("(list (exact->inexact 1) (inexact->exact 2.0) (exact (floor 2.5)))", "(1.0 2 2)"),
        (
            "(list (exact? 1) (exact? 1.0) (inexact? 1.0) (integer? 2.0) (integer? 2.5) (number? 'a))",
            "(#t #f #t #t #f #f)",
        ),
        ("(list (= 1 1.0) (< 1 2 3) (< 1 3 2) (>= 3 3 1) (= 1 2))", "(#t #t #f #t #f)"),
        ("(list (zero? 0) (positive? 1) (negative? -1.5) (even? 4) (odd? 4))", "(#t #t #t #t #f)"),
        ("(list 1e3 1.5e-7 -0.0 1e100 #xff #b101 #o17)", "(1000.0 1.5e-7 -0.0 1e100 255 5 15)"),
        ("(list (/ 1.0 0) (/ -1 0.0) (sqrt -1))", "(+inf.0 -inf.0 +nan.0)"),
        ("(list (number->string 255 16) (number->string 1.5) (number->string -10))", "(\"ff\" \"1.5\" \"-10\")"),
        (
            "(list (string->number \"12\") (string->number \"ff\" 16) (string->number \"1.5\") (string->number \"x\"))",
            "(12 255 1.5 #f)",
        ),
        (
            "(list (number->string -255 2) (number->string 35 36) (string->number \"-z\" 36))",
            "(\"-11111111\" \"z\" -35)",
        ),
        ("(list +inf.0 -inf.0 +nan.0 5e-324 1e300 +5 -.5 1.)", "(+inf.0 -inf.0 +nan.0 5e-324 1e300 5 -0.5 1.0)"),
        ("(filter (lambda (x) (not (symbol? x))) '(+ - ... inf nan infinity 1+ e5 -e5 1-2 +inf -))", "()"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
    ]);
}

#[test]
fn characters_and_strings() {
    evaluates(&[
        ("(list #\\a #\\space #\\newline #\\( #\\x41 #\\é)", "(#\\a #\\space #\\newline #\\( #\\A #\\é)"),
        (
            "(list (char-upcase #\\a) (char-downcase #\\A) (char->integer #\\A) (integer->char 955))",
            "(#\\A #\\a 65 #\\λ)",
        ),
        (
            "(list (char-alphabetic? #\\a) (char-numeric? #\\a) (char-whitespace? #\\space) (char<? #\\a #\\b #\\c))",
            "(#t #f #t #t)",
        ),
        ("(list (string-length \"\") (string-length \"äöü\") (string-ref \"äöü\" 1))", "(0 3 #\\ö)"),
        (
            "(list (substring \"hello\" 1 3) (substring \"hello\" 2) (substring \"äöü\" 1 2) (substring \"abc\" 3 3))",
            "(\"el\" \"llo\" \"ö\" \"\")",
        ),
        (
            "(list (string-append) (string-append \"a\" \"b\" \"c\") (string #\\a #\\b) (make-string 3 #\\-))",
            "(\"\" \"abc\" \"ab\" \"---\")",
        ),
        ("(list (string->list \"abc\") (list->string '(#\\x #\\y)))", "((#\\a #\\b #\\c) \"xy\")"),
        ("(list (string-upcase \"straße\") (string-downcase \"ABC\"))", "(\"STRASSE\" \"abc\")"),
        (
            "(list (string=? \"a\" \"a\") (string<? \"a\" \"b\") (string<? \"b\" \"a\") (string>=? \"b\" \"a\"))",
            "(#t #t #f #t)",
        ),
        ("(list (string-search \"banana\" \"nan\") (string-search \"banana\" \"x\"))", "(2 #f)"),
        (
            "(list (string-join '(\"a\" \"b\")) (string-join '(\"a\" \"b\") \", \") (string-split \"a,b,,c\" #\\,))",
            "(\"a b\" \"a, b\" (\"a\" \"b\" \"\" \"c\"))",
        ),
        (
            "(list (string->symbol \"abc\") (symbol->string 'abc) (eq? 'abc (string->symbol \"abc\")))",
            "(abc \"abc\" #t)",
        ),
        (
            "\"tab\\t quote\\\" backslash\\\\ bell\\x7; line\\\n     continued\"",
            "\"tab\\t quote\\\" backslash\\\\ bell\\x7; linecontinued\"",
        ),
        ("(eq? (gensym) (gensym))", "#f"),
    ]);
}

#[test]
fn lists() {
    evaluates(&[
        ("(list (cons 1 2) '(1 . (2 . (3 . ()))) '(1 (2 . 3) . 4))", "((1 . 2) (1 2 3) (1 (2 . 3) . 4))"),
        ("(list (cadr '(1 2 3)) (cddr '(1 2 3)) (caddr '(1 2 3)) (caar '((1) 2)))", "(2 (3) 3 1)"),
        ("(list (length '()) (length '(1 2 3)) (list? '(1 . 2)) (list? '(1 2)))", "(0 3 #f #t)"),
        ("(list (append) (append '(1) '(2 3) '() '(4)) (append '(1) 2) (append '() '()))", "(() (1 2 3 4) (1 . 2) ())"),
        (
            "(list (reverse '(1 2 3)) (list-tail '(1 2 3) 1) (list-ref '(1 2 3) 2) (last-pair '(1 2 3)))",
            "((3 2 1) (2 3) 3 (3))",
        ),
        ("(list (memq 'c '(a b c d)) (memv 5 '(1 2)) (member \"b\" '(\"a\" \"b\")))", "((c d) #f (\"b\"))"),
        (
            "(list (assq 'b '((a 1) (b 2))) (assv 2 '((1 one) (2 two))) (assoc \"b\" '((\"a\" . 1) (\"b\" . 2))) (assq 'x '()))",
            "((b 2) (2 two) (\"b\" . 2) #f)",
        ),
        (
            "(list (sort '(3 1 2) <) (sort '() <) (sort (vector 2 3 1) >) (sort '((b . 1) (a . 1) (c . 0)) (lambda (x y) (< (cdr x) (cdr y)))))",
            "((1 2 3) () #(3 2 1) ((c . 0) (b . 1) (a . 1)))",
        ),
        (
            "(list (filter odd? '(1 2 3)) (fold-left - 0 '(1 2 3)) (fold-right cons '() '(1 2)) (reduce + 0 '(1 2 3)) (iota 3) (iota 3 1) (iota 3 0 -2))",
            "((1 3) -6 (1 2) 6 (0 1 2) (1 2 3) (0 -2 -4))",
        ),
        (
            "(list (delete 2 '(1 2 3 2)) (find even? '(1 2 3)) (any even? '(1 3)) (every odd? '(1 3)) (list-index even? '(1 2)))",
            "((1 3) 2 #f #t 1)",
        ),
        (
            "(let* ((a (list 1 2 3)) (b (list-copy a))) (set-car! a 9) (set-cdr! (cdr a) '()) (list a b))",
            "((9 2) (1 2 3))",
        ),
        (
            "(list (cons* 1 2 '(3)) (make-list 2 'x) (list 'quote 'a) ''a '`(a ,b ,@c))",
            "((1 2 3) (x x) 'a 'a `(a ,b ,@c))",
        ),
    ]);
}

#[test]
fn vectors() {
    evaluates(&[
        (
            "(let ((v (make-vector 3 0))) (vector-set! v 1 'x) (list v (vector-length v) (vector-ref v 1)))",
            "(#(0 x 0) 3 x)",
        ),
        (
            "(list (vector->list #(1 2 3)) (list->vector '(1 2)) (vector) (vector-copy #(1 2 3) 1))",
            "((1 2 3) #(1 2) #() #(2 3))",
        ),
        ("(let ((v (vector 1 2))) (vector-fill! v 7) v)", "#(7 7)"),
        (
            "(list (vector-map + #(1 2) #(10 20)) (let ((n 0)) (vector-for-each (lambda (x) (set! n (+ n x))) #(1 2 3)) n))",
            "(#(11 22) 6)",
        ),
    ]);
}

#[test]
fn hash_tables_take_any_key() {
    prints(
        "(define t (make-hash-table))
         (for-each (lambda (key value) (hash-table-set! t key value))
           (list 1 1.0 \"one\" 'one #\\1 '(1 (2)) #(1 2) '() #t)
           '(int float string symbol char list vector nil true))
         (write (map (lambda (key) (hash-table-ref/default t key #f))
           (list 1 1.0 (string-append \"o\" \"ne\") 'one #\\1 (list 1 (list 2)) (vector 1 2) '() #t 2)))
         (newline)
         (hash-table-delete! t 1) (hash-table-delete! t 'absent)
         (write (list (hash-table-count t) (hash-table-ref/default t 1 'gone) (hash-table-contains? t 1.0)))
         (newline)
         (hash-table-update!/default t 'n (lambda (n) (+ n 1)) 0)
         (hash-table-update! t 'n (lambda (n) (+ n 1)))
         (hash-table-update! t 'm (lambda (n) (+ n 1)) (lambda () 10))
         (write (list (hash-table-ref t 'n) (hash-table-ref t 'm) (hash-table-ref t 'x (lambda () 'none))))
         (write t)",
        "(int float string symbol char list vector nil true #f)\n(8 gone #t)\n(2 11 none)#<hash-table of 10>",
    );
}

#[test]
fn hash_tables_agree_with_lists() {
    prints(
        "(define t (make-hash-table))
         (do ((i 0 (+ i 1))) ((= i 5000))
           (hash-table-set! t (modulo (* i 7919) 1000) i)
           (when (= 0 (modulo i 3)) (hash-table-delete! t (modulo (* i 31) 1000))))
         (define log '())
         (do ((i 0 (+ i 1))) ((= i 5000))
           (set! log (cons (cons (modulo (* i 7919) 1000) i) log))
           (when (= 0 (modulo i 3)) (set! log (cons (cons (modulo (* i 31) 1000) #f) log))))
         (do ((key 0 (+ key 1)) (wrong 0 (if (eqv? (hash-table-ref/default t key #f) (let ((e (assv key log))) (and e (cdr e)))) wrong (+ wrong 1))))
             ((= key 1000) (write wrong)))
         (hash-table-clear! t)
         (write (list (hash-table-count t) (hash-table->alist t)))
         (hash-table-set! t 'b 1) (hash-table-set! t 'a 2) (hash-table-set! t 'b 3)
         (write (list (hash-table-keys t) (hash-table-values t) (hash-table->alist t)))",
        "0(0 ())((b a) (3 2) ((b . 3) (a . 2)))",
    );
}

#[test]
fn equality() {
    evaluates(&[
        (
            "(list (eq? 'a 'a) (eq? '() '()) (eq? (list 1) (list 1)) (eqv? 1 1) (eqv? 1 1.0) (eqv? \"a\" \"a\"))",
            "(#t #t #f #t #f #f)",
        ),
        (
            "(list (equal? '(1 (2 #(3))) (list 1 (list 2 (vector 3)))) (equal? \"ab\" \"ab\") (equal? 1 1.0) (equal? '(1 2) '(1 3)))",
            "(#t #t #f #f)",
        ),
        ("(let ((f (lambda () 1))) (list (eq? f f) (equal? f (lambda () 1)) (eq? car car)))", "(#t #f #t)"),
    ]);
}

#[test]
fn display_and_write_differ_in_quotes() {
    prints("(display '(\"a\" #\\b c)) (write '(\"a\" #\\b c))", "(a b c)(\"a\" #\\b c)");
}

#[test]
fn circular_data_are_written_with_labels() {
    prints(
        "(define l (list 1 2 3)) (set-cdr! (cddr l) l) (write l) (newline)
         (define m (list 1 2)) (set-car! (cdr m) m) (write m) (newline)
         (define v (vector 1 2)) (vector-set! v 0 v) (display v) (newline)
         (define a (list 'a)) (define b (list 'b a)) (set-cdr! a b) (write (list a b)) (newline)
         (define shared (list 1)) (write (list shared shared)) (newline)
         (define q (list 'quote 1)) (set-cdr! (cdr q) (cdr q)) (write q) (newline)
         (define q (list 'quote 1)) (set-car! (cdr q) q) (write q) (newline)",
        "#0=(1 2 3 . #0#)\n#0=(1 #0#)\n#0=#(#0# 2)\n(#0=(a b #0#) (b #0#))\n((1) (1))\n\
         (quote . #0=(1 . #0#))\n#0='#0#\n",
    );
}

#[test]
fn circular_data_are_compared() {
    prints(
        "(define (ring . items) (let ((l (list-copy items))) (set-cdr! (last-pair l) l) l))
         (write (list (equal? (ring 1 2) (ring 1 2)) (equal? (ring 1 2) (ring 1 2 1 2)) (equal? (ring 1 2) (ring 1 3))
                      (equal? (ring 1 2) '(1 2 1 2)) (list? (ring 1)) (memv 3 (ring 1 2)) (memv 2 '(1 2))))
         (define t (make-hash-table))
         (hash-table-set! t (ring 1 2) 'found)
         (write (hash-table-ref/default t (ring 1 2) #f))",
        "(#t #t #f #f #f #f (2))found",
    );
}

#[test]
fn files_are_read() {
    prints(
        "(define lines (read-lines \"queens.scm\"))
         (write (car lines))
         (define text (read-file \"queens.scm\"))
         (write (substring text 0 12))
         (write (= (length lines) (length (filter (lambda (c) (char=? c #\\newline)) (string->list text)))))",
        "\"; The queens puzzle: n queens on an n by n board, none of which can take another.\"\"; The queens\"#t",
    );
}
