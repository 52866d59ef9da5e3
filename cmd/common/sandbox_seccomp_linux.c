/* seccomp (seccomp(2)): system calls that a file server does not make, but that would help an
 * attacker. They fail with EPERM. An allow list would be stronger, but would depend on the version
 * of the C library and of every library that looks up users. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARMEL__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif

#ifdef ARCHITECTURE

/* Features for which a group is left out; DEBUGGING is that of sanitizers. */
#define NETWORK   SANDBOX_NETWORK
#define PROGRAMS  SANDBOX_PROGRAMS
#define DEBUGGING 0x80000000u

static const struct denied {
    unsigned features;
    int call;
} denied[] = {
    /* Other programs. */
    {PROGRAMS, SYS_execve},
    {PROGRAMS, SYS_execveat},

/* New processes, which would outlive the server. */
#ifdef SYS_fork
    {PROGRAMS | DEBUGGING, SYS_fork},
    {PROGRAMS | DEBUGGING, SYS_vfork},
#endif

    /* The memory and the descriptors of other processes. */
    {DEBUGGING, SYS_ptrace},
    {0, SYS_process_vm_readv},
    {0, SYS_process_vm_writev},
    {0, SYS_process_madvise},
    {0, SYS_pidfd_getfd},
    {0, SYS_kcmp},

    /* Changing the view of the file system, and ways around it. */
    {0, SYS_mount},
    {0, SYS_umount2},
    {0, SYS_move_mount},
    {0, SYS_open_tree},
    {0, SYS_mount_setattr},
    {0, SYS_fsopen},
    {0, SYS_fsconfig},
    {0, SYS_fsmount},
    {0, SYS_fspick},
    {0, SYS_pivot_root},
    {0, SYS_chroot},
    {0, SYS_unshare},
    {0, SYS_setns},
    {0, SYS_open_by_handle_at},
    {0, SYS_fanotify_init},
#ifdef SYS_mknod
    {0, SYS_mknod},
#endif
    {0, SYS_mknodat},

    /* Parts of the kernel with a history of vulnerabilities, which are not needed here. */
    {0, SYS_bpf},
    {0, SYS_perf_event_open},
    {0, SYS_userfaultfd},
    {0, SYS_io_uring_setup},
    {0, SYS_io_uring_enter},
    {0, SYS_io_uring_register},
    {0, SYS_add_key},
    {0, SYS_request_key},
    {0, SYS_keyctl},
    {0, SYS_personality},
#ifdef SYS_modify_ldt
    {0, SYS_modify_ldt},
#endif

    /* The machine. */
    {0, SYS_init_module},
    {0, SYS_finit_module},
    {0, SYS_delete_module},
    {0, SYS_kexec_load},
#ifdef SYS_kexec_file_load
    {0, SYS_kexec_file_load},
#endif
    {0, SYS_reboot},
    {0, SYS_swapon},
    {0, SYS_swapoff},
    {0, SYS_acct},
    {0, SYS_quotactl},
    {0, SYS_quotactl_fd},
    {0, SYS_syslog},
    {0, SYS_sethostname},
    {0, SYS_setdomainname},
    {0, SYS_settimeofday},
    {0, SYS_clock_settime},
    {0, SYS_clock_adjtime},
    {0, SYS_adjtimex},
    {0, SYS_vhangup},
#ifdef SYS_iopl
    {0, SYS_iopl},
    {0, SYS_ioperm},
#endif
};

#define MOST_CALLS (sizeof denied / sizeof *denied)
#define MOST_REST  64

struct program {
    struct sock_filter at[2 * MOST_CALLS + MOST_REST];
    unsigned short size;
};

static void add(struct program *p, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false)
{
    p->at[p->size++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The lower half of an argument, which is all of an int. */
static void load_argument(struct program *p, unsigned index)
{
    size_t offset = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);
    load(p, offset + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0));
}

static void fail_with(struct program *p, int error)
{
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

static void allow(struct program *p)
{
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* The next `count` instructions, which end in a return, apply to this call only. */
static void for_call(struct program *p, int call, uint8_t count)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, count);
}

/* The calls of another architecture that this kernel runs have other numbers. */
static void check_architecture(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    fail_with(p, ENOSYS);
    load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    add(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* x32's */
    fail_with(p, ENOSYS);
#endif
}

/* Families other than AF_UNIX, which user lookups and syslog need. Where socketcall(2) is used, a
 * filter cannot see the family. */
static void deny_sockets(struct program *p)
{
    for_call(p, SYS_socket, 4);
    load_argument(p, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1);
    allow(p);
    fail_with(p, EPERM);
}

/* Faking input on the controlling terminal. */
static void deny_typing(struct program *p)
{
    for_call(p, SYS_ioctl, 5);
    load_argument(p, 1);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
    fail_with(p, EPERM);
    allow(p);
}

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)
#ifdef __s390x__
#define CLONE_FLAGS 1 /* which argument */
#else
#define CLONE_FLAGS 0
#endif

/* Threads, but no namespaces and no processes. Filters cannot see the flags of clone3; without
 * clone3, the C library uses clone. */
static void limit_clone(struct program *p, bool processes)
{
    for_call(p, SYS_clone3, 1);
    fail_with(p, ENOSYS);
    for_call(p, SYS_clone, 5);
    load_argument(p, CLONE_FLAGS);
    add(p, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 2, 0);
    add(p, BPF_JMP | BPF_JSET | BPF_K, processes ? 0xffffffff : CLONE_THREAD, 0, 1);
    allow(p);
    fail_with(p, EPERM);
}

static void make_program(struct program *p, unsigned features)
{
    p->size = 0;
    check_architecture(p);
    for (size_t i = 0; i < MOST_CALLS; i++) {
        if (denied[i].features & features)
            continue;
        for_call(p, denied[i].call, 1);
        fail_with(p, EPERM);
    }
    limit_clone(p, (features & (PROGRAMS | DEBUGGING)) != 0);
    if (!(features & NETWORK))
        deny_sockets(p);
    deny_typing(p);
    allow(p);
}

/* Without SPEC_ALLOW, older kernels slow the process down to protect interpreters from the code
 * that they run. */
bool sandbox_filter_calls(unsigned features)
{
    struct program p;
    make_program(&p, features | (SANDBOX_SANITIZED ? DEBUGGING : 0));
    const struct sock_fprog filter = {p.size, p.at};
    const unsigned all_threads = SECCOMP_FILTER_FLAG_TSYNC;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   all_threads | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0 ||
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, all_threads, &filter) == 0;
}

#else

bool sandbox_filter_calls(unsigned features)
{
    (void)features;
    errno = ENOSYS;
    return false;
}

#endif
