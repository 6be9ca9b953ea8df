# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads SROS2 policies."""

from __future__ import annotations

from xml.etree import ElementTree


def rules(text: str) -> dict[tuple[str, str], set[str]]:
    """Return the full names that a policy allows, by kind and right."""
    (profile,) = ElementTree.fromstring(text).iter('profile')
    node = f'{profile.get("ns").rstrip("/")}/{profile.get("node")}'
    found = {}
    for each in profile:
        ((right, allowed),) = each.attrib.items()
        assert allowed == 'ALLOW'
        names = {name.text.replace('~', node) for name in each}
        found[each.tag, right] = names
    return found
