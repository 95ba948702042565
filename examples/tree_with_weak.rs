//! A tree whose nodes know their parents: children are `Counted`, parents are `Weak`, so nothing leaks.
//!
//! Run with `cargo run --release --example tree_with_weak`.

use core::cell::RefCell;

use mudlark_rc::{Counted, Weak};

struct Folder {
    name: Counted<str>,
    parent: Weak<Folder>,
    children: RefCell<Vec<Counted<Folder>>>,
}

impl Folder {
    fn root(name: &str) -> Counted<Self> {
        Counted::new(Self { name: name.into(), parent: Weak::new(), children: RefCell::default() })
    }

    fn add(parent: &Counted<Self>, name: &str) -> Counted<Self> {
        let child =
            Counted::new(Self { name: name.into(), parent: Counted::downgrade(parent), children: RefCell::default() });
        parent.children.borrow_mut().push(child.clone());
        child
    }

    fn path(&self) -> String {
        match self.parent.upgrade() {
            Some(parent) => format!("{}/{}", parent.path(), self.name),
            None => self.name.to_string(),
        }
    }

    fn print(&self, depth: usize) {
        println!("{:indent$}{}", "", self.name, indent = 2 * depth);
        for child in self.children.borrow().iter() {
            child.print(depth + 1);
        }
    }
}

fn main() {
    let river = Folder::root("river");
    let bank = Folder::add(&river, "bank");
    let mud = Folder::add(&bank, "mud");
    Folder::add(&bank, "pebbles");
    let coin = Folder::add(&mud, "coin");

    river.print(0);
    println!("{}", coin.path());
    assert_eq!(coin.path(), "river/bank/mud/coin");

    let bank_again = coin.parent.upgrade().and_then(|mud| mud.parent.upgrade());
    assert!(bank_again.is_some_and(|folder| Counted::ptr_eq(&folder, &bank)));

    // The whole tree goes with its root; what is still held stays, without a parent.
    drop((river, bank, mud));
    assert_eq!(coin.path(), "coin");
    println!("{}, after the rest has gone", coin.path());
}
