# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) the Europa authors
"""A virtual router's data plane in Python, a burst of packets at a time.

    import europa

    with europa.Queue('blue') as q:
        for e in q.bursts():
            q.punt(e)

A burst is a numpy array of entries (dtype ENTRY), one for each packet; the packets' bytes are
in slots, memory that is shared with the kernel and that numpy sees as it is: row s of
q.packets begins with the first byte of the packet whose entry says slot s.

    s = e['slot']
    q.packets[s, 22] -= 1                # IPv4 TTL of all packets of the burst

Every entry of a burst and of spare() goes back exactly once, by send(), punt() or drop(), in
any order; from there on its slot is the kernel's again. What went back is seen by the kernel
with the next receive(), kick() or poll() of the descriptor. A queue belongs to one thread at a
time. The process needs the device node and no privilege. libeuropa(3) and <linux/europa.h> say
what all fields mean; numbers are in host byte order but for vlan_proto.
"""
import collections
import os
import time

import numpy as np

from _europa import ffi as _ffi, lib as _lib

BURST = 64      # entries the kernel drains at a time
PORT_MAX = 1023

FEATURE_AGREE = 1 << 0
FEATURE_IDLE = 1 << 1

RX_META = 0x01          # flags of an entry: its row of headers says more
RX_ADDRESSED = 0x02
RX_MULTICAST = 0x04

SLOT_VLAN = 0x01        # flags of a header: which of its fields hold
SLOT_CSUM = 0x02
SLOT_CSUM_OK = 0x04
SLOT_GSO = 0x08

_PORT_UP = 0x01
_PORT_SPOOFCHK = 0x02
_DROP, _SEND, _PUNT = range(3)

ENTRY = np.dtype([
    ('len', 'u4'), ('slot', 'u2'), ('bytes', 'u2'), ('offset', 'u2'), ('port', 'u2'),
    ('op', 'u1'), ('flags', 'u1'), ('phase', 'u2')])

HEADER = np.dtype([
    ('state', 'u4'), ('flags', 'u4'), ('vlan_proto', '>u2'), ('vlan_tci', 'u2'),
    ('csum_start', 'u2'), ('csum_offset', 'u2'), ('gso_type', 'u2'), ('gso_size', 'u2'),
    ('gso_segs', 'u2'), ('gso_hdr_len', 'u2'), ('hash', 'u4'), ('reserved', 'u4', 9)])

# ifindex in the port's own namespace; mtu in bytes; up: interface and carrier; address: 6 bytes
Port = collections.namedtuple('Port', 'port ifindex mtu up spoofchk address')


def version():
    """The library's version."""
    return _ffi.string(_lib.europa_version()).decode()


def _check(ret, what=None):
    if ret < 0:
        raise OSError(-ret, os.strerror(-ret), what)
    return ret


def _burst(entries):
    """Entries as the C functions take them."""
    entries = np.ascontiguousarray(entries, ENTRY)
    return entries, _ffi.from_buffer('struct europa_entry[]', entries)


def _for_each(value, entries):
    """One number for all, or one for each."""
    value = np.asarray(value)
    if value.size and not (0 <= value.min() and value.max() <= 0xffff):
        raise ValueError('a port and a number of bytes are 0 to 65535')
    value = np.ascontiguousarray(np.broadcast_to(value, entries.shape), 'u2')
    return value, _ffi.from_buffer('uint16_t[]', value)


class Queue:
    """One attached queue of a VR; packets arrive from the start, unless start is False.

    vr: a number, a name, or None for what `ip vr exec` hands over. queue: 0 to the VR's
    queues - 1. spares: blank slots wanted, 0 for the kernel's default. features: FEATURE_*
    wanted; those that the kernel does not know are not granted, see features. snap: bytes of
    a packet wanted at most, 64 to 1984, 0 for as many as the VR's setting allows, see snap.
    OSError: ENOENT no such VR, EACCES, EBUSY there is a data plane, EINVAL, ENODEV, ENOMEM.
    """

    def __init__(self, vr=None, queue=0, spares=0, features=0, start=True, snap=0):
        name = '' if vr is None else str(vr)
        self._fd = _check(_lib.europa_open(name.encode()), name or None)
        try:
            self._attach(queue, spares, features, snap)
            if start:
                self.start()
        except BaseException:
            self.close()
            raise

    def _attach(self, queue, spares, features, snap):
        q = _ffi.new('struct europa_queue *')
        wanted = _ffi.new('struct europa_attach_options *',
                          {'queue': queue, 'spares': spares, 'features': features, 'snap': snap})
        _check(_lib.europa_attach_with(q, self._fd, wanted))
        self._queue, size = q, q.map_size
        self.vr, self.queue = q.vr, q.queue
        self.features = q.features      # granted
        self.spares = q.spares          # granted
        self.snap = q.snap              # bytes of a packet in a slot, at most
        self.headroom = q.headroom      # bytes before a packet received
        # Unmapped when the last array that shows it is gone.
        pool = _ffi.buffer(_ffi.gc(q.map, lambda at: _lib.munmap(at, size)), size)
        first = int(_ffi.cast('intptr_t', q.slots)) - int(_ffi.cast('intptr_t', q.map))
        shape = q.slot_count, q.stride
        self.slots = np.frombuffer(pool, 'u1', shape[0] * shape[1], first).reshape(shape)
        self.headers = np.ndarray(shape[0], HEADER, pool, first, (q.stride,))
        self.packets = self.slots[:, HEADER.itemsize + q.headroom:]

    def close(self):
        """Detach: what was not given back is the kernel's, what was is sent first."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        if self._queue:
            _lib.europa_stop(self._queue)
            _lib.europa_kick(self._queue)
        self._queue = None
        _lib.europa_close(fd)

    _queue = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, '_fd', None) is not None:
            self.close()

    def _q(self):
        if not self._queue:
            raise ValueError('the queue is closed')
        return self._queue

    def fileno(self):
        """For poll() and the like, with arm() before and disarm() after."""
        self._q()
        return self._fd

    def start(self):
        """From now on packets arrive."""
        _check(_lib.europa_start(self._q()))

    def stop(self):
        """No new packets arrive; those that are there can be received and given back."""
        _check(_lib.europa_stop(self._q()))

    def receive(self, most=BURST, timeout=None, spins=0):
        """Wait for packets: at most `most` entries, none after timeout seconds.

        spins: look so many times more before sleeping. OSError: ENODEV the VR is gone.
        """
        entries = np.empty(most, ENTRY)
        at = _ffi.from_buffer('struct europa_entry[]', entries)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = -1 if end is None else max(0, int((end - time.monotonic()) * 1000 + 0.999))
            try:
                return entries[:_check(_lib.europa_rx_wait(self._q(), at, most, spins, left))]
            except InterruptedError:
                pass    # Python's handlers run between here and the next call

    def bursts(self, most=BURST):
        """receive(), again and again."""
        while True:
            yield self.receive(most)

    def spare(self, most):
        """Blank slots for packets of one's own: at most `most` entries, maybe none.

        Data is at the entry's offset, which is column 0 of packets; room for len bytes. Fill
        it, set len, and send() with bytes == len.
        """
        entries = np.empty(most, ENTRY)
        at = _ffi.from_buffer('struct europa_entry[]', entries)
        return entries[:_lib.spare_burst(self._q(), at, most)]

    def send(self, entries, port, changed):
        """Send out of a port; `changed` leading bytes, from the entry's offset, have changed.

        Both are one number for all or an array, one for each.
        """
        entries, at = _burst(entries)
        port, ports = _for_each(port, entries)
        changed, sizes = _for_each(changed, entries)
        self._put(_SEND, entries, at, ports, sizes)

    def punt(self, entries):
        """Hand the packets to the kernel's stack at their ports, as they were received."""
        self._put(_PUNT, *_burst(entries))

    def drop(self, entries):
        """Give the slots back."""
        self._put(_DROP, *_burst(entries))

    def _put(self, op, entries, at, ports=_ffi.NULL, sizes=_ffi.NULL):
        if _lib.put_burst(self._q(), at, len(entries), op, ports, sizes):
            raise IndexError('no slot has that number')

    def kick(self):
        """Have the kernel take now what was given back; returns how many entries."""
        return _check(_lib.europa_kick(self._q()))

    def arm(self):
        """Before a poll() of one's own: True if there is something to receive, so do not."""
        return bool(_lib.europa_arm(self._q()))

    def disarm(self, polled=True):
        """After it, or if it was not called."""
        _lib.europa_disarm(self._q(), polled)

    def port(self, number):
        """What the kernel knows of a port. OSError: ENOENT there is none."""
        self._q()
        info = _ffi.new('struct europa_port_info *')
        _check(_lib.europa_port(self._fd, number, info))
        return Port(number, info.ifindex, info.mtu, bool(info.flags & _PORT_UP),
                    bool(info.flags & _PORT_SPOOFCHK), bytes(info.address))

    def addresses(self):
        """MAC addresses by port number, zeros where there is no port: PORT_MAX + 1 rows."""
        addresses = np.zeros((PORT_MAX + 1, 6), 'u1')
        for number in range(PORT_MAX + 1):
            try:
                addresses[number] = tuple(self.port(number).address)
            except FileNotFoundError:
                pass
        return addresses
