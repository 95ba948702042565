//! Every interleaving of threads that add work to a duty and a worker who comes and goes: no call is lost, and there are
//! never two workers. Run by `RUSTFLAGS="--cfg loom" cargo test --release -p mudlark-core-alloc --test loom_duty`.

#![cfg(loom)]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicUsize, Ordering, fence};
}

#[path = "../src/hosted/duty.rs"]
mod duty;

use duty::{Duty, TAKEN, VACANT};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use loom::thread;

fn duty(state: u8) -> Arc<Duty> {
    Arc::new(Duty { state: AtomicU8::new(state), work: AtomicUsize::new(0) })
}

/// Adds some work, and has a worker come.
fn add_and_call(duty: &Duty) {
    if duty.add(1) > 0 {
        duty.call();
    }
}

/// Works until there is nothing to do.
fn work(duty: &Duty) {
    loop {
        duty.take_note();
        let look_again = |duty: &Duty| {
            if duty.work() > 0 {
                duty.call();
            }
        };
        if duty.lay_down(look_again) {
            return;
        }
    }
}

#[test]
fn work_is_done_or_somebody_is_called() {
    loom::model(|| {
        let duty = duty(TAKEN);
        let other = {
            let duty = Arc::clone(&duty);
            thread::spawn(move || add_and_call(&duty))
        };
        work(&duty);
        other.join().expect("no panics");
        assert!(duty.work() == 0 || duty.is_called());
    });
}

#[test]
fn only_one_worker_comes() {
    loom::model(|| {
        let duty = duty(VACANT);
        let workers = Arc::new(AtomicUsize::new(0));
        let come_if_called = |duty: &Duty, workers: &AtomicUsize| {
            add_and_call(duty);
            if duty.is_called() && duty.take_up() {
                assert_eq!(workers.fetch_add(1, Ordering::Relaxed), 0, "two workers");
                duty.take_note();
                workers.fetch_sub(1, Ordering::Relaxed);
                duty.lay_down(|_| ());
            }
        };
        let other = {
            let (duty, workers) = (Arc::clone(&duty), Arc::clone(&workers));
            thread::spawn(move || come_if_called(&duty, &workers))
        };
        come_if_called(&duty, &workers);
        other.join().expect("no panics");
    });
}
