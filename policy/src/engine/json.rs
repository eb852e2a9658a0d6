//! JSON as Go's `encoding/json` decodes it into a struct, which is how the engine reads bodies.
//!
//! - A key names the field it equals, else the first that it equals under Unicode simple
//!   folding (`ſ` is `s`, the Kelvin sign is `k`); other keys are ignored.
//! - A repeated key decodes into the same place again: the last text wins, objects merge.
//! - The first value of the input counts. What follows it is ignored by engine 20.10 and
//!   makes newer ones refuse.
//!
//! Stricter than Go where that can only refuse more: nesting, the number of values, and text
//! that is no JSON at all. Source: Go `encoding/json` 1.19 to 1.27, run.

use alloc::{borrow::Cow, string::String, vec::Vec};

/// Deepest nesting; Go's limit is 10,000, and no client comes near either.
const MAX_DEPTH: u32 = 100;
/// Most values in one body; a large Compose service has some hundreds.
const MAX_VALUES: u32 = 100_000;

const BAD_SYNTAX: &str = "its body is no valid JSON";
const WRONG_TYPE: &str = "its JSON body holds a value of the wrong type";
const TOO_DEEP: &str = "its JSON body is nested more than 100 levels deep";
const TOO_MANY: &str = "its JSON body holds more than 100000 values";

/// What is wrong with a body, as a part of a refusal.
pub(super) type Result<T> = core::result::Result<T, &'static str>;

/// A reader in front of a value.
#[derive(Debug)]
pub(super) struct Json<'a> {
    rest: &'a [u8],
    depth: u32,
    values: u32,
}

impl<'a> Json<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body, depth: 0, values: 0 }
    }

    /// Takes a `null`, if that is the value: it leaves texts and structs as they were, and
    /// sets pointers, lists and maps to nothing.
    pub(super) fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.skip()?;
        Ok(true)
    }

    /// Decodes an object into a struct with these fields: `field` reads the value of the field of that number.
    pub(super) fn object(
        &mut self,
        names: &[&str],
        mut field: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        self.map(|json, key| match field_of(names, &key) {
            Some(number) => field(json, number),
            None => json.skip(),
        })
    }

    /// Decodes an object whose keys are data.
    pub(super) fn map(&mut self, mut entry: impl FnMut(&mut Self, Cow<'a, str>) -> Result<()>) -> Result<()> {
        self.enter(b'{')?;
        if self.take(b'}') {
            return self.leave();
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(BAD_SYNTAX);
            }
            let key = self.text()?;
            if !self.take(b':') {
                return Err(BAD_SYNTAX);
            }
            entry(self, key)?;
            if self.take(b'}') {
                return self.leave();
            }
            if !self.take(b',') {
                return Err(BAD_SYNTAX);
            }
        }
    }

    /// Decodes an array; `element` reads one element.
    pub(super) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.enter(b'[')?;
        if self.take(b']') {
            return self.leave();
        }
        loop {
            element(self)?;
            if self.take(b']') {
                return self.leave();
            }
            if !self.take(b',') {
                return Err(BAD_SYNTAX);
            }
        }
    }

    /// Decodes into a text; `null` leaves it.
    pub(super) fn string_into(&mut self, text: &mut String) -> Result<()> {
        if self.null()? {
            return Ok(());
        }
        *text = self.string()?.into_owned();
        Ok(())
    }

    /// Decodes a text.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        match self.peek() {
            Some(b'"') => {
                self.count()?;
                self.text()
            }
            Some(_) => Err(WRONG_TYPE),
            None => Err(BAD_SYNTAX),
        }
    }

    /// Decodes into a flag; `null` leaves it.
    pub(super) fn bool_into(&mut self, flag: &mut bool) -> Result<()> {
        match self.peek() {
            Some(b'n') => {}
            Some(first @ (b't' | b'f')) => *flag = first == b't',
            _ => return Err(WRONG_TYPE),
        }
        self.skip()
    }

    /// Decodes a list of texts; `null` empties it.
    pub(super) fn strings(&mut self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        if !self.null()? {
            self.array(|json| {
                let mut text = String::new();
                json.string_into(&mut text)?;
                texts.push(text);
                Ok(())
            })?;
        }
        Ok(texts)
    }

    /// For texts of which Go decodes the whole: nothing may follow.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(BAD_SYNTAX) }
    }

    /// Reads over any value.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{') => self.map(|json, _| json.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'"') => {
                self.count()?;
                self.skip_text()
            }
            Some(b'n') => self.literal(b"null"),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(BAD_SYNTAX),
        }
    }

    /// The next byte that is no white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        found
    }

    fn enter(&mut self, bracket: u8) -> Result<()> {
        if !self.take(bracket) {
            return Err(if self.rest.is_empty() { BAD_SYNTAX } else { WRONG_TYPE });
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        self.count()
    }

    fn leave(&mut self) -> Result<()> {
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES { Err(TOO_MANY) } else { Ok(()) }
    }

    fn literal(&mut self, word: &[u8]) -> Result<()> {
        self.count()?;
        self.rest = self.rest.strip_prefix(word).ok_or(BAD_SYNTAX)?;
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        self.count()?;
        self.sign(b"-");
        match self.digits() {
            [] => return Err(BAD_SYNTAX),
            [b'0', _, ..] => return Err(BAD_SYNTAX),
            _ => {}
        }
        if self.sign(b".") && self.digits().is_empty() {
            return Err(BAD_SYNTAX);
        }
        if self.sign(b"eE") {
            self.sign(b"+-");
            if self.digits().is_empty() {
                return Err(BAD_SYNTAX);
            }
        }
        Ok(())
    }

    fn sign(&mut self, any_of: &[u8]) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if any_of.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn digits(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        digits
    }

    /// Reads over a text, whose opening quote is next.
    fn skip_text(&mut self) -> Result<()> {
        self.rest = self.rest.get(1..).ok_or(BAD_SYNTAX)?;
        loop {
            self.plain_text()?;
            match self.rest.split_first() {
                Some((b'"', rest)) => {
                    self.rest = rest;
                    return Ok(());
                }
                Some((b'\\', [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..])) => self.rest = rest,
                Some((b'\\', [b'u', rest @ ..])) => self.rest = code_unit(rest).ok_or(BAD_SYNTAX)?.1,
                _ => return Err(BAD_SYNTAX),
            }
        }
    }

    /// A text, whose opening quote is next.
    fn text(&mut self) -> Result<Cow<'a, str>> {
        self.rest = self.rest.get(1..).ok_or(BAD_SYNTAX)?;
        let plain = self.plain_text()?;
        if self.rest.first() == Some(&b'"') {
            self.rest = self.rest.get(1..).unwrap_or_default();
            return Ok(String::from_utf8_lossy(plain));
        }
        let mut out = plain.to_vec();
        loop {
            match self.rest.split_first() {
                Some((b'"', rest)) => {
                    self.rest = rest;
                    return Ok(Cow::Owned(String::from_utf8_lossy(&out).into_owned()));
                }
                Some((b'\\', rest)) => {
                    self.rest = rest;
                    let mut buffer = [0; 4];
                    out.extend_from_slice(self.escape()?.encode_utf8(&mut buffer).as_bytes());
                }
                _ => out.extend_from_slice(self.plain_text()?),
            }
        }
    }

    /// Up to the next quote or backslash, which must come before the end and any control character.
    fn plain_text(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).ok_or(BAD_SYNTAX)?;
        let (plain, rest) = self.rest.split_at_checked(end).ok_or(BAD_SYNTAX)?;
        if rest.first().is_some_and(|byte| *byte < b' ') {
            return Err(BAD_SYNTAX);
        }
        self.rest = rest;
        Ok(plain)
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char> {
        let (letter, rest) = self.rest.split_first().ok_or(BAD_SYNTAX)?;
        self.rest = rest;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(*letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (unit, rest) = code_unit(self.rest).ok_or(BAD_SYNTAX)?;
                self.rest = rest;
                self.scalar(unit)
            }
            _ => return Err(BAD_SYNTAX),
        })
    }

    /// A pair of surrogates is one character; half a pair is U+FFFD.
    fn scalar(&mut self, unit: u16) -> char {
        let second = self.rest.strip_prefix(b"\\u").and_then(code_unit);
        if let Some((second, rest)) = second
            && let Some(Ok(pair)) = char::decode_utf16([unit, second]).next()
            && u32::from(pair) > 0xffff
        {
            self.rest = rest;
            return pair;
        }
        char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Four hexadecimal digits.
fn code_unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let mut unit = 0_u16;
    for digit in digits {
        let digit = char::from(*digit).to_digit(16).and_then(|digit| u16::try_from(digit).ok())?;
        unit = (unit << 4) | digit;
    }
    Some((unit, rest))
}

/// The field that a key names: exactly, else the first under folding.
fn field_of(names: &[&str], key: &str) -> Option<usize> {
    names.iter().position(|name| *name == key).or_else(|| names.iter().position(|name| folds_to(name, key)))
}

/// Unicode simple folding, for field names of ASCII letters and digits: two other characters fold to such.
fn folds_to(name: &str, key: &str) -> bool {
    // A character that folds to a letter has up to three bytes.
    if key.len() < name.len() || key.len() > name.len().saturating_mul(3) {
        return false;
    }
    let folded = key.chars().map(|c| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(name.chars().map(|c| c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
