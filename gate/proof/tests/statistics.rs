//! The statistics of one metric by themselves: how often a session of pairs is wrong about nothing.

use gate_core::calibrate::{Calibration, learn};
use gate_core::estimate::{Location, estimate, t_above};
use gate_core::evidence::AGREES;
use gate_core::paired::{History, SessionEvidence};
use gate_core::stored::Nature;
use gate_proof::documents::{CREATED, Documents, Seen};
use gate_proof::noise::{Regime, Session, Shape, Simulated};
use gate_proof::workload::{Fleet, Workload};
use gate_schema::policy::Policy;

const NATURE: Nature = Nature {
    quantum: 0.0,
    may_be_exact: false,
};

fn differences(machine: &Simulated, metric: usize, session: Session) -> Vec<f64> {
    (0..session.pairs)
        .map(|pair| {
            let (baseline, candidate) = machine.pair(metric, session, pair);
            (candidate / baseline).ln()
        })
        .collect()
}

/// What ten calibration sessions of five pairs say about each metric.
fn histories(machine: &Simulated) -> Vec<History> {
    let fleet = Fleet::new(machine.clone(), Workload::Latency, 0);
    let documents = Documents::calibration(&fleet, 0, 10, 5).expect("sound documents");
    let first = Seen::new(&documents.baseline).expect("sound documents");
    let second = Seen::new(&documents.candidate).expect("sound documents");
    let calibration = Calibration {
        arms: [first.side(), second.side()],
        dropped: 1,
        created: CREATED,
        judged: None,
    };
    let noise = learn(None, &calibration, &Policy::default()).expect("sound documents");
    noise
        .rows
        .iter()
        .map(|row| History::of(row).expect("ten sessions"))
        .collect()
}

#[test]
fn one_session_is_wrong_about_nothing_as_often_as_it_may() {
    // 100 metrics, 100 sessions each, five pairs. Trimming may be too liberal by half for some shapes;
    // bimodal noise makes history prefer the plain mean and is exact.
    for (shape, most) in [
        (Shape::Normal, 0.008),
        (Shape::Skewed, 0.009),
        (Shape::Contaminated, 0.009),
        (Shape::HeavyTailed, 0.009),
        (Shape::Bimodal, 0.008),
    ] {
        let machine = Simulated::new(31, Regime::Quiet, 100).of_shape(shape);
        let mut wrong = 0;
        for (metric, history) in histories(&machine).iter().enumerate() {
            for index in 100..200 {
                let session = Session { index, pairs: 5 };
                let d = differences(&machine, metric, session);
                let evidence = SessionEvidence::new(&d, Some(history), NATURE);
                wrong += u32::from(evidence.agrees());
            }
        }
        let rate = f64::from(wrong) / 10_000.0;
        assert!(
            (AGREES / 4.0..most).contains(&rate),
            "{shape:?}: {rate}, nominal {AGREES}"
        );
    }
}

#[test]
fn pairs_in_turn_keep_their_level_whatever_the_machine_does() {
    // Ten pairs, the plain paired t-test at 1 %: the table of orders in the reference.
    for regime in [Regime::Quiet, Regime::Hosted, Regime::Drift, Regime::Step] {
        let machine = Simulated::new(32, regime, 20).of_shape(Shape::Normal);
        let mut wrong = 0;
        for metric in 0..20 {
            for index in 0..500 {
                let session = Session { index, pairs: 10 };
                let e = estimate(&differences(&machine, metric, session), Location::Plain);
                let error = (e.variance / e.n as f64).sqrt();
                wrong += u32::from(t_above(e.centre / error, e.freedom) <= 0.01);
            }
        }
        let rate = f64::from(wrong) / 10_000.0;
        assert!((0.004..0.014).contains(&rate), "{regime:?}: {rate}");
    }
}

#[test]
fn blocks_one_after_the_other_do_not() {
    // The same starts and the same drift, but all of the baseline first: what pairs are for. The
    // baseline of the first half of a session against the candidate of its second half.
    let machine = Simulated::new(33, Regime::Drift, 20).of_shape(Shape::Normal);
    let mut wrong = 0;
    for metric in 0..20 {
        for index in 0..500 {
            let session = Session { index, pairs: 20 };
            let half = |from: u32| (from..from + 10).map(|p| machine.pair(metric, session, p));
            let mut baseline: Vec<f64> = half(0).map(|(b, _)| b.ln()).collect();
            let candidate: Vec<f64> = half(10).map(|(_, c)| c.ln()).collect();
            for (b, c) in baseline.iter_mut().zip(candidate) {
                *b = c - *b;
            }
            let e = estimate(&baseline, Location::Plain);
            let error = (e.variance / e.n as f64).sqrt();
            wrong += u32::from(t_above(e.centre / error, e.freedom) <= 0.01);
        }
    }
    let rate = f64::from(wrong) / 10_000.0;
    assert!(rate > 0.08, "{rate}");
}
