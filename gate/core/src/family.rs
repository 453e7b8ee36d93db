//! Many rows, one promise: the correction for deciding all of them at once.

/// Which of `p_values` are discoveries at level `q` (Benjamini and Hochberg 1995).
///
/// `family` is the number of tests the promise covers and may exceed the number of p-values given:
/// the rest count as 1. If nothing changed, the chance of any discovery is at most `q`; otherwise `q`
/// bounds the expected share of false ones. Holds under positive dependence, which the mean, median
/// and tail of one scenario have. Returns one flag per p-value, in order.
#[must_use]
pub fn discoveries(p_values: &[f64], family: usize, q: f64) -> Vec<bool> {
    let ranked = ranked(p_values, family, q).into_iter();
    ranked.map(|claim| claim.is_discovery).collect()
}

/// One p-value among all of its family.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranked {
    /// Its place, the smallest being 1.
    pub rank: usize,
    /// What it was held against: its own bound, or that of the last discovery where it stands before it.
    pub threshold: f64,
    /// Whether it keeps that.
    pub is_discovery: bool,
}

/// The same as [`discoveries`] with the numbers that decided; one per p-value, in order.
#[must_use]
pub fn ranked(p_values: &[f64], family: usize, q: f64) -> Vec<Ranked> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let bound = |rank: usize| q * rank as f64 / family.max(p_values.len()) as f64;
    let accepted = order
        .iter()
        .enumerate()
        .rev()
        .find(|&(at, &i)| p_values[i] <= bound(at + 1))
        .map_or(0, |(at, _)| at + 1);
    let mut ranked = vec![Ranked::default(); p_values.len()];
    for (at, &i) in order.iter().enumerate() {
        ranked[i] = Ranked {
            rank: at + 1,
            threshold: bound(accepted.max(at + 1)),
            is_discovery: at < accepted,
        };
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_up_rule_of_the_paper() {
        for (name, p_values, family, q, expected) in [
            ("nothing", vec![], 0, 0.05, vec![]),
            ("alone", vec![0.01], 1, 0.01, vec![true]),
            ("alone, too weak", vec![0.011], 1, 0.01, vec![false]),
            (
                "a later rank rescues an earlier one",
                vec![0.03, 0.04],
                2,
                0.05,
                vec![true, true],
            ),
            (
                "family larger than the tests given",
                vec![0.001],
                100,
                0.01,
                vec![false],
            ),
            (
                "order is kept",
                vec![0.9, 0.001, 0.5],
                3,
                0.05,
                vec![false, true, false],
            ),
            (
                "NaN is never a discovery",
                vec![f64::NAN, 0.001],
                2,
                0.05,
                vec![false, true],
            ),
        ] {
            assert_eq!(discoveries(&p_values, family, q), expected, "{name}");
        }
    }

    #[test]
    fn the_threshold_is_that_of_the_last_claim_that_holds() {
        let p_values = [0.9, 0.004, 0.03, 0.001];
        let ranked = ranked(&p_values, 4, 0.04);
        let found: Vec<(usize, f64, bool)> = ranked
            .iter()
            .map(|claim| (claim.rank, claim.threshold, claim.is_discovery))
            .collect();
        // The third holds by its own bound and carries the two before it.
        let expected = [
            (4, 0.04, false),
            (2, 0.03, true),
            (3, 0.03, true),
            (1, 0.03, true),
        ];
        assert_eq!(found, expected);
    }
}
