// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What the running router answers by its socket, and traces of packets. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datapath_bed.h"

#include "ask.h"
#include "inquiry.h"
#include "trace.h"

#define VR	65000
#define MANY	3000	/* routes, more than fit into an answer */

static struct inquiry *q;

static int open_all(void **state)
{
	int err = setup(state);

	q = malloc(sizeof(*q));
	assert_int_equal(inquiry_open(q, VR, getpid()), 0);
	return err;
}

static int close_all(void **state)
{
	inquiry_close(q);
	free(q);
	return teardown(state);
}

static int ask(const char *question)
{
	int fd = ask_open(VR, getpid());

	assert_true(fd >= 0);
	assert_int_equal(send(fd, question, strlen(question), 0), strlen(question));
	return fd;
}

/* All that the router says before it has nothing to do. */
static char *hear(struct bed *b, int fd)
{
	static char text[1 << 20];
	struct pollfd p = { .fd = q->epoll, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	do {
		while (poll(&p, 1, 0) > 0) {
			inquiry_work(q, &b->r);
			got = recv(fd, text + n, sizeof(text) - n - 1, MSG_DONTWAIT);
			n += got > 0 ? got : 0;
		}
		got = recv(fd, text + n, sizeof(text) - n - 1, MSG_DONTWAIT);
		n += got > 0 ? got : 0;
	} while (got > 0 || poll(&p, 1, 0) > 0);
	text[n] = '\0';
	return text;
}

static void says(struct bed *b, const char *question, const char *answer)
{
	int fd = ask(question);
	char *text = hear(b, fd);

	if (!strstr(text, answer))
		fail_msg("%sis answered: %s", question, text);
	close(fd);
}

static void test_words(void **state)
{
	struct bed *b = *state;
	struct port vlan = b->r.ports.port[1];

	b->r.lane[0].stats.punt[PUNT_TTL] = 7;
	says(b, "stats\n", "\"ttl\":7,");
	says(b, "stats\n", "{\"vr\":0,\"sent\":0,\"punted\":7,");
	says(b, "stats\n", "\"ports\":2,\"vlans\":0,");
	says(b, "stats\n", ",\"workers\":[{\"queue\":0,\"sent\":0,\"punted\":7,");
	b->r.lane[1] = b->r.lane[0];
	b->r.lane[1].stats.sent = 3;
	b->r.lanes = 2;
	says(b, "stats\n", "{\"vr\":0,\"sent\":3,\"punted\":14,");
	says(b, "stats\n", "},{\"queue\":0,\"sent\":3,\"punted\":7,");
	b->r.lanes = 1;
	vlan.ifindex = 900;
	vlan.vlan = 7;
	port_set(&b->r.ports, EUROPA_PORT_MAX + 1, &vlan);
	says(b, "stats\n", "\"ports\":2,\"vlans\":1,");
	says(b, "lookup 192.168.1.1\n", "{\"via\":\"10.1.0.1\",\"dev\":");
	says(b, "lookup 2001:db8::5\n", "{\"via\":\"fe80::1\",\"dev\":");
	says(b, "lookup 8.8.8.8\n", "{\"punt\":true}\n");
	says(b, "lookup nothing\n", "not an address");
	says(b, "neighbours\n", "\"via\":\"10.1.0.1\"");
	says(b, "neighbours\n", "\"state\":\"reachable\"");
	says(b, "what\n", "\"error\"");
	/* Several at once, in their order. */
	says(b, "lookup 8.8.8.8\nlookup 192.168.1.1\n", "{\"punt\":true}\n{\"via\":\"10.1.0.1\"");
}

/* As many as there can be, and figures as long: still one line, and whole. */
static void test_workers(void **state)
{
	struct bed *b = *state;
	unsigned int i;

	for (i = 0; i < EUROPA_QUEUES_MAX; i++) {
		b->r.lane[i].q = &b->q;
		memset(&b->r.lane[i].stats, 0xff, sizeof(b->r.lane[i].stats));
	}
	b->r.lanes = EUROPA_QUEUES_MAX;
	says(b, "stats\nlookup 8.8.8.8\n", "}],\"resync\":false}\n{\"punt\":true}\n");
}

static void test_routes(void **state)
{
	struct bed *b = *state;
	char *text, *at, one[40];
	unsigned int i, n = 0;
	int fd;

	for (i = 0; i < MANY; i++) {
		gateway(&b->r, 0x15000000 + (i << 8), 24, 0x0a010001);
		gateway6(&b->r, (struct ipv6_addr){ 0x20020000ull << 32 | i << 16, 0 }, 48,
			 (struct ipv6_addr){ 0xfe80ull << 48, 1 });
	}
	fd = ask("routes\n");
	text = hear(b, fd);
	assert_int_equal(*text, '[');
	assert_string_equal(text + strlen(text) - 3, "\n]\n");
	for (at = text; (at = strstr(at, "{\"dst\":")); at++)
		n++;
	assert_int_equal(n, b->r.ip4.fib.routes + b->r.ip6.fib.routes);
	for (i = 0; i < MANY; i += 100) {
		snprintf(one, sizeof(one), "{\"dst\":\"21.%u.%u.0/24\"", i >> 8, i & 255);
		assert_non_null(strstr(text, one));
		snprintf(one, sizeof(one), "{\"dst\":\"2002:0:%x::/48\"", i);
		if (i)
			assert_non_null(strstr(text, one));
	}
	close(fd);
}

/* As many as can be asked at once, though their answers are longer than there is room. */
static void test_many_questions(void **state)
{
	struct bed *b = *state;
	char questions[INQUIRY_QUESTIONS] = "";
	unsigned int n = 0, lines = 0;
	char *at;
	int fd;

	for (at = questions; at < questions + sizeof(questions) - 20; n++)
		at += sprintf(at, "stats\n");
	fd = ask(questions);
	for (at = hear(b, fd); (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, n);
	close(fd);
}

/* One that does not read, asks too much, or says nothing hinders no other. */
static void test_bounds(void **state)
{
	struct bed *b = *state;
	char rubbish[INQUIRY_QUESTIONS + 1];
	int fd[INQUIRY_CLIENTS], i;

	for (i = 0; i < 40; i++)
		gateway(&b->r, 0x15000000 + (i << 8), 24, 0x0a010001);
	for (i = 0; i < INQUIRY_CLIENTS; i++)
		fd[i] = ask(i % 2 ? "" : "routes\n");
	for (i = 0; i < 100; i++)
		inquiry_work(q, &b->r);
	/* No room for another, which is told so. */
	i = ask("stats\n");
	inquiry_work(q, &b->r);
	assert_true(recv(i, rubbish, 1, 0) <= 0);
	close(i);
	memset(rubbish, 'x', sizeof(rubbish));
	assert_true(send(fd[1], rubbish, sizeof(rubbish), MSG_NOSIGNAL) > 0);
	for (i = 0; i < 10; i++)
		inquiry_work(q, &b->r);
	assert_true(recv(fd[1], rubbish, 1, 0) <= 0);
	says(b, "lookup 192.168.1.1\n", "10.1.0.1");
	for (i = 0; i < INQUIRY_CLIENTS; i++)
		close(fd[i]);
	for (i = 0; i < 10; i++)
		inquiry_work(q, &b->r);
	for (i = 0; i < INQUIRY_CLIENTS; i++)
		assert_int_equal(q->client[i].fd, -1);
}

/* Nothing of what one answers who took the name reaches a terminal as it is. */
static void test_tame(void **state)
{
	int end[2];
	char line[64];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0);
	assert_int_equal(send(end[1], "a\033[2Jb\200\n", 8, 0), 8);
	assert_int_equal(ask_line(end[0], "stats", line, sizeof(line)), 0);
	assert_string_equal(line, "a?[2Jb?");
	/* More than there is room for, and one that goes. */
	assert_int_equal(send(end[1], "12345678", 8, 0), 8);
	assert_int_equal(ask_line(end[0], "stats", line, 8), -EMSGSIZE);
	close(end[1]);
	assert_true(ask_line(end[0], "stats", line, sizeof(line)) < 0);
	close(end[0]);
}

/* Through the datapath, being watched. */
static struct europa_entry watched(struct bed *b)
{
	struct europa_entry e[1], out;

	set_sum(b->frame);
	assert_true(fake_receive(&b->k, 0, b->frame, 98, 0, NULL) >= 0);
	europa_ring_submit(&b->k.rx);
	assert_int_equal(europa_rx_peek(&b->q, e, 1), 1);
	trace_burst(&b->r, &b->r.lane[0], q, e, 1);
	europa_tx_submit(&b->q);
	assert_int_equal(fake_drain(&b->k, &out), 1);
	return out;
}

static void test_trace(void **state)
{
	struct bed *b = *state;
	int fd = ask("trace 2\n");
	char *text;

	hear(b, fd);
	assert_int_equal(q->tracing, 1);
	assert_int_equal(watched(b).op, EUROPA_OP_SEND);
	b->frame[IPV4_TTL_AT] = 1;
	assert_int_equal(watched(b).op, EUROPA_OP_PUNT);
	assert_int_equal(q->tracing, 0);
	assert_int_equal(b->r.lane[0].stats.sent, 1);
	assert_int_equal(b->r.lane[0].stats.bursts, 2);
	text = hear(b, fd);
	assert_non_null(strstr(text, "10.0.0.5 > 192.168.1.1 udp ttl 64, 98 bytes: route 192.168.0.0/16 via 10.1.0.1 dev "));
	assert_non_null(strstr(text, "neighbour reachable; sent by "));
	assert_non_null(strstr(text, " to 02:00:00:00:00:99\n"));
	assert_non_null(strstr(text, "; left to the kernel: ttl\n"));
	close(fd);
}

/* More than there is room for: those that are not told are counted, and N are told. */
static void test_trace_overflow(void **state)
{
	struct bed *b = *state;
	int fd = ask("trace 1000\n"), i, lines = 0;
	char *text, *at;
	unsigned long missed;

	hear(b, fd);
	for (i = 0; i < 900; i++)
		watched(b);
	assert_int_equal(q->tracing, 1);
	text = hear(b, fd);
	watched(b);
	at = strchr(hear(b, fd), '(');
	assert_non_null(at);
	missed = strtoul(at + 1, NULL, 10);
	assert_true(missed > 700 && missed < 900);
	for (i = 0; i < 5000 && q->tracing; i++) {
		watched(b);
		for (at = hear(b, fd); (at = strchr(at, '\n')); at++)
			lines++;
	}
	(void)text;
	assert_int_equal(q->tracing, 0);
	assert_int_equal(lines + 900 - missed + 1, 1000);
	close(fd);
}

#define TA(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TA(test_words),
		TA(test_workers), TA(test_routes), TA(test_many_questions), TA(test_bounds),
		TA(test_tame), TA(test_trace), TA(test_trace_overflow),
	};

	return cmocka_run_group_tests_name("inquiry", tests, NULL, NULL);
}
