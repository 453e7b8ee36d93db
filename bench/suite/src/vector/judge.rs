//! Holds the answers to all queries against the truth.

use std::collections::BTreeSet;

use bench_harness::schema::{Defect, Proportion};
use bench_harness::{Context, Failure, WrongAnswer};

use super::filter::Survivors;
use super::kinds::Reported;
use super::rows::{Generator, Rows};
use super::truth::{Neighbour, Truth, TruthFiles, distance};

/// Distances checked per answer. Making the row again that a distance belongs to takes 5 us.
const CHECKED_DISTANCES: usize = 10;

/// What is known about the right answers without asking any engine.
pub(crate) struct Judge {
    pub(crate) generator: Generator,
    pub(crate) queries: Vec<Vec<f32>>,
    pub(crate) truth: Truth,
    /// Number of rows.
    pub(crate) items: usize,
    /// Neighbours that are asked for.
    pub(crate) k: usize,
    /// The distances that the engine should report.
    pub(crate) reported: Reported,
    /// Those that may be found, if not all may.
    pub(crate) survivors: Option<Survivors>,
}

impl Judge {
    /// The judge of searches for `k` among all of `rows`, whose truth is prepared.
    ///
    /// # Errors
    /// The truth is not prepared, or the disk refuses.
    pub(crate) fn of(
        rows: Rows,
        k: usize,
        reported: Reported,
        context: &Context,
    ) -> Result<Self, Failure> {
        let truth = TruthFiles { rows }.load(context)?;
        Ok(Self::with_truth(truth, rows, k, reported))
    }

    /// The same with a truth of its own.
    pub(crate) fn with_truth(truth: Truth, rows: Rows, k: usize, reported: Reported) -> Self {
        let generator = Generator::new(rows.dimensions);
        Self {
            queries: generator.queries(),
            generator,
            truth,
            items: rows.items,
            k,
            reported,
            survivors: None,
        }
    }

    /// Neighbours that an answer must have: all that were asked for, or all there are.
    pub(crate) fn expected(&self) -> usize {
        let all = self.survivors.as_ref().map_or(self.items, Survivors::count);
        self.k.min(all)
    }

    /// Checks what is right or wrong whatever the recall: the answers, one per query, name distinct
    /// rows that may be found, nearest first, with the distances they have.
    ///
    /// # Errors
    /// The first wrong answer.
    pub(crate) fn check(&self, answers: &[Vec<Neighbour>]) -> Result<(), WrongAnswer> {
        for (number, (query, answer)) in self.queries.iter().zip(answers).enumerate() {
            self.check_one(&format!("query {number}"), query, answer)?;
        }
        Ok(())
    }

    fn check_one(
        &self,
        place: &str,
        query: &[f32],
        answer: &[Neighbour],
    ) -> Result<(), WrongAnswer> {
        let distinct: BTreeSet<u32> = answer.iter().map(|neighbour| neighbour.key).collect();
        let is_row = |key: &u32| (*key as usize) < self.items;
        if answer.len() != self.expected()
            || distinct.len() != answer.len()
            || !distinct.iter().all(is_row)
        {
            return Err(wrong(
                place,
                format!("keys {distinct:?} of {} neighbours", answer.len()),
                &format!("{} distinct keys of rows", self.expected()),
            ));
        }
        if let Some(survivors) = &self.survivors
            && let Some(key) = distinct.iter().find(|&&key| !survivors.contains(key))
        {
            return Err(wrong(
                place,
                format!("key {key}"),
                "keys that the filter keeps",
            ));
        }
        if !answer.is_sorted_by(|a, b| a.distance <= b.distance) {
            return Err(wrong(place, format!("{answer:?}"), "ascending distances"));
        }
        for neighbour in answer.iter().take(CHECKED_DISTANCES) {
            let row = self.generator.row(u64::from(neighbour.key));
            let actual = (self.reported.distance)(query, &row);
            // Not `>`, which no NaN is.
            let is_right = (neighbour.distance - actual).abs() <= self.reported.tolerance;
            if !is_right {
                return Err(wrong(
                    &format!("{place}, key {}", neighbour.key),
                    format!("distance {}", neighbour.distance),
                    &actual.to_string(),
                ));
            }
        }
        Ok(())
    }

    /// How many of the true neighbours the answers name, query by query.
    ///
    /// # Errors
    /// No queries, or none with neighbours.
    pub(crate) fn recall(&self, answers: &[Vec<Neighbour>]) -> Result<Proportion, Defect> {
        let k = self.expected();
        let hits = answers.iter().enumerate().map(|(number, answer)| {
            let found: Vec<u64> = answer.iter().map(|found| u64::from(found.key)).collect();
            let query = &self.queries[number];
            let true_distance = |key| distance(query, &self.generator.row(key));
            self.truth.hits(number, k, &found, true_distance) as u16
        });
        Proportion::from_queries(hits.collect(), k as u16)
    }
}

/// A wrong answer.
pub(crate) fn wrong(place: &str, found: String, expected: &str) -> WrongAnswer {
    WrongAnswer {
        place: place.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bench_harness::Tier;
    use bench_harness::cache::Cache;
    use usearch::{MetricKind, ScalarKind};

    use super::*;

    const ITEMS: usize = 200;

    fn judge(survivors: Option<Survivors>) -> Judge {
        let generator = Generator::new(16);
        let queries: Vec<_> = (0..3).map(|number| generator.query(number)).collect();
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", ITEMS);
        let truth = Truth::compute(&generator, &queries, ITEMS, 1, &progress);
        Judge {
            generator,
            queries,
            truth,
            items: ITEMS,
            k: 10,
            reported: Reported::by(MetricKind::IP, ScalarKind::BF16),
            survivors,
        }
    }

    fn right(judge: &Judge) -> Vec<Vec<Neighbour>> {
        let of_query = |neighbours: &Vec<Neighbour>| neighbours[..10].to_vec();
        judge.truth.neighbours.iter().map(of_query).collect()
    }

    #[test]
    fn right_answers_pass_with_full_recall() {
        let judge = judge(None);
        let answers = right(&judge);
        assert_eq!(judge.check(&answers), Ok(()));
        let recall = judge.recall(&answers).expect("there are queries");
        assert_eq!((recall.hits, recall.trials), (30, 30));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let judge = judge(None);
        type Spoil = fn(&mut Vec<Neighbour>);
        let cases: [(&str, Spoil, &str); 6] = [
            ("too few", |answer| answer.truncate(9), "10 distinct keys"),
            ("twice", |answer| answer[3] = answer[2], "10 distinct keys"),
            ("no row", |answer| answer[3].key = 200, "10 distinct keys"),
            ("order", |answer| answer.swap(2, 9), "ascending distances"),
            (
                "distance",
                |answer| answer[0].distance -= 0.01,
                "query 1, key",
            ),
            ("NaN", |answer| answer[9].distance = f32::NAN, "ascending"),
        ];
        for (case, spoil, said) in cases {
            let mut answers = right(&judge);
            spoil(&mut answers[1]);
            let wrong = judge.check(&answers).expect_err(case).to_string();
            assert!(wrong.starts_with("query 1"), "{case}: {wrong}");
            assert!(wrong.contains(said), "{case}: {wrong}");
        }
    }

    #[test]
    fn what_the_filter_drops_must_not_be_found() {
        let all = judge(None);
        let dropped = all.truth.neighbours[2][4].key;
        let kept = (0..ITEMS as u32).filter(|&key| key != dropped);
        let judge = judge(Some(Survivors::of(ITEMS, kept)));
        let wrong = judge.check(&right(&all)).expect_err("is dropped");
        assert!(wrong.to_string().contains(&format!("key {dropped}")));
    }

    #[test]
    fn fewer_survivors_than_neighbours_are_all_expected() {
        let mut judge = judge(Some(Survivors::of(ITEMS, [5, 7].into_iter())));
        assert_eq!(judge.expected(), 2);
        let context = Context::new(Tier::Tiny, &Cache::at("unused"));
        let progress = context.phase("comparing", 2);
        let (generator, queries) = (&judge.generator, &judge.queries);
        judge.truth = Truth::compute_among(generator, queries, &[5, 7], 1, &progress);
        let answers = judge.truth.neighbours.clone();
        assert_eq!(judge.check(&answers), Ok(()));
        assert_eq!(judge.recall(&answers).expect("is one").trials, 6);
    }
}
