//! The cost of abstraction: the same operation on several layers of one run, side by side.
//!
//! Which scenarios do the same is declared by them, see [`Scenario::over`]; names are not guessed
//! from. Every figure is the median of its repetitions.

use std::fmt::Write;

use gate_schema::id::MetricName;
use gate_schema::run::{Check, Distribution, MetricValue, Run, Summary};

use crate::document::{label, scenario_id};
use crate::needs::Size;
use crate::scenario::{Scenario, name};
use crate::tier::Tier;

/// Fewest operations of a repetition that bear a p99.
const MIN_SAMPLES_P99: u64 = 10_000;

const HEADER: &str = "layer  p50             p99             memory";

/// One table per operation that `suite` declares on several layers, the lowest layer first, and each
/// figure with its factor over that of the lowest.
#[must_use]
pub fn layers(suite: &[&dyn Scenario], run: &Run) -> String {
    let of_run = |tier: &Tier| {
        run.manifest
            .tier
            .as_ref()
            .is_some_and(|name| name.as_str() == tier.as_str())
    };
    let tier = Tier::ALL.into_iter().find(of_run).unwrap_or(Tier::Smoke);
    let mut text = String::new();
    let (mut compared, mut unmeasured) = (0, Vec::new());
    for top in suite {
        let stack = stack(suite, *top, tier);
        let figures: Vec<Result<Figures, &str>> =
            stack.iter().map(|scenario| of(*scenario, run)).collect();
        if stack.len() < 2 || figures.iter().all(|of_one| *of_one == Err(ABSENT)) {
            if stack.len() > 1 {
                unmeasured.push(top.id());
            }
            continue;
        }
        compared += 1;
        let _ = writeln!(text, "{}\n{HEADER}", top.id());
        let lowest = figures.iter().find_map(|of_one| of_one.as_ref().ok());
        for (scenario, of_one) in stack.iter().zip(&figures) {
            let (layer, id) = (label(*scenario, tier), scenario.id());
            let cells = match of_one {
                Ok(figures) => figures.cells(lowest),
                Err(why) => format!("{why:<48}"),
            };
            let _ = writeln!(text, "{layer:<7}{cells}{id}");
        }
        text.push('\n');
    }
    let _ = match compared {
        0 => writeln!(
            text,
            "The document holds no operation on more than one layer."
        ),
        _ => writeln!(text, "Factors are over the lowest layer that was measured."),
    };
    if !unmeasured.is_empty() {
        let _ = writeln!(text, "Not in the document: {}", unmeasured.join(", "));
    }
    text
}

const ABSENT: &str = "not in the document";

/// `top` and what it is declared to be over, lowest layer first.
fn stack<'s>(
    suite: &[&'s dyn Scenario],
    top: &'s dyn Scenario,
    tier: Tier,
) -> Vec<&'s dyn Scenario> {
    let below = top.over().iter().filter_map(|id| {
        let found = suite.iter().find(|scenario| scenario.id() == *id);
        found.copied()
    });
    let mut stack: Vec<&dyn Scenario> = below.chain([top]).collect();
    stack.sort_by_key(|scenario| label(*scenario, tier));
    stack
}

/// What one scenario showed. A figure that was not measured is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Figures {
    p50_ns: Option<f64>,
    p99_ns: Option<f64>,
    memory_bytes: Option<f64>,
}

impl Figures {
    fn cells(&self, lowest: Option<&Self>) -> String {
        let cell = |figure: fn(&Self) -> Option<f64>, show: fn(f64) -> String| {
            let Some(value) = figure(self) else {
                return format!("{:<16}", "-");
            };
            let below = lowest.and_then(figure).filter(|below| *below > 0.0);
            let factor = below.map_or_else(String::new, |below| format!("x{:.2}", value / below));
            format!("{:>7} {factor:<8}", show(value))
        };
        [
            cell(|of| of.p50_ns, time),
            cell(|of| of.p99_ns, time),
            cell(|of| of.memory_bytes, |bytes| Size(bytes as u64).to_string()),
        ]
        .concat()
    }
}

/// The medians of a scenario over all sessions, or why there are none.
fn of(scenario: &dyn Scenario, run: &Run) -> Result<Figures, &'static str> {
    let id = scenario_id(scenario);
    if run.failures.iter().any(|failure| failure.scenario == id) {
        return Err("it failed");
    }
    let measured = run.sessions.iter().flat_map(|session| &session.scenarios);
    let measured: Vec<_> = measured
        .filter(|measured| measured.scenario == id)
        .collect();
    if measured.is_empty() {
        return Err(ABSENT);
    }
    if measured
        .iter()
        .any(|measured| measured.check == Check::Failed)
    {
        return Err("its answer is wrong");
    }
    let repetitions: Vec<_> = measured
        .iter()
        .flat_map(|measured| &measured.repetitions)
        .collect();
    let of_all = |metric: &MetricName, figure: fn(&MetricValue) -> Option<f64>| {
        let values = repetitions
            .iter()
            .filter_map(|repetition| repetition.metric(metric));
        median(values.filter_map(figure).collect())
    };
    let latency = name("latency");
    Ok(Figures {
        p50_ns: of_all(&latency, |value| quantiles(value)?.p50.into()),
        p99_ns: of_all(&latency, |value| quantiles(value)?.p99),
        memory_bytes: of_all(&name("peak_rss"), |value| match value {
            MetricValue::Value(bytes) => Some(*bytes),
            _ => None,
        }),
    })
}

fn quantiles(value: &MetricValue) -> Option<Summary> {
    let MetricValue::Distribution(distribution) = value else {
        return None;
    };
    let Distribution { count, hdr, .. } = &**distribution;
    let is_enough = *count >= MIN_SAMPLES_P99;
    match hdr {
        // A baseline keeps these and not the histogram.
        None => distribution.summary.map(|summary| Summary {
            p99: summary.p99.filter(|_| is_enough),
            ..summary
        }),
        Some(text) => {
            let histogram = gate_schema::hdr::decode(text).ok()?;
            let at = |share| histogram.value_at_quantile(share) as f64;
            Some(Summary {
                p50: at(0.5),
                tail: None,
                p99: is_enough.then(|| at(0.99)),
                p999: None,
            })
        }
    }
}

/// The upper median, which was measured.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A time as people read it, three digits.
pub(crate) fn time(nanoseconds: f64) -> String {
    let (scaled, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "us"),
        ..1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    let digits = match scaled {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use gate_schema::run::{Environment, Failure, Measured, Mode, Repetition, Session, Source};

    use super::*;
    use crate::document::{Parts, manifest};
    use crate::fake::FakeScenario;
    use crate::layer::Layer;
    use crate::recorder::Recorder;
    use crate::tier::Tier;

    const RAW: FakeScenario = FakeScenario::named("map/get/raw");
    const ENGINE: FakeScenario = FakeScenario {
        layer: Layer::Engine,
        ..FakeScenario::named("map/get/engine")
    };
    const FACADE: FakeScenario = FakeScenario {
        layer: Layer::Facade,
        over: &["map/get/engine", "map/get/raw"],
        ..FakeScenario::named("map/get")
    };
    const ELSEWHERE: FakeScenario = FakeScenario {
        layer: Layer::Facade,
        over: &["map/get/raw"],
        ..FakeScenario::named("map/put")
    };
    const SUITE: [&dyn Scenario; 4] = [&FACADE, &ELSEWHERE, &ENGINE, &RAW];

    /// `operations` of this length and one of a hundred that is ten times as long.
    fn measured(scenario: &FakeScenario, nanos: u64, operations: u64, check: Check) -> Measured {
        let mut recorder = Recorder::new();
        for operation in 0..operations {
            let factor = if operation % 50 == 0 { 10 } else { 1 };
            recorder.record(Duration::from_nanos(nanos * factor));
        }
        let latency = recorder.distribution().expect("something was recorded");
        let metrics = vec![
            (
                name("latency"),
                MetricValue::Distribution(Box::new(latency)),
            ),
            (name("peak_rss"), MetricValue::Value(nanos as f64 * 1e6)),
        ];
        Measured {
            scenario: scenario_id(scenario),
            check,
            recording_overhead_ns: None,
            repetitions: vec![Repetition::new(metrics).expect("nothing twice")],
        }
    }

    fn run(scenarios: Vec<Measured>, failures: Vec<Failure>) -> Run {
        let session = Session {
            id: "run/1".into(),
            start: "1970-01-01T00:00:00Z".into(),
            mode: Mode::Single,
            scenarios,
        };
        Run::from(Parts {
            id: "run".into(),
            created: SystemTime::UNIX_EPOCH,
            source: Source::default(),
            environment: Environment::default(),
            manifest: manifest(&SUITE, Tier::Tiny),
            sessions: vec![session],
            failures,
        })
    }

    #[test]
    fn layers_stand_above_each_other_with_their_factors() {
        let measured = vec![
            measured(&FACADE, 300, 10_000, Check::Passed),
            measured(&ENGINE, 150, 10_000, Check::Passed),
            measured(&RAW, 100, 500, Check::Passed),
        ];
        insta::assert_snapshot!(layers(&SUITE, &run(measured, vec![])), @r"
        map/get
        layer  p50             p99             memory
        A0      100 ns x1.00   -                100 MB x1.00   map/get/raw
        A1      150 ns x1.50   1.50 us          150 MB x1.50   map/get/engine
        B       300 ns x3.00   3.00 us          300 MB x3.00   map/get

        map/put
        layer  p50             p99             memory
        A0      100 ns x1.00   -                100 MB x1.00   map/get/raw
        B      not in the document                             map/put

        Factors are over the lowest layer that was measured.
        ");
    }

    #[test]
    fn what_is_missing_is_said() {
        let failure = Failure {
            scenario: scenario_id(&FACADE),
            session: None,
            pair: None,
            how: "killed by signal 9".into(),
            stderr: vec![],
        };
        let measured = vec![
            measured(&FACADE, 300, 10_000, Check::Passed),
            measured(&ENGINE, 150, 10_000, Check::Failed),
        ];
        insta::assert_snapshot!(layers(&SUITE, &run(measured, vec![failure])), @r"
        map/get
        layer  p50             p99             memory
        A0     not in the document                             map/get/raw
        A1     its answer is wrong                             map/get/engine
        B      it failed                                       map/get

        Factors are over the lowest layer that was measured.
        Not in the document: map/put
        ");
        insta::assert_snapshot!(layers(&SUITE, &run(vec![], vec![])), @r"
        The document holds no operation on more than one layer.
        Not in the document: map/get, map/put
        ");
    }

    #[test]
    fn times_have_three_digits() {
        for (nanoseconds, expected) in [
            (22.04, "22.0 ns"),
            (999.0, "999 ns"),
            (1_234.0, "1.23 us"),
            (187_000.0, "187 us"),
            (2.5e9, "2.50 s"),
        ] {
            assert_eq!(time(nanoseconds), expected);
        }
    }
}
