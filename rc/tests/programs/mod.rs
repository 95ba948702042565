//! Random programs, which run with `Counted` as with the standard library's `Rc`: whatever can be observed has to be the
//! same. The test `model.rs` makes them up, and so does the fuzzer in `fuzz`.
//!
//! A program is written once, as a macro over the two pointers' names, since their functions have the same names. The
//! values hold strong handles to older values (so that there are no cycles) and weak ones to any, whose upgrades they try
//! while they are dropped.

/// The operations of a program. The numbers choose among the handles that there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    New,
    NewCyclic,
    Clone(usize),
    Drop(usize),
    Downgrade(usize),
    Upgrade(usize),
    CloneWeak(usize),
    DropWeak(usize),
    NewWeak,
    AddChild(usize, usize),
    AddFriend(usize, usize),
    GetMut(usize),
    MakeMut(usize),
    TryUnwrap(usize),
    IntoInner(usize),
    UnwrapOrClone(usize),
    ThroughRaw(usize),
    CountByHand(usize),
    /// Only our handles can do it; nothing is to be seen of it.
    MakeDeep(usize),
    Compare(usize, usize),
    CompareWeak(usize, usize),
    WeakThroughRaw(usize),
    WeakToRaw(usize),
    WeakFromRaw(usize),
}

impl Op {
    /// An operation, and what it is done to, as numbers of any size choose.
    pub(crate) fn chosen_by(kind: usize, i: usize, j: usize) -> Self {
        match kind % 31 {
            0..=2 => Self::New,
            3 => Self::NewCyclic,
            4..=5 => Self::Clone(i),
            6..=8 => Self::Drop(i),
            9..=10 => Self::Downgrade(i),
            11 => Self::Upgrade(i),
            12 => Self::CloneWeak(i),
            13..=14 => Self::DropWeak(i),
            15 => Self::NewWeak,
            16 => Self::AddChild(i, j),
            17 => Self::AddFriend(i, j),
            18 => Self::GetMut(i),
            19 => Self::MakeMut(i),
            20 => Self::TryUnwrap(i),
            21 => Self::IntoInner(i),
            22 => Self::UnwrapOrClone(i),
            23 => Self::ThroughRaw(i),
            24 => Self::CountByHand(i),
            25 => Self::WeakThroughRaw(i),
            26..=27 => Self::WeakToRaw(i),
            28 => Self::WeakFromRaw(i),
            29 => Self::MakeDeep(i),
            _ if i.is_multiple_of(2) => Self::Compare(i, j),
            _ => Self::CompareWeak(i, j),
        }
    }
}

macro_rules! world {
    ($world:ident: $strong:path, $weak:path, $make_deep:expr) => {
        /// The program's world.
        pub(crate) mod $world {
            use super::Op;
            use core::cell::RefCell;
            use core::fmt::Write;
            use $strong as Strong;
            use $weak as Weak;

            /// What happened, in words; shared with the values, which write down their own end.
            type Log = std::rc::Rc<RefCell<String>>;

            #[derive(Clone)]
            struct Value {
                id: usize,
                number: usize,
                children: RefCell<Vec<Strong<Value>>>,
                friends: RefCell<Vec<Weak<Value>>>,
                log: Log,
            }

            impl Drop for Value {
                fn drop(&mut self) {
                    write!(self.log.borrow_mut(), "[-{}", self.id).unwrap();
                    for friend in self.friends.take() {
                        let strong = friend.upgrade();
                        let id = strong.as_ref().map(|value| value.id);
                        write!(self.log.borrow_mut(), " {id:?}").unwrap();
                        drop(friend);
                        drop(strong);
                    }
                    self.log.borrow_mut().push(']');
                }
            }

            fn make_deep(strong: &Strong<Value>) {
                $make_deep(strong);
            }

            #[derive(Default)]
            pub(crate) struct World {
                ids: usize,
                strong: Vec<Strong<Value>>,
                weak: Vec<Weak<Value>>,
                /// Weak handles as pointers.
                raw: Vec<*const Value>,
                log: Log,
            }

            impl Drop for World {
                fn drop(&mut self) {
                    for pointer in self.raw.drain(..) {
                        // SAFETY: the pointer was a handle, and is turned back once.
                        drop(unsafe { Weak::from_raw(pointer) });
                    }
                }
            }

            impl World {
                /// Runs one operation; returns everything that can be seen afterwards.
                pub(crate) fn step(&mut self, op: Op) -> String {
                    match op {
                        Op::Clone(i)
                        | Op::Drop(i)
                        | Op::Downgrade(i)
                        | Op::GetMut(i)
                        | Op::MakeMut(i)
                        | Op::TryUnwrap(i)
                        | Op::IntoInner(i)
                        | Op::UnwrapOrClone(i)
                        | Op::ThroughRaw(i)
                        | Op::CountByHand(i)
                        | Op::MakeDeep(i)
                        | Op::AddChild(i, _)
                        | Op::Compare(i, _) => {
                            if !self.strong.is_empty() {
                                self.step_strong(op, i % self.strong.len());
                            }
                        }
                        Op::Upgrade(i)
                        | Op::CloneWeak(i)
                        | Op::DropWeak(i)
                        | Op::CompareWeak(i, _)
                        | Op::WeakThroughRaw(i)
                        | Op::WeakToRaw(i) => {
                            if !self.weak.is_empty() {
                                self.step_weak(op, i % self.weak.len());
                            }
                        }
                        Op::AddFriend(i, j) => {
                            if !self.strong.is_empty() && !self.weak.is_empty() {
                                let friend = self.weak[j % self.weak.len()].clone();
                                self.strong[i % self.strong.len()].friends.borrow_mut().push(friend);
                            }
                        }
                        Op::New => {
                            let value = self.value();
                            self.strong.push(Strong::new(value));
                        }
                        Op::NewCyclic => {
                            let value = self.value();
                            let log = self.log.clone();
                            self.strong.push(Strong::new_cyclic(|me| {
                                let early = (me.upgrade().is_some(), me.strong_count(), me.weak_count());
                                write!(log.borrow_mut(), "early {early:?}").unwrap();
                                value.friends.borrow_mut().push(me.clone());
                                value
                            }));
                        }
                        Op::NewWeak => self.weak.push(Weak::new()),
                        Op::WeakFromRaw(i) => {
                            if !self.raw.is_empty() {
                                let pointer = self.raw.swap_remove(i % self.raw.len());
                                // SAFETY: the pointer was a handle, and is turned back once.
                                self.weak.push(unsafe { Weak::from_raw(pointer) });
                            }
                        }
                    }
                    self.observe()
                }

                fn value(&mut self) -> Value {
                    self.ids += 1;
                    let (children, friends) = Default::default();
                    Value { id: self.ids, number: 0, children, friends, log: self.log.clone() }
                }

                fn step_strong(&mut self, op: Op, i: usize) {
                    match op {
                        Op::Clone(_) => self.strong.push(self.strong[i].clone()),
                        Op::Drop(_) => drop(self.strong.swap_remove(i)),
                        Op::Downgrade(_) => self.weak.push(Strong::downgrade(&self.strong[i])),
                        Op::AddChild(_, j) => {
                            let child = self.strong[j % self.strong.len()].clone();
                            // Only to older values, so that there is no cycle.
                            if child.id < self.strong[i].id {
                                self.strong[i].children.borrow_mut().push(child);
                            }
                        }
                        Op::GetMut(_) => match Strong::get_mut(&mut self.strong[i]) {
                            Some(value) => value.number += 1,
                            None => self.log.borrow_mut().push_str("shared"),
                        },
                        Op::MakeMut(_) => Strong::make_mut(&mut self.strong[i]).number += 1,
                        Op::TryUnwrap(_) => match Strong::try_unwrap(self.strong.swap_remove(i)) {
                            Ok(value) => write!(self.log.borrow_mut(), "out {}", value.id).unwrap(),
                            Err(strong) => self.strong.push(strong),
                        },
                        Op::IntoInner(_) => {
                            let value = Strong::into_inner(self.strong.swap_remove(i));
                            write!(self.log.borrow_mut(), "out {:?}", value.as_ref().map(|value| value.id)).unwrap();
                        }
                        Op::UnwrapOrClone(_) => {
                            let value = Strong::unwrap_or_clone(self.strong.swap_remove(i));
                            write!(self.log.borrow_mut(), "out {}", value.id).unwrap();
                        }
                        Op::ThroughRaw(_) => {
                            let pointer = Strong::into_raw(self.strong.swap_remove(i));
                            // SAFETY: the pointer was a handle just now.
                            self.strong.push(unsafe { Strong::from_raw(pointer) });
                        }
                        Op::MakeDeep(_) => make_deep(&self.strong[i]),
                        Op::CountByHand(_) => {
                            let pointer = Strong::into_raw(self.strong.swap_remove(i));
                            // SAFETY: the pointer stands for a handle.
                            unsafe { Strong::increment_strong_count(pointer) };
                            // SAFETY: now it stands for two.
                            self.strong.push(unsafe { Strong::from_raw(pointer) });
                            write!(self.log.borrow_mut(), "{}", Strong::strong_count(&self.strong[0])).unwrap();
                            // SAFETY: it stands for one still.
                            unsafe { Strong::decrement_strong_count(pointer) };
                        }
                        Op::Compare(_, j) => {
                            let same = Strong::ptr_eq(&self.strong[i], &self.strong[j % self.strong.len()]);
                            write!(self.log.borrow_mut(), "{same}").unwrap();
                        }
                        _ => unreachable!("{op:?} is not about a strong handle"),
                    }
                }

                fn step_weak(&mut self, op: Op, i: usize) {
                    match op {
                        Op::Upgrade(_) => self.strong.extend(self.weak[i].upgrade()),
                        Op::CloneWeak(_) => self.weak.push(self.weak[i].clone()),
                        Op::DropWeak(_) => drop(self.weak.swap_remove(i)),
                        Op::CompareWeak(_, j) => {
                            let same = self.weak[i].ptr_eq(&self.weak[j % self.weak.len()]);
                            write!(self.log.borrow_mut(), "{same}").unwrap();
                        }
                        Op::WeakThroughRaw(_) => {
                            let pointer = self.weak.swap_remove(i).into_raw();
                            // SAFETY: the pointer was a handle just now.
                            self.weak.push(unsafe { Weak::from_raw(pointer) });
                        }
                        Op::WeakToRaw(_) => {
                            let pointer = self.weak.swap_remove(i).into_raw();
                            self.raw.push(pointer);
                        }
                        _ => unreachable!("{op:?} is not about a weak handle"),
                    }
                }

                fn observe(&self) -> String {
                    let mut seen = self.log.take();
                    for strong in &self.strong {
                        let counts = (Strong::strong_count(strong), Strong::weak_count(strong));
                        write!(seen, " {}={}{counts:?}", strong.id, strong.number).unwrap();
                    }
                    for weak in &self.weak {
                        let id = weak.upgrade().map(|value| value.id);
                        write!(seen, " {id:?}{:?}", (weak.strong_count(), weak.weak_count())).unwrap();
                    }
                    seen
                }
            }
        }
    };
}

world!(ours: mudlark_rc::Counted, mudlark_rc::Weak, Strong::make_deep);
world!(ours_sync: mudlark_rc::SyncCounted, mudlark_rc::SyncWeak, Strong::make_deep);
world!(theirs: std::rc::Rc, std::rc::Weak, |_| ());

/// All worlds, in step.
#[derive(Default)]
pub(crate) struct Worlds {
    ours: ours::World,
    ours_sync: ours_sync::World,
    theirs: theirs::World,
}

impl Worlds {
    /// Runs one operation in all worlds.
    ///
    /// # Panics
    ///
    /// If it does not look the same in all.
    pub(crate) fn step(&mut self, op: Op) {
        let expected = self.theirs.step(op);
        assert_eq!(self.ours.step(op), expected, "{op:?}");
        assert_eq!(self.ours_sync.step(op), expected, "{op:?}, with atomic counts");
    }
}
