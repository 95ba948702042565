; Takeuchi's function: calls, and nearly nothing else.

(define (tak x y z)
  (if (< y x)
      (tak (tak (- x 1) y z)
           (tak (- y 1) z x)
           (tak (- z 1) x y))
      z))

(display "(tak 18 12 6) = ")
(display (tak 18 12 6))
(newline)

; The same with lists for numbers: what is compared is their length.
(define (list-of n) (if (= n 0) '() (cons n (list-of (- n 1)))))

(define (shorter? a b)
  (and (pair? b)
       (or (null? a) (shorter? (cdr a) (cdr b)))))

(define (takl x y z)
  (if (shorter? y x)
      (takl (takl (cdr x) y z)
            (takl (cdr y) z x)
            (takl (cdr z) x y))
      z))

(display "(takl 18 12 6) = ")
(display (length (takl (list-of 18) (list-of 12) (list-of 6))))
(newline)
