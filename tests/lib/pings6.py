# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# pings6.py ADDRESS N: N times what `ping -6 -F 0 -c 1 ADDRESS` does, an echo request with a
# random flow label, and waits a little for the answer; without a process for each.
import os
import random
import socket
import struct
import sys

IPV6_FLOWINFO_SEND = 33
ICMP6_FILTER = 1
REQUEST, REPLY = 128, 129

sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1)
blocked = [0xffffffff] * 8
blocked[REPLY >> 5] &= ~(1 << (REPLY & 31))
sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("8I", *blocked))
sock.settimeout(0.5)
answered = 0
for number in range(int(sys.argv[2])):
    echo = struct.pack("!BBHHH", REQUEST, 0, 0, os.getpid() & 0xffff, number & 0xffff)
    sock.sendto(echo, (sys.argv[1], 0, random.randrange(1, 1 << 20), 0))
    try:
        while sock.recv(100)[4:8] != echo[4:8]:
            pass
        answered += 1
    except TimeoutError:
        pass
sys.exit(answered == 0)
