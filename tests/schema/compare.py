"""compare.py KIND CAUCUS SCHEMA GOOD-FOLDER WRONG-LIST WORK-FOLDER: see test_schema.sh. KIND is scenario or campaign; a
plan of the wrong list is about WORK-FOLDER/scenario.json.

The validator is the package python3-jsonschema, which knows nothing of Caucus.
"""
import json
import os
import re
import subprocess
import sys

from jsonschema import Draft202012Validator

KIND, CAUCUS, SCHEMA, GOOD, WRONG, WORK = sys.argv[1:]
SMALL = {"scenario": '{"caucus": 1, "cluster": {"name": "c"}, "nodes": 3, ',
         "campaign": '{"campaign": 1, "scenario": "../scenario.json", '}[KIND]
# How many files the program reads at once; how many spoilt and wrong ones there are at least.
AT_ONCE, LEAST_SPOILT, LEAST_WRONG = {"scenario": (500, 1000, 15), "campaign": (1, 300, 10)}[KIND]
# What stands in the place of each value of a good file, one after the other.
SPOILT = [None, True, -1, 1.5, 1000001, "no such thing", [], {}, [1], {"unknown": 1}]
# What the reader says about structure. Ranges of durations and sizes are not in the schema.
STRUCTURE = re.compile(
    r": (must be (given|true or false|a list|a text|an object|a number, is|one of [a-z].*, is "
    r"|a number or a duration|an object of"
    r"|a duration like|a size like|a rate like|a feature set like|a whole number, 1\.\.|a list, or a whole number)"
    r"|must not be null|unknown key"
    r"|must be -?[0-9]+\.\.[0-9]+, is [^ ]*$|does not go with this kind)")
# Sentences of that look which need more than one value to be seen.
SEMANTIC = re.compile(r"with [0-9]+ nodes?|\.why: must be given|faults\[[0-9]+\]\.nodes: must be given"
                      r"|^cell [0-9]+ |, as range\.from is$|^policies\[[0-9]+\]\.settings\.")

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
    for start in range(0, len(names), AT_ONCE):
        paths = [os.path.join(folder, name) for name in names[start:start + AT_ONCE]]
        run = subprocess.run([CAUCUS, KIND, "check", *paths], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, check=False)
        for path in paths:
            said[os.path.basename(path)] = None
        for line in run.stderr.splitlines():
            sentence = line[len(f"caucus {KIND}: "):]
            path = next((path for path in paths if sentence.startswith(path + ": ")), None)
            # What is found behind the file itself, of a cell say, is said without its path.
            name, sentence = (os.path.basename(path), sentence[len(path) + 2:]) if path else (names[start], sentence)
            said[name] = sentence
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
    folder, wanted = os.path.join(WORK, "wrong"), {}
    os.mkdir(folder)
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
                one = f"{sum(counts.values()):03}.json"
                with open(os.path.join(folder, one), "w", encoding="utf-8") as wrong:
                    wrong.write(text)
                wanted[one] = sentence
                counts[mark] += 1
                if valid != (mark == "~"):
                    fail(f"marked {mark}, but the validator {'takes' if valid else 'refuses'} it: {sentence}")
    if min(counts.values()) < LEAST_WRONG:
        fail(f"at least {LEAST_WRONG} of each kind were expected: {counts}")
    if KIND == "campaign": # of scenarios the unit tests see to it
        for one, is_said in read_by_caucus(folder).items():
            if is_said != wanted[one]:
                fail(f"the reader says {is_said}, not {wanted[one]}")
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
if spoilt < LEAST_SPOILT:
    fail(f"at least {LEAST_SPOILT} spoilt files were expected, {spoilt} agreed")
print(f"{len(good)} good files, {wrong['>']} wrong by structure, {wrong['~']} wrong otherwise, {spoilt} spoilt")
sys.exit(1 if failures else 0)
