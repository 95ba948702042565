//! [`Trace`] for types of core that hold others in place.

use core::cell::{Cell, OnceCell, RefCell};
use core::cmp::Reverse;
use core::num::{Saturating, Wrapping};
use core::ops::Range;

use crate::sendable::Within;
use crate::trace::{NamedTracer, Trace, Tracer};

/// What holds for a type that has nothing but these members.
macro_rules! as_members {
    ($($member:ident)+) => {
        fn needs_trace(depth: u32) -> bool {
            $($member::needs_trace(depth))||+
        }

        fn is_bare() -> bool {
            $($member::is_bare())&&+
        }

        fn is_sendable(within: &Within<'_>) -> bool
        where
            Self: 'static,
        {
            $($member::is_sendable(within))&&+
        }
    };
}

/// Tuples of this many members.
macro_rules! tuples {
    ($($member:ident $index:tt)+) => {
        // SAFETY: reports what each member reports, once.
        unsafe impl<$($member: Trace),+> Trace for ($($member,)+) {
            #[inline]
            fn trace(&self, tracer: &mut Tracer<'_>) {
                $(self.$index.trace(tracer);)+
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                $(tracer.field(stringify!($index), &self.$index);)+
            }

            as_members! { $($member)+ }
        }
    };
}

tuples! { A 0 }
tuples! { A 0 B 1 }
tuples! { A 0 B 1 C 2 }
tuples! { A 0 B 1 C 2 D 3 }
tuples! { A 0 B 1 C 2 D 3 E 4 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 }
tuples! { A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 }

/// Wrappers with one public field.
macro_rules! wrappers {
    ($($type:ident),+) => {$(
        // SAFETY: reports what the one field reports.
        unsafe impl<T: Trace> Trace for $type<T> {
            #[inline]
            fn trace(&self, tracer: &mut Tracer<'_>) {
                self.0.trace(tracer);
            }

            fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
                self.0.trace_named(tracer);
            }

            as_members! { T }
        }
    )+};
}

wrappers! { Wrapping, Saturating, Reverse }

// SAFETY: reports what both ends report.
unsafe impl<T: Trace> Trace for Range<T> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.start.trace(tracer);
        self.end.trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        tracer.field("start", &self.start);
        tracer.field("end", &self.end);
    }

    as_members! { T }
}

// SAFETY: reports what the member reports, if there is one.
unsafe impl<T: Trace> Trace for Option<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(value) = self {
            value.trace(tracer);
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        if let Some(value) = self {
            value.trace_named(tracer);
        }
    }

    as_members! { T }
}

// SAFETY: reports what the one member reports.
unsafe impl<T: Trace, E: Trace> Trace for Result<T, E> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        match self {
            Ok(value) => value.trace(tracer),
            Err(error) => error.trace(tracer),
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        match self {
            Ok(value) => tracer.field("Ok", value),
            Err(error) => tracer.field("Err", error),
        }
    }

    as_members! { T E }
}

// SAFETY: reports what each element reports, once.
unsafe impl<T: Trace> Trace for [T] {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.iter().for_each(|element| element.trace(tracer));
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.iter().enumerate().for_each(|(index, element)| tracer.element(index, element));
    }
}

// SAFETY: reports what each element reports, once.
unsafe impl<T: Trace, const N: usize> Trace for [T; N] {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.as_slice().trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        self.as_slice().trace_named(tracer);
    }

    as_members! { T }
}

// SAFETY: reports what the value inside reports.
unsafe impl<T: Trace> Trace for Cell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        // SAFETY: the cell is not shared between threads, and a trace, by its contract, runs nothing that could write
        // to it meanwhile.
        unsafe { &*self.as_ptr() }.trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        // SAFETY: as above.
        unsafe { &*self.as_ptr() }.trace_named(tracer);
    }

    as_members! { T }
}

// SAFETY: reports what the value inside reports; nothing while it is mutably borrowed, so that what it holds then
// counts as held from outside.
unsafe impl<T: Trace> Trace for RefCell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        // SAFETY: a trace, by its contract, borrows nothing mutably meanwhile.
        match unsafe { self.try_borrow_unguarded() } {
            Ok(value) => value.trace(tracer),
            Err(_) => tracer.opaque(),
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        // SAFETY: as above.
        if let Ok(value) = unsafe { self.try_borrow_unguarded() } {
            value.trace_named(tracer);
        }
    }

    as_members! { T }
}

// SAFETY: reports what the value inside reports, if there is one.
unsafe impl<T: Trace> Trace for OnceCell<T> {
    #[inline]
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some(value) = self.get() {
            value.trace(tracer);
        }
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        if let Some(value) = self.get() {
            value.trace_named(tracer);
        }
    }

    as_members! { T }
}
