; Counts the words of a file, and shows the ten commonest.
; Usage: wordcount.scm file

(define file
  (let ((arguments (cdr (command-line))))
    (if (null? arguments)
        (error "usage: wordcount.scm file")
        (car arguments))))

; Calls use with each word of a line, in small letters.
(define (for-each-word use line)
  (let ((end (string-length line)))
    (define (letter? i)
      (and (< i end) (char-alphabetic? (string-ref line i))))
    (let loop ((i 0))
      (cond ((>= i end))
            ((letter? i)
             (let word ((j i))
               (if (letter? j)
                   (word (+ j 1))
                   (begin
                     (use (string-downcase (substring line i j)))
                     (loop j)))))
            (else (loop (+ i 1)))))))

(define counts (make-hash-table))
(define total 0)

(for-each
  (lambda (line)
    (for-each-word
      (lambda (word)
        (set! total (+ total 1))
        (hash-table-update!/default counts word (lambda (n) (+ n 1)) 0))
      line))
  (read-lines file))

; More often first; words that are as often in the order of the alphabet.
(define (before? a b)
  (or (> (cdr a) (cdr b))
      (and (= (cdr a) (cdr b)) (string<? (car a) (car b)))))

(define (pad-left text width)
  (string-append (make-string (max 0 (- width (string-length text))) #\space) text))

(display (string-append (number->string total) " words, "
                        (number->string (hash-table-count counts)) " different"))
(newline)
(let loop ((rest (sort (hash-table->alist counts) before?)) (left 10))
  (when (and (pair? rest) (> left 0))
    (display (pad-left (number->string (cdar rest)) 6))
    (display "  ")
    (display (caar rest))
    (newline)
    (loop (cdr rest) (- left 1))))
