//! Logs made up by a fuzzer, read: as they are, and as the payload of a chunk whose checksum is right. What is read is written
//! anew, and has to be the same when it is read again. `fuzz/run` runs it.

#![no_main]

use crc::{CRC_32_ISO_HDLC, Crc};
use libfuzzer_sys::fuzz_target;
use mudlark_hooks::{Reader, Writer};

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&[&chunk(bytes)[..], bytes].concat());
});

/// A chunk with this payload.
fn chunk(payload: &[u8]) -> Vec<u8> {
    let mut counted = (payload.len() as u32).to_le_bytes().to_vec();
    counted.extend_from_slice(&[0; 4]);
    let mut checked = counted.clone();
    checked.extend_from_slice(payload);
    let checksum = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&checked);
    [&[0xF5, b'M', b'T', 1], &counted[..], &checksum.to_le_bytes(), payload].concat()
}

fn read(log: &[u8]) {
    let mut reader = Reader::new(log);
    let mut again = Vec::new();
    let mut writer = Writer::<_, { 16 + 65_536 }>::new(|chunk: &[u8]| again.extend_from_slice(chunk));
    let records: Vec<_> = reader.by_ref().collect();
    records.iter().for_each(|record| writer.write(record.time, &record.event));
    writer.flush();
    drop(writer);
    assert!(reader.damage().skipped_bytes <= log.len() as u64);
    assert!(Reader::new(&again).eq(records));
}
