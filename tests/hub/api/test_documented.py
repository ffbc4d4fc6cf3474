"""What an endpoint's documentation says of its refusals: all of them, however many have one status."""

import pytest

from hub.core import problems
from hub.core.documented import refusals
from hub.core.problems import INVALID_REQUEST, MALFORMED_BODY, ProblemType

COMMON = (MALFORMED_BODY, ProblemType("gone", 404, {"en": "Gone"}, {"en": "It is gone."}))
PART = ProblemType("part-gone", 404, {"en": "A part is gone"}, {"en": "A part of it is gone."})


def test_no_refusal_hides_another_of_its_status() -> None:
    told = refusals(*COMMON, PART, MALFORMED_BODY, answers={200: {"description": "Here."}})
    examples = {
        status: list(one["content"][problems.MEDIA_TYPE]["examples"]) for status, one in told.items() if status != 200
    }
    assert examples[404] == ["gone", "part-gone"] and told[404]["description"] == "Gone; A part is gone"
    assert [MALFORMED_BODY.slug] == examples[MALFORMED_BODY.status]
    assert INVALID_REQUEST.slug in examples[422], "every endpoint can give it"
    assert told[200] == {"description": "Here."}


def test_an_answer_with_the_status_of_a_refusal_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="404"):
        refusals(*COMMON, answers={404: {"description": "Nothing there."}})
