//! Draws the figures of now on a terminal.
//!
//! ```text
//!   bookshop   12.3 s   recording
//!   ┌ heap ─────────────────────────────┐
//!   │ now 1.2 MiB   peak 1.5 MiB   …    │
//!   │ ▁▂▃▅▆▇▇▆▇                         │
//!   └───────────────────────────────────┘
//!      now     peak    total  requests  function
//!   q quit   p pause   s sort
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};

use crate::live::{Sort, Status, places};
use crate::model::Cost;
use crate::text;

/// Draws all of it. `first` is the first place that is shown.
pub(crate) fn draw(frame: &mut Frame<'_>, status: &Status, sort: Sort, is_paused: bool, first: usize) {
    let [title, heap, places, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(if status.pauses.count > 0 { 8 } else { 7 }),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title_line(status, is_paused), title);
    draw_heap(frame, status, heap);
    draw_places(frame, status, sort, first, places);
    frame.render_widget(Line::from(" q quit   p pause   s sort   ↑ ↓ more places").dim(), keys);
}

fn title_line(status: &Status, is_paused: bool) -> Line<'static> {
    let state = match (status.is_over, status.ended_early, is_paused) {
        (true, None, _) => " ended ".on_dark_gray(),
        (_, Some(ended), _) => format!(" the log {ended} ").black().on_yellow(),
        (false, None, true) => " paused ".black().on_yellow(),
        (false, None, false) => " recording ".black().on_green(),
    };
    let title = format!(" {}  ", status.title).bold();
    Line::from(vec![title, format!("{:.1} s  ", status.elapsed).into(), state])
}

fn draw_heap(frame: &mut Frame<'_>, status: &Status, area: Rect) {
    let name = if status.is_sample { " heap, estimated from a sample " } else { " heap " };
    let block = Block::bordered().title(name);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let [figures, curve] =
        Layout::vertical([Constraint::Length(if status.pauses.count > 0 { 3 } else { 2 }), Constraint::Min(1)])
            .areas(inside);
    frame.render_widget(Paragraph::new(figure_lines(status)), figures);
    let columns = narrowed(&status.heap, usize::from(curve.width));
    frame.render_widget(Sparkline::default().data(columns).style(Style::new().fg(Color::Blue)), curve);
}

fn figure_lines(status: &Status) -> Vec<Line<'static>> {
    let figure = |name: &'static str, value: String| [Span::from(name).dim(), format!(" {value}   ").bold()];
    let resident = status.resident.map(|bytes| figure("resident", text::bytes(bytes)));
    let first =
        figure("now", text::bytes(status.now.bytes)).into_iter().chain(figure("peak", text::bytes(status.peak.bytes)));
    let first =
        first.chain(figure("blocks", text::number(status.now.blocks.rounded()))).chain(resident.into_iter().flatten());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
    let (requests, bytes) = (status.rate.0 as u64, status.rate.1 as u64);
    let second = figure("requests/s", text::number(requests)).into_iter().chain(figure("bytes/s", text::bytes(bytes)));
    let second = second.chain(figure("in all", text::bytes(status.total.bytes)));
    let mut lines = vec![Line::from_iter(first), Line::from_iter(second)];
    if status.pauses.count > 0 {
        let pauses = status.pauses;
        let third = figure("collections", text::number(pauses.count))
            .into_iter()
            .chain(figure("last", text::seconds(pauses.last)));
        let third = third
            .chain(figure("longest", text::seconds(pauses.longest)))
            .chain(figure("in all", text::seconds(pauses.all)));
        lines.push(Line::from_iter(third));
    }
    lines
}

/// As many columns as fit, each the most of its part.
fn narrowed(heap: &[u64], width: usize) -> Vec<u64> {
    if heap.is_empty() || width == 0 {
        return Vec::new();
    }
    let column = |number: usize| {
        let from = number * heap.len() / width;
        let to = ((number + 1) * heap.len() / width).clamp(from + 1, heap.len());
        heap[from..to].iter().copied().max().unwrap_or(0)
    };
    (0..width).map(column).collect()
}

/// Widths of the columns of figures.
const FIGURES: [u16; 4] = [10, 10, 10, 12];

fn draw_places(frame: &mut Frame<'_>, status: &Status, sort: Sort, first: usize, area: Rect) {
    let heads = Sort::ALL.map(|column| {
        let head = Line::from(column.name()).right_aligned();
        if column == sort { head.bold().underlined() } else { head }
    });
    let heads = Row::new(heads.into_iter().chain([Line::from("function")]));
    let figures: u16 = FIGURES.iter().map(|width| width + 1).sum();
    let room = usize::from(area.width.saturating_sub(figures));
    let rows = status.places.iter().skip(first).map(|place| place_row(place, room));
    let widths = FIGURES.map(Constraint::Length).into_iter().chain([Constraint::Min(10)]);
    frame.render_widget(Table::new(rows, widths).header(heads.style(Style::new().add_modifier(Modifier::DIM))), area);
}

fn place_row(place: &places::Row, room: usize) -> Row<'static> {
    let bytes = |cost| text::bytes(place.figures.cost(cost).bytes);
    let requests = text::number(place.figures.total.blocks.rounded());
    let figures = [bytes(Cost::Leaked), bytes(Cost::Peak), bytes(Cost::Total), requests];
    let figures = figures.map(|figure| Line::from(figure).right_aligned());
    Row::new(figures.into_iter().chain([Line::from(elided(&place.name, room))]))
}

/// As much of a name as there is room for: its beginning and, more of it, its end, where the function's own name is.
fn elided(name: &str, room: usize) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= room || room == 0 {
        return name.to_owned();
    }
    let head = room / 3;
    let tail = chars.len() - (room - 1 - head.min(room - 1));
    chars[..head].iter().chain(['…'].iter()).chain(&chars[tail..]).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::live::status::Pauses;
    use crate::model::{Amount, Count, Figures};

    fn status() -> Status {
        let amount = |bytes, blocks| Amount { bytes, blocks: Count::whole(blocks), ..Amount::default() };
        let place = |name: &str, bytes| places::Row {
            name: name.to_owned(),
            figures: Figures {
                total: amount(2 * bytes, 9),
                leaked: amount(bytes, 3),
                at_peak: amount(bytes, 3),
                ..Figures::default()
            },
        };
        Status {
            title: "bookshop".to_owned(),
            elapsed: 12.34,
            now: amount(3 << 20, 1234),
            peak: amount(4 << 20, 2000),
            total: amount(9 << 30, 70_000),
            resident: Some(17 << 20),
            rate: (1500.0, 2_500_000.0),
            pauses: Pauses { count: 7, last: 0.001, longest: 0.25, all: 0.5 },
            places: vec![place("shop::load", 2 << 20), place("shop::serve", 1 << 20)],
            heap: (0..240).map(|column| column * column).collect(),
            ..Status::default()
        }
    }

    fn drawn(status: &Status, sort: Sort, is_paused: bool, first: usize, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory is enough");
        terminal.draw(|frame| draw(frame, status, sort, is_paused, first)).expect("it cannot fail");
        let lines = terminal.backend().buffer().content().chunks(usize::from(width));
        lines.map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    #[test]
    fn the_screen_has_the_figures_of_now() {
        let screen = drawn(&status(), Sort::Now, false, 0, (90, 20));
        for text in [
            "bookshop  12.3 s   recording",
            "now 3.0 MiB   peak 4.0 MiB   blocks 1 234   resident 17.0 MiB",
            "requests/s 1 500   bytes/s 2.4 MiB   in all 9.0 GiB",
            "collections 7   last 1.00 ms   longest 250.00 ms   in all 500.00 ms",
            "   2.0 MiB    2.0 MiB    4.0 MiB            9 shop::load",
            "q quit",
        ] {
            assert!(screen.contains(text), "{text} is missing in\n{screen}");
        }
        assert!(screen.contains('█') && screen.find("shop::load") < screen.find("shop::serve"), "{screen}");
    }

    #[test]
    fn what_is_paused_or_over_says_so_and_places_can_be_passed_over() {
        let mut status = status();
        assert!(drawn(&status, Sort::Peak, true, 0, (90, 20)).contains(" paused "));
        assert!(!drawn(&status, Sort::Peak, true, 1, (90, 20)).contains("shop::load"));
        (status.is_over, status.is_sample) = (true, true);
        let screen = drawn(&status, Sort::Count, false, 0, (90, 20));
        assert!(screen.contains(" ended ") && screen.contains("estimated from a sample"), "{screen}");
    }

    #[test]
    fn there_is_room_for_all_sizes_of_terminals() {
        for size in [(1, 1), (20, 5), (40, 10), (300, 80)] {
            drawn(&status(), Sort::Now, false, 0, size);
            drawn(&Status::default(), Sort::Now, false, 9, size);
        }
    }

    #[test]
    fn the_curve_keeps_its_peaks_when_it_is_narrowed() {
        let mut heap = vec![1; 240];
        heap[77] = 9;
        let narrow = narrowed(&heap, 50);
        assert_eq!((narrow.len(), narrow.iter().max()), (50, Some(&9)));
        assert_eq!(narrowed(&[1, 2], 4), [1, 1, 2, 2]);
    }

    #[test]
    fn a_long_name_keeps_both_its_ends() {
        assert_eq!(elided("<a::B as c::D>::e", 17), "<a::B as c::D>::e");
        assert_eq!(elided("<a::B as c::D>::e", 9), "<a:…D>::e");
        assert_eq!([elided("abc", 1), elided("abc", 2), elided("abc", 0)], ["…", "…c", "abc"]);
    }
}
