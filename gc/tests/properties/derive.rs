//! `#[derive(Trace)]`.

use mudlark_gc::{Collector, Gc, Trace};

#[test]
fn recursive_types_are_tracked_whether_they_hold_handles_or_not() {
    #[derive(Trace)]
    struct Tree {
        children: Vec<Tree>,
        by_name: std::collections::HashMap<String, Tree>,
    }
    let collector = Collector::new();
    let tree = Tree { children: vec![], by_name: Default::default() };
    let tree = Gc::new_in(Tree { children: vec![tree], by_name: Default::default() }, &collector);
    assert!(Gc::is_tracked(&tree));
    assert_eq!(tree.children.len() + tree.by_name.len(), 1);
}

#[test]
fn the_derive_takes_structs_enums_generics_and_skips() {
    #[derive(Trace)]
    struct Unit;
    #[derive(Trace)]
    struct Generic<T, const N: usize>([Option<T>; N], Unit);
    #[derive(Trace)]
    enum Shape<T> {
        Empty,
        Tuple(T, Gc<u8>),
        Named {
            left: Gc<T>,
            #[trace(skip)]
            _note: core::marker::PhantomPinned,
        },
    }
    #[derive(Trace)]
    enum Never {}
    #[derive(Trace)]
    #[trace(bound = "K: Trace, V: Trace + Ord")]
    struct Bounded<K, V: Ord>(std::collections::BTreeMap<V, K>);

    let collector = Collector::new();
    let byte = Gc::new_in(1, &collector);
    let tuple = Gc::new_in(Shape::Tuple(byte.clone(), byte.clone()), &collector);
    let named =
        Gc::new_in(Shape::Named { left: Gc::new_in(2, &collector), _note: core::marker::PhantomPinned }, &collector);
    assert_eq!(Gc::referents(&tuple).len(), 2);
    assert_eq!(Gc::referents(&named).len(), 1);
    assert!(!Gc::is_tracked(&Gc::new_in(Generic([Some(1), None], Unit), &collector)));
    assert!(Gc::is_tracked(&Gc::new_in(Generic([Some(byte)], Unit), &collector)));
    assert!(!Gc::is_tracked(&Gc::new_in(Bounded([(1, 2)].into()), &collector)));
    assert!(!<Never as Trace>::needs_trace(1));
    assert!(matches!(Shape::<u8>::Empty, Shape::Empty));
    if let Shape::Named { left, .. } = &*named {
        assert_eq!(**left, 2);
    }
}

#[test]
#[expect(
    non_upper_case_globals,
    dead_code,
    reason = "names that a derive might use by accident mean something else here"
)]
fn the_derive_is_hygienic() {
    const tracer: u8 = 0;
    const field_0: u8 = 0;
    enum Option {
        Some,
    }
    macro_rules! define {
        ($name:ident { $($field:ident: $type:ty),* }) => {
            #[derive(Trace)]
            struct $name<'r#loop: 'static, T: 'static, const depth: usize>
            where
                T: Clone,
            {
                r#type: Gc<T>,
                tracer: [T; depth],
                #[trace(skip)]
                borrowed: &'r#loop str,
                $($field: $type),*
            }
        };
    }
    define!(Odd { option: core::option::Option<Gc<u8>> });
    let collector = Collector::new();
    let byte = Gc::new_in(1_u8, &collector);
    let odd = Odd { r#type: byte.clone(), tracer: [1, 2], borrowed: "", option: Some(byte) };
    let odd = Gc::new_in(odd, &collector);
    assert_eq!(Gc::referents(&odd).len(), 2);
    assert_eq!((odd.r#type.count_ones(), odd.tracer, odd.borrowed, odd.option.is_some()), (1, [1, 2], "", true));
}

#[test]
fn the_derive_works_in_macros_that_make_whole_types() {
    use mudlark_gc as collector_crate;

    macro_rules! node {
        ($(#[$meta:meta])* $name:ty => $ident:ident[$($generics:tt)*], $payload:ty, $skipped:ty, $($variant:ident)*) => {
            #[derive(Trace)]
            #[trace(crate = collector_crate)]
            $(#[$meta])*
            enum $ident $($generics)* {
                $(
                    #[expect(dead_code, reason = "one variant is enough")]
                    $variant(Option<Gc<$name>>, $payload),
                )*
                Last {
                    payload: $payload,
                    #[trace(skip)]
                    _skipped: $skipped,
                },
            }
        };
    }
    node!(Plain => Plain[], Option<Gc<u8>>, core::marker::PhantomPinned, First Second);
    node!(#[trace(bound = "T: Trace + Default")] Generic<T> => Generic[<T: Default>], Vec<T>, (), Only);
    let collector = Collector::new();
    let byte = Gc::new_in(1, &collector);
    let plain = Plain::Last { payload: Some(byte.clone()), _skipped: core::marker::PhantomPinned };
    assert_eq!(Gc::referents(&Gc::new_in(plain, &collector)).len(), 1);
    let generic = Generic::Last { payload: vec![Some(byte), None], _skipped: () };
    assert_eq!(Gc::referents(&Gc::new_in(generic, &collector)).len(), 1);
}
