//! The log: what is written is read, and damage costs what is damaged and nothing else.

mod made_up;

use made_up::{Made, Random};
use mudlark_hooks::{Address, Chunk, Event, Frames, NameOf, Reader, Record, Ring, Writer};

/// Fewer under an interpreter.
const fn rounds(native: usize) -> usize {
    if cfg!(miri) { native / 100 + 1 } else { native }
}

/// A log of these events, a microsecond or so after one another.
fn log_of<const CHUNK: usize>(events: &[Made]) -> Vec<u8> {
    written::<CHUNK>(|writer| {
        for (time, made) in (0..).step_by(1300).zip(events) {
            made.with_event(|event| writer.write(time, event));
        }
    })
}

/// What `write` writes.
fn written<const CHUNK: usize>(write: impl FnOnce(&mut Writer<&mut dyn FnMut(&[u8]), CHUNK>)) -> Vec<u8> {
    let mut log = Vec::new();
    let mut sink = |chunk: &[u8]| log.extend_from_slice(chunk);
    let mut writer = Writer::new(&mut sink as &mut dyn FnMut(&[u8]));
    write(&mut writer);
    writer.flush();
    log
}

fn some_events(random: &mut Random, count: usize) -> Vec<Made> {
    (0..count).map(|_| Made::up(random)).collect()
}

#[test]
fn every_event_comes_back_as_it_was_written() {
    for seed in 0..rounds(200) as u64 {
        let events = some_events(&mut Random::with_seed(seed), rounds(300));
        let log = log_of::<4096>(&events);
        let mut reader = Reader::new(&log);
        for (time, made) in (0..).step_by(1300).zip(&events) {
            let record = reader.next().expect("there is a record for each event");
            assert_eq!(record.time, time);
            made.with_event(|event| assert_eq!(record.event, *event));
        }
        assert_eq!(reader.next(), None);
        assert_eq!(reader.damage(), Default::default());
    }
}

#[test]
fn times_and_addresses_may_jump_anywhere() {
    let ends = [0, 1, u64::MAX, u64::MAX / 2, u64::MAX / 2 + 1, 1 << 63, 12345];
    let pairs = || ends.iter().flat_map(|&time| ends.iter().map(move |&address| (time, address)));
    let log = written::<128>(|writer| {
        pairs().for_each(|(time, address)| writer.write(time, &Event::Freed { address: Address(address) }));
    });
    let read: Vec<Record<'_>> = Reader::new(&log).collect();
    let expected: Vec<Record<'_>> =
        pairs().map(|(time, address)| Record { time, event: Event::Freed { address: Address(address) } }).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_log_that_ends_anywhere_is_read_up_to_there() {
    let events = some_events(&mut Random::with_seed(1), if cfg!(miri) { 8 } else { 30 });
    let log = log_of::<256>(&events);
    let whole: Vec<Record<'_>> = Reader::new(&log).collect();
    let ends = chunk_ends(&log);
    for len in (0..=log.len()).step_by(if cfg!(miri) { 5 } else { 1 }) {
        let mut reader = Reader::new(&log[..len]);
        let read: Vec<Record<'_>> = reader.by_ref().collect();
        assert_eq!(read[..], whole[..read.len()]);
        let last_whole = ends.iter().copied().rfind(|&end| end <= len).unwrap_or(0);
        assert_eq!(read, Reader::new(&log[..last_whole]).collect::<Vec<_>>());
        assert_eq!(reader.damage().skipped_bytes, (len - last_whole) as u64);
    }
}

/// Where each chunk of an undamaged log ends.
fn chunk_ends(log: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    while let Some(&end) = ends.last().or(Some(&0)).filter(|&&end| end < log.len()) {
        match Chunk::find(&log[end..]) {
            mudlark_hooks::Found::Chunk { skipped: 0, len, .. } => ends.push(end + len),
            found => panic!("{found:?} at {end}"),
        }
    }
    ends
}

#[test]
fn a_wrong_byte_costs_the_chunk_that_it_is_in() {
    let log = log_of::<256>(&some_events(&mut Random::with_seed(2), if cfg!(miri) { 6 } else { 40 }));
    let whole: Vec<Record<'_>> = Reader::new(&log).collect();
    let ends = chunk_ends(&log);
    let mut random = Random::with_seed(3);
    for place in (0..log.len()).step_by(if cfg!(miri) { 7 } else { 1 }) {
        let mut damaged = log.clone();
        damaged[place] ^= random.byte() | 1;
        let mut reader = Reader::new(&damaged);
        let read: Vec<Record<'_>> = reader.by_ref().collect();
        let hit = ends.iter().position(|&end| place < end).expect("a chunk has the byte");
        let start = hit.checked_sub(1).map_or(0, |before| ends[before]);
        let before = Reader::new(&log[..start]).count();
        let lost = Reader::new(&log[start..ends[hit]]).count();
        let expected: Vec<Record<'_>> = [&whole[..before], &whole[before + lost..]].concat();
        assert_eq!(read, expected, "byte {place}");
        assert!(reader.damage().skipped_bytes > 0);
    }
}

#[test]
fn garbage_between_chunks_is_passed_over() {
    let mut random = Random::with_seed(5);
    for _ in 0..rounds(200) {
        let log = log_of::<256>(&some_events(&mut random, 40));
        let mut dirty = Vec::new();
        let mut garbage = 0;
        let mut start = 0;
        for end in chunk_ends(&log) {
            let mut noise = random.bytes(60);
            // Beginnings of chunks among it.
            if random.number_from(0, 1) == 0 {
                noise.extend_from_slice(&log[..random.place(15)]);
            }
            garbage += noise.len();
            dirty.extend_from_slice(&noise);
            dirty.extend_from_slice(&log[start..end]);
            start = end;
        }
        let mut reader = Reader::new(&dirty);
        assert!(reader.by_ref().eq(Reader::new(&log)));
        assert_eq!(reader.damage().skipped_bytes, garbage as u64);
        assert_eq!(reader.damage().missing_chunks, 0);
    }
}

#[test]
fn missing_chunks_are_counted() {
    let log = log_of::<128>(&some_events(&mut Random::with_seed(6), 60));
    let ends = chunk_ends(&log);
    let without = [&log[..ends[0]], &log[ends[3]..]].concat();
    let mut reader = Reader::new(&without);
    reader.by_ref().for_each(drop);
    assert_eq!(reader.damage().missing_chunks, 3);
    let mut reader = Reader::new(&log[ends[1]..]);
    reader.by_ref().for_each(drop);
    assert_eq!(reader.damage().missing_chunks, 2, "also at the beginning");
}

#[test]
fn logs_one_after_the_other_are_a_log() {
    let mut random = Random::with_seed(7);
    let logs: Vec<Vec<u8>> = (0..5).map(|_| log_of::<256>(&some_events(&mut random, 50))).collect();
    let together = logs.concat();
    let mut reader = Reader::new(&together);
    assert!(reader.by_ref().eq(logs.iter().flat_map(|log| Reader::new(log))));
    assert_eq!(reader.damage(), Default::default());
}

#[test]
fn anything_can_be_read() {
    let mut random = Random::with_seed(8);
    for _ in 0..rounds(5000) {
        let mut bytes = random.bytes(400);
        let at = random.place(bytes.len());
        bytes.splice(at..at, log_of::<128>(&some_events(&mut random, 3)));
        for _ in 0..random.number_from(0, 3) {
            let place = random.place(bytes.len() - 1);
            bytes[place] = random.byte();
        }
        let mut reader = Reader::new(&bytes);
        reader.by_ref().for_each(drop);
        assert!(reader.damage().skipped_bytes <= bytes.len() as u64);
    }
}

#[test]
fn a_ring_has_the_newest_chunks_and_what_is_pinned() {
    let mut random = Random::with_seed(9);
    for _ in 0..rounds(100) {
        let events = some_events(&mut random, 200);
        let mut writer = Writer::<_, 128>::new(Ring::<1500>::new());
        writer.write(0, &Event::Name { of: NameOf::Program, id: 0, text: "pinned" });
        writer.flush();
        writer.sink_mut().pin();
        for (time, made) in (1..).zip(&events) {
            made.with_event(|event| writer.write(time, event));
        }
        writer.flush();
        let log = writer.sink().parts().concat();
        let times: Vec<u64> = Reader::new(&log).map(|record| record.time).collect();
        assert_eq!(times[0], 0, "the name is there");
        assert_eq!(times.last(), Some(&200));
        let newest = &times[1..];
        assert!(newest.windows(2).all(|pair| pair[0] + 1 == pair[1]), "none is missing in between: {newest:?}");
        // All but the chunk that was overwritten in part: a few of the longest events.
        assert!(log.len() == 1500 && newest.len() >= 8, "{} of 1500 bytes: {newest:?}", log.len());
    }
}

#[test]
fn a_ring_smaller_than_a_chunk_is_of_no_use_and_no_harm() {
    let mut writer = Writer::<_, 128>::new(Ring::<20>::new());
    (0..100).for_each(|time| writer.write(time, &Event::Mark { text: "too much" }));
    writer.flush();
    assert_eq!(Reader::new(&writer.sink().parts().concat()).next(), None);
    let mut writer = Writer::<_, 128>::new(Ring::<0>::new());
    writer.write(0, &Event::Mark { text: "nowhere" });
    writer.flush();
    assert_eq!(writer.sink().parts().concat(), []);
}

#[test]
fn what_is_too_long_for_a_chunk_is_cut_off() {
    let text = "ü".repeat(200);
    let addresses: Vec<u64> = (0..100).map(|n| n * 0x1234_5678_9ABC).collect();
    let log = written::<128>(|writer| {
        writer.write(1, &Event::Mark { text: &text });
        writer.write_of(u32::MAX, u32::MAX, u64::MAX, &Event::Stack { id: 7, frames: Frames::from(&addresses[..]) });
        writer.write_of(1, 1, 2, &Event::Mark { text: &text });
    });
    let records: Vec<Record<'_>> = Reader::new(&log).collect();
    let Event::Mark { text: cut } = records[0].event else { panic!("{records:?}") };
    assert!(cut.len() > 80 && text.starts_with(cut));
    let stack = records.iter().find_map(|record| match record.event {
        Event::Stack { id: 7, frames } => Some(frames),
        _ => None,
    });
    let frames: Vec<u64> = stack.expect("the stack is there").iter().collect();
    assert!(frames.len() > 4 && addresses.starts_with(&frames), "{frames:x?}");
}

#[test]
fn threads_and_tags_are_known_in_every_chunk() {
    let who = |n: u32| (n / 3 % 5, n / 7 % 2);
    let log = written::<128>(|writer| {
        for n in 0..1000 {
            let (thread, tag) = who(n);
            writer.write_of(thread, tag, n.into(), &Event::Freed { address: Address(n.into()) });
        }
    });
    for skipped in 0..chunk_ends(&log).len() {
        let start = skipped.checked_sub(1).map_or(0, |before| chunk_ends(&log)[before]);
        let mut current = None;
        for record in Reader::new(&log[start..]) {
            match record.event {
                Event::Switched { thread, tag } => current = Some((thread, tag)),
                Event::Freed { address } => assert_eq!(current, u32::try_from(address.0).ok().map(who)),
                _ => panic!("{record:?}"),
            }
        }
    }
}

#[test]
fn the_interval_of_a_sampled_request_is_known_in_every_chunk() {
    let interval = |n: u64| 1 << (9 + n / 11 % 50);
    let log = written::<128>(|writer| {
        for n in 0..1000_u64 {
            let block = Event::Allocated { address: Address(n << 40), size: n, align: 8, stack: u32::MAX };
            writer.write_sampled(u32::MAX, u32::MAX, interval(n), n << 50, &block);
            writer.write_of(u32::MAX, 0, n << 50, &Event::Freed { address: Address(n << 40) });
        }
    });
    let mut requests = 0;
    for skipped in 0..chunk_ends(&log).len() {
        let start = skipped.checked_sub(1).map_or(0, |before| chunk_ends(&log)[before]);
        let (mut current, mut thread) = (None, 0);
        for record in Reader::new(&log[start..]) {
            match record.event {
                Event::Switched { thread: now, .. } => thread = now,
                Event::Sampling { interval } => current = Some(interval),
                Event::Allocated { size, .. } => {
                    assert_eq!((current, thread), (Some(interval(size)), u32::MAX));
                    requests += u32::from(skipped == 0);
                }
                Event::Freed { .. } => assert_eq!(thread, u32::MAX),
                _ => panic!("{record:?}"),
            }
        }
    }
    assert_eq!(requests, 1000);
}

/// The beginning of a chunk that claims so many bytes, and whose checksum is wrong.
fn false_beginning(claimed: u32) -> Vec<u8> {
    let log = log_of::<128>(&some_events(&mut Random::with_seed(10), 1));
    let mut header = log[..16].to_vec();
    header[4..8].copy_from_slice(&claimed.to_le_bytes());
    header
}

#[test]
fn a_chunk_is_found_among_false_beginnings_that_claim_its_bytes() {
    let mut random = Random::with_seed(11);
    for _ in 0..rounds(200) {
        let log = log_of::<256>(&some_events(&mut random, 40));
        let mut dirty = Vec::new();
        let mut garbage = 0;
        let mut start = 0;
        for end in chunk_ends(&log) {
            for _ in 0..random.number_from(0, 12) {
                let mut noise = false_beginning(u32::try_from(random.place(3000)).expect("it is small"));
                noise.extend(random.bytes(90).iter().filter(|&&byte| byte != 0xF5));
                garbage += noise.len();
                dirty.extend(noise);
            }
            dirty.extend_from_slice(&log[start..end]);
            start = end;
        }
        let mut reader = Reader::new(&dirty);
        assert!(reader.by_ref().eq(Reader::new(&log)));
        assert_eq!(reader.damage().skipped_bytes, garbage as u64);
    }
}

/// Where a beginning is summed by itself after each chunk, this takes minutes.
#[test]
#[cfg_attr(miri, ignore = "there is no clock")]
fn a_false_beginning_before_each_chunk_takes_time_for_the_logs_length() {
    let begun = std::time::Instant::now();
    let log = log_of::<128>(&some_events(&mut Random::with_seed(13), 400_000));
    let (mut flood, mut start) = (Vec::new(), 0);
    let false_beginning = false_beginning(64 * 1024);
    for end in chunk_ends(&log) {
        flood.extend_from_slice(&false_beginning);
        flood.extend_from_slice(&log[start..end]);
        start = end;
    }
    // So that the last ones claim no more than there is.
    flood.extend([0; 65 * 1024]);
    let mut reader = Reader::new(&flood);
    assert_eq!(reader.by_ref().count(), Reader::new(&log).count());
    assert_eq!(reader.damage().skipped_bytes, (flood.len() - log.len()) as u64);
    assert!(begun.elapsed().as_secs() < 30, "{:?} for {} bytes", begun.elapsed(), flood.len());
}

/// Where each beginning is summed by itself, this takes minutes.
#[test]
#[cfg_attr(miri, ignore = "there is no clock")]
fn a_log_of_nothing_but_beginnings_takes_time_for_its_length() {
    let begun = std::time::Instant::now();
    let log = log_of::<256>(&some_events(&mut Random::with_seed(12), 40));
    let flood = [false_beginning(64 * 1024).repeat(60_000), log.clone()].concat();
    let mut reader = Reader::new(&flood);
    let read = reader.by_ref().count();
    assert_eq!(read, Reader::new(&log).count());
    assert_eq!(reader.damage().skipped_bytes, (flood.len() - log.len()) as u64);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
