//! The answer for people: what to use, and the front it was chosen from.

use std::fmt::Write;

use super::ENOUGH;
use super::point::{Document, Point};

const HEADER: &str =
    "  M  ef add  ef search  recall@10  p50 us  p99 us  searches/s   MB  build s\n";

/// The outcome, then the front with the cheapest and the default, fastest first.
pub(super) fn table(document: &Document) -> String {
    let mut text = match document.cheapest() {
        Some(point) => format!(
            "cheapest with recall@10 >= {ENOUGH}: --connectivity {} --expansion-add {} \
             --expansion-search {}\n",
            point.connectivity, point.expansion_add, point.expansion_search,
        ),
        None => format!("no setting reaches recall@10 >= {ENOUGH}\n"),
    };
    let _ = writeln!(
        text,
        "\n{} settings over {} vectors of {} dimensions; those that no other beats in both recall \
         and p50, fastest first:\n",
        document.points.len(),
        document.items,
        document.dimensions,
    );
    text.push_str(HEADER);
    for point in document.shown() {
        text.push_str(&line(point, document));
    }
    text
}

fn line(point: &Point, document: &Document) -> String {
    let speed = &point.speed;
    let mut notes = Vec::new();
    if document.cheapest() == Some(point) {
        notes.push("cheapest");
    }
    if point.is_default() {
        notes.push("the default");
    }
    if !document.front().any(|other| other == point) {
        notes.push("not on the front");
    }
    let line = format!(
        "{:>3}  {:>6}  {:>9}  {:>9.4}  {:>6.0}  {:>6.0}  {:>10.0}  {:>3.0}  {:>7.1}  {}",
        point.connectivity,
        point.expansion_add,
        point.expansion_search,
        speed.recall,
        speed.p50_ns as f64 / 1e3,
        speed.p99_ns as f64 / 1e3,
        speed.searches_per_second,
        point.index_bytes as f64 / 1e6,
        point.build_s,
        notes.join(", "),
    );
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::{document, point};
    use super::super::{CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH};
    use super::*;

    #[test]
    fn the_outcome_comes_first_and_the_fastest_leads_the_front() {
        let document = document(vec![
            point(32, 0.962, 91_400),
            point(16, 0.881, 60_200),
            point(24, 0.870, 75_000),
        ]);
        assert_eq!(
            table(&document),
            "cheapest with recall@10 >= 0.95: --connectivity 16 --expansion-add 100 --expansion-search 32\n\
             \n\
             3 settings over 100000 vectors of 384 dimensions; those that no other beats in both \
             recall and p50, fastest first:\n\
             \n\
             \x20 M  ef add  ef search  recall@10  p50 us  p99 us  searches/s   MB  build s\n\
             \x2016     100         16     0.8810      60     120       16611    9     12.5\n\
             \x2016     100         32     0.9620      91     183       10941    9     12.5  cheapest\n"
        );
    }

    #[test]
    fn the_default_is_shown_even_when_it_is_beaten() {
        let mut default = point(EXPANSION_SEARCH, 0.90, 90_000);
        default.connectivity = CONNECTIVITY;
        default.expansion_add = EXPANSION_ADD;
        let text = table(&document(vec![default, point(1, 0.91, 80_000)]));
        assert!(text.starts_with("no setting reaches"), "{text}");
        assert!(
            text.ends_with("  the default, not on the front\n"),
            "{text}"
        );
    }
}
