//! The few statistics that the race needs.

/// A median and what lies around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Half of the runs were below.
    pub(crate) median: f64,
    /// A quarter of the runs were below.
    pub(crate) low: f64,
    /// A quarter of the runs were above.
    pub(crate) high: f64,
}

impl Summary {
    /// Sums up `figures`; `None` when there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        (!sorted.is_empty()).then(|| Self {
            median: quantile(&sorted, 1, 2),
            low: quantile(&sorted, 1, 4),
            high: quantile(&sorted, 3, 4),
        })
    }
}

/// The figure that `part / whole` of the sorted figures lie below, between two of them if need be.
fn quantile(sorted: &[f64], part: usize, whole: usize) -> f64 {
    let steps = (sorted.len() - 1) * part;
    let (place, rest) = (steps / whole, steps % whole);
    let next = sorted.get(place + 1).unwrap_or(&sorted[place]);
    sorted[place] + (next - sorted[place]) * rest as f64 / whole as f64
}

/// The geometric mean of `ratios`, which are above zero; `None` when there are none.
pub(crate) fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
    (!logarithms.is_empty()).then(|| (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::{Summary, geometric_mean};

    #[test]
    fn twice_as_good_and_twice_as_bad_is_as_good() {
        let mean = geometric_mean([0.5, 2.0]).expect("two ratios");
        assert!((mean - 1.0).abs() < 1e-9, "{mean}");
        assert_eq!(geometric_mean([]), None);
    }

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        let summary = Summary::of([9.0, 1.0, 5.0, 3.0, 7.0]).expect("five figures");
        assert_eq!((summary.low, summary.median, summary.high), (3.0, 5.0, 7.0));
    }

    #[test]
    fn between_two_figures_is_between_them() {
        let summary = Summary::of([1.0, 2.0]).expect("two figures");
        assert_eq!((summary.low, summary.median, summary.high), (1.25, 1.5, 1.75));
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Summary::of([]), None);
    }
}
