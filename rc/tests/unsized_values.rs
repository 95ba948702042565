//! Slices, strings and trait objects behind a handle.

#[cfg(feature = "drop-context")]
mod contexts;

use core::any::Any;
use core::cell::Cell;
use core::ffi::CStr;
use core::fmt::{Debug, Display};
use mudlark_rc::{Counted, Weak, unsize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::CString;

#[test]
fn a_slice_is_what_it_was_made_of() {
    let expected: &[String] = &["a".to_string(), "b".to_string(), "c".to_string()];
    for made in [
        Counted::from(expected),
        Counted::from(&mut *expected.to_vec()),
        Counted::from(expected.to_vec()),
        Counted::from(expected.to_vec().into_boxed_slice()),
        Counted::from(["a", "b", "c"].map(String::from)),
        expected.iter().cloned().collect(),
        unsize!(Counted::new(["a", "b", "c"].map(String::from)) => [String]),
        Counted::from(Cow::Borrowed(expected)),
        Counted::from(Cow::Owned::<[String]>(expected.to_vec())),
    ] {
        let made: Counted<[String]> = made;
        assert_eq!(&*made, expected);
        assert_eq!(&*made.clone(), expected);
    }
}

#[test]
fn slices_of_every_small_length_come_out_whole() {
    for len in 0..40_u8 {
        let elements: Vec<u8> = (0..len).collect();
        let ours: Counted<[u8]> = Counted::from(&elements[..]);
        assert_eq!(&*ours, &elements[..]);
        assert_eq!(&*Counted::downgrade(&ours).upgrade().unwrap(), &elements[..]);
    }
}

#[test]
fn text_is_what_it_was_made_of() {
    for text in ["", "t", "some text", "täxt"] {
        for made in [
            Counted::<str>::from(text),
            Counted::from(String::from(text)),
            Counted::from(String::from(text).as_mut_str()),
            Counted::from(Box::<str>::from(text)),
            Counted::from(Cow::Borrowed(text)),
        ] {
            assert_eq!(&*made, text);
            assert_eq!(&*Counted::<[u8]>::from(made), text.as_bytes());
        }
    }
    let c = c"a C string";
    assert_eq!(&*Counted::<CStr>::from(c), c);
    assert_eq!(&*Counted::<CStr>::from(CString::from(c)), c);
    assert_eq!(&*Counted::<CStr>::from(&mut *Box::<CStr>::from(c)), c);
}

#[cfg(feature = "std")]
#[test]
fn text_of_the_operating_system_is_what_it_was_made_of() {
    use std::ffi::{OsStr, OsString};
    use std::path::{Path, PathBuf};
    let mut path: Counted<Path> = Counted::from(Path::new("a/b"));
    assert_eq!(path, Counted::from(PathBuf::from("a/b")));
    assert_eq!(Counted::<OsStr>::from(OsStr::new("a")), Counted::from(OsString::from("a")));
    assert_eq!(Counted::<OsStr>::from(&mut *Box::<OsStr>::from(OsStr::new("a"))), Counted::from(OsStr::new("a")));
    assert_eq!(path, Counted::from(&mut *Box::<Path>::from(Path::new("a/b"))));
    let shared = path.clone();
    let made: *const Path = Counted::make_mut(&mut path);
    assert!(!core::ptr::eq(made, &*shared));
    assert_eq!(path, shared);
}

#[test]
fn a_trait_object_keeps_its_methods_through_every_kind_of_handle() {
    let boxed: Box<dyn Display> = Box::new(String::from("boxed"));
    let handles: [Counted<dyn Display>; 3] =
        [Counted::from(boxed), unsize!(Counted::new(17) => dyn Display), unsize!(Counted::new("str") => dyn Display)];
    let weak: Vec<Weak<dyn Display>> = handles.iter().map(Counted::downgrade).collect();
    let upgraded: Vec<String> = weak.iter().map(|weak| weak.upgrade().unwrap().to_string()).collect();
    assert_eq!(upgraded, ["boxed", "17", "str"]);
    drop(handles);
    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
}

#[test]
fn a_trait_object_drops_its_value_once() {
    struct CountsDrops<'a>(&'a Cell<u32>);
    impl Drop for CountsDrops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    trait Anything {}
    impl Anything for CountsDrops<'_> {}

    let drops = Cell::new(0);
    let one: Counted<dyn Anything + '_> = unsize!(Counted::new(CountsDrops(&drops)) => dyn Anything + '_);
    let boxed: Box<dyn Anything + '_> = Box::new(CountsDrops(&drops));
    let two: Counted<dyn Anything + '_> = Counted::from(boxed);
    let (weak, another) = (Counted::downgrade(&one), one.clone());
    drop((one, two));
    assert_eq!(drops.get(), 1);
    drop(another);
    assert_eq!(drops.get(), 2);
    drop(weak);
    assert_eq!(drops.get(), 2);
}

#[test]
fn unsizing_keeps_counts_and_identity() {
    let concrete = Counted::new(5_i32);
    let weak = Counted::downgrade(&concrete);
    let any = unsize!(concrete.clone() => dyn Any);
    let any = any.downcast::<u32>().unwrap_err();
    assert_eq!((Counted::strong_count(&any), Counted::weak_count(&any)), (2, 1));
    let back = any.downcast::<i32>().unwrap();
    assert!(Counted::ptr_eq(&concrete, &back));
    drop((concrete, back));
    assert!(weak.upgrade().is_none());
}

#[test]
fn unsizing_keeps_weak_handles_weak() {
    let concrete = Counted::new(String::from("text"));
    let weak: Weak<dyn Display> = unsize!(Counted::downgrade(&concrete) => dyn Display);
    let nowhere: Weak<dyn Display> = unsize!(Weak::<u8>::new() => dyn Display);
    assert_eq!(Counted::weak_count(&concrete), 1);
    assert!(core::ptr::addr_eq(weak.as_ptr(), Counted::as_ptr(&concrete)));
    assert!(nowhere.clone().upgrade().is_none());
    assert_eq!(weak.upgrade().unwrap().to_string(), "text");
    drop(concrete);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_pinned_future_of_any_type_runs() {
    use core::future::poll_fn;
    use core::pin::Pin;
    use core::task::{Context, Poll, Waker};
    /// A future that can be polled while it is shared.
    trait Shared {
        fn poll(self: Pin<&Self>, context: &mut Context<'_>) -> Poll<u32>;
    }
    struct Slow<F>(core::cell::UnsafeCell<F>, Cell<bool>);
    impl<F: Future<Output = u32>> Shared for Slow<F> {
        fn poll(self: Pin<&Self>, context: &mut Context<'_>) -> Poll<u32> {
            assert!(!self.1.replace(true), "a future is polled once at a time");
            // SAFETY: nobody else borrows it now.
            let future = unsafe { &mut *self.0.get() };
            // SAFETY: the future is pinned as this is.
            let future = unsafe { Pin::new_unchecked(future) };
            let polled = future.poll(context);
            self.1.set(false);
            polled
        }
    }
    let mut waits = 2;
    let work = async move {
        let text = String::from("borrowed");
        let borrowed = &text;
        poll_fn(|_| {
            waits -= 1;
            if waits == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        u32::try_from(borrowed.len()).unwrap()
    };
    let pinned = Counted::pin(Slow(work.into(), Cell::new(false)));
    let future: Pin<Counted<dyn Shared>> = unsize!(pinned => dyn Shared);
    let other = future.clone();
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(future.as_ref().poll(&mut context), Poll::Pending);
    drop(future);
    assert_eq!(other.as_ref().poll(&mut context), Poll::Ready(8));
}

#[test]
fn a_cyclic_value_may_know_itself_as_a_trait_object() {
    trait Named {
        fn name(&self) -> &str;
    }
    struct Person {
        name: String,
        me: Weak<dyn Named>,
    }
    impl Named for Person {
        fn name(&self) -> &str {
            &self.name
        }
    }
    let person = Counted::new_cyclic(|me: &Weak<Person>| {
        let me = unsize!(me.clone() => dyn Named);
        assert!(me.upgrade().is_none());
        Person { name: String::from("Ann"), me }
    });
    assert_eq!(person.me.upgrade().unwrap().name(), "Ann");
}

#[test]
fn a_trait_object_unsizes_to_its_supertrait() {
    trait Sub: Debug {}
    impl Sub for u8 {}
    let sub = unsize!(Counted::new(7_u8) => dyn Sub);
    assert_eq!(format!("{:?}", unsize!(sub => dyn Debug)), "7");
}

#[test]
fn a_shared_slice_is_cloned_to_be_changed_and_a_lone_one_is_not() {
    let mut ours: Counted<[i32]> = Counted::from([1, 2, 3]);
    let place = Counted::as_ptr(&ours);
    let weak = Counted::downgrade(&ours);
    Counted::make_mut(&mut ours)[0] = 10;
    assert!(core::ptr::eq(Counted::as_ptr(&ours), place));
    assert!(weak.upgrade().is_none());

    let theirs = ours.clone();
    Counted::make_mut(&mut ours)[1] = 20;
    assert_eq!((&*ours, &*theirs), (&[10, 20, 3][..], &[10, 2, 3][..]));

    let mut text: Counted<str> = Counted::from("text");
    let _other = text.clone();
    Counted::make_mut(&mut text).make_ascii_uppercase();
    assert_eq!(&*text, "TEXT");
}

#[test]
fn a_slice_becomes_an_array_only_of_its_own_length() {
    let slice: Counted<[u8]> = Counted::from([1, 2, 3]);
    let slice = Counted::<[u8; 2]>::try_from(slice).unwrap_err();
    let array = Counted::<[u8; 3]>::try_from(slice).unwrap();
    assert_eq!(*array, [1, 2, 3]);
}

#[test]
fn handles_are_found_by_their_values() {
    let mut map: HashMap<Counted<str>, u32> = HashMap::new();
    map.insert(Counted::from("one"), 1);
    assert_eq!(map.get("one"), Some(&1));
    assert!(Counted::new(1) < Counted::new(2));
    assert_eq!(Counted::new(f64::NAN).partial_cmp(&Counted::new(0.0)), None);
    assert_ne!(Counted::new(f64::NAN), Counted::new(f64::NAN));
    assert_eq!(format!("{0:?} {0}", Counted::<str>::from("a")), "\"a\" a");
    assert_eq!(format!("{:p}", Counted::new(0)).get(..2), Some("0x"));
}

#[test]
fn addresses_are_shown_as_those_of_pointers() {
    let (number, slice) = (Counted::new(5), Counted::<[u8]>::from([1, 2, 3]));
    let any = unsize!(Counted::new(5) => dyn Any);
    assert_eq!(format!("{number:p} {number:#p}"), format!("{0:p} {0:#p}", &raw const *number));
    assert_eq!(format!("{slice:p} {slice:#p}"), format!("{0:p} {0:#p}", &raw const *slice));
    assert_eq!(format!("{any:p} {any:#p}"), format!("{0:p} {0:#p}", &raw const *any));
}

#[test]
fn handles_are_as_unwind_safe_as_with_rc() {
    fn check<T: core::panic::UnwindSafe + core::panic::RefUnwindSafe + Unpin>() {}
    check::<Counted<Vec<u8>>>();
    check::<Counted<dyn core::panic::RefUnwindSafe>>();
    check::<Counted<std::sync::Mutex<core::marker::PhantomPinned>>>();
}

#[test]
fn defaults_are_empty() {
    assert_eq!(&*Counted::<str>::default(), "");
    assert_eq!(&*Counted::<CStr>::default(), c"");
    assert!(Counted::<[u8]>::default().is_empty());
    assert_eq!(*Counted::<u8>::default(), 0);
    assert!(Weak::<u8>::default().upgrade().is_none());
    assert_eq!(*core::pin::Pin::<Counted<u8>>::default(), 0);
}

#[cfg(all(unix, feature = "std"))]
#[test]
fn an_open_file_behind_a_handle_is_one() {
    use std::os::fd::{AsFd, AsRawFd};

    let input = Counted::new(std::io::stdin());
    assert_eq!((input.as_fd().as_raw_fd(), input.as_raw_fd()), (0, 0));
}

#[test]
fn an_error_behind_a_handle_is_an_error() {
    fn source_of(error: &dyn core::error::Error) -> Option<String> {
        error.source().map(ToString::to_string)
    }
    #[derive(Debug)]
    struct Outer(core::fmt::Error);
    impl Display for Outer {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("outer")
        }
    }
    impl core::error::Error for Outer {
        fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Counted::new(Outer(core::fmt::Error));
    assert_eq!(source_of(&error), Some(core::fmt::Error.to_string()));
}
