"""compare.py CAUCUS SCHEMA GOOD-FOLDER WRONG-LIST WORK-FOLDER: see test_schema.sh.

The validator is the package python3-jsonschema, which knows nothing of Caucus.
"""
import json
import os
import re
import subprocess
import sys

from jsonschema import Draft202012Validator

CAUCUS, SCHEMA, GOOD, WRONG, WORK = sys.argv[1:]
SMALL = '{"caucus": 1, "cluster": {"name": "c"}, "nodes": 3, '
# What stands in the place of each value of a good file, one after the other.
SPOILT = [None, True, -1, 1.5, 1000001, "no such thing", [], {}, [1], {"unknown": 1}]
# What the reader says about structure. Ranges of durations and sizes are not in the schema.
STRUCTURE = re.compile(
    r": (must be (given|true or false|a list|a text|an object|a number, is|one of [a-z].*, is "
    r"|a duration like|a size like|a rate like|a feature set like|a whole number, 1\.\.|a list, or a whole number)"
    r"|must not be null|unknown key"
    r"|must be -?[0-9]+\.\.[0-9]+, is [^ ]*$|does not go with this kind)")
# Sentences of that look which need more than one value to be seen.
SEMANTIC = re.compile(r"with [0-9]+ nodes?|\.why: must be given|faults\[[0-9]+\]\.nodes: must be given")

with open(SCHEMA, encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
failures = 0


def fail(sentence):
    global failures
    failures += 1
    if failures <= 20:
        print("FAILED:", sentence)


def read_by_caucus(folder):
    """The reader's sentence about each file of a folder, or None; all in one run of the program."""
    names = sorted(os.listdir(folder))
    said = {}
    for start in range(0, len(names), 500):
        paths = [os.path.join(folder, name) for name in names[start:start + 500]]
        run = subprocess.run([CAUCUS, "scenario", "check", *paths], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, check=False)
        for path in paths:
            said[os.path.basename(path)] = None
        for line in run.stderr.splitlines():
            path, sentence = line[len("caucus scenario: "):].split(": ", 1)
            said[os.path.basename(path)] = sentence
    return said


def good_files():
    files = {}
    for name in sorted(os.listdir(GOOD)):
        with open(os.path.join(GOOD, name), encoding="utf-8") as file:
            files[name] = json.load(file)
        error = next(validator.iter_errors(files[name]), None)
        if error is not None:
            fail(f"{name}: {error.json_path}: {error.message[:200]}")
    for name, sentence in read_by_caucus(GOOD).items():
        if sentence is not None:
            fail(f"{name}: the reader says {sentence}")
    return files


def wrong_files():
    """The list says of each whether a schema can know it."""
    counts = {">": 0, "~": 0}
    mark = sentence = None
    with open(WRONG, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line[:2] in ("> ", "~ "):
                mark, sentence = line[0], line[2:]
            elif line and line[0] != "#":
                text = SMALL + line[2:] + "}" if line.startswith("+ ") else line
                try:
                    valid = validator.is_valid(json.loads(text))
                except ValueError:
                    valid = False
                counts[mark] += 1
                if valid != (mark == "~"):
                    fail(f"marked {mark}, but the validator {'takes' if valid else 'refuses'} it: {sentence}")
    if min(counts.values()) < 15:
        fail(f"at least 15 of each kind were expected: {counts}")
    return counts


def places(value, path=()):
    """All places of a document but its root."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield path + (key,)
        yield from places(member, path + (key,))


def put(document, path, value):
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def spoilt_files(files):
    """Of each kind of place (indices left out) one per file of a few: each value put there, and taken away."""
    folder = os.path.join(WORK, "spoilt")
    os.mkdir(folder)
    valid, seen, count = {}, set(), 0
    for name, document in files.items():
        text = json.dumps(document)
        for path in places(document):
            kind = tuple("*" if isinstance(key, int) else key for key in path)
            if kind in seen:
                continue
            seen.add(kind)
            for value in SPOILT:
                spoilt = json.loads(text)
                put(spoilt, path, value)
                one = f"{count:05}.json"
                with open(os.path.join(folder, one), "w", encoding="utf-8") as file:
                    json.dump(spoilt, file)
                valid[one] = (validator.is_valid(spoilt), name, path, value)
                count += 1
    agreed = 0
    for one, sentence in read_by_caucus(folder).items():
        is_valid, name, path, value = valid[one]
        where = f"{name}, {'.'.join(map(str, path))} = {json.dumps(value)}"
        if not is_valid and sentence is None:
            fail(f"{where}: the validator refuses what the reader takes")
        elif is_valid and sentence is not None and STRUCTURE.search(": " + sentence) and not SEMANTIC.search(sentence):
            fail(f"{where}: the validator takes what the reader refuses: {sentence}")
        else:
            agreed += 1
    return agreed


good = good_files()
wrong = wrong_files()
spoilt = spoilt_files(good)
if spoilt < 1000:
    fail(f"at least 1000 spoilt files were expected, {spoilt} agreed")
print(f"{len(good)} good files, {wrong['>']} wrong by structure, {wrong['~']} wrong otherwise, {spoilt} spoilt")
sys.exit(1 if failures else 0)
