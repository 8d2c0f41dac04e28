// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

void *need(void *memory)
{
	if (memory)
		return memory;
	perror("ip-vr");
	exit(255);
}
