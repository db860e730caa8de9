from __future__ import annotations

import gzip
import hashlib
import json
import os
from importlib.resources import files
from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.records import Example, Label, Message, Task
from tutelage.teacher.templating import heading, load, said, shipped, shown, variables

NLI = Task(
    "nli",
    "nli",
    ("premise", "hypothesis"),
    (
        Label("e", "entailment", "The text implies it."),
        Label("n", "neutral"),
        Label("c", "contradiction"),
    ),
)
ROW = Example("1", {"premise": "A dog runs.", "hypothesis": "An animal moves."}, label="e")

HASHES = {
    "annotate.v1": "091e3ee9ed6bae85aeea7299a16464ec7b568805f4a33c43a39db9b4b97f8d16",
    "answer.v1": "6ee886bc1c7b5646a131d1a02de58aecde067a192e7bacae16ec9399255d69a1",
    "compose.v1": "f25f8e61d03e7bf2e87c61776dc710186534ecaff8d683a7a6fbb7c6656b431f",
    "compose_told.v1": "b47990b376b7601dd3cc84515d5edae24c89a1d1939230e6655e3798021a7e18",
    "correct.v1": "bab5b9a6b1f036d05cebba14d788707d2b5138107de009bf70fdfb6f538df1e1",
    "dimensions.v1": "962eca7b0a8dd482ca75f937971688e278715a2bc9dc9606bcf56e1ccea4abf5",
    "explain.v1": "4d89398b62812912ddde52c4400f74c1e5b8315b6e1ed6be3de31edc057a6df4",
    "explain_nli.v1": "2d206449e3f74b9c218bd8b59fbac1e9fec0a9deff3ae1934d524a2517b87357",
    "fields.v1": "e451e5e62d07ec7c4330c11c684c36d185033969321661f88682860535d44901",
    "five_w.v1": "60257932e38d854f584a2f3816fd9ab9ffa0254afcb93adb049df6b8e56dfccc",
    "five_w_fields.v1": "f370d2e56b06f6c69baf6353cb7a9fdc25aaff85d127e278ef3badde76b651d3",
    "label_dimensions.v1": "a4623fb7a6d56e8b02bd441610e9122a733336f4aa99b78f256ef84195ee793b",
    "progen_review.v1": "db31c1c5e78d1b2c34a3e64c52008fb1d792ccb0f6572cd072c84d79ae0d1b53",
    "question.v1": "d2d0dda6db9fb4e842d60657357f75e54c6a53ec5ff5cb518d013ec84dac66e4",
    "reasons.v1": "48cc35c0033aa2333cae12d5f67853752f8332f6361f0f3013b90d1a48a0331f",
    "s3_adqa_error.v1": "838831fc26feb73650ce9bd1544a78258e3c0e6c07d52522e0db54a6c2b7afe7",
    "s3_adqa_seed.v1": "7789a95feedc7f988a3eaafe559cb70b476252014b897b76e5929b1e69e1c98d",
    "s3_imdb_error.v1": "91a392afde7e89ded7b8937666a11c589487f99f83dd9b257d3c42c5791edc1b",
    "s3_imdb_reasons.v1": "4196249f0003fbb6fbb5e84c38edbf9e8ab3de53e9187ac4327a1d44a91dfca7",
    "s3_imdb_seed.v1": "464a3352904669265e40f1083eab16a4c0b30b426add74371ad5efdbb0ee366e",
    "s3_qnli_error.v1": "164456670c4c28dc82848b40e20fb8655e927ad6ff771eb7d32f88d390ec6ec0",
    "s3_qnli_seed.v1": "1089b83d9f43f98ae8595449744f7afabf2f465eb3c18fb5d29562e52be9c706",
    "s3_rte_error.v1": "a4e0441c8de2be0bc67ae15b4d8745189ce117c8e6d90a374afd76dd6621b9b6",
    "s3_rte_seed.v1": "819882b80472c68393ebb708da050d30489fd12355445b6dc7f5f2c4582b1f1f",
    "supergen_pair.v1": "3fce914fb4a7cb6bdf3633613d259065e301d80228a748fe836f67f44d275e1b",
    "supergen_review.v1": "e813b4f55543d0638c54bbc713d216848afdd6413b1ddda63555367a3d662351",
    "target.v1": "07bcdfd9369cd99182762fb93ac9ce3ff9a46c5a3e14b37d8e4c68a2bae4c2ee",
    "topics.v1": "d749cfe9a6fe74d4efb6819be7fe5bd082c484e1b91ae6eab0b2c3d74c55e128",
    "values.v1": "ff9fb20062e08a86138949d9c2454efae01818b3c1cde87fa31e8c1fb5fc1eee",
    "vary.v1": "8c67f14698d9a8ed8728725cc80987428af8baa66063c04efbd16fbe6a02b09d",
    "write.v1": "483d9bbf1e7172684fd76e4e6ae6d65b38346b1abefec2217099a16a614c8c8c",
    "write_like.v1": "c3d693caf6fb4897a62e6c92e587eee82ae5e521c100e85255a7af4c752872d6",
    "zerogen_qnli.v1": "072076bc8ac9d087e4c63657a2c894775c7072f34ee11d58e06ae1cd363ce081",
    "zerogen_question.v1": "da207c7d2961c7ea0e57fa210997b8f2f43e70473b8480ed98ef7466267dea51",
    "zerogen_review.v1": "4b2be638166449f39b4ffe3c00d257136a65f790274e8106084b5ea2fe6f6022",
    "zerogen_rte.v1": "72eec2699b572ce72761c1df09a8645315a3f964efa761b25e1b1baed6ddf24f",
    "zerogen_title.v1": "845f2a39eb5bbb093a8e77af198189de6e6325a95490161dad7a47662b9a7f5c",
}
"""A shipped template is never edited: write a new file with the next version instead."""


def test_shipped_templates_never_change() -> None:
    folder = files("tutelage.teacher").joinpath("templates")
    found = {
        name: hashlib.sha256(folder.joinpath(f"{name}.jinja").read_bytes()).hexdigest()
        for name in shipped()
    }
    assert found == HASHES
    assert {name: load(name).hash for name in shipped()} == HASHES


def test_five_w_is_byte_for_byte_as_published() -> None:
    assert load("five_w.v1").messages(variables(NLI, ROW)) == (
        Message("system", "You are helping with summarizing core semantic properties."),
        Message(
            "user",
            "Answer the 5 W questions about the following text with max 10 words per question:"
            "\n\nA dog runs.\n\nWho:\nWhat:\nWhen:\nWhere:\nWhy:",
        ),
    )


def test_explain_nli_is_byte_for_byte_as_published() -> None:
    given = {**variables(NLI, ROW), "relation": "entails"}
    assert load("explain_nli.v1").messages(given) == (
        Message(
            "user",
            "Explain why this text \n\nA dog runs.\n\nentails the following hypothesis: "
            "\n\nAn animal moves.\n\nin 100 words or less.",
        ),
    )


@pytest.mark.real
def test_explain_nli_equals_all_recorded_prompts() -> None:
    root = Path(os.environ.get("TUTELAGE_REAL_DATA", "../shared/data")) / "emanli_r1"
    if not root.is_dir():
        pytest.skip(f"no real data at {root}")
    relations = {
        "entailment": "entails",
        "neutral": "is neutral to",
        "contradiction": "contradicts",
    }
    equal = 0
    for split in ("dev", "test"):
        with gzip.open(root / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                row = Example("1", {k: record[k] for k in NLI.fields})
                given = {**variables(NLI, row), "relation": relations[record["label"]]}
                wanted = (Message("user", record["prompt"]),)
                equal += load("explain_nli.v1").messages(given) == wanted
    assert equal == 2000


def test_five_w_about_all_fields() -> None:
    system, user = load("five_w_fields.v1").messages(variables(NLI, ROW))
    assert system.role == "system"
    assert user.content.split("\n\n", 1)[0].startswith("Answer the 5 W questions")
    assert "\nPremise: A dog runs.\n\nHypothesis: An animal moves.\n\nWho:\n" in user.content


def test_explain_names_label_and_guideline() -> None:
    task = Task("t", "classification", ("text",), NLI.labels, "Judge the text.")
    (user,) = load("explain.v1").messages(variables(task, Example("1", {"text": "Hm."}, label="e")))
    assert user.content == (
        "Judge the text.\n\nText: Hm.\n\n"
        'The right answer is "entailment". It applies when: The text implies it.\n\n'
        "Explain in 100 words or less what in the text makes this the right answer."
    )


def test_explain_without_labels_shows_the_target() -> None:
    task = Task("t", "generation", ("text",))
    row = Example("1", {"text": "Hm."}, target="A sentence.")
    (user,) = load("explain.v1").messages(variables(task, row))
    assert user.content == (
        "Text: Hm.\n\nThe right answer is:\n\nA sentence.\n\n"
        "Explain in 100 words or less why this is the right answer."
    )


def test_gold_text_is_data_and_never_a_template() -> None:
    row = Example("1", {"premise": "{{ 7 * 7 }}{% raw %}<b>&amp;", "hypothesis": "{{ row }}"})
    user = load("five_w.v1").messages(variables(NLI, row))[-1]
    assert "{{ 7 * 7 }}{% raw %}<b>&amp;" in user.content


def test_said_speaks_of_every_kind_of_answer() -> None:
    assert said(NLI, ROW) == "entailment"
    assert said(NLI, Example("1", {}, labels=("e", "c"))) == "entailment, contradiction"
    assert said(NLI, Example("1", {}, labels=())) == "none"
    assert said(NLI, Example("1", {}, target="x")) == "x"
    assert said(NLI, Example("1", {})) == ""


def test_shown_keeps_the_order_of_the_task() -> None:
    assert [field["heading"] for field in shown(NLI, ROW)] == ["Premise", "Hypothesis"]
    assert heading("news_title") == "News title"


def own(folder: Path, text: str) -> str:
    path = folder / "mine.jinja"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_without_blocks_is_the_user_message(tmp_path: Path) -> None:
    prompt = load(own(tmp_path, "Why is {{ row.premise }} so?\n"))
    assert prompt.messages(variables(NLI, ROW)) == (Message("user", "Why is A dog runs. so?"),)


def test_a_file_with_blocks_has_a_system_message(tmp_path: Path) -> None:
    text = "{% block system %}Be brief.{% endblock %}\n{% block user %}{{ texts[1] }}{% endblock %}"
    assert load(own(tmp_path, text)).messages(variables(NLI, ROW)) == (
        Message("system", "Be brief."),
        Message("user", "An animal moves."),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\n{{ premis }}", ":2: unknown variable 'premis'"),
        ("one\ntwo {% if %}", ":2: "),
        ("{% include 'other' %}", ":1: a prompt cannot include"),
        ("{% block usr %}{% endblock %}", ":1: unknown block 'usr'"),
        ("{% block system %}{% endblock %}", "no block user"),
    ],
)
def test_faults_carry_file_line_and_known_variables(
    tmp_path: Path, text: str, message: str
) -> None:
    path = own(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load(path)
    assert message in caught.value.what
    assert caught.value.what.startswith(path)
    assert "texts" in caught.value.do or "Did you mean" in caught.value.do


@pytest.mark.parametrize(
    "text", ["{{ texts[7] }}", "{{ relation }}", "{{ texts.__class__.__mro__ }}", "{{ 1 // 0 }}"]
)
def test_what_fails_on_a_row_is_told(tmp_path: Path, text: str) -> None:
    prompt = load(own(tmp_path, text))
    with pytest.raises(UserError, match="cannot be filled in"):
        prompt.messages(variables(NLI, ROW))


def test_an_unknown_name_brings_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Did you mean five_w"):
        load("five_v.v1")


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        load(str(path))
