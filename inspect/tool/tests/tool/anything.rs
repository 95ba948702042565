//! Whatever a log claims, each command comes to an end, with little memory and time, and what it writes is whole.

use std::sync::LazyLock;

use mudlark_hooks::{Address, Event, Frames, NameOf, Step, Writer};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::sparing_on;
use crate::greedy::COMMANDS;

/// Numbers as they are in logs, and as they could be in one that is made to do harm.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..100, 2 => 0_u64..100_000, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn step() -> impl Strategy<Value = Step> {
    select(vec![Step::Search, Step::Count, Step::Spread, Step::Weak, Step::Finalize, Step::Destroy])
}

fn name_of() -> impl Strategy<Value = NameOf> {
    use NameOf::{Allocator, Collector, File, Program, Tag, Thread, Type};
    // Scopes are what names do most in.
    prop_oneof![3 => Just(Tag), 2 => select(vec![Program, Allocator, Thread, Type, Collector, File])]
}

fn short_text() -> impl Strategy<Value = &'static str> {
    select(vec!["", "a", "a/b", "a/b/c", "<&\"'>", "]]>", "\u{0}\u{1b}[1m\u{ffff}", "長い名前 </script>", "/bin/sh"])
}

/// Texts that fill a chunk, of what is shown in parts.
fn long_text() -> impl Strategy<Value = &'static str> {
    static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let parts = ["a/", "a::", "<", "(", "\u{1b}", "名", ";", "</script>", "Vec<", ", "];
        parts.iter().flat_map(|part| [part.repeat(300), part.repeat(60_000 / part.len())]).collect()
    });
    (0..TEXTS.len()).prop_map(|text| &*TEXTS[text])
}

fn short_stack() -> impl Strategy<Value = &'static [u64]> {
    select(vec![&[][..], &[0], &[0x11], &[0x11, 0x21], &[0x21, 0x11, 0x11], &[u64::MAX, 0x101]])
}

/// Stacks that are deeper than any that are recorded.
fn long_stack() -> impl Strategy<Value = &'static [u64]> {
    static STACKS: LazyLock<[Vec<u64>; 3]> =
        LazyLock::new(|| [vec![0x11; 30_000], (0x11..20_000).collect(), (0x11..400).rev().collect()]);
    (0..3_usize).prop_map(|stack| &*STACKS[stack])
}

pub(crate) fn event() -> impl Strategy<Value = Event<'static>> {
    event_with(short_text, short_stack)
}

fn long_event() -> impl Strategy<Value = Event<'static>> {
    event_with(long_text, long_stack)
}

/// An event of any kind but the first of a log.
fn event_with<T, S>(text: fn() -> T, stack: fn() -> S) -> impl Strategy<Value = Event<'static>>
where
    T: Strategy<Value = &'static str> + 'static,
    S: Strategy<Value = &'static [u64]> + 'static,
{
    let small = 0_u32..4;
    let place = || prop_oneof![3 => (1..8_u64).prop_map(|n| n * 0x10), 1 => number()];
    let told = || (number(), number(), number(), number(), number());
    prop_oneof![
        4 => (number(), number(), small.clone()).prop_map(|(at, size, stack)| {
            Event::Allocated { address: Address(at), size, align: 8, stack }
        }),
        2 => number().prop_map(|at| Event::Freed { address: Address(at) }),
        1 => (number(), number(), number()).prop_map(|(from, to, size)| {
            Event::Reallocated { from: Address(from), to: Address(to), size, stack: 1 }
        }),
        1 => (number(), small.clone()).prop_map(|(size, stack)| Event::Refused { size, align: 8, stack }),
        2 => (small.clone(), small.clone()).prop_map(|(thread, tag)| Event::Switched { thread, tag }),
        2 => (name_of(), small.clone(), text()).prop_map(|(of, id, text)| Event::Name { of, id, text }),
        1 => (place(), number(), text()).prop_map(|(base, size, path)| Event::Module { base: Address(base), size, path }),
        1 => (place(), small.clone(), text()).prop_map(|(at, file, function)| {
            Event::Symbol { address: Address(at | 1), file, line: 7, function }
        }),
        2 => (small.clone(), stack()).prop_map(|(id, frames)| Event::Stack { id, frames: Frames::from(frames) }),
        1 => text().prop_map(|text| Event::Mark { text }),
        1 => (small.clone(), any::<u8>(), number()).prop_map(|(collector, generation, candidates)| {
            Event::CollectionStarted { collector, generation, candidates }
        }),
        1 => (small.clone(), step()).prop_map(|(collector, step)| Event::CollectionStep { collector, step }),
        1 => (small.clone(), number()).prop_map(|(collector, collected)| Event::CollectionStopped { collector, collected }),
        1 => told().prop_map(|(requested, used, cached, large, committed)| {
            Event::Heap { requested, used, cached, large, committed, reserved: committed }
        }),
        1 => told().prop_map(|(block_size, pages, used, cached, requested)| {
            Event::Class { block_size, pages, used, cached, requested }
        }),
        1 => (number(), number(), any::<u32>(), any::<u32>()).prop_map(|(at, block_size, used, capacity)| {
            Event::Page { address: Address(at), size: 4096, block_size, used, capacity }
        }),
        1 => number().prop_map(|bytes| Event::Resident { bytes }),
        1 => (number(), number()).prop_map(|(at, size)| Event::RegionTaken { address: Address(at), size }),
        1 => (small, number(), number()).prop_map(|(type_id, count, bytes)| {
            Event::Census { collector: 1, type_id, generation: 2, count, bytes }
        }),
    ]
}

/// An event that is written again and again. Where it has numbers, they are others each time, or some of them are.
#[derive(Clone, Copy, Debug)]
struct Series {
    time: u64,
    event: Event<'static>,
    times: u32,
    /// How far each number of an event goes on; many stay.
    steps: [u32; 3],
}

fn series() -> impl Strategy<Value = Series> {
    let event = prop_oneof![9 => event().boxed(), 1 => long_event().boxed()];
    let times = prop_oneof![20 => Just(1_u32), 2 => 2..100_u32, 2 => 100..10_000_u32];
    let steps = prop::array::uniform3(select(vec![0_u32, 0, 1, 1, 64]));
    (number(), event, times, steps).prop_map(|(time, event, times, steps)| {
        // What is long is long enough a few times over.
        let is_long = match event {
            Event::Stack { frames, .. } => frames.len() > 100,
            Event::Name { text, .. } | Event::Mark { text } => text.len() > 100,
            Event::Module { path: text, .. } | Event::Symbol { function: text, .. } => text.len() > 100,
            _ => false,
        };
        Series { time, event, times: if is_long { times.min(20) } else { times }, steps }
    })
}

impl Series {
    /// The event for the time of this number.
    fn nth(&self, n: u32) -> Event<'static> {
        let [one, two, three] = self.steps.map(|step| n.wrapping_mul(step));
        let number = |number: u32, more: u32| number.wrapping_add(more);
        let address = |address: Address, more: u32| Address(address.0.wrapping_add(u64::from(more) * 16));
        match self.event {
            Event::Allocated { address: at, size, align, stack } => Event::Allocated {
                address: address(at, n),
                size: size.wrapping_add(u64::from(one)),
                align,
                stack: number(stack, two),
            },
            Event::Freed { address: at } => Event::Freed { address: address(at, n) },
            Event::Reallocated { from, to, size, stack } => {
                Event::Reallocated { from: address(from, one), to: address(to, n), size, stack: number(stack, two) }
            }
            Event::Refused { size, align, stack } => Event::Refused { size, align, stack: number(stack, n) },
            Event::Switched { thread, tag } => Event::Switched { thread: number(thread, one), tag: number(tag, two) },
            Event::Name { of, id, text } => Event::Name { of, id: number(id, n), text },
            Event::Module { base, size, path } => {
                Event::Module { base: address(base, one), size: size.wrapping_add(u64::from(two)), path }
            }
            Event::Symbol { address: at, file, line, function } => Event::Symbol {
                address: address(at, one),
                file: number(file, two),
                line: number(line, three),
                function,
            },
            Event::Stack { id, frames } => Event::Stack { id: number(id, n), frames },
            Event::CollectionStarted { collector, generation, candidates } => {
                Event::CollectionStarted { collector: number(collector, one), generation, candidates }
            }
            Event::CollectionStep { collector, step } => {
                Event::CollectionStep { collector: number(collector, one), step }
            }
            Event::CollectionStopped { collector, collected } => {
                Event::CollectionStopped { collector: number(collector, one), collected }
            }
            Event::Class { block_size, pages, used, cached, requested } => {
                Event::Class { block_size: block_size.wrapping_add(u64::from(one)), pages, used, cached, requested }
            }
            Event::Page { address: at, size, block_size, used, capacity } => {
                Event::Page { address: address(at, two), size, block_size, used, capacity }
            }
            Event::RegionTaken { address: at, size } => Event::RegionTaken { address: address(at, n), size },
            Event::Census { collector, type_id, generation, count, bytes } => Event::Census {
                collector: number(collector, one),
                type_id: number(type_id, two),
                generation,
                count,
                bytes,
            },
            same => same,
        }
    }

    fn write(&self, log: &mut Writer<impl mudlark_hooks::Sink, LONGEST>) {
        let step = u64::from(self.steps[2]);
        for n in 0..self.times {
            let time = self.time.wrapping_add(u64::from(n) * step);
            match self.event {
                // So that each is somebody's.
                Event::Switched { .. } => {
                    log.write(time, &self.nth(n));
                    let address = Address(u64::from(n) * 16);
                    log.write(time, &Event::Allocated { address, size: 16, align: 8, stack: n % 4 });
                }
                _ => log.write(time, &self.nth(n)),
            }
        }
    }
}

/// Bytes of the longest chunk.
const LONGEST: usize = 16 + (1 << 16);

pub(crate) fn is_whole_svg(svg: &str) -> bool {
    let is_forbidden = |char: char| (char < ' ' && !"\t\n\r".contains(char)) || "\u{fffe}\u{ffff}".contains(char);
    let mut reader = quick_xml::Reader::from_str(svg);
    let events = core::iter::from_fn(|| match reader.read_event().expect("it is XML") {
        quick_xml::events::Event::Eof => None,
        event => Some(event.into_owned()),
    });
    events.count() > 2 && !svg.contains(is_forbidden) && !svg.contains("NaN") && !svg.contains("=\"inf")
}

/// What a command has written is what it should be, as far as can be told from outside.
fn is_whole(command: &[&str], written: Vec<u8>) -> bool {
    if command == ["pprof"] {
        return written.starts_with(&[0x1F, 0x8B]);
    }
    let text = String::from_utf8(written).expect("it is UTF-8");
    match command {
        ["timeline"] | ["classes"] | ["flame", "--cost", _] => is_whole_svg(&text),
        ["timeline", ..] | ["dhat"] => serde_json::from_str::<serde_json::Value>(&text).is_ok(),
        ["report"] => text.matches("<script").count() == text.matches("</script>").count(),
        _ => !text.contains('\u{1b}'),
    }
}

/// A few; `PROPTEST_CASES` may ask for more.
fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 16 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_of_any_log_is_whole(
        series in prop::collection::vec(series(), 0..60),
        ticks_per_second in number(),
        sample_interval in prop_oneof![Just(1), number()],
        pointer_bytes in any::<u8>(),
        commands in prop::array::uniform5(any::<Index>()),
    ) {
        let mut bytes = Vec::new();
        let mut writer = Writer::<_, LONGEST>::new(|chunk: &[u8]| bytes.extend_from_slice(chunk));
        writer.write(0, &Event::Started { process: 0, pointer_bytes, ticks_per_second, unix_nanoseconds: 0, sample_interval });
        series.iter().for_each(|series| series.write(&mut writer));
        writer.write(0, &Event::Stopped {});
        writer.flush();
        for command in commands.map(|command| *command.get(&COMMANDS)) {
            if let Some(written) = sparing_on(&bytes, command) {
                prop_assert!(is_whole(command, written), "{:?}", command);
            }
        }
    }
}
