/* SPDX-License-Identifier: GPL-2.0 */
/* Events, to the multicast group of the generic netlink family. */
#ifndef _EUROPA_EVENT_H
#define _EUROPA_EVENT_H

#include <linux/europa.h>

struct europa_lower;
struct europa_port;
struct europa_queue;
struct europa_vr;

void europa_event_vr(const struct europa_vr *vr, enum europa_event event);
void europa_event_queue(const struct europa_queue *queue,
			enum europa_event event);
void europa_event_port(const struct europa_port *port,
		       enum europa_event event);
void europa_event_classifier(const struct europa_lower *lower,
			     enum europa_event event);

#endif /* _EUROPA_EVENT_H */
