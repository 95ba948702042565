//! From data to programs: a form becomes a tree of [`Node`](node::Node)s in which every name is resolved.
//!
//! ```text
//!   (let ((x 1)) (lambda () x))          reader: data
//!          │ expand
//!          ▼
//!   Let x = Constant 1                   syntax: few kinds of nodes, names are variables,
//!     Lambda: Local x                    and x is known to be captured, but not assigned
//!          │ compile
//!          ▼
//!   constant 1; closure [x]; return      compile: a row of operations for the machine
//! ```
//!
//! The derived forms (`cond`, `do`, named `let` …) become nodes and not other forms; so a program that calls one of its
//! variables `if` or `list` does not break them.

pub mod body;
pub mod conditional;
pub mod expander;
pub mod forms;
pub mod node;
pub mod quasiquote;
pub mod scope;
