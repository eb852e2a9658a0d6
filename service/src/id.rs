//! Ids of what people name later: rules, access requests.

use ulid::Ulid;

use crate::clock;

/// A new one, later than those before by this machine's clock.
///
/// # Errors
/// When the system gives no random bytes.
pub fn new() -> Result<String, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let now = u64::try_from(clock::now_ms()).unwrap_or_default();
    Ok(Ulid::from_parts(now, u128::from_be_bytes(random)).to_string())
}

/// The last one of a moment, in milliseconds since the Unix epoch: those of later moments are behind it as texts.
#[must_use]
pub(crate) fn last_of(at_ms: i64) -> String {
    Ulid::from_parts(u64::try_from(at_ms).unwrap_or_default(), u128::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_moments() {
        let (now, id) = (clock::now_ms(), new().unwrap());
        assert!(last_of(now - 1) < id && id <= last_of(clock::now_ms()), "{id}");
        assert!(last_of(i64::MIN) < last_of(1) && last_of(1) < last_of(now));
    }
}
