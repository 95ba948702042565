//! Where a body is interrupted to look at the memory.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, Attribute, Block, Expr, ExprAsync, ExprAwait, ExprClosure, ExprConst, ExprForLoop, ExprIf, ExprMacro,
    ExprWhile, Ident, Item, ReturnType, Stmt, StmtMacro, Token, parse_quote_spanned,
};

use crate::source::Source;

/// Puts a probe before each statement, with the index of its line; before each round of a loop, with that of its head; and
/// where a block ends.
///
/// What runs elsewhere or at another time is left as it is: closures, async blocks, items.
pub(crate) struct Probes<'a> {
    source: &'a Source,
    call: &'a Ident,
    is_async: bool,
    /// The line of the last probe, as the text goes: a line has one.
    last: Option<usize>,
}

impl<'a> Probes<'a> {
    pub(crate) fn new(source: &'a Source, call: &'a Ident, is_async: bool) -> Self {
        Self { source, call, is_async, last: Some(0) }
    }

    /// The whole body of the function, whose end is always seen, since parameters end there too.
    ///
    /// If the value is `held`, it is there before the body ends: what was made on the way to it, and may have borrowed parameters,
    /// has been dropped.
    pub(crate) fn visit_body(&mut self, body: &mut Block, held: Option<&ReturnType>) {
        self.visit_statements(body);
        let value = held.and_then(|output| hold_value(body, output));
        self.mark_end(body);
        body.stmts.extend(value);
    }

    /// The statement that says that from here on it is this line's turn, if that is not so already.
    fn probe(&mut self, line: Option<usize>) -> Option<Stmt> {
        if line == self.last {
            return None;
        }
        self.last = line;
        self.certain_probe(line)
    }

    fn certain_probe(&self, line: Option<usize>) -> Option<Stmt> {
        let (call, line) = (self.call, line?);
        Some(parse_quote_spanned!(Span::mixed_site()=> #call.at(#line);))
    }

    /// Where a statement begins, after its attributes.
    fn line_of(&self, statement: &Stmt) -> Option<usize> {
        match statement {
            Stmt::Local(local) => self.source.index_of_span(local.let_token.span),
            _ => self.source.index_of(statement),
        }
    }

    fn visit_statements(&mut self, block: &mut Block) {
        let mut statements = Vec::with_capacity(2 * block.stmts.len());
        for mut statement in block.stmts.drain(..) {
            let line = self.line_of(&statement);
            let conditions = conditions(&statement);
            if let Some(probe) = Some(&statement).filter(|it| is_seen(it)).and_then(|_| self.probe(line)) {
                statements.push(parse_quote_spanned!(Span::mixed_site()=> #(#conditions)* { #probe }));
            }
            self.visit_stmt_mut(&mut statement);
            statements.push(statement);
        }
        block.stmts = statements;
    }

    /// What the block's variables held is freed at the line of its last brace. A variable that is made last is dropped first,
    /// but after the expression that is the block's value.
    fn mark_end(&mut self, block: &mut Block) {
        let line = self.source.index_of_span(block.brace_token.span.close());
        let (call, Some(line)) = (self.call, line.filter(|_| line != self.last)) else { return };
        self.last = Some(line);
        // After a block that always returns, it is no mistake that nothing reaches it.
        let end = parse_quote_spanned! {Span::mixed_site()=>
            #[allow(unreachable_code)]
            let _end = #call.closing(#line);
        };
        let has_value = match block.stmts.last() {
            Some(Stmt::Expr(_, semicolon)) => semicolon.is_none(),
            Some(Stmt::Macro(invocation)) => invocation.semi_token.is_none(),
            _ => false,
        };
        block.stmts.insert(block.stmts.len() - usize::from(has_value), end);
    }

    /// `while` is a loop that begins with its condition, and that is how it gets a probe before it.
    fn as_loop(&mut self, head: ExprWhile) -> Expr {
        let ExprWhile { attrs, label, while_token, cond, body } = head;
        let line = self.source.index_of_span(while_token.span);
        let probe = self.certain_probe(line);
        let span = while_token.span.resolved_at(Span::mixed_site());
        let if_token = Token![if](span);
        let repeated = quote_spanned!(span=> { #probe #if_token #cond #body else { break; } });
        let loop_token = Token![loop](span);
        Expr::Verbatim(quote!(#(#attrs)* #label #loop_token #repeated))
    }

    /// An expression in a block with a probe before it.
    fn after_probe(&self, probe: &Stmt, expression: &Expr) -> Expr {
        parse_quote_spanned!(Span::mixed_site()=> { #probe #expression })
    }

    fn awaited(&self, base: &Expr) -> TokenStream {
        let call = self.call;
        quote_spanned! {Span::mixed_site()=>
            (match ::core::future::IntoFuture::into_future(#base) {
                future => {
                    let mut future = ::core::pin::pin!(future);
                    ::core::future::poll_fn(|context| #call.poll(future.as_mut(), context)).await
                }
            })
        }
    }
}

impl VisitMut for Probes<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let has_variables = block.stmts.iter().any(|statement| matches!(statement, Stmt::Local(_)));
        self.visit_statements(block);
        if has_variables {
            self.mark_end(block);
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::While(head) = expression {
            let span = head.span();
            let head = core::mem::replace(head, parse_quote_spanned!(span=> while false {}));
            *expression = self.as_loop(head);
        } else if let (true, Expr::Await(ExprAwait { base, .. })) = (self.is_async, &*expression) {
            *expression = Expr::Verbatim(self.awaited(base));
        }
    }

    fn visit_expr_while_mut(&mut self, head: &mut ExprWhile) {
        // The probe that `as_loop` makes stands before all of this.
        self.last = self.source.index_of_span(head.while_token.span);
        visit_mut::visit_expr_while_mut(self, head);
    }

    fn visit_expr_for_loop_mut(&mut self, head: &mut ExprForLoop) {
        self.visit_expr_mut(&mut head.expr);
        if let Some(line) = self.source.index_of_span(head.for_token.span) {
            let (call, iterable) = (self.call, &head.expr);
            head.expr = parse_quote_spanned!(Span::mixed_site()=> #call.each(#line, #iterable));
        }
        self.visit_block_mut(&mut head.body);
    }

    fn visit_expr_if_mut(&mut self, head: &mut ExprIf) {
        self.visit_expr_mut(&mut head.cond);
        self.visit_block_mut(&mut head.then_branch);
        let Some((_, otherwise)) = &mut head.else_branch else { return };
        let probe = match &**otherwise {
            Expr::If(next) => self.probe(self.source.index_of_span(next.if_token.span)),
            _ => None,
        };
        self.visit_expr_mut(otherwise);
        if let Some(probe) = probe {
            **otherwise = self.after_probe(&probe, otherwise);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        let probe = self.probe(self.source.index_of(&arm.pat));
        if let Some((_, guard)) = &mut arm.guard {
            self.visit_expr_mut(guard);
        }
        self.visit_expr_mut(&mut arm.body);
        if let Some(probe) = probe {
            *arm.body = self.after_probe(&probe, &arm.body);
        }
    }

    fn visit_expr_closure_mut(&mut self, _: &mut ExprClosure) {}

    fn visit_expr_async_mut(&mut self, _: &mut ExprAsync) {}

    fn visit_expr_const_mut(&mut self, _: &mut ExprConst) {}

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// Makes the expression that is the body's value a statement, and returns what is the value then. Its type stays as it was said.
fn hold_value(body: &mut Block, output: &ReturnType) -> Option<Stmt> {
    let value = match body.stmts.pop()? {
        Stmt::Expr(value, None) => value,
        Stmt::Macro(StmtMacro { attrs, mac, semi_token: None }) => Expr::Macro(ExprMacro { attrs, mac }),
        other => {
            body.stmts.push(other);
            return None;
        }
    };
    let span = value.span().resolved_at(Span::mixed_site());
    let ReturnType::Type(_, ty) = output else {
        body.stmts.push(Stmt::Expr(value, Some(Token![;](span))));
        return None;
    };
    body.stmts.push(parse_quote_spanned!(span=> let value: #ty = #value;));
    let name = Ident::new("value", span);
    // Nothing reaches it if the body always returns before, which is no mistake.
    let held = parse_quote_spanned!(span=> #[allow(unreachable_code)] #name);
    Some(Stmt::Expr(held, None))
}

/// Whether a statement gets a probe of its own: items do nothing, and `while` has one inside.
fn is_seen(statement: &Stmt) -> bool {
    !matches!(statement, Stmt::Item(_) | Stmt::Expr(Expr::While(_), _))
}

/// What says whether the statement is there at all.
fn conditions(statement: &Stmt) -> Vec<Attribute> {
    let attributes = match statement {
        Stmt::Local(local) => &local.attrs,
        Stmt::Macro(invocation) => &invocation.attrs,
        _ => return Vec::new(),
    };
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}
