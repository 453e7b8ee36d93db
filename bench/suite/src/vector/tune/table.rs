//! The answer for people: what to use, and the front it was chosen from.

use std::fmt::Write;

use super::ENOUGH;
use super::point::{Document, Point};

const HEADER: &str =
    "  M  ef add  ef search  recall@10  p50 us  p99 us  searches/s   MB  build s\n";

/// The outcome, the front with the fastest first, and the default if it is not on it.
pub(super) fn tables(document: &Document) -> String {
    let mut text = match document.cheapest() {
        Some(point) => format!(
            "cheapest with recall@10 >= {ENOUGH}: --connectivity {} --expansion-add {} \
             --expansion-search {}{}\n",
            point.connectivity,
            point.expansion_add,
            point.expansion_search,
            if point.is_default() {
                ", the default"
            } else {
                ""
            },
        ),
        None => format!("no setting reaches recall@10 >= {ENOUGH}\n"),
    };
    let _ = writeln!(
        text,
        "\nFront of {} settings over {} vectors of {} dimensions, fastest first; * is the cheapest:\n",
        document.points.len(),
        document.items,
        document.dimensions,
    );
    text.push_str(HEADER);
    for point in document.front() {
        let is_cheapest = document.cheapest() == Some(point);
        text.push_str(&line(point, if is_cheapest { '*' } else { ' ' }));
    }
    let beaten = document.points.iter().find(|point| point.is_default());
    let beaten = beaten.filter(|default| !document.front().any(|point| point == *default));
    if let Some(default) = beaten {
        text.push_str("\nThe default, which others beat:\n\n");
        text.push_str(HEADER);
        text.push_str(&line(default, ' '));
    }
    text
}

fn line(point: &Point, mark: char) -> String {
    let speed = &point.speed;
    format!(
        "{mark}{:>2}  {:>6}  {:>9}  {:>9.4}  {:>6.0}  {:>6.0}  {:>10.0}  {:>3.0}  {:>7.1}\n",
        point.connectivity,
        point.expansion_add,
        point.expansion_search,
        speed.recall,
        speed.p50_ns as f64 / 1e3,
        speed.p99_ns as f64 / 1e3,
        speed.searches_per_second,
        point.index_bytes as f64 / 1e6,
        point.build_s,
    )
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
            tables(&document),
            "cheapest with recall@10 >= 0.95: --connectivity 16 --expansion-add 100 --expansion-search 32\n\
             \n\
             Front of 3 settings over 100000 vectors of 384 dimensions, fastest first; * is the cheapest:\n\
             \n\
             \x20 M  ef add  ef search  recall@10  p50 us  p99 us  searches/s   MB  build s\n\
             \x2016     100         16     0.8810      60     120       16611    9     12.5\n\
             *16     100         32     0.9620      91     183       10941    9     12.5\n"
        );
    }

    #[test]
    fn the_default_is_shown_even_when_it_is_beaten() {
        let mut default = point(EXPANSION_SEARCH, 0.90, 90_000);
        default.connectivity = CONNECTIVITY;
        default.expansion_add = EXPANSION_ADD;
        let mut better = point(1, 0.91, 80_000);
        better.connectivity = CONNECTIVITY + 1;
        let text = tables(&document(vec![default, better]));
        assert!(text.starts_with("no setting reaches"), "{text}");
        assert!(text.contains("The default, which others beat"), "{text}");
        assert!(text.contains("0.9000"), "{text}");
    }
}
