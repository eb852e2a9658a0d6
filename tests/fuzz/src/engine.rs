//! What an engine does with a request. Where engines differ: the laxest.

mod bodies;

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::{
    form::{self, first},
    reference::{Named, local},
    wire::Wire,
};

/// What happens.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Acts {
    /// Fetched from a registry, in order; `name:*` is every tag.
    pub fetches: Vec<String>,
    /// Started from or mounted, in order.
    pub starts: Vec<String>,
    /// Paths of the host that are opened, whatever the guard thinks of them.
    pub opens: Vec<String>,
    /// Whether all rights on the host are given.
    pub privileged: bool,
    /// Whether a list with elements was set to `null`. The readers keep them, which is stricter.
    pub forgot: bool,
}

/// What an engine does with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answers without asking its plugin.
    NeverAsked,
    /// Every engine refuses it: nothing is fetched.
    Refused,
    /// It does this.
    Acts(Acts),
    /// It does what this model does not tell, or what no name tells.
    Untold,
}

type Handler = fn(&Wire, &str, &str) -> Outcome;

/// The routes that bring something in, start something or open the host. All others do nothing of it.
static ROUTES: LazyLock<Vec<(&str, Regex, Handler)>> = LazyLock::new(|| {
    let rows: [(&str, &str, Handler); 16] = [
        ("POST", "/images/create", images_create),
        ("POST", "/images/load", untold),
        ("POST", "/build", untold),
        ("POST", "/grpc", untold),
        ("POST", "/session", untold),
        ("POST", "/plugins/create", untold),
        ("POST", "/swarm/join", untold),
        ("POST", "/containers/create", |wire, _, _| bodies::create(wire)),
        ("POST", "/containers/(.*)/exec", |wire, _, _| bodies::exec(wire)),
        ("POST", "/volumes/create", |wire, _, _| bodies::volume(wire)),
        ("POST", "/services/create", |wire, _, _| bodies::service(wire)),
        ("POST", "/services/([^/]+)/update", service_update),
        ("POST", "/plugins/pull", plugin),
        ("POST", "/plugins/(.*)/upgrade", plugin),
        ("GET", "/plugins/privileges", |wire, _, query| remote(&form::form(wire, query))),
        ("GET", "/distribution/(.*)/json", |_, name, _| distribution(name)),
    ];
    rows.map(|(method, path, handler)| (method, Regex::new(&format!("^{path}$")).expect("fixed"), handler)).into()
});

/// What an engine does with this request.
#[must_use]
pub fn act(wire: &Wire) -> Outcome {
    let Some(target) = form::target(&wire.target) else { return Outcome::NeverAsked };
    for (_, path, handler) in ROUTES.iter().filter(|(method, ..)| *method == wire.method) {
        let Some(found) = path.captures(&target.path) else { continue };
        if !target.version_accepted {
            return Outcome::Refused;
        }
        return handler(wire, found.get(1).map_or("", |name| name.as_str()), &target.query);
    }
    Outcome::Acts(Acts::default())
}

fn untold(_: &Wire, _: &str, _: &str) -> Outcome {
    Outcome::Untold
}

fn fetches(image: &Named) -> Outcome {
    let every_tag = image.tag.is_none() && image.digest.is_none();
    let text = if every_tag { format!("{image}:*") } else { image.to_string() };
    Outcome::Acts(Acts { fetches: vec![text], ..Acts::default() })
}

fn images_create(wire: &Wire, _: &str, query: &str) -> Outcome {
    let (form, bad) = form::form(wire, query);
    if bad {
        // Some engines refuse, and some skip what is bad.
        return Outcome::Untold;
    }
    let (from, tag) = (first(&form, "fromImage"), first(&form, "tag"));
    if from.is_empty() {
        return Outcome::Untold;
    }
    let image = Named::parse(from.strip_suffix(':').unwrap_or(from));
    match image.and_then(|image| if tag.is_empty() { Some(image) } else { image.with(tag) }) {
        Some(image) if !image.is_scratch() => fetches(&image),
        _ => Outcome::Refused,
    }
}

fn service_update(wire: &Wire, _: &str, query: &str) -> Outcome {
    // `URL.Query()` skips what is bad.
    let (pairs, _) = form::pairs(query);
    match first(&pairs, "rollback") {
        "" | "none" => bodies::service(wire),
        "previous" => Outcome::Untold,
        _ => Outcome::Refused,
    }
}

fn plugin(wire: &Wire, _: &str, query: &str) -> Outcome {
    if bodies::privileges(wire).is_err() {
        return Outcome::Refused;
    }
    remote(&form::form(wire, query))
}

fn remote((pairs, bad): &(Vec<(String, String)>, bool)) -> Outcome {
    if *bad {
        return Outcome::Untold;
    }
    let Some(mut image) = Named::parse(first(pairs, "remote")).map(Named::or_latest) else { return Outcome::Refused };
    if image.digest.is_some() {
        image.tag = None;
    }
    fetches(&image)
}

fn distribution(name: &str) -> Outcome {
    match Named::parse(name) {
        Some(image) if !crate::reference::is_digest(name) => fetches(&image.or_latest()),
        _ => Outcome::Refused,
    }
}

/// What a container starts from.
fn starts(text: &str) -> Result<String, crate::document::Wrong> {
    local(text).ok_or(crate::document::Wrong)
}
