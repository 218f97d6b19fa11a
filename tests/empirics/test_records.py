"""Records: what comes back is what was written, and a broken file is named and left alone."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from lossmatters.empirics.records import (
    CURVES,
    RISKS,
    Record,
    RecordError,
    append,
    converged,
    digest_of,
    read,
    run_id,
    select,
    to_frame,
)
from lossmatters.empirics.records.files import _decoded
from lossmatters.empirics.records.schema import json_schema


def record(seed=0, loss="cce", rate="2/5", value=0.5, **changes):
    parts = {
        "experiment": "quick",
        "dataset": {"name": "digits"},
        "model": {"name": "mlp"},
        "training": {"epochs": 2},
        "loss": loss,
        "noise": {"kind": "symmetric", "draw": "exact", "rate": rate, "realised_rate": 0.4},
        "seed": seed,
        "curves": {name: [0.1, value] for name in CURVES},
        "provenance": {"threads": 1},
    }
    return Record(**{**parts, **changes})


def test_records_come_back_as_they_were(tmp_path):
    """Floats bit by bit, None and infinities too."""
    shares = [0.1 + 0.2, 1 / 3, None, 1.0, 5e-324]
    curves = dict.fromkeys(CURVES, shares)
    curves |= {
        "train_loss": [0.1 + 0.2, math.inf, -1.5, 0.0, 5e-324],
        "noisy_train_accuracy": [0.1, 0, 1, 0.5, 1],
    }
    written = [record(seed, curves=curves, training={"epochs": 5}) for seed in range(3)]
    append(tmp_path / "new" / "r.jsonl", written[:2])
    append(tmp_path / "new" / "r.jsonl", written[2:])
    assert read(tmp_path / "new" / "r.jsonl") == written
    assert read(tmp_path / "new") == written


def test_numbers_that_are_equal_and_not_the_same_stay_as_they_are(tmp_path):
    """Of equal shares one object is kept for all records; 0, 0.0 and -0.0 are three numbers in JSON."""
    lists = [[0.0, 0.5, 1.0], [0, 0.5, 1], [-0.0, 0.5, 1.0], [1.0, 0.5, 0.0], [1, 1.0, 0]]
    written = [
        record(seed, curves=dict.fromkeys(CURVES, values) | {"train_loss": [1.5, -0.5, 2.0]}, **THREE)
        for seed, values in enumerate(lists)
    ]
    written += [
        record(9 + seed, curves=dict.fromkeys(CURVES, values) | {"train_loss": [1.5, 0.5, 2.0]}, **THREE)
        for seed, values in enumerate(lists)
    ]
    append(tmp_path / "r.jsonl", written)
    found = read(tmp_path / "r.jsonl")
    assert [r.to_json() for r in found] == [r.to_json() for r in written]
    first, second = (found[i].curves["test_accuracy"] for i in (5, 8))
    assert first[1] is second[1]


THREE = {"training": {"epochs": 3}}


def test_a_loss_that_was_not_finite_stays_visible(tmp_path):
    curves = {name: [0.1] for name in CURVES} | {"train_loss": [math.nan]}
    append(tmp_path / "r.jsonl", [record(curves=curves, training={"epochs": 1})])
    (back,) = read(tmp_path / "r.jsonl")
    assert math.isnan(back.final["train_loss"])


def test_a_run_that_diverged_says_when(tmp_path):
    fine = record(curves=curves_of([2.0, 1.0]), risks=dict.fromkeys(RISKS, 0.5))
    assert fine.diverged is None
    assert "diverged" not in json.loads(fine.to_json())
    for losses, epoch in (([math.nan, math.nan], 1), ([1.0, math.inf], 2)):
        run = record(curves=curves_of(losses))
        assert run.diverged == json.loads(run.to_json())["diverged"] == epoch
    after_the_last_step = record(risks=dict.fromkeys(RISKS, math.nan))
    assert after_the_last_step.diverged == 2
    assert converged([fine, after_the_last_step]) == [fine]
    append(tmp_path / "r.jsonl", [after_the_last_step])
    (back,) = read(tmp_path / "r.jsonl")
    assert back.diverged == 2


def test_a_record_cannot_hide_that_it_diverged(tmp_path):
    content = json.loads(record(curves=curves_of([1.0, math.nan])).to_json()) | {"diverged": 1}
    (tmp_path / "r.jsonl").write_text(json.dumps({**content, "digest": digest_of(content)}) + "\n")
    with pytest.raises(RecordError, match="diverged must be 2, got diverged=1"):
        read(tmp_path / "r.jsonl")


def curves_of(losses):
    return {name: [0.1, 0.5] for name in CURVES} | {"train_loss": losses}


def test_what_a_users_loss_computes_is_part_of_the_key(tmp_path):
    plain, one, other = record(), record(formula="0" * 16), record(formula="1" * 16)
    assert len({plain.run_id, one.run_id, other.run_id}) == 3
    assert "formula" not in json.loads(plain.to_json())
    append(tmp_path / "r.jsonl", [plain, one])
    assert read(tmp_path / "r.jsonl") == [plain, one]


def test_what_a_record_says_of_itself():
    r = record(seed=3, rate="17/20")
    assert r.noise_rate == Fraction(17, 20)
    assert r.epochs == 2
    assert r.final["test_accuracy"] == 0.5
    assert r.run_id == run_id(r.configuration)


def test_the_key_is_of_the_configuration_and_of_nothing_else():
    same = record(value=0.7, provenance={}, noise={**record().noise, "realised_rate": 0.41})
    assert same.run_id == record().run_id
    others = [
        record(seed=1),
        record(loss="mse"),
        record(rate="1/5"),
        record(training={"epochs": 3}),
        record(experiment="cpu"),
        record(dataset={"name": "mnist"}),
        record(model={"name": "cnn"}),
        record(training={"epochs": 2, "start": "cce"}),
    ]
    assert len({r.run_id for r in [record(), *others]}) == 1 + len(others)


def test_a_record_without_risks_is_read_and_keeps_its_key(tmp_path):
    """Records from before risks were measured lack the field; they stay valid."""
    old = {k: v for k, v in json.loads(record(schema=1).to_json()).items() if k not in ("risks", "digest")}
    (tmp_path / "old.jsonl").write_text(json.dumps(old) + "\n")
    (back,) = read(tmp_path / "old.jsonl")
    assert back == record(schema=1)
    assert back.run_id == record().run_id
    assert (back.risks, back.start) == (None, None)
    assert "risks" not in back.outcome
    risks = {"own_labels": 0.1, "fresh_labels": 1 / 3, "clean_labels": math.inf}
    warm = record(training={"epochs": 2, "start": "cce"}, risks=risks)
    append(tmp_path / "new.jsonl", [warm])
    assert read(tmp_path / "new.jsonl") == [warm]
    assert (warm.start, warm.outcome["risks"]) == ("cce", risks)
    assert select([record(), warm], start=None) == [record()]


def test_of_two_with_one_key_the_first_counts(tmp_path):
    append(tmp_path / "r.jsonl", [record(value=0.5), record(value=0.9)])
    assert [r.final["train_loss"] for r in read(tmp_path / "r.jsonl")] == [0.5]


def test_select():
    found = [record(0), record(1), record(1, loss="mse")]
    assert select(found, seed=1, loss="mse") == [found[2]]
    assert select(found, noise_rate=Fraction(1, 5)) == []


def lines(*given):
    return [r.to_json() for r in given]


def edited(**changes):
    return json.dumps({**json.loads(record(1).to_json()), **changes})


BROKEN = {
    "a torn tail": (record(1).to_json()[:-20], "line 2: not a whole record"),
    "a foreign line": ("epoch,loss\n1,0.5", "line 2: not a whole record"),
    "JSON that is no object": ("[1, 2]", "line 2: not a record, got list"),
    "bytes that are no text": ("\udcff\udcfe", "line 2: not a whole record"),
    "another schema": (edited(schema=0), "line 2: schema must be 2, got schema=0"),
    "no schema": ('{"loss": "cce"}', "line 2: schema must be 2, got schema=None"),
    "a missing curve": (
        edited(curves={n: [1.0] for n in CURVES[1:]}),
        f"line 2: a record needs curves.{CURVES[0]}",
    ),
    "a missing field": (json.dumps({"schema": 2}), "line 2: a record needs experiment"),
    "curves of two lengths": (
        edited(curves={**{n: [1.0] for n in CURVES}, "train_loss": [1.0, 2.0]}),
        r"line 2: curves must have one length > 0, got lengths=\[1, 2\]",
    ),
    "no epochs": (edited(curves={n: [] for n in CURVES}), r"one length > 0, got lengths=\[0\]"),
    "a changed curve": (
        edited(curves={**{n: [0.1, 0.5] for n in CURVES}, "test_accuracy": [0.1, 0.6]}),
        r"line 2: digest must be .*\(edited or damaged\)",
    ),
    "a path as a name": (edited(experiment="../x"), "line 2: .*experiment"),
    "an absolute path": (edited(experiment="/etc/x"), "line 2: .*experiment"),
    "markup as a name": (edited(experiment="<b>x"), "line 2: .*experiment"),
    "an accuracy beyond 1": (
        edited(curves={**{n: [0.1, 0.5] for n in CURVES}, "test_accuracy": [0.1, 1.6]}),
        "line 2: .*<= 1.*test_accuracy",
    ),
    "a rate without a denominator": (edited(noise={"kind": "symmetric", "rate": "1/0"}), "rate must be in"),
    "a loss of a hundred thousand characters": (edited(loss="c" * 100_000), "line 2: .*loss"),
    "a hundred thousand brackets": ("[" * 100_000, "line 2: not a whole record"),
    "a list for a name": (edited(dataset={"name": ["digits"]}), "line 2: Expected `str`, got `array`"),
    "curves that are one number": (edited(curves=3), "line 2: a record needs curves"),
    "no digest": (
        json.dumps({k: v for k, v in json.loads(record(1).to_json()).items() if k != "digest"}),
        "line 2: a record needs digest",
    ),
    "an edited line": (edited(loss="rll(alpha=1/10)"), r"line 2: run_id must be .*\(edited\?\)"),
}


JUNK = [
    None,
    True,
    -1,
    10**400,
    0.5,
    1e999,
    "",
    "x" * 5000,
    "../x",
    [],
    {},
    [[]],
    {"a": {}},
    "<script>",
]


def places(value, path=()):
    """Every place in nested JSON, the outermost last."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))
        yield (*path, key)


@pytest.mark.parametrize("junk", JUNK, ids=lambda j: str(j)[:8] or "empty")
def test_no_mutation_of_a_record_is_taken_for_a_record(tmp_path, junk):
    """Every value of a record in turn becomes something else: refused in one line."""
    whole = json.loads(record(1).to_json())
    for path in places(whole):
        changed = json.loads(record(1).to_json())
        part = changed
        for key in path[:-1]:
            part = part[key]
        if part[path[-1]] == junk:
            continue
        part[path[-1]] = junk
        file = tmp_path / "r.jsonl"
        file.write_text(json.dumps(changed) + "\n")
        with pytest.raises(RecordError, match=r"r\.jsonl, line 1: ") as caught:
            read(file)
        assert "\n" not in str(caught.value), path
        assert len(str(caught.value)) < 6000, path


def test_a_table_has_a_row_an_epoch():
    pytest.importorskip("pandas")
    table = to_frame([record(0), record(1)])
    assert list(table["epoch"]) == [1, 2, 1, 2]
    assert set(CURVES) <= set(table.columns)
    assert list(table["noise_rate"]) == [0.4] * 4


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_and_left_alone(tmp_path, case):
    line, message = BROKEN[case]
    path = tmp_path / "r.jsonl"
    content = (record(0).to_json() + "\n" + line + "\n").encode(errors="surrogateescape")
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_nothing_there(tmp_path):
    with pytest.raises(RecordError, match=r"records must be a file or a folder of .jsonl files, got path="):
        read(tmp_path)


def test_nothing_is_appended_to_a_torn_line(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(record().to_json()[:50])
    with pytest.raises(RecordError, match="must end in a whole record, got a line that was cut off"):
        append(path, [record(1)])
    assert path.read_text() == record().to_json()[:50]


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    """The disk is full after 100 bytes of the second call: the stack is all there or not at all."""
    path = tmp_path / "r.jsonl"
    append(path, [record(0)])
    before = path.read_bytes()
    files = sys.modules["lossmatters.empirics.records.files"]
    write = files.os.write

    def short_write(descriptor, data):
        if len(data) < 200:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:100])

    monkeypatch.setattr(files.os, "write", short_write)
    with pytest.raises(OSError, match="no space left"):
        append(path, [record(1), record(2)])
    assert path.read_bytes() == before
    with pytest.raises(OSError, match="no space left"):
        append(tmp_path / "new.jsonl", [record(1)])
    assert not (tmp_path / "new.jsonl").exists()
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(OSError, match="no space left"):
        append(tmp_path / "empty.jsonl", [record(1)])
    assert (tmp_path / "empty.jsonl").read_bytes() == b""


def test_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().seed = 1


def test_records_and_declarations_cost_no_torch():
    """The command line imports them for its help; the known-false case is the engine, which needs it."""

    def imports_torch(module):
        code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
        return subprocess.run([sys.executable, "-c", code], check=False).returncode

    assert imports_torch("lossmatters.empirics.records") == 0
    assert imports_torch("lossmatters.empirics.experiments") == 0
    assert imports_torch("lossmatters.empirics.engine.train") == 1


def test_the_published_schema_is_that_of_the_code():
    """docs/record.schema.json, of which programs in other languages read what a line must be."""
    path = Path(__file__).parents[2] / "docs" / "record.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"a": 1, "a": 2}', r'{"a": "\ud800"}', "[123456789012345678901, -0, 1E5, 1e999]"]
)
def test_a_line_is_read_as_python_reads_it(text):
    assert repr(_decoded(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["[1,]", "01", "[1] x", "\ufeff1", '"\x01"', "1.", "", "[" * 10**5])
def test_what_is_no_json_is_none_to_whoever_reads_it(text):
    with pytest.raises((ValueError, RecursionError)):
        _decoded(text)
