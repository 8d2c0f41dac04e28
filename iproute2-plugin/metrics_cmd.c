// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr metrics: figures for a monitoring system, printed, or for one client over HTTP. */
#include "cmd.h"
#include "metrics.h"
#include "metrics_http.h"

#define METRICS_VRS	64	/* that can be named in a command */

static int print_sample(struct sampler *sampler, enum metrics_format as)
{
	struct sample s;
	int ret;

	if (sample_take(sampler, &s))
		return sample_fail(sampler);
	ret = sample_complete(sampler, &s);
	if (!ret)
		metrics_print(&s, as);
	sample_free(&s);
	return ret;
}

/* For one client; http says what it is about in the journal, and to the client. */
static int serve(struct sampler *sampler)
{
	int ret = sampler_open(sampler);
	struct sample s = { 0 };

	if (!ret) {
		if (sample_take(sampler, &s))
			ret = sample_fail(sampler);
		sampler_close(sampler);
	}
	ret = metrics_http(ret ? NULL : &s);
	sample_free(&s);
	return ret;
}

int cmd_metrics(struct args *a)
{
	static const char *const formats[] = { "openmetrics", "prometheus" };
	struct vr_ref refs[METRICS_VRS];
	struct sampler sampler = { .refs = refs };
	int as = METRICS_OPENMETRICS, ret;
	const char *value;

	if (args_take(a, "http"))
		return no_more(a) ? EXIT_USAGE : serve(&sampler);
	if (args_take(a, "format")) {
		value = args_value(a, "format");
		as = value ? parse_one_of("format", value, formats, 2) : -1;
		if (as < 0)
			return EXIT_USAGE;
	}
	if (take_refs(a, refs, &sampler.nrefs, METRICS_VRS))
		return EXIT_USAGE;
	ret = sampler_open(&sampler);
	if (ret)
		return ret;
	ret = print_sample(&sampler, as);
	sampler_close(&sampler);
	return ret;
}
