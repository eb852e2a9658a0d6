//! The real registry door over real sockets, beside the straight way.
//!
//! Server and client are threads of this process, the door is one of its own: its processor time is
//! what the kernel says of it. All three share the machine's processors, so that a share of the
//! straight way's throughput is what is left when they have to.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use installer::lab::{Door, Lab, Plugin, Posted, clean};
use proto::document::{Categories, Mode, Policy, Rule, WhenExpired};
use tests::{door::Authority as Certificates, engines::Authority};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use crate::{Report, quantile};

const ROUNDS: usize = 3;
/// One body.
const BODY: u64 = 512 << 20;
const GIB: f64 = 1_073_741_824.0;
/// One tick of the kernel's processor time (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
const MANIFESTS: usize = 500;
const MANIFEST_BYTES: u64 = 1_200;

pub fn measure(report: &mut Report) {
    println!("# the registry door beside the straight way, {} MiB a body", BODY >> 20);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let registry = Certificates::new("the bench's registry");
    let (plain, tls) = (serve(None), serve(Some(registry.server(&["127.0.0.1"]))));
    let lab = Lab::new().expect("a laboratory");
    let (door, _plugin) = runtime.block_on(start(&lab, plain, tls));
    let ca = lab.path("door/trust/pullgate.pem");
    let ways = Ways { door: door.0, plain, tls, straight: roots(registry.pem().as_bytes()), opened: roots(&read(&ca)) };

    let mut figures: Vec<(&str, Vec<(f64, f64)>)> =
        ["straight, plain", "tunnel", "plain HTTP through the door", "straight, TLS", "TLS through the door"]
            .map(|name| (name, Vec::new()))
            .into();
    // In turn, so that a machine that changes its speed changes all.
    for _ in 0..ROUNDS {
        for (way, (_, runs)) in figures.iter_mut().enumerate() {
            let before = processor_time(door.1);
            let begun = Instant::now();
            ways.fetch(way, BODY);
            let (took, used) = (begun.elapsed(), processor_time(door.1) - before);
            runs.push((BODY as f64 / took.as_secs_f64(), used.as_secs_f64() * GIB / BODY as f64));
        }
    }
    let best = |way: usize| figures[way].1.iter().map(|run| run.0).fold(0.0, f64::max);
    let cost = |way: usize| figures[way].1.iter().map(|run| run.1).fold(f64::INFINITY, f64::min);
    for way in [0, 3] {
        report.note(&format!("{}, throughput", figures[way].0), best(way) / 1_048_576.0, "MiB/s");
    }
    for (way, floor) in [(1, 0), (2, 0), (4, 3)] {
        report.note(&format!("{}, of the straight way's throughput", figures[way].0), best(way) / best(floor), "times");
        report.note(&format!("{}, the door's processor time", figures[way].0), cost(way), "s/GiB");
    }
    report.limit("plain HTTP above the tunnel, processor time", cost(2) - cost(1), "s/GiB", 0.1);

    let [straight, through] = [3, 4].map(|way| ways.manifests(way));
    report.note("a manifest by the straight way, median", straight / 1e6, "ms");
    report.limit("a manifest through the door adds, median", (through - straight) / 1e6, "ms", 2.0);
}

async fn start(lab: &Lab, plain: SocketAddr, tls: SocketAddr) -> ((SocketAddr, u32), (Plugin, Door)) {
    // A rule that could refuse something there makes the door look into both.
    let rules = [plain, tls].map(|place| Rule {
        id: format!("deny-{}", place.port()),
        pattern: format!("{place}/evil/miner"),
        ..Rule::default()
    });
    let authority = Authority::new(Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        deny: rules.into(),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    });
    authority.enroll(lab, false).expect("an enrollment");
    let plugin = Plugin::start(lab, None).await.expect("a plugin");
    authority.put_in_force(lab, &plugin).await.expect("a policy in force");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let posted = Posted {
        listen: free,
        loopback: Vec::new(),
        ca: lab.path("door"),
        settings: format!(r#"{{"insecureRegistries": ["{tls}"], "tunnel": ["localhost:{}"]}}"#, plain.port()),
    };
    let mut door = Door::start(lab, posted, |program| Ok(clean(program))).await.expect("a door");
    let pid = door.process().id();
    ((free, pid), (plugin, door))
}

/// How to get there.
struct Ways {
    door: SocketAddr,
    plain: SocketAddr,
    tls: SocketAddr,
    straight: Arc<ClientConfig>,
    opened: Arc<ClientConfig>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Ways {
    /// A connection, and what a request on it begins with.
    fn open(&self, way: usize) -> (Box<dyn Stream>, String) {
        let dial = |place: SocketAddr| {
            let stream = TcpStream::connect(place).expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            stream
        };
        let connect = |host: &str| {
            let mut stream = dial(self.door);
            write!(stream, "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("the door reads");
            let head = head(&mut BufReader::with_capacity(1, &stream));
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            stream
        };
        let secure = |stream, config: &Arc<ClientConfig>| -> Box<dyn Stream> {
            let name = ServerName::try_from("127.0.0.1").expect("an address");
            Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a client"), stream))
        };
        match way {
            0 => (Box::new(dial(self.plain)), String::new()),
            1 => (Box::new(connect(&format!("localhost:{}", self.plain.port()))), String::new()),
            2 => (Box::new(dial(self.door)), format!("http://{}", self.plain)),
            3 => (secure(dial(self.tls), &self.straight), String::new()),
            _ => (secure(connect(&self.tls.to_string()), &self.opened), String::new()),
        }
    }

    fn host(&self, way: usize) -> SocketAddr {
        if way < 3 { self.plain } else { self.tls }
    }

    fn fetch(&self, way: usize, bytes: u64) {
        let (stream, prefix) = self.open(way);
        self.ask(&mut BufReader::with_capacity(256 << 10, stream), way, &prefix, bytes);
    }

    /// Median of a manifest on a kept connection, in nanoseconds.
    fn manifests(&self, way: usize) -> f64 {
        let (stream, prefix) = self.open(way);
        let mut stream = BufReader::with_capacity(16 << 10, stream);
        let mut took: Vec<u64> = (0..MANIFESTS)
            .map(|_| {
                let begun = Instant::now();
                self.ask(&mut stream, way, &prefix, MANIFEST_BYTES);
                u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
            })
            .collect();
        took.sort_unstable();
        quantile(&took, 0.5)
    }

    fn ask(&self, stream: &mut BufReader<Box<dyn Stream>>, way: usize, prefix: &str, bytes: u64) {
        let part =
            if bytes == MANIFEST_BYTES { "manifests/latest".to_owned() } else { format!("blobs/sha256:{:064}", 1) };
        let host = self.host(way);
        let request = format!("GET {prefix}/v2/acme/app/{part} HTTP/1.1\r\nHost: {host}\r\nX-Bytes: {bytes}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).and_then(|()| stream.get_mut().flush()).expect("a request");
        let head = head(stream);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let (mut left, mut piece) = (bytes, vec![0; 256 << 10]);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let read = stream.read(&mut piece[..most]).expect("a body");
            assert!(read > 0, "{left} bytes are missing");
            left -= read as u64;
        }
    }
}

fn head(stream: &mut impl std::io::BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).expect("a head") > 0, "{head}");
    }
    head
}

/// A registry that has as many bytes of everything as it is asked for.
fn serve(tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = tls.clone();
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                match tls.map(|config| ServerConnection::new(config).expect("a server")) {
                    Some(connection) => answer(StreamOwned::new(connection, stream)),
                    None => answer(stream),
                }
            });
        }
    });
    address
}

fn answer(stream: impl Read + Write) {
    let mut stream = BufReader::new(stream);
    let piece = vec![7; 256 << 10];
    loop {
        let mut bytes = None;
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => {}
            }
            let line = line.to_ascii_lowercase();
            bytes = line.strip_prefix("x-bytes: ").and_then(|bytes| bytes.trim().parse::<u64>().ok()).or(bytes);
        }
        let mut left = bytes.unwrap_or_default();
        let to = stream.get_mut();
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {left}\r\n\r\n");
        let mut next = head.into_bytes();
        // Head and a small body in one write.
        let first = usize::try_from(left).unwrap_or(usize::MAX).min(4096);
        next.extend(&piece[..first]);
        left -= first as u64;
        loop {
            if to.write_all(&next).and_then(|()| to.flush()).is_err() {
                return;
            }
            let size = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            if size == 0 {
                break;
            }
            next.clear();
            next.extend(&piece[..size]);
            left -= size as u64;
        }
    }
}

fn roots(pem: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.expect("a certificate")).expect("a root");
    }
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("the door's certificate")
}

/// Of all threads of a process: fields 14 and 15 of its `stat` (proc(5)).
fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the door runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u32 = [11, 12].iter().filter_map(|&at| fields.get(at)?.parse::<u32>().ok()).sum();
    TICK * ticks
}
