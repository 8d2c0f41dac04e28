/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Tables that one thread changes and others, the workers, read, without a lock: RCU,
 * by liburcu's QSBR flavour. A worker says between two bursts that it keeps nothing of
 * what it read (grace_pass()), or that it sleeps. That is all it costs, and where the
 * one thread does both, nothing.
 *
 * What readers see is, at every moment, old or new, nothing in between:
 *   - a word is stored at once, and what it leads to was complete before it
 *     (shared_publish(), grace_read());
 *   - what consists of several words that belong together is made anew elsewhere, and
 *     a word that leads to it is changed; or it is closed by a word that sends packets
 *     to the kernel, written when all that were at it are done, and opened again
 *     (adjacencies, neigh.c);
 *   - what is no longer led to is freed, or used for something else, when nobody can
 *     be at it any more: grace_call().
 *
 * Why no call_rcu() or defer_rcu(): those have a thread of their own call back, and
 * what is called here belongs to the one that changes the tables. So that waits
 * itself, once for all that it did in a round: grace_settle(). There are no rounds
 * while nothing changes.
 */
#ifndef ROUTER_GRACE_H
#define ROUTER_GRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Words that others store, or load, meanwhile. In order with nothing else. */
#define shared_load(word)		__atomic_load_n(&(word), __ATOMIC_RELAXED)
#define shared_store(word, value)	__atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

/* Who sees the word by shared_acquire() or grace_read() sees all stored before it. */
#define shared_publish(word, value)	__atomic_store_n(&(word), (value), __ATOMIC_RELEASE)
#define shared_acquire(word)		__atomic_load_n(&(word), __ATOMIC_ACQUIRE)

/*
 * A word that leads to memory, by its address, or by a number in it. The processor
 * orders what is read by the result after the word itself, without a barrier; of that
 * the thread sanitizer knows nothing.
 */
#ifdef __SANITIZE_THREAD__
#define grace_read(word)		__atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#else
#define grace_read(word)		__atomic_load_n(&(word), __ATOMIC_RELAXED)
#endif

/* There are readers in other threads. Changes only while there are none. */
extern bool grace_shared;

/* ---- who changes the tables: one thread -------------------------------- */

typedef void (*grace_fn)(void *arg, uint32_t value);

/*
 * When no reader can be any more at what is not led to now; at once if there are
 * none. It may wait, if there is no memory to remember the call.
 */
void grace_call(grace_fn fn, void *arg, uint32_t value);
/* The same, of free(). */
void grace_free(void *p);
/* Wait for readers, and make all calls that were asked for up to now. */
void grace_settle(void);

/* ---- who reads --------------------------------------------------------- */

void grace_enter(void);		/* a thread's first */
void grace_leave(void);		/* and its last */
void grace_pass(void);		/* it keeps nothing of what it read */
void grace_sleep(void);		/* the same, and it reads nothing ... */
void grace_wake(void);		/* ... up to here */

#endif
