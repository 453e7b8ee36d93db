//! The spans of time that a question may reach back over.

/// Windows per signal.
pub(crate) const WINDOWS: usize = 5;

/// Windows whose sums decay: all but the last.
pub(crate) const DECAYING: usize = WINDOWS - 1;

/// A span of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    Hour,
    Day,
    Week,
    Month,
    /// Since the first event.
    Always,
}

impl Window {
    /// All windows, shortest first.
    pub(crate) const ALL: [Self; WINDOWS] =
        [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Always];

    /// Time in which a sum loses half its weight: the length of the window, in seconds. `None` for
    /// what never decays.
    pub(crate) fn half_life_s(self) -> Option<f32> {
        HALF_LIVES_S.get(self as usize).copied()
    }
}

/// Half-lives of the windows that decay, in seconds: an hour, a day, a week, thirty days.
pub(crate) const HALF_LIVES_S: [f32; DECAYING] = [3_600.0, 86_400.0, 604_800.0, 2_592_000.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_window_never_decays() {
        let half_lives = Window::ALL.map(Window::half_life_s);
        assert_eq!(half_lives[3], Some(30.0 * 86_400.0));
        assert_eq!(half_lives[4], None);
        assert!(half_lives[..DECAYING].is_sorted());
    }
}
