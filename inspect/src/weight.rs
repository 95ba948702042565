//! How much a recorded request stands for.

/// How many requests one of this size stands for that was sampled by this interval: the inverse of the probability that it is
/// recorded. One if every request is.
pub(crate) fn weight(size: u64, interval: u64) -> f64 {
    if interval <= 1 { 1.0 } else { -1.0 / (-(size.max(1) as f64) / interval as f64).exp_m1() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_request_stands_for_the_interval_and_a_large_one_for_itself() {
        assert_eq!(weight(1000, 1), 1.0);
        assert!((weight(16, 1 << 20) * 16.0 - 8.0 - f64::from(1 << 20)).abs() < 1.0, "and for half of itself");
        assert!((weight(1 << 40, 1 << 20) - 1.0).abs() < 1e-9);
    }
}
