# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
"""Virtual routers as nodes of Mininet (docs/labs.md):

    topo.addHost('r1', cls=VR, routes=['10.2.0.0/16 via 10.1.0.2'])

Links, addresses and the commands of a node are Mininet's; when all is there, a VR takes the place
of each interface, and its data plane, an unprivileged process, forwards.
"""

import shlex
from subprocess import DEVNULL

from mininet.node import Node

IFNAME_MAX = 15
ASIDE = '.lower'


class VRError(Exception):
    """A command of a node said this."""


class VR(Node):
    """A node whose interfaces are the ports of a VR.

    vr: its name, the node's if not said. settings: words for "ip vr add". dataplane: the command
    that forwards, run as user. ip, as of any host, is the first interface's address; those of
    others come with their links.
    """

    def __init__(self, name, vr=None, settings='', dataplane='europa-router', user='nobody',
                 **params):
        self.vr = vr or name
        self.settings = shlex.split(settings)
        self.command = shlex.split(dataplane)
        self.user = user
        self.running = None
        self.made = False
        super().__init__(name, **params)

    def run(self, *words):
        """Run a command in the node; what it prints, or VRError."""
        out, err, status = self.pexec(*words)
        if status:
            raise VRError('%s: %s: %s' % (self.name, ' '.join(words), (err or out).strip()))
        return out

    # pylint: disable=arguments-differ
    def config(self, routes=(), **params):
        """After the links are there: routes, as "ip route add" takes them, then the VR."""
        result = super().config(**params)
        self.run('sysctl', '-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
        for route in routes:
            self.run('ip', 'route', 'add', *route.split())
        self.take()
        self.start()
        return result

    def take(self):
        """Make the VR, and give it every interface."""
        self.run('ip-vr', 'add', self.vr, 'owner', self.user, *self.settings)
        self.made = True
        for port, intf in sorted(self.intfs.items()):
            words = ['ip-vr', 'attach', 'dev', intf.name, 'vr', self.vr, 'takeover']
            if len(intf.name + ASIDE) > IFNAME_MAX:
                words += ['lower', '%d%s' % (port, ASIDE)]
            self.run(*words)

    def start(self):
        """Run the data plane, until it forwards."""
        self.running = self.popen('ip-vr', 'exec', 'user', self.user, self.vr, *self.command,
                                  stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
        self.run('ip-vr', 'wait', self.vr, 'up', 'timeout', '60')

    def halt(self):
        """End the data plane; the kernel forwards, by the same routes."""
        if self.running:
            self.running.terminate()
            self.running.wait()
            self.running = None

    def terminate(self):
        self.halt()
        if self.made:
            self.pexec('ip-vr', 'del', self.vr)
            self.made = False
        super().terminate()
