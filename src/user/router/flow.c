// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <unistd.h>

#include "bytes.h"
#include "flow.h"

void flow_init(struct flow *f, const char *setting)
{
	*f = (struct flow){ .setting = setting };
	/* Before there is any entropy, flows are as well spread, and predictable. */
	if (getrandom(f->key, sizeof(f->key), GRND_NONBLOCK) != sizeof(f->key))
		f->key[0] = getpid();
}

void flow_refresh(struct flow *f)
{
	int fd = open(f->setting, O_RDONLY | O_CLOEXEC);
	char text[2] = "";

	f->policy = FLOW_OTHER;
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text)) == 2 && text[1] == '\n' &&
	    (text[0] == '0' || text[0] == '1'))
		f->policy = text[0] == '0' ? FLOW_L3 : FLOW_L4;
	close(fd);
}

uint64_t flow_transport(uint8_t protocol, const uint8_t *at, unsigned int bytes)
{
	if (bytes < 4)
		return protocol;
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_ESP:
		return (uint64_t)protocol << 32 | load32(at);
	default:
		return protocol;
	}
}
