//! Searches among made-up commits: what is found, and in how many measurements.

use fast_glob::glob_match;
use gate_schema::policy::Margin;
use gate_schema::unit::Unit;
use proptest::prelude::*;

use super::*;
use crate::rules::Rules;

/// Drives a search; returns its end and the positions that were measured, in order.
fn drive(commits: usize, answer: impl Fn(usize) -> Answer) -> (End, Vec<usize>) {
    let mut search = Search::new(commits);
    let mut measured = Vec::new();
    loop {
        match search.next() {
            Next::Done(end) => return (end, measured),
            Next::Measure(at) => {
                assert!(!measured.contains(&at), "{at} twice: {measured:?}");
                measured.push(at);
                search.tell(at, answer(at));
            }
        }
    }
}

fn since(culprit: usize) -> impl Fn(usize) -> Answer {
    move |at| {
        if at >= culprit {
            Answer::Worse
        } else {
            Answer::NotWorse
        }
    }
}

/// Halvings until one of `n` is left.
fn halvings(n: usize) -> usize {
    n.next_power_of_two().ilog2() as usize
}

proptest! {
    #[test]
    fn every_step_is_found_in_as_few_measurements_as_halving_takes(
        commits in 1_usize..200,
        at in 0.0..1.0_f64,
        unmeasurable in prop::collection::btree_set(1_usize..200, 0..60),
    ) {
        let culprit = 1 + (at * commits as f64) as usize;
        let cannot = |at: usize| at < commits && unmeasurable.contains(&at);
        let worse = since(culprit);
        let (end, measured) = drive(commits, |at| if cannot(at) { Answer::Skipped } else { worse(at) });
        // Whatever was skipped, the culprit is in the range, and nothing in it but the bad end could be measured.
        prop_assert!(end.good < culprit && culprit <= end.bad);
        prop_assert!((end.good + 1..end.bad).all(cannot));
        let is_one = end.bad - end.good == 1;
        prop_assert_eq!(end.found, if is_one { Found::Commit } else { Found::Range });
        prop_assert_eq!(end.why, (!is_one).then_some(Why::Skipped));
        // One measurement confirms that the ends differ.
        let skips = measured.iter().filter(|at| cannot(**at)).count();
        prop_assert!(measured.len() <= 1 + halvings(commits) + skips, "{:?}", measured);
    }

    #[test]
    fn time_that_is_up_leaves_the_culprit_in_the_range(
        commits in 1_usize..200, at in 0.0..1.0_f64, steps in 0_usize..10,
    ) {
        let culprit = 1 + (at * commits as f64) as usize;
        let mut search = Search::new(commits);
        search.tell(commits, Answer::Worse);
        for _ in 0..steps {
            let Next::Measure(at) = search.next() else { break };
            search.tell(at, since(culprit)(at));
        }
        let stopped = search.stopped();
        prop_assert!(stopped.good < culprit && culprit <= stopped.bad);
        prop_assert_eq!((stopped.found, stopped.why), (Found::Range, Some(Why::Skipped)));
        search.time_is_up();
        let Next::Done(end) = search.next() else { panic!("it has ended") };
        prop_assert!(end.good < culprit && culprit <= end.bad);
        prop_assert_eq!((end.found, end.why), (Found::Range, Some(Why::Time)));
    }
}

#[test]
fn ends_that_do_not_differ_are_not_searched() {
    for (answer, why) in [
        (Answer::NotWorse, Why::NotWorse),
        (Answer::CannotTell, Why::CannotTell),
        (Answer::Skipped, Why::Skipped),
    ] {
        let (end, measured) = drive(9, |_| answer);
        let expected = End {
            found: Found::NotConfirmed,
            why: Some(why),
            good: 0,
            bad: 9,
        };
        assert_eq!((end, measured), (expected, vec![9]), "{answer:?}");
    }
    let stopped = Search::new(9).stopped();
    let found = (stopped.found, stopped.good, stopped.bad);
    assert_eq!(
        found,
        (Found::NotConfirmed, 0, 9),
        "before the first answer"
    );
}

#[test]
fn a_commit_that_cannot_be_told_ends_it_with_what_is_known() {
    let worse = since(5);
    let (end, measured) = drive(16, |at| {
        if at == 4 {
            Answer::CannotTell
        } else {
            worse(at)
        }
    });
    assert_eq!(measured, [16, 8, 4]);
    let expected = End {
        found: Found::Range,
        why: Some(Why::CannotTell),
        good: 0,
        bad: 8,
    };
    assert_eq!(end, expected);
}

#[test]
fn beside_a_skipped_commit_a_neighbour_is_tried() {
    let worse = since(6);
    let (end, measured) = drive(16, |at| if at == 8 { Answer::Skipped } else { worse(at) });
    assert_eq!(measured[..3], [16, 8, 9]);
    assert_eq!((end.found, end.bad), (Found::Commit, 6));
}

#[test]
fn one_commit_needs_no_search() {
    let (end, measured) = drive(1, since(1));
    assert_eq!((end.found, end.good, end.bad), (Found::Commit, 0, 1));
    assert_eq!(measured, [1]);
}

fn name(text: &str) -> ScenarioId {
    ScenarioId::new(text).expect("a name")
}

#[test]
fn the_policy_asks_about_one_row_with_the_margin_it_had() {
    let (scenario, metric) = (name("map/get[4]"), name("time"));
    let mut policy = Policy::default();
    policy.rules.push(Rule {
        scenario: "map/**".into(),
        metric: "time".into(),
        margin: Some(Margin::Relative(0.08)),
        mode: Some(RowMode::Report),
        ..Rule::default()
    });
    let asked = about(&policy, &scenario, &metric, None);
    let mut rules = Rules::new(&asked);
    let mut settings = |scenario: &str| {
        let row = rules.of_row(&name(scenario), &metric, Unit::Nanoseconds);
        row.expect("it fits")
    };
    let row = settings("map/get[4]");
    assert_eq!(
        (row.margin, row.mode),
        (Margin::Relative(0.08), RowMode::Gate)
    );
    assert_eq!(settings("map/get4").mode, RowMode::Report);
    assert!(asked.waivers.is_empty());
    assert!(glob_match(&asked.only[0], "map/get[4]") && !glob_match(&asked.only[0], "map/get4"));
}

#[test]
fn a_step_smaller_than_the_margin_is_asked_about_all_the_same() {
    let (scenario, metric) = (name("map/get"), name("time"));
    let margin = |given: Option<Margin>, unit, widest| {
        let mut policy = Policy {
            rules: Vec::new(),
            ..Policy::default()
        };
        policy.rules.extend(given.map(|given| Rule {
            margin: Some(given),
            ..Rule::default()
        }));
        let asked = about(&policy, &scenario, &metric, widest);
        let settings = Rules::new(&asked).of_row(&scenario, &metric, unit);
        settings.expect("it fits").margin
    };
    let (time, ratio) = (Unit::Nanoseconds, Unit::Ratio);
    let part = Margin::Relative;
    let points = Margin::Absolute;
    for (given, unit, widest, expected) in [
        (Some(part(0.05)), time, None, part(0.05)),
        (Some(part(0.05)), time, Some(0.01), part(0.01)),
        (Some(part(0.05)), time, Some(0.2), part(0.05)),
        (Some(points(0.005)), ratio, Some(0.001), points(0.001)),
        (Some(points(0.005)), ratio, Some(0.2), points(0.005)),
        (Some(Margin::Unjudged), time, Some(0.02), part(0.02)),
        (Some(Margin::Unjudged), time, None, Margin::Unjudged),
        (None, time, Some(0.02), part(0.02)),
        (None, time, None, Margin::Unjudged),
    ] {
        let asked = margin(given, unit, widest);
        assert_eq!(asked, expected, "{given:?} at most {widest:?}");
    }
}
