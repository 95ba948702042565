//! A server that leaks in two ways, and how the leaks are found: what grows, who holds it, a picture of that.
//!
//! Run with `cargo run --example find_a_leak`; a folder's name after `--` gets the pictures, for `dot -Tsvg`. The documentation
//! of `mudlark-gc` tells the story with the pictures in it: `mudlark_gc::find_a_leak`.

use core::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::{env, fs, io};

use mudlark_gc::{Collector, Dot, Gc, Generation, Graph, Trace, WeakGc};

/// Sessions and connections lead to each other: cycles, which are collected when nobody else leads to them.
#[derive(Trace)]
struct Session {
    user: String,
    connection: RefCell<Option<Gc<Connection>>>,
}

#[derive(Trace)]
struct Connection {
    session: Gc<Session>,
}

#[derive(Trace)]
struct Answer {
    text: String,
    to: Gc<Session>,
}

#[derive(Default, Trace)]
struct Cache {
    answers: RefCell<Vec<Gc<Answer>>>,
}

/// Whom to tell that there are news.
#[derive(Default)]
struct Bell {
    sessions: RefCell<Vec<Gc<Session>>>,
    /// What it should have had from the start.
    weak_sessions: RefCell<Vec<WeakGc<Session>>>,
}

#[derive(Trace)]
struct Server {
    cache: Gc<Cache>,
    /// Others ring it, too: an `Rc`, of which collections know nothing.
    bell: Rc<Bell>,
    #[trace(skip)]
    mended: Mended,
}

/// Which leaks have been mended.
#[derive(Clone, Copy)]
struct Mended {
    bell: bool,
    cache: bool,
}

const CACHED_ANSWERS: usize = 5;

impl Server {
    fn start(mended: Mended, collector: &Collector) -> Gc<Self> {
        let cache = Gc::new_in(Cache::default(), collector);
        Gc::new_in(Self { cache, bell: Rc::default(), mended }, collector)
    }

    /// Somebody comes, gets an answer, and goes.
    fn serve(&self, user: String, collector: &Collector) {
        let session = Gc::new_in(Session { user, connection: RefCell::default() }, collector);
        let connection = Gc::new_in(Connection { session: session.clone() }, collector);
        *session.connection.borrow_mut() = Some(connection.clone());
        self.register(&session);
        self.remember(Gc::new_in(
            Answer { text: format!("Hello {}", connection.session.user), to: session },
            collector,
        ));
    }

    fn register(&self, session: &Gc<Session>) {
        if self.mended.bell {
            self.bell.weak_sessions.borrow_mut().push(Gc::downgrade(session));
        } else {
            self.bell.sessions.borrow_mut().push(session.clone());
        }
    }

    fn remember(&self, answer: Gc<Answer>) {
        assert!(!answer.text.is_empty());
        let mut answers = self.cache.answers.borrow_mut();
        answers.push(answer);
        let old = if self.mended.cache && answers.len() > CACHED_ANSWERS { Some(answers.remove(0)) } else { None };
        drop(answers);
        drop(old);
    }
}

/// A server that has had some visitors, and handles to nothing else.
fn busy_server(mended: Mended, collector: &Collector) -> Gc<Server> {
    let server = Server::start(mended, collector);
    for visitor in 0..10 {
        server.serve(format!("visitor {visitor}"), collector);
    }
    collector.collect(Generation::Old);
    server
}

/// Says what grows from one time to the next, each after a collection: whether anything does.
fn grows(server: &Server, collector: &Collector) -> bool {
    let before = collector.census();
    for visitor in 10..20 {
        server.serve(format!("visitor {visitor}"), collector);
    }
    let garbage = collector.leaking().len();
    let destroyed = collector.collect(Generation::Old);
    assert_eq!(garbage, destroyed);
    let growth = collector.census().growth(&before);
    println!("{growth}\n{destroyed} objects of these visitors were garbage\n");
    !growth.types().is_empty()
}

/// The oldest session that is still there, without a handle to any other object.
fn oldest_session(collector: &Collector) -> Gc<Session> {
    let objects = collector.objects(Generation::Old);
    objects.into_iter().find_map(|object| object.downcast::<Session>().ok()).expect("there is one")
}

/// Where pictures go, if anywhere.
struct Album(Option<PathBuf>);

impl Album {
    fn add(&self, name: &str, dot: &Dot) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |folder| fs::write(folder.join(name).with_extension("dot"), dot.to_string()))
    }
}

fn as_it_was_written(album: &Album) -> io::Result<()> {
    println!("== As it was written\n");
    let collector = Collector::new();
    let server = busy_server(Mended { bell: false, cache: false }, &collector);
    assert!(grows(&server, &collector));
    println!("{}\n", collector.census());

    let session = oldest_session(&collector);
    let chain = collector.backref_chain(&session, |held| held.external_count() > 0).expect("something holds it");
    println!("{chain}\n");
    assert_eq!(chain.edges().len(), 0, "an untraced handle leads straight to it");
    drop(chain);
    album.add("held", &Graph::backrefs(&collector, [&session]).depth(2).to_dot())
}

fn with_a_weak_bell(album: &Album) -> io::Result<()> {
    println!("== The bell is mended\n");
    let collector = Collector::new();
    let server = busy_server(Mended { bell: true, cache: false }, &collector);
    assert!(grows(&server, &collector));

    let session = oldest_session(&collector);
    let chain = collector.backref_chain(&session, |held| held.external_count() > 0).expect("something holds it");
    println!("{chain}\n");
    assert_eq!(chain.edges(), ["cache", "answers[0]", "to"]);
    drop(chain);
    album.add("chain", &Graph::backrefs(&collector, [&session]).depth(4).to_dot())
}

fn with_a_small_cache(album: &Album) -> io::Result<()> {
    println!("== The cache is mended, too\n");
    let collector = Collector::new();
    let server = busy_server(Mended { bell: true, cache: true }, &collector);
    assert!(!grows(&server, &collector));

    server.serve("the last".to_string(), &collector);
    let garbage = collector.leaking();
    assert_eq!(garbage.len(), 2, "a session and its connection");
    album.add("garbage", &Graph::among(&collector, &garbage).to_dot())
}

fn main() -> io::Result<()> {
    let album = Album(env::args_os().nth(1).map(PathBuf::from));
    as_it_was_written(&album)?;
    with_a_weak_bell(&album)?;
    with_a_small_cache(&album)
}
