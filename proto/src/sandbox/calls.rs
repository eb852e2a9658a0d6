//! The system calls that a process keeps.
//!
//! Lists of what is allowed, since a list of what is forbidden is out of date with each kernel, and is no list
//! for the other calling conventions of a processor. Whatever starts a program, traces a process, mounts, loads a
//! module or a BPF program, changes who one is, or queues system calls past a filter (io_uring) is in none.

use std::collections::BTreeMap;

use libc::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, FIOCLEX, FIONBIO, FIONREAD, MAP_ANONYMOUS, PR_GET_NAME, PR_SET_NAME,
    PROT_EXEC, TCGETS, TIOCGWINSZ,
};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction,
    SeccompCmpArgLen::{Dword, Qword},
    SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// What a process does from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Answers on Unix sockets that it has, and keeps files. It connects to nobody, sends nobody anything who has not
    /// dialled or was dialled before, and makes no memory executable: for a program that brings all its code along.
    Local,
    /// The same, and dials and serves TCP and UDP. It may load libraries, since names are resolved by what the
    /// system is set up for (nsswitch.conf(5)).
    Network,
}

impl Calls {
    /// As the kernel takes it.
    pub(super) fn filter(self) -> Result<BpfProgram, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        let plain = LOCAL.iter().chain(OLD).chain(if self == Self::Network { NETWORK } else { &[] });
        rules.extend(plain.map(|call| (*call, Vec::new())));
        rules.extend(self.by_argument()?);
        // The two must differ in every filter; what is on a list is allowed, the rest fails.
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
        SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture)?.try_into()
    }

    /// A filter beside it: of two, the kernel does the stricter thing. The flags of `clone3` lie in memory, where no
    /// filter can look; who is told that this kernel has no such call takes `clone`, as on older ones.
    pub(super) fn no_clone3() -> Result<BpfProgram, BackendError> {
        let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
        SeccompFilter::new(rules, SeccompAction::Allow, absent, architecture)?.try_into()
    }

    /// Calls that are allowed with some arguments.
    fn by_argument(self) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
        let families: &[i32] = match self {
            Self::Local => &[AF_UNIX],
            Self::Network => &[AF_UNIX, AF_INET, AF_INET6, AF_NETLINK],
        };
        let ioctls = [FIONBIO, FIOCLEX, FIONREAD, TCGETS, TCGETS2, TIOCGWINSZ, SIOCGIFNAME, SIOCGIFINDEX];
        let none = |argument, bits: i32| condition(argument, SeccompCmpOp::MaskedEq(u64::from(bits.unsigned_abs())), 0);
        let mut map = vec![SeccompRule::new(vec![none(2, PROT_EXEC)?])?];
        let mut protect = map.clone();
        if self == Self::Network {
            // A library, which is a file; never memory that was written to.
            map.push(SeccompRule::new(vec![none(3, MAP_ANONYMOUS)?])?);
            protect.push(SeccompRule::new(vec![none(2, libc::PROT_WRITE)?])?);
        }
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let send = match self {
            // To whom it is connected. An address would be one of any Unix socket that takes datagrams.
            Self::Local => vec![SeccompRule::new(vec![SeccompCondition::new(4, Qword, SeccompCmpOp::Eq, 0)?])?],
            Self::Network => Vec::new(),
        };
        Ok(BTreeMap::from([
            // Threads, and processes as restricted as this one; not in namespaces of their own, where they would be root.
            (libc::SYS_clone, vec![SeccompRule::new(vec![none(0, NAMESPACES)?])?]),
            (libc::SYS_sendto, send),
            (libc::SYS_socket, any(0, families)?),
            (libc::SYS_socketpair, any(0, &[AF_UNIX])?),
            (libc::SYS_ioctl, any(1, &ioctls.map(|request| request as i32))?),
            (libc::SYS_prctl, any(0, &[PR_SET_NAME, PR_GET_NAME, PR_SET_VMA])?),
            // To itself: how an abort ends, and how a runtime wakes a thread.
            (libc::SYS_tgkill, any(0, &[pid])?),
            (libc::SYS_mmap, map),
            (libc::SYS_mprotect, protect),
        ]))
    }
}

/// Rules for an argument that is one of `values`.
fn any(argument: u8, values: &[i32]) -> Result<Vec<SeccompRule>, BackendError> {
    // The kernel looks at the lower half of these arguments only.
    let of =
        |value: &i32| SeccompRule::new(vec![condition(argument, SeccompCmpOp::Eq, u64::from(value.cast_unsigned()))?]);
    values.iter().map(of).collect()
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, Dword, operator, value)
}

/// Every namespace that `clone` makes (clone(2)); that of time, only `unshare` and `clone3` do.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// `TCGETS2`, by which newer libraries ask whether something is a terminal (asm-generic/ioctls.h).
const TCGETS2: libc::Ioctl = 0x802c_542a_u32 as libc::Ioctl;
/// Names of interfaces, for addresses with a scope (linux/sockios.h).
const SIOCGIFNAME: libc::Ioctl = 0x8910;
const SIOCGIFINDEX: libc::Ioctl = 0x8933;
/// Names of memory, by newer libraries (linux/prctl.h).
const PR_SET_VMA: i32 = 0x5356_4d41;

/// Files, sockets that are there, memory, threads, time.
const LOCAL: &[i64] = &[
    // Files
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    // A file that must not replace another is linked into its place.
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_write,
    libc::SYS_writev,
    // Sockets and what wakes for them
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    // Memory
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Threads and signals. What becomes of `clone3`, the filter beside this one says.
    libc::SYS_clone3,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    // Time, randomness, and who and where one is
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_nanosleep,
    libc::SYS_prlimit64,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// Dialling, and what libraries that resolve names do.
const NETWORK: &[i64] = &[
    libc::SYS_connect,
    libc::SYS_fchown,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getpriority,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getsid,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_memfd_create,
    libc::SYS_msync,
    libc::SYS_pselect6,
    libc::SYS_recvmmsg,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_splice,
];

/// What older architectures have beside those above, for the same.
#[cfg(target_arch = "x86_64")]
const OLD: &[i64] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_getrlimit,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
/// `renameat`, by which the C library renames there; `libc` has no name for it (asm-generic/unistd.h).
#[cfg(target_arch = "aarch64")]
const OLD: &[i64] = &[38];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OLD: &[i64] = &[];

#[cfg(test)]
mod tests;
