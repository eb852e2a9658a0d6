//! A network that nothing leads out of, and in which every name is this machine.

use std::{
    fs::File,
    net::UdpSocket,
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

/// A network namespace: it lives as long as a process in it.
pub struct Network {
    holder: Process,
    resolver: JoinHandle<()>,
}

impl Network {
    /// Makes one, with loopback and a resolver.
    ///
    /// # Errors
    /// When the namespace or its resolver does not come up.
    pub async fn start(lab: &Lab) -> Result<Self, LabError> {
        let busybox = installed("busybox", "busybox-static")?;
        let mut command = clean(installed("unshare", "util-linux")?);
        // `tail` waits for ever, and its argument says which lab it belongs to.
        command.args(["--net", "sh", "-c", "\"$1\" ip link set lo up && echo up && exec tail -f \"$2\"", "network"]);
        command.arg(busybox).arg(lab.write("network", "")?);
        let mut holder = Process::start(lab, "network", command)?;
        let log = holder.log_path().to_owned();
        let up = || async {
            let said = std::fs::read_to_string(&log).map_err(|error| error.to_string())?;
            if said.trim() == "up" { Ok(()) } else { Err(said) }
        };
        holder.ready(Duration::from_secs(10), up).await?;
        let socket = bind(namespace(&holder)).map_err(failed("a resolver in the new network"))?;
        Ok(Self { holder, resolver: tokio::spawn(answer(socket)) })
    }

    /// What the kernel calls it, for example `net:[4026532345]`.
    ///
    /// # Errors
    /// When it is gone.
    pub fn id(&self) -> std::io::Result<String> {
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

fn failed(what: &'static str) -> impl FnOnce(std::io::Error) -> LabError {
    move |source| LabError::Start { program: what.to_owned(), source }
}

/// A socket stays in the network in which it was made; a thread can go there, a process need not.
fn bind(namespace: PathBuf) -> std::io::Result<tokio::net::UdpSocket> {
    let bound = thread::spawn(move || {
        move_into_link_name_space(File::open(namespace)?.as_fd(), Some(LinkNameSpaceType::Network))?;
        UdpSocket::bind((RESOLVER, 53))
    });
    let socket = bound.join().unwrap_or_else(|_| Err(std::io::Error::other("the thread panicked")))?;
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

async fn answer(socket: tokio::net::UdpSocket) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(reply) = buffer.get(..length).and_then(reply) {
            // Who asked and went away needs no answer.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

/// The reply to a DNS question: 127.0.0.1, and nothing to other kinds of question.
fn reply(question: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = question.split_at_checked(12)?;
    // The name: labels with their length in front, the last one empty.
    loop {
        let (length, behind) = rest.split_first()?;
        rest = behind.get(usize::from(*length)..)?;
        if *length == 0 {
            break;
        }
    }
    let asked = question.get(12..question.len() - rest.len() + 4)?;
    let is_address = rest.starts_with(&[0, 1, 0, 1]);
    let mut reply = header.get(..2)?.to_vec();
    // A reply with authority, recursion asked for and had; one question, one answer or none.
    reply.extend([0x85, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(asked);
    if is_address {
        // The name of the question; an address in the internet; not to be kept; four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::reply;

    #[test]
    fn every_name_is_this_machine() {
        let question = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\x07example\0\0\x01\0\x01";
        let answer = reply(question).unwrap();
        assert!(answer.starts_with(&[0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1]) && answer.ends_with(&[0, 4, 127, 0, 0, 1]));
        let other = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\0\0\x1c\0\x01";
        assert_eq!(reply(other).unwrap().len(), other.len(), "no answer to a question for IPv6");
        assert_eq!(reply(b"\xab\xcd"), None);
    }
}
