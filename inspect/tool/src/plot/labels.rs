//! Where texts stand so that none covers another.

/// Moves texts apart that stand too close above one another: each place is the nearest to where it wants to be at which all
/// keep their distance and stay between the ends.
///
/// Wishes must be in order. Takes time for their number.
pub(crate) fn spread(wishes: &[f64], distance: f64, ends: (f64, f64)) -> Vec<f64> {
    // Groups of texts that touch: each has its first place, from the mean of what its texts want.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    let place = |first: f64, len: usize| {
        let highest = ends.1 - distance * (len - 1) as f64;
        first.min(highest).max(ends.0)
    };
    for &wish in wishes {
        let (mut first, mut len) = (place(wish, 1), 1);
        while let Some(&(before, count)) = groups.last() {
            if before + distance * count as f64 <= first {
                break;
            }
            groups.pop();
            let sum = before * count as f64 + (first - distance * count as f64) * len as f64;
            len += count;
            first = place(sum / len as f64, len);
        }
        groups.push((first, len));
    }
    groups.iter().flat_map(|&(first, len)| (0..len).map(move |at| first + distance * at as f64)).collect()
}

/// Lines of text above one another: a text stands in the first that has room for it.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// How far each is taken.
    taken: Vec<f64>,
    most: usize,
}

impl Lanes {
    /// At most so many.
    pub(crate) const fn new(most: usize) -> Self {
        Self { taken: Vec::new(), most }
    }

    /// A lane with room from here on, which is taken up to the end; `None` if there is none.
    pub(crate) fn take(&mut self, from: f64, to: f64) -> Option<usize> {
        let free = self.taken.iter().position(|&taken| taken <= from);
        let lane = free.unwrap_or(self.taken.len());
        if lane == self.most {
            return None;
        }
        if lane == self.taken.len() {
            self.taken.push(to);
        } else {
            self.taken[lane] = to;
        }
        Some(lane)
    }

    /// As many are in use.
    pub(crate) const fn len(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_stay_where_they_want_to_be_if_they_can() {
        assert_eq!(spread(&[10.0, 40.0], 12.0, (0.0, 100.0)), [10.0, 40.0]);
        assert_eq!(spread(&[20.0, 20.0], 12.0, (0.0, 100.0)), [14.0, 26.0]);
        assert_eq!(spread(&[98.0, 99.0], 12.0, (0.0, 100.0)), [88.0, 100.0]);
    }

    proptest! {
        #[test]
        fn texts_keep_their_distance_and_their_order(mut wishes in prop::collection::vec(0.0..100.0, 0..8)) {
            wishes.sort_by(f64::total_cmp);
            let places = spread(&wishes, 12.0, (0.0, 100.0));
            prop_assert_eq!(places.len(), wishes.len());
            prop_assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 12.0 - 1e-9), "{:?}", places);
            prop_assert!(places.iter().all(|place| (-1e-9..=100.0 + 1e-9).contains(place)), "{:?}", places);
        }
    }

    #[test]
    fn a_text_has_a_lane_of_its_own_where_another_stands() {
        let mut lanes = Lanes::new(2);
        assert_eq!([lanes.take(0.0, 10.0), lanes.take(5.0, 9.0), lanes.take(6.0, 7.0)], [Some(0), Some(1), None]);
        assert_eq!((lanes.take(9.0, 20.0), lanes.len()), (Some(1), 2));
    }
}
