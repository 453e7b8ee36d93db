//! Which files a run was about, by its commit: whether there was anything to measure is not for the run to say.

use crate::Settings;
use crate::client::{Client, encoded};
use crate::fault::Fault;
use crate::find::Measured;
use crate::wire::Comparison;

/// Files that GitHub lists of a comparison; it leaves out what is beyond, without a word.
const MOST: usize = 300;

/// The paths that the commit of `measured` changes since it left its base, and those that its files had there.
/// `None` when GitHub does not list them all.
///
/// # Errors
/// When GitHub refuses to talk at all.
pub async fn changed(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
) -> Result<Option<Vec<String>>, Fault> {
    let Some(base) = &measured.base else {
        return Ok(None);
    };
    // Of the commit: the files of a pull request are those of whatever was pushed last. One commit in the
    // answer is enough; the files come with the first.
    let path = format!(
        "/repos/{}/compare/{}...{}?per_page=1",
        settings.repository,
        encoded(base),
        measured.head
    );
    match client.get(&path).await {
        Ok(comparison) => Ok(paths(comparison)),
        Err(
            Fault::Missing { .. }
            | Fault::Refused { .. }
            | Fault::NoAnswer { .. }
            | Fault::TooLarge(_),
        ) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn paths(comparison: Comparison) -> Option<Vec<String>> {
    let files = comparison.files.filter(|files| files.len() < MOST)?;
    let paths = files
        .into_iter()
        .flat_map(|file| [Some(file.filename), file.previous_filename]);
    Some(paths.flatten().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn all_paths_or_none() {
        let files = |count: usize| -> Vec<Value> {
            let names = 0..count;
            names.map(|i| json!({"filename": i.to_string()})).collect()
        };
        for (name, answer, expected) in [
            ("nothing changed", json!({"files": []}), Some(0)),
            ("some", json!({"files": files(299)}), Some(299)),
            ("as many as are listed", json!({"files": files(300)}), None),
            ("not told", json!({"commits": []}), None),
            ("null", json!({"files": null}), None),
            (
                "renamed",
                json!({"files": [{"filename": "docs/a", "previous_filename": "src/a"}]}),
                Some(2),
            ),
        ] {
            let comparison = serde_json::from_value(answer).expect(name);
            assert_eq!(paths(comparison).map(|all| all.len()), expected, "{name}");
        }
    }
}
