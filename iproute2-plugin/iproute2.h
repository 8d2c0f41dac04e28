/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What ip and tc (iproute2 6.1 to 7.2) ask of a plugin and export to it. No
 * package ships this. A plugin cannot tell which release loads it, so here is
 * only what is the same in all of them; what is not (print_action_control(),
 * print_tm()), m_europa.c does itself. Weak, for plugin_fits() to look whether
 * it is there: called, what is missing would end the program.
 */
#ifndef IPROUTE2_H
#define IPROUTE2_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* ip: symbol europa_link_util of link_europa.so */
struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *lu, int argc, char **argv, struct nlmsghdr *n);
	void (*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *lu, FILE *f, struct rtattr *xstats);
	void (*print_help)(struct link_util *lu, int argc, char **argv, FILE *f);
	int (*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *n, void *arg);
};

/* tc: symbol europa_action_util of m_europa.so */
struct action_util {
	struct action_util *next;
	char id[16];
	int (*parse_aopt)(struct action_util *a, int *argc, char ***argv, int code,
			  struct nlmsghdr *n);
	int (*print_aopt)(struct action_util *a, FILE *f, struct rtattr *opt);
	int (*print_xstats)(struct action_util *a, FILE *f, struct rtattr *xstats);
};

/* ip and tc */
#define HOST __attribute__((weak))

HOST int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data, int len);
HOST struct rtattr *addattr_nest(struct nlmsghdr *n, int maxlen, int type);
HOST int addattr_nest_end(struct nlmsghdr *n, struct rtattr *nest);
HOST int parse_rtattr(struct rtattr *tb[], int max, struct rtattr *rta, int len);
HOST void invarg(const char *msg, const char *arg) __attribute__((noreturn));
HOST void missarg(const char *key) __attribute__((noreturn));
HOST int get_u32(uint32_t *value, const char *arg, int base);

enum output_type { PRINT_FP = 1, PRINT_JSON = 2, PRINT_ANY = 4 };
enum color_attr { COLOR_IFNAME, COLOR_MAC, COLOR_INET, COLOR_INET6, COLOR_OPERSTATE_UP,
		  COLOR_OPERSTATE_DOWN, COLOR_NONE };
HOST int print_color_string(enum output_type t, enum color_attr c, const char *key,
			    const char *fmt, const char *value);
HOST int print_color_uint(enum output_type t, enum color_attr c, const char *key,
			  const char *fmt, unsigned int value);
HOST int print_color_u64(enum output_type t, enum color_attr c, const char *key,
			 const char *fmt, uint64_t value);
HOST int print_color_int(enum output_type t, enum color_attr c, const char *key,
			 const char *fmt, int value);
HOST int print_color_on_off(enum output_type t, enum color_attr c, const char *key,
			    const char *fmt, bool value);
HOST int print_color_bool(enum output_type t, enum color_attr c, const char *key,
			  const char *fmt, bool value);
HOST void print_nl(void);
HOST void open_json_object(const char *name);
HOST void close_json_object(void);
extern HOST int show_stats;

/* tc */
HOST void parse_action_control_dflt(int *argc, char ***argv, int *result, bool allow_num,
				    int default_result);

#endif
