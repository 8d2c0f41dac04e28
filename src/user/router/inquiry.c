// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inquiry.h"
#include "stats.h"
#include "words.h"

#define ANSWER	16384	/* bytes that one may have: of the most workers there can be */
#define ITEM	2048	/* the same of one in a list */
#define NODES	2000	/* looked at for a list at a time */
#define QUESTIONS	64	/* answered at a time */

/* ---- answers ----------------------------------------------------------- */

static size_t room(const struct inquiry_client *c)
{
	return sizeof(c->answer) - c->said;
}

__attribute__((format(printf, 2, 3)))
static void say(struct inquiry_client *c, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(c->answer + c->said, room(c), format, args);
	va_end(args);
	if (n > 0)
		c->said += (size_t)n < room(c) ? (size_t)n : room(c);
}

static void say_stats(struct inquiry_client *c, const struct router *r)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (f) {
		stats_json(r, f);
		fclose(f);
	}
	say(c, "%s\n", text ? text : "{}");
	free(text);
}

static void say_lookup(struct inquiry_client *c, const struct router *r, const char *text)
{
	uint8_t bytes[16];
	char way[WORDS_WAY];
	uint16_t id;

	if (inet_pton(AF_INET, text, bytes) == 1) {
		id = fib4_lookup(&r->ip4.fib, be32toh(load32(bytes)));
	} else if (inet_pton(AF_INET6, text, bytes) == 1) {
		id = fib6_lookup(&r->ip6.fib, ipv6_load(bytes));
	} else {
		say(c, "{\"error\":\"not an address\"}\n");
		return;
	}
	say(c, "{%s}\n", words_way(r, id, way));
}

/* ---- lists ------------------------------------------------------------- */

static void say_item(struct inquiry_client *c)
{
	say(c, c->any ? ",\n" : "\n");
	c->any = true;
}

static void say_route(struct inquiry_client *c, const struct router *r, const char *prefix,
		      uint8_t len, bool local, uint32_t metric, uint16_t adj)
{
	char way[WORDS_WAY];

	say_item(c);
	say(c, "{\"dst\":\"%s/%u\",\"table\":\"%s\",\"metric\":%u,%s}", prefix, len,
	    local ? "local" : "main", metric, words_way(r, adj, way));
}

struct teller {
	struct inquiry_client *c;
	const struct router *r;
};

static void tell_route4(void *arg, const struct fib4_route *route)
{
	const struct teller *t = arg;
	char addr[WORDS_ADDR];

	if (route->kind != FIB4_HOST && room(t->c) >= ITEM)
		say_route(t->c, t->r, words_addr4(route->dst, addr), route->len,
			  route->kind == FIB4_LOCAL, route->metric, route->adj);
}

static void tell_route6(void *arg, const struct fib6_route *route)
{
	const struct teller *t = arg;
	char addr[WORDS_ADDR];

	if (route->kind != FIB6_HOST && room(t->c) >= ITEM)
		say_route(t->c, t->r, words_addr6(route->dst, addr), route->len,
			  route->kind == FIB6_LOCAL, route->metric, route->adj);
}

static void tell_neighbour(struct inquiry_client *c, const struct router *r, uint16_t id)
{
	const struct neigh *n = &r->neigh.neigh[id];
	char way[WORDS_WAY], mac[18];

	if (!n->refs || n->alias || n->glean)
		return;
	say_item(c);
	say(c, "{%s,\"lladdr\":\"%s\",\"state\":\"%s\",\"limit\":%u,\"routes\":%u}",
	    words_way(r, id, way), words_mac(n->mac, mac), words_state(n->state),
	    r->neigh.adj[id].limit, n->refs);
}

/* One node's, or one adjacency. Returns false at the end. */
static bool tell_next(struct inquiry_client *c, const struct router *r)
{
	struct teller t = { c, r };

	switch (c->list) {
	case INQUIRY_ROUTES4:
		return fib4_at(&r->ip4.fib, c->at++, tell_route4, &t);
	case INQUIRY_ROUTES6:
		return fib6_at(&r->ip6.fib, c->at++, tell_route6, &t);
	default:
		if (c->at >= r->neigh.used)
			return false;
		tell_neighbour(c, r, c->at++);
		return true;
	}
}

static void tell_list(struct inquiry_client *c, const struct router *r)
{
	unsigned int nodes;

	for (nodes = 0; nodes < NODES && room(c) >= 2 * ITEM; nodes++) {
		if (tell_next(c, r))
			continue;
		c->at = 1;
		if (c->list == INQUIRY_ROUTES4) {
			c->list = INQUIRY_ROUTES6;
			continue;
		}
		say(c, "\n]\n");
		c->list = INQUIRY_NO_LIST;
		return;
	}
}

static void begin_list(struct inquiry_client *c, enum inquiry_list list)
{
	c->list = list;
	c->at = 1;
	c->any = false;
	say(c, "[");
}

/* ---- questions --------------------------------------------------------- */

static void begin_trace(struct inquiry *q, struct inquiry_client *c, const char *text)
{
	c->trace = strtoul(text, NULL, 10);
	shared_store(q->tracing, q->tracing + (c->trace != 0));
}

static void answer(struct inquiry *q, struct inquiry_client *c, const struct router *r,
		   const char *question)
{
	if (!strcmp(question, "stats"))
		say_stats(c, r);
	else if (!strcmp(question, "routes"))
		begin_list(c, INQUIRY_ROUTES4);
	else if (!strcmp(question, "neighbours"))
		begin_list(c, INQUIRY_NEIGHBOURS);
	else if (!strncmp(question, "lookup ", 7))
		say_lookup(c, r, question + 7);
	else if (!strncmp(question, "trace ", 6))
		begin_trace(q, c, question + 6);
	else
		say(c, "{\"error\":\"stats, routes, neighbours, lookup ADDRESS or trace N?\"}\n");
}

/* Returns whether there was a whole one. */
static bool next_question(struct inquiry *q, struct inquiry_client *c, const struct router *r)
{
	char *end = memchr(c->question, '\n', c->asked);
	size_t size;

	if (!end)
		return false;
	*end = '\0';
	size = end + 1 - c->question;
	answer(q, c, r, c->question);
	c->asked -= size;
	memmove(c->question, c->question + size, c->asked);
	return true;
}

static bool idle(const struct inquiry_client *c)
{
	return c->list == INQUIRY_NO_LIST && !c->trace;
}

/* One that can be answered, once there is room. */
static bool has_question(const struct inquiry_client *c)
{
	return idle(c) && memchr(c->question, '\n', c->asked);
}

static void answer_all(struct inquiry *q, struct inquiry_client *c, const struct router *r)
{
	unsigned int n;

	if (c->list != INQUIRY_NO_LIST)
		tell_list(c, r);
	for (n = 0; n < QUESTIONS && idle(c) && room(c) >= ANSWER; n++)
		if (!next_question(q, c, r))
			return;
}

/* ---- clients ----------------------------------------------------------- */

static void client_close(struct inquiry *q, struct inquiry_client *c)
{
	shared_store(q->tracing, q->tracing - (c->trace != 0));
	close(c->fd);
	memset(c, 0, offsetof(struct inquiry_client, question));
	c->fd = -1;
}

/* epoll says what is left to do: so that the loop does not sleep meanwhile. */
static void client_wait(struct inquiry *q, struct inquiry_client *c)
{
	struct epoll_event e = { .data.ptr = c };

	if (!c->ended && c->asked < sizeof(c->question))
		e.events |= EPOLLIN;
	if (c->said || c->list != INQUIRY_NO_LIST || has_question(c))
		e.events |= EPOLLOUT;
	if (e.events == c->events)
		return;
	c->events = e.events;
	epoll_ctl(q->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Returns false if it is gone, or asks for too much at once. */
static bool client_read(struct inquiry_client *c)
{
	ssize_t n = recv(c->fd, c->question + c->asked, sizeof(c->question) - c->asked,
			 MSG_DONTWAIT);

	if (n > 0)
		c->asked += n;
	else if (!n)
		c->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		return false;
	return c->asked < sizeof(c->question) || memchr(c->question, '\n', c->asked);
}

static bool client_write(struct inquiry_client *c)
{
	ssize_t n = c->said ? send(c->fd, c->answer, c->said, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->said -= n;
	memmove(c->answer, c->answer + n, c->said);
	return true;
}

static void client_work(struct inquiry *q, struct inquiry_client *c, uint32_t events,
			const struct router *r)
{
	bool alive = !(events & EPOLLERR) && !(events & EPOLLHUP && c->ended);

	if (alive && events & (EPOLLIN | EPOLLHUP) && !c->ended &&
	    c->asked < sizeof(c->question))
		alive = client_read(c);
	if (alive) {
		answer_all(q, c, r);
		alive = client_write(c);
	}
	if (!alive || (c->ended && !c->said && idle(c) && !has_question(c)))
		client_close(q, c);
	else
		client_wait(q, c);
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void client_new(struct inquiry *q)
{
	int fd = accept4(q->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), i;
	struct epoll_event e = { .events = EPOLLIN };

	if (fd < 0)
		return;
	for (i = 0; i < INQUIRY_CLIENTS && q->client[i].fd >= 0; i++)
		;
	if (i < INQUIRY_CLIENTS && may_ask(fd)) {
		e.data.ptr = &q->client[i];
		if (!epoll_ctl(q->epoll, EPOLL_CTL_ADD, fd, &e)) {
			q->client[i].fd = fd;
			q->client[i].events = e.events;
			return;
		}
	}
	close(fd);
}

void inquiry_work(struct inquiry *q, const struct router *r)
{
	struct epoll_event e[INQUIRY_CLIENTS + 1];
	int n = q->epoll < 0 ? 0 : epoll_wait(q->epoll, e, INQUIRY_CLIENTS + 1, 0), i;

	for (i = 0; i < n; i++) {
		if (e[i].data.ptr)
			client_work(q, e[i].data.ptr, e[i].events, r);
		else
			client_new(q);
	}
}

void inquiry_tell(struct inquiry *q, const char *line)
{
	struct inquiry_client *c;
	unsigned int i;

	for (i = 0; i < INQUIRY_CLIENTS; i++) {
		c = &q->client[i];
		if (c->fd < 0 || !c->trace)
			continue;
		if (room(c) < ITEM) {
			c->missed++;
			continue;
		}
		if (c->missed)
			say(c, "(%lu packets were too quick to be told)\n", c->missed);
		c->missed = 0;
		say(c, "%s\n", line);
		shared_store(q->tracing, q->tracing - !--c->trace);
		client_wait(q, c);
	}
}

/* ---- life -------------------------------------------------------------- */

socklen_t inquiry_name(struct sockaddr_un *name, uint32_t vr, unsigned int queue)
{
	int n;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	n = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "europa-router/%u/%u", vr,
		     queue);
	return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

int inquiry_open(struct inquiry *q, uint32_t vr, unsigned int queue)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct sockaddr_un name;
	socklen_t size = inquiry_name(&name, vr, queue);
	int i, err;

	memset(q, 0, sizeof(*q));
	for (i = 0; i < INQUIRY_CLIENTS; i++)
		q->client[i].fd = -1;
	q->epoll = epoll_create1(EPOLL_CLOEXEC);
	q->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->epoll >= 0 && q->listener >= 0 &&
	    !bind(q->listener, (struct sockaddr *)&name, size) && !listen(q->listener, 4) &&
	    !epoll_ctl(q->epoll, EPOLL_CTL_ADD, q->listener, &e))
		return 0;
	err = -errno;
	inquiry_close(q);
	return err;
}

void inquiry_close(struct inquiry *q)
{
	int i;

	for (i = 0; i < INQUIRY_CLIENTS; i++)
		if (q->client[i].fd >= 0)
			client_close(q, &q->client[i]);
	if (q->listener >= 0)
		close(q->listener);
	if (q->epoll >= 0)
		close(q->epoll);
	q->listener = q->epoll = -1;
}
