"""Fills the results in expressions.json and renders.json: runs every case through Python's Jinja2, set up as the transformers library sets it up.

Needed only when cases are added: python3 oracle.py (Jinja2 3.1 or later). The tests read the files alone.
"""
import copy
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import SandboxedEnvironment

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2025, 3, 9, 14, 5, 7)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = NOW.strftime


def render(source, variables):
    try:
        return {"expected": environment.from_string(source).render(**copy.deepcopy(variables))}
    except Raised as error:
        return {"raises": str(error)}
    except Exception as error:
        return {"fails": f"{type(error).__name__}: {error}"}


def update(name, run):
    path = HERE / name
    document = json.loads(path.read_text(encoding="utf-8"))
    for case in document["cases"]:
        for key in ("expected", "raises", "fails"):
            case.pop(key, None)
        case.update(run(document, case))
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def expression(document, case):
    return render(case["template"], document["variables"])


def conversation(document, case):
    source = (HERE / "templates" / case["template"]).read_bytes().decode()
    return render(source, {
        "messages": document["conversations"][case["conversation"]],
        "tools": document["tools"] if case["tools"] else None,
        "documents": None,
        "add_generation_prompt": case["add_generation_prompt"],
        "bos_token": "<s>",
        "eos_token": "</s>",
        **case["variables"],
    })


if __name__ == "__main__":
    update("expressions.json", expression)
    update("renders.json", conversation)
