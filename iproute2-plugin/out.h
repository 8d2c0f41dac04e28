/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* One call prints a value as text or as JSON. */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stdint.h>

enum out_kind { OUT_TEXT = 1, OUT_JSON = 2, OUT_ANY = 3 };
enum out_color { C_NONE, C_NAME, C_MAC, C_UP, C_DOWN, C_INET, C_INET6 };

struct out_options {
	bool json, pretty, color, oneline;
};
extern struct out_options out_options;

bool out_is_json(void);
void out_color_auto(void);
void out_color_default(void);	/* auto, unless NO_COLOR says never */

/* key: NULL at the top and in arrays. Nothing is printed in text. */
void out_open_array(const char *key);
void out_close_array(void);
void out_open_object(const char *key);
void out_close_object(void);
void out_end(void);		/* the newline after a JSON document */

/* fmt prints value in text, a number as %llu; NULL fmt: JSON only. NULL key: text, or an array's element. */
void out_string(enum out_kind kind, enum out_color color, const char *key, const char *fmt,
		const char *value);
void out_u64(enum out_kind kind, const char *key, const char *fmt, uint64_t value);
void out_double(const char *key, double value);	/* JSON only; neither negative nor endless */
void out_bool(enum out_kind kind, const char *key, const char *fmt, bool value);
void out_on_off(const char *key, const char *fmt, bool value);
void out_null(const char *key);
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_line(int indent);	/* a new line in text, \ in -oneline */
void out_last_line(void);

#endif
