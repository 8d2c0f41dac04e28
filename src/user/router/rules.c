// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/rtnetlink.h>

#include "rules.h"

#define RULE_LOCAL	0x01
#define RULE_MAIN	0x02

/*
 * RULE_*, 0 for one that changes nothing here, -1 for one that may. Where the local table
 * stands is of no importance: what it has is the kernel's to decide anyhow. A VRF's
 * interfaces are, too (see port.c), so what is said of them is of no importance, either.
 */
static int kind_of(const struct message_rule *m)
{
	if (!m->plain)
		return -1;
	if (m->vrf)
		return m->table == RT_TABLE_UNSPEC ? 0 : -1;
	if (m->table == RT_TABLE_LOCAL)
		return RULE_LOCAL;
	if (m->priority == 32766 && m->table == RT_TABLE_MAIN)
		return RULE_MAIN;
	return m->priority == 32767 && m->table == RT_TABLE_DEFAULT ? 0 : -1;
}

/* One that is there when a network namespace begins. */
static bool first(const struct message_rule *m)
{
	return kind_of(m) >= 0 && !m->vrf && (m->table != RT_TABLE_LOCAL || m->priority == 0);
}

void rules_add(struct rules *r, const struct message *m)
{
	int kind = kind_of(&m->rule);

	r->changed |= !m->dump || !first(&m->rule);
	if (kind >= 0)
		r->dump.defaults |= kind;
	else
		r->dump.others++;
	if (m->dump)
		return;
	if (kind >= 0)
		r->now.defaults |= kind;
	else
		r->now.others++;
}

void rules_del(struct rules *r, const struct message *m)
{
	int kind = kind_of(&m->rule);

	r->changed = true;
	if (kind < 0)
		return;
	r->now.defaults &= ~kind;
	r->dump.defaults &= ~kind;
}

void rules_begin(struct rules *r)
{
	r->dump = (struct rules_count){ 0 };
}

void rules_end(struct rules *r)
{
	r->now = r->dump;
	rules_begin(r);
}

bool rules_odd(const struct rules *r)
{
	return r->now.others || r->now.defaults != (RULE_LOCAL | RULE_MAIN);
}
