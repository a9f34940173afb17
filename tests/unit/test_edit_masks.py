"""What is secret in an edit is masked wherever a plan shows it, and a masked view is never written back."""

from msgspec import Raw
from msgspec.structs import replace

from graveshift.api.veil import veiled
from graveshift.redaction import Redaction
from graveshift.selection.editing import _from_masked, _masked
from graveshift.wire.edits import Edit
from graveshift.wire.groups import Group
from graveshift.wire.jobs import JobDetail, JobState
from graveshift.wire.plans import Breakdown, Change, Plan, Share
from tests.unit.test_commands_editing import NOON, PLAN

SECRET = '{"password": "hunter2-hunter2", "n": 1}'


def test_a_value_is_masked_at_its_place() -> None:
    redaction = Redaction()
    assert _masked(Change("auth.password", '"hunter2-hunter2"', None), redaction) == Change(
        "auth.password", '"***"', None
    )
    assert _masked(Change("n", "1", "2"), redaction) == Change("n", "1", "2")


def test_a_payload_of_a_masked_view_is_known() -> None:
    redaction = Redaction()
    assert _from_masked(redaction.payload(SECRET.encode()).decode(), SECRET, redaction)
    assert not _from_masked('{"password": "another-one", "n": 1}', SECRET, redaction)
    assert not _from_masked('{"stars": "***"}', '{"stars": "***"}', redaction)


def test_a_cause_that_a_plan_names_leaves_masked_and_so_does_the_field_that_splits_it() -> None:
    top = [Share("1-c0", 3, "KeyError [pin=4711]: password=hunter2")]
    plan = veiled(replace(PLAN, parts=[Breakdown("group", top)]), Redaction())
    assert plan.parts == [Breakdown("group", [Share("1-c0", 3, "KeyError [pin=***]: password=***")])]
    group = Group(id="a", fingerprint="f", system="s", queue="q", kind="k", error_type="E", message="m", dead=0)
    assert veiled(replace(group, split="pin=4711"), Redaction()).split == "pin=***"
    assert veiled(replace(group, split="customer.id=c2"), Redaction()).split == "customer.id=c2"


def test_a_plan_and_an_original_leave_masked() -> None:
    args = {"selection": {"ids": ["native:1-1"]}, "payload": SECRET}
    plan = veiled(Plan(**{name: getattr(PLAN, name) for name in PLAN.__struct_fields__} | {"args": args}), Redaction())
    assert "hunter2" not in str(plan.args)
    edit = Edit(run_id="1", by="ann", at=NOON, original=Raw(SECRET.encode()))
    job = JobDetail(id="native:1", system="native", queue="q", kind="k", state=JobState.WAITING, edits=[edit])
    assert b"hunter2" not in bytes(veiled(job, Redaction()).edits[0].original)
