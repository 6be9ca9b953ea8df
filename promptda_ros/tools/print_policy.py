# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda print_policy`: prints what an SROS2 policy has to allow the node.

Behind --ros-args, it takes what the node takes: remappings, parameters and parameter files.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from rclpy.context import Context

from promptda_ros.core.errors import ExitCode
from promptda_ros.node.interface import Interface
from promptda_ros.node.node import PromptDepthNode
from promptda_ros.node.ros_errors import foreseen_errors_of_ros, start_ros
from promptda_ros.params_file import given_files, require_ours
from promptda_ros.tools.arguments import Parser

POLICY_VERSION = '0.2.0'
ROS_ARGUMENTS = '--ros-args'


def main(argv: list[str]) -> int:
    """Print the policy of the node that would start with these arguments."""
    begin = argv.index(ROS_ARGUMENTS) if ROS_ARGUMENTS in argv else len(argv)
    own, of_node = argv[:begin], argv[begin:]
    arguments = make_parser().parse_args(own)
    node, interface = _look(of_node)
    print(as_policy(node, interface, enclave=arguments.enclave or node))
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('print_policy', __doc__)
    parser.add_argument(
        '--enclave', default='', help="name of the node's enclave; if empty, the node's full name"
    )
    return parser


def as_policy(node: str, interface: Interface, *, enclave: str) -> str:
    """Return the policy of a node, by its full name, as `ros2 security create_permission` reads.

    It allows what the node does itself; whoever listens to it or calls it has a profile of its
    own.
    """
    policy = ElementTree.Element('policy', version=POLICY_VERSION)
    enclaves = ElementTree.SubElement(policy, 'enclaves')
    profiles = ElementTree.SubElement(
        ElementTree.SubElement(enclaves, 'enclave', path=enclave), 'profiles'
    )
    namespace, _, name = node.rpartition('/')
    profile = ElementTree.SubElement(profiles, 'profile', ns=namespace or '/', node=name)
    publishers = (*interface.ros_publishers, *interface.publishers)
    for kind, right, names in (
        ('topic', 'publish', publishers),
        ('topic', 'subscribe', interface.subscriptions),
        ('service', 'reply', interface.services),
    ):
        _allow(profile, kind, right, (_in_short(each, node) for each in names))
    ElementTree.indent(policy)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(policy, 'unicode')


def _look(ros_arguments: list[str]) -> tuple[str, Interface]:
    """Return the full name and the interface of a node, which is made and never started."""
    context = Context()
    start_ros(args=ros_arguments, context=context)
    with foreseen_errors_of_ros():
        try:
            node = PromptDepthNode(context=context)
            name: str = node.get_fully_qualified_name()
            for path in given_files(ros_arguments):
                require_ours(Path(path), name)
            interface = node.interface
            node.destroy_node()
        finally:
            context.try_shutdown()
    return name, interface


def _allow(profile: ElementTree.Element, kind: str, right: str, names: Iterable[str]) -> None:
    rules = ElementTree.SubElement(profile, f'{kind}s', {right: 'ALLOW'})
    for name in sorted(names):
        ElementTree.SubElement(rules, kind).text = name


def _in_short(name: str, node: str) -> str:
    """Return a name below that of the node as ~/..., so that the profile is easy to read."""
    return '~' + name.removeprefix(node) if name.startswith(f'{node}/') else name
