//! JSON bodies, made so that the readers' keys are hit, with what Go takes and others do not.

use arbitrary::{Result, Unstructured};

use crate::shape::name;

/// Keys of the bodies that are read.
pub const KEYS: [&str; 26] = [
    "Image",
    "Image",
    "HostConfig",
    "HostConfig",
    "TaskTemplate",
    "ContainerSpec",
    "PluginSpec",
    "Remote",
    "Runtime",
    "Mounts",
    "Type",
    "Source",
    "Target",
    "Binds",
    "Privileged",
    "CapAdd",
    "Devices",
    "VolumeOptions",
    "DriverConfig",
    "Name",
    "Value",
    "Driver",
    "DriverOpts",
    "device",
    "o",
    "type",
];
/// What a body is likely to begin with.
const FIRST: [&str; 6] = ["Image", "HostConfig", "TaskTemplate", "TaskTemplate", "DriverOpts", "Privileged"];
const WORDS: [&str; 14] = [
    "bind",
    "image",
    "volume",
    "Bind",
    "",
    "plugin",
    "container",
    "none",
    "local",
    "nfs",
    "/etc/docker:/x",
    "/",
    "ALL",
    "x",
];

/// A body, mostly an object, with what may stand around it.
///
/// # Errors
/// When the bytes are used up.
pub fn document(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut out = String::new();
    if u.ratio(1, 16)? {
        out += u.choose(&[" \t\r\n", "\u{feff}", "null", "[", "\u{b}", "//"])?;
    }
    match u.int_in_range(0..=15)? {
        0 => out += &"[".repeat(u.int_in_range(90..=120)?),
        1 => value(u, &mut out, 0)?,
        2 if u.ratio(1, 16)? => {
            // Large: more values than the readers take.
            let element = *u.choose(&["0,", "{},", "\"\",", "null,"])?;
            out += &format!("{{\"Image\":\"a\",\"x\":[{}0]}}", element.repeat(u.int_in_range(99_990..=100_010)?));
        }
        3 => {
            let depth = u.int_in_range(95..=105)?;
            out += &format!("{{\"Image\":\"a\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        }
        4 | 5 => list(u, &mut out, 0)?,
        _ => object(u, &mut out, 0)?,
    }
    if u.ratio(1, 12)? {
        out += u.choose(&["{}", "x", "\0", "}", ",", " ", "{\"Image\":\"evil\"}", "]"])?;
    }
    let mut bytes = out.into_bytes();
    if u.ratio(1, 16)? && !bytes.is_empty() {
        let place = u.choose_index(bytes.len())?;
        bytes[place] = u.arbitrary()?;
    }
    Ok(bytes)
}

fn object(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    out.push('{');
    for n in 0..u.int_in_range(0..=5)? {
        if n > 0 {
            out.push(',');
        }
        let key = *if depth == 0 && n == 0 { u.choose(&FIRST)? } else { u.choose(&KEYS)? };
        text(u, key, true, out)?;
        out.push(':');
        match key {
            "TaskTemplate" if !u.ratio(1, 5)? => template(u, out)?,
            "HostConfig" | "ContainerSpec" | "PluginSpec" | "VolumeOptions" | "DriverConfig" | "DriverOpts"
                if !u.ratio(1, 5)? =>
            {
                deeper(u, out, depth, object)?;
            }
            "Mounts" | "Binds" | "CapAdd" | "Devices" | "Value" if !u.ratio(1, 5)? => deeper(u, out, depth, list)?,
            "Image" | "Remote" | "Source" if !u.ratio(1, 8)? => {
                let name = name(u)?;
                text(u, &name, false, out)?;
            }
            _ => value(u, out, depth)?,
        }
    }
    out.push('}');
    Ok(())
}

/// The part of a service that names its image.
fn template(u: &mut Unstructured<'_>, out: &mut String) -> Result<()> {
    out.push('{');
    for n in 0..u.int_in_range(1..=4)? {
        if n > 0 {
            out.push(',');
        }
        let key = *u.choose(&["ContainerSpec", "ContainerSpec", "PluginSpec", "Runtime"])?;
        text(u, key, true, out)?;
        out.push(':');
        match key {
            "Runtime" => {
                let runtime = *u.choose(&["container", "plugin", "plugin", "", "x"])?;
                text(u, runtime, false, out)?;
            }
            _ if u.ratio(1, 5)? => *out += "null",
            _ => object(u, out, 3)?,
        }
    }
    out.push('}');
    Ok(())
}

fn list(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    out.push('[');
    for n in 0..u.int_in_range(0..=3)? {
        if n > 0 {
            out.push(',');
        }
        if u.ratio(1, 2)? { deeper(u, out, depth, object)? } else { value(u, out, depth)? }
    }
    out.push(']');
    Ok(())
}

fn deeper(
    u: &mut Unstructured<'_>,
    out: &mut String,
    depth: usize,
    make: fn(&mut Unstructured<'_>, &mut String, usize) -> Result<()>,
) -> Result<()> {
    if depth < 7 {
        return make(u, out, depth + 1);
    }
    out.push_str("{}");
    Ok(())
}

fn value(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    match u.int_in_range(0..=9)? {
        0 | 1 => *out += "null",
        2 => *out += u.choose(&["true", "false"])?,
        3 if u.ratio(1, 8)? => *out += u.choose(&["01", "1.", "-", "True", "tru", "", "nul", "'a'"])?,
        3 => *out += u.choose(&["0", "-1", "1e999", "0.5E+3", "18446744073709551616"])?,
        4 => deeper(u, out, depth, object)?,
        5 => deeper(u, out, depth, list)?,
        6 | 7 => {
            let name = name(u)?;
            text(u, &name, false, out)?;
        }
        _ => {
            let word = *u.choose(&WORDS)?;
            text(u, word, false, out)?;
        }
    }
    Ok(())
}

/// A text, with escapes now and then; a key also in other letters that fold to its own.
fn text(u: &mut Unstructured<'_>, text: &str, is_key: bool, out: &mut String) -> Result<()> {
    let (fold, escape) = (is_key && u.ratio(1, 4)?, u.ratio(1, 5)?);
    out.push('"');
    for mut c in text.chars() {
        if fold && u.ratio(1, 2)? {
            c = match c {
                's' | 'S' => *u.choose(&['s', 'S', '\u{17f}'])?,
                'k' | 'K' => *u.choose(&['k', 'K', '\u{212a}'])?,
                'i' | 'I' => *u.choose(&['i', 'I', '\u{131}', '\u{130}'])?,
                c if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
                c => c.to_ascii_lowercase(),
            };
        }
        if c.is_control() || c == '"' || c == '\\' || (escape && u.ratio(1, 3)?) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                *out += &format!("\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    if u.ratio(1, 40)? {
        *out += u.choose(&["\\ud83d", "\\udc00", "\\ud83d\\ude00", "\\x", "\\", "\\/", "\\ud83d\\u0041", "\u{7f}"])?;
    }
    out.push('"');
    Ok(())
}
