//! Units of systemd, read from their files (`systemd.unit(5)`): what counts when the engine is started next, whether or
//! not the manager has read them already.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    below,
    words::{self, Environment, WordsError},
};

/// Where units are, the first one counts.
const SYSTEM_DIRS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Units of users that root has made; a user's own come before them.
const USER_DIRS: [&str; 3] = ["/etc/systemd/user", "/run/systemd/user", "/usr/lib/systemd/user"];
/// Larger ones are no units.
const MAX_BYTES: u64 = 1 << 20;
/// Nobody has more in one directory but who wants to keep root busy.
const MAX_DROP_INS: usize = 200;

/// A service or a socket with its drop-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name, as `docker.service`.
    pub name: String,
    /// Its own file.
    pub file: PathBuf,
    /// What its parts say together.
    pub settings: Settings,
}

/// What a unit's file and its drop-ins say together, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Lines of `ExecStart`.
    pub exec_start: Vec<String>,
    /// Lines of `Environment`.
    environment: Vec<String>,
    /// `EnvironmentFile`, each with its `-` if it may be missing.
    environment_files: Vec<String>,
    /// `ListenStream` of a socket.
    pub listen_streams: Vec<String>,
}

/// Which manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manager {
    System,
    /// Of the user with this home.
    User(PathBuf),
}

impl Manager {
    fn dirs(&self) -> Vec<PathBuf> {
        match self {
            Self::System => SYSTEM_DIRS.map(PathBuf::from).to_vec(),
            Self::User(home) => {
                let own = [home.join(".config/systemd/user"), home.join(".local/share/systemd/user")];
                own.into_iter().chain(USER_DIRS.map(PathBuf::from)).collect()
            }
        }
    }

    /// Where drop-ins of the administrator go.
    pub(super) fn drop_in_dir(&self, unit: &str) -> PathBuf {
        self.dirs()[0].join(format!("{unit}.d"))
    }

    /// Every unit of this kind, by its name.
    pub(super) fn names(&self, root: &Path, kind: &str) -> Vec<String> {
        let dirs = self.dirs();
        let files = dirs.iter().filter_map(|dir| fs::read_dir(below(root, dir)).ok()).flatten().flatten();
        let names = files.filter_map(|file| file.file_name().into_string().ok()).filter(|name| name.ends_with(kind));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        names
    }

    /// A unit, if it is there and not masked.
    pub(super) fn unit(&self, root: &Path, name: &str) -> Option<Unit> {
        let dirs = self.dirs();
        let file = dirs.iter().map(|dir| dir.join(name)).find(|file| below(root, file).symlink_metadata().is_ok())?;
        let text = read(&below(root, &file))?;
        let kind = name.rsplit('.').next().unwrap_or_default();
        // By file name: the manager's own order, and the first directory counts.
        let mut drop_ins = BTreeMap::new();
        for parent in [format!("{kind}.d"), format!("{name}.d")] {
            for dir in dirs.iter().rev() {
                let files = fs::read_dir(below(root, &dir.join(&parent))).into_iter().flatten().flatten();
                let files = files.take(MAX_DROP_INS);
                for file in files.filter(|file| file.path().extension().is_some_and(|it| it == "conf")) {
                    drop_ins.insert(file.file_name(), read(&file.path()));
                }
            }
        }
        let texts: Vec<String> = [text].into_iter().chain(drop_ins.into_values().flatten()).collect();
        let settings = parse(texts.iter().map(String::as_str));
        Some(Unit { name: name.to_owned(), file, settings })
    }
}

/// What a unit's texts say together, its own first.
#[must_use]
pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Settings {
    let mut settings = Settings::default();
    for text in texts {
        let mut section = String::new();
        for line in lines(text) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                let (key, value) = (key.trim(), value.trim());
                let list = match (section.as_str(), key) {
                    ("Service", "ExecStart") => &mut settings.exec_start,
                    ("Service", "Environment") => &mut settings.environment,
                    ("Service", "EnvironmentFile") => &mut settings.environment_files,
                    ("Socket", "ListenStream") => &mut settings.listen_streams,
                    _ => continue,
                };
                if value.is_empty() { list.clear() } else { list.push(value.to_owned()) }
            }
        }
    }
    settings
}

impl Settings {
    /// The words of the last command, program first, with variables put in. None: there is no command.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn command(&self, root: &Path) -> Result<Option<Vec<String>>, WordsError> {
        let Some(line) = self.exec_start.last() else { return Ok(None) };
        let mut words = words::expand(line, &self.environment(root)?)?;
        if let Some(program) = words.first_mut() {
            *program = program.trim_start_matches(['@', '-', ':', '+', '!', '|']).to_owned();
        }
        for word in &mut words {
            *word = word.replace("%%", "%");
        }
        Ok(Some(words))
    }

    /// Its variables; of files that are there.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn environment(&self, root: &Path) -> Result<Environment, WordsError> {
        let mut environment = Environment::new();
        for line in &self.environment {
            // A specifier that is none stays; those that are one are not known here, and stand in no proxy's URL.
            environment.extend(words::split(line)?.iter().filter_map(|word| variable(&word.replace("%%", "%"))));
        }
        for file in &self.environment_files {
            let path = Path::new(file.strip_prefix('-').unwrap_or(file));
            let text = read(&below(root, path)).unwrap_or_default();
            environment.extend(lines(&text).iter().filter_map(|line| variable(line)).map(|(name, value)| {
                let words = words::split(&value).unwrap_or_else(|_| vec![value.clone()]);
                (name, if value.starts_with(['"', '\'']) { words.join(" ") } else { value })
            }));
        }
        Ok(environment)
    }
}

fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// Lines without comments; a backslash at the end of one takes the next one along.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(start) => {
                open.push_str(start);
                open.push(' ');
            }
            None => {
                let whole = std::mem::take(&mut open) + line;
                lines.extend((!whole.trim().is_empty()).then(|| whole.trim().to_owned()));
            }
        }
    }
    lines.extend((!open.trim().is_empty()).then(|| open.trim().to_owned()));
    lines
}

/// Waits for nobody: a user's unit may be a FIFO, and root reads it.
fn read(path: &Path) -> Option<String> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut file = fs::File::options().read(true).custom_flags(nonblocking).open(path).ok()?;
    // A masked unit is a link to /dev/null.
    file.metadata().ok().filter(|it| it.is_file() && it.len() <= MAX_BYTES)?;
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
