//! Which of the scenarios there are is measured.

use fast_glob::glob_match;
use gate_schema::code::Code;
use gate_schema::id::ScenarioId;

use crate::diagnostic::{Diagnostic, Place};
use crate::nearest::distance;

/// Scenarios named in a hint before the rest is left out.
const LISTED: usize = 8;

/// Of each build's scenarios those that match one of the globs; all of them without globs.
///
/// # Errors
/// Every glob that matches no scenario of any build: whoever wrote it wanted something measured. And a
/// build of which nothing is left.
pub(super) fn choose(
    builds: &[Vec<ScenarioId>],
    only: &[String],
) -> Result<Vec<Vec<ScenarioId>>, Vec<Diagnostic>> {
    let of_no_use = |glob: &&String| {
        let mut all = builds.iter().flatten();
        !all.any(|id| glob_match(glob.as_str(), id.as_str()))
    };
    let problems: Vec<Diagnostic> = (only.iter().filter(of_no_use))
        .map(|glob| unmatched(glob, builds))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let is_chosen = |id: &ScenarioId| only.iter().any(|glob| glob_match(glob, id.as_str()));
    let chosen = |listed: &Vec<ScenarioId>| {
        let ids = listed.iter().filter(|id| only.is_empty() || is_chosen(id));
        let chosen: Vec<ScenarioId> = ids.cloned().collect();
        match chosen.is_empty() {
            false => Ok(chosen),
            true => Err(vec![nothing_to_compare(listed)]),
        }
    };
    builds.iter().map(chosen).collect()
}

fn unmatched(glob: &str, builds: &[Vec<ScenarioId>]) -> Diagnostic {
    // A star stands for anything, so the rest is compared with the beginning of an id.
    let plain = glob.replace(['*', '?'], "");
    let away = |id: &str| {
        let start = id.get(..plain.len()).unwrap_or(id);
        distance(start, &plain)
    };
    let mut ids: Vec<&str> = builds.iter().flatten().map(ScenarioId::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.sort_by_cached_key(|id| away(id));
    Diagnostic::new(
        Code::NoOverlap,
        format!("no scenario matches `{glob}`"),
        Place::Flag("--only"),
        format!("there are {}", first(&ids)),
    )
}

fn nothing_to_compare(listed: &[ScenarioId]) -> Diagnostic {
    let ids: Vec<&str> = listed.iter().map(ScenarioId::as_str).collect();
    Diagnostic::new(
        Code::NoOverlap,
        "one build has none of the scenarios asked for, so there is nothing to compare",
        Place::Flag("--only"),
        format!("it has {}", first(&ids)),
    )
}

fn first(ids: &[&str]) -> String {
    if ids.is_empty() {
        return "none".to_owned();
    }
    let more = if ids.len() > LISTED { ", ..." } else { "" };
    format!("{}{more}", ids[..ids.len().min(LISTED)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<ScenarioId> {
        let id = |name: &&str| ScenarioId::new(name).expect("a sound name");
        names.iter().map(id).collect()
    }

    #[test]
    fn every_glob_chooses_something_of_either_build() {
        let builds = [
            ids(&["map/get", "map/put", "text/gone"]),
            ids(&["map/get", "text/new"]),
        ];
        type Names<'a> = &'a [&'a str];
        type Chosen<'a> = Result<[Names<'a>; 2], Names<'a>>;
        let cases: [(&str, Names<'_>, Chosen<'_>); 8] = [
            (
                "none",
                &[],
                Ok([
                    &["map/get", "map/put", "text/gone"],
                    &["map/get", "text/new"],
                ]),
            ),
            (
                "one",
                &["map/*"],
                Ok([&["map/get", "map/put"], &["map/get"]]),
            ),
            (
                "of either",
                &["map/get", "text/new"],
                Ok([&["map/get"], &["map/get", "text/new"]]),
            ),
            (
                "overlapping",
                &["map/get", "**"],
                Ok([
                    &["map/get", "map/put", "text/gone"],
                    &["map/get", "text/new"],
                ]),
            ),
            (
                "nothing",
                &["hash/*"],
                Err(&[
                    "no scenario matches `hash/*`: there are map/get, map/put, text/gone, text/new",
                ]),
            ),
            (
                "nothing beside one that matches",
                &["map/*", "test/*"],
                Err(&[
                    "no scenario matches `test/*`: there are text/gone, text/new, map/get, map/put",
                ]),
            ),
            (
                "nothing twice",
                &["a", "map/git"],
                Err(&[
                    "no scenario matches `a`: there are map/get, map/put, text/gone, text/new",
                    "no scenario matches `map/git`: there are map/get, map/put, text/gone, text/new",
                ]),
            ),
            (
                "of one build only",
                &["text/new"],
                Err(&[
                    "one build has none of the scenarios asked for, so there is nothing to compare: it has map/get, map/put, text/gone",
                ]),
            ),
        ];
        for (name, only, expected) in cases {
            let only: Vec<String> = only.iter().map(ToString::to_string).collect();
            let said = |problem: Diagnostic| format!("{}: {}", problem.message, problem.hint);
            let chosen = choose(&builds, &only)
                .map_err(|problems| problems.into_iter().map(said).collect::<Vec<_>>());
            let expected = expected
                .map(|builds| builds.map(ids).to_vec())
                .map_err(|said| said.iter().map(ToString::to_string).collect());
            assert_eq!(chosen, expected, "{name}");
        }
    }
}
