//! Whose a broken budget is, and what the promoted baseline adds.

use gate_schema::report::Blame;

use super::*;

/// A budget of 1500 on `time`, in a policy that judges it or not.
fn limited(margin: Option<Margin>) -> Policy {
    policy(vec![
        Rule {
            metric: "time".into(),
            margin,
            line: 1,
            ..Rule::default()
        },
        budget("time", Operator::AtMost, 1500.0),
    ])
}

#[test]
fn a_budget_that_the_base_breaks_is_excused_only_for_what_is_no_worse() {
    use Blame::*;
    let (judged, not_judged) = (limited(None), limited(Some(Margin::Unjudged)));
    let tolerant = limited(Some(Margin::Relative(0.5)));
    let lenient = limited(Some(Margin::Relative(1.0)));
    let timing = |level: f64, effects: &[f64]| Pairs {
        // The drift of the pairs reaches 40 %, so that intervals are 20 % wide to either side.
        level: level / 1.2,
        ..pairs("s", effects)
    };
    let bytes = |level: f64, effects: &[f64]| Pairs {
        unit: Unit::Bytes,
        ..timing(level, effects)
    };
    let noisy = |pairs: Pairs| Pairs {
        noise: 12.0,
        ..pairs
    };
    let over = |blame| (Verdict::OverBudget, Some(blame));
    let unclear = (Verdict::Inconclusive, Some(Unclear));
    for (name, pairs, policy, (verdict, blame), outcome) in [
        (
            "both within",
            bytes(900.0, &[0.0]),
            &judged,
            (Verdict::Pass, None),
            Outcome::Pass,
        ),
        (
            "both over",
            bytes(2500.0, &[0.0]),
            &judged,
            over(AlreadyOnBase),
            Outcome::Pass,
        ),
        (
            "both at the limit",
            bytes(1400.0, &[0.0]),
            &judged,
            over(AlreadyOnBase),
            Outcome::Pass,
        ),
        (
            "only the candidate over",
            bytes(1000.0, &[1.5, 1.5]),
            &judged,
            over(CausedHere),
            Outcome::Fail,
        ),
        (
            "both over, and worse",
            bytes(2500.0, &[0.5, 0.5]),
            &judged,
            over(MadeWorse),
            Outcome::Fail,
        ),
        (
            "both over, and nobody knows whether worse",
            noisy(bytes(2500.0, &[0.0])),
            &judged,
            over(Unclear),
            Outcome::Fail,
        ),
        (
            "the base at the limit, the candidate far over, not judged",
            timing(1450.0, &[3.0, 3.0]),
            &not_judged,
            over(MadeWorse),
            Outcome::Fail,
        ),
        (
            "the base at the limit, the candidate over, by less than its margin",
            timing(1700.0, &[0.3]),
            &tolerant,
            unclear,
            Outcome::Undecided,
        ),
        (
            "both over, not judged, unchanged",
            timing(2000.0, &[0.0]),
            &not_judged,
            over(AlreadyOnBase),
            Outcome::Pass,
        ),
        (
            "both over, not judged, worse by less than such rows may be",
            timing(2000.0, &[0.03]),
            &not_judged,
            over(AlreadyOnBase),
            Outcome::Pass,
        ),
        (
            "both over, not judged, worse by more",
            timing(2000.0, &[0.08, 0.08]),
            &not_judged,
            over(MadeWorse),
            Outcome::Fail,
        ),
        (
            "both over, not judged, and nobody knows whether worse",
            noisy(timing(4000.0, &[0.0])),
            &not_judged,
            unclear,
            Outcome::Undecided,
        ),
        (
            "only the candidate over, a timing, not judged",
            timing(1000.0, &[1.5, 1.5]),
            &not_judged,
            over(CausedHere),
            Outcome::Fail,
        ),
        (
            "only the candidate over, a timing, in one session",
            timing(1000.0, &[1.5]),
            &judged,
            unclear,
            Outcome::Undecided,
        ),
        (
            "only the candidate over, by less than its margin",
            timing(1100.0, &[0.8, 0.8]),
            &lenient,
            over(CausedHere),
            Outcome::Fail,
        ),
        (
            "the candidate over, judged, hit by a neighbour in some of the pairs",
            Pairs {
                noise: 30.0,
                ..timing(1450.0, &[0.7])
            },
            &judged,
            unclear,
            Outcome::Undecided,
        ),
        (
            // An unchanged gate beside a neighbour failed for less.
            "the candidate over, hit by a neighbour in some of the pairs",
            Pairs {
                noise: 30.0,
                ..timing(1450.0, &[0.7])
            },
            &not_judged,
            unclear,
            Outcome::Undecided,
        ),
        (
            // An unchanged row of a crowded machine failed: +37 % in the first session, nothing in the next.
            "both over, worse in one of two sessions",
            timing(4000.0, &[0.9, 0.0]),
            &not_judged,
            unclear,
            Outcome::Undecided,
        ),
        (
            "both over, worse in two of three sessions",
            timing(4000.0, &[0.9, 0.0, 0.9]),
            &not_judged,
            over(MadeWorse),
            Outcome::Fail,
        ),
    ] {
        let (report, _) = check(&runs(&[pairs]), None, policy);
        let row = of(&report, "s");
        assert_eq!(
            ((row.verdict, row.blame), report.outcome),
            ((verdict, blame), outcome),
            "{name}: {row:#?}"
        );
    }
}

/// The candidate over its budget of 1500, and not shown to be worse than its base.
fn in_doubt() -> Pairs {
    Pairs {
        noise: 12.0,
        ..pairs("s", &[0.0; 1])
    }
}

#[test]
fn doubt_about_a_budget_is_measured_again_and_passes_nothing() {
    let at = |level, sessions: usize| Pairs {
        level,
        sessions: (0..sessions).map(|at| (at, 0.0)).collect(),
        ..in_doubt()
    };
    for (name, level, sessions, step) in [
        ("over", 4000.0, 1, need("s", 10, Why::Undecided)),
        (
            "over, looked at twice",
            4000.0,
            2,
            need("s", 10, Why::Undecided),
        ),
        ("over, looked at as often as may be", 4000.0, 3, Step::Done),
        ("at the limit", 1300.0, 1, need("s", 10, Why::Undecided)),
        ("kept", 800.0, 1, Step::Done),
    ] {
        let policy = Policy {
            // Whoever lets doubt pass still wants something to have been decided.
            inconclusive: Undecided::Pass,
            ..limited(Some(Margin::Unjudged))
        };
        let (report, next) = check(&runs(&[at(level, sessions)]), None, &policy);
        let row = of(&report, "s");
        assert_eq!(next, step, "{name}: {row:#?}");
        let is_kept = row.verdict == Verdict::Pass;
        assert_eq!(is_kept, level < 1000.0, "{name}: {row:#?}");
        assert_eq!(report.outcome == Outcome::Pass, is_kept, "{name}");
    }
}

#[test]
fn one_session_accuses_and_two_convict_of_a_broken_budget() {
    let policy = limited(Some(Margin::Unjudged));
    for (effects, verdict, step) in [
        (
            &[0.9][..],
            Verdict::Inconclusive,
            need("s", 10, Why::Suspicious),
        ),
        (
            &[0.9, 0.0],
            Verdict::Inconclusive,
            need("s", 10, Why::Disagreeing),
        ),
        (&[0.9, 0.9], Verdict::OverBudget, Step::Done),
        (&[0.9, 0.0, 0.9], Verdict::OverBudget, Step::Done),
        (&[0.9, 0.0, 0.0], Verdict::Inconclusive, Step::Done),
    ] {
        let accused = Pairs {
            level: 2500.0,
            ..pairs("s", effects)
        };
        let (report, next) = check(&runs(&[accused]), None, &policy);
        assert_eq!(
            (of(&report, "s").verdict, next),
            (verdict, step),
            "{effects:?}"
        );
    }
}

#[test]
fn quality_that_is_as_low_on_the_base_was_not_traded() {
    let engine = |level, every| {
        case(level).with(
            "recall@10",
            Unit::Ratio,
            Direction::Higher,
            Values::Recall { every },
        )
    };
    let floor = policy(vec![budget("recall@10", Operator::AtLeast, 0.95)]);
    let report = judge(&engine(100.0, 1), &engine(60.0, 1).sessions(2), &floor);
    for (blame, verdict) in [
        (None, Verdict::Pass),
        (Some(Blame::AlreadyOnBase), Verdict::Improved),
        (Some(Blame::MadeWorse), Verdict::Pass),
    ] {
        let mut rows = report.rows.clone();
        for row in &mut rows {
            if row.unit == Unit::Ratio {
                assert_eq!(row.verdict, Verdict::OverBudget);
                row.blame = blame;
            } else {
                row.verdict = Verdict::Improved;
            }
        }
        name_traded_quality(&mut rows);
        let time = rows.iter().find(|row| row.unit != Unit::Ratio);
        assert_eq!(time.map(|row| row.verdict), Some(verdict), "{blame:?}");
    }
}

/// Judges a stored candidate against a base and, beside it, a promoted baseline.
fn judge_since(baseline: &Run, candidate: &Run, promoted: &Run, policy: &Policy) -> Report {
    let seen = [baseline, candidate, promoted].map(observed);
    let [baseline, candidate, promoted] = [
        (baseline, &seen[0]),
        (candidate, &seen[1]),
        (promoted, &seen[2]),
    ]
    .map(|(run, observed)| Side { run, observed });
    let known = Known {
        promoted: Some(promoted),
        ..Known::default()
    };
    evaluate(baseline, candidate, &known, policy).expect("judged")
}

#[test]
fn only_a_pass_against_the_base_puts_the_blame_on_it() {
    let promoted = case(100.0).run();
    for (name, base, candidate, verdict, blame) in [
        ("unchanged", 100.0, 100.0, Verdict::Pass, None),
        (
            "as slow as its base",
            120.0,
            120.0,
            Verdict::Pass,
            Some(Blame::AlreadyOnBase),
        ),
        (
            "slower than its base",
            100.0,
            120.0,
            Verdict::Regressed,
            Some(Blame::CausedHere),
        ),
    ] {
        let candidate = case(candidate).sessions(2).run();
        let report = judge_since(&case(base).run(), &candidate, &promoted, &Policy::default());
        let row = &report.rows[0];
        assert_eq!((row.verdict, row.blame), (verdict, blame), "{name}");
        assert!(row.since_promoted.is_some(), "{name}");
    }
    // One session looks slower than the base, so that it may be the candidate's own doing.
    let one = case(125.0).sessions(1).run();
    let report = judge_since(&case(120.0).run(), &one, &promoted, &Policy::default());
    let row = &report.rows[0];
    assert_eq!(
        (row.verdict, row.blame),
        (Verdict::Inconclusive, None),
        "{row:#?}"
    );
}

#[test]
fn a_change_on_another_scale_is_not_shown_beside_the_effect() {
    let errors = |each: &'static [f64]| {
        let values = Values::Each(each);
        Case {
            metrics: vec![("error_rate", Unit::Ratio, Direction::Lower, values)],
            ..case(1.0)
        }
    };
    let candidate = errors(&[0.02, 0.021, 0.019, 0.02, 0.02]).sessions(2).run();
    let base = errors(&[0.01, 0.0101, 0.0099, 0.01, 0.01]).run();
    for (promoted, is_shown) in [
        (&[0.01, 0.0102, 0.0098, 0.01, 0.01][..], true),
        // With a zero in it, fractions of the baseline mean nothing.
        (&[0.01, 0.0, 0.02, 0.01, 0.01], false),
    ] {
        let promoted = errors(promoted);
        let report = judge_since(&base, &candidate, &promoted.run(), &Policy::default());
        let row = &report.rows[0];
        assert_eq!(row.since_promoted.is_some(), is_shown, "{row:#?}");
    }
}

#[test]
fn what_only_an_old_promoted_baseline_declares_is_nobodys_mistake() {
    let mut wrong = budget("old", Operator::AtMost, 1e9);
    if let Some(Limit::Budget(budget)) = &mut wrong.budget {
        budget.unit = Some(Unit::Bytes);
    }
    let with_old = case(100.0).with(
        "old",
        Unit::Nanoseconds,
        Direction::Lower,
        Values::Around(1.0),
    );
    let candidate = case(100.0).sessions(2).run();
    let policy = policy(vec![wrong]);
    let report = judge_since(&case(100.0).run(), &candidate, &with_old.run(), &policy);
    assert_eq!(report.outcome, Outcome::Pass, "{:#?}", report.rows);
    assert!(report.rows[0].since_promoted.is_some());
}
