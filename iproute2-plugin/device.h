/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEVICE_H
#define DEVICE_H

#include "args.h"

int take_dev(struct args *a, const char **dev);		/* [dev] DEVICE; 0 or EXIT_WORDS */
int need_dev(const char *dev, uint32_t *ifindex);	/* of the one given; 0 or EXIT_WORDS */

#endif
