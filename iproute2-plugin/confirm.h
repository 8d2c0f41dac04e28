/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CONFIRM_H
#define CONFIRM_H

#include <stdint.h>

/* Detach dev from VR id after so many milliseconds, unless "ip vr confirm" comes before. */
int confirm_or_detach(int milliseconds, uint32_t id, const char *dev);

#endif
