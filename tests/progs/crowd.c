// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * crowd DEVICE COUNT: COUNT threads attach at once, each by a file of its own. Say how many
 * did, and how many were told that there is a data plane. Needs no privilege.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "dataplane.h"

#define COUNT_MAX	64

static pthread_barrier_t together;
static const char *device;

static void *attach(void *result)
{
	struct dataplane dp = { .fd = open(device, O_RDWR) };

	pthread_barrier_wait(&together);
	*(int *)result = dp.fd < 0 ? dp.fd : dp_attach(&dp);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int i, count = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
	unsigned int did = 0, busy = 0;
	pthread_t thread[COUNT_MAX];
	int result[COUNT_MAX];

	if (!count || count > COUNT_MAX)
		errx(2, "crowd DEVICE COUNT");
	device = argv[1];
	pthread_barrier_init(&together, NULL, count);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, attach, &result[i]))
			errx(1, "thread %u", i);
	for (i = 0; i < count; i++) {
		pthread_join(thread[i], NULL);
		did += !result[i];
		busy += result[i] == -EBUSY;
	}
	printf("attached %u busy %u\n", did, busy);
	return 0;
}
