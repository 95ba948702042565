; The queens puzzle: n queens on an n by n board, none of which can take another.
; Usage: queens.scm [n]

(define size
  (let ((arguments (cdr (command-line))))
    (if (pair? arguments) (string->number (car arguments)) 8)))

; A solution is a list of columns, the latest row first.
(define (safe? column queens)
  (let loop ((rest queens) (distance 1))
    (or (null? rest)
        (let ((other (car rest)))
          (and (not (= other column))
               (not (= (abs (- other column)) distance))
               (loop (cdr rest) (+ distance 1)))))))

(define (for-each-solution use)
  (let place ((row 0) (queens '()))
    (if (= row size)
        (use queens)
        (do ((column 0 (+ column 1)))
            ((= column size))
          (when (safe? column queens)
            (place (+ row 1) (cons column queens)))))))

(define (print-board queens)
  (for-each (lambda (queen)
              (do ((column 0 (+ column 1)))
                  ((= column size) (newline))
                (display (if (= column queen) "Q " ". "))))
            queens))

(define count 0)
(for-each-solution
  (lambda (queens)
    (when (= count 0) (print-board queens))
    (set! count (+ count 1))))

(display count)
(display " solutions")
(newline)
