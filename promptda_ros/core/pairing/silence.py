# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why is nothing published? From what is known of both topics to one sentence that helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import difflib

from promptda_ros.core.pairing.offsets import OffsetSummary
from promptda_ros.core.peer_text import shorten
from promptda_ros.core.settings.input import SyncSettings

CLOCKS_DIFFER_SEC = 10.0  # what sync.depth_time_offset can make up for
MOST_TOLERANCE_SEC = 1.0  # what sync.tolerance may be
DRIFT_WARN_SEC = 600.0
FUTURE_WARN_SEC = 1.0


@dataclass(frozen=True)
class TopicFacts:
    """What the graph and the subscription tell about one input topic."""

    role: str  # image or depth
    name: str
    publishers: int
    received: int  # since the last pair
    zero_stamps: int = 0
    bad_stamps: int = 0
    duplicates: int = 0
    type: str = 'sensor_msgs/msg/Image'  # what is subscribed to
    wrong_types: tuple[str, ...] = ()  # what publishers have instead
    remedy: str = ''  # what to do about them
    incompatible_qos: bool = False
    qos_override: str = ''  # the parameter that asks for that instead of qos.ROLE


@dataclass(frozen=True)
class Silence:
    """Why there are no pairs, in one sentence."""

    text: str
    level: str  # warn while something is only missing, error when what arrives can't be paired
    reason: str  # in one word


def explain(
    image: TopicFacts,
    depth: TopicFacts,
    offsets: OffsetSummary,
    sync: SyncSettings,
    *,
    topics: tuple[str, ...],
    prefix: str = '',
) -> Silence:
    """Say why no pair was made.

    `topics` are the names in the graph, for a topic misspelt; `prefix` begins the names of the
    camera's parameters: left.
    """
    for topic in (image, depth):
        if silence := explain_topic(topic, topics):
            return silence
    if text := explain_offset(offsets, sync, prefix):
        return Silence(text, 'error', 'offset')
    text = (
        f'image and depth arrive ({image.received} and {depth.received} messages) but none '
        'can be paired; compare their stamps: ros2 topic echo --field header'
    )
    return Silence(text, 'warn', 'unpaired')


def explain_topic(topic: TopicFacts, topics: tuple[str, ...]) -> Silence | None:
    """Say why nothing that can be paired arrives on a topic; None: something does."""
    for reason, text in _absent(topic, topics):
        return Silence(text, 'warn', reason)
    for reason, text in _unstamped(topic):
        return Silence(text, 'error', reason)
    return None


def explain_rivals(topic: str, publishers: Sequence[str]) -> str:
    """Say what comes of several publishers on one topic."""
    return (
        f'{len(publishers)} publishers on {topic} ({", ".join(publishers)}): all are received, '
        'and frames of different cameras would be mixed; end all but one, or remap them apart'
    )


def explain_no_camera_info(topic: str) -> str:
    """Say what a camera without camera_info lacks."""
    return (
        f'no camera_info on {topic}: depth is published, camera_info and points are not; '
        'set camera_info_topic:=... of the launch file'
    )


def explain_times(
    offsets: OffsetSummary, sync: SyncSettings, *, early_sec: float, prefix: str = ''
) -> Iterator[tuple[str, str]]:
    """Yield the oddities of the stamps of pairs, each after one word for it.

    `early_sec` is how far ahead of the clock the images are stamped.
    """
    left_sec = offsets.ambiguous_in_sec
    if offsets.is_ambiguous and offsets.median_ns is not None:
        better_sec = sync.depth_time_offset - offsets.median_ns / 1e9
        yield (
            'ambiguous',
            f'depth is {offsets.median_ns / 1e6:.1f} ms from its image, more than half of the '
            'image period: the nearest may be the wrong frame; set '
            f'{prefix}sync.depth_time_offset:={better_sec:.3f}',
        )
    elif left_sec is not None and left_sec < DRIFT_WARN_SEC:
        yield (
            'drift',
            f'the clocks of image and depth drift apart: in {left_sec:.0f} s wrong frames '
            'would be nearest; let both drivers stamp with one clock (RealSense: '
            'global_time_enabled)',
        )
    if early_sec > FUTURE_WARN_SEC:
        yield (
            'future',
            f'images are stamped {early_sec:.1f} s in the future: consumers that look up '
            'transforms will wait or fail; synchronise the clocks, or set use_sim_time',
        )


def _absent(topic: TopicFacts, topics: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if topic.wrong_types:
        types = ', '.join(map(shorten, topic.wrong_types))
        yield (
            'type',
            f'{topic.role} topic {topic.name} carries {types}, not '
            f'{topic.type}: nothing can be received; {topic.remedy}',
        )
    if topic.publishers == 0:
        base = topic.name.removesuffix('/compressedDepth')
        if topic.role == 'depth' and f'{base}/compressed' in topics:
            yield (
                'compressed',
                f'depth is published on {base}/compressed only; set '
                'input.depth_transport:=compressed if it is PNG; a JPEG keeps 8 of its 16 bits, '
                f'so that distances are lost: then publish {base}/compressedDepth with the plugin '
                'compressed_depth_image_transport of image_transport',
            )
        near = difflib.get_close_matches(topic.name, topics, n=3)
        hint = f'; similar topics: {", ".join(map(shorten, near))}' if near else ''
        yield (
            'publisher',
            f'waiting for {topic.role} on {topic.name} (0 publishers){hint}; '
            f'set {topic.role}_topic:=... of the launch file',
        )
    if topic.incompatible_qos:
        setting = topic.qos_override or f'qos.{topic.role}'
        value = 'best_effort' if topic.qos_override else 'auto'
        yield (
            'qos',
            f'{topic.role} publisher on {topic.name} is best effort but {setting} asks for '
            f'reliable: nothing is received; set {setting}:={value}',
        )
    if topic.received == 0:
        yield (
            'silent',
            f'{topic.role} topic {topic.name} has {topic.publishers} publisher(s) but no message '
            f'arrives; check that the sensor streams: ros2 topic hz {topic.name}; if messages '
            'arrive there but not here, sensor and node do not share /dev/shm: in containers, '
            'start both with --ipc=host',
        )


def _unstamped(topic: TopicFacts) -> Iterator[tuple[str, str]]:
    if topic.zero_stamps:
        yield (
            'zero_stamps',
            f'{topic.role} on {topic.name} has zero stamps ({topic.zero_stamps} messages) '
            'and cannot be paired; make the driver set header.stamp',
        )
    if topic.bad_stamps:
        yield (
            'bad_stamps',
            f'{topic.role} on {topic.name} has impossible stamps ({topic.bad_stamps} messages); '
            'fix the driver',
        )
    if topic.duplicates and topic.duplicates >= topic.received - 1:
        yield (
            'frozen_stamps',
            f'{topic.role} on {topic.name} repeats one stamp ({topic.duplicates} messages): a '
            'frozen sensor or driver; restart it',
        )


def explain_offset(offsets: OffsetSummary, sync: SyncSettings, prefix: str = '') -> str:
    """Say how far apart the stamps are and what to set; empty: within the tolerance."""
    offset_sec = 0.0 if offsets.median_ns is None else offsets.median_ns / 1e9
    if abs(offset_sec) <= sync.tolerance:
        return ''
    needed_sec = sync.depth_time_offset - offset_sec
    if abs(needed_sec) > CLOCKS_DIFFER_SEC:
        return (
            f'stamps of image and depth differ by {abs(offset_sec):.3g} s: different clocks; let '
            'both drivers stamp with the system time'
        )
    verb = 'lags' if offset_sec > 0 else 'leads'
    spread = '' if offsets.p95_ns is None else f' (p95 {offsets.p95_ns / 1e6:.1f})'
    # Beyond half a period a larger tolerance would pair frames of different moments.
    may_tolerate = abs(offset_sec) <= MOST_TOLERANCE_SEC and not offsets.is_ambiguous
    tolerance = f'{prefix}sync.tolerance or ' if may_tolerate else ''
    return (
        f'depth {verb} image by {abs(offset_sec) * 1e3:.1f} ms{spread} > tolerance '
        f'{sync.tolerance * 1e3:.0f} ms; set {tolerance}{prefix}sync.depth_time_offset:='
        f'{needed_sec:.3f}'
    )
