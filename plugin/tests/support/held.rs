//! Sockets that outlive the plugin.

use std::{
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt as _, net::UnixListener},
    },
    process::Command,
};

use super::Machine;

/// The sockets of a machine, held as a service manager holds them.
pub struct Held {
    engine: UnixListener,
    control: UnixListener,
}

impl Held {
    pub fn of(machine: &Machine) -> Self {
        let engine = UnixListener::bind(machine.path("engine.sock")).expect("a socket");
        let control = UnixListener::bind(machine.path("control.sock")).expect("a socket");
        let everybody = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(machine.path("control.sock"), everybody).expect("a mode");
        Self { engine, control }
    }

    /// The plugin, with both sockets as descriptors 3 and 4 (sd_listen_fds(3)).
    pub fn command(&self, machine: &Machine) -> Command {
        let plugin = machine.command();
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"exec 3<&0 4<&1 </dev/null >/dev/null; LISTEN_PID=$$ exec "$@""#, "sh"])
            .arg(plugin.get_program())
            .args(plugin.get_args())
            .env("LISTEN_FDS", "2")
            .env("LISTEN_FDNAMES", "engine:control")
            .stdin(OwnedFd::from(self.engine.try_clone().expect("a descriptor")))
            .stdout(OwnedFd::from(self.control.try_clone().expect("a descriptor")));
        command
    }

    pub fn run(&self, machine: &mut Machine) {
        machine.run_held(self.command(machine));
    }
}
