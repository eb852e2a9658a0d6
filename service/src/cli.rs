//! The command line. Secrets never appear here: they come through standard input.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::{
    listener::MAX_OF_ADDRESS,
    model::{AllowedPulls, Mode, Role, WhenExpired},
    names::Name,
    outgoing::Base,
    validity::parse_seconds,
};

mod beyond;
mod keys;
mod publishers;
mod requests;
mod sessions;
mod tokens;

pub use beyond::BeyondOptions;
pub use keys::KeyCommand;
pub use publishers::{PublisherCommand, RefreshOptions};
pub use requests::RequestsCommand;
pub use sessions::SessionOptions;
pub use tokens::{OrganizationTokenCommand, TokenCommand, TokenLimits};

/// The policy service of pullgate, and its administration.
#[derive(Debug, Parser)]
#[command(name = "pullgate-service", version, max_term_width = 100)]
pub struct Cli {
    /// Where the database, the signing key and the certificate are
    #[arg(long, global = true, env = "PULLGATE_SERVICE_DATA_DIR", default_value = proto::paths::SERVICE_DATA_DIR)]
    pub data_dir: PathBuf,
    /// PostgreSQL instead of a file in the data directory, for example `postgres://pullgate@db.example/pullgate`;
    /// where the URL holds a password, it comes from a file, or from `PULLGATE_DATABASE`
    #[arg(long, global = true, value_name = "URL", conflicts_with = "database_file")]
    pub database: Option<String>,
    /// A file with that URL; without any of these, `database` in the data directory counts, where there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub database_file: Option<PathBuf>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service
    Serve(ServeOptions),
    /// Administration.
    #[command(flatten)]
    Admin(AdminCommand),
}

/// Settings of `serve`.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value_t = SocketAddr::from(([127, 0, 0, 1], proto::paths::SERVICE_PORT)))]
    pub listen: SocketAddr,
    /// Metrics for Prometheus here, without TLS and for whoever reaches it; off without an address
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Certificate chain in PEM; without one the service makes its own
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Another name or address for the service's own certificate
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    pub host: Vec<String>,
    /// Plain HTTP instead of TLS; only on a loopback address
    #[arg(long, conflicts_with_all = ["tls_cert", "host"])]
    pub insecure_http: bool,
    /// A proxy in front, or a network of them: its connections begin with the PROXY protocol, which says whose they are
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub proxy_protocol_from: Vec<IpNet>,
    /// Open connections of one address: the machines of an office may be behind one
    #[arg(long, value_name = "NUMBER", default_value_t = MAX_OF_ADDRESS)]
    pub connections_per_address: NonZeroUsize,
    /// How long a published policy is valid
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_seconds)]
    pub policy_validity: i64,
    /// How long a sign-in is valid on a machine that does not reach the service
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse_seconds)]
    pub session_validity: i64,
    /// When policies and sessions count as stale; new ones are published half-way
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_seconds)]
    pub refresh_after: i64,
    /// Sign-ins with Docker Hub credentials: asks Docker Hub here, for example `https://hub.docker.com`
    #[arg(long, value_name = "URL")]
    pub docker_hub_url: Option<Base>,
    /// Authorities to trust there besides the system's, in PEM
    #[arg(long, value_name = "FILE", requires = "docker_hub_url")]
    pub docker_hub_ca_file: Option<PathBuf>,
    /// How often a machine's Docker Hub credential is looked at again: who leaves an organization there loses it then
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_seconds)]
    pub docker_hub_recheck: i64,
    /// Whose search says which publishers have a badge when somebody refreshes their directory; without it the Docker
    /// Hub of `--docker-hub-url`, or `https://hub.docker.com`
    #[arg(long, value_name = "URL")]
    pub publishers_url: Option<Base>,
    /// Authorities to trust there besides the system's, in PEM; where `--docker-hub-url` is asked, without it those of
    /// `--docker-hub-ca-file`
    #[arg(long, value_name = "FILE")]
    pub publishers_ca_file: Option<PathBuf>,
    /// Sign-ins with an identity provider, by `pullgate login`: its settings, in JSON
    #[arg(long, value_name = "FILE")]
    pub oidc: Option<PathBuf>,
    /// How long the token of a `pullgate login` is valid
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_seconds)]
    pub oidc_validity: i64,
    /// Make a new signing key if it is missing: every machine has to be enrolled again
    #[arg(long)]
    pub new_signing_key: bool,
    /// How long decision records and sign-ins are kept
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = parse_seconds)]
    pub keep_records: i64,
}

/// Administration: works on the database, whether or not `serve` runs.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Print the enrollment file for machines
    Enrollment(EnrollmentOptions),
    /// Organizations
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Members of an organization
    #[command(subcommand)]
    Member(MemberCommand),
    /// Accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Personal access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// An organization's policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Images that are allowed whatever their category
    #[command(subcommand)]
    Allowlist(RuleCommand),
    /// Images that are refused whatever allows them
    #[command(subcommand)]
    Denylist(RuleCommand),
    /// What people ask to have allowed (`pullgate request-access`)
    #[command(subcommand)]
    Requests(RequestsCommand),
    /// Badges of Docker Hub namespaces
    #[command(subcommand)]
    Publisher(PublisherCommand),
    /// The keys that sign what machines enforce
    #[command(subcommand)]
    Key(KeyCommand),
    /// Decisions that machines reported, newest first
    Records(Limit),
    /// Administrative acts, newest first
    Audit(Limit),
    /// Sign-ins and refused attempts, newest first; the same within a minute are counted in one line
    SignIns(Limit),
    /// Write all that the database holds into a file, while the service works
    Backup(BackupOptions),
    /// Fill an empty database from such a file; it may be of the other kind
    Restore {
        /// The backup; `-` is standard input
        file: PathBuf,
    },
}

/// What to write where.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// A file that is not there yet; `-` is standard output
    pub file: PathBuf,
    /// The signing key and the certificate's authority too: who has the file can sign policies then
    #[arg(long)]
    pub with_keys: bool,
}

/// How many to print.
#[derive(Debug, Args)]
pub struct Limit {
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

/// Where `enrollment` says that machines have the service's certificate.
pub const DEFAULT_CA_FILE: &str = "/etc/pullgate/ca.pem";

/// Settings of `enrollment`.
#[derive(Debug, Args)]
pub struct EnrollmentOptions {
    /// URL of the service as machines reach it, for example `https://pullgate.acme.example:8443`
    #[arg(long)]
    pub url: String,
    /// Enforce sign-in to one of these organizations
    #[arg(long = "allowed-org", value_name = "ORG")]
    pub allowed_org: Vec<Name>,
    /// Where machines have a copy of the service's ca.pem
    #[arg(long, value_name = "PATH", default_value = DEFAULT_CA_FILE, conflicts_with = "system_roots")]
    pub ca_file: PathBuf,
    /// The service's certificate is signed by an authority that machines know: leave `caFile` out
    #[arg(long)]
    pub system_roots: bool,
    /// Docker Hub credentials count on machines: the agent shows them to this service
    #[arg(long)]
    pub docker_hub_credentials: bool,
    /// Machines have a registry door: what it would have judged is refused where something of it is missing
    #[arg(long)]
    pub registry_door: bool,
    /// Whom a refused developer may ask
    #[arg(long, default_value = "")]
    pub admin_name: String,
    /// A mailbox
    #[arg(long, default_value = "")]
    pub admin_email: String,
    /// A page
    #[arg(long, default_value = "")]
    pub admin_url: String,
}

/// `organization`.
#[derive(Debug, Subcommand)]
pub enum OrganizationCommand {
    /// Add an organization; its policy is off
    Add {
        /// Name
        org: Name,
        /// A Docker Hub namespace that it owns: its images are always allowed
        #[arg(long)]
        namespace: Vec<Name>,
    },
    /// Print the organizations
    List,
    /// Say who else than an administrator says who is a member
    #[command(group = clap::ArgGroup::new("whom").required(true))]
    Link {
        /// Organization
        org: Name,
        /// Members of this organization of Docker Hub are members here, as Docker Hub says at each sign-in
        #[arg(long, value_name = "HUBORG", group = "whom")]
        docker_hub: Option<Name>,
        /// Not Docker Hub; whoever is a member by its word is none any more
        #[arg(long, group = "whom")]
        no_docker_hub: bool,
        /// Groups of the identity provider named `ORG` and `ORG:TEAM` make members, as it says at each `pullgate login`
        #[arg(long, group = "whom")]
        oidc_groups: bool,
        /// Not the identity provider; whoever is a member by its word is none any more
        #[arg(long, group = "whom")]
        no_oidc_groups: bool,
    },
    /// Say what is kept of its members' decisions, and for how long
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Keep {
        /// Organization
        org: Name,
        /// Of what was allowed: nothing, how often by day, person and image, or each single one
        #[arg(long, value_enum, group = "what")]
        allowed_pulls: Option<AllowedPulls>,
        /// How long decisions and counts of them are kept, 1d to 1098d
        #[arg(long, value_name = "TIME", group = "what", value_parser = parse_seconds)]
        records: Option<i64>,
        /// As long as the service is set (`serve --keep-records`)
        #[arg(long, group = "what", conflicts_with = "records")]
        records_default: bool,
    },
    /// Docker Hub namespaces whose images are an organization's own
    #[command(subcommand)]
    Namespace(NamespaceCommand),
    /// Organization access tokens, for machines that are nobody's: CI, servers
    #[command(subcommand)]
    Token(OrganizationTokenCommand),
}

/// `organization namespace`.
#[derive(Debug, Subcommand)]
pub enum NamespaceCommand {
    /// Give an organization a namespace that nobody owns: its images are always allowed
    Add {
        /// Organization
        org: Name,
        /// Namespace
        namespace: Name,
    },
}

/// `member`.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Add a member or change their role and teams; makes the account when it is new
    Add {
        /// Organization
        org: Name,
        /// User name
        user: Name,
        /// What they may do
        #[arg(long, value_enum)]
        role: Role,
        /// A team they belong to; it is made where there is none of that name
        #[arg(long)]
        team: Vec<Name>,
        /// Read the new account's password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// The new account has no password: its owner signs in with the identity provider, by `pullgate login`
        #[arg(long, conflicts_with = "password_stdin")]
        oidc: bool,
    },
    /// End a membership, whoever said so; the account stays
    Remove {
        /// Organization
        org: Name,
        /// User name
        user: Name,
    },
    /// Print the members
    List {
        /// Organization
        org: Name,
    },
}

/// `account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Replace the password; the user has to sign in again everywhere
    Password {
        /// User name
        user: Name,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// End the account: its credentials, memberships and sessions
    Remove {
        /// User name
        user: Name,
    },
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Print the policy
    Show {
        /// Organization
        org: Name,
    },
    /// Change what is given; the rest stays
    Set(Box<PolicyOptions>),
}

/// Settings of `policy set`.
#[derive(Debug, Args)]
pub struct PolicyOptions {
    /// Organization
    pub org: Name,
    /// The switch: off, nobody is restricted
    #[arg(long, value_name = "BOOL")]
    pub enabled: Option<bool>,
    /// Refuse, or only record what would be refused
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// Allow Docker Official Images
    #[arg(long, value_name = "BOOL")]
    pub official: Option<bool>,
    /// Allow verified publishers' images
    #[arg(long, value_name = "BOOL")]
    pub verified_publisher: Option<bool>,
    /// Allow community images
    #[arg(long, value_name = "BOOL")]
    pub community: Option<bool>,
    /// Limit other registries than Docker Hub to the list
    #[arg(long, value_name = "BOOL")]
    pub registry_control: Option<bool>,
    /// A registry of the list; given once or more, they replace the list
    #[arg(long, value_name = "HOST")]
    pub registry: Vec<String>,
    /// Empty the list of registries
    #[arg(long, conflicts_with = "registry")]
    pub no_registries: bool,
    /// What machines do with a policy past its end
    #[arg(long, value_enum)]
    pub when_expired: Option<WhenExpired>,
    /// Your words in a refusal
    #[arg(long)]
    pub message: Option<String>,
    /// Page where access is asked for
    #[arg(long, value_name = "URL")]
    pub request_url: Option<String>,
    /// Whom to write to
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Print what it would do to people, by the decisions of the last 90 days, and change nothing
    #[arg(long, conflicts_with = "confirm")]
    pub dry_run: bool,
    /// How many people lose something by it; asked for when they are more than a tenth of the active ones
    #[arg(long, value_name = "PEOPLE")]
    pub confirm: Option<u32>,
    /// How long its members' sessions last.
    #[command(flatten)]
    pub sessions: SessionOptions,
    /// Beyond which images may be pulled.
    #[command(flatten)]
    pub beyond: BeyondOptions,
}

/// `allowlist` and `denylist`.
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// Add a rule, or change the one with the same pattern and scope
    Add {
        /// Organization
        org: Name,
        /// Which images: `evil/miner`, `acme/*`, `ghcr.io/acme/*`, `alpine:3.*`, `alpine@sha256:...`
        pattern: String,
        /// Only for this team
        #[arg(long, conflicts_with = "user")]
        team: Option<Name>,
        /// Only for this user
        #[arg(long)]
        user: Option<Name>,
        /// Until when, for example `2027-01-31T00:00:00Z`
        #[arg(long, value_name = "RFC3339")]
        expires: Option<String>,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// How many people lose something by it; asked for when they are more than a tenth of the active ones
        #[arg(long, value_name = "PEOPLE")]
        confirm: Option<u32>,
    },
    /// Remove a rule by its id, or all with a pattern
    Remove {
        /// Organization
        org: Name,
        /// Id or pattern
        id_or_pattern: String,
        /// How many people lose something by it; asked for when they are more than a tenth of the active ones
        #[arg(long, value_name = "PEOPLE")]
        confirm: Option<u32>,
    },
    /// Print the list
    List {
        /// Organization
        org: Name,
    },
}

/// One address, or a network of them.
fn network(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    parsed.map_err(|_| "write an address such as 10.0.0.5, or a network such as 10.0.0.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_secret_cannot_be_given_as_an_argument() {
        let secrets = |command: &clap::Command| {
            command.get_arguments().any(|arg| matches!(arg.get_long(), Some("password" | "secret" | "token")))
        };
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            assert!(!secrets(&command), "{}", command.get_name());
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
