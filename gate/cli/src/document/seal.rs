//! The digest that a baseline carries of itself. Whoever edits a file by hand forgets it; it proves nothing against who
//! wants to deceive, and computes it anew.

use gate_schema::id::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::canonical;

/// Where it stands in the provenance.
const FIELD: &str = "content";

/// Writes into a baseline the digest of all the rest of it.
pub(crate) fn seal(baseline: &mut Value) {
    let digest = content_digest(baseline);
    if let Some(provenance) = provenance(baseline) {
        provenance.insert(FIELD.to_owned(), Value::from(digest.to_string()));
    }
}

/// The digest of all of a baseline but the one that stands in it.
pub(crate) fn content_digest(baseline: &Value) -> Digest {
    let mut rest = baseline.clone();
    if let Some(provenance) = provenance(&mut rest) {
        provenance.remove(FIELD);
    }
    Digest::from_bytes(&Sha256::digest(canonical(&rest)).into())
}

fn provenance(baseline: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    baseline.get_mut("provenance")?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_digest_is_of_everything_but_itself() {
        let plain = json!({"sessions": [1, 2], "provenance": {"promoted_by": "ann"}});
        let mut sealed = plain.clone();
        seal(&mut sealed);
        let digest = content_digest(&plain).to_string();
        assert_eq!(sealed["provenance"]["content"], json!(digest));
        assert_eq!(content_digest(&sealed), content_digest(&plain));
        for (pointer, value) in [
            ("/sessions/0", json!(2)),
            ("/provenance/promoted_by", json!("bob")),
        ] {
            let mut edited = sealed.clone();
            *edited.pointer_mut(pointer).expect("is there") = value;
            assert_ne!(
                content_digest(&edited),
                content_digest(&sealed),
                "{pointer}"
            );
        }
    }
}
