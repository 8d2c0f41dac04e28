// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What the service manager hears. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "unit.h"

/* Listens as a service manager does; name begins with @ or /. */
static int manager(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (*name == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
			      offsetof(struct sockaddr_un, sun_path) + strlen(name)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void hears(int fd, const char *said)
{
	char text[64];
	ssize_t n = recv(fd, text, sizeof(text), 0);

	assert_int_equal(n, strlen(said));
	assert_memory_equal(text, said, n);
	assert_true(recv(fd, text, sizeof(text), 0) < 0);
}

static void test_abstract(void **state)
{
	char name[64], main[32];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@europa-test-%d", getpid());
	fd = manager(name);
	notify("READY=1");
	hears(fd, "READY=1");
	notify("STOPPING=1");
	hears(fd, "STOPPING=1");
	snprintf(main, sizeof(main), "MAINPID=%d", getpid());
	notify_main();
	hears(fd, main);
	setenv("MAINPID", "77", 1);
	notify_former();
	hears(fd, "MAINPID=77");
	setenv("MAINPID", "", 1);
	notify_former();
	unsetenv("MAINPID");
	notify_former();
	notify("READY=1");
	hears(fd, "READY=1");
	close(fd);
}

static void test_path(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "/tmp/europa-test-%d", getpid());
	fd = manager(name);
	notify("READY=1");
	hears(fd, "READY=1");
	close(fd);
	unlink(name);
}

/* Without a manager, and with names that nobody can have, nothing happens. */
static void test_nobody(void **state)
{
	char name[200];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify("READY=1");
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	notify("READY=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
