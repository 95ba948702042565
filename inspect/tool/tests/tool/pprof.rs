//! What is written for `pprof` is read back, by a decoder of our own and by Go.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::process::Command;

use flate2::read::GzDecoder;
use mudlark_tool::export::pprof;
use mudlark_tool::model::Figures;

use crate::common::{Log, file_in, model_of, mudlark, small_program, text};
use crate::exports::{busy_program, symbols};

/// A decoder of protocol buffers that shares nothing with the writer: the fields of a message, by their numbers.
fn fields(mut message: &[u8]) -> HashMap<u64, Vec<Field<'_>>> {
    let mut fields: HashMap<u64, Vec<Field<'_>>> = HashMap::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)),
            2 => {
                let len = varint(&mut message).try_into().expect("it is in memory");
                let (bytes, rest) = message.split_at(len);
                message = rest;
                Field::Bytes(bytes)
            }
            wire_type => panic!("wire type {wire_type}"),
        };
        fields.entry(key >> 3).or_default().push(field);
    }
    fields
}

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(self) -> u64 {
        let Self::Number(number) = self else { panic!("{self:?} is no number") };
        number
    }

    fn index(self) -> usize {
        self.number().try_into().expect("an index")
    }

    fn bytes(self) -> &'a [u8] {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no bytes") };
        bytes
    }

    fn numbers(self) -> Vec<u64> {
        let mut bytes = self.bytes();
        let mut numbers = Vec::new();
        while !bytes.is_empty() {
            numbers.push(varint(&mut bytes));
        }
        numbers
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0.. {
        let (&byte, rest) = bytes.split_first().expect("a number has an end");
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut unzipped = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unzipped).expect("it is gzipped");
    unzipped
}

#[test]
fn pprof_adds_up_to_all_and_refers_to_what_is_there() {
    for log in [small_program(), busy_program(1), Log::new().finish()] {
        let model = model_of(&log);
        let profile = unzipped(&pprof::pprof(&model, &mut symbols(&model)).expect("no errors"));
        let profile = fields(&profile);
        let all = |field| profile.get(&field).map_or(&[][..], Vec::as_slice);
        let texts: Vec<String> = all(6).iter().map(|it| text(it.bytes())).collect();
        assert_eq!(texts[0], "");
        let types: Vec<&str> = all(1).iter().map(|kind| texts[fields(kind.bytes())[&1][0].index()].as_str()).collect();
        assert_eq!(types[..4], ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]);

        let ids =
            |field: u64| -> HashSet<u64> { all(field).iter().map(|it| fields(it.bytes())[&1][0].number()).collect() };
        let (locations, functions) = (ids(4), ids(5));
        assert_eq!(locations.len(), all(4).len(), "no location has the number of another");
        let mut sums = [0; 6];
        for sample in all(2) {
            let sample = fields(sample.bytes());
            assert!(sample[&1][0].numbers().iter().all(|location| locations.contains(location)));
            sample[&2][0].numbers().iter().zip(&mut sums).for_each(|(value, sum)| *sum += value);
        }
        for location in all(4) {
            let line = fields(fields(location.bytes())[&4][0].bytes())[&1][0].number();
            assert!(functions.contains(&line));
        }
        let Figures { total, leaked, at_peak, .. } = model.figures(model.all());
        let expected = [total, leaked, at_peak].map(|amount| [amount.blocks.rounded(), amount.bytes]).concat();
        assert_eq!(sums[..], expected);
    }
}

#[test]
fn pprof_labels_samples_with_tags_and_threads() {
    let model = model_of(&small_program());
    let profile = unzipped(&pprof::pprof(&model, &mut symbols(&model)).expect("no errors"));
    let profile = fields(&profile);
    let texts: Vec<String> = profile[&6].iter().map(|it| text(it.bytes())).collect();
    let labels = |sample: &Field<'_>| -> Vec<String> {
        let labels = fields(sample.bytes()).remove(&3).unwrap_or_default();
        let text_of = |number: Field<'_>| texts[number.index()].clone();
        labels
            .iter()
            .map(|label| fields(label.bytes()))
            .map(|label| format!("{}={}", text_of(label[&1][0]), text_of(label[&2][0])))
            .collect()
    };
    let labels: Vec<Vec<String>> = profile[&2].iter().map(labels).collect();
    assert_eq!(labels, [vec!["tag=load", "thread=main"], vec!["thread=main"], vec!["thread=worker"]]);
}

/// `go tool pprof` sums up our file to the log's figures. Where there is no Go, nothing is tested.
#[test]
fn go_reads_the_profile() {
    if !Command::new("go").arg("version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: there is no go");
        return;
    }
    let directory = tempfile::tempdir().expect("there is room for files");
    let log = file_in(directory.path(), "out.mmt", &small_program());
    let profile = directory.path().join("out.pb.gz");
    let written = mudlark(&["pprof".as_ref(), log.as_os_str(), "-o".as_ref(), profile.as_os_str()]);
    assert!(written.status.success(), "{}", text(&written.stderr));
    for (index, total) in
        [("alloc_space", "6301B"), ("inuse_space", "1000B"), ("peak_space", "6001B"), ("alloc_objects", "15B")]
    {
        let output = Command::new("go")
            .env("HOME", directory.path())
            .args(["tool", "pprof", "-top", "-unit=B", &format!("-sample_index={index}")])
            .arg(&profile)
            .output()
            .expect("go starts");
        let top = text(&output.stdout);
        assert!(top.contains(&format!("% of {total} total")), "{index}: {top}{}", text(&output.stderr));
    }
}
