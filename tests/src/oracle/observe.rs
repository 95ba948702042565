//! The operations that only print what can be observed.

use mudlark_gc::{Gc, Generation, Trace};

use super::node::Node;
use super::{Driver, Step, parse_generation, unknown};

impl Driver {
    pub(super) fn observe(&mut self, operation: &str, arguments: &[&str]) -> Step {
        let value = match (operation, arguments) {
            ("live", []) => return self.print_live(),
            ("stats", [generation]) => return self.print_stats(parse_generation(generation)?),
            ("rc", [name]) => (Gc::strong_count(&self.node(name)?) - 1).to_string(),
            ("wc", [name]) => Gc::weak_count(&self.node(name)?).to_string(),
            ("gen", [name]) => match self.collector.generation_of(&self.node(name)?) {
                Some(generation) => generation.index().to_string(),
                None => "none".to_string(),
            },
            ("referrers", [name]) => count_nodes(self.collector.referrers(&self.node(name)?)).to_string(),
            ("finalized", [name]) => Node::has_been_finalized(&self.node(name)?).to_string(),
            _ => return unknown(operation),
        };
        self.print(format!("{operation} {} = {value}", arguments[0]));
        Ok(())
    }

    fn print_live(&mut self) -> Step {
        let live: usize =
            Generation::ALL.into_iter().map(|generation| count_nodes(self.collector.objects(generation))).sum();
        self.print(format!("live = {live}"));
        Ok(())
    }

    /// What has changed since the last time; nothing the first time.
    fn print_stats(&mut self, generation: Generation) -> Step {
        let now = self.collector.stats().generations[generation.index()];
        if let Some(before) = self.stats_before[generation.index()].replace(now) {
            self.print(format!(
                "stats {} collected+{} uncollectable+{}",
                generation.index(),
                now.collected - before.collected,
                now.uncollectable - before.uncollectable
            ));
        }
        Ok(())
    }
}

/// How many of the objects are nodes.
fn count_nodes(objects: Vec<Gc<dyn Trace>>) -> usize {
    objects.into_iter().filter_map(|object| object.downcast::<Node>().ok()).count()
}
