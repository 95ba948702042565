//! What happened, in a few figures.

use mudlark_hooks::NameOf;

use crate::model::Model;
use crate::plot::escape;
use crate::text;

/// The figures that one looks for first, and what to know of the log.
pub(super) fn html(model: &Model) -> String {
    let program = &model.program;
    let (start, end) = model.span();
    let seconds = |time: u64| text::seconds(program.seconds(time.saturating_sub(start)));
    let figures = model.figures(model.all());
    let mut cards = vec![
        card("peak", &text::bytes(figures.at_peak.bytes), &format!("after {}", seconds(model.peak_time()))),
        card("live at the end", &text::bytes(figures.leaked.bytes), &blocks(figures.leaked.blocks.rounded())),
        card(
            "asked for in all",
            &text::bytes(figures.total.bytes),
            &text::counted(figures.total.blocks.rounded(), "request", "requests"),
        ),
    ];
    if model.program.has_every_request() {
        let share = text::share(figures.temporary.blocks.rounded(), figures.total.blocks.rounded());
        cards.push(card("temporary", &text::bytes(figures.temporary.bytes), &format!("{share} of requests")));
    }
    let pauses = || model.collections.list.iter().filter_map(crate::model::Collection::pause);
    if let Some(longest) = pauses().max() {
        let longest = text::seconds(program.seconds(longest));
        cards.push(card("longest collection", &longest, &format!("of {}", text::number(pauses().count() as u64))));
    }
    let allocator = program.name(NameOf::Allocator, 0).map_or_else(String::new, |name| format!(", on {name}"));
    let notes: String = notes(model).iter().map(|note| format!("<li>{}</li>", escape(&text::unbroken(note)))).collect();
    format!(
        "<dl class=\"cards\">{}</dl>\n<ul class=\"notes\"><li>It ran for {}{}.</li>{notes}</ul>\n",
        cards.concat(),
        text::unbroken(&seconds(end)),
        escape(&allocator)
    )
}

fn card(what: &str, figure: &str, more: &str) -> String {
    let (figure, more) = (text::unbroken(figure), text::unbroken(more));
    format!("<div><dt>{what}</dt><dd>{figure} <small>{more}</small></dd></div>")
}

fn blocks(count: u64) -> String {
    text::counted(count, "block", "blocks")
}

/// What a reader should know before believing the figures.
fn notes(model: &Model) -> Vec<String> {
    let mut notes = Vec::new();
    match model.program.has_every_request() {
        true => notes.push("Each request is in the log.".to_owned()),
        false => {
            let interval = text::intervals(&model.program);
            notes.push(format!("Figures are estimates from a sample of one request in about {interval}; temporary blocks are not known."));
        }
    }
    if !model.program.has_start {
        notes.push("The log lacks its beginning: times have no unit, and what came before is not known.".to_owned());
    }
    if let Some(ended) = model.program.ended_early {
        notes.push(format!("The log {ended}; {}, and what is live there need not be a leak.", text::lost(model)));
    } else if !model.program.has_stop {
        notes.push("The program did not end its log: what is live at the end need not be a leak.".to_owned());
    }
    let gaps = model.gaps;
    let mut note = |count: u64, one: &str, more: &str| {
        if count > 0 {
            notes.push(text::counted(count, one, more));
        }
    };
    let is_told = model.program.ended_early.is_some();
    note(
        if is_told { 0 } else { gaps.lost_events },
        "event was lost by the writer.",
        "events were lost by the writer.",
    );
    note(gaps.missing_frees, "free is missing.", "frees are missing.");
    let refused: u64 = model.refused.values().map(|amount| amount.blocks.rounded()).sum();
    note(refused, "request was not served: out of memory.", "requests were not served: out of memory.");
    notes
}
