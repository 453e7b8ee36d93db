//! Whether a baseline may be one: what a run was compared with is not for the run to say.

use crate::Settings;
use crate::client::{Client, encoded};
use crate::fault::Fault;
use crate::find::{Measured, Target};
use crate::wire::Comparison;

/// Whether `commit` is an ancestor of the head of `measured` and on the branch that this goes to, as the merge base
/// is that a change is measured against. Of a merge queue nothing is asked: what stands before a change there
/// need not be on any branch yet, and somebody who may write let it in.
///
/// # Errors
/// When GitHub does not say.
pub async fn is_shared(
    client: &Client<'_>,
    settings: &Settings,
    measured: &Measured,
    commit: &str,
) -> Result<bool, Fault> {
    let (Target::Pull(_), Some(base)) = (&measured.target, &measured.base) else {
        return Ok(true);
    };
    for of in [&encoded(base), &measured.head] {
        // An ancestor adds nothing, so that the answer is short.
        let path = format!(
            "/repos/{}/compare/{of}...{}?per_page=1",
            settings.repository,
            encoded(commit)
        );
        match client.get(&path).await {
            Ok(comparison) if is_behind(&comparison) => {}
            // GitHub does not know the commit, or nothing that both have in common.
            Ok(_) | Err(Fault::Missing { .. } | Fault::Refused { .. } | Fault::TooLarge(_)) => {
                return Ok(false);
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(true)
}

fn is_behind(comparison: &Comparison) -> bool {
    matches!(comparison.status.as_deref(), Some("behind" | "identical"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_adds_nothing_is_an_ancestor() {
        for (answer, expected) in [
            (json!({"status": "behind"}), true),
            (json!({"status": "identical", "files": []}), true),
            (json!({"status": "ahead"}), false),
            (json!({"status": "diverged"}), false),
            (json!({"status": null}), false),
            (json!({}), false),
        ] {
            let comparison = serde_json::from_value(answer.clone()).expect("a comparison");
            assert_eq!(is_behind(&comparison), expected, "{answer}");
        }
    }
}
