//! `mudlark report`: the page has what the log has, needs nothing else, and works in a browser.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::{self, SECOND};
use mudlark_hooks::{Address, Event, NameOf, Writer};
use tempfile::TempDir;

/// Writes the report of a log into a directory of its own.
fn report(log: &[u8]) -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let (input, output) = (directory.path().join("log.mmt"), directory.path().join("report.html"));
    std::fs::write(&input, log).expect("it can be written to");
    let done = Command::new(env!("CARGO_BIN_EXE_mudlark")).arg("report").arg(&input).arg("-o").arg(&output).output();
    let done = done.expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let page = std::fs::read_to_string(&output).expect("it was written");
    (directory, page)
}

/// A log with very many stacks, each with a few bytes.
fn many_stacks(stacks: u32) -> Vec<u8> {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 65536>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    let start = Event::Started {
        process: 1,
        pointer_bytes: 8,
        ticks_per_second: SECOND,
        unix_nanoseconds: 0,
        sample_interval: 1,
    };
    writer.write(0, &start);
    writer.write(0, &Event::Name { of: NameOf::Program, id: 0, text: "many" });
    for id in 1..=stacks {
        let frames: Vec<u64> = (0..12).map(|depth| 0x1000 * depth + u64::from(id >> depth)).collect();
        writer.write(id.into(), &Event::Stack { id, frames: frames[..].into() });
        let address = Address(0x10_0000 + u64::from(id) * 4096);
        writer.write(id.into(), &Event::Allocated { address, size: 1 + u64::from(stacks / id), align: 8, stack: id });
    }
    writer.flush();
    log
}

#[test]
fn the_page_has_the_logs_figures_and_needs_no_network() {
    let log = server::server();
    let (_directory, page) = report(&log.log);
    for text in [
        "bookshop &lt;server&gt; &amp; &quot;sons&quot;",
        "<dt>peak</dt><dd>1.3\u{a0}MiB",
        "1\u{a0}800 requests",
        "Memory over time",
        "bookshop::Link&lt;alloc::string::String&gt;, old",
        "collector, generation",
        "<small>of 10</small>",
        ", on mudlark.</li>",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    for address in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(address), "the page asks for {address}");
    }
    let totals: Vec<u64> = figures_of_table(&page, "Bytes by function", 3);
    assert_eq!(totals.iter().sum::<u64>(), log.total);
    let at_peak = figures_of_table(&page, "Bytes by thread", 0);
    assert_eq!(at_peak.iter().sum::<u64>(), log.peak);
    let leaked = figures_of_table(&page, "Bytes by scope", 1);
    assert_eq!(leaked.iter().sum::<u64>(), log.live);
}

/// The figures of a column, without that of the names.
fn figures_of_table(page: &str, caption: &str, column: usize) -> Vec<u64> {
    let (_, table) = page.split_once(caption).expect("the table is there");
    let (body, _) = table.split_once("</table>").expect("it ends");
    let figures =
        |row: &str| row.split("data-value=\"").nth(column + 1).and_then(|cell| cell.split('"').next()?.parse().ok());
    body.split("<tr>").filter_map(figures).collect()
}

#[test]
fn of_very_many_stacks_the_tail_is_cut_and_the_page_says_so() {
    let (_directory, page) = report(&many_stacks(20_000));
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains("rows with the most are shown. The "), "the table says what is cut");
    assert!(page.contains("largest are drawn"), "the flame graph says what is cut");
}

#[test]
fn a_log_of_nothing_gives_a_page_of_nothing() {
    let mut log = Vec::new();
    let mut writer = Writer::<_, 128>::new(|chunk: &[u8]| log.extend_from_slice(chunk));
    writer.write(0, &Event::Stopped {});
    writer.flush();
    let (_directory, page) = report(&log);
    assert!(page.contains("<dt>peak</dt><dd>0\u{a0}B") && !page.contains("<h2"), "{page}");
}

/// Runs in the page, and leaves what it found where the test looks for it.
const PROBE: &str = "<script>
const names = () => [...document.querySelector('table.sortable').tBodies[0].rows].filter((row) => !row.hidden)
  .map((row) => row.cells[0].textContent);
const heads = document.querySelector('table.sortable').tHead.rows[0].cells;
const found = { byPeak: names() };
heads[5].firstElementChild.click();
found.byRequests = names();
heads[0].firstElementChild.click();
found.byName = names();
const field = document.querySelector('.search input');
field.value = 'REND';
field.dispatchEvent(new Event('input'));
found.searched = names();
const calls = () => [...document.querySelectorAll('#flame .call')].map((call) => call.title);
found.calls = calls();
document.querySelectorAll('#flame .call')[1].click();
found.closer = calls();
const press = (key) => document.getElementById('flame').dispatchEvent(new KeyboardEvent('keydown', { key }));
press('ArrowUp');
press('ArrowDown');
found.byKeys = calls();
found.tooWide = document.documentElement.scrollWidth > window.innerWidth;
found.ready = document.documentElement.dataset.ready;
const result = document.createElement('pre');
result.id = 'found';
result.textContent = JSON.stringify(found);
document.body.append(result);
</script>";

pub(crate) fn chromium() -> Option<&'static str> {
    let runs = |name: &&str| {
        let command = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        command.is_ok_and(|status| status.success())
    };
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs);
    if found.is_none() {
        eprintln!("SKIPPED: no Chromium here: the page was not looked at in a browser");
    }
    found
}

/// Opens a page. What it is after its scripts, and what the browser says meanwhile.
fn open(browser: &str, page: &Path, width: u32) -> (String, String) {
    let profile = tempfile::tempdir().expect("a directory can be made");
    let done = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(page)
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&done.stdout), text(&done.stderr))
}

#[test]
fn in_a_browser_the_page_sorts_searches_and_looks_closer_without_an_error() {
    let Some(browser) = chromium() else { return };
    let (directory, page) = report(&server::server().log);
    let probed = directory.path().join("probed.html");
    std::fs::write(&probed, page.replace("</body>", &format!("{PROBE}</body>"))).expect("it can be written to");
    for width in [500, 1280] {
        let (dom, said) = open(browser, &probed, width);
        assert!(!said.contains(":CONSOLE"), "{said}");
        let (_, found) = dom.split_once("<pre id=\"found\">").expect("the probe has run");
        let found = found
            .split("</pre>")
            .next()
            .expect("it ends")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        let found: serde_json::Value = serde_json::from_str(&found).expect("it is JSON");
        let names = |key: &str| {
            found[key].as_array().expect("a list").iter().map(|name| name.as_str().unwrap_or("")).collect::<Vec<_>>()
        };
        assert_eq!(names("byPeak"), ["in serve", "in load", "in serve/render", "in load/parse"]);
        assert_eq!(names("byRequests"), ["in serve/render", "in serve", "in load/parse", "in load"]);
        assert_eq!(names("byName"), ["in load", "in load/parse", "in serve", "in serve/render"]);
        assert_eq!(names("searched"), ["in serve/render"]);
        assert_eq!(names("calls").len(), 5, "{found}");
        assert!(names("closer").iter().all(|call| !call.starts_with("serve")), "{found}");
        assert!(names("byKeys").iter().all(|call| !call.starts_with("load")), "the largest is serve: {found}");
        assert_eq!((&found["tooWide"], &found["ready"]), (&false.into(), &"yes".into()), "at {width}");
    }
}

#[test]
fn in_a_browser_a_page_of_very_many_stacks_is_quick() {
    let Some(browser) = chromium() else { return };
    let (directory, _) = report(&many_stacks(20_000));
    let (dom, said) = open(browser, &directory.path().join("report.html"), 1280);
    assert!(!said.contains(":CONSOLE"), "{said}");
    let boxes = dom.matches("class=\"call ").count();
    assert!((10..5000).contains(&boxes), "{boxes}");
}

#[test]
fn one_thing_is_told_of_in_the_singular() {
    use crate::common::Log;

    for (missing, said) in [(1, "<li>1 free is missing.</li>"), (2, "<li>2 frees are missing.</li>")] {
        let mut log = Log::new();
        for _ in 0..=missing {
            log.allocate(0x1000, 10, 0);
        }
        let (_directory, page) = report(&log.finish());
        assert!(page.contains(said), "{said} is missing");
    }
}
