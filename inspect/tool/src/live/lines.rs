//! A line a second, where there is no terminal to draw on.

use core::fmt::Write as _;
use core::time::Duration;
use std::io::{self, Write};
use std::thread;
use std::time::Instant;

use crate::error::Error;
use crate::live::places::Names;
use crate::live::status::Meter;
use crate::live::{Follower, Sort, Status};
use crate::text;

/// Writes lines until the log is over. A reader that has seen enough ends it, too.
pub(crate) fn write(
    mut follower: Follower,
    mut names: Names,
    to: &mut dyn Write,
    mut has_ended: impl FnMut() -> bool,
) -> Result<(), Error> {
    let mut meter = Meter::new(Instant::now());
    loop {
        // Asked before the rest is read: what was written up to the end is then there.
        let has_ended = has_ended();
        follower.read_on()?;
        let is_over = has_ended || follower.is_over();
        let status = Status::of(follower.model(), is_over, &mut names, &mut meter, Sort::Now);
        match writeln!(to, "{}", line(&status)).and_then(|()| to.flush()) {
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(cause) => return Err(Error::Write { path: "the output".into(), cause }),
            Ok(()) if is_over => return Ok(()),
            Ok(()) => thread::sleep(Duration::from_secs(1)),
        }
    }
}

fn line(status: &Status) -> String {
    let about = if status.is_sample { "≈ " } else { "" };
    let mut line = format!(
        "{:.1} s: heap {about}{} in {} blocks, peak {about}{}",
        status.elapsed,
        text::bytes(status.now.bytes),
        text::number(status.now.blocks.rounded()),
        text::bytes(status.peak.bytes),
    );
    let mut add = |text: core::fmt::Arguments<'_>| line.write_fmt(text).expect("a string takes all");
    if let Some(resident) = status.resident {
        add(format_args!(", resident {}", text::bytes(resident)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
    let (requests, bytes) = (status.rate.0 as u64, status.rate.1 as u64);
    add(format_args!(", {} requests/s, {}/s", text::number(requests), text::bytes(bytes)));
    if status.pauses.count > 0 {
        add(format_args!(", {} collections, the last {}", status.pauses.count, text::seconds(status.pauses.last)));
    }
    if let Some(place) = status.places.first() {
        add(format_args!(", most in {}", place.name));
    }
    if let Some(ended) = status.ended_early {
        add(format_args!("; the log {ended}"));
    }
    line
}
