; Symbolic derivation, with the simplifications that keep the result readable.

(define (number-of? x n) (and (number? x) (= x n)))

(define (sum a b)
  (cond ((and (number? a) (number? b)) (+ a b))
        ((number-of? a 0) b)
        ((number-of? b 0) a)
        ((equal? a b) (product 2 a))
        (else `(+ ,a ,b))))

(define (product a b)
  (cond ((and (number? a) (number? b)) (* a b))
        ((or (number-of? a 0) (number-of? b 0)) 0)
        ((number-of? a 1) b)
        ((number-of? b 1) a)
        ((number? b) (product b a))
        ((and (number? a) (pair? b) (eq? (car b) '*) (number? (cadr b)))
         (product (* a (cadr b)) (caddr b)))
        (else `(* ,a ,b))))

(define (power base n)
  (cond ((= n 0) 1)
        ((= n 1) base)
        (else `(^ ,base ,n))))

(define (deriv e x)
  (cond ((number? e) 0)
        ((symbol? e) (if (eq? e x) 1 0))
        (else
         (let ((a (cadr e)) (b (and (pair? (cddr e)) (caddr e))))
           (case (car e)
             ((+) (sum (deriv a x) (deriv b x)))
             ((*) (sum (product (deriv a x) b) (product a (deriv b x))))
             ((^) (product b (product (power a (- b 1)) (deriv a x))))
             ((sin) (product `(cos ,a) (deriv a x)))
             ((cos) (product -1 (product `(sin ,a) (deriv a x))))
             ((exp) (product e (deriv a x)))
             (else (error "deriv: unknown operator:" (car e))))))))

(for-each
  (lambda (e)
    (display "d/dx ") (write e)
    (display " = ") (write (deriv e 'x))
    (newline))
  '(5
    x
    (+ x x)
    (* 3 (* x x))
    (^ x 5)
    (+ (* a (^ x 2)) (+ (* b x) c))
    (sin (* 2 x))
    (exp (cos x))))

; The tenth derivative of x^20 has 20 * 19 * … * 11 before it.
(define (nth-deriv e n) (if (= n 0) e (nth-deriv (deriv e 'x) (- n 1))))
(display "the tenth derivative of (^ x 20) = ")
(write (nth-deriv '(^ x 20) 10))
(newline)

; The same many times over: this is all garbage at once.
(do ((i 0 (+ i 1))) ((= i 1000))
  (nth-deriv '(* (sin (* 2 x)) (exp x)) 3))
