//! `serve`: wiring, and the order of start and stop.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use proto::chain;
use serde_json::json;
use time::OffsetDateTime;
use tokio::{net::TcpListener, signal::unix};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    browser,
    cli::ServeOptions,
    clock,
    data_dir::DataDir,
    health::Readiness,
    http,
    hub_api::HubApi,
    hub_search::{Search, WHILE_ASKED},
    identity::{
        AgentTokens, DockerHub, Hasher, Identity, Logins, Trail,
        oidc::{Oidc, Settings},
    },
    key_ring::{KeyRing, Keys},
    listener::{self, Proxies},
    metrics::{self, Metrics},
    model::ActKind,
    outgoing::Base,
    publish::{Ahead, Publisher},
    rest,
    sessions::Sessions,
    signing_key::{self, IfMissing},
    store::{Act, Missing, Place, PostgresUrl, Store, StoreError},
    sync_api::{Budgets, Postures, Streams, SyncApi},
    tls::{self, Certificate, FileCertificate, OwnAuthority, OwnCertificate},
    validity::Validities,
};

/// Connections and streams have this long to end after a stop.
const STOP_DEADLINE: Duration = Duration::from_secs(5);
/// How often old records are looked for.
const TIDY_INTERVAL: Duration = Duration::from_secs(3600);

/// Runs the service until SIGTERM or SIGINT.
///
/// # Errors
/// Why it could not start, or which of its tasks ended.
pub async fn serve(data_dir: &Path, postgres: Option<PostgresUrl>, options: ServeOptions) -> anyhow::Result<()> {
    if options.insecure_http && !options.listen.ip().is_loopback() {
        bail!(
            "`--insecure-http` on `{}` would show passwords to the network; use a loopback address, or TLS",
            options.listen
        );
    }
    // Before anything is started: a stop that comes early is not lost.
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    raise_descriptor_limit();

    let dir = DataDir::open(data_dir, true)?;
    let address_file = dir.address()?;
    let place = postgres.map_or_else(|| Place::Directory(dir.path().to_owned()), Place::Postgres);
    let store = Store::open(&place, Missing::Create).await?;
    let needed = store.read().await?.has_sealed().await? && !options.new_signing_key;
    let missing = if needed { IfMissing::Refuse } else { IfMissing::Create };
    let is_new_key = options.new_signing_key && signing_key::all(&dir)?.is_empty();
    signing_key::all_or_first(&dir, missing)?;
    let keys = keys(&dir, &store, is_new_key).await?;
    let validities = Validities::new(options.policy_validity, options.session_validity, options.refresh_after);
    let ahead = Ahead::default();
    let (publisher, snapshots) =
        Publisher::start(store.clone(), dir.clone(), keys.clone(), validities, ahead.clone()).await?;
    let certificate = certificate(&dir, &options)?;
    let listener = bind(options.listen).await?;
    let metrics_listener = match options.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let address = listener.local_addr()?;

    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let metrics = Metrics::default();
    let (trail, hasher) = (Trail::new(metrics.clone()), Hasher::new()?);
    let (docker_hub, search) = (docker_hub(&options)?, search(&options));
    let logins = logins(&options, &keys, &store, &hasher, &trail)?;
    let identity = Arc::new(
        Identity::new(store.clone(), hasher.clone(), docker_hub, trail.clone()).beside_logins(logins.is_some()),
    );
    let tokens = AgentTokens::new(keys.clone(), validities.agent_token);
    let streams = Streams::default();
    let sync = SyncApi {
        store: store.clone(),
        identity: Arc::clone(&identity),
        logins: logins.clone(),
        sessions: Sessions::new(store.clone(), keys.clone(), validities.session),
        tokens: tokens.clone(),
        snapshots: snapshots.clone(),
        ahead,
        budgets: Budgets::default(),
        postures: Postures::start(store.clone(), &tracker),
        tracker: tracker.clone(),
        stop: stop.clone(),
        streams: streams.clone(),
        metrics: metrics.clone(),
    };
    let api = rest::Api::new(store.clone(), Arc::clone(&identity), logins, hasher.clone(), search);
    let hub_api = HubApi::new(api.clone(), keys.clone(), certificate.is_some());
    let readiness = Readiness::new(store.clone(), snapshots.clone(), stop.clone());
    let router = http::router(sync.into_server(), tokens, identity, hub_api, api, readiness, metrics.clone());

    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(named("publisher", publisher.run(stop.clone())));
    tasks.spawn(named("trail", trail.clone().run(store.clone(), stop.clone())));
    tasks.spawn(named("tidy", tidy(store.clone(), options.keep_records, stop.clone())));
    let acceptor = certificate.as_ref().map(Certificate::acceptor);
    if let Some(certificate) = certificate {
        tasks.spawn(named("certificate", certificate.keep(stop.clone())));
    }
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let mut bounds = listener::Bounds::default();
    bounds.most.address = options.connections_per_address.get();
    if let Some(listener) = metrics_listener {
        tracing::info!(url = %format_args!("http://{}/metrics", listener.local_addr()?), "metrics are shown");
        let page = metrics::Page::new(&metrics, streams, snapshots.clone()).router();
        let accepting =
            listener::serve(listener, Proxies::default(), None, page, bounds, stop.clone(), tracker.clone());
        tasks.spawn(named("metrics", accepting));
    }
    let proxies = Proxies::new(options.proxy_protocol_from.clone());
    let accepting = listener::serve(listener, proxies, acceptor, router, bounds, stop.clone(), tracker.clone());
    tasks.spawn(named("listener", accepting));

    if !address_file.write(address)? {
        tracing::warn!("another process serves this data directory; its address file stays");
    }
    {
        let published = snapshots.borrow();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            data_dir = %dir.path().display(),
            url = %format_args!("{scheme}://{address}"),
            key = %keys.now().signer().id(),
            organizations = published.policies.len(),
            directory_generation = published.directory.generation,
            "listening"
        );
    }

    let ended = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = tasks.join_next() => ended,
    };
    tracing::info!("stopping");
    drop(address_file);
    stop.cancel();
    tracker.close();
    let all_ended = async {
        tracker.wait().await;
        while tasks.join_next().await.is_some() {}
    };
    if tokio::time::timeout(STOP_DEADLINE, all_ended).await.is_err() {
        tracing::warn!(connections = tracker.len(), "some connections did not end in time and are cut");
    }
    if let Err(error) = trail.flush(&store).await {
        tracing::warn!(error = %chain(&error), "the last sign-ins cannot be written down");
    }
    store.close().await;
    match ended {
        None => Ok(()),
        Some(Ok(name)) => bail!("the task `{name}` ended; the service stops with it"),
        Some(Err(error)) => Err(error).context("a task failed; the service stops with it"),
    }
}

/// The keys in force. The first one that comes to a database signs for it from then on; one that was just made because
/// the others are lost takes their place, and nothing leads to it from them.
async fn keys(dir: &DataDir, store: &Store, is_new: bool) -> anyhow::Result<Keys> {
    let mut change = store.write().await?;
    let signs = change.sequence().await?.keyid;
    if signs.is_empty() || is_new {
        let own = signing_key::all(dir)?.into_iter().next().context("the signing key was removed")?.key;
        if signs != own.id().as_str() {
            change.forget_key_changes().await?;
            change.claim_signing_key(own.id().as_str()).await?;
            let detail = json!({ "before": Some(signs).filter(|signs| !signs.is_empty()) });
            let act = Act { act: ActKind::KeyClaim, organization: "", target: own.id().as_str(), detail };
            change.audit("service", &act).await?;
        }
    }
    let ring = KeyRing::load(dir, &mut change).await?;
    change.commit().await?;
    Ok(Keys::new(ring))
}

/// Whom to ask about Docker Hub credentials; nobody, unless an administrator says so.
fn docker_hub(options: &ServeOptions) -> anyhow::Result<Option<DockerHub>> {
    let Some(url) = &options.docker_hub_url else { return Ok(None) };
    let hub = DockerHub::new(url.clone(), options.docker_hub_ca_file.as_deref(), options.docker_hub_recheck)
        .context("Docker Hub cannot be asked (`--docker-hub-ca-file`)")?;
    tracing::info!(%url, "Docker Hub credentials are taken");
    Ok(Some(hub))
}

/// Whom to ask which publishers have a badge, when somebody wants to know.
fn search(options: &ServeOptions) -> Search {
    let own = options.publishers_ca_file.as_ref();
    let (url, ca_file) = match &options.publishers_url {
        Some(url) => (Some(url), own),
        None => (options.docker_hub_url.as_ref(), own.or(options.docker_hub_ca_file.as_ref())),
    };
    Search::new(url.cloned().unwrap_or_else(Base::docker_hub), ca_file.cloned(), WHILE_ASKED)
}

/// Logins with the identity provider, where there is one. It may be down while the service starts.
fn logins(
    options: &ServeOptions,
    keys: &Keys,
    store: &Store,
    hasher: &Hasher,
    trail: &Trail,
) -> anyhow::Result<Option<Arc<Logins>>> {
    let Some(path) = &options.oidc else { return Ok(None) };
    let oidc =
        Settings::read(path).map_err(anyhow::Error::from).and_then(|settings| Ok(Oidc::new(settings, keys.clone())?));
    let oidc = oidc.context("logins with the identity provider cannot be offered (`--oidc`)")?;
    tracing::info!(issuer = oidc.issuer(), "logins with the identity provider are offered");
    Ok(Some(Arc::new(Logins::new(oidc, store.clone(), hasher.clone(), trail.clone(), options.oidc_validity))))
}

/// A long task that ends, ends the service: this says which.
async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| anyhow!("cannot listen on `{address}`: {error}; is another service there?"))
}

/// None: plain HTTP.
fn certificate(dir: &DataDir, options: &ServeOptions) -> anyhow::Result<Option<Certificate>> {
    if options.insecure_http {
        return Ok(None);
    }
    if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) {
        return Ok(Some(Certificate::Files(Arc::new(FileCertificate::new(certificate, key)?))));
    }
    let now = OffsetDateTime::now_utc();
    let authority = OwnAuthority::load_or_create(dir, now)?;
    let own = OwnCertificate::new(authority, &hosts(options), now)?;
    tracing::info!(ca = %own.ca_path().display(), "the service certifies itself");
    Ok(Some(Certificate::Own(Arc::new(own))))
}

/// Names and addresses under which this machine may be reached.
fn hosts(options: &ServeOptions) -> Vec<String> {
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    // A host name that no certificate can carry (an underscore, say) is left out.
    let uname = rustix::system::uname();
    hosts.extend(uname.nodename().to_str().ok().filter(|name| tls::is_host(name)).map(str::to_owned));
    let listen: SocketAddr = options.listen;
    if !listen.ip().is_unspecified() {
        hosts.push(listen.ip().to_string());
    }
    hosts.extend(options.host.iter().cloned());
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// Forgets records and sign-ins past their time.
async fn tidy(store: Store, keep_seconds: i64, stop: CancellationToken) {
    loop {
        // Not at the start: a clock that is not set yet must not decide.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TIDY_INTERVAL) => {}
        }
        let forgotten = forget(&store, clock::now_ms(), keep_seconds);
        match forgotten.await {
            Ok((0, 0, 0)) => {}
            Ok((records, sign_ins, requests)) => {
                tracing::info!(records, sign_ins, requests, "old records were forgotten");
            }
            Err(error) => tracing::warn!(error = %chain(&error), "old records cannot be forgotten; trying again later"),
        }
    }
}

/// Returns how many records, sign-ins and requests.
async fn forget(store: &Store, now_ms: i64, keep_seconds: i64) -> Result<(u64, u64, u64), StoreError> {
    let keep_ms = keep_seconds.saturating_mul(1000);
    let records = store.forget_records(now_ms, keep_ms).await?;
    let mut sign_ins = 0;
    loop {
        let mut change = store.write().await?;
        let gone = change.forget_sign_ins(now_ms, keep_ms).await?;
        change.commit().await?;
        sign_ins += gone;
        if gone == 0 {
            break;
        }
    }
    let mut change = store.write().await?;
    let requests = change.forget_access_requests(now_ms / 1000, keep_seconds).await?;
    change.forget_invitations(now_ms / 1000).await?;
    change.forget_browser_sessions(now_ms / 1000, now_ms / 1000 - browser::IDLE).await?;
    change.commit().await?;
    Ok((records, sign_ins, requests))
}

/// The signing key will be in this process's memory: a dump would carry it to wherever dumps go.
///
/// # Errors
/// When the system refuses.
pub fn forbid_core_dumps() -> anyhow::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("core dumps cannot be forbidden")?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).context("core dumps cannot be forbidden")
}

/// One descriptor for each connection, and some for the database.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = listener::MAX_CONNECTIONS as u64 + 256;
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|now| now < current) {
        // Without it the service serves fewer connections, and says so when they run out.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum });
    }
}
