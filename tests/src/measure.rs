//! Figures that are to be trusted on a machine that does other things as well.

use std::{fmt, time::Duration};

/// How much of one time another one takes, measured again and again: the median, and between which two it is all but
/// surely.
#[derive(Debug, Clone, Default)]
pub struct Shares(Vec<f64>);

impl Shares {
    /// One more.
    pub fn add(&mut self, time: Duration, of: Duration) {
        let share = time.as_secs_f64() / of.as_secs_f64();
        let at = self.0.partition_point(|other| *other < share);
        self.0.insert(at, share);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one in the middle; nothing is known of none.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// With a probability of 97.5 % the median of all that could be measured is not below this.
    #[must_use]
    pub fn lowest(&self) -> f64 {
        self.outer().map_or(f64::NEG_INFINITY, |outer| self.0[outer])
    }

    /// ... and not above this.
    #[must_use]
    pub fn highest(&self) -> f64 {
        self.outer().map_or(f64::INFINITY, |outer| self.0[self.0.len() - 1 - outer])
    }

    /// How many at each end do not count: that the median is beyond more of them has a probability of 2.5 % at most,
    /// since each is above or below it with one half (the sign test; nothing is taken for granted about how they are spread).
    fn outer(&self) -> Option<usize> {
        let count = self.0.len();
        let mut one = 0.5_f64.powi(i32::try_from(count).ok()?);
        let (mut sum, mut outer) = (0.0, None);
        for k in 0..count {
            sum += one;
            if sum > 0.025 {
                break;
            }
            outer = Some(k);
            one *= (count - k) as f64 / (k + 1) as f64;
        }
        outer
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3}, {} times)", self.median(), self.lowest(), self.highest(), self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_sign_test() {
        let mut shares = Shares::default();
        assert!(shares.is_empty() && shares.median().is_nan());
        for n in (1..=5).rev() {
            shares.add(Duration::from_millis(n), Duration::from_millis(1));
        }
        // Five are too few to say anything: with 1 in 16 all are on one side.
        assert_eq!((shares.median(), shares.lowest(), shares.highest()), (3.0, f64::NEG_INFINITY, f64::INFINITY));
        for n in 6..=9 {
            shares.add(Duration::from_millis(n), Duration::from_millis(1));
        }
        // Of nine, the second and the eighth (P = 2 * 10/512).
        assert_eq!((shares.median(), shares.lowest(), shares.highest()), (5.0, 2.0, 8.0));
        for n in 10..=25 {
            shares.add(Duration::from_millis(n), Duration::from_millis(1));
        }
        // Of 25, the eighth and the eighteenth (as tables of the sign test say).
        assert_eq!((shares.median(), shares.lowest(), shares.highest()), (13.0, 8.0, 18.0));
        assert_eq!(shares.to_string(), "13.000 (8.000 to 18.000, 25 times)");
    }
}
