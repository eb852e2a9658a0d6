//! The operator's certificate and key, read again when their files change.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{TlsError, read};

/// A certificate chain and its key in PEM.
pub struct FileCertificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files were when they were last read with success.
    read: Mutex<[Mark; 2]>,
}

impl FileCertificate {
    /// How often the files are looked at: two calls of `stat`, which see through links and renames as a watch on a
    /// file does not.
    pub const LOOK: Duration = Duration::from_secs(2);

    /// Reads both.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn new(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        // Before they are read: a change in between is seen at the next look.
        let marks = [mark(&certificate)?, mark(&key)?];
        let current = RwLock::new(Arc::new(load(&certificate, &key)?));
        Ok(Self { certificate, key, current, read: Mutex::new(marks) })
    }

    /// Reads them again if they are others than those that were read; says whether they were.
    ///
    /// # Errors
    /// [`TlsError`], as long as they cannot be used (one is new and the other not yet, say); what was read before stays.
    pub fn look(&self) -> Result<bool, TlsError> {
        let marks = [mark(&self.certificate)?, mark(&self.key)?];
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == marks {
            return Ok(false);
        }
        let fresh = Arc::new(load(&self.certificate, &self.key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        *read = marks;
        Ok(true)
    }

    /// The certificate in use.
    #[must_use]
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for FileCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl std::fmt::Debug for FileCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileCertificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Device, inode, length, modification time in seconds and nanoseconds.
type Mark = (u64, u64, u64, i64, i64);

fn mark(path: &Path) -> Result<Mark, TlsError> {
    let seen = fs::metadata(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    Ok((seen.dev(), seen.ino(), seen.len(), seen.mtime(), seen.mtime_nsec()))
}

fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let pem = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| pem(certificate, "certificate"))?;
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| pem(key, "private key"))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Ok(CertifiedKey::from_der(chain, private, &provider)?)
}
