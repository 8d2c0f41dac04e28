/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink family "europa": management and events. */
#ifndef _EUROPA_GENL_H
#define _EUROPA_GENL_H

#include <linux/europa.h>

struct europa_lower;
struct europa_port;
struct europa_queue;
struct europa_vr;

int europa_genl_module_init(void);
void europa_genl_module_exit(void);

void europa_genl_event_vr(struct europa_vr *vr, enum europa_event event);
void europa_genl_event_queue(struct europa_queue *queue,
			     enum europa_event event);
void europa_genl_event_port(struct europa_port *port, enum europa_event event);
void europa_genl_event_classifier(struct europa_lower *lower,
				  enum europa_event event);

#endif /* _EUROPA_GENL_H */
