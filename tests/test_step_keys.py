"""Keys of steps hold, so that finished runs are read and not made anew."""

from dataclasses import replace

from tutelage.records import Brief, Example, Label, Material, Origin, Task
from tutelage.step_keys import brief_fingerprint

TASK = Task("t", "classification", ("text",), (Label("a"), Label("b", "bee", "when b")), "Say.")
ROW = Example("1", {"text": "one"}, label="a", origin=Origin(role="train"))
BRIEF = Brief(
    TASK,
    "arm",
    train=(ROW,),
    unlabelled=(Example("2", {"text": "two"}),),
    turn=1,
    seed=3,
    lacking={"a": 2},
    materials=(Material("topic", "x"),),
)


def test_a_brief_without_dev_rows_has_the_key_that_it_had_before_there_could_be_any():
    assert brief_fingerprint(BRIEF) == "brief2-55314963deec237dc47642638a3b84b3"


def test_dev_rows_are_part_of_what_a_method_was_shown():
    other = replace(ROW, label="b")
    keys = {brief_fingerprint(replace(BRIEF, dev=dev)) for dev in ((), (ROW,), (other,))}
    assert len(keys) == 3
