//! `bench cache`: what is prepared, and taking away what nobody uses any more.

use std::collections::BTreeSet;
use std::time::SystemTime;

use gate_schema::exit::ExitCode;
use humantime::format_rfc3339_seconds;

use super::answer;
use super::args::CacheArgs;
use crate::cache::Entry;
use crate::error::BenchError;
use crate::needs::Size;
use crate::scenario::Scenario;
use crate::tier::Tier;

pub(super) fn cache(suite: &[&dyn Scenario], args: &CacheArgs) -> Result<ExitCode, BenchError> {
    let cache = args.cache.cache();
    let used = used(suite);
    if args.prune {
        let entries = cache.entries()?;
        let unused = entries.iter().filter(|entry| !used.contains(&entry.key));
        let keys: BTreeSet<String> = unused.map(|entry| entry.key.clone()).collect();
        if cache.root().exists() {
            cache.prune(&keys)?;
        }
    }
    answer(&table(&cache.entries()?, &used))
}

/// The entries of all scenarios on all tiers.
fn used(suite: &[&dyn Scenario]) -> BTreeSet<String> {
    let on_tier = |tier: Tier| {
        suite
            .iter()
            .filter(move |scenario| scenario.is_on(tier))
            .flat_map(move |scenario| scenario.artifacts(tier))
    };
    let artifacts = Tier::ALL.into_iter().flat_map(on_tier);
    artifacts.map(|artifact| artifact.key()).collect()
}

fn table(entries: &[Entry], used: &BTreeSet<String>) -> String {
    let width = entries.iter().map(|entry| entry.key.len()).max();
    let width = width.unwrap_or_default();
    let is_used = |entry: &Entry| used.contains(&entry.key);
    let mut text: String = entries
        .iter()
        .map(|entry| {
            let size = Size(entry.bytes).to_string();
            let current = if is_used(entry) { "current" } else { "unused" };
            let day = day(entry.used);
            format!("{:width$}  {size:>8}  {day:<10}  {current}\n", entry.key)
        })
        .collect();
    let bytes = |keep: bool| -> u64 {
        let kept = entries.iter().filter(|entry| is_used(entry) == keep);
        kept.map(|entry| entry.bytes).sum()
    };
    text.push_str(&format!(
        "{} current, {} unused\n",
        Size(bytes(true)),
        Size(bytes(false))
    ));
    text
}

/// `2026-11-20`.
fn day(moment: Option<SystemTime>) -> String {
    moment.map_or_else(String::new, |moment| {
        let text = format_rfc3339_seconds(moment).to_string();
        text.chars().take_while(|&part| part != 'T').collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeScenario;

    #[test]
    fn what_no_scenario_uses_is_told_apart() {
        let suite: [&dyn Scenario; 1] = [&FakeScenario::named("fake/a")];
        let used = used(&suite);
        assert_eq!(used.len(), 4, "sizes");
        let entry = |key: &str, bytes| Entry {
            key: key.into(),
            bytes,
            used: Some(SystemTime::UNIX_EPOCH),
        };
        let current = used.iter().next().expect("is there");
        let entries = [entry(current, 2_000_000), entry("fake-file-0", 999)];
        let blank = " ".repeat(current.len() - "fake-file-0".len());
        assert_eq!(
            table(&entries, &used),
            format!(
                "{current}   2.00 MB  1970-01-01  current\n\
                 fake-file-0{blank}     999 B  1970-01-01  unused\n\
                 2.00 MB current, 999 B unused\n"
            )
        );
    }
}
