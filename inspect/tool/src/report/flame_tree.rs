//! The stacks that memory comes from, as a tree with all costs, for the page to draw.
//!
//! ```text
//!   { names: ["all", "main", "load"], costs: ["peak", "leaked", …],
//!     nodes: [[0, -1, 900, 100, …], [1, 0, 900, 100, …], [2, 1, 500, 0, …]] }
//!              │   │   └── bytes of each cost
//!              │   └── the caller's index, which is lower
//!              └── the index of the name
//! ```

use std::collections::HashMap;

use serde_json::json;

use crate::model::{Cost, Figures, Model};
use crate::report::section as html_section;
use crate::symbols::Symbols;
use crate::text;
use crate::view::paths;

/// What is less than this part of each cost is not drawn: nobody could see it.
const LEAST_PART: u64 = 2000;
/// If there are more calls all the same, only larger ones are drawn, so that the page stays quick.
const MOST_CALLS: usize = 20_000;
/// Deeper calls are not drawn.
const MOST_DEPTH: usize = 120;

/// The flame graph's place in the page, with its data.
pub(super) fn section(model: &Model, symbols: &mut Symbols<'_>) -> String {
    if model.is_empty() {
        return String::new();
    }
    let costs: Vec<Cost> = costs(model);
    let mut tree = Tree::new();
    for (path, figures) in paths(model, symbols) {
        tree.add(path, figures);
    }
    let all = tree.nodes.len();
    let part = tree.least_part(&costs);
    let (data, drawn) = tree.data(&costs, part);
    let options: String =
        costs.iter().enumerate().map(|(at, &cost)| format!("<option value=\"{at}\">{}</option>", word(cost))).collect();
    let cut = if drawn == all {
        String::new()
    } else {
        let (drawn, all) = (text::number(drawn as u64), text::number(all as u64));
        format!(
            "<p class=\"cut\">Of {all} calls, the {drawn} largest are drawn; the others have less than 1/{part} of each cost.</p>\n"
        )
    };
    // Inside a script, only a tag could end the data.
    let data = data.to_string().replace('<', "\\u003c");
    let content = format!(
        "<p class=\"controls\"><label>Show <select id=\"flame-cost\">{options}</select></label> \
         <button type=\"button\" id=\"flame-reset\" disabled>Whole program</button></p>\n\
         <p id=\"flame-details\" role=\"status\">Callers are above what they call. Tap a call to look closer, or use the arrow keys.</p>\n\
         <div id=\"flame\" tabindex=\"0\" role=\"group\" aria-label=\"Flame graph of the stacks that memory comes from; the tables below have the same figures\"></div>\n\
         {cut}<script type=\"application/json\" id=\"flame-data\">{data}</script>\n"
    );
    html_section("stacks", "Where memory comes from", &content)
}

/// Those that the log knows and that are not nothing.
fn costs(model: &Model) -> Vec<Cost> {
    let all = model.figures(model.all());
    let known = |cost: Cost| cost != Cost::Temporary || model.program.has_every_request();
    let costs = [Cost::Peak, Cost::Leaked, Cost::Temporary, Cost::Total].into_iter();
    costs.filter(|&cost| known(cost) && all.cost(cost).bytes > 0).collect()
}

const fn word(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak => "live at the peak",
        Cost::Leaked => "live at the end",
        Cost::Temporary => "temporary",
        Cost::Total => "asked for in all",
    }
}

struct Node {
    name: usize,
    caller: Option<usize>,
    figures: Figures,
}

struct Tree {
    names: Vec<String>,
    name_ids: HashMap<String, usize>,
    /// Callers are before what they call.
    nodes: Vec<Node>,
    calls: HashMap<(usize, usize), usize>,
}

impl Tree {
    fn new() -> Self {
        let root = Node { name: 0, caller: None, figures: Figures::default() };
        Self { names: vec!["all".to_owned()], name_ids: HashMap::new(), nodes: vec![root], calls: HashMap::new() }
    }

    /// Adds to all calls of a stack, the outermost first.
    fn add(&mut self, path: Vec<String>, figures: Figures) {
        let mut at = 0;
        self.nodes[at].figures += figures;
        for name in path.into_iter().take(MOST_DEPTH) {
            let name = self.name_id(name);
            let next = self.nodes.len();
            let call = *self.calls.entry((at, name)).or_insert(next);
            if call == next {
                self.nodes.push(Node { name, caller: Some(at), figures: Figures::default() });
            }
            self.nodes[call].figures += figures;
            at = call;
        }
    }

    fn name_id(&mut self, name: String) -> usize {
        if let Some(&id) = self.name_ids.get(&name) {
            return id;
        }
        let id = self.names.len();
        self.names.push(name.clone());
        self.name_ids.insert(name, id);
        id
    }

    /// What part of a cost a call has at least to be drawn.
    fn least_part(&self, costs: &[Cost]) -> u64 {
        let mut part = LEAST_PART;
        while part > 1 {
            let seen = self.seen(costs, part);
            if self.nodes.iter().filter(|node| seen(&node.figures)).count() <= MOST_CALLS {
                break;
            }
            part /= 2;
        }
        part
    }

    /// Whether a call has at least that part of a cost.
    fn seen(&self, costs: &[Cost], part: u64) -> impl Fn(&Figures) -> bool {
        let least = |&cost: &Cost| (cost, (self.nodes[0].figures.cost(cost).bytes / part).max(1));
        let least: Vec<(Cost, u64)> = costs.iter().map(least).collect();
        move |figures| least.iter().any(|&(cost, least)| figures.cost(cost).bytes >= least)
    }

    /// What has at least that part of a cost, as data; and of how many calls.
    fn data(&self, costs: &[Cost], part: u64) -> (serde_json::Value, usize) {
        let is_seen = self.seen(costs, part);
        let mut names = Names::default();
        let mut new_index: Vec<Option<usize>> = Vec::with_capacity(self.nodes.len());
        let mut rows = Vec::new();
        for node in &self.nodes {
            let caller = node.caller.map(|caller| new_index[caller]);
            let kept = caller != Some(None) && (node.caller.is_none() || is_seen(&node.figures));
            new_index.push(kept.then_some(rows.len()));
            if kept {
                let caller = caller.flatten().map_or(-1, |caller| i64::try_from(caller).unwrap_or(-1));
                let name = i64::try_from(names.id(node.name)).unwrap_or(0);
                let bytes = costs.iter().map(|&cost| json!(node.figures.cost(cost).bytes));
                rows.push([json!(name), json!(caller)].into_iter().chain(bytes).collect::<Vec<_>>());
            }
        }
        let names: Vec<&str> = names.used.iter().map(|&name| self.names[name].as_str()).collect();
        let drawn = rows.len();
        (json!({ "names": names, "nodes": rows }), drawn)
    }
}

/// Names that are used, by new numbers.
#[derive(Default)]
struct Names {
    used: Vec<usize>,
    ids: HashMap<usize, usize>,
}

impl Names {
    fn id(&mut self, name: usize) -> usize {
        *self.ids.entry(name).or_insert_with(|| {
            self.used.push(name);
            self.used.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Amount, Count};

    fn figures(bytes: u64) -> Figures {
        Figures { total: Amount { bytes, blocks: Count::ONE, ..Amount::default() }, ..Figures::default() }
    }

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_call_has_the_bytes_of_all_that_it_calls() {
        let mut tree = Tree::new();
        tree.add(path(&["main", "a"]), figures(10));
        tree.add(path(&["main", "b", "a"]), figures(5));
        tree.add(path(&["main", "a"]), figures(1));
        let (data, drawn) = tree.data(&[Cost::Total], LEAST_PART);
        assert_eq!(drawn, 5);
        assert_eq!(data["names"], json!(["all", "main", "a", "b"]));
        assert_eq!(data["nodes"], json!([[0, -1, 16], [1, 0, 16], [2, 1, 11], [3, 1, 5], [2, 3, 5]]));
    }

    #[test]
    fn what_nobody_could_see_is_cut_off() {
        let mut tree = Tree::new();
        tree.add(path(&["main", "large"]), figures(1 << 30));
        for number in 0..100_000 {
            tree.add(vec!["main".to_owned(), format!("small {number}"), "smaller".to_owned()], figures(1 << 8));
        }
        let (data, drawn) = tree.data(&[Cost::Total], LEAST_PART);
        assert_eq!((drawn, data["names"].as_array().map(Vec::len)), (3, Some(3)));
    }

    #[test]
    fn of_more_calls_than_a_page_can_draw_the_large_ones_are_kept() {
        let mut tree = Tree::new();
        for number in 0..1500_u64 {
            let deep = (0..40).map(|depth| format!("call {depth} of {number}")).collect();
            tree.add(deep, figures(1000 + number * number));
        }
        let part = tree.least_part(&[Cost::Total]);
        let (_, drawn) = tree.data(&[Cost::Total], part);
        assert!((1000..=MOST_CALLS).contains(&drawn) && part < LEAST_PART, "{drawn} at {part}");
    }
}
