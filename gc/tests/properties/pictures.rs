//! Pictures of graphs: what is in them, and that Graphviz can read them.

use core::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::dot_reader::Picture;
use fastrand::Rng;
use mudlark_gc::{Collector, Dot, Gc, Generation, Graph, NamedTracer, Trace, Tracer};

#[derive(Trace)]
struct Spot {
    edges: RefCell<Vec<Gc<Spot>>>,
    note: Gc<String>,
}

/// Spots with random edges. Where they lead is said by index.
struct Map {
    spots: Vec<Gc<Spot>>,
    edges: Vec<Vec<usize>>,
    /// After its objects: what they leave behind goes with it.
    collector: Collector,
}

impl Map {
    fn new(collector: Collector, edges: Vec<Vec<usize>>) -> Self {
        let note = Gc::new_in(String::new(), &collector);
        let spot = |_| Gc::new_in(Spot { edges: RefCell::default(), note: note.clone() }, &collector);
        let spots: Vec<_> = (0..edges.len()).map(spot).collect();
        for (from, targets) in spots.iter().zip(&edges) {
            from.edges.borrow_mut().extend(targets.iter().map(|&to| spots[to].clone()));
        }
        assert!(spots.iter().all(|spot| spot.note.is_empty()));
        Self { spots, edges, collector }
    }

    fn random(random: &mut Rng) -> Self {
        let spots = random.usize(1..30);
        let edges = (0..spots).map(|_| (0..random.usize(..4)).map(|_| random.usize(..spots)).collect());
        Self::new(Collector::new(), edges.collect())
    }

    /// What can be come by from a spot over so many edges at most, the note included.
    fn around(&self, start: usize, depth: usize, neighbours: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([start]);
        for _ in 0..depth {
            found.extend(found.clone().into_iter().flat_map(&neighbours));
        }
        found
    }

    fn before(&self, spot: usize) -> Vec<usize> {
        (0..self.edges.len()).filter(|&from| self.edges[from].contains(&spot)).collect()
    }
}

fn read(dot: &Dot) -> Picture {
    let text = dot.to_string();
    let mut written = String::new();
    dot.write_to(&mut written).expect("a string takes everything");
    assert_eq!(text, written);
    Picture::read(&text)
}

#[test]
fn a_picture_has_what_is_within_its_limits_and_says_what_is_not() {
    let mut random = Rng::with_seed(9);
    for _ in 0..if cfg!(miri) { 3 } else { 200 } {
        let map = Map::random(&mut random);
        let (start, depth) = (random.usize(..map.spots.len()), random.usize(..5));
        let counts: Vec<_> = map.spots.iter().map(Gc::strong_count).collect();

        let backward = map.around(start, depth, |spot| map.before(spot));
        let graph = Graph::backrefs(&map.collector, [&map.spots[start]]).depth(depth).width(99).nodes(99);
        let picture = read(&graph.to_dot());
        assert_eq!(picture.objects(), backward.len());
        let between: BTreeSet<_> = backward
            .iter()
            .flat_map(|&from| map.edges[from].iter().map(move |&to| (from, to)))
            .filter(|(_, to)| backward.contains(to))
            .collect();
        assert_eq!(picture.edge_labels().len(), between.len());
        let left_out = |spot: &&usize| map.before(**spot).iter().any(|from| !backward.contains(from));
        assert_eq!(picture.labels("more").len(), backward.iter().filter(left_out).count());
        // All are held by the list of spots, but the one that was asked with.
        assert_eq!(picture.labels("outside").len(), backward.len() - 1);

        let forward = map.around(start, depth, |spot| map.edges[spot].clone());
        let nearer = if depth == 0 { 0 } else { 1 };
        let picture = read(&Graph::of(&map.collector, [&map.spots[start]]).depth(depth).width(99).to_dot());
        assert_eq!(picture.objects(), forward.len() + nearer, "the note, too");

        let limit = random.usize(..40);
        let picture = read(&Graph::whole(&map.collector).nodes(limit).to_dot());
        assert_eq!(picture.objects(), limit.min(map.spots.len() + 1));
        assert_eq!(map.spots.iter().map(Gc::strong_count).collect::<Vec<_>>(), counts);
    }
}

#[test]
fn limits_say_how_much_they_left_out() {
    let map =
        Map::new(Collector::new(), vec![(1..14).collect(), vec![0; 5]].into_iter().chain(vec![vec![]; 12]).collect());
    let picture = read(&Graph::of(&map.collector, [&map.spots[0]]).depth(1).to_dot());
    assert_eq!(picture.objects(), 11, "ten of its neighbours");
    assert!(picture.labels("more").contains(&"… 4 more".to_string()), "three spots and the note");
    let picture = read(&Graph::backrefs(&map.collector, [&map.spots[0].note]).width(2).depth(1).to_dot());
    assert_eq!((picture.objects(), picture.labels("more").contains(&"… 12 more".to_string())), (3, true));
    let picture = read(&Graph::among(&map.collector, &map.spots[..2]).to_dot());
    assert_eq!(picture.edge_labels(), ["edges[0]", "edges[0], edges[1], edges[2], … 2 more"]);
    assert_eq!(picture.labels("more"), [""; 0]);
    assert_eq!(read(&Graph::whole(&map.collector).nodes(0).to_dot()).objects(), 0);
}

#[test]
fn a_box_says_what_the_object_is() {
    let collector = Collector::new();
    let leaf = Gc::new_in(1_u64, &collector);
    let old = Gc::new_in((leaf.clone(), Some(leaf.clone())), &collector);
    collector.collect(Generation::Middle);
    let young = Gc::new_in([old.clone()], &collector);
    let text = Graph::of(&collector, [&young]).to_dot().to_string();
    let size = |object: usize| object + size_of::<usize>() + 8;
    for (name, count, bytes, generation) in [
        ("[Gc<(Gc<u64>, Option<Gc<u64>>)>; 1]", "", size(size_of::<usize>()), "young"),
        ("(Gc<u64>, Option<Gc<u64>>)", "count 2, 1 from outside\\n", size(2 * size_of::<usize>()), "old"),
        (
            "u64",
            "count 3, 1 from outside\\n",
            collector.census().of_type::<u64>().map_or(0, |row| row.bytes),
            "untracked",
        ),
    ] {
        let label = format!("label=\"{name}\\n{count}{bytes} bytes, {generation}\"");
        assert!(text.contains(&label), "{label} in {text}");
    }
    assert_eq!(Picture::read(&text).edge_labels(), ["[0]", "0, 1"]);
    drop(old);
}

/// Fields with the strangest names.
struct Odd<T>(RefCell<Vec<Gc<Odd<T>>>>, core::marker::PhantomData<T>);

const ODD_NAMES: [&str; 4] = ["\"<b>\\N&amp;</b>\n\0", "", "größe -> ]];", "\\"];

// SAFETY: reports each handle once.
unsafe impl<T> Trace for Odd<T> {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }

    fn trace_named(&self, tracer: &mut NamedTracer<'_>) {
        for (name, handle) in ODD_NAMES.iter().zip(&*self.0.borrow()) {
            tracer.field(name, handle);
        }
    }
}

/// A picture in which nothing has a plain name.
fn odd_picture(collector: &Collector) -> Dot {
    type Strange = Odd<for<'a> fn(&'a str, [u8; 3]) -> Box<dyn Fn(&str) -> *const ()>>;
    let odd = || Gc::new_in(Odd(RefCell::default(), core::marker::PhantomData), collector);
    let (root, others): (Gc<Strange>, [Gc<Strange>; 4]) = (odd(), [odd(), odd(), odd(), odd()]);
    root.0.borrow_mut().extend(others);
    Graph::whole(collector).to_dot()
}

#[test]
fn any_name_makes_a_valid_picture() {
    let picture = read(&odd_picture(&Collector::new()));
    assert_eq!(picture.objects(), 5);
    let shown = ["\"<b>\\N&amp;</b>\u{FFFD}\u{FFFD}", "", "größe -> ]];", "\\"];
    assert_eq!(picture.edge_labels(), shown);
    let name = &picture.labels("object0")[0];
    assert!(name.starts_with("Odd<") && name.contains("-> Box<dyn Fn(&amp;"), "{name}");
}

#[test]
fn graphviz_draws_what_was_written() {
    if cfg!(miri) || Command::new("dot").arg("-V").stderr(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: there is no Graphviz here");
        return;
    }
    let map = Map::random(&mut Rng::with_seed(3));
    let pictures = [Graph::whole(&map.collector).nodes(7).to_dot(), odd_picture(&Collector::new())];
    for dot in pictures {
        let mut graphviz = Command::new("dot")
            .arg("-Tplain")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it was there before");
        let mut input = graphviz.stdin.take().expect("it is piped");
        write!(input, "{dot}").expect("it takes it");
        drop(input);
        let output = graphviz.wait_with_output().expect("it ends");
        let warnings = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !warnings.contains("yntax"), "{warnings} in {dot}");
        let drawn = String::from_utf8_lossy(&output.stdout);
        let count = |kind: &str| drawn.lines().filter(|line| line.starts_with(kind)).count();
        let picture = Picture::read(&dot.to_string());
        assert_eq!((count("node "), count("edge ")), (picture.nodes.len(), picture.edges.len()), "{drawn}");
    }
}
