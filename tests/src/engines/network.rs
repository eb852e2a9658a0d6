//! A network that nothing leads out of, and in which every name is this machine.

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use installer::lab::{Lab, LabError, Process, clean, installed};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::resolver::{Names, RESOLVER, Resolver};

/// A network namespace: it lives as long as a process in it.
pub struct Network {
    holder: Process,
    _resolver: Resolver,
}

/// `$1`: busybox, `$2`: a file, the rest: addresses. `tail` waits for ever, and its argument says
/// which lab it belongs to.
const SCRIPT: &str = r#"
busybox=$1 file=$2
shift 2
"$busybox" ip link set lo up || exit
for address; do "$busybox" ip address add "$address/32" dev lo || exit; done
echo up
exec tail -f "$file"
"#;

impl Network {
    /// Makes one, with loopback and a resolver for which every name is 127.0.0.1.
    ///
    /// # Errors
    /// When the namespace or its resolver does not come up.
    pub async fn start(lab: &Lab) -> Result<Self, LabError> {
        Self::start_with(lab, &[], |_| Ipv4Addr::LOCALHOST).await
    }

    /// Makes one that has these addresses as well, and in which names lead where `names` says.
    ///
    /// # Errors
    /// When the namespace or its resolver does not come up.
    pub async fn start_with(lab: &Lab, addresses: &[Ipv4Addr], names: Names) -> Result<Self, LabError> {
        Self::start_as("network", lab, addresses, names).await
    }

    /// The same under a name of its own in the lab.
    pub(super) async fn start_as(
        name: &'static str,
        lab: &Lab,
        addresses: &[Ipv4Addr],
        names: Names,
    ) -> Result<Self, LabError> {
        let busybox = installed("busybox", "busybox-static")?;
        let mut command = clean(installed("unshare", "util-linux")?);
        command.args(["--net", "sh", "-c", SCRIPT, "network"]).arg(busybox).arg(lab.write(name, "")?);
        command.args(addresses.iter().map(Ipv4Addr::to_string));
        let mut holder = Process::start(lab, name, command)?;
        let log = holder.log_path().to_owned();
        let up = || async {
            let said = std::fs::read_to_string(&log).map_err(|error| error.to_string())?;
            if said.trim() == "up" { Ok(()) } else { Err(said) }
        };
        holder.ready(Duration::from_secs(10), up).await?;
        let address = SocketAddr::from((RESOLVER, 53));
        let socket = inside(namespace(&holder), move || UdpSocket::bind(address));
        let resolver = socket.and_then(|socket| Resolver::start(socket, names));
        let _resolver = resolver.map_err(failed("a resolver in the new network"))?;
        Ok(Self { holder, _resolver })
    }

    /// Listens in this network.
    ///
    /// # Errors
    /// As from the system.
    pub fn listen(&self, address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
        let listener = self.listen_blocking(address)?;
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    }

    /// Listens in this network, for a thread.
    ///
    /// # Errors
    /// As from the system.
    pub fn listen_blocking(&self, address: SocketAddr) -> io::Result<TcpListener> {
        inside(namespace(&self.holder), move || TcpListener::bind(address))
    }

    /// Another resolver, at an address of loopback beside [`RESOLVER`], whose datagrams have room for no answer: who
    /// asks has to ask again by TCP.
    ///
    /// # Errors
    /// As from the system.
    pub fn resolve_by_tcp(&self, address: Ipv4Addr, names: Names) -> io::Result<Resolver> {
        let listener = self.listen(SocketAddr::from((address, 53)))?;
        let socket = inside(namespace(&self.holder), move || UdpSocket::bind((address, 53)))?;
        Resolver::start_by_tcp(socket, listener, names)
    }

    /// Connects in this network.
    ///
    /// # Errors
    /// As from the system.
    pub fn connect(&self, address: SocketAddr) -> io::Result<tokio::net::TcpStream> {
        let stream = self.connect_blocking(address)?;
        stream.set_nonblocking(true)?;
        tokio::net::TcpStream::from_std(stream)
    }

    /// Connects in this network, for a thread.
    ///
    /// # Errors
    /// As from the system.
    pub fn connect_blocking(&self, address: SocketAddr) -> io::Result<TcpStream> {
        inside(namespace(&self.holder), move || TcpStream::connect(address))
    }

    /// The process that keeps it.
    pub(super) fn holder_id(&self) -> u32 {
        self.holder.id()
    }

    /// Its namespace, as a path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        namespace(&self.holder)
    }

    /// What the kernel calls it, for example `net:[4026532345]`.
    ///
    /// # Errors
    /// When it is gone.
    pub fn id(&self) -> io::Result<String> {
        Ok(std::fs::read_link(namespace(&self.holder))?.display().to_string())
    }

    /// `program` in this network.
    ///
    /// # Errors
    /// When `nsenter` is not installed.
    pub fn command(&self, program: &Path) -> Result<Command, LabError> {
        let mut command = clean(installed("nsenter", "util-linux")?);
        command.arg(format!("--net={}", namespace(&self.holder).display())).arg("--").arg(program);
        Ok(command)
    }

    /// `program` in this network, for which `resolv.conf` names this resolver and no other.
    ///
    /// # Errors
    /// When `unshare` is not installed, or the lab cannot be written to.
    pub fn resolving(&self, lab: &Lab, resolver: Ipv4Addr, program: &Path) -> Result<Command, LabError> {
        let mut command = self.command(&installed("unshare", "util-linux")?)?;
        let script = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
        command.args(["--mount", "--propagation=private", "sh", "-c", script, "resolving"]);
        let file = lab.write(&format!("resolv.conf-{resolver}"), format!("nameserver {resolver}\n"))?;
        command.arg(file).arg(program);
        Ok(command)
    }

    /// `program` in this network, to be run to its end; shown to people as `shown`.
    ///
    /// # Errors
    /// When `nsenter` is not installed.
    pub fn run(&self, program: &Path, shown: &str) -> Result<installer::lab::Command, LabError> {
        let place = format!("--net={}", namespace(&self.holder).display());
        let command = installer::lab::Command::new(&installed("nsenter", "util-linux")?, shown);
        Ok(command.hidden_args([place.as_ref(), "--".as_ref(), program.as_os_str()]))
    }
}

fn namespace(holder: &Process) -> PathBuf {
    PathBuf::from(format!("/proc/{}/ns/net", holder.id()))
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> LabError {
    move |source| LabError::Start { program: what.to_owned(), source }
}

/// A socket stays in the network in which it was made; a thread can go there, a process need not.
fn inside<T: Send + 'static>(
    namespace: PathBuf,
    make: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let made = thread::spawn(move || {
        move_into_link_name_space(File::open(namespace)?.as_fd(), Some(LinkNameSpaceType::Network))?;
        make()
    });
    made.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}
