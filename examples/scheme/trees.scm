; Binary trees: many short-lived ones while a large one stays.
; Usage: trees.scm [depth]

(define max-depth
  (let ((arguments (cdr (command-line))))
    (if (pair? arguments) (string->number (car arguments)) 12)))

(define (make-tree depth)
  (if (= depth 0)
      (cons '() '())
      (cons (make-tree (- depth 1)) (make-tree (- depth 1)))))

(define (count-nodes tree)
  (if (null? tree)
      0
      (+ 1 (count-nodes (car tree)) (count-nodes (cdr tree)))))

(define (report count depth nodes)
  (display count)
  (display " trees of depth ")
  (display depth)
  (display " have ")
  (display nodes)
  (display " nodes")
  (newline))

(define long-lived (make-tree max-depth))

(do ((depth 4 (+ depth 4))) ((> depth max-depth))
  (let ((count (expt 2 (- (+ max-depth 2) depth))))
    (do ((i 0 (+ i 1))
         (nodes 0 (+ nodes (count-nodes (make-tree depth)))))
        ((= i count) (report count depth nodes)))))

(display "the long-lived tree has ")
(display (count-nodes long-lived))
(display " nodes")
(newline)
