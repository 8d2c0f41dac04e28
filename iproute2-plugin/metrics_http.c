// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * ip vr metrics http: answers one request over HTTP, which comes on standard input, for a socket
 * of systemd's or inetd's. The figures are taken first, and then all capabilities given up: what
 * somebody sends is read by a process that may do nothing.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "caps.h"
#include "clock.h"
#include "metrics.h"
#include "metrics_http.h"

#define REQUEST_MAX	8192		/* bytes of the line and all headers */
#define PATIENCE	5000		/* milliseconds for them to come */

#define OPENMETRICS	"application/openmetrics-text"

struct request {
	char text[REQUEST_MAX + 1];
	size_t len;
};

/* ---- what is asked ----------------------------------------------------- */

/* The empty line is there. */
static bool is_whole(const struct request *r)
{
	return strstr(r->text, "\r\n\r\n") || strstr(r->text, "\n\n");
}

/* false: nothing more comes, or not in time. */
static bool read_more(struct request *r, long long due)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	long long left = due - clock_ms();
	ssize_t n;

	if (left <= 0 || poll(&p, 1, left) <= 0)
		return false;
	n = read(STDIN_FILENO, r->text + r->len, REQUEST_MAX - r->len);
	if (n <= 0)
		return false;
	r->len += n;
	r->text[r->len] = '\0';
	return true;
}

/* false: it is none, too long, or takes too long. A NUL in it ends it. */
static bool read_request(struct request *r)
{
	long long due = clock_ms() + PATIENCE;

	r->len = 0;
	r->text[0] = '\0';
	while (!is_whole(r))
		if (r->len == REQUEST_MAX || !read_more(r, due))
			return false;
	return true;
}

/* The value of a header, to the line's end; NULL: there is none. */
static const char *header(const struct request *r, const char *name)
{
	size_t len = strlen(name);
	const char *p = r->text;

	while ((p = strchr(p, '\n'))) {
		p++;
		if (!strncasecmp(p, name, len) && p[len] == ':')
			return p + len + 1;
	}
	return NULL;
}

/* Whether the client says that it reads that; how gladly does not matter, as Prometheus. */
static bool accepts_openmetrics(const struct request *r)
{
	const char *p = header(r, "Accept");
	size_t len = strlen(OPENMETRICS), i, line = p ? strcspn(p, "\r\n") : 0;

	for (i = 0; i + len <= line; i++)
		if (!strncasecmp(p + i, OPENMETRICS, len))
			return true;
	return false;
}

/* A word of the first line and the blank behind it; its length, 0: there is none. */
static size_t word(const char **p, const char **start)
{
	size_t len = strcspn(*p, " \r\n");

	*start = *p;
	*p += len;
	if (**p == ' ')
		++*p;
	return len;
}

static bool is(const char *start, size_t len, const char *what)
{
	return strlen(what) == len && !strncmp(start, what, len);
}

/* ---- the answer -------------------------------------------------------- */

static void head(const char *status, const char *type)
{
	printf("HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n", status, type);
}

static void refuse(const char *status, const char *more, bool body)
{
	head(status, "text/plain; charset=utf-8");
	printf("%s\r\n", more);
	if (body)
		printf("%s\n", status);
}

static void give(const struct request *r, const struct sample *s, bool body)
{
	bool open = accepts_openmetrics(r);

	head("200 OK", open ? OPENMETRICS "; version=1.0.0; charset=utf-8" :
			      "text/plain; version=0.0.4; charset=utf-8");
	printf("\r\n");
	if (body)
		metrics_print(s, open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS);
}

/* s NULL: there are no figures. */
static void answer(const struct request *r, const struct sample *s)
{
	const char *p = r->text, *method, *target, *version;
	size_t method_len = word(&p, &method);
	size_t target_len = word(&p, &target), version_len = word(&p, &version);
	bool body = !is(method, method_len, "HEAD");

	if (!method_len || !target_len || *target != '/' || version_len != 8 || strncmp(version, "HTTP/1.", 7))
		refuse("400 Bad Request", "", true);
	else if (body && !is(method, method_len, "GET"))
		refuse("405 Method Not Allowed", "Allow: GET, HEAD\r\n", true);
	else if (!is(target, strcspn(target, "? \r\n"), "/metrics"))
		refuse("404 Not Found", "", body);
	else if (!s)
		refuse("503 Service Unavailable", "", body);
	else
		give(r, s, body);
}

int metrics_http(const struct sample *s)
{
	struct request r;
	int err = caps_drop();

	if (err) {
		fprintf(stderr, "Cannot drop capabilities: %s\n", strerror(-err));
		return EXIT_KERNEL;
	}
	if (read_request(&r))
		answer(&r, s);
	else
		refuse("400 Bad Request", "", true);
	return 0;
}
