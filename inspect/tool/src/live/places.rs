//! The places that have the most, by name: names are looked up once, and only of places that may be shown.

use core::cmp::Reverse;
use std::collections::HashMap;

use crate::live::Sort;
use crate::model::{Figures, Model, Place};
use crate::symbols::{SymbolOptions, Symbols};
use crate::text;
use crate::view::{By, name_of};

/// Of so many places with the most, names are looked up.
const LOOKED_UP: usize = 200;

/// Names that are known.
#[derive(Debug, Default)]
pub(crate) struct Names {
    options: SymbolOptions,
    known: HashMap<Place, String>,
}

/// Requests of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) figures: Figures,
}

impl Names {
    /// Of a program whose files are there.
    pub(crate) fn new(options: SymbolOptions) -> Self {
        Self { options, known: HashMap::new() }
    }

    /// The functions with the most.
    pub(crate) fn rows(&mut self, model: &Model, sort: Sort) -> Vec<Row> {
        // Where most have nothing, as at the end, what they asked for says which of them come first.
        let rank = |figures: &Figures| [sort.key(figures), Sort::Total.key(figures)];
        let mut places: Vec<(Place, Figures)> =
            model.places().iter().map(|(place, sums)| (*place, model.figures(sums))).collect();
        places.sort_by_key(|place| Reverse(rank(&place.1)));
        places.truncate(LOOKED_UP);
        self.look_up(model, &places);
        let mut rows: HashMap<&str, Figures> = HashMap::new();
        for (place, figures) in &places {
            *rows.entry(&self.known[place]).or_default() += *figures;
        }
        let mut rows: Vec<Row> =
            rows.into_iter().map(|(name, figures)| Row { name: name.to_owned(), figures }).collect();
        rows.sort_by(|a, b| (Reverse(rank(&a.figures)), &a.name).cmp(&(Reverse(rank(&b.figures)), &b.name)));
        rows
    }

    fn look_up(&mut self, model: &Model, places: &[(Place, Figures)]) {
        let is_new = |place: &&(Place, Figures)| !self.known.contains_key(&place.0);
        let new: Vec<Place> = places.iter().filter(is_new).map(|place| place.0).collect();
        if new.is_empty() {
            return;
        }
        let mut symbols = Symbols::new(&model.program, self.options.clone());
        for place in new {
            let name = name_of(model, &mut symbols, place, By::Function);
            self.known.insert(place, text::harmless(&name).into_owned());
        }
    }
}
