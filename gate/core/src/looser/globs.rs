//! Names that two globs have in common.

use fast_glob::glob_match;

/// One step of a glob without alternatives.
#[derive(Clone, Copy)]
enum Step {
    /// This character.
    Exactly(char),
    /// One of several; this is one of them, if any is known.
    OneOf(Option<char>),
    /// Any number of characters; `/` among them, if so.
    Many(bool),
}

impl Step {
    /// A character that it takes; `None` for any number of them.
    fn sample(self) -> Option<char> {
        match self {
            Self::Exactly(c) => Some(c),
            Self::OneOf(c) => Some(c.unwrap_or('x')),
            Self::Many(_) => None,
        }
    }

    /// A character that both take, as far as steps tell.
    fn shared(self, other: Self) -> Option<char> {
        match (self, other) {
            (Self::Exactly(a), Self::Exactly(b)) => Some(a).filter(|a| *a == b),
            (Self::Exactly(_), _) | (Self::OneOf(Some(_)), Self::OneOf(_)) => self.sample(),
            _ => other.sample(),
        }
    }
}

/// A name that both globs fit, for each pair of their alternatives that have one.
pub(super) fn common(a: &str, b: &str) -> Vec<String> {
    let [left, right] = [a, b].map(alternatives);
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    let names = pairs.filter_map(|(a, b)| meet(&steps(a), &steps(b)));
    // Steps are coarser than globs.
    names
        .filter(|name| glob_match(a, name) && glob_match(b, name))
        .collect()
}

/// The globs that one with braces stands for.
fn alternatives(glob: &str) -> Vec<String> {
    let braces = glob.find('{').and_then(|open| {
        let close = open + glob[open..].find('}')?;
        Some((&glob[..open], &glob[open + 1..close], &glob[close + 1..]))
    });
    let Some((head, inside, rest)) = braces else {
        return vec![glob.to_owned()];
    };
    let each = |one| alternatives(&format!("{head}{one}{rest}"));
    inside.split(',').flat_map(each).collect()
}

fn steps(glob: &str) -> Vec<Step> {
    // What does not fit the rest: nearly everything.
    if glob.starts_with('!') {
        return vec![Step::Many(true)];
    }
    let mut steps = Vec::new();
    let mut rest = glob.chars();
    while let Some(c) = rest.next() {
        let class = rest.as_str().split_once(']').filter(|_| c == '[');
        steps.push(match (c, class) {
            ('*', _) => {
                let is_deep = rest.as_str().starts_with('*');
                if is_deep {
                    rest.next();
                }
                Step::Many(is_deep)
            }
            ('?', _) => Step::OneOf(None),
            ('\\', _) => Step::Exactly(rest.next().unwrap_or(c)),
            (_, Some((class, after))) => {
                rest = after.chars();
                Step::OneOf(class.chars().next().filter(|c| !"!^".contains(*c)))
            }
            _ => Step::Exactly(c),
        });
    }
    steps
}

/// A name that both fit. Where either may have any number of characters there is at least one, if that is possible: no
/// part of a name is empty.
fn meet(a: &[Step], b: &[Step]) -> Option<String> {
    let then = |c: char, rest: Option<String>| rest.map(|rest| format!("{c}{rest}"));
    match (a, b) {
        ([], []) => Some(String::new()),
        ([Step::Many(_), after_a @ ..], [Step::Many(_), after_b @ ..]) => {
            let rest = || meet(after_a, b).or_else(|| meet(a, after_b));
            then('x', rest()).or_else(rest)
        }
        ([Step::Many(is_deep), after @ ..], other) | (other, [Step::Many(is_deep), after @ ..]) => {
            let many = if matches!(a, [Step::Many(_), ..]) {
                a
            } else {
                b
            };
            let next = other
                .split_first()
                .and_then(|(step, rest)| Some((step.sample()?, rest)));
            let next = next.filter(|(c, _)| *is_deep || *c != '/');
            let taken = next.and_then(|(c, rest)| then(c, meet(many, rest)));
            taken.or_else(|| meet(after, other))
        }
        ([step_a, a @ ..], [step_b, b @ ..]) => then(step_a.shared(*step_b)?, meet(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_that_overlap_have_a_name_in_common() {
        for (a, b, expected) in [
            ("vector/search", "vector/search", "vector/search"),
            ("vector/search", "vector/*", "vector/search"),
            ("vector/*", "vector/**", "vector/x"),
            ("vector/*", "text/*", ""),
            ("vector/*", "*/new", "vector/new"),
            ("vector/**", "**/new", "vector/x/new"),
            ("latency.p99", "*.p99", "latency.p99"),
            ("p99*", "p99", "p99"),
            ("*p50", "lat*", "latxp50"),
            ("{text,vector}/*", "{vector,feed}/b?", "vector/bx"),
            ("[tv]ext/[!a]*", "?ext/n*", "text/nx"),
            ("a/*/c", "a/b/d/c", ""),
            ("!text/*", "vector/*", "vector/x"),
            ("!text/*", "text/*", ""),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                assert_eq!(common(a, b).join(" "), expected, "{a} and {b}");
            }
        }
    }
}
