; Building strings, and taking them apart.

(define (repeat text n)
  (if (= n 0) "" (string-append text (repeat text (- n 1)))))

(define (fizz-buzz n)
  (let ((word (string-append (if (= 0 (modulo n 3)) "Fizz" "")
                             (if (= 0 (modulo n 5)) "Buzz" ""))))
    (if (string=? word "") (number->string n) word)))

(display (string-join (map fizz-buzz (iota 15 1)) " "))
(newline)

; A letter moves by n places in the alphabet.
(define (rotate text n)
  (define (shift char base)
    (integer->char (+ base (modulo (+ n (- (char->integer char) base)) 26))))
  (list->string
    (map (lambda (char)
           (cond ((and (char<=? #\a char) (char<=? char #\z)) (shift char 97))
                 ((and (char<=? #\A char) (char<=? char #\Z)) (shift char 65))
                 (else char)))
         (string->list text))))

(define secret (rotate "Hello, mudlark!" 13))
(write secret) (display " ") (write (rotate secret 13))
(newline)

(define (palindrome? text)
  (let ((letters (filter char-alphabetic? (string->list (string-downcase text)))))
    (equal? letters (reverse letters))))

(for-each
  (lambda (text) (write text) (display (if (palindrome? text) " is" " is not")) (display " a palindrome") (newline))
  '("A man, a plan, a canal: Panama!" "A pair, a cell, a closure" "Ésope reste ici et se repose"))

; Each line describes the one before it: 1, 11 (one 1), 21 (two 1s), 1211 …
(define (look-and-say text)
  (let loop ((rest (string->list text)) (said '()))
    (if (null? rest)
        (apply string-append (reverse said))
        (let run ((rest rest) (digit (car rest)) (count 0))
          (if (and (pair? rest) (char=? (car rest) digit))
              (run (cdr rest) digit (+ count 1))
              (loop rest (cons (string-append (number->string count) (string digit)) said)))))))

(do ((i 1 (+ i 1)) (text "1" (look-and-say text)))
    ((= i 35) (display "line 35 has ") (display (string-length text)) (display " digits") (newline))
  (when (< i 7) (display text) (newline)))

(display (string-length (repeat "mudlark " 1000)))
(newline)
