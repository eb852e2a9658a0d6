//! Lists come in pages, with the addresses of the pages beside.

use axum::{extract::FromRequestParts, response::Response};
use http::{HeaderMap, Uri, header, request::Parts, uri::Authority};
use serde_json::{Value, json};

use super::{HubApi, answers, refused::Refused};
use crate::rest::{Code, Refusal};

/// As Docker Hub has it.
const MAX_SIZE: usize = 100;
/// Docker Hub's is 10; but Docker's provider reads 50 pages and then takes the list for read.
const DEFAULT_SIZE: usize = MAX_SIZE;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    number: usize,
    size: usize,
    /// Scheme, host and path as the caller wrote them.
    address: String,
}

impl FromRequestParts<HubApi> for Page {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, hub: &HubApi) -> Result<Self, Refused> {
        Self::read(&parts.uri, &parts.headers, hub.tls)
            .map_err(|what| Refusal::new(Code::Malformed, format!("the request cannot be read: {what}")).into())
    }
}

impl Page {
    /// That part of a list, with how long all of it is and where the parts beside it are.
    pub fn answer<T>(&self, all: &[T], row: impl Fn(&T) -> Value) -> Response {
        let rows: Vec<Value> = self.of(all).map(row).collect();
        let (next, previous) = self.neighbours(all.len());
        answers::ok(&json!({ "count": all.len(), "next": next, "previous": previous, "results": rows }))
    }

    /// From `page` and `page_size`. The error says what is wrong.
    pub fn read(uri: &Uri, headers: &HeaderMap, tls: bool) -> Result<Self, &'static str> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // HTTP/2 has it in the address.
        let host = uri.authority().map(Authority::as_str).or(host);
        let host: Authority = host.and_then(|host| host.parse().ok()).ok_or("it names no host")?;
        let forwarded = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let scheme = if tls || forwarded { "https" } else { "http" };
        let mut page = Self { number: 1, size: DEFAULT_SIZE, address: format!("{scheme}://{host}{}", uri.path()) };
        for pair in uri.query().unwrap_or_default().split('&') {
            match pair.split_once('=') {
                Some(("page", text)) => page.number = number(text).ok_or("`page` is a number from 1 on")?,
                Some(("page_size", text)) => {
                    page.size = number(text).ok_or("`page_size` is a number from 1 on")?.min(MAX_SIZE);
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// That part of the list.
    fn of<'a, T>(&self, all: &'a [T]) -> impl Iterator<Item = &'a T> {
        all.iter().skip((self.number - 1).saturating_mul(self.size)).take(self.size)
    }

    /// The addresses of the next page and of the one before, of a list of so many.
    fn neighbours(&self, count: usize) -> (Option<String>, Option<String>) {
        let last = count.div_ceil(self.size).max(1);
        let address = |number: usize| format!("{}?page={number}&page_size={}", self.address, self.size);
        let next = (self.number < last).then(|| address(self.number + 1));
        let previous = (self.number > 1).then(|| address((self.number - 1).min(last)));
        (next, previous)
    }
}

fn number(text: &str) -> Option<usize> {
    text.parse::<u32>().ok().filter(|number| *number > 0).and_then(|number| usize::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, headers: &[(&'static str, &str)], tls: bool) -> Result<Page, &'static str> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Page::read(&uri.parse().unwrap(), &headers.collect(), tls)
    }

    #[test]
    fn pages_follow_one_another_and_cover_a_list_once() {
        let all: Vec<usize> = (0..25).collect();
        let mut uri = "/v2/user/orgs?page_size=10".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = read(&uri, &[("host", "h:1")], true).unwrap();
            seen.extend(page.of(&all).copied());
            match page.neighbours(all.len()).0 {
                Some(next) => uri = next,
                None => break,
            }
        }
        assert_eq!(seen, all);
        assert_eq!(uri, "https://h:1/v2/user/orgs?page=3&page_size=10");
        let last = read(&uri, &[("host", "h:1")], true).unwrap();
        assert_eq!(last.neighbours(25).1.unwrap(), "https://h:1/v2/user/orgs?page=2&page_size=10");
    }

    #[test]
    fn what_is_asked_for_stays_in_its_bounds() {
        let page = |uri: &str| read(uri, &[("host", "h")], false);
        let plain = page("/v2/user/orgs/").unwrap();
        assert_eq!((plain.number, plain.size, plain.address.as_str()), (1, MAX_SIZE, "http://h/v2/user/orgs/"));
        assert_eq!(page("/?page_size=100000").unwrap().size, MAX_SIZE);
        let beyond = page("/?page=4000000000&page_size=100").unwrap();
        assert_eq!((beyond.of(&[1]).count(), beyond.neighbours(1).0), (0, None));
        for bad in ["/?page=0", "/?page=-1", "/?page=x", "/?page_size=0", "/?page=99999999999"] {
            assert!(page(bad).is_err(), "{bad}");
        }
        assert!(read("/", &[], true).is_err());
        assert!(read("/", &[("host", "a b")], true).is_err());
        assert!(
            read("/", &[("host", "h"), ("x-forwarded-proto", "https")], false).unwrap().address.starts_with("https")
        );
    }
}
