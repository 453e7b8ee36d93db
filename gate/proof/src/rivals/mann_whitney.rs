//! The Mann-Whitney U test as benchstat does it (`github.com/aclements/go-moremath/stats`, `utest.go`).

use statrs::distribution::{ContinuousCDF, Normal};

use super::Samples;

/// Largest side for which the distribution is counted out, without ties and with them
/// (`MannWhitneyExactLimit`, `MannWhitneyTiesExactLimit`).
const EXACT: usize = 50;
const EXACT_WITH_TIES: usize = 25;

/// Two-sided p-value of "both sides come from one distribution"; 1 when all values are equal, for
/// which benchstat reports no difference either.
///
/// For small sides the distribution is counted out over all ways to deal the observed ranks to the two
/// sides (Mann and Whitney 1947; with ties, Klotz 1966), and the smaller tail doubled. Beyond, the
/// normal approximation with corrections for ties and continuity.
#[must_use]
pub fn p_value(samples: Samples<'_>) -> f64 {
    let ranks = doubled_ranks(samples);
    let (n, other) = (samples.candidate.len(), samples.baseline.len());
    let has_ties = ranks.ties > 0;
    if ranks.all.iter().all(|&r| r == ranks.all[0]) {
        return 1.0;
    }
    let limit = if has_ties { EXACT_WITH_TIES } else { EXACT };
    if n <= limit && other <= limit {
        counted_out(&ranks.all, n, ranks.of_candidate)
    } else {
        approximated(&ranks, n as f64, other as f64)
    }
}

/// Ranks of all values together. Doubled, so that the mean rank of ties is a whole number.
struct Ranks {
    all: Vec<usize>,
    /// Sum over the candidate's values.
    of_candidate: usize,
    /// `sum (t^3 - t)` over groups of t equal values.
    ties: usize,
}

fn doubled_ranks(samples: Samples<'_>) -> Ranks {
    let mut values: Vec<(f64, bool)> = Vec::new();
    values.extend(samples.baseline.iter().map(|v| (*v, false)));
    values.extend(samples.candidate.iter().map(|v| (*v, true)));
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = Ranks {
        all: Vec::with_capacity(values.len()),
        of_candidate: 0,
        ties: 0,
    };
    for group in values.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        // First and last rank of the group, both counted from one.
        let first = ranks.all.len() + 1;
        let doubled = first + (first + group.len() - 1);
        ranks.all.extend(std::iter::repeat_n(doubled, group.len()));
        ranks.of_candidate += doubled
            * group
                .iter()
                .filter(|(_, is_candidate)| *is_candidate)
                .count();
        ranks.ties += group.len().pow(3) - group.len();
    }
    ranks
}

/// Counts how many of all choices of `n` ranks have at most, and at least, the observed sum. Counts
/// exceed what an `f64` holds exactly only where their ratio is far from any level.
fn counted_out(ranks: &[usize], n: usize, observed: usize) -> f64 {
    let most: usize = ranks.iter().sum();
    // ways[k][s]: choices of k ranks with sum s.
    let mut ways = vec![vec![0.0_f64; most + 1]; n + 1];
    ways[0][0] = 1.0;
    for (seen, &rank) in ranks.iter().enumerate() {
        for k in (1..=n.min(seen + 1)).rev() {
            let (fewer, here) = ways.split_at_mut(k);
            for sum in rank..=most {
                here[0][sum] += fewer[k - 1][sum - rank];
            }
        }
    }
    let all: f64 = ways[n].iter().sum();
    let below: f64 = ways[n][..=observed].iter().sum();
    let above: f64 = ways[n][observed..].iter().sum();
    (2.0 * below.min(above) / all).min(1.0)
}

fn approximated(ranks: &Ranks, n: f64, other: f64) -> f64 {
    let all = n + other;
    let u = ranks.of_candidate as f64 / 2.0 - n * (n + 1.0) / 2.0;
    let ties = ranks.ties as f64 / (all * (all - 1.0));
    let deviation = (n * other * (all + 1.0 - ties) / 12.0).sqrt();
    let distance = ((u - n * other / 2.0).abs() - 0.5).max(0.0);
    (2.0 * Normal::standard().sf(distance / deviation)).min(1.0)
}
