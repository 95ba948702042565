//! Every interleaving of a worker and those who want him to stand still: while one of them looks, he changes nothing, and what
//! he has changed is seen. Run by `RUSTFLAGS="--cfg loom" cargo test --release -p mudlark-core-alloc --test loom_standstill`.

#![cfg(loom)]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering, fence};
}

#[path = "../src/hosted/standstill.rs"]
mod standstill;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread;
use standstill::Standstill;

/// Two numbers that are the same whenever nobody is at work.
struct Twins(UnsafeCell<(usize, usize)>, Standstill);

// SAFETY: the cell tells loom of every access.
unsafe impl Sync for Twins {}

fn twins() -> Arc<Twins> {
    let standstill = Standstill { requests: AtomicUsize::new(0), at_work: AtomicUsize::new(0) };
    Arc::new(Twins(UnsafeCell::new((0, 0)), standstill))
}

impl Twins {
    /// Changes both, if that may be now.
    fn work(&self) {
        if self.1.try_work() {
            // SAFETY: nobody looks meanwhile, as loom sees to.
            self.0.with_mut(|twins| unsafe { (*twins).0 += 1 });
            // SAFETY: as above.
            self.0.with_mut(|twins| unsafe { (*twins).1 += 1 });
            self.1.rest();
        }
    }

    /// Looks at both if the worker stands still. (In earnest one waits for that.)
    fn look(&self) {
        self.1.request();
        if self.1.is_granted() {
            // SAFETY: nobody writes meanwhile, as loom sees to.
            let twins = self.0.with(|twins| unsafe { *twins });
            assert_eq!(twins.0, twins.1);
        }
        self.1.release();
    }
}

#[test]
fn nobody_sees_him_at_work() {
    loom::model(|| {
        let twins = twins();
        let others = Arc::clone(&twins);
        let worker = thread::spawn(move || {
            others.work();
            others.work();
        });
        twins.look();
        worker.join().expect("a worker who ends well");
    });
}

#[test]
fn several_have_him_stand_still() {
    let mut model = loom::model::Builder::new();
    // All that three threads can do would take minutes.
    model.preemption_bound = Some(2);
    model.check(|| {
        let twins = twins();
        let (for_worker, for_another) = (Arc::clone(&twins), Arc::clone(&twins));
        let worker = thread::spawn(move || for_worker.work());
        let another = thread::spawn(move || for_another.look());
        twins.look();
        worker.join().expect("a worker who ends well");
        another.join().expect("a thread that ends well");
        // Nobody wants him to stand still any more.
        assert!(twins.1.try_work());
        twins.1.forget();
        assert!(twins.1.is_granted());
    });
}
