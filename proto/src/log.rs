//! What a program says of its work: lines on standard error, for people or for programs.

use std::{env, io};

use tracing::warn;
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// What is said: a level, or targets with levels (`plugin=debug,info`).
pub const FILTER: &str = "PULLGATE_LOG";
/// `text`, or `json`: one object a line.
pub const FORMAT: &str = "PULLGATE_LOG_FORMAT";

/// Begins to say what [`FILTER`] wants, as [`FORMAT`] wants it. Without a filter that can be read, what `level` lets
/// through; without a format that is known, text. Does nothing when something else listens already.
pub fn start(level: LevelFilter) {
    let format = env::var(FORMAT).unwrap_or_default();
    let lines = lines(format == "json", io::stderr);
    let started = tracing_subscriber::registry().with(lines.with_filter(targets(level))).try_init();
    if started.is_ok() && !["", "text", "json"].contains(&format.as_str()) {
        warn!("`{FORMAT}` is `{format}`, which is neither `text` nor `json`: text");
    }
}

fn targets(level: LevelFilter) -> Targets {
    // Without expressions: those of `EnvFilter` bring an engine for them into programs that stand at a door.
    let wanted = env::var(FILTER).ok().filter(|wanted| !wanted.is_empty());
    wanted.and_then(|wanted| wanted.parse().ok()).unwrap_or_else(|| Targets::new().with_default(level))
}

/// Colours are a feature that is not built in: asked for, they are a panic, on a terminal only.
fn lines<W>(json: bool, to: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(to).with_ansi(false);
    if json { lines.json().flatten_event(true).boxed() } else { lines.boxed() }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(json: bool, say: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::registry().with(lines(json, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_object_a_line_holds_whatever_somebody_sent() {
        let image = "evil\nINFO \u{1b}[2J\"} forged";
        let line = said(true, || warn!(image, times = 3, "refused"));
        assert_eq!(line.lines().count(), 1, "{line:?}");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["message"], &line["level"]), (&"refused".into(), &"WARN".into()));
        assert_eq!((&line["image"], &line["times"]), (&image.into(), &3.into()));
        assert!(line["timestamp"].is_string() && line["target"].is_string(), "{line}");
    }

    #[test]
    fn text_holds_no_more_lines_than_were_said() {
        let image = "evil\nINFO \u{1b}[2J forged";
        let line = said(false, || warn!(image, "refused"));
        assert_eq!(line.lines().count(), 1, "{line:?}");
        assert!(line.contains("WARN") && line.contains("refused") && !line.contains('\u{1b}'), "{line:?}");
    }
}
