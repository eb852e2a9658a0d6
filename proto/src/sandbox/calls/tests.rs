//! The filters, as the kernel runs them: classic BPF over `struct seccomp_data` (linux/seccomp.h, linux/filter.h).

use seccompiler::BpfProgram;

use super::*;

const AUDIT_ARCH_I386: u32 = 0x4000_0003;
#[cfg(target_arch = "x86_64")]
const OWN_ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const OWN_ARCH: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const OWN_ARCH: u32 = 0xc000_00f3;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ABSENT: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// What a program answers to a call.
fn run(program: &BpfProgram, architecture: u32, call: i64, arguments: [u64; 6]) -> u32 {
    let mut data = Vec::new();
    data.extend(i32::try_from(call).unwrap().to_ne_bytes());
    data.extend(architecture.to_ne_bytes());
    data.extend(0_u64.to_ne_bytes());
    data.extend(arguments.iter().flat_map(|argument| argument.to_ne_bytes()));
    let (mut at, mut accumulator) = (0, 0_u32);
    loop {
        let step = &program[at];
        at += 1;
        let jump = |taken: bool| usize::from(if taken { step.jt } else { step.jf });
        // Class, size or operation, source (linux/bpf_common.h).
        match step.code {
            0x20 => {
                let from = usize::try_from(step.k).unwrap();
                accumulator = u32::from_ne_bytes(data[from..from + 4].try_into().unwrap());
            }
            0x54 => accumulator &= step.k,
            0x05 => at += usize::try_from(step.k).unwrap(),
            0x15 => at += jump(accumulator == step.k),
            0x25 => at += jump(accumulator > step.k),
            0x35 => at += jump(accumulator >= step.k),
            0x45 => at += jump(accumulator & step.k != 0),
            0x06 => return step.k,
            code => panic!("an instruction that is not known here: {code:#x}"),
        }
    }
}

/// What becomes of a call behind both filters, of which the kernel takes the lower action.
fn asked(calls: Calls, architecture: u32, call: i64, arguments: [u64; 6]) -> u32 {
    let each = [Calls::no_clone3().unwrap(), calls.filter().unwrap()];
    let answers = each.iter().map(|program| run(program, architecture, call, arguments));
    answers.min_by_key(|answer| (*answer & libc::SECCOMP_RET_ACTION_FULL).cast_signed()).unwrap()
}

fn first(argument: u64) -> [u64; 6] {
    [argument, 0, 0, 0, 0, 0]
}

#[test]
fn threads_are_made_and_namespaces_are_not() {
    // What the C library asks for (glibc `sysdeps/unix/sysv/linux/createthread.c`), and a plain fork.
    let thread = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_PARENT_SETTID
        | libc::CLONE_CHILD_CLEARTID;
    for calls in [Calls::Local, Calls::Network] {
        for flags in [thread, libc::SIGCHLD, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD] {
            assert_eq!(asked(calls, OWN_ARCH, libc::SYS_clone, first(flags as u64)), ALLOW, "{flags:#x}");
        }
        for bit in 0..32 {
            let flag = 1_u64 << bit;
            let is_namespace = flag & u64::from(NAMESPACES.unsigned_abs()) != 0;
            let expected = if is_namespace { REFUSED } else { ALLOW };
            assert_eq!(asked(calls, OWN_ARCH, libc::SYS_clone, first(flag | thread as u64)), expected, "{flag:#x}");
        }
        assert_eq!(asked(calls, OWN_ARCH, libc::SYS_clone3, first(0)), ABSENT);
        for call in [libc::SYS_unshare, libc::SYS_setns, libc::SYS_execve, libc::SYS_ptrace, libc::SYS_io_uring_setup] {
            assert_eq!(asked(calls, OWN_ARCH, call, first(0)), REFUSED, "{call}");
        }
    }
}

#[test]
fn a_call_that_no_list_has_fails_and_another_convention_of_calling_ends_the_process() {
    for calls in [Calls::Local, Calls::Network] {
        // Numbers that no kernel has yet.
        for call in [1000, 2000, i64::from(i32::MAX)] {
            assert_eq!(asked(calls, OWN_ARCH, call, first(0)), REFUSED, "{call}");
        }
        assert_eq!(asked(calls, AUDIT_ARCH_I386, libc::SYS_read, first(0)), KILL);
    }
    // The same numbers with a bit that means pointers of 32 bits (x32).
    #[cfg(target_arch = "x86_64")]
    assert_eq!(asked(Calls::Local, OWN_ARCH, libc::SYS_read | 0x4000_0000, first(0)), REFUSED);
}

#[test]
fn a_local_process_sends_to_whom_it_is_connected() {
    let to = |calls, address: u64| asked(calls, OWN_ARCH, libc::SYS_sendto, [3, 1, 1, 0, address, 0]);
    assert_eq!((to(Calls::Local, 0), to(Calls::Network, 0x7fff_0000_1000)), (ALLOW, ALLOW));
    // Also an address whose lower half is zero.
    for address in [0x7fff_0000_1000, 0x7fff_0000_0000, 8] {
        assert_eq!(to(Calls::Local, address), REFUSED, "{address:#x}");
    }
    for call in [libc::SYS_sendmsg, libc::SYS_sendmmsg, libc::SYS_connect] {
        assert_eq!(asked(Calls::Local, OWN_ARCH, call, first(3)), REFUSED, "{call}");
        assert_eq!(asked(Calls::Network, OWN_ARCH, call, first(3)), ALLOW, "{call}");
    }
}

#[test]
fn memory_is_not_executable_where_no_library_is_loaded() {
    let map = |calls, protection: i32, flags: i32| {
        asked(calls, OWN_ARCH, libc::SYS_mmap, [0, 4096, protection as u64, flags as u64, 0, 0])
    };
    let private = libc::MAP_PRIVATE;
    for (protection, flags, local, network) in [
        (libc::PROT_READ | libc::PROT_WRITE, private | MAP_ANONYMOUS, ALLOW, ALLOW),
        (libc::PROT_READ | PROT_EXEC, private, REFUSED, ALLOW),
        (libc::PROT_READ | PROT_EXEC, private | MAP_ANONYMOUS, REFUSED, REFUSED),
    ] {
        assert_eq!(map(Calls::Local, protection, flags), local);
        assert_eq!(map(Calls::Network, protection, flags), network);
    }
}

/// Documents are kept by renaming, whichever of its calls the C library takes for that.
#[test]
fn files_are_renamed_on_every_architecture() {
    let renames: &[i64] = match std::env::consts::ARCH {
        "x86_64" => &[82, 264, 316],
        "aarch64" => &[38, 276],
        _ => &[276],
    };
    for calls in [Calls::Local, Calls::Network] {
        for call in renames {
            assert_eq!(asked(calls, OWN_ARCH, *call, first(3)), ALLOW, "{call}");
        }
    }
}
