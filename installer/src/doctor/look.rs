//! What `doctor` looks at beyond what `status` does, a thing in a file.

pub mod ca;
pub mod docker_group;
pub mod holes;
pub mod plugin_socket;
pub mod reach;
pub mod registries;
