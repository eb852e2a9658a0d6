//! How the plugin gets to run.

pub const START: &str = "`systemctl start pullgate-plugin` as root; where nothing is installed, `pullgate install`";
