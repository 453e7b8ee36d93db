//! `bench list`: what there is to measure.

use gate_schema::exit::ExitCode;

use super::answer;
use super::args::ListArgs;
use crate::document::identity;
use crate::error::BenchError;
use crate::scenario::Scenario;
use crate::selection::on_tier;
use crate::tier::Tier;
use crate::workloads::workloads;

pub(super) fn list(suite: &[&dyn Scenario], args: &ListArgs) -> Result<ExitCode, BenchError> {
    if args.markdown {
        return answer(&workloads(suite));
    }
    let suite = on_tier(suite, args.tier);
    answer(&if args.ids {
        ids(&suite)
    } else {
        table(&suite, args.tier)
    })
}

/// For programs: nothing but the ids, one per line.
fn ids(suite: &[&dyn Scenario]) -> String {
    suite
        .iter()
        .map(|scenario| format!("{}\n", scenario.id()))
        .collect()
}

fn table(suite: &[&dyn Scenario], tier: Tier) -> String {
    let width = suite
        .iter()
        .map(|scenario| scenario.id().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for scenario in suite {
        let params: Vec<String> = identity(*scenario, tier)
            .iter()
            .map(|(name, param)| format!("{name}={param}"))
            .collect();
        text.push_str(&format!("{:width$}  {}\n", scenario.id(), params.join(" ")));
        text.push_str(&format!(
            "{:width$}  {}\n",
            "",
            first_sentence(scenario.about())
        ));
    }
    text
}

fn first_sentence(prose: &str) -> &str {
    prose.find(". ").map_or(prose, |end| &prose[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn the_table_shows_parameters_and_the_first_sentence() {
        let suite: [&dyn Scenario; 2] = [
            &FakeScenario::named("fake/one"),
            &FakeScenario::named("fake/other"),
        ];
        assert_eq!(
            table(&suite, Tier::Smoke),
            "fake/one    items=10000 layer=A0\n            Measures nothing.\nfake/other  items=10000 layer=A0\n            Measures nothing.\n"
        );
    }

    #[test]
    fn ids_stand_alone() {
        let suite: [&dyn Scenario; 2] =
            [&FakeScenario::named("fake/one"), &FakeScenario::named("b")];
        assert_eq!(ids(&suite), "fake/one\nb\n");
        assert_eq!(ids(&[]), "");
    }
}
