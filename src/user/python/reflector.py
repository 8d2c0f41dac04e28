#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
"""Sends every IPv4 packet back to where it came from; punts all else."""
import sys
import europa

with europa.Queue(*sys.argv[1:]) as q:
    mac, p = q.addresses(), q.packets
    for e in q.bursts():
        s = e['slot']
        fit = (e['bytes'] >= 34) & (e['flags'] & europa.RX_MULTICAST == 0) & \
            (p[s, 12:15] == [8, 0, 0x45]).all(1)
        q.punt(e[~fit])
        e, s = e[fit], s[fit]
        p[s, 0:6] = p[s, 6:12]
        p[s, 6:12] = mac[e['port']]
        p[s, 26:34] = p[s][:, [30, 31, 32, 33, 26, 27, 28, 29]]
        q.send(e, e['port'], 34)
