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
use tokio::task::JoinHandle;

/// Where the resolver of such a network listens.
pub const RESOLVER: &str = "127.0.0.1";

/// The address that a name leads to.
pub type Names = fn(&str) -> Ipv4Addr;

/// A network namespace: it lives as long as a process in it.
pub struct Network {
    holder: Process,
    resolver: JoinHandle<()>,
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
        let socket = resolver(namespace(&holder)).map_err(failed("a resolver in the new network"))?;
        Ok(Self { holder, resolver: tokio::spawn(answer(socket, names)) })
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

impl Drop for Network {
    fn drop(&mut self) {
        self.resolver.abort();
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

fn resolver(namespace: PathBuf) -> io::Result<tokio::net::UdpSocket> {
    let socket = inside(namespace, || UdpSocket::bind((RESOLVER, 53)))?;
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

async fn answer(socket: tokio::net::UdpSocket, names: Names) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(reply) = buffer.get(..length).and_then(|question| reply(question, names)) {
            // Who asked and went away needs no answer.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

/// The reply to a DNS question: an IPv4 address, and nothing to other kinds of question.
fn reply(question: &[u8], names: Names) -> Option<Vec<u8>> {
    let (header, mut rest) = question.split_at_checked(12)?;
    // The name: labels with their length in front, the last one empty.
    let mut labels = Vec::new();
    loop {
        let (length, behind) = rest.split_first()?;
        let label = behind.get(..usize::from(*length))?;
        rest = behind.get(usize::from(*length)..)?;
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
    let asked = question.get(12..question.len() - rest.len() + 4)?;
    let is_address = rest.starts_with(&[0, 1, 0, 1]);
    let mut reply = header.get(..2)?.to_vec();
    // A reply with authority, recursion asked for and had; one question, one answer or none.
    reply.extend([0x85, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(asked);
    if is_address {
        // The name of the question; an address in the internet; not to be kept; four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(names(&labels.join(".")).octets());
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::reply;

    #[test]
    fn a_name_leads_where_it_should() {
        let names = |name: &str| if name == "hub.example" { Ipv4Addr::new(10, 9, 0, 1) } else { Ipv4Addr::LOCALHOST };
        let question = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\x07Example\0\0\x01\0\x01";
        let answer = reply(question, names).unwrap();
        assert!(answer.starts_with(&[0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1]) && answer.ends_with(&[0, 4, 10, 9, 0, 1]));
        let other = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\0\0\x1c\0\x01";
        assert_eq!(reply(other, names).unwrap().len(), other.len(), "no answer to a question for IPv6");
        assert_eq!(reply(b"\xab\xcd", names), None);
    }
}
