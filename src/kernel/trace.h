/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Tracepoints: /sys/kernel/tracing/events/europa. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM europa

#if !defined(_EUROPA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _EUROPA_TRACE_H

#include <linux/tracepoint.h>
#include <linux/europa.h>

#define EUROPA_TRACE_WHY	12	/* longest name of a counter, with NUL */

/* A packet that neither goes out nor to a stack, and the counter that tells. */
TRACE_EVENT(europa_drop,
	    TP_PROTO(u32 vr, u16 port, u32 len, enum europa_counter why),
	    TP_ARGS(vr, port, len, why),
	    TP_STRUCT__entry(__field(u32, vr)
			     __field(u32, len)
			     __field(u16, port)
			     __array(char, why, EUROPA_TRACE_WHY)),
	    TP_fast_assign(__entry->vr = vr;
			   __entry->len = len;
			   __entry->port = port;
			   strscpy(__entry->why, europa_trace_names[why],
				   EUROPA_TRACE_WHY);),
	    TP_printk("vr=%u port=%u len=%u why=%s", __entry->vr,
		      __entry->port, __entry->len, __entry->why)
);

/* A data plane that slept is woken. */
TRACE_EVENT(europa_wake,
	    TP_PROTO(u32 vr),
	    TP_ARGS(vr),
	    TP_STRUCT__entry(__field(u32, vr)),
	    TP_fast_assign(__entry->vr = vr;),
	    TP_printk("vr=%u", __entry->vr)
);

/* A data plane asked for its tx ring to be drained. */
TRACE_EVENT(europa_kick,
	    TP_PROTO(u32 vr, u32 entries),
	    TP_ARGS(vr, entries),
	    TP_STRUCT__entry(__field(u32, vr)
			     __field(u32, entries)),
	    TP_fast_assign(__entry->vr = vr;
			   __entry->entries = entries;),
	    TP_printk("vr=%u entries=%u", __entry->vr, __entry->entries)
);

#endif /* _EUROPA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
