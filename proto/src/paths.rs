//! Where things are on a machine unless a flag says otherwise.

/// The engine looks for the plugin `pullgate` here (moby `pkg/plugins/discovery.go`).
pub const PLUGIN_SOCKET: &str = "/run/docker/plugins/pullgate.sock";
/// The plugin's control socket; every user may connect, the plugin reads who it is.
#[cfg(unix)]
pub const CONTROL_SOCKET: &str = "/run/pullgate/control.sock";
/// The plugin's control pipe.
#[cfg(windows)]
pub const CONTROL_SOCKET: &str = r"\\.\pipe\pullgate-control";
/// Where engines answer (docs.docker.com, "Daemon socket option").
#[cfg(unix)]
pub const ENGINE_SOCKET: &str = "/var/run/docker.sock";
/// Where the engine of Docker Desktop answers.
#[cfg(windows)]
pub const ENGINE_SOCKET: &str = r"\\.\pipe\docker_engine";
/// Sealed documents in force, their generations, the machine's id.
pub const STATE_DIR: &str = "/var/lib/pullgate";
/// The administrator's file.
pub const ENROLLMENT: &str = "/etc/pullgate/enrollment.json";
/// Docker's own file that enforces sign-in (docs.docker.com, "Methods for enforcing sign-in", Linux).
pub const REGISTRY_JSON: &str = "/usr/share/docker-desktop/registry/registry.json";
/// What `pullgate egress` last put in place for the engine; root writes it, the plugin reads it.
pub const EGRESS: &str = "/run/pullgate/egress.json";
/// The registry door's certificate authority: `ca.key`, `trust/pullgate.pem`.
pub const DOOR_STATE_DIR: &str = "/var/lib/pullgate-proxy";
/// The registry door's settings.
pub const DOOR_SETTINGS: &str = "/etc/pullgate/proxy.json";
/// Where the engine finds the registry door. Below 1024: while the door is down, no user can take its place.
pub const DOOR: &str = "127.0.0.1:857";
/// Where the firewall leads what the engine asks of loopback addresses.
pub const LOOPBACK_DOOR: [&str; 2] = ["127.0.0.1:858", "[::1]:858"];
/// The policy service's data.
pub const SERVICE_DATA_DIR: &str = "/var/lib/pullgate-service";
/// The policy service's port, for registry-style sign-in, gRPC and later the console.
pub const SERVICE_PORT: u16 = 8443;
