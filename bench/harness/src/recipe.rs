//! Recipes: everything that determines some bytes, written down so that it can be digested.

use std::fmt;

use gate_schema::id::Digest;
use sha2::{Digest as _, Sha256};

/// An ordered list of ingredients. Equal recipes make equal bytes; that is their whole point, so an
/// ingredient that changes the bytes must be in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    text: String,
}

impl Recipe {
    /// Starts a recipe. The title names the procedure with its version, for example
    /// `clustered vectors, version 1`.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            text: format!("{title}\n"),
        }
    }

    /// Adds an ingredient.
    #[must_use]
    pub fn with(mut self, ingredient: &str, amount: impl fmt::Display) -> Self {
        self.text.push_str(&format!("{ingredient} = {amount}\n"));
        self
    }

    /// Adds the digest of source code that turns ingredients into bytes, so that editing it makes
    /// prepared files stale without anybody having to remember a version number.
    #[must_use]
    pub fn with_code(self, file: &str, code: &str) -> Self {
        self.with(file, digest(code.as_bytes()))
    }

    /// Adds another recipe, whole, so that a person can read what differs.
    #[must_use]
    pub fn with_recipe(mut self, ingredient: &str, recipe: &Self) -> Self {
        self.text.push_str(&format!("{ingredient}:\n"));
        for line in recipe.text.lines() {
            self.text.push_str(&format!("  {line}\n"));
        }
        self
    }

    /// The digest of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.text.as_bytes())
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The SHA-256 digest of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(&Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Recipe {
        Recipe::new("vectors, version 1")
            .with("items", 10)
            .with("seed", 7)
    }

    #[test]
    fn the_digest_is_stable_over_releases() {
        // Stored runs carry this digest: if it moves, every baseline becomes incomparable.
        assert_eq!(
            vectors().digest().as_str(),
            "sha256:16405959e7e11f3f7fecc831e239ab315ef32b6f3d0e13d2d48847c08ae5912b"
        );
    }

    #[test]
    fn every_ingredient_counts() {
        let other = Recipe::new("vectors, version 1")
            .with("items", 10)
            .with("seed", 8);
        assert_ne!(vectors().digest(), other.digest());
        assert_ne!(
            vectors().with_code("a.rs", "1").digest(),
            vectors().with_code("a.rs", "2").digest()
        );
    }

    #[test]
    fn a_nested_recipe_stays_readable() {
        let index = Recipe::new("index").with_recipe("input", &vectors());
        assert_eq!(
            index.to_string(),
            "index\ninput:\n  vectors, version 1\n  items = 10\n  seed = 7\n"
        );
    }
}
