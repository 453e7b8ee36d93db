//! The series of many repetitions reduced to the one that is plotted. No verdict rests on it.

use gate_schema::report::Course;
use gate_schema::run::Series;

use super::pool::rounded;
use crate::estimate::median;

/// A moment and the figure then.
type Point = (f64, f64);

/// The repetition whose median is in the middle, the lower one of two; `None` without any.
pub(super) fn course<'a>(repetitions: &[&'a Series]) -> Option<Course> {
    let with_median = |series: &&'a Series| {
        let figures: Vec<f64> = series.series.iter().map(|(_, figure)| *figure).collect();
        Some((median(&figures)?, *series))
    };
    let mut known: Vec<(f64, &Series)> = repetitions.iter().filter_map(with_median).collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (median, middle) = known.get(known.len().checked_sub(1)? / 2)?;
    let kept = kept(&middle.series).into_iter();
    Some(Course {
        repetitions: known.len(),
        median: rounded(*median),
        points: kept
            .map(|(at, figure)| (rounded(at), rounded(figure)))
            .collect(),
    })
}

/// As many points as a plot shows, see [`Course::points`].
fn kept(points: &[Point]) -> Vec<Point> {
    let (first, between, last) = match points {
        [first, between @ .., last] if points.len() > Course::MOST_POINTS => (first, between, last),
        _ => return points.to_vec(),
    };
    let stretches = (Course::MOST_POINTS - 2) / 2;
    let mut kept = vec![*first];
    for stretch in between.chunks(between.len().div_ceil(stretches)) {
        let by_figure = |a: &(usize, &Point), b: &(usize, &Point)| a.1.1.total_cmp(&b.1.1);
        let least = stretch.iter().enumerate().min_by(by_figure);
        let most = stretch.iter().enumerate().max_by(by_figure);
        let mut ends: Vec<(usize, &Point)> = least.into_iter().chain(most).collect();
        ends.sort_by_key(|(at, _)| *at);
        ends.dedup_by_key(|(at, _)| *at);
        kept.extend(ends.into_iter().map(|(_, point)| *point));
    }
    kept.push(*last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: impl IntoIterator<Item = Point>) -> Series {
        Series {
            series: points.into_iter().collect(),
        }
    }

    #[test]
    fn the_repetition_in_the_middle_is_shown_as_it_was() {
        let [low, middle, high] =
            [1.0, 2.0, 3.0].map(|level| series([(0.5, level), (1.0, 9.0 * level), (1.5, level)]));
        let all = course(&[&high, &low, &middle]).expect("known");
        assert_eq!((all.repetitions, all.median), (3, 2.0));
        assert_eq!(all.points, middle.series);
        let of_two = course(&[&high, &low]).expect("known");
        assert_eq!((of_two.repetitions, of_two.points), (2, low.series));
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert_eq!(course(&[]), None);
        assert_eq!(course(&[&series([])]), None);
        let one = course(&[&series([]), &series([(0.0, 0.0)])]).expect("known");
        assert_eq!((one.repetitions, one.points), (1, vec![(0.0, 0.0)]));
    }

    #[test]
    fn peaks_stay_where_points_are_many() {
        let most = Course::MOST_POINTS;
        for count in [most - 1, most, most + 1, 254, 1_000] {
            let figure = |at: usize| match at {
                at if at == count / 3 => 50.0,
                at if at == count / 2 => 0.0,
                at => 10.0 + (at % 3) as f64,
            };
            let points = (0..count).map(|at| (at as f64, figure(at)));
            let shown = course(&[&series(points)]).expect("known").points;
            assert!(shown.len() <= most, "{count}: {}", shown.len());
            assert!(shown.len() >= count.min(most / 2), "{count}");
            let moments: Vec<usize> = shown.iter().map(|(at, _)| *at as usize).collect();
            assert!(moments.is_sorted_by(|a, b| a < b), "{count}: {moments:?}");
            for at in [0, count / 3, count / 2, count - 1] {
                assert!(moments.contains(&at), "{count}: {at} in {moments:?}");
            }
        }
    }

    #[test]
    fn as_many_digits_are_kept_as_a_plot_shows() {
        let long = series([(0.123_456, 412_345_678.0)]);
        let shown = course(&[&long]).expect("known");
        let (median, points) = (412_300_000.0, vec![(0.1235, 412_300_000.0)]);
        assert_eq!((shown.median, shown.points), (median, points));
    }
}
