//! What a form or the part of an address behind `?` holds.

use std::borrow::Cow;

use clap::ValueEnum;

use super::fault::{Fault, Problem};
use crate::{acts::preview::Confirmation, model::from_word};

/// Most fields: the longest form has some forty.
const MOST: usize = 200;

/// Names and texts, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// From a form's body, or a query.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(encoded).take(MOST);
        // Browsers send lines as they were sent when mail had them. Nobody types a NUL, and databases differ in what
        // they make of one.
        let text = |text: Cow<'_, str>| text.replace("\r\n", "\n").replace('\0', "");
        Self(pairs.map(|(name, value)| (name.into_owned(), text(value))).collect())
    }

    /// The field, without white space around it; empty: it is empty, or not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The field as it was typed.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, text)| text.as_str())
    }

    /// An address with these fields, some replaced; what is empty is left out.
    pub(super) fn address(&self, path: &str, replaced: &[(&str, &str)]) -> String {
        let kept = self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let kept = kept.filter(|(name, _)| !replaced.iter().any(|(other, _)| other == name));
        let all = kept.chain(replaced.iter().copied()).filter(|(_, text)| !text.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// Whether a box is ticked.
    pub(super) fn is(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// One of a choice's words; only a page that was tampered with sends another.
    pub(super) fn word<T: ValueEnum>(&self, name: &str) -> Result<T, Fault> {
        from_word(self.text(name)).map_err(|_| Fault::Damaged)
    }

    /// From how many people something may be taken, where that was asked.
    pub(super) fn confirmation(&self) -> Result<Confirmation, Problem> {
        match self.text("confirm") {
            "" => Ok(Confirmation::None),
            text => text
                .parse()
                .map(Confirmation::People)
                .map_err(|_| Problem { text: format!("`{text}` is no number of people"), field: Some("confirm") }),
        }
    }

    /// The same, where nothing may be chosen, or nonsense stands in an address.
    pub(super) fn choice<T: ValueEnum>(&self, name: &str) -> Option<T> {
        from_word(self.text(name)).ok()
    }
}

/// What stands on lines of its own, without white space around it.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mode;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let fields = Fields::parse(b"a=+x%20y+&list=one%0D%0A%0D%0A++two&on=on&mode=monitor&a=second");
        assert_eq!((fields.text("a"), fields.raw("a"), fields.text("none")), ("x y", " x y ", ""));
        assert_eq!(lines(fields.raw("list")), ["one", "two"]);
        assert!(fields.is("on") && !fields.is("off"));
        assert_eq!(fields.word::<Mode>("mode").ok(), Some(Mode::Monitor));
        assert_eq!(fields.choice::<Mode>("a"), None);
        let fields = Fields::parse(b"a=1&b=&c=x");
        assert_eq!(fields.address("/p", &[("c", "y&z"), ("d", "")]), "/p?a=1&c=y%26z");
        assert_eq!(fields.address("/p", &[("a", ""), ("c", "")]), "/p");
        assert!(matches!(fields.word::<Mode>("a"), Err(Fault::Damaged)));
        assert_eq!(Fields::parse(&b"x=1&".repeat(10_000)).0.len(), MOST);
        assert_eq!(Fields::parse(b"%ff=%fe").0.len(), 1, "what is no text is no fault");
        assert_eq!(Fields::parse(b"a=b%00c").text("a"), "bc");
    }
}
