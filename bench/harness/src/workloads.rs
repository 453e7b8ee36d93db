//! The catalogue of a suite for people, as Markdown: every scenario in its own words.

use std::fmt::Write;

use gate_schema::unit::Direction;

use crate::document::identity;
use crate::layer::Layer;
use crate::scenario::Scenario;
use crate::tier::Tier;

/// The whole catalogue. Areas and scenarios stand in the order of the suite.
#[must_use]
pub fn workloads(suite: &[&dyn Scenario]) -> String {
    let mut text = String::from(INTRODUCTION);
    for layer in Layer::ALL {
        let _ = writeln!(text, "- **{layer}**: {}", layer.meaning());
    }
    let mut area = "";
    for scenario in suite {
        let id = scenario.id();
        let of = id.split('/').next().unwrap_or(id);
        if of != area {
            let _ = write!(text, "\n## {of}\n");
            area = of;
        }
        text.push_str(&section(*scenario));
    }
    text
}

const INTRODUCTION: &str = "\
# Workloads

What each scenario of the suite measures, why, and how to read it. Generated from the scenarios by
`bench list --markdown`; a test holds this page equal to it.

A scenario is measured on its smallest tier and on every larger one: `smoke` has 10 thousand items, `pr`
100 thousand, `nightly` 1 million; `soak` has as many as that, and measures only what goes on for long. Parameters
are those of the largest tier. Every scenario has the metrics `latency`, `throughput` (or, where requests come on a
schedule, `service`, and `capacity` where that is searched for), `peak_rss` and `allocated`, what the
allocator has handed out after the last operation, besides its own. The layer says what the measured operation
goes through, or that several go on at the same time, and is part of a scenario's identity:

";

fn section(scenario: &dyn Scenario) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", scenario.id(), scenario.about());
    let mut item = |what: &str, value: &str| {
        let _ = writeln!(text, "- {what}: {value}");
    };
    let (tiers, largest) = tiers(scenario);
    item("tiers", &tiers);
    let params: Vec<String> = identity(scenario, largest)
        .iter()
        .map(|(name, param)| format!("`{name}={param}`"))
        .collect();
    item("parameters", &params.join(" "));
    let metrics: Vec<String> = scenario
        .metrics()
        .iter()
        .map(|metric| {
            let better = match metric.direction {
                Direction::Lower => "lower",
                Direction::Higher => "higher",
            };
            format!("`{}` ({}, {better} is better)", metric.name, metric.unit)
        })
        .collect();
    if !metrics.is_empty() {
        item("own metrics", &metrics.join(", "));
    }
    let settings: Vec<String> = scenario
        .settings()
        .iter()
        .map(|setting| format!("`{setting}`"))
        .collect();
    if !settings.is_empty() {
        item("settings to plant", &settings.join(", "));
    }
    text
}

/// The tiers that measure it, in words, and the largest of them.
fn tiers(scenario: &dyn Scenario) -> (String, Tier) {
    if !scenario.is_on(Tier::Soak) {
        let smallest = scenario.smallest_tier().max(Tier::Smoke);
        return (format!("from `{smallest}`"), Tier::Nightly);
    }
    let shown = Tier::ALL.iter().filter(|tier| **tier > Tier::Tiny);
    let tiers = shown.filter(|tier| scenario.is_on(**tier));
    let tiers: Vec<String> = tiers.map(|tier| format!("`{tier}`")).collect();
    (tiers.join(", "), Tier::Soak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn what_soaks_says_where_and_has_the_parameters_of_that() {
        let soaking = FakeScenario {
            tiers: Some(&[Tier::Tiny, Tier::Pr, Tier::Soak]),
            ..FakeScenario::named("a/soak")
        };
        let text = section(&soaking);
        assert!(text.contains("- tiers: `pr`, `soak`\n"), "{text}");
        assert!(text.contains("`items=1000000`"), "{text}");
    }

    #[test]
    fn every_scenario_stands_in_its_area() {
        let suite: [&dyn Scenario; 3] = [
            &FakeScenario::named("a/one"),
            &FakeScenario::named("a/two"),
            &FakeScenario {
                smallest_tier: Tier::Pr,
                ..FakeScenario::named("b/three")
            },
        ];
        let text = workloads(&suite);
        let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("##")).collect();
        assert_eq!(
            headings,
            ["## a", "### a/one", "### a/two", "## b", "### b/three"]
        );
        let end = text.split("### b/three").nth(1).expect("is the last");
        assert_eq!(
            end,
            "\n\nMeasures nothing. Exists for tests.\n\n\
             - tiers: from `pr`\n\
             - parameters: `items=1000000` `layer=A0`\n\
             - own metrics: `things` (count, lower is better)\n\
             - settings to plant: `fault`, `warm_up`\n"
        );
    }
}
