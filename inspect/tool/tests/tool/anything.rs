//! Whatever a log claims, each picture comes to an end, and is whole.

use std::process::Command;

use mudlark_hooks::{Address, Event, NameOf, Step, Writer};
use proptest::prelude::*;

/// Numbers as they are in logs, and as they could be in one that is made to do harm.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..100, 2 => 0_u64..100_000, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn step() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![Step::Search, Step::Count, Step::Spread, Step::Weak, Step::Finalize, Step::Destroy])
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let text =
        || prop::sample::select(vec!["", "a", "a/b", "a/b/c", "<&\"'>", "]]>", "\u{0}\u{1b}[1m", "長い名前 </script>"]);
    let small = 0_u32..4;
    let told = || (number(), number(), number(), number(), number());
    prop_oneof![
        4 => (number(), number()).prop_map(|(at, size)| Event::Allocated { address: Address(at), size, align: 8, stack: 0 }),
        2 => number().prop_map(|at| Event::Freed { address: Address(at) }),
        1 => (number(), number(), number()).prop_map(|(from, to, size)| {
            Event::Reallocated { from: Address(from), to: Address(to), size, stack: 1 }
        }),
        2 => (small.clone(), small.clone()).prop_map(|(thread, tag)| Event::Switched { thread, tag }),
        1 => (small.clone(), text()).prop_map(|(id, text)| Event::Name { of: NameOf::Tag, id, text }),
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
        1 => (small, number(), number()).prop_map(|(type_id, count, bytes)| {
            Event::Census { collector: 1, type_id, generation: 2, count, bytes }
        }),
    ]
}

fn run(log: &std::path::Path, arguments: &[&str]) -> Option<String> {
    let (command, options) = arguments.split_first().expect("there is a command");
    let done =
        Command::new(env!("CARGO_BIN_EXE_mudlark")).arg(command).arg(log).args(options).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    // What a log does not have cannot be shown.
    assert!(matches!(done.status.code(), Some(0 | 3)), "{arguments:?}: {said}");
    done.status.success().then(|| String::from_utf8(done.stdout).expect("it is UTF-8"))
}

fn is_whole_svg(svg: &str) -> bool {
    let mut reader = quick_xml::Reader::from_str(svg);
    let events = core::iter::from_fn(|| match reader.read_event().expect("it is XML") {
        quick_xml::events::Event::Eof => None,
        event => Some(event.into_owned()),
    });
    events.count() > 2 && !svg.contains("NaN") && !svg.contains("=\"inf")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn each_picture_of_any_log_is_whole(
        events in prop::collection::vec((number(), event()), 0..120),
        ticks_per_second in number(),
        sample_interval in number(),
        pointer_bytes in any::<u8>(),
    ) {
        let mut bytes = Vec::new();
        let mut writer = Writer::<_, 4096>::new(|chunk: &[u8]| bytes.extend_from_slice(chunk));
        writer.write(0, &Event::Started { process: 0, pointer_bytes, ticks_per_second, unix_nanoseconds: 0, sample_interval });
        for (time, event) in &events {
            writer.write(*time, event);
        }
        writer.write(0, &Event::Stopped {});
        writer.flush();
        let directory = tempfile::tempdir().expect("a directory can be made");
        let log = directory.path().join("log.mmt");
        std::fs::write(&log, &bytes).expect("it can be written to");
        for arguments in [&["timeline"][..], &["classes"]] {
            if let Some(svg) = run(&log, arguments) {
                prop_assert!(is_whole_svg(&svg), "{}", svg);
            }
        }
        if let Some(trace) = run(&log, &["timeline", "--format", "chrome"]) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&trace).is_ok());
        }
        let page = run(&log, &["report"]).expect("there is always a page");
        prop_assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
        for arguments in [&["classes", "--suggest", "5"][..], &["census"], &["live"]] {
            run(&log, arguments);
        }
    }
}
