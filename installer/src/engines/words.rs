//! Command lines and environments as systemd reads them (`systemd.syntax(7)`, `systemd.service(5)`).

use std::collections::HashMap;

/// Variables of a service.
pub type Environment = HashMap<String, String>;

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    OpenQuote,
    /// A backslash with nothing, or something unknown, behind it.
    #[error("there is an unknown escape behind a backslash")]
    Escape,
}

/// A line's words: separated by white space, quoted with `"` or `'`, with C-style escapes.
///
/// # Errors
/// When a quote is open or an escape unknown.
pub fn split(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None::<char>;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().push(escape(&mut rest)?),
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(WordsError::OpenQuote);
    }
    words.extend(word);
    Ok(words)
}

/// A line's words with variables put in: `${NAME}` anywhere as one word, `$NAME` alone as the words of its value.
///
/// # Errors
/// As [`split`].
pub fn expand(line: &str, environment: &Environment) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    for word in split(line)? {
        match word.strip_prefix('$').filter(|name| is_name(name)) {
            // A value that cannot be split is taken as it is.
            Some(name) => {
                let value = environment.get(name).map_or("", String::as_str);
                words.extend(split(value).unwrap_or_else(|_| vec![value.to_owned()]));
            }
            None => words.push(put_in(&word, environment)),
        }
    }
    Ok(words)
}

/// Words as a line that systemd reads as just these.
#[must_use]
pub fn join(words: &[String]) -> String {
    let quoted = words.iter().map(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/:.,@+".contains(c);
        let escaped: String = word.chars().map(escaped).collect();
        if !word.is_empty() && word.chars().all(plain) { escaped } else { format!("\"{escaped}\"") }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        // Else they begin a variable or a specifier.
        '$' | '%' => format!("{c}{c}"),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    }
}

fn put_in(word: &str, environment: &Environment) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some((name, behind)) = behind.strip_prefix('{').and_then(|behind| behind.split_once('}')) {
            out.push_str(environment.get(name).map_or("", String::as_str));
            rest = behind;
        } else {
            out.push('$');
            rest = behind;
        }
    }
    out + rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn escape(rest: &mut std::str::Chars<'_>) -> Result<char, WordsError> {
    let c = rest.next().ok_or(WordsError::Escape)?;
    Ok(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        's' => ' ',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '"' | '\'' => c,
        'x' => code(rest, 2, 16)?,
        'u' => code(rest, 4, 16)?,
        'U' => code(rest, 8, 16)?,
        _ => return Err(WordsError::Escape),
    })
}

fn code(rest: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Result<char, WordsError> {
    let text: String = rest.take(digits).collect();
    let number = u32::from_str_radix(&text, radix).ok().filter(|_| text.len() == digits);
    number.and_then(char::from_u32).ok_or(WordsError::Escape)
}
