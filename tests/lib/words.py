# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
"""ip-vr in the machine that tests/fuzz/words makes up: its two VRs, or one that is spelt out."""
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '../..'))
OUT = os.path.realpath(os.environ.get('O', os.path.join(TOP, 'build')))
WORDS = os.path.join(OUT, 'fuzz/words')

# Attributes: see put_attributes() of words/netlink.c. Types of <linux/europa.h>.
VR, NAME, NETNS, STATE, PID, PORT, STATS, FEATURES = 1, 2, 3, 13, 14, 16, 18, 29
PORT_NUMBER, PORT_IFINDEX, PORT_IFNAME, PORT_LOWER, PORT_UP = 1, 2, 3, 5, 9

NO_FILE, NO_TTY, NO_USERS = 9, 23, 25    # enum fault of words/machine.h


def u8(kind, n):
    return bytes([0 << 5 | kind, n])


def u32(kind, n):
    return bytes([2 << 5 | kind]) + n.to_bytes(4, 'little')


def u64(kind, n):
    return bytes([3 << 5 | kind]) + (n >> 32).to_bytes(4, 'little') + \
        (n & 0xffffffff).to_bytes(4, 'little')


def text(kind, value):
    value = value if isinstance(value, bytes) else value.encode()
    return bytes([6 << 5 | kind, len(value) + 1]) + value + b'\0'


def attributes(*parts):
    return bytes([len(parts)]) + b''.join(parts)


def nest(kind, *parts):
    return bytes([5 << 5 | kind]) + attributes(*parts)


def answer(*parts):
    """What the family, which is asked for first, says to the first question."""
    return b'\0\2' + attributes(*parts)


def run(*words, tail=b'', faults=0, terminal=False):
    """What it prints, and its exit code."""
    faults |= 0 if terminal else 1 << NO_TTY
    with tempfile.NamedTemporaryFile() as f:
        f.write(b'a' + '\0'.join(words).encode() + b'\xff\xff')
        f.write(faults.to_bytes(4, 'little') + tail)
        f.flush()
        said = subprocess.run([WORDS, f.name], env=dict(os.environ, SHOW='y'),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False).stderr
    found = re.search(rb'exit code (\d+),.*?\nstdout: (.*?)\nstderr: (.*?)\n(ip-vr: |Executed)',
                      said, re.S)
    if not found:
        print('# it ended otherwise:\n' + said.decode(errors='replace'))
        return '', '', 255
    return found[2].decode(), found[3].decode(), int(found[1])


BAD = []


def check(name, good, why=''):
    print(('ok ' if good else 'not ok ') + name)
    if not good:
        BAD.append(name)
        print('# ' + str(why)[:3000].replace('\n', '\n# '))


def begin():
    if not os.access(WORDS, os.X_OK):
        print("this machine's clang has no libFuzzer: there is no made-up kernel")
        sys.exit(77)


def end():
    sys.exit(1 if BAD else 0)
