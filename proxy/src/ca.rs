//! This machine's certificate authority. It is made here and trusted by the engine's process alone.

use std::{
    fs,
    io::{self, Write as _},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use time::{Duration, OffsetDateTime};

#[cfg(test)]
mod tests;

/// Years for which engines accept it. It is replaced by removing both files and calling `ca` again.
const YEARS: i64 = 10;

/// The authority, ready to sign.
pub struct Authority {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
}

/// What came of `pullgate-proxy ca`.
#[derive(Debug, PartialEq, Eq)]
pub enum Made {
    /// There was none.
    New,
    /// It was there, and is untouched.
    Kept,
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file or directory.
    #[error("`{path}` cannot be {act}")]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        act: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Others could have read it.
    #[error(
        "`{path}` can be read by others than its owner, so it must be taken for stolen; \
         remove it and `{certificate}`, then run `pullgate-proxy ca` and restart the engine"
    )]
    Exposed {
        /// The key.
        path: PathBuf,
        /// The certificate that goes with it.
        certificate: PathBuf,
    },
    /// Neither this process's user nor root owns the key.
    #[error("`{0}` belongs to another user; it must belong to the user of `pullgate-proxy`, or root")]
    Foreign(PathBuf),
    /// There is none yet.
    #[error("there is no certificate authority in `{0}`; run `pullgate-proxy ca`")]
    Missing(PathBuf),
    /// The certificate is not one.
    #[error(
        "`{path}` holds no certificate ({source}); remove it and `ca.key`, run `pullgate-proxy ca` and restart the engine"
    )]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The key is not one, or something could not be signed.
    #[error(
        "the certificate authority in `{path}` cannot be used ({source}); remove `ca.key` and `trust/pullgate.pem` there, run \
         `pullgate-proxy ca` and restart the engine"
    )]
    Signature {
        /// Its directory.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
    /// A domain of `--only`.
    #[error("`{0}` is neither a domain nor an address or network")]
    Domain(String),
}

/// Makes an authority in `dir` unless one is there. `only`: domains (with everything below them),
/// addresses or networks that it may vouch for; none: no limit.
///
/// # Errors
/// [`CaError`].
pub fn make(dir: &Path, only: &[String]) -> Result<Made, CaError> {
    let (key_path, certificate_path) = paths(dir);
    let constraints = constraints(only)?;
    for dir in [dir, &dir.join("trust")] {
        // 0755: the engine, and `pullgate doctor` in the user's name, look for the certificate in there.
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(dir);
        made.map_err(|source| CaError::File { path: dir.to_owned(), act: "made", source })?;
    }
    readable(&dir.join("trust"))?;
    let wrap = |source| CaError::Signature { path: dir.to_owned(), source };
    let key = match read_key(&key_path, &certificate_path) {
        Ok(key) => KeyPair::from_pem(&key).map_err(wrap)?,
        Err(CaError::Missing(_)) => {
            let key = KeyPair::generate().map_err(wrap)?;
            create(&key_path, 0o600, key.serialize_pem().as_bytes(), dir)?;
            key
        }
        Err(error) => return Err(error),
    };
    // A crash between both files leaves a key without its certificate: then that one is made now.
    if certificate_path.exists() {
        return Ok(Made::Kept);
    }
    let mut params = params(&key);
    params.name_constraints = constraints;
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = params.not_before + Duration::days(YEARS * 365);
    let certificate = params.self_signed(&key).map_err(wrap)?;
    create(&certificate_path, 0o644, certificate.pem().as_bytes(), dir)?;
    Ok(Made::New)
}

/// Whatever the umask was: that of its unit is 0077.
fn readable(trust: &Path) -> Result<(), CaError> {
    let failed = |source| CaError::File { path: trust.to_owned(), act: "opened for readers", source };
    let found = fs::metadata(trust).map_err(failed)?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if ours && found.mode() & 0o777 != 0o755 {
        fs::set_permissions(trust, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(())
}

/// Where the engine finds the certificate: the directory for its `SSL_CERT_DIR`.
#[must_use]
pub fn trust_dir(dir: &Path) -> PathBuf {
    dir.join("trust")
}

impl Authority {
    /// Loads what [`make`] made.
    ///
    /// # Errors
    /// [`CaError`]; a key that others can read is one of them.
    pub fn load(dir: &Path) -> Result<Self, CaError> {
        let (key_path, certificate_path) = paths(dir);
        let wrap = |source| CaError::Signature { path: dir.to_owned(), source };
        let key = KeyPair::from_pem(&read_key(&key_path, &certificate_path)?).map_err(wrap)?;
        if !certificate_path.exists() {
            return Err(CaError::Missing(dir.to_owned()));
        }
        let certificate = CertificateDer::from_pem_file(&certificate_path)
            .map_err(|source| CaError::Certificate { path: certificate_path, source })?;
        Ok(Self { issuer: Issuer::new(params(&key), key), certificate })
    }
}

fn paths(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("ca.key"), dir.join("trust/pullgate.pem"))
}

/// What every use of the authority repeats. The name comes from the key, so that it need not be read
/// from the certificate, and differs from the names of leaves and of an authority that was replaced.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id = params.key_identifier(key);
    let id: String = id.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "pullgate");
    params.distinguished_name.push(DnType::CommonName, format!("pullgate registry door of this machine {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn constraints(only: &[String]) -> Result<Option<NameConstraints>, CaError> {
    if only.is_empty() {
        return Ok(None);
    }
    // Registries of this machine, and the name of the probes, which belongs to nobody.
    let always = ["localhost", policy::PROBE_HOST].map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let mut permitted_subtrees = always.to_vec();
    for own in [IpAddr::from([127, 0, 0, 0]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)] {
        permitted_subtrees.push(network(own, if own.is_ipv4() { 8 } else { 128 }));
    }
    for entry in only {
        permitted_subtrees.push(subtree(entry).ok_or_else(|| CaError::Domain(entry.clone()))?);
    }
    Ok(Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }))
}

fn subtree(entry: &str) -> Option<GeneralSubtree> {
    let (address, prefix) = entry.split_once('/').map_or((entry, None), |(address, prefix)| (address, Some(prefix)));
    if let Ok(address) = address.parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(bits), |prefix| prefix.parse().ok())?;
        return Some(network(address, prefix)).filter(|_| prefix <= bits);
    }
    match crate::authority::Authority::parse(entry, Some(1)).ok()?.host() {
        crate::authority::Host::Name(name) if !entry.contains(':') => Some(GeneralSubtree::DnsName(name.clone())),
        _ => None,
    }
}

fn network(address: IpAddr, prefix: u8) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
}

/// Reads the key if nobody else can have read it.
fn read_key(path: &Path, certificate: &Path) -> Result<String, CaError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => CaError::Missing(path.parent().unwrap_or(path).to_owned()),
        _ => CaError::File { path: path.to_owned(), act: "read", source },
    };
    let file = fs::File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.mode() & 0o077 != 0 {
        return Err(CaError::Exposed { path: path.to_owned(), certificate: certificate.to_owned() });
    }
    if ![0, rustix::process::geteuid().as_raw()].contains(&metadata.uid()) {
        // Root may make what belongs to the door's user; then it only looks.
        let roots_errand = rustix::process::geteuid().is_root();
        if !roots_errand {
            return Err(CaError::Foreign(path.to_owned()));
        }
    }
    io::read_to_string(file).map_err(fail)
}

/// A new file with everything in it on disk, or none. Where root makes it for the user who owns the
/// directory, it is that user's.
fn create(path: &Path, mode: u32, text: &[u8], dir: &Path) -> Result<(), CaError> {
    let write = || -> io::Result<()> {
        let owner = fs::metadata(dir)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        let written = file.write_all(text).and_then(|()| {
            // Exactly this mode, whatever the umask.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
            }
            file.sync_all()?;
            fs::File::open(path.parent().unwrap_or(dir))?.sync_all()
        });
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
        written
    };
    write().map_err(|source| CaError::File { path: path.to_owned(), act: "made", source })
}
