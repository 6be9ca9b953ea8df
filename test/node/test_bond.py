# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node that a manager starts has a bond with it while it is active, where bondpy is installed.

bondpy comes with ROS alone; in its place is what has the same functions and notes their calls.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec
import sys
from types import ModuleType
from typing import ClassVar

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from std_msgs.msg import String


class NotedBond:
    """Has the topic of a bond on a node, and notes what it is asked for."""

    made: ClassVar[list[NotedBond]] = []

    def __init__(self, node, topic, bond_id):
        self.id, self.is_started, self.is_shutdown = bond_id, False, False
        self.heartbeat_period = self.heartbeat_timeout = None
        self._node, self._topic = node, topic
        self.pub = node.create_publisher(String, topic, 1)
        self.made.append(self)

    def start(self):
        assert self.heartbeat_period < self.heartbeat_timeout
        self.sub = self._node.create_subscription(String, self._topic, print, 1)
        self.is_started = True

    def shutdown(self):
        assert not self.is_shutdown
        self.is_shutdown = True
        self.sub.destroy()
        self.pub.destroy()


@pytest.fixture
def bonds(monkeypatch):
    """Install what stands for bondpy; return the bonds that are made."""
    package, module = ModuleType('bondpy'), ModuleType('bondpy.bondpy')
    package.__spec__ = ModuleSpec('bondpy', None)
    package.bondpy, module.Bond = module, NotedBond
    monkeypatch.setitem(sys.modules, 'bondpy', package)
    monkeypatch.setitem(sys.modules, 'bondpy.bondpy', module)
    monkeypatch.setattr(NotedBond, 'made', [])
    return NotedBond.made


def change(rig, transition):
    """Ask for a transition as a manager does."""
    request = ChangeState.Request()
    request.transition.id = transition
    service = f'{rig.node.get_fully_qualified_name()}/change_state'
    assert rig.call(ChangeState, service, request).success


def test_the_bond_lasts_as_long_as_the_node_is_active(bonds, make_rig):
    """Its topic is relative, like the manager's, its id the name of the node."""
    rig = make_rig('-r', '__ns:=/robot1', '-r', '__node:=eyes', autostart=False)
    change(rig, Transition.TRANSITION_CONFIGURE)
    assert bonds == []
    for number in (1, 2):
        change(rig, Transition.TRANSITION_ACTIVATE)
        assert len(bonds) == number
        assert (bonds[-1].id, bonds[-1].is_started) == ('eyes', True)
        assert rig.publisher_of('/robot1/bond') is bonds[-1].pub
        change(rig, Transition.TRANSITION_DEACTIVATE)
        assert bonds[-1].is_shutdown
        left = [*rig.node.publishers, *rig.node.subscriptions]
        assert '/robot1/bond' not in {each.topic_name for each in left}


def test_a_node_that_ends_while_it_is_active_ends_its_bond(bonds, make_rig):
    rig = make_rig(autostart=False)
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        change(rig, transition)
    assert rig.node.stop()
    assert bonds[0].is_shutdown


def test_a_node_that_starts_itself_has_no_bond(bonds, make_rig):
    make_rig().node.start()
    assert bonds == []


def test_without_bondpy_a_managed_node_says_what_to_set_of_the_manager(
    make_rig, capfd, monkeypatch
):
    monkeypatch.setattr('promptda_ros.node.bond.has_bond', lambda: False)
    rig = make_rig(autostart=False)
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        change(rig, transition)
    assert capfd.readouterr().err.count('set bond_timeout: 0.0 of the manager') == 1
