; Destructive list surgery: lists are cut, turned around and knotted without a new pair.

(define (reverse! list)
  (let loop ((rest list) (done '()))
    (if (null? rest)
        done
        (let ((next (cdr rest)))
          (set-cdr! rest done)
          (loop next rest)))))

; Cuts a list after n items, and returns the rest.
(define (cut! list n)
  (let* ((end (list-tail list (- n 1)))
         (rest (cdr end)))
    (set-cdr! end '())
    rest))

; Brings two lists together, item by item, in the pairs they are made of.
(define (riffle! a b)
  (if (null? a)
      b
      (let ((rest (cdr a)))
        (set-cdr! a (riffle! b rest))
        a)))

; A perfect shuffle of 52 cards puts the cards back in their order after eight times.
(define (shuffle! cards)
  (let ((rest (cut! cards (quotient (length cards) 2))))
    (riffle! cards rest)))

(define (shuffles-until-sorted cards)
  (let ((sorted (list-copy cards)))
    (let loop ((cards (shuffle! cards)) (count 1))
      (if (equal? cards sorted) count (loop (shuffle! cards) (+ count 1))))))

(display "52 cards are in order again after ")
(display (shuffles-until-sorted (iota 52 1)))
(display " perfect shuffles")
(newline)

; Josephus: of n people in a circle every third one leaves; who stays?
(define (survivor n)
  (let ((circle (iota n 1)))
    (set-cdr! (last-pair circle) circle)
    (let loop ((before (cdr circle)) (left n))
      (if (= left 1)
          (car before)
          (begin
            (set-cdr! before (cddr before))
            (loop (cddr before) (- left 1)))))))

(display "of 41 people, number ")
(display (survivor 41))
(display " survives")
(newline)

(define numbers (iota 1000))
(do ((i 0 (+ i 1))) ((= i 400))
  (set! numbers (reverse! numbers))
  (let ((rest (cut! numbers 300)))
    (set-cdr! (last-pair rest) numbers)
    (set! numbers rest)))
(display "the sum is still ")
(display (apply + numbers))
(display ", and the first ones are ")
(write (list (list-ref numbers 0) (list-ref numbers 1) (list-ref numbers 2)))
(newline)
