#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
"""A fat-tree of virtual routers in Mininet: with K ports to a router, K*K/4 in its core, K pods of
K/2 and K/2, and K/2 hosts at each of the lower ones. Routes are static, by all ways that are as
short.

    fattree.py [-k K] [--dataplane COMMAND] [{ pingall | counts | cli } ...]

Without a word it is cli, Mininet's prompt. counts tells how many packets each VR's data plane has
sent; the prompt knows it, too.
"""

import argparse
import json
import os
import subprocess
import sys

from mininet.cli import CLI
from mininet.log import output, setLogLevel
from mininet.net import Mininet
from mininet.topo import Topo

# Of the checkout, where none is installed.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../src/user/python'))
from europa_mininet import VR


def ways(ends):
    """One route by all of them."""
    return ' '.join('nexthop via %s' % end.split('/')[0] for end in ends)


class FatTree(Topo):
    """Host h of lower router e in pod p is 10.p.e.4h+2."""

    # pylint: disable=arguments-differ
    def build(self, k=4, dataplane='europa-router'):
        self.half = k // 2
        self.vr = {'cls': VR, 'dataplane': dataplane, 'ip': None}
        core = [self.router('c%d' % i) for i in range(self.half ** 2)]
        for pod in range(k):
            self.pod(pod, core)

    def router(self, name):
        """Its routes are said when its links are known: [ name, routes ]."""
        routes = []
        self.addHost(name, routes=routes, **self.vr)
        return name, routes

    def wire(self, lower, upper, net, number):
        """Between two routers; the addresses of both."""
        first = '10.%d.%d.%d' % (*net, 4 * number + 1)
        second = '10.%d.%d.%d' % (*net, 4 * number + 2)
        self.addLink(lower[0], upper[0], params1={'ip': first + '/30'},
                     params2={'ip': second + '/30'})
        return first, second

    def pod(self, pod, core):
        """Lower routers, hosts and upper routers of one."""
        upper = [self.router('a%d%d' % (pod, a)) for a in range(self.half)]
        for e in range(self.half):
            self.edge(pod, e, upper)
        for a, agg in enumerate(upper):
            up = []
            for i in range(self.half):
                to = core[a * self.half + i]
                down, gate = self.wire(agg, to, (200 + pod, a), i)
                up.append(gate)
                to[1].append('10.%d.0.0/16 via %s' % (pod, down))
            agg[1].append('default ' + ways(up))

    def edge(self, pod, e, upper):
        """One lower router: its hosts, and links to all upper ones of the pod."""
        lower = self.router('e%d%d' % (pod, e))
        for h in range(self.half):
            net = '10.%d.%d.' % (pod, e)
            host = self.addHost('h%d%d%d' % (pod, e, h), ip=net + '%d/30' % (4 * h + 2),
                                defaultRoute='via ' + net + str(4 * h + 1))
            self.addLink(host, lower[0], params2={'ip': net + '%d/30' % (4 * h + 1)})
        up = []
        for a, agg in enumerate(upper):
            down, gate = self.wire(lower, agg, (100 + pod, e), a)
            up.append(gate)
            agg[1].append('10.%d.%d.0/24 via %s' % (pod, e, down))
        lower[1].append('default ' + ways(up))


def counts(net):
    """What the data planes have sent so far, and what the kernel forwarded in their place."""
    total = 0
    for node in net.hosts:
        if isinstance(node, VR):
            said = subprocess.check_output(['ip-vr', '-j', '-s', 'show', node.vr])
            stats = json.loads(said)[0]['stats']
            total += stats['send']
            output('%s: send %d idle %d punt %d\n' %
                   (node.name, stats['send'], stats['idle'], stats['punt']))
    output('all: send %d\n' % total)


def pingall(net):
    """From each host to each other one. Mininet's own takes VRs for hosts, whose links between each
    other nobody has routes to."""
    net.ping([node for node in net.hosts if not isinstance(node, VR)])


class Prompt(CLI):
    """Mininet's, with a word more, and one that is another."""

    def do_pingall(self, _line):
        """Ping between all hosts."""
        pingall(self.mn)

    def do_counts(self, _line):
        """Packets that the VRs' data planes have sent."""
        counts(self.mn)


COMMANDS = {'pingall': pingall, 'counts': counts, 'cli': Prompt}


def main():
    """Build it, do what is asked, take it down."""
    parser = argparse.ArgumentParser(description='a fat-tree of virtual routers')
    parser.add_argument('-k', type=int, default=4, choices=range(2, 11, 2),
                        help='ports of a router')
    parser.add_argument('--dataplane', default='europa-router')
    parser.add_argument('commands', nargs='*', default=['cli'], metavar='COMMAND',
                        help=', '.join(COMMANDS))
    args = parser.parse_args()
    setLogLevel('info')
    net = Mininet(FatTree(k=args.k, dataplane=args.dataplane), controller=None)
    try:
        net.start()
        for command in args.commands:
            COMMANDS[command](net)
    finally:
        net.stop()


if __name__ == '__main__':
    main()
