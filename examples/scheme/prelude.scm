; The procedures that call other procedures, in the language itself: so the machine never has to call into itself.

(define (map f first . others)
  (if (null? others)
      (let loop ((rest first) (done '()))
        (cond ((pair? rest) (loop (cdr rest) (cons (f (car rest)) done)))
              ((null? rest) (reverse done))
              (else (error "map: expected a list, got" first))))
      (let loop ((lists (cons first others)) (done '()))
        (if (all-pairs? lists)
            (loop (cdrs lists) (cons (apply f (cars lists)) done))
            (reverse done)))))

(define (for-each f first . others)
  (if (null? others)
      (let loop ((rest first))
        (cond ((pair? rest) (f (car rest)) (loop (cdr rest)))
              ((null? rest) (void))
              (else (error "for-each: expected a list, got" first))))
      (let loop ((lists (cons first others)))
        (when (all-pairs? lists)
          (apply f (cars lists))
          (loop (cdrs lists))))))

(define (all-pairs? lists)
  (or (null? lists)
      (and (pair? (car lists)) (all-pairs? (cdr lists)))))

(define (cars lists)
  (if (null? lists) '() (cons (car (car lists)) (cars (cdr lists)))))

(define (cdrs lists)
  (if (null? lists) '() (cons (cdr (car lists)) (cdrs (cdr lists)))))

(define (append-map f list) (apply append (map f list)))

(define (filter keep? list)
  (let loop ((rest list) (kept '()))
    (cond ((null? rest) (reverse kept))
          ((keep? (car rest)) (loop (cdr rest) (cons (car rest) kept)))
          (else (loop (cdr rest) kept)))))

(define (remove drop? list) (filter (lambda (item) (not (drop? item))) list))

(define (delete item list) (remove (lambda (other) (equal? item other)) list))

(define (fold-left f start list)
  (let loop ((result start) (rest list))
    (if (null? rest) result (loop (f result (car rest)) (cdr rest)))))

(define (fold-right f start list)
  (let loop ((result start) (rest (reverse list)))
    (if (null? rest) result (loop (f (car rest) result) (cdr rest)))))

(define (fold f start list)
  (fold-left (lambda (result item) (f item result)) start list))

(define (reduce f start list)
  (if (null? list) start (fold f (car list) (cdr list))))

(define (find wanted? list)
  (let loop ((rest list))
    (cond ((null? rest) #f)
          ((wanted? (car rest)) (car rest))
          (else (loop (cdr rest))))))

(define (any wanted? list)
  (let loop ((rest list))
    (and (pair? rest) (or (wanted? (car rest)) (loop (cdr rest))))))

(define (every wanted? list)
  (let loop ((rest list))
    (or (null? rest) (and (wanted? (car rest)) (loop (cdr rest))))))

(define (list-index wanted? list)
  (let loop ((rest list) (index 0))
    (cond ((null? rest) #f)
          ((wanted? (car rest)) index)
          (else (loop (cdr rest) (+ index 1))))))

; A stable merge sort that takes runs of one, two, four … items from the front of the list.
(define (sort sequence less?)
  (define (merge a b)
    (let loop ((a a) (b b) (done '()))
      (cond ((null? a) (append-reverse done b))
            ((null? b) (append-reverse done a))
            ((less? (car b) (car a)) (loop a (cdr b) (cons (car b) done)))
            (else (loop (cdr a) b (cons (car a) done))))))
  (define (sorted list count)
    (if (= count 1)
        (cons (car list) '())
        (let ((half (quotient count 2)))
          (merge (sorted list half)
                 (sorted (list-tail list half) (- count half))))))
  (cond ((vector? sequence) (list->vector (sort (vector->list sequence) less?)))
        ((null? sequence) '())
        (else (sorted sequence (length sequence)))))

(define (append-reverse front back)
  (if (null? front)
      back
      (append-reverse (cdr front) (cons (car front) back))))

(define (vector-map f . vectors)
  (list->vector (apply map f (map vector->list vectors))))

(define (vector-for-each f . vectors)
  (apply for-each f (map vector->list vectors)))

(define (string-for-each f . strings)
  (apply for-each f (map string->list strings)))

(define (hash-table-ref table key . fail)
  (cond ((hash-table-contains? table key) (hash-table-ref/default table key))
        ((pair? fail) ((car fail)))
        (else (error "hash-table-ref: no such key:" key))))

(define (hash-table-update!/default table key f default)
  (hash-table-set! table key (f (hash-table-ref/default table key default))))

(define (hash-table-update! table key f . fail)
  (hash-table-set! table key (f (apply hash-table-ref table key fail))))

(define (hash-table-walk table f)
  (for-each (lambda (entry) (f (car entry) (cdr entry))) (hash-table->alist table)))

(define (call-with-error-handler handler thunk)
  (guard (e (#t (handler e))) (thunk)))
