//! A web site's pages: templates with loops, filters, macros and inheritance are rendered by `minijinja`, each with the
//! values of its page.

use minijinja::{Environment, Value, context};

use crate::checksum;
use crate::outcome::{Outcome, timed};
use crate::words::Words;

const BASE: &str = include_str!("templates/base.html");
const LIST: &str = include_str!("templates/list.html");

/// Items on a page.
const ITEMS: usize = 60;

/// Renders so many pages.
pub(crate) fn run(pages: usize) -> Outcome {
    let mut environment = Environment::new();
    environment.add_template("base.html", BASE).expect("the template is well formed");
    environment.add_template("list.html", LIST).expect("the template is well formed");
    timed(pages, || {
        checksum::of_rounds(pages, |page| {
            let template = environment.get_template("list.html").expect("the template is there");
            checksum::of(&template.render(values(page)).expect("the template knows its names"))
        })
    })
}

/// What a page shows.
fn values(page: usize) -> Value {
    let mut words = Words::new(page as u64);
    let items: Vec<Value> = (0..ITEMS).map(|number| item(&mut words, number)).collect();
    let user = context! { name => words.word(), admin => page.is_multiple_of(3) };
    context! { title => words.sentence(4), page, items, user }
}

fn item(words: &mut Words, number: usize) -> Value {
    let tags: Vec<String> = (0..words.below(5)).map(|_| words.word().to_owned()).collect();
    let price = words.below(10_000);
    context! { number, name => words.sentence(3), text => words.sentence(20), price, tags, sale => price.is_multiple_of(4) }
}
