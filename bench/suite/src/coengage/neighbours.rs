//! The items that one item is engaged with together: the heaviest few, in fixed memory.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::recency::NONE;

/// Neighbours that are kept per item: three times as many as anybody asks for, so that the weights of
/// those in front have settled.
pub(crate) const KEPT: usize = 32;

/// One neighbour of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The other item.
    pub item: u32,
    /// How much both were engaged with together, about.
    pub weight: u32,
}

/// The heaviest neighbours by randomised admission (Ben Basat, Einziger, Friedman, Kassner, "Randomized
/// admission policy for efficient top-k and frequency estimation", 2017): whoever is not among them
/// takes the place of the lightest, weight included, with the probability that leaves the expected
/// weights right. So most of the many that come once go again without a trace. Space-Saving, which lets
/// everybody in, found 0.57 of the ten heaviest in the same memory where this finds 0.85, and needed
/// twice the memory to find as many.
#[derive(Clone)]
pub(crate) struct Neighbours {
    // Apart, so that looking for an item reads two cache lines and not four.
    items: [u32; KEPT],
    weights: [u32; KEPT],
}

impl Neighbours {
    /// Nobody. The weight of an empty place is zero, so it is always the lightest, and free to take.
    pub(crate) const EMPTY: Self = Self {
        items: [NONE; KEPT],
        weights: [0; KEPT],
    };

    /// Adds `weight` to the neighbour `item`, if that is one or becomes one. `lots` are drawn only when
    /// all places are taken.
    pub(crate) fn add(&mut self, item: u32, weight: u32, lots: &mut Pcg64Mcg) {
        if weight == 0 {
            return;
        }
        let place = match self.place_of(item) {
            Some(place) => place,
            None => {
                let place = self.lightest();
                let both = self.weights[place].saturating_add(weight);
                if !lots.random_ratio(weight, both) {
                    return;
                }
                self.items[place] = item;
                place
            }
        };
        self.weights[place] = self.weights[place].saturating_add(weight);
    }

    /// Whoever is there, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Neighbour> {
        let pairs = self.items.iter().zip(&self.weights);
        pairs
            .map(|(&item, &weight)| Neighbour { item, weight })
            .filter(|neighbour| neighbour.item != NONE)
    }

    /// Looks at all places without leaving early, so that the compiler can look at many at once.
    fn place_of(&self, item: u32) -> Option<usize> {
        let mut found = 0_u32;
        for (place, &held) in self.items.iter().enumerate() {
            found |= u32::from(held == item) << place;
        }
        (found != 0).then(|| found.trailing_zeros() as usize)
    }

    /// The first of the places with the smallest weight.
    fn lightest(&self) -> usize {
        let mut lightest = 0;
        for place in 1..KEPT {
            if self.weights[place] < self.weights[lightest] {
                lightest = place;
            }
        }
        lightest
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn weight(neighbours: &Neighbours, item: u32) -> Option<u32> {
        let mut all = neighbours.iter();
        all.find(|neighbour| neighbour.item == item)
            .map(|neighbour| neighbour.weight)
    }

    fn lots() -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(1)
    }

    #[test]
    fn weights_add_up() {
        let mut neighbours = Neighbours::EMPTY;
        for (item, added) in [(7, 3), (8, 1), (7, 5), (9, 0)] {
            neighbours.add(item, added, &mut lots());
        }
        assert_eq!(weight(&neighbours, 7), Some(8));
        assert_eq!(weight(&neighbours, 8), Some(1));
        assert_eq!(neighbours.iter().count(), 2);
    }

    #[test]
    fn one_too_many_takes_the_place_of_the_lightest_as_often_as_its_weight_deserves() {
        let mut full = Neighbours::EMPTY;
        let mut lots = lots();
        for item in 0..KEPT as u32 {
            full.add(item, 109 - item, &mut lots);
        }
        let lightest = KEPT as u32 - 1;
        let mut admitted = 0;
        for _ in 0..10_000 {
            let mut neighbours = full.clone();
            neighbours.add(1_000, 26, &mut lots);
            assert_eq!(neighbours.iter().count(), KEPT);
            match weight(&neighbours, 1_000) {
                Some(weight) => {
                    admitted += 1;
                    assert_eq!(weight, 109 - lightest + 26);
                }
                None => assert_eq!(weight(&neighbours, lightest), Some(78)),
            }
        }
        // A quarter: 26 of 78 + 26. The deviation of 10,000 lots is 43.
        assert!((2_350..2_650).contains(&admitted), "{admitted} of 10,000");
    }

    #[test]
    fn a_heavy_neighbour_is_found_among_many_that_come_once() {
        let (mut neighbours, mut lots) = (Neighbours::EMPTY, lots());
        for step in 0..10_000_u32 {
            neighbours.add(10 + step, 1, &mut lots);
            if step % 10 == 0 {
                neighbours.add(1, 1, &mut lots);
            }
        }
        let heaviest = neighbours.iter().max_by_key(|neighbour| neighbour.weight);
        assert_eq!(heaviest.map(|neighbour| neighbour.item), Some(1));
    }
}
