"""Drives a server by gRPC with libraries that are not ours (grpcio, protoc), and compares with REST.

Reads lines of JSON from standard input, one for each task; answers each with `ok` or a traceback.
"""

import json
import math
import os
import random
import re
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_tools import protoc

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Client:
    def __init__(self, address, tokens, package):
        self.address, self.tokens = address, tokens
        self.channel = grpc.insecure_channel(address)
        self.files = self.reflected()
        self.pool = descriptor_pool.DescriptorPool()
        left = dict(self.files)
        while left:
            for path, encoded in list(left.items()):
                file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
                if all(needed not in left for needed in file.dependency):
                    self.pool.AddSerializedFile(left.pop(path))
        self.service = next(s for s in self.services if s.startswith(package + "."))

    def reflected(self):
        """Every file that the services are made of, as the server tells them."""
        stub = reflection_pb2_grpc.ServerReflectionStub(self.channel)

        def ask(*requests):
            return list(stub.ServerReflectionInfo(iter(requests)))

        Request = reflection_pb2.ServerReflectionRequest
        [listed] = ask(Request(list_services=""))
        self.services = [s.name for s in listed.list_services_response.service]
        answers = ask(*[Request(file_containing_symbol=s) for s in self.services])
        files = {}

        def keep(answer):
            for encoded in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
                if file.name not in files:
                    files[file.name] = encoded
                    for needed in file.dependency:
                        for more in ask(Request(file_by_filename=needed)):
                            keep(more)

        for answer in answers:
            assert answer.HasField("file_descriptor_response"), answer
            keep(answer)
        [unknown] = ask(Request(file_by_filename="nothing.proto"))
        assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        return files

    def method(self, name, service=None):
        return self.pool.FindServiceByName(service or self.service).methods_by_name[name]

    def request(self, name):
        return message_factory.GetMessageClass(self.method(name).input_type)()

    def call(self, name, request=None, actor=None, timeout=10, metadata=(), **more):
        method = self.method(name)
        answer = message_factory.GetMessageClass(method.output_type)
        asked = request if request is not None else self.request(name)
        run = self.channel.unary_unary(
            f"/{self.service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        meta = list(metadata)
        if actor:
            meta.append(("authorization", "Bearer " + self.tokens[actor]))
        try:
            message, call = run.with_call(asked, metadata=meta, timeout=timeout, **more)
        except grpc.RpcError as error:
            error.add_note(f"{refusal(error)}\nsent: {asked}")
            raise
        return message, dict(call.initial_metadata())

    def refused(self, name, request=None, actor=None, **more):
        """The status of a call that fails: its name, its stable code, its violations."""
        try:
            self.call(name, request, actor, **more)
        except grpc.RpcError as error:
            return refusal(error)
        raise AssertionError(f"{name} was not refused")

    def rest(self, method, path, actor=None, body=None, headers=()):
        request = urllib.request.Request(f"http://{self.address}{path}", method=method)
        if actor:
            request.add_header("authorization", "Bearer " + self.tokens[actor])
        for name, value in headers:
            request.add_header(name, value)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, data) as reply:
            text = reply.read()
            return json.loads(text) if text else None


def refusal(error):
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    fields = re.findall(rb"type.googleapis.com/google.rpc.(\w+)", details)
    reason = re.search(rb"ErrorInfo\x12.[\x00-\x7f]?\x0a.([a-z0-9-]+)", details)
    reason = reason.group(1).decode() if reason else None
    return error.code().name, reason, details, [f.decode() for f in fields]


# Values, between the JSON of REST and messages.


def duration_of(text):
    sign, hours, minutes, seconds = re.fullmatch(
        r"(-?)PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", text
    ).groups()
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60
    micros = total * 1_000_000 + int(Decimal(seconds or 0) * 1_000_000)
    return -micros if sign else micros


def timestamp_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def fill(message, field, value):
    """Puts a value as REST writes it into a field."""
    if field.is_repeated:
        for item in value:
            if field.message_type:
                put(getattr(message, field.name).add(), item)
            else:
                getattr(message, field.name).append(scalar(field, item))
    elif field.message_type:
        getattr(message, field.name).SetInParent()
        put(getattr(message, field.name), value)
    else:
        setattr(message, field.name, scalar(field, value))


def scalar(field, value):
    if field.enum_type:
        names = field.enum_type.values_by_name
        [number] = [v.number for n, v in names.items() if n.endswith("_" + value.upper())]
        return number
    return value


def put(message, value):
    name = message.DESCRIPTOR.full_name
    if name == "firmitas.v1.Money":
        message.amount, message.currency = value["amount"], value["currency"]
    elif name == "firmitas.v1.Decimal":
        message.value = value
    elif name == "firmitas.v1.Date":
        message.year, message.month, message.day = map(int, value.split("-"))
    elif name == "firmitas.v1.TimeOfDay":
        whole, _, fraction = value.partition(".")
        message.hours, message.minutes, message.seconds = map(int, whole.split(":"))
        message.nanos = int(fraction.ljust(9, "0")) if fraction else 0
    elif name == "firmitas.v1.Point":
        message.latitude, message.longitude = value["lat"], value["lon"]
    elif name == "google.protobuf.Timestamp":
        micros = (timestamp_of(value) - EPOCH) // timedelta(microseconds=1)
        message.seconds, message.nanos = micros // 1_000_000, micros % 1_000_000 * 1000
    elif name == "google.protobuf.Duration":
        message.FromMicroseconds(duration_of(value))
    elif name == "google.protobuf.Value":
        json_format.ParseDict(value, message)
    else:
        for key, item in value.items():
            if item is not None:
                fill(message, message.DESCRIPTOR.fields_by_name[key], item)


def read(message):
    """A message as REST would write it; absent values are absent."""
    name = message.DESCRIPTOR.full_name
    if name == "firmitas.v1.Money":
        return {"amount": message.amount, "currency": message.currency}
    if name == "firmitas.v1.Decimal":
        return message.value
    if name == "firmitas.v1.Date":
        return f"{message.year:04}-{message.month:02}-{message.day:02}"
    if name == "firmitas.v1.TimeOfDay":
        fraction = f".{message.nanos // 1000:06}" if message.nanos else ""
        return f"{message.hours:02}:{message.minutes:02}:{message.seconds:02}{fraction}"
    if name == "firmitas.v1.Point":
        return {"lat": message.latitude, "lon": message.longitude}
    if name == "google.protobuf.Timestamp":
        return EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
    if name == "google.protobuf.Duration":
        return timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
    if name == "google.protobuf.Value":
        return json_format.MessageToDict(message)
    out = {}
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated:
            items = getattr(message, field.name)
            out[field.name] = [one(field, item) for item in items]
        elif not field.has_presence or message.HasField(field.name):
            out[field.name] = one(field, getattr(message, field.name))
    return out


def one(field, value):
    if field.message_type:
        return read(value)
    if field.enum_type:
        known = field.enum_type.values_by_number[value].name
        prefix = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", field.enum_type.name).upper() + "_"
        assert known.startswith(prefix), known
        return known[len(prefix):].lower()
    return value


def same(of_rest, of_grpc, path=""):
    """Whether a row of REST says what a row of gRPC says."""
    if isinstance(of_grpc, datetime):
        assert timestamp_of(of_rest) == of_grpc, (path, of_rest, of_grpc)
    elif isinstance(of_grpc, timedelta):
        assert timedelta(microseconds=duration_of(of_rest)) == of_grpc, (path, of_rest, of_grpc)
    elif isinstance(of_grpc, dict):
        present = {k: v for k, v in of_rest.items() if v is not None}
        assert sorted(present) == sorted(of_grpc), (path, of_rest, of_grpc)
        for key, value in present.items():
            same(value, of_grpc[key], f"{path}.{key}")
    elif isinstance(of_grpc, list):
        assert len(of_rest) == len(of_grpc), (path, of_rest, of_grpc)
        for at, item in enumerate(of_grpc):
            same(of_rest[at], item, f"{path}[{at}]")
    elif isinstance(of_grpc, float):
        assert math.isclose(of_rest, of_grpc, rel_tol=3e-16), (path, of_rest, of_grpc)
    else:
        assert of_rest == of_grpc, (path, of_rest, of_grpc)


def made_up(rng, ty):
    """A value of a type, often one at its edge."""
    edge = rng.random() < 0.3
    if ty == "bool":
        return rng.random() < 0.5
    if ty == "small":
        return rng.choice([-2147483648, 2147483647, 0]) if edge else rng.randint(-99, 99)
    if ty == "large":
        most = 2**53 - 1
        return rng.choice([-most, most, 0]) if edge else rng.randint(-most, most)
    if ty == "decimal":
        return str(Decimal(rng.choice([-(10**18 - 1), 10**18 - 1, 0]) if edge
                           else rng.randint(-10**9, 10**9)).scaleb(-4).quantize(Decimal("0.0001")))
    if ty == "money":
        cents = rng.choice([0, 1, 99999999999]) if edge else rng.randint(0, 10**6)
        return {"amount": str(Decimal(cents).scaleb(-2).quantize(Decimal("0.01"))),
                "currency": "EUR"}
    if ty == "float":
        return rng.choice([0.5, -1e300, 1e-300, 0.1]) if edge else rng.uniform(-1e6, 1e6)
    if ty == "date":
        return rng.choice(["0001-01-01", "9999-12-31", "2024-02-29"]) if edge else "2026-07-01"
    if ty == "time":
        return rng.choice(["00:00:00", "23:59:59.999999"]) if edge else "12:30:15"
    if ty == "timestamp":
        edges = ["1969-12-31T23:59:59.500000Z", "9999-12-30T21:59:59Z", "0001-01-01T00:00:00Z"]
        return rng.choice(edges) if edge else f"2026-01-{rng.randint(10, 28)}T08:00:00.123456Z"
    if ty == "duration":
        return rng.choice(["PT0S", "-PT1H", "PT0.000001S"]) if edge else "PT1H30M"
    if ty == "geo":
        return {"lat": rng.choice([-90.0, 0.0, 90.0, 12.5]), "lon": rng.choice([-180.0, 0.25])}
    if ty == "text":
        return rng.choice(["", "\u00e9\U0001f600", 'a"\\\n', "%2F&=+", "x" * 40]) if edge else "text"
    if ty == "enum":
        return rng.choice(["plain", "very_fine", "odd"])
    if ty == "json":
        return rng.choice([{"a": [1, "x", None, True, {"b": 0.5}]}, [], "s", 12.0, {}, False])
    if ty == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    raise AssertionError(ty)


def key():
    return str(uuid.uuid4())


def values(client, task):
    """What is sent by either is answered alike by both."""
    rng = random.Random(task["seed"])
    fields = task["fields"]

    def row():
        out = {}
        for field in fields:
            if field["optional"] and rng.random() < 0.4:
                continue
            if field["list"]:
                out[field["name"]] = [made_up(rng, field["type"]) for _ in range(rng.randint(0, 5))]
            else:
                out[field["name"]] = made_up(rng, field["type"])
        out["lines"] = [
            {k: v for k, v in
             {"label": made_up(rng, "text"), "count": rng.randint(0, 9),
              "kind": rng.choice(["plain", "odd", None])}.items() if v is not None}
            for _ in range(rng.randint(0, 3))]
        return out

    def pair(id):
        request = client.request("ViewThing")
        request.id = id
        by_grpc, meta = client.call("ViewThing", request)
        by_rest = client.rest("GET", f"/main/v1/things/{id}")
        same(by_rest, read(by_grpc.thing))
        assert meta["etag"] == f'"{by_rest["version"]}"', meta
        return by_rest

    for _ in range(task["requests"]):
        sent = row()
        request = client.request("AddThing")
        put(request, {**sent, "idempotency_key": key()})
        created, _ = client.call("AddThing", request, "staff")
        shown = pair(created.thing.id)
        same(shown, read(created.thing))
        by_rest = client.rest("POST", "/main/v1/things", "staff", sent,
                              [("idempotency-key", key())])
        other = pair(by_rest["id"])
        for field in [f["name"] for f in fields] + ["lines"]:
            assert shown[field] == other[field], (field, sent, shown, other)
        # A change with a mask: what is named and absent is emptied, the rest stays.
        changed = row()
        named = [f["name"] for f in fields if rng.random() < 0.5]
        emptied = [f["name"] for f in fields if f["optional"] and f["name"] in named
                   and f["name"] not in changed]
        request = client.request("EditThing")
        put(request, {k: v for k, v in changed.items() if k != "lines"})
        request.id, request.expected_version = created.thing.id, shown["version"]
        request.update_mask.paths.extend(named)
        client.call("EditThing", request, "staff")
        patch = {k: changed[k] for k in named if k in changed} | {k: None for k in emptied}
        patch = {k: [] if v is None and f_list(fields, k) else v for k, v in patch.items()}
        client.rest("PATCH", f"/main/v1/things/{other['id']}", "staff", patch,
                    [("if-match", f'"{other["version"]}"')])
        once, again = pair(created.thing.id), pair(other["id"])
        for field in [f["name"] for f in fields]:
            assert once[field] == again[field], (field, named, changed, once, again)
    pages(client)


def f_list(fields, name):
    return any(f["name"] == name and f["list"] for f in fields)


def pages(client):
    """Every row comes once, in the same order as over REST."""
    by_grpc, token = [], ""
    while True:
        request = client.request("ListThings")
        request.page_size, request.page_token, request.count = 7, token, True
        page, _ = client.call("ListThings", request)
        by_grpc += [read(thing) for thing in page.things]
        token = page.next_page_token
        if not token:
            break
    by_rest = client.rest("GET", "/main/v1/things?limit=1000")["items"]
    assert len(by_rest) == len(by_grpc) == page.count > 0
    # By two fields; without the first, its default is meant.
    by_two = client.rest("GET", "/main/v1/things?limit=9&sort=created_at,-updated_at")["items"]
    request = client.request("ListThings")
    request.page_size = 9
    request.then_by.append(4)
    page, _ = client.call("ListThings", request)
    assert [thing.id for thing in page.things] == [row["id"] for row in by_two]
    assert not page.HasField("count")
    # A list that is asked about something.
    some = client.request("SomeThings")
    some.things.extend([row["id"] for row in by_two[:2]])
    found, _ = client.call("SomeThings", some)
    assert {thing.id for thing in found.things} == {row["id"] for row in by_two[:2]}
    some.least = 2**40
    found, _ = client.call("SomeThings", some)
    assert not found.things
    assert client.refused("SomeThings")[:2] == ("INVALID_ARGUMENT", "invalid-parameter")
    request.order_by = 3
    request.then_by.extend([4, 4])
    assert client.refused("ListThings", request)[:2] == ("INVALID_ARGUMENT", "invalid-parameter")
    for a, b in zip(by_rest, by_grpc):
        same(a, b)


def descriptors(client, task):
    """What reflection tells is what protoc makes of the emitted files."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in task["files"].items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w") as file:
                file.write(text)
        out = os.path.join(folder, "set")
        shared = os.path.join(os.path.dirname(protoc.__file__), "_proto")
        names = list(task["files"])
        assert protoc.main(["", f"-I{folder}", f"-I{shared}", f"--descriptor_set_out={out}",
                            *names]) == 0
        with open(out, "rb") as file:
            made = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    assert len(made.file) == len(names) > 1
    for file in made.file:
        assert file.SerializeToString(deterministic=True) == client.files[file.name], file.name


def errors(client, task):
    add, view = client.request, client.request("ViewThing")
    assert client.refused("AddThing")[:2] == ("UNAUTHENTICATED", "unauthenticated")
    assert client.refused("AddThing", actor="guest")[:2] == ("PERMISSION_DENIED", "forbidden")
    wrong = client.refused("AddThing", metadata=[("authorization", "Bearer x")])
    assert wrong[:2] == ("UNAUTHENTICATED", "invalid-token"), wrong
    missing = client.refused("AddThing", actor="staff")
    assert missing[0] == "INVALID_ARGUMENT", missing
    view.id = str(uuid.uuid4())
    assert client.refused("ViewThing", view)[:2] == ("NOT_FOUND", "not-found")
    view.id = ""
    assert client.refused("ViewThing", view)[0] == "INVALID_ARGUMENT"
    request = add("AddThing")
    request.idempotency_key = key()
    line = request.lines.add()
    line.count = 99
    line.label = "x" * 50
    code, reason, details, kinds = client.refused("AddThing", request, "staff")
    assert (code, reason) == ("INVALID_ARGUMENT", "validation-failed"), (code, reason)
    assert b"lines[0].count" in details and b"lines[0].label" in details, details
    assert kinds == ["ErrorInfo", "BadRequest"], kinds
    page = client.request("ListThings")
    page.page_size = 0
    assert client.refused("ListThings", page)[:2] == ("INVALID_ARGUMENT", "invalid-parameter")
    page.page_size, page.page_token = 1, "nothing"
    assert client.refused("ListThings", page)[:2] == ("INVALID_ARGUMENT", "invalid-cursor")
    # Repetitions.
    request = task_thing(client, task)
    first, meta = client.call("AddThing", request, "staff")
    again, replayed = client.call("AddThing", request, "staff")
    assert first == again and "idempotency-replayed" not in meta
    assert replayed["idempotency-replayed"] == "true", replayed
    request.lines.add().label = "more"
    code = client.refused("AddThing", request, "staff")
    assert code[:2] == ("FAILED_PRECONDITION", "idempotency-key-reused"), code
    # Versions.
    drop = client.request("DropThing")
    drop.id = first.thing.id
    assert client.refused("DropThing", drop, "staff")[:2] == (
        "INVALID_ARGUMENT", "precondition-required")
    drop.expected_version = 7
    assert client.refused("DropThing", drop, "staff")[:2] == ("ABORTED", "precondition-failed")
    edit = client.request("EditThing")
    edit.id, edit.expected_version = first.thing.id, 1
    edit.update_mask.paths.append("nothing")
    assert client.refused("EditThing", edit, "staff")[:2] == (
        "INVALID_ARGUMENT", "validation-failed")
    # What is asked about one row, and with what it is removed.
    sure = client.request("SureThing")
    sure.id = first.thing.id
    assert client.refused("SureThing", sure)[:2] == ("INVALID_ARGUMENT", "invalid-parameter")
    sure.least = 0
    found, _ = client.call("SureThing", sure)
    assert found.thing.id == first.thing.id
    sure.other = first.thing.id
    assert client.refused("SureThing", sure)[:2] == ("NOT_FOUND", "not-found")
    sure.other = str(uuid.uuid4())
    assert client.refused("SureThing", sure)[:2] == ("INVALID_ARGUMENT", "invalid-parameter")
    drop = client.request("DropSure")
    drop.id, drop.expected_version = first.thing.id, 1
    assert client.refused("DropSure", drop, "staff")[:2] == (
        "INVALID_ARGUMENT", "invalid-parameter")
    drop.least = 2
    assert client.refused("DropSure", drop, "staff")[:2] == ("NOT_FOUND", "not-found")
    drop.least = 1
    client.call("DropSure", drop, "staff")
    hidden = client.request("Hidden")
    hidden.id, hidden.idempotency_key = first.thing.id, key()
    assert client.refused("Hidden", hidden, "staff")[0] == "UNIMPLEMENTED"
    for path in [f"/{client.service}/Nothing", "/nothing.v1.Nothing/Do", "/nothing"]:
        run = client.channel.unary_unary(path)
        try:
            run(b"", timeout=5)
            raise AssertionError(path)
        except grpc.RpcError as error:
            assert refusal(error)[:2] == ("UNIMPLEMENTED", "unknown-route"), error


def task_thing(client, task):
    rng = random.Random(5)
    request = client.request("AddThing")
    sent = {f["name"]: [] if f["list"] else made_up(rng, f["type"]) for f in task["fields"]}
    put(request, {**sent, "lines": [], "idempotency_key": key()})
    return request


def hostile(client, task):
    """Bytes that are no messages, messages that are too large, callers that are slow."""
    path = f"/{client.service}/ListThings"
    run = client.channel.unary_unary(path)

    def code(bytes, **more):
        try:
            run(bytes, timeout=20, **more)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    assert code(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") == "INVALID_ARGUMENT"
    assert code(b"\x0a\x7f") == "INVALID_ARGUMENT"
    # Unknown fields are not looked at: newer clients send them.
    assert code(b"\xba\x3e\x03abc") == "OK"
    assert code(b"\x00" * (2 << 20)) == "RESOURCE_EXHAUSTED"
    assert code(b"\x00" * (64 << 20), compression=grpc.Compression.Gzip) == "RESOURCE_EXHAUSTED"
    assert code(b"", compression=grpc.Compression.Gzip) == "OK"
    assert code(b"", compression=grpc.Compression.Deflate) == "UNIMPLEMENTED"
    rng = random.Random(task["seed"])
    add = client.channel.unary_unary(f"/{client.service}/AddThing")
    meta = [("authorization", "Bearer " + client.tokens["staff"])]
    good = task_thing(client, task).SerializeToString()
    seen = set()
    for _ in range(300):
        bytes = bytearray(good if rng.random() < 0.7 else rng.randbytes(rng.randint(0, 60)))
        for _ in range(rng.randint(1, 4)):
            if bytes:
                bytes[rng.randrange(len(bytes))] = rng.randrange(256)
        try:
            add(memoryview(bytes).tobytes(), metadata=meta, timeout=20)
            seen.add("OK")
        except grpc.RpcError as error:
            seen.add(error.code().name)
            assert error.code().name in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"), (
                error, memoryview(bytes).tobytes())
    assert "INVALID_ARGUMENT" in seen
    # Somebody who never sends a message waits for as long as he said, and nobody else does.
    began, stuck = time.time(), threading.Event()

    def nothing():
        stuck.wait(30)
        yield b""

    slow = [client.channel.stream_unary(path).future(nothing(), timeout=2) for _ in range(50)]
    assert code(b"") == "OK" and time.time() - began < 2
    for call in slow:
        assert call.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    stuck.set()
    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(lambda _: code(b""), range(500)))
    assert codes == ["OK"] * 500
    # HTTP/1.1 has no way to end a call.
    request = urllib.request.Request(f"http://{client.address}{path}", b"", method="POST")
    request.add_header("content-type", "application/grpc")
    try:
        urllib.request.urlopen(request)
        raise AssertionError("HTTP/1.1 was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 400, error
    text = urllib.request.urlopen(f"http://{client.address}/metrics").read().decode()
    counted = re.search(r'requests_total\{operation="main.listThings",status="2xx"\} (\d+)', text)
    assert counted and int(counted.group(1)) > 500, re.findall(r".*main.listThings.*", text)[:8]


def health(client, task):
    stub = health_pb2_grpc.HealthStub(client.channel)
    for service in ["", client.service]:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    try:
        stub.Check(health_pb2.HealthCheckRequest(service="nothing"), timeout=5)
        raise AssertionError("an unknown service has no health")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
    unknown = stub.Watch(health_pb2.HealthCheckRequest(service="nothing"), timeout=5)
    assert next(unknown).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    unknown.cancel()
    client.watch = stub.Watch(health_pb2.HealthCheckRequest(service=client.service))
    assert next(client.watch).status == health_pb2.HealthCheckResponse.SERVING


def drained(client, task):
    """The server was told to end meanwhile."""
    assert next(client.watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    try:
        next(client.watch)
        raise AssertionError("the call has no end")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error


def main():
    client = None
    for line in sys.stdin:
        task = json.loads(line)
        try:
            if task["do"] == "connect":
                client = Client(task["address"], task["tokens"], task["package"])
            else:
                globals()[task["do"]](client, task)
            print("ok", flush=True)
        except BaseException:
            print(json.dumps(traceback.format_exc()), flush=True)


main()
