//! The numbers that a report shows are those that decided.

use super::*;
use crate::estimate::t_above;

#[test]
fn the_numbers_of_a_row_give_its_p_values_and_what_they_are_held_against() {
    let quiet: Vec<String> = (0..8).map(|at| format!("quiet/{at}")).collect();
    let mut all: Vec<Pairs> = quiet.iter().map(|name| pairs(name, &[0.0])).collect();
    all.push(pairs("still", &[0.0, 0.0]));
    all.push(pairs("worse", &[0.1, 0.1]));
    all.push(pairs("worst", &[0.2, 0.2]));
    let names: Vec<&str> = all.iter().map(|pairs| pairs.scenario.as_str()).collect();
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
    for noise in [None, Some(calibrated(&names))] {
        let (report, _) = check(&runs(&all), noise.as_ref(), &Policy::default());
        for row in &report.rows {
            let effect = row.effect.as_ref().expect("they are compared");
            let test = effect.test.expect("they are tested");
            let p = effect.p_value.expect("they are tested");
            assert!(close(p, t_above(test.t, test.freedom)), "{row:#?}");
            assert_eq!((test.variance, test.moderated), (None, None));
            for stage in &effect.stages {
                let test = stage.test.expect("each session is tested");
                let (shown, counts) = (test.variance, test.moderated.expect("known"));
                assert!(close(test.error, (counts / stage.pairs as f64).sqrt()));
                let p = stage.p_value.expect("each session is tested");
                assert!(close(p, t_above(test.t, test.freedom)), "{row:#?}");
                // They scatter as they did in calibration, which makes that more certain and no other.
                assert!(
                    close(counts, shown.expect("five pairs show it")),
                    "{row:#?}"
                );
                assert_eq!(test.freedom > 10.0, noise.is_some(), "{row:#?}");
            }
            // One session raises suspicion and claims nothing.
            let expected = match row.scenario.as_str() {
                "worst" => Some((1, true)),
                "worse" => Some((2, true)),
                "still" => Some((3, false)),
                _ => None,
            };
            let found = effect.rank.map(|rank| {
                assert_eq!(rank.of, all.len());
                (rank.rank, p <= rank.threshold)
            });
            assert_eq!(found, expected, "{row:#?}");
            let is_regressed = row.verdict == Verdict::Regressed;
            assert_eq!(
                is_regressed,
                found.is_some_and(|(_, holds)| holds),
                "{row:#?}"
            );
            let held = effect
                .rank
                .filter(|_| is_regressed)
                .map(|rank| rank.threshold);
            assert!(
                held.is_none_or(|held| close(held, 0.01 * 2.0 / 11.0)),
                "{row:#?}"
            );
        }
    }
}
