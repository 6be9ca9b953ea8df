# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ten million messages through pairing, every decision compared with the written rules.

    python -m benchmarks.pairing_oracle --jobs 2 --state FOLDER

Every seed is a case: settings, and two topics with their rates, jitter, losses, repeats, jumps
and bursts. After each message the pairs must be those of `pairing_rules`, at each tick of the
timer and at the end the counters too. A part that is done leaves a file in FOLDER and is not done
again unless the code has changed. Ends with 1 if a decision is wrong.
"""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
import hashlib
import inspect
from itertools import starmap
import json
import multiprocessing
from pathlib import Path
import sys
from typing import Any

from benchmarks.pairing_rules import Arrival, Rules
from benchmarks.pairing_streams import Case, Change, Event, Message, Reset, World
from benchmarks.results import replace_text, Results, Table
from promptda_ros.core.pairing.pairing import Pair, Pairing, PairingSettings
from promptda_ros.core.pairing.stream import Loss, Topic, TopicCounters

CASES_OF_A_PART = 100
COLUMNS = ('messages', 'images decided', 'pairs', 'epochs begun', 'wrong')


@dataclass
class Tally:
    """What became of all messages so far."""

    cases: int = 0
    messages: int = 0
    images_decided: int = 0
    pairs: int = 0
    pairs_of_known_frames: int = 0
    resets: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what was found elsewhere."""
        self.cases += other.cases
        self.messages += other.messages
        self.images_decided += other.images_decided
        self.pairs += other.pairs
        self.pairs_of_known_frames += other.pairs_of_known_frames
        self.resets += other.resets
        self.lost.update(other.lost)
        self.wrong += other.wrong


class Trial:
    """The product and the rules over one case."""

    def __init__(self, settings: PairingSettings) -> None:
        self.pairing: Pairing[Message] = Pairing(settings)
        self.rules = Rules(settings)
        self.messages: list[Message] = []
        self.pairs: list[Pair[Message]] = []

    def run(self, case: Case) -> str:
        """Return the first wrong decision, or nothing."""
        for number, event in enumerate(case.events):
            if difference := self._step(event):
                return f'event {number}: {difference}'
        for pair in self.pairs if case.is_tellable else []:
            if pair.image.frame != pair.depth.frame:
                return f'frames {pair.image.frame} and {pair.depth.frame} are a pair'
        return ''

    def _step(self, event: Event) -> str:
        expected: list[tuple[Arrival, Arrival]] = []
        found: list[Pair[Message]] = []
        if isinstance(event, Message):
            number = len(self.messages)
            self.messages.append(event)
            how: dict[str, Any] = {'now_ns': event.at_ns, 'nbytes': event.nbytes}
            found = self.pairing.add(Topic(event.topic), event.stamp_ns, event, **how)
            expected = self.rules.add(number, event.topic, event.stamp_ns, **how)
        elif isinstance(event, Reset):
            self.pairing.reset('clock')
            self.rules.reset()
        elif isinstance(event, Change):
            self.pairing.settings = event.settings
            self.rules.change(event.settings)
        else:
            found = self.pairing.poll(now_ns=event.at_ns)
            expected = self.rules.decide(event.at_ns)
        self.pairs += found
        if found or expected:
            return self._compare_pairs(found, expected, event.at_ns)
        return '' if isinstance(event, Message) else self._compare_counters()

    def _compare_pairs(
        self, found: list[Pair[Message]], expected: list[tuple[Arrival, Arrival]], now_ns: int
    ) -> str:
        epoch = len(self.rules.epochs) - 1
        must_be = [
            Pair(
                image=self.messages[image.number],
                depth=self.messages[depth.number],
                image_stamp_ns=image.stamp_ns,
                depth_stamp_ns=depth.stamp_ns - self.rules.settings.depth_time_offset_ns,
                epoch=epoch,
                image_arrival_ns=image.at_ns,
                paired_ns=now_ns,
            )
            for image, depth in expected
        ]
        return '' if found == must_be else f'{found} instead of {must_be}'

    def _compare_counters(self) -> str:
        counters = self.pairing.counters
        fates = dict(_fates(counters.image, 'image') | _fates(counters.depth, 'depth'))
        must_be = {key: count for key, count in self.rules.fates.items() if count}
        if fates != must_be:
            return f'{fates} instead of {must_be}'
        for topic, each in (('image', counters.image), ('depth', counters.depth)):
            if (each.received, each.held) != (self.rules.received[topic], self.rules.held(topic)):
                return f'{each.received} received and {each.held} held on {topic}'
        is_right = counters.resets == len(self.rules.epochs) - 1
        is_right &= counters.pairs == self.rules.fates['image', 'paired'] == len(self.pairs)
        return '' if is_right else f'{counters.resets} resets and {counters.pairs} pairs'


def _fates(counters: TopicCounters, topic: str) -> Counter[tuple[str, str]]:
    fates = Counter({(topic, loss.value): counters.lost[loss] for loss in Loss})
    fates[topic, 'paired'] = counters.paired
    return +fates


def judge(seed: int) -> Tally:
    """Run the case of one seed."""
    case = World(seed).case()
    trial = Trial(case.settings)
    difference = trial.run(case)
    counters = trial.pairing.counters
    lost: Counter[str] = Counter()
    for topic, each in (('image', counters.image), ('depth', counters.depth)):
        lost.update({f'{topic} {loss.value}': each.lost[loss] for loss in Loss})
    return Tally(
        cases=1,
        messages=len(trial.messages),
        images_decided=counters.image.received - counters.image.held,
        pairs=len(trial.pairs),
        pairs_of_known_frames=len(trial.pairs) if case.is_tellable else 0,
        resets=counters.resets,
        lost=lost,
        wrong=[f'seed {seed}, {difference}'] if difference else [],
    )


def sources() -> list[Path]:
    """Return the files of both sides."""
    product = Path(inspect.getfile(Pairing)).parent
    return sorted([*Path(__file__).parent.glob('pairing_*.py'), *product.glob('*.py')])


def code_digest() -> str:
    """Return a digest of the code of both sides; what another code decided proves nothing."""
    content = b''.join(path.read_bytes() for path in sources())
    return hashlib.sha256(content).hexdigest()[:12]


def judge_part(number: int, folder: Path) -> Tally:
    """Run the cases of one part, unless its file is there."""
    path = folder / f'part_{number:05}.json'
    if path.exists():
        found = json.loads(path.read_text())
        return Tally(**{**found, 'lost': Counter(found['lost'])})
    tally = Tally()
    for seed in range(number * CASES_OF_A_PART, (number + 1) * CASES_OF_A_PART):
        tally.add(judge(seed))
    replace_text(path, json.dumps(vars(tally)))
    return tally


def judge_messages(messages: int, folder: Path, jobs: int) -> Tally:
    """Run parts until so many messages are judged."""
    total = Tally()
    part = 0
    with ExitStack() as stack:
        # Alone without a fork, which would take over locks that other threads hold.
        alone = jobs == 1
        run = starmap if alone else stack.enter_context(multiprocessing.Pool(jobs)).starmap
        while total.messages < messages:
            numbers = range(part, part + jobs)
            part += jobs
            for tally in run(judge_part, [(number, folder) for number in numbers]):
                total.add(tally)
            print(f'{total.messages} messages, {len(total.wrong)} wrong', flush=True)
    return total


def main() -> int:
    """Write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--messages', type=int, default=10_000_000)
    parser.add_argument('--jobs', type=int, default=1, help='processes')
    parser.add_argument('--state', type=Path, default=Path('benchmark_output/pairing_oracle'))
    parser.add_argument('--out', type=Path, default=Path('benchmark_output/pairing_oracle.json'))
    arguments = parser.parse_args()
    folder = arguments.state / code_digest()
    total = judge_messages(arguments.messages, folder, arguments.jobs)
    row = (total.messages, total.images_decided, total.pairs, total.resets, len(total.wrong))
    losses: list[list[str | int]] = [
        [what, count] for what, count in sorted(total.lost.items()) if count
    ]
    tables = [Table('', COLUMNS, [row]), Table('Messages not paired', ('why', 'count'), losses)]
    settings = (
        f'{total.cases} random cases. {total.pairs_of_known_frames} of the pairs are of cases in '
        'which the frames tell what is right, whatever the rules.'
    )
    figures = {**vars(total), 'lost': dict(total.lost)}
    Results('Pairing', tables, settings, total.wrong, figures).report(arguments.out)
    return 1 if total.wrong else 0


if __name__ == '__main__':
    sys.exit(main())
