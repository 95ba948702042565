//! A JSON document of about a megabyte is parsed into serde_json's `Value` and dropped: objects are maps with string keys, arrays are vectors
//! that grow, all of it live at once and then all of it gone. One operation is a value of the document.

use core::fmt::Write;
use core::hint::black_box;

use serde_json::Value;

use crate::outcome::{Outcome, mix, timed};
use crate::random::Random;

/// Records in the document.
const RECORDS: usize = 8000;
/// Values a record, itself among them.
const VALUES: usize = 10;

/// Parses and drops the document until at least `values` values were made.
pub(crate) fn run(values: usize) -> Outcome {
    let document = document();
    let rounds = values.div_ceil(RECORDS * VALUES);
    timed(rounds * RECORDS * VALUES, || {
        let mut checksum = 0;
        for _ in 0..rounds {
            let value: Value = serde_json::from_str(&document).expect("the document is JSON");
            checksum = mix(checksum, summary(&black_box(value)));
        }
        checksum
    })
}

fn document() -> String {
    let mut random = Random::new(11);
    let mut text = String::from("[");
    for record in 0..RECORDS {
        let comma = if record == 0 { "" } else { "," };
        let note = "tide ".repeat(random.below(12));
        let (depth, x, y) = (random.below(900), random.below(5000), random.below(5000));
        write!(
            text,
            r#"{comma}{{"number":{record},"name":"find {record}","note":"{note}","depth":{depth},"place":[{x},{y}],"whole":true,"more":null}}"#
        )
        .expect("a string takes all");
    }
    text.push(']');
    text
}

/// Something of every record.
fn summary(document: &Value) -> u64 {
    let records = document.as_array().into_iter().flatten();
    records.filter_map(|record| record["depth"].as_u64()).fold(0, mix)
}
