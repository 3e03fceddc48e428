"""One history: drawn from a seed, told step by step, judged, and made shorter where it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from random import Random

from django_amazon_sync.models import Job, RunLine, SyncRun
from tests.histories import order_moments as order_moments  # for its operations
from tests.histories import (
    order_operations,
    parcel_operations,
    privacy_operations,
    rare_operations,
    report_operations,
    seen,
)
from tests.histories.blank import Blank
from tests.histories.judge import Violation
from tests.histories.operations import OPERATIONS, Step, draw_scene, draw_step, draw_weights
from tests.histories.order_judge import judge_orders, look_at_orders
from tests.histories.world import Scene, Thing, World, opened

#: Rounds of all jobs after which nothing is left to be done.
ROUNDS_TO_REST = 6


#: What the schedule does then, each time.
ROUND = (
    Job.IMPORT_ORDERS,
    Job.CHANGES,
    Job.SETTLE,
    Job.EXPORT,
    Job.CONFIRM_SHIPMENTS,
    Job.VERIFY,
    Job.CHANGES,
)


@dataclass(frozen=True)
class History:
    """A scene and what happens in it."""

    scene: Scene
    steps: tuple[Step, ...]

    def as_json(self) -> str:
        steps = [[step.name, step.arguments] for step in self.steps]
        return json.dumps({"scene": asdict(self.scene), "steps": steps}, indent=1)

    @classmethod
    def read(cls, text: str) -> History:
        told = json.loads(text)
        things = tuple(Thing(**thing) for thing in told["scene"].pop("things"))
        scene = Scene(**told["scene"], things=things)
        return cls(scene, tuple(Step(name, arguments) for name, arguments in told["steps"]))

    @classmethod
    def drawn(cls, seed: int, length: int = 24, about: str = "") -> History:
        """``about``: every third step is this operation."""
        dice = Random(f"history {seed}")
        scene = parcel_operations.limits(order_operations.limits(draw_scene(dice, seed)))
        weights = draw_weights(dice) | order_operations.weights(seed)
        weights |= rare_operations.weights(seed) | report_operations.weights(seed)
        weights |= parcel_operations.weights(seed) | privacy_operations.weights(seed)
        steps = [draw_step(dice, scene, weights) for _ in range(length)]
        if about:
            for place in range(1, length, 3):
                steps[place] = Step(about, OPERATIONS[about].draw(dice, scene))
        return cls(scene, tuple(steps))


@dataclass
class Told:
    """What came of a history: what may not be, the story in sentences, and all that left."""

    violations: list[Violation]
    story: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    #: How many steps there were until the first violation.
    steps: int = 0

    #: How far workers were when another one came in between, or they died.
    interrupted: frozenset[str] = frozenset()

    @property
    def kinds(self) -> list[str]:
        return sorted({violation.kind for violation in self.violations})


def tell(
    history: History,
    blank: Blank,
    *,
    traced: bool = False,
    to_rest: bool = True,
    tolerated: Collection[str] = (),
) -> Told:
    """Let it happen. ``blank`` has to be in use. A violation ends it, if its kind is not known."""
    with opened(history.scene, blank) as world:
        judge, steps = world.judge, 0
        for step in history.steps:
            world.say(str(step))
            step.happens(world)
            judge.looks()
            look_at_orders(world)
            _look_further(world)
            steps += 1
            if any(violation.kind not in tolerated for violation in judge.violations):
                break
        else:
            if to_rest:
                steps += 1
                _come_to_rest(world)
        trace = _trace(world) if traced else []
        interrupted = frozenset(world.workers.interrupted)
        return Told(judge.violations, world.story, trace, steps, interrupted)


def _look_further(world: World) -> None:
    """Between two steps, at what is proven, seen and erased."""
    world.reports.looks()
    world.parcels.looks()
    world.people.looks()


def _come_to_rest(world: World) -> None:
    """Nothing goes wrong any more, and the schedule does its work; then all has to be right."""
    world.say("nothing goes wrong any more")
    world.all_is_well()
    order_operations.come_to_rest(world)
    world.reports.come_to_rest()
    world.parcels.come_to_rest()
    world.people.come_to_rest()
    _do_all_that_is_left(world)
    with world.judge.aside():
        refused = [stop for stops in seen.stops(world.account).values() for stop in stops
                   if stop.kind == "refused"]  # fmt: skip
    if refused and not world.judge.violations:
        world.say("what was refused has two days to be tried again")
        world.pass_time(2 * 86400)
        _do_all_that_is_left(world)
    world.pass_time(200)
    world.judge.judge_rest()
    judge_orders(world)
    world.parcels.judge_rest()
    _look_further(world)


def _do_all_that_is_left(world: World) -> None:
    """Rounds of all jobs until one of them writes nothing and leaves nothing."""
    for _ in range(ROUNDS_TO_REST):
        world.pass_time(4000)
        before = writes_of(world)
        world.do_what_waits()
        for job in ROUND:
            world.do(job)
        with world.judge.aside():
            left = seen.under_way(world.account)
        if world.judge.violations or (writes_of(world) == before and not left):
            return
    world.judge.violated("no rest", f"there is always something to do: {left}")


def writes_of(world: World) -> int:
    """Requests that change something at Amazon."""
    return sum(
        seen_.method in ("PATCH", "PUT") or seen_.operation == "createFeed"
        for seen_ in world.amazon.requests
    )


def _trace(world: World) -> list[str]:
    """All that left, what was written down, and what was said of it."""
    with world.judge.aside():
        runs = [
            f"{run.pk} {run.job} {run.state} {run.reason} {json.dumps(run.counts)} "
            f"{run.created_at} {run.started_at} {run.finished_at}"
            for run in SyncRun.objects.order_by("pk")
        ]
        lines = [
            json.dumps(line.as_dict(), sort_keys=True) + str(line.at)
            for line in RunLine.objects.order_by("pk")
        ]
        return [*world.amazon.trace, *seen.written_down(world.account), *runs, *lines]


# --- Making it shorter --------------------------------------------------------------------------


def shortest(history: History, kind: str, blank: Blank, tolerated: Collection[str] = ()) -> History:
    """The shortest part of it that still shows a violation of this kind."""
    others = set(tolerated) - {kind}
    first = tell(history, blank, tolerated=others)
    at_rest = first.steps > len(history.steps)

    def shows(part: History) -> bool:
        return kind in tell(part, blank, to_rest=at_rest, tolerated=others).kinds

    def fails(steps: Sequence[Step]) -> bool:
        return shows(replace(history, steps=tuple(steps)))

    steps = list(history.steps[: first.steps])
    size = max(1, len(steps) // 2)
    while True:
        for part in list(_without_parts(steps, size)):
            if len(part) < len(steps) and fails(part):
                steps = part
                break
        else:
            if size == 1:
                break
            size = max(1, size // 2)
    return _with_fewer_things(replace(history, steps=tuple(steps)), shows)


def _without_parts(steps: Sequence[Step], size: int) -> Iterator[list[Step]]:
    """What is left where so many in a row are left out; the end first, as it goes fastest."""
    for start in range(max(0, len(steps) - size), -1, -size):
        yield [*steps[:start], *steps[start + size :]]


def _with_fewer_things(history: History, shows: Callable[[History], bool]) -> History:
    for thing in history.scene.things[1:]:
        things = tuple(one for one in history.scene.things if one != thing)
        fewer = replace(history, scene=replace(history.scene, things=things))
        if shows(fewer):
            history = fewer
    return history


def story_of(history: History, told: Told) -> str:
    """A failing history as people read it; its fault is told by the sentence after !!."""
    scene = history.scene
    things = ", ".join(f"{one.stock} {one.code} at {one.price}" for one in scene.things)
    limits = {k: v for k, v in vars(scene).items() if k not in ("things", "seed")}
    return "\n".join([f"Seed {scene.seed}: {things}; {limits}", *told.story])


def seeds_in(text: str) -> Iterable[int]:
    """The numbers in "7", or in "1-500"."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
