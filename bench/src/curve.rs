//! Curves: workloads that are the same but for a number, which their names end with. They show how allocators and
//! collectors scale.

use crate::results::Row;

/// A curve, of which each such workload is a point.
#[derive(Debug)]
pub(crate) struct Curve {
    /// What the names of its workloads begin with, before a dash and the number.
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) title: &'static str,
    /// What the number is of.
    pub(crate) axis: &'static str,
}

/// All curves.
pub(crate) const CURVES: [Curve; 3] = [
    Curve { name: "threads", title: "the mixed window on several threads", axis: "threads" },
    Curve { name: "live", title: "blocks replaced among so many live ones", axis: "live blocks" },
    Curve { name: "beside", title: "young rings beside so many live objects", axis: "live objects" },
];

impl Curve {
    /// The number of a workload that is a point of this curve.
    pub(crate) fn number(&self, workload: &str) -> Option<f64> {
        workload.strip_prefix(self.name)?.strip_prefix('-')?.parse().ok()
    }
}

/// Whether the row is a point of a curve. Together the points would have more weight than all else there is.
pub(crate) fn is_point(row: &Row) -> bool {
    CURVES.iter().any(|curve| curve.number(&row.workload).is_some())
}

#[cfg(test)]
mod tests {
    use super::CURVES;

    #[test]
    fn a_point_is_known_by_its_name() {
        let [threads, live, beside] = &CURVES;
        assert_eq!(threads.number("threads-16"), Some(16.0));
        assert_eq!(live.number("live-10000000"), Some(1e7));
        assert_eq!(beside.number("beside-10000"), Some(1e4));
        assert_eq!(threads.number("live-1000"), None);
        assert_eq!(threads.number("parked-threads"), None);
    }
}
