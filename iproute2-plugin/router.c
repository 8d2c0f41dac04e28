// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * europa-router answers at an abstract Unix socket of its network namespace, the VR's
 * home; see --ask in europa-router(8). Whoever runs a data plane may have the name and
 * say what he likes, or nothing: so an answer has a size and a time, all of them
 * together have one, and only numbers are taken from it.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "clock.h"
#include "netns.h"
#include "router.h"

#define ANSWER_MAX	16384	/* bytes */
#define ANSWER_TIME	1000	/* ms for one, */
#define ALL_TIME	3000	/* and for all that keep us waiting */

static int waited;		/* ms, for all so far */

/* A socket looks for names in the namespace that it was made in. */
static int socket_in(const char *netns)
{
	int ns, here, fd;

	if (!*netns)
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ns = netns_open(netns);
	if (ns < 0)
		return -1;
	here = netns_enter(ns);
	close(ns);
	if (here < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	netns_return(here);
	return fd;
}

/* Is it the data plane that listens, and not somebody else there? */
static bool is_data_plane(int fd, const struct vr *vr)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return vr->pid && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       peer.pid > 0 && (uint32_t)peer.pid == vr->pid;
}

static int connect_to(const struct vr *vr)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "europa-router/%u/0",
			 vr->conf.id);
	int fd = socket_in(vr->conf.netns);

	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + n) &&
	    is_data_plane(fd, vr))
		return fd;
	close(fd);
	return -1;
}

static bool wait_for(int fd, long long end)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long left;

	while ((left = end - clock_ms()) > 0) {
		int n = poll(&p, 1, left);

		if (n > 0)
			return true;
		if (!n || errno != EINTR)
			return false;
	}
	return false;
}

/* One line, without its end. */
static bool receive(int fd, char *line, size_t size, long long end)
{
	size_t n = 0;

	while (n < size && wait_for(fd, end)) {
		ssize_t got = recv(fd, line + n, size - n, MSG_DONTWAIT);
		char *eol;

		if (got <= 0)
			return false;
		eol = memchr(line + n, '\n', got);
		n += got;
		if (eol) {
			*eol = '\0';
			return !memchr(line, '\0', eol - line);
		}
	}
	return false;
}

/* ---- JSON as stats_json() of europa-router writes it, and no other -------- */

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static bool take_name(const char **at, char *name, size_t size)
{
	size_t n = 0;

	if (!take(at, '"'))
		return false;
	while (islower((unsigned char)**at) || isdigit((unsigned char)**at) ||
	       **at == '-' || **at == '_') {
		if (n + 1 == size)
			return false;
		name[n++] = *(*at)++;
	}
	name[n] = '\0';
	return take(at, '"');
}

static bool take_number(const char **at, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*value = strtoull(*at, &end, 10);
	*at = end;
	return !errno;
}

static bool take_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n))
		return false;
	*at += n;
	return true;
}

static void keep(struct router_summary *s, unsigned int *found, const char *name, uint64_t value)
{
	const struct {
		const char *name;
		uint64_t *to;
	} wanted[] = {
		{ "routes", &s->routes }, { "routes6", &s->routes6 },
		{ "neighbours", &s->neighbours }, { "sent", &s->sent },
		{ "punted", &s->punted },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strcmp(name, wanted[i].name)) {
			*wanted[i].to = value;
			*found |= 1u << i;
		}
}

#define ALL_FOUND	0x1fu

static bool take_object(const char **at, struct router_summary *s, unsigned int *found,
			bool inner);

/* Its objects are looked at, too, and counted: so many workers there are. */
static bool take_array(const char **at, struct router_summary *s, unsigned int *found)
{
	if (!take(at, '['))
		return false;
	do {
		if (!take_object(at, s, found, true))
			return false;
		s->workers++;
	} while (take(at, ','));
	return take(at, ']');
}

/* An object; members of one within it are looked at, too, and not kept. */
static bool take_object(const char **at, struct router_summary *s, unsigned int *found,
			bool inner)
{
	char name[32];
	uint64_t value;

	if (!take(at, '{'))
		return false;
	do {
		if (!take_name(at, name, sizeof(name)) || !take(at, ':'))
			return false;
		if (take_number(at, &value)) {
			if (!inner)
				keep(s, found, name, value);
		} else if (!take_word(at, "true") && !take_word(at, "false") &&
			   (inner || (!take_object(at, s, found, true) &&
				      !take_array(at, s, found)))) {
			return false;
		}
	} while (take(at, ','));
	return take(at, '}');
}

static bool parse(const char *line, struct router_summary *s)
{
	unsigned int found = 0;

	s->workers = 0;
	return take_object(&line, s, &found, false) && !*line && found == ALL_FOUND;
}

bool router_ask(const struct vr *vr, struct router_summary *s)
{
	static const char question[] = "stats\n";
	char line[ANSWER_MAX];
	long long begin = clock_ms();
	int left = ALL_TIME - waited, fd;
	bool ok;

	if (vr->state == EUROPA_IDLE || left <= 0)
		return false;
	fd = connect_to(vr);
	if (fd < 0)
		return false;
	ok = send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question) &&
	     receive(fd, line, sizeof(line), begin + (left < ANSWER_TIME ? left : ANSWER_TIME));
	close(fd);
	waited += clock_ms() - begin;
	return ok && parse(line, s);
}
