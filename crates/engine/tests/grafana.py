# Reads dashboards with the types that Grafana generates from its own schema, writes them again and
# compares: what Grafana does not know would be lost on the way. `python grafana.py FILE...`
import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(ours, theirs, path):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                if value is not None:
                    yield f"{path}.{key} is unknown"
            else:
                yield from lost(value, theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{path} has {len(theirs)} of {len(ours)} items"
        for at, (mine, other) in enumerate(zip(ours, theirs)):
            yield from lost(mine, other, f"{path}[{at}]")
    elif ours != theirs:
        yield f"{path} is {theirs!r} instead of {ours!r}"


register_default_plugins()
failed = False
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        ours = json.load(file)
    theirs = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(ours)))
    for problem in lost(ours, theirs, ""):
        print(f"{name}: {problem}")
        failed = True
sys.exit(1 if failed else 0)
