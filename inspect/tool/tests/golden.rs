//! What commands print for a small program, whole.

mod common;

use common::{Log, file_in, mudlark, mudlark_on, small_program, text};

#[test]
fn x() {
    for a in [&["stats"][..], &["table"], &["table","--by","tag","--sort","leaked"], &["table","--by","class","--top","1","--sort","count"], &["leaks"], &["temporary"]] {
        println!("{}", mudlark_on(&small_program(), a));
    }
    let directory = tempfile::tempdir().expect("there is room for files");
    let before = file_in(directory.path(), "before.mmt", &small_program());
    let after = file_in(directory.path(), "after.mmt", &Log::new().finish());
    println!("{}", text(&mudlark(&["diff".as_ref(), before.as_os_str(), after.as_os_str()]).stdout));
    let mut log = Log::sampled(4096);
    for n in 0..100 { log.allocate(n * 4096, 16, 0); }
    let s = log.finish();
    println!("{}", mudlark_on(&s, &["stats"]));
    println!("{}", mudlark_on(&s, &["table"]));
}
