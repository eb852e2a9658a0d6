//! Text of which parts may have a colour.

use super::still;

/// What a part is; a colour says no more than its words do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As everything.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Somebody may be surprised.
    Warn,
    /// It is wrong.
    Bad,
    /// Beside the point.
    Faint,
    /// A heading.
    Strong,
}

impl Tone {
    /// Its escape sequence (ECMA-48, 8.3.117).
    const fn begin(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\u{1b}[32m",
            Self::Warn => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
            Self::Strong => "\u{1b}[1m",
        }
    }
}

/// Parts, one behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<(Tone, String)>);

impl Text {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// One more part.
    pub fn push(&mut self, tone: Tone, part: impl Into<String>) -> &mut Self {
        self.0.push((tone, part.into()));
        self
    }

    /// One more part without a colour.
    pub fn plain(&mut self, part: impl Into<String>) -> &mut Self {
        self.push(Tone::Plain, part)
    }

    /// As it is written: nothing but our own colours is more than text.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for (tone, part) in &self.0 {
            let (begin, end) = match tone.begin() {
                begin if colour && !begin.is_empty() => (begin, "\u{1b}[0m"),
                _ => ("", ""),
            };
            out.push_str(begin);
            out.push_str(&still(part));
            out.push_str(end);
        }
        out
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_colours_are_more_than_text() {
        let mut text = Text::new();
        text.push(Tone::Bad, "not \u{1b}[32menforced").plain(": x\u{7}");
        assert_eq!(text.render(true), "\u{1b}[31mnot ?[32menforced\u{1b}[0m: x?");
        assert_eq!(text.to_string(), "not ?[32menforced: x?");
    }
}
