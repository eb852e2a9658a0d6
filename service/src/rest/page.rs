//! Lists come in pages: each says how the next one is asked for. A cursor names the last thing of its page, so what is
//! added or removed meanwhile neither repeats nor hides anything else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{
    Code, Refusal,
    input::{at_most, has_nul},
};

/// Without a word about it.
const DEFAULT_LIMIT: u32 = 50;
/// Most of one page.
const MAX_LIMIT: u32 = 200;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    pub cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub next: Option<String>,
}

impl Page {
    /// How many things.
    pub fn limit(&self) -> Result<u32, Refusal> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(Refusal::new(Code::Malformed, format!("`limit` is out of range: 1 to {MAX_LIMIT}"))),
        }
    }

    /// Behind what; none: from the beginning.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Refusal> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !has_nul(bytes));
        let read = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.map(Some).ok_or_else(|| {
            Refusal::new(Code::Malformed, "`cursor` is none of this list").next("send `next` of the page before")
        })
    }

    /// A page of a list that is at hand, sorted by what `key` says.
    pub fn cut<T, K: Ord + Serialize + DeserializeOwned>(
        &self,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> K,
    ) -> Result<Listed<T>, Refusal> {
        let (after, limit) = (self.after::<K>()?, self.limit()?);
        let behind = |thing: &T| after.as_ref().is_none_or(|after| key(thing) > *after);
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        Ok(Listed::of(all.into_iter().filter(behind).take(most).collect(), limit, key))
    }
}

impl<T> Listed<T> {
    /// Of up to one thing more than the page has, which tells that there is another one.
    pub fn of<K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > most;
        items.truncate(most);
        let next = if more { items.last().map(|last| cursor(&key(last))) } else { None };
        Self { items, next }
    }

    /// The same page of other things.
    pub fn map<U>(self, as_other: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(as_other).collect(), next: self.next }
    }
}

/// How a page behind this is asked for.
pub fn cursor(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(cursor: Option<String>, limit: u32) -> Page {
        Page { cursor, limit: Some(limit) }
    }

    #[test]
    fn pages_cover_a_list_once_whatever_is_added_meanwhile() {
        let mut all: Vec<String> = (0..25).map(|n| format!("n{n:02}")).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let Listed { items, next } = page(cursor, 10).cut(all.clone(), String::clone).unwrap();
            seen.extend(items);
            // Before and behind what was seen.
            all.push("a-new-one".to_owned());
            all.retain(|name| name != "n03");
            all.sort_unstable();
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let expected: Vec<String> = (0..25).map(|n| format!("n{n:02}")).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_asked_for_stays_in_its_bounds() {
        assert_eq!(Page::default().limit().unwrap(), DEFAULT_LIMIT);
        for bad in [0, MAX_LIMIT + 1, u32::MAX] {
            assert!(page(None, bad).limit().unwrap_err().is(Code::Malformed));
        }
        for bad in ["", "!", "bnVsbA", &cursor(&("a", 1)), &"A".repeat(100_000)] {
            let error = page(Some(bad.to_owned()), 10).after::<(i64, String)>().unwrap_err();
            assert!(error.is(Code::Malformed), "{bad}");
        }
        let exactly = page(None, 3).cut(["a", "b", "c"], |name| (*name).to_owned()).unwrap();
        assert_eq!((exactly.items.len(), exactly.next), (3, None), "the last page says that it is");
    }
}
