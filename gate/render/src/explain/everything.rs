//! The argument behind the tests of everything at once.

use gate_schema::report::{Report, Scale, Uniform, Verdict};

use super::{pairs, put_step};
use crate::escape::Target;
use crate::fold::scenarios_of;
use crate::{quantity, together};

/// The argument behind what all scenarios show together, from the report alone: of `metric`, or of every metric that
/// was tested. `None` when that was not tested.
#[must_use]
pub fn explain_everything(report: &Report, metric: Option<&str>) -> Option<String> {
    let tests = report.uniform.iter();
    let tests = tests.filter(|test| metric.is_none_or(|metric| test.metric.as_str() == metric));
    let texts: Vec<String> = tests.map(|test| of_metric(report, test)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn of_metric(report: &Report, test: &Uniform) -> String {
    let target = Target::Ascii;
    let metric = target.outside(test.metric.as_str());
    let verdict = test.verdict.as_str();
    let found = match test.verdict {
        Verdict::Regressed => together::complaint(test, target),
        _ => "not shown to be worse".to_owned(),
    };
    let mut text = format!("everything {metric}: {verdict}: {found}\n\n");
    let mut put = |name, found: &str| put_step(&mut text, name, found);
    let scenarios = scenarios_of(test.scenarios);
    put(
        "measured",
        &format!("{scenarios} in pairs; those that moved by their own margin speak for themselves"),
    );
    if let Some(canaries) = &report.canaries {
        put("steady", &pairs::steadiness(canaries, "nothing is claimed"));
    }
    let effect = together::effect(test);
    let change = quantity::change(&effect, test.unit, test.direction, target);
    put(
        "effect",
        &format!(
            "{} {}, the weighted mean of their changes, each end 95 %",
            change.estimate, change.interval
        ),
    );
    put("margin", &margin(test, target));
    let p = pairs::probability(test.p_value);
    let tested = match report.uniform.len() {
        1 => "the one metric that is tested so".to_owned(),
        all => format!("one of {all} metrics that are tested so"),
    };
    put("many rows", &format!("p = {p} for \"got worse\", {tested}"));
    put("counts", counts(test));
    text
}

/// Held against the estimate: that it is more than nothing is what the p-value says.
fn margin(test: &Uniform, target: Target) -> String {
    let size = quantity::magnitude(test.margin, Scale::Relative, test.unit, target);
    let worse = test.estimate * test.direction.sign();
    let stands = if worse >= test.margin {
        "the estimate reaches it"
    } else {
        "the estimate stays below it"
    };
    format!("{size} worse: {stands}")
}

fn counts(test: &Uniform) -> &'static str {
    if test.gating {
        "for the outcome"
    } else {
        "not for the outcome: by policy, or against a release, it is only reported"
    }
}
