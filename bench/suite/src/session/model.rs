//! What a preference must be: the weighted mean of the latest sessions, in double precision, from the
//! sessions as they were before anybody packed them.

use super::sessions::{DIMENSIONS, Session};

/// Sessions that count.
const LATEST: usize = 10;

/// Half-life of a session, in seconds.
const WEEK_S: f64 = 604_800.0;

/// The preference after `sessions`, in any order.
pub(crate) fn preference(sessions: &[Session<'_>]) -> [f64; DIMENSIONS] {
    let mut latest = sessions.to_vec();
    latest.sort_by_key(|session| std::cmp::Reverse(session.ended_s));
    latest.truncate(LATEST);
    let now_s = latest.first().map_or(0, |session| session.ended_s);
    let mut mean = [0.0; DIMENSIONS];
    let mut total = 0.0;
    for session in latest {
        let age_s = f64::from(now_s - session.ended_s);
        let weight = f64::from(session.weight) * 0.5_f64.powf(age_s / WEEK_S);
        total += weight;
        for (sum, value) in mean.iter_mut().zip(session.vector) {
            *sum += weight * f64::from(*value);
        }
    }
    mean.map(|sum| sum / total)
}

/// Length of the difference to `expected`, relative to the length of that.
pub(crate) fn relative_error(found: &[f32; DIMENSIONS], expected: &[f64; DIMENSIONS]) -> f64 {
    let squares =
        |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let difference = squares(
        &mut found
            .iter()
            .zip(expected)
            .map(|(&found, expected)| f64::from(found) - expected),
    );
    (difference / squares(&mut expected.iter().copied())).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_by_hand() {
        let (ones, threes) = ([1.0; DIMENSIONS], [3.0; DIMENSIONS]);
        let session = |vector, weight, ended_s| Session {
            vector,
            weight,
            ended_s,
        };
        let found = preference(&[session(&threes, 1.0, 604_805), session(&ones, 2.0, 5)]);
        assert!((found[7] - 2.0).abs() < 1e-12, "{}", found[7]);

        let mut sessions = vec![session(&threes, 1e9, 5)];
        sessions.extend([session(&ones, 1.0, 6); 10]);
        assert!(
            (preference(&sessions)[7] - 1.0).abs() < 1e-12,
            "an eleventh does not count"
        );
    }

    #[test]
    fn errors_are_relative() {
        let expected = [2.0; DIMENSIONS];
        assert!((relative_error(&[2.02; DIMENSIONS], &expected) - 0.01).abs() < 1e-6);
        assert!(relative_error(&[2.0; DIMENSIONS], &expected) < 1e-12);
    }
}
