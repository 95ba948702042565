(display "printed before") (newline)
(define (f)
  (error "oh no:" '(1 "two") 'three))
(f)
