//! A simple model of registries, for `policy::registry`: docker/distribution's routes as regular
//! expressions, and servers that are kind to odd spellings.

use std::{borrow::Cow, fs, path::Path, sync::LazyLock};

use arbitrary::Unstructured;
use percent_encoding::percent_decode_str;
use policy::registry::{Asked, Part, Request, read};
use regex_lite::Regex;

const NAME: &str = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*)*";
const DIGEST: &str = "sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}";

/// `registry/api/v2/descriptors.go`, and the referrers of the OCI specification. A greedy name, as
/// gorilla's router has it.
static ROUTES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        "^/v2/({NAME})/(?:(manifests)/([A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}|{DIGEST})|(blobs)/({DIGEST})|(tags)/list|(referrers)/({DIGEST})|(blobs/uploads)/?[A-Za-z0-9_.=-]*)$"
    ))
    .expect("fixed")
});

const WORDS: [&str; 44] = [
    "/v2/",
    "/v2",
    "/",
    "//",
    "/./",
    "/../",
    "..",
    "a",
    "evil/miner",
    "library/alpine",
    "/manifests/",
    "/blobs/",
    "/blobs/uploads/",
    "/tags/list",
    "/referrers/",
    "latest",
    "uploads",
    "%2f",
    "%2e",
    "%76",
    "%32",
    "%25",
    "%00",
    "%zz",
    ";x",
    "\\",
    "\t",
    "#",
    "?",
    "ns=docker.io",
    "&",
    "ns=",
    "mount=",
    "V2",
    "v2",
    "\u{ff56}",
    "\u{b2}",
    "A",
    "_",
    "-",
    ".",
    "token",
    "_catalog",
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];
const HOSTS: [&str; 8] =
    ["registry-1.docker.io", "INDEX.docker.io:443", "ghcr.io", "localhost:5000", "[::1]:5000", "registry", "a_b", ""];
const METHODS: [&str; 8] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "get", "OPTIONS"];

/// A request: method, host and target.
#[derive(Debug)]
pub struct Sent {
    method: String,
    host: String,
    target: String,
}

impl Sent {
    /// Method, host and target, a tab between two.
    #[must_use]
    pub fn from_text(data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(data);
        let mut parts = text.splitn(3, '\t').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self { method: next(), host: next(), target: next() }
    }

    /// Of words that mean something.
    ///
    /// # Errors
    /// When the choices run out.
    pub fn of_choices(choices: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let (method, host) = (choices.choose(&METHODS)?, choices.choose(&HOSTS)?);
        let mut target = String::from(*choices.choose(&["/v2/", "/v2/a", "", "/", "/x"])?);
        for _ in 0..choices.int_in_range(0..=12)? {
            target.push_str(choices.choose(&WORDS)?);
        }
        Ok(Self { method: (*method).to_owned(), host: (*host).to_owned(), target })
    }
}

/// Paths that servers could make of a target: as it is, decoded once or twice, with separators and
/// dots resolved, without parameters, in lower case.
fn kind_readings(path: &str) -> Vec<String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let decoded = [path.to_owned(), decode(path), decode(&decode(path))];
    decoded.iter().flat_map(|path| [resolve(path, false), resolve(path, true)]).collect()
}

fn resolve(path: &str, parameters_first: bool) -> String {
    let path: Cow<'_, str> = path.replace('\\', "/").chars().filter(|c| !c.is_control()).collect::<String>().into();
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(['?', '#']).next().unwrap_or_default().split('/') {
        let plain = part.split(';').next().unwrap_or_default().trim();
        match if parameters_first { plain } else { part } {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(plain.to_lowercase()),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Holds the reader against the model.
///
/// # Panics
/// Where they differ.
pub fn check(sent: &Sent) {
    let Sent { method, host, target } = sent;
    let asked = read(&Request { host, method, target });
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    let is_v2 = |path: &String| path == "/v2" || path.starts_with("/v2/");
    let other = matches!(asked, Asked::Elsewhere("other" | "token")) && !["/v2/auth", "/v2/token"].contains(&path);
    assert!(!other || !kind_readings(path).iter().any(is_v2), "a server could take this for `/v2`: {sent:?}");
    assert!(!other || !is_v2(&path.to_owned()), "{sent:?}");
    let route = ROUTES.captures(path);
    match &asked {
        Asked::Elsewhere(_) => assert!(route.is_none(), "{sent:?}: {asked:?}"),
        Asked::Unverifiable(unverifiable) => {
            assert!(!unverifiable.part.is_empty() && !unverifiable.advice.is_empty());
        }
        Asked::Repository(repository) => {
            let fetches = !repository.pushes;
            assert_eq!(
                fetches,
                matches!(method.as_str(), "GET" | "HEAD") && !path_is_upload(&repository.part),
                "{sent:?}"
            );
            let action = asked.action();
            for image in action.fetched() {
                let again = policy::ImageRef::parse(image.as_str()).expect("a name reads back");
                assert_eq!(again.place(), image.place(), "{sent:?}");
            }
            let Some(route) = route else {
                // ghcr.io's uploads, and digests of uploads that are no name there.
                assert!(path_is_upload(&repository.part), "no server has such a route: {sent:?}: {asked:?}");
                return;
            };
            assert_eq!(repository.name.path(), &route[1], "{sent:?}");
            let word = |n: usize| route.get(n).map(|found| found.as_str().to_owned());
            let (found, expected) = match &repository.part {
                Part::Tag(tag) => ((Some(tag.clone()), None), (word(3), None)),
                Part::Manifest(digest) => ((Some(digest.clone()), None), (word(3), None)),
                Part::Blob(digest) => ((None, Some(digest.clone())), (None, word(5))),
                Part::Referrers(digest) => ((None, Some(digest.clone())), (None, word(8))),
                Part::Tags => ((Some("tags".to_owned()), None), (word(6), None)),
                Part::Upload { .. } => ((Some("blobs/uploads".to_owned()), None), (word(9), None)),
            };
            assert_eq!(found, expected, "{sent:?}: {asked:?}");
        }
    }
}

const fn path_is_upload(part: &Part) -> bool {
    matches!(part, Part::Upload { .. })
}

/// Writes the vectors as seeds to the directory that `tests/fuzz/run` names.
///
/// # Panics
/// When that cannot be done.
pub fn write_seeds() {
    let Some(directory) = std::env::var_os("FUZZ_SEEDS").filter(|path| !path.is_empty()) else { return };
    let directory = Path::new(&directory);
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/registry_requests.tsv");
    let table = fs::read_to_string(table).expect("vectors").replace("{D}", &format!("sha256:{}", "a".repeat(64)));
    let mut seeds = 0;
    for (n, line) in table.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let target: String = serde_json::from_str(&format!("\"{}\"", fields[2])).expect("a target");
        let sent = Sent { method: fields[1].to_owned(), host: fields[0].to_owned(), target };
        check(&sent);
        let text = format!("{}\t{}\t{}", sent.method, sent.host, sent.target);
        fs::write(directory.join(format!("{n:05}")), text).expect("a seed");
        seeds += 1;
    }
    assert!(seeds > 100, "{seeds} seeds");
    let quoted = |word: &&str| word.bytes().map(|byte| format!("\\x{byte:02X}")).collect::<String>();
    let words = WORDS.iter().chain(&HOSTS).filter(|word| !word.is_empty());
    let dictionary: String = words.map(|word| format!("\"{}\"\n", quoted(word))).collect();
    fs::write(directory.with_extension("dict"), dictionary).expect("the dictionary");
}
