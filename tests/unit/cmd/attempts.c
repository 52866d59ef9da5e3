/* What an attacker in control of the process could try. */
#include "cmd/attempts.h"

#include <fcntl.h>
#include <iconv.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

char attempts_ground[] = "/tmp/sandbox-test-XXXXXX";

char *attempts_at(const char *path)
{
    static char full[2][200];
    static int turn;
    turn = !turn;
    snprintf(full[turn], sizeof full[turn], "%s/%s", attempts_ground, path);
    return full[turn];
}

/* ---- What can be tried; 0 or -1 with errno ---- */

static int opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int a_socket(int family)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    return fd < 0 ? -1 : close(fd);
}

/* Code that has been taken over calls the kernel as it likes. */
#define CALL(...) CALL_(__VA_ARGS__, 0L, 0L, 0L, 0L, 0L, 0L)
#define CALL_(n, a, b, c, d, e, f, ...)                                                            \
    (int)__real_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

int try_exec(void)
{
    char *const arguments[] = {(char *)"true", NULL};
    return execv("/bin/true", arguments);
}

static int try_execveat(void)
{
    static char *const arguments[] = {NULL};
    return CALL(SYS_execveat, AT_FDCWD, "/bin/true", arguments, arguments, 0);
}

int try_fork(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : waitpid(child, NULL, 0) < 0;
}

static int try_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_other_memory(void)
{
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {&byte, 1};
    return process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0) < 0 ? -1 : 0;
}

static int try_own_memory(void)
{
    return opened("/proc/self/mem", O_RDWR);
}

static int try_mount(void)
{
    return mount("none", attempts_at("write/a"), "tmpfs", 0, NULL);
}

static int try_fsopen(void)
{
    return CALL(SYS_fsopen, "tmpfs", 0);
}

static int try_unshare(void)
{
    return unshare(CLONE_NEWUSER);
}

static int try_clone_namespace(void)
{
    int child = CALL(SYS_clone, CLONE_NEWUSER | SIGCHLD);
    if (child == 0)
        _exit(0);
    return child < 0 ? -1 : 0;
}

static int try_clone3(void)
{
    return CALL(SYS_clone3, NULL, 0);
}

static int try_chroot(void)
{
    return chroot(attempts_at("write"));
}

static int try_handle(void)
{
    return CALL(SYS_open_by_handle_at, AT_FDCWD, NULL, 0);
}

static int try_device(void)
{
    return mknod(attempts_at("write/device"), S_IFCHR | 0600, makedev(1, 1));
}

int try_inet(void)
{
    return a_socket(AF_INET);
}

int try_inet6(void)
{
    return a_socket(AF_INET6);
}

static int try_netlink(void)
{
    return a_socket(AF_NETLINK);
}

static int try_packets(void)
{
    return a_socket(AF_PACKET);
}

static int try_unix(void)
{
    return a_socket(AF_UNIX);
}

static int try_bpf(void)
{
    return CALL(SYS_bpf, 0, NULL, 0);
}

static int try_perf(void)
{
    return CALL(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}

static int try_userfaultfd(void)
{
    return CALL(SYS_userfaultfd, O_CLOEXEC);
}

static int try_uring(void)
{
    return CALL(SYS_io_uring_setup, 1, NULL);
}

static int try_keys(void)
{
    return CALL(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

static int try_personality(void)
{
    return personality(0xffffffff) < 0 ? -1 : 0;
}

static int try_module(void)
{
    return CALL(SYS_init_module, NULL, 0, "");
}

static int try_reboot(void)
{
    return CALL(SYS_reboot, 0, 0, 0, NULL); /* without the magic numbers: nothing */
}

static int try_typing(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static int try_signal(void)
{
    return kill(getppid(), 0);
}

static int try_own_signal(void)
{
    return kill(getpid(), 0);
}

int try_outside(void)
{
    return opened(attempts_at("outside/file"), O_RDONLY);
}

static int try_link_outside(void)
{
    return opened(attempts_at("write/link"), O_RDONLY);
}

static int try_listing_outside(void)
{
    return opened(attempts_at("outside"), O_RDONLY | O_DIRECTORY);
}

static int try_making_outside(void)
{
    return opened(attempts_at("outside/new"), O_WRONLY | O_CREAT);
}

static int try_moving_outside(void)
{
    return rename(attempts_at("write/a/file"), attempts_at("outside/moved"));
}

static int try_removing_outside(void)
{
    return unlink(attempts_at("outside/file"));
}

static int try_writing_what_is_read(void)
{
    return opened(attempts_at("read/file"), O_WRONLY);
}

static int try_cutting_what_is_read(void)
{
    return truncate(attempts_at("read/file"), 0);
}

static int try_writing_one(void)
{
    return opened(attempts_at("one"), O_WRONLY);
}

static int try_reading(void)
{
    return opened(attempts_at("read/file"), O_RDONLY) || opened(attempts_at("one"), O_RDONLY) ||
           opened(attempts_at("read"), O_RDONLY | O_DIRECTORY) || opened("/usr/bin/env", O_RDONLY);
}

static int try_working(void)
{
    return opened(attempts_at("write/new"), O_RDWR | O_CREAT | O_TRUNC) ||
           rename(attempts_at("write/new"), attempts_at("write/a/moved")) ||
           link(attempts_at("write/a/moved"), attempts_at("write/b/linked")) ||
           mkdir(attempts_at("write/b/folder"), 0700) ||
           symlink("x", attempts_at("write/b/symlink")) ||
           rename(attempts_at("write/fifo"), attempts_at("write/a/fifo")) ||
           truncate(attempts_at("write/b/linked"), 5) ||
           chmod(attempts_at("write/b/linked"), 0640) || unlink(attempts_at("write/doomed")) ||
           rmdir(attempts_at("write/b/folder"));
}

static void *nothing(void *argument)
{
    return argument;
}

static int try_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL) ? -1 : 0;
}

static int try_library(void)
{
    iconv_t charset = iconv_open("UTF-8", "CP1252");
    if (charset == (iconv_t)-1)
        return -1;
    iconv_close(charset);
    return getpwuid(0) ? 0 : -1;
}

const struct attempt attempts[] = {
    {"exec", try_exec, EPERM, SECC},
    {"execveat", try_execveat, EPERM, SECC},
    {"fork", try_fork, EPERM, SECC | SANE},
    {"ptrace", try_ptrace, EPERM, SECC | SANE},
    {"process_vm_readv", try_other_memory, EPERM, SECC},
    {"/proc/self/mem", try_own_memory, EACCES, LAND},
    {"mount", try_mount, EPERM, SECC},
    {"fsopen", try_fsopen, EPERM, SECC},
    {"unshare", try_unshare, EPERM, SECC},
    {"clone(CLONE_NEWUSER)", try_clone_namespace, EPERM, SECC},
    {"clone3", try_clone3, ENOSYS, SECC},
    {"chroot", try_chroot, EPERM, SECC},
    {"open_by_handle_at", try_handle, EPERM, SECC},
    {"mknod", try_device, EPERM, SECC},
    {"socket(AF_INET)", try_inet, EPERM, SECC},
    {"socket(AF_INET6)", try_inet6, EPERM, SECC},
    {"socket(AF_NETLINK)", try_netlink, EPERM, SECC},
    {"socket(AF_PACKET)", try_packets, EPERM, SECC},
    {"bpf", try_bpf, EPERM, SECC},
    {"perf_event_open", try_perf, EPERM, SECC},
    {"userfaultfd", try_userfaultfd, EPERM, SECC},
    {"io_uring_setup", try_uring, EPERM, SECC},
    {"keyctl", try_keys, EPERM, SECC},
    {"personality", try_personality, EPERM, SECC},
    {"init_module", try_module, EPERM, SECC},
    {"reboot", try_reboot, EPERM, SECC},
    {"ioctl(TIOCSTI)", try_typing, EPERM, SECC},
    {"signal to another process", try_signal, ANY, LAND},
    {"file outside", try_outside, EACCES, LAND},
    {"link to the outside", try_link_outside, EACCES, LAND},
    {"listing outside", try_listing_outside, EACCES, LAND},
    {"making outside", try_making_outside, EACCES, LAND},
    {"moving to the outside", try_moving_outside, ANY, LAND},
    {"removing outside", try_removing_outside, EACCES, LAND},
    {"writing to what is only read", try_writing_what_is_read, EACCES, LAND},
    {"cutting what is only read", try_cutting_what_is_read, ANY, LAND},
    {"writing to a file that is only read", try_writing_one, EACCES, LAND},
    {"reading", try_reading, 0, 0},
    {"working", try_working, 0, 0},
    {"thread", try_thread, 0, 0},
    {"charset, user", try_library, 0, 0},
    {"socket(AF_UNIX)", try_unix, 0, 0},
    {"signal to itself", try_own_signal, 0, 0},
    {NULL, NULL, 0, 0},
};
