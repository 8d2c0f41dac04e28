#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
"""queue.py VR WHAT: use the module europa in ways that a test looks at.

refused   what is wrong raises what it says it does; prints "refused ok"
verdicts  waits for three packets, in any bursts, sends the first out of port 1, addressed
          anew, punts the second, drops the third; sends five frames of its own; prints
          "verdicts ok"
wait      prints "waiting", waits for ever; at SIGTERM it says "handler" and ends well
"""
import errno
import signal
import sys

import numpy as np

import europa


def fails(kind, code, call, *args, **named):
    try:
        call(*args, **named)
    except kind as e:
        assert code is None or e.errno == code, e
        return
    raise AssertionError(f'{call} {args} {named} is not refused')


def refused(vr):
    fails(FileNotFoundError, errno.ENOENT, europa.Queue, 'nosuch')
    fails(OSError, errno.EINVAL, europa.Queue, vr, queue=64)
    fails(OSError, errno.EINVAL, europa.Queue, vr, spares=60000)
    q = europa.Queue(vr, spares=8, features=europa.FEATURE_AGREE | 1 << 63)
    assert q.features == europa.FEATURE_AGREE and q.spares == 8, (q.features, q.spares)
    fails(OSError, errno.EBUSY, europa.Queue, vr)
    fails(FileNotFoundError, errno.ENOENT, q.port, 9)
    assert q.port(0).up and q.port(0).address == bytes(q.addresses()[0])
    assert not q.addresses()[9].any()
    assert len(q.receive(timeout=0.02)) == 0
    mine = q.spare(64)
    assert len(mine) == 8 and len(q.spare(64)) == 0
    wrong = mine.copy()
    wrong['slot'][7] = len(q.slots)
    fails(IndexError, None, q.drop, wrong)
    fails(ValueError, None, q.send, mine, 65536, 60)
    fails(ValueError, None, q.send, mine, [0, 1], 60)
    assert q.kick() == 0
    q.drop(mine[::2])
    q.drop(mine[1::2])
    assert q.kick() == 8
    rows = q.headers
    q.close()
    q.close()
    rows['flags'][:] = 1    # no more the kernel's, but still there
    for call in q.kick, q.receive, q.fileno, q.start:
        fails(ValueError, None, call)
    with europa.Queue(vr, start=False) as again:
        assert again.fileno() >= 0


def verdicts(vr):
    with europa.Queue(vr) as q:
        print('receiving', flush=True)
        e = np.empty(0, europa.ENTRY)
        while len(e) < 3:
            e = np.concatenate([e, q.receive()])
        assert len(e) == 3 and (e['port'] == 0).all() and (e['bytes'] == e['len']).all(), e
        assert (q.packets[e['slot'], 0:6] == q.addresses()[0]).all()
        assert (q.headers['state'][e['slot']] == 1).all()
        q.packets[e['slot'][0], 0:6] = [2, 0, 0, 0, 0, 0x0b]
        q.packets[e['slot'][0], 6:12] = q.addresses()[1]
        q.send(e[:1], 1, 12)
        q.punt(e[1:2])
        q.drop(e[2:])
        mine = q.spare(5)
        mine['len'] = mine['bytes'] = 60
        frame = np.zeros((5, 60), 'u1')
        frame[:, 6:12] = q.addresses()[1]
        frame[:, 12] = 0x88
        frame[:, 13] = 0xb5
        frame[:, 14] = range(5)
        q.packets[mine['slot'], :60] = frame
        q.send(mine, 1, mine['bytes'])
        assert q.kick() == 8


def wait(vr):
    signal.signal(signal.SIGTERM, lambda *_: (print('handler', flush=True), sys.exit(0)))
    with europa.Queue(vr) as q:
        print('waiting', flush=True)
        q.receive()


globals()[sys.argv[2]](sys.argv[1])
print(sys.argv[2], 'ok')
