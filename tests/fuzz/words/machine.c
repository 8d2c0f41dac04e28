// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Processes, files, namespaces, users: what the tool asks of libc. */
#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <termios.h>
#include <sanitizer/asan_interface.h>

#define FDS		64
#define FIRST_FD	1000
#define STREAMS		3	/* descriptors below this are the standard streams' */
#define BLOCKS		8192
#define DIRS		8
#define FILES		4
#define POLLS		16	/* then somebody types ^C */

struct machine machine;
struct text written, complained;
static jmp_buf end_of_process;
static FILE *real_in, *real_out, *real_err, *out, *err;

bool machine_fault(enum fault f)
{
	return machine.faults >> f & 1;
}

int machine_fail(int err)
{
	errno = err;
	return -1;
}

uint8_t machine_byte(void)
{
	if (!machine.left)
		return 0;
	machine.left--;
	return *machine.tail++;
}

uint32_t machine_number(void)
{
	uint32_t n = machine_byte();

	n |= (uint32_t)machine_byte() << 8;
	n |= (uint32_t)machine_byte() << 16;
	return n | (uint32_t)machine_byte() << 24;
}

void machine_stop(enum ending ending, int code)
{
	machine.ending = ending;
	machine.code = code;
	longjmp(end_of_process, 1);
}

void machine_show(const char *what)
{
	static const char *const endings[] = { "returned", "exited", "was replaced", "was killed" };

	fprintf(real_err, "ip-vr: %s\n%s, exit code %d, %u requests, %u changes\n"
		"stdout: %.*s\nstderr: %.*s\n", what, endings[machine.ending], machine.code,
		machine.requests, machine.changes, (int)written.len, written.bytes,
		(int)complained.len, complained.bytes);
}

void machine_bug(const char *what)
{
	machine_show(what);
	abort();
}

/* ---- standard streams -------------------------------------------------- */

static ssize_t keep(void *cookie, const char *bytes, size_t size)
{
	struct text *t = cookie;
	size_t room = sizeof(t->bytes) - t->len, n = size < room ? size : room;

	if (t == &written && machine_fault(NO_SPACE)) {
		machine.lost = true;
		errno = ENOSPC;
		return 0;
	}
	memcpy(t->bytes + t->len, bytes, n);
	t->len += n;
	return size;
}

static ssize_t give(void *cookie, char *bytes, size_t size)
{
	size_t n = size < machine.batch_left ? size : machine.batch_left;

	(void)cookie;
	memcpy(bytes, machine.batch, n);
	machine.batch += n;
	machine.batch_left -= n;
	return n;
}

void machine_open(void)
{
	const cookie_io_functions_t writer = { .write = keep };

	real_in = stdin;
	real_out = stdout;
	real_err = stderr;
	out = fopencookie(&written, "w", writer);
	err = fopencookie(&complained, "w", writer);
	setvbuf(err, NULL, _IONBF, 0);
}

/* ---- memory ------------------------------------------------------------ */

static void *blocks[BLOCKS];
static size_t block_count;

static void *remember(void *block)
{
	if (block && block_count < BLOCKS)
		blocks[block_count++] = block;
	return block;
}

static void forget(const void *block)
{
	size_t i = block_count;

	while (i--)
		if (blocks[i] == block) {
			blocks[i] = blocks[--block_count];
			return;
		}
}

void fake_free(void *block)
{
	forget(block);
	free(block);
}

void *fake_calloc(size_t count, size_t size)
{
	return machine_fault(NO_MEMORY) ? NULL : remember(calloc(count, size));
}

/* Newer compilers make one of a calloc() that is written over. */
void *fake_malloc(size_t size)
{
	return fake_calloc(1, size);
}

void *fake_reallocarray(void *block, size_t count, size_t size)
{
	void *more = machine_fault(NO_MEMORY) ? NULL : reallocarray(block, count, size);

	if (more) {
		forget(block);
		remember(more);
	}
	return more;
}

void *fake_realloc(void *block, size_t size)
{
	return fake_reallocarray(block, 1, size);
}

ssize_t fake___getdelim(char **line, size_t *size, int end, FILE *f)
{
	char *before = *line;
	ssize_t n = getdelim(line, size, end, f);

	if (*line != before) {
		forget(before);
		remember(*line);
	}
	return n;
}

ssize_t fake_getline(char **line, size_t *size, FILE *f)
{
	return fake___getdelim(line, size, '\n', f);
}

/* ---- file descriptors -------------------------------------------------- */

static char fds[FDS][64];

int machine_new_fd(const char *path)
{
	int i;

	for (i = 0; i < FDS; i++)
		if (!*fds[i]) {
			snprintf(fds[i], sizeof(fds[i]), "%s", *path ? path : "?");
			return FIRST_FD + i;
		}
	return machine_fail(EMFILE);
}

const char *machine_fd(int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + FDS || !*fds[fd - FIRST_FD])
		machine_bug("uses a file descriptor that is not open");
	return fds[fd - FIRST_FD];
}

int fake_close(int fd)
{
	machine_fd(fd);
	*fds[fd - FIRST_FD] = '\0';
	return 0;
}

int fake_open(const char *path, int flags, ...)
{
	(void)flags;
	if (strstr(path, "/ns/"))
		return machine_fault(NO_NETNS) ? machine_fail(EACCES) : machine_new_fd(path);
	if (!strncmp(path, "/run/netns/", 11) && strcmp(path + 11, "lab"))
		return machine_fail(ENOENT);
	if (machine_fault(*path == '/' && path[1] == 'd' ? NO_DEVICE : NO_FILE))
		return machine_fail(ENOENT);
	return machine_new_fd(path);
}

ssize_t fake_read(int fd, void *to, size_t size)
{
	char *bytes = to;
	size_t n = 0;

	if (fd)			/* standard input is there */
		machine_fd(fd);
	while (n < size && machine.left && n < 64)
		bytes[n++] = machine_byte();
	return n;
}

ssize_t fake_pread(int fd, void *to, size_t size, off_t at)
{
	(void)at;
	return fake_read(fd, to, size);
}

ssize_t fake_pwrite(int fd, const void *from, size_t size, off_t at)
{
	(void)from;
	(void)at;
	machine_fd(fd);
	return machine_fault(NO_SPACE) ? machine_fail(ENOSPC) : (int)size;
}

int fake_rename(const char *from, const char *to)
{
	(void)from;
	(void)to;
	return machine_fault(NO_FILE) ? machine_fail(ENOENT) : 0;
}

int fake_pipe2(int fd[2], int flags)
{
	(void)flags;
	fd[0] = machine_new_fd("pipe");
	fd[1] = machine_new_fd("pipe");
	return 0;
}

int fake_flock(int fd, int what)
{
	(void)what;
	machine_fd(fd);
	return machine_fault(NO_LOCK) ? machine_fail(EWOULDBLOCK) : 0;
}

int fake_ftruncate(int fd, off_t size)
{
	(void)size;
	machine_fd(fd);
	return machine_fault(NO_SPACE) ? machine_fail(ENOSPC) : 0;
}

int fake_dup2(int from, int to)
{
	machine_fd(from);
	return to;
}

int fake_access(const char *path, int mode)
{
	(void)path;
	(void)mode;
	return machine_fault(NO_MODPROBE) ? machine_fail(ENOENT) : 0;
}

static void fill(const char *path, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	for (; *path; path++)
		st->st_ino = st->st_ino * 31 + (unsigned char)*path;
	st->st_mode = S_IFCHR | 0600;
	st->st_rdev = makedev(240, st->st_ino & 1);
}

int fake_stat(const char *path, struct stat *st)
{
	fill(path, st);
	return machine_fault(NO_DEVICE) ? machine_fail(ENOENT) : 0;
}

int fake_fstat(int fd, struct stat *st)
{
	fill(machine_fd(fd), st);
	return 0;
}

int fake_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	(void)dir;
	(void)flags;
	return fake_stat(path, st);
}

int fake_statvfs(const char *path, struct statvfs *st)
{
	(void)path;
	memset(st, 0, sizeof(*st));
	st->f_flag = ST_RDONLY;
	return 0;
}

/* There is everything, but for instances of tracing. */
int fake_mkdir(const char *path, mode_t mode)
{
	(void)mode;
	if (!strstr(path, "/instances/"))
		return machine_fail(EEXIST);
	if (machine_fault(NO_DIR))
		return machine_fail(EACCES);
	machine.tracing++;
	return 0;
}

int fake_rmdir(const char *path)
{
	if (strstr(path, "/instances/"))
		machine.tracing--;
	return 0;
}

int fake_mkstemp(char *path)
{
	return machine_fault(NO_FILE) ? machine_fail(EROFS) : machine_new_fd(path);
}

int fake_mkostemp(char *path, int flags)
{
	(void)flags;
	return fake_mkstemp(path);
}

int fake_link(const char *from, const char *to)
{
	(void)from;
	(void)to;
	return machine_fault(NO_SPACE) ? machine_fail(EEXIST) : 0;
}

int fake_unlink(const char *path)
{
	(void)path;
	return machine_fault(NO_FILE) ? machine_fail(ENOENT) : 0;
}

int fake_unlinkat(int dir, const char *path, int flags)
{
	(void)dir;
	(void)flags;
	return fake_unlink(path);
}

int fake_chdir(const char *path)
{
	(void)path;
	return 0;
}

/* ---- folders ----------------------------------------------------------- */

static const char *const entries[] = {
	".", "..", "0", "1", "42", "self", "confirm.a1b2c3", "takeover.1.2", "resolv.conf",
};

struct __dirstream {
	size_t next;
	struct dirent entry;
	bool open;
};
static DIR dirs[DIRS];

DIR *fake_opendir(const char *path)
{
	size_t i;

	(void)path;
	for (i = 0; i < DIRS && !machine_fault(NO_DIR); i++)
		if (!dirs[i].open) {
			dirs[i].open = true;
			dirs[i].next = 0;
			return &dirs[i];
		}
	errno = ENOENT;
	return NULL;
}

struct dirent *fake_readdir(DIR *dir)
{
	if (!dir->open)
		machine_bug("reads a folder that is closed");
	if (dir->next >= sizeof(entries) / sizeof(entries[0]))
		return NULL;
	strcpy(dir->entry.d_name, entries[dir->next++]);
	return &dir->entry;
}

int fake_closedir(DIR *dir)
{
	if (!dir->open)
		machine_bug("closes a folder twice");
	dir->open = false;
	return 0;
}

int fake_dirfd(DIR *dir)
{
	(void)dir;
	return FIRST_FD;
}

/* ---- streams ----------------------------------------------------------- */

static FILE *files[FILES];

FILE *fake_fopen(const char *path, const char *mode)
{
	const cookie_io_functions_t reader = { .read = give };
	size_t i;

	(void)path;
	for (i = 0; i < FILES && !machine_fault(NO_FILE); i++)
		if (!files[i]) {
			files[i] = fopencookie(NULL, "r", reader);
			return files[i];
		}
	(void)mode;
	errno = ENOENT;
	return NULL;
}

int fake_fclose(FILE *f)
{
	size_t i;

	for (i = 0; i < FILES; i++)
		if (files[i] == f) {
			files[i] = NULL;
			return fclose(f);
		}
	machine_bug("closes a stream that it did not open");
}

/* ---- namespaces, privileges -------------------------------------------- */

int fake_setns(int fd, int kind)
{
	(void)kind;
	if (strcmp(machine_fd(fd), "/proc/self/ns/net") && machine_fault(NO_SETNS))
		return machine_fail(EPERM);
	return 0;
}

static int privileged(enum fault f)
{
	return machine_fault(f) ? machine_fail(EPERM) : 0;
}

int fake_unshare(int flags)
{
	(void)flags;
	return privileged(NO_MOUNT);
}

int fake_mount(const char *from, const char *to, const char *type, unsigned long flags,
	       const void *data)
{
	(void)from;
	(void)to;
	(void)type;
	(void)flags;
	(void)data;
	return privileged(NO_MOUNT);
}

int fake_umount2(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return privileged(NO_DEVICE);
}

/* Capabilities 0 to 40 exist. */
int fake_prctl(int what, ...)
{
	va_list ap;
	int cap;

	va_start(ap, what);
	cap = va_arg(ap, int);
	va_end(ap);
	return cap > 40 ? machine_fail(EINVAL) : privileged(NO_RIGHTS);
}

long fake_syscall(long number, ...)
{
	return number == SYS_membarrier ? 0 : privileged(NO_RIGHTS);
}

int fake_usleep(useconds_t time)
{
	(void)time;
	return 0;
}

int fake_setgroups(size_t count, const gid_t *groups)
{
	(void)count;
	(void)groups;
	return privileged(NO_RIGHTS);
}

int fake_setresgid(gid_t a, gid_t b, gid_t c)
{
	(void)a;
	(void)b;
	(void)c;
	return privileged(NO_RIGHTS);
}

int fake_setresuid(uid_t a, uid_t b, uid_t c)
{
	(void)a;
	(void)b;
	(void)c;
	return privileged(NO_RIGHTS);
}

long fake_sysconf(int name)
{
	return name == _SC_CLK_TCK ? 100 : machine_fail(EINVAL);
}

uid_t fake_geteuid(void)
{
	return 0;
}

/* ---- processes --------------------------------------------------------- */

void fake_exit(int code)
{
	machine_stop(EXITED, code);
}

void fake__exit(int code)
{
	machine_stop(EXITED, code);
}

static int replace(const char *program, char *const *argv)
{
	if (machine_fault(NO_COMMAND))
		return machine_fail(ENOENT);
	if (machine_fault(NO_EXEC))
		return machine_fail(EACCES);
	machine.program = program;
	machine.argv = argv;
	machine_stop(REPLACED, 0);
}

int fake_execvp(const char *program, char *const *argv)
{
	return replace(program, argv);
}

int fake_execv(const char *program, char *const *argv)
{
	return replace(program, argv);
}

int fake_execl(const char *program, const char *first, ...)
{
	(void)first;
	return replace(program, NULL);
}

pid_t fake_fork(void)
{
	machine.forked = true;
	if (machine_fault(NO_FORK))
		return machine_fail(EAGAIN);
	return machine_fault(IS_CHILD) ? 0 : 1234;
}

pid_t fake_waitpid(pid_t pid, int *status, int options)
{
	(void)options;
	*status = machine_fault(NO_MODPROBE) ? 256 : 0;
	return pid;
}

pid_t fake_getpid(void)
{
	return 42;
}

pid_t fake_setsid(void)
{
	return 42;
}

void (*fake_signal(int number, void (*handler)(int)))(int)
{
	(void)number;
	return handler;
}

/* ---- time -------------------------------------------------------------- */

static long now;
static int polls;

int fake_clock_gettime(clockid_t clock, struct timespec *t)
{
	(void)clock;
	*t = (struct timespec){ .tv_sec = now++ };
	return 0;
}

int fake_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
	(void)clock;
	(void)flags;
	(void)left;
	now += t->tv_sec;
	return 0;
}

time_t fake_time(time_t *t)
{
	(void)t;
	return now;
}

int fake_gettimeofday(struct timeval *tv, void *zone)
{
	(void)zone;
	*tv = (struct timeval){ .tv_sec = machine_byte() * 86400L };
	return 0;
}

struct tm *fake_localtime_r(const time_t *t, struct tm *tm)
{
	return gmtime_r(t, tm);
}

int fake_poll(struct pollfd *p, nfds_t count, int timeout)
{
	(void)count;
	if (p->fd)
		machine_fd(p->fd);
	if (++polls > POLLS)
		machine_stop(KILLED, 0);
	if (!machine_fault(NO_EVENT))
		return 1;
	now += timeout > 0 ? timeout / 1000 : 0;
	return timeout < 0 ? machine_fail(EINTR) : 0;
}

/* ---- the environment, users, interfaces -------------------------------- */

char *fake_getenv(const char *name)
{
	if (!strcmp(name, "NO_COLOR"))
		return machine_fault(NO_USERS) ? "1" : "";
	return strcmp(name, "TERM") ? "15;0" : "xterm";
}

int fake_setenv(const char *name, const char *value, int overwrite)
{
	(void)name;
	(void)value;
	(void)overwrite;
	return 0;
}

int fake_isatty(int fd)
{
	(void)fd;
	return !machine_fault(NO_TTY);
}

/* ---- the terminal ------------------------------------------------------ */

static bool has_terminal(int fd)
{
	return fd >= 0 && fd < STREAMS && !machine_fault(NO_TTY);
}

int fake_tcgetattr(int fd, struct termios *t)
{
	memset(t, 0, sizeof(*t));
	t->c_lflag = ICANON | ECHO;
	return has_terminal(fd) && !machine_fault(NO_RIGHTS) ? 0 : machine_fail(ENOTTY);
}

int fake_tcsetattr(int fd, int when, const struct termios *t)
{
	(void)when;
	if (has_terminal(fd))
		machine.raw = !(t->c_lflag & ECHO);
	return has_terminal(fd) ? 0 : machine_fail(ENOTTY);
}

ssize_t fake_write(int fd, const void *bytes, size_t size)
{
	if (fd == 1)
		return keep(&written, bytes, size);
	machine_fd(fd);
	return size;
}

int fake_sigaction(int number, const void *action, void *before)
{
	(void)number;
	(void)action;
	(void)before;
	return 0;
}

int fake_sigemptyset(void *set)
{
	(void)set;
	return 0;
}

int fake_sigaddset(void *set, int number)
{
	(void)set;
	(void)number;
	return 0;
}

int fake_sigpending(void *set)
{
	(void)set;
	return 0;
}

int fake_sigismember(const void *set, int number)
{
	(void)set;
	(void)number;
	return machine_fault(IS_SIGNALLED);
}

int fake_sigprocmask(int how, const void *set, void *before)
{
	(void)how;
	(void)set;
	(void)before;
	return 0;
}

int fake_signalfd(int fd, const void *set, int flags)
{
	(void)fd;
	(void)set;
	(void)flags;
	return machine_fault(NO_EVENT) ? machine_fail(EMFILE) : machine_new_fd("signals");
}

int fake_kill(int pid, int number)
{
	(void)pid;
	(void)number;
	return machine_fail(EPERM);
}

int fake_raise(int number)
{
	(void)number;
	return 0;
}

int fake_atexit(void (*fn)(void))
{
	(void)fn;
	return 0;
}

/* ------------------------------------------------------------------------ */

static const struct passwd users[] = {
	{ .pw_name = "root", .pw_uid = 0, .pw_gid = 0 },
	{ .pw_name = "user", .pw_uid = 1000, .pw_gid = 1000 },
	{ .pw_name = "nobody", .pw_uid = 65534, .pw_gid = 65534 },
};

static const struct group groups[] = {
	{ .gr_name = "root", .gr_gid = 0 }, { .gr_name = "user", .gr_gid = 1000 },
};

struct passwd *fake_getpwnam(const char *name)
{
	size_t i;

	for (i = 0; i < 3 && !machine_fault(NO_USERS); i++)
		if (!strcmp(users[i].pw_name, name))
			return (struct passwd *)&users[i];
	return NULL;
}

struct passwd *fake_getpwuid(uid_t uid)
{
	size_t i;

	for (i = 0; i < 3 && !machine_fault(NO_USERS); i++)
		if (users[i].pw_uid == uid)
			return (struct passwd *)&users[i];
	return NULL;
}

struct group *fake_getgrnam(const char *name)
{
	size_t i;

	for (i = 0; i < 2 && !machine_fault(NO_USERS); i++)
		if (!strcmp(groups[i].gr_name, name))
			return (struct group *)&groups[i];
	return NULL;
}

struct group *fake_getgrgid(gid_t gid)
{
	size_t i;

	for (i = 0; i < 2 && !machine_fault(NO_USERS); i++)
		if (groups[i].gr_gid == gid)
			return (struct group *)&groups[i];
	return NULL;
}

static const struct protoent tcp = { .p_name = "tcp", .p_proto = IPPROTO_TCP };

struct protoent *fake_getprotobyname(const char *name)
{
	return strcmp(name, tcp.p_name) ? NULL : (struct protoent *)&tcp;
}

struct protoent *fake_getprotobynumber(int number)
{
	return number == tcp.p_proto ? (struct protoent *)&tcp : NULL;
}

unsigned int fake_if_nametoindex(const char *name)
{
	return !strcmp(name, "lo") ? 1 : !strcmp(name, "eth0") ? 2 : 0;
}

char *fake_if_indextoname(unsigned int index, char *name)
{
	return index == 2 ? strcpy(name, "eth0") : NULL;
}

int fake_getifaddrs(struct ifaddrs **list)
{
	static struct sockaddr address = { .sa_family = AF_INET };
	static struct ifaddrs none = { .ifa_name = "eth0" };
	static struct ifaddrs one = { .ifa_next = &none, .ifa_name = "lo", .ifa_addr = &address };

	*list = &one;
	return machine_fault(NO_LIST) ? machine_fail(ENOBUFS) : 0;
}

void fake_freeifaddrs(struct ifaddrs *list)
{
	(void)list;
}

/* No europa-router answers. */
int fake_connect(int fd, const void *address, unsigned int size)
{
	(void)fd;
	(void)address;
	(void)size;
	return machine_fail(ECONNREFUSED);
}

int fake_getsockopt(int fd, int level, int name, void *value, void *size)
{
	(void)fd;
	(void)size;
	if (level != SOL_SOCKET || name != SO_NETNS_COOKIE)
		return machine_fail(ENOTCONN);
	*(uint64_t *)value = 1;
	return 0;
}

ssize_t fake_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd;
	(void)bytes;
	(void)size;
	(void)flags;
	return machine_fail(ENOTCONN);
}

ssize_t fake_recv(int fd, void *to, size_t size, int flags)
{
	(void)fd;
	(void)to;
	(void)size;
	(void)flags;
	return machine_fail(ENOTCONN);
}

int fake_socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return machine_fault(NO_SOCKET) ? machine_fail(EMFILE) : machine_new_fd("socket");
}

/* Of any size, or of none. */
static int terminal_size(struct winsize *size)
{
	*size = (struct winsize){ .ws_row = machine_byte(), .ws_col = machine_byte() };
	return machine_fault(NO_EVENT) ? machine_fail(ENOTTY) : 0;
}

int fake_ioctl(int fd, unsigned long request, ...)
{
	struct ethtool_drvinfo *info;
	struct ifreq *ifr;
	va_list ap;

	va_start(ap, request);
	ifr = va_arg(ap, struct ifreq *);
	va_end(ap);
	if (request == TIOCGWINSZ)
		return terminal_size((struct winsize *)ifr);
	machine_fd(fd);
	if (request != 0x8946 /* SIOCETHTOOL */)
		return machine_byte() & 1 ? 0 : machine_fail(EOPNOTSUPP);
	info = (struct ethtool_drvinfo *)ifr->ifr_data;
	strcpy(info->driver, machine_byte() & 1 ? "virtio_net" : "veth");
	return 0;
}

/* ---- a process from start to end --------------------------------------- */

/* The tool's variables, as ../Makefile has named their sections. */
extern char __start_tool_data[], __stop_tool_data[], __start_tool_bss[], __stop_tool_bss[];
static char *fresh_data, *fresh_bss;

__attribute__((no_sanitize("address"), noinline))
static void copy(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		((volatile char *)to)[i] = from[i];
}

static char *save(const char *from, size_t size)
{
	char *to = malloc(size);

	copy(to, from, size);
	return to;
}

static void fresh_process(void)
{
	size_t data = __stop_tool_data - __start_tool_data, bss = __stop_tool_bss - __start_tool_bss;

	if (!fresh_data) {
		fresh_data = save(__start_tool_data, data);
		fresh_bss = save(__start_tool_bss, bss);
	}
	copy(__start_tool_data, fresh_data, data);
	copy(__start_tool_bss, fresh_bss, bss);
}

void machine_begin(const uint8_t *tail, size_t size, const char *batch, size_t batch_size)
{
	machine = (struct machine){ .tail = tail, .left = size, .batch = batch,
				.batch_left = batch_size };
	machine.faults = machine_number();
	written.len = complained.len = 0;
	now = polls = 0;
	machine_netlink_begin();
	machine_bpf_begin();
	fresh_process();
}

void machine_run(int (*run)(int argc, char **argv), int argc, char **argv)
{
	const cookie_io_functions_t reader = { .read = give };
	FILE *in = fopencookie(NULL, "r", reader);

	stdin = in;
	stdout = out;
	stderr = err;
	if (!setjmp(end_of_process)) {
		machine.ending = RETURNED;
		machine.code = run(argc, argv);
	}
	fflush(out);
	clearerr(out);
	stdin = real_in;
	stdout = real_out;
	stderr = real_err;
	fclose(in);
}

/* An ended process leaves nothing; one that returned from main() has tidied up itself. */
static void bury(bool returned)
{
	size_t i;

	if (returned && block_count) {
		__asan_describe_address(blocks[0]);
		machine_bug("left memory allocated");
	}
	for (i = 0; i < FILES; i++) {
		if (files[i] && returned)
			machine_bug("left a stream open");
		if (files[i])
			fclose(files[i]);
		files[i] = NULL;
	}
	while (block_count)
		free(blocks[--block_count]);
	for (i = 0; i < FDS; i++)
		if (*fds[i] && returned)
			machine_bug("left a file descriptor open");
	memset(fds, 0, sizeof(fds));
	for (i = 0; i < DIRS; i++)
		if (dirs[i].open && returned)
			machine_bug("left a folder open");
	memset(dirs, 0, sizeof(dirs));
}

void machine_end(void)
{
	bool tidy = machine.ending == RETURNED;

	if (tidy && machine.tracing)
		machine_bug("left an instance of tracing");
	if (tidy && machine.raw)
		machine_bug("left the terminal raw");

	machine_netlink_end(tidy);
	bury(tidy);
}
