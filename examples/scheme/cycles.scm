; Garbage that counting alone cannot free: everything here is part of a circle.
; With the collector memory stays flat; with --no-collect it grows.
; Usage: cycles.scm [rounds]

(define rounds
  (let ((arguments (cdr (command-line))))
    (if (pair? arguments) (string->number (car arguments)) 20000)))

; A node of a doubly linked ring: its value, the one before, the one after.
(define (make-node value) (vector value #f #f))
(define (node-value node) (vector-ref node 0))
(define (after node) (vector-ref node 2))

(define (link! a b)
  (vector-set! a 2 b)
  (vector-set! b 1 a))

(define (make-ring n)
  (let ((first (make-node 0)))
    (let loop ((last first) (i 1))
      (if (= i n)
          (begin (link! last first) first)
          (let ((next (make-node i)))
            (link! last next)
            (loop next (+ i 1)))))))

(define (ring-sum ring)
  (let loop ((node (after ring)) (sum (node-value ring)))
    (if (eq? node ring) sum (loop (after node) (+ sum (node-value node))))))

; Two procedures that know each other by the variables they share, and a counter that both change.
(define (make-players)
  (define hits 0)
  (define (ping n) (set! hits (+ hits 1)) (if (= n 0) hits (pong (- n 1))))
  (define (pong n) (set! hits (+ hits 1)) (if (= n 0) hits (ping (- n 1))))
  ping)

; A table that holds itself.
(define (make-knot)
  (let ((table (make-hash-table)))
    (hash-table-set! table 'self table)
    table))

(define (run rounds)
  (let loop ((i 0) (sum 0))
    (if (= i rounds)
        sum
        (let ((knot (make-knot)))
          (loop (+ i 1)
                (+ sum
                   (ring-sum (make-ring 10))
                   ((make-players) 3)
                   (hash-table-count (hash-table-ref knot 'self))))))))

(display "the sum of ")
(display rounds)
(display " rounds is ")
(display (run rounds))
(newline)
