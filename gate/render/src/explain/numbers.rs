//! The numbers behind a p-value, by the names of `docs/verdict.md`.

use gate_schema::report::{Rank, Test};

use super::pairs::probability;

/// `u = 1.20e-4, u* = 1.50e-4, SE = 0.00548, t = 16.2, df = 22.0`: variance as measured and as moderated,
/// standard error, the change in standard errors, degrees of freedom.
pub(super) fn numbers(test: &Test) -> String {
    let variances = [("u", test.variance), ("u*", test.moderated)];
    let rest = [
        ("SE", Some(test.error)),
        ("t", Some(test.t)),
        ("df", Some(test.freedom)),
    ];
    let known = variances.into_iter().chain(rest);
    let known = known.filter_map(|(name, value)| Some(format!("{name} = {}", figure(value?))));
    known.collect::<Vec<_>>().join(", ")
}

/// What a claim is held against: `rank 2 of 40 rows decided together at 1%, so p may be at most 5.0e-4`.
pub(super) fn place(rank: &Rank, level: &str) -> String {
    format!(
        "rank {} of {} rows decided together at {level}, so p may be at most {}",
        rank.rank,
        rank.of,
        probability(rank.threshold)
    )
}

/// Three significant digits, without a unit.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size <= 0.0 => "0".into(),
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        size if size >= 0.1 => format!("{value:.3}"),
        size if size >= 0.01 => format!("{value:.4}"),
        size if size >= 0.001 => format!("{value:.5}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.2345e-7, "1.23e-7"),
            (0.005_477, "0.00548"),
            (0.0123, "0.0123"),
            (-0.25, "-0.250"),
            (1.5, "1.50"),
            (22.0, "22.0"),
            (123.4, "123"),
        ] {
            assert_eq!(figure(value), expected);
        }
    }
}
