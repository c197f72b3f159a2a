"""Calls a KMS v2 plugin by gRPC's own library for Python: reads calls from standard input, writes what came, each a line of JSON."""

import base64
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Names and numbers of k8s.io/kms/apis/v2/api.proto.
FIELDS = {
    "StatusRequest": [],
    "StatusResponse": [("version", "string"), ("healthz", "string"), ("key_id", "string")],
    "EncryptRequest": [("plaintext", "bytes"), ("uid", "string")],
    "EncryptResponse": [("ciphertext", "bytes"), ("key_id", "string"), ("annotations", "map")],
    "DecryptRequest": [("ciphertext", "bytes"), ("uid", "string"), ("key_id", "string"), ("annotations", "map")],
    "DecryptResponse": [("plaintext", "bytes")],
}


def message_types():
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="api.proto", package="v2", syntax="proto3")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field_name, kind) in enumerate(fields, 1):
            if kind == "map":
                entry = message.nested_type.add(name="AnnotationsEntry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
                entry.field.add(name="value", number=2, type=field.TYPE_BYTES, label=field.LABEL_OPTIONAL)
                added = message.field.add(name=field_name, number=number, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED)
                added.type_name = f".v2.{name}.AnnotationsEntry"
            else:
                kinds = {"string": field.TYPE_STRING, "bytes": field.TYPE_BYTES}
                message.field.add(name=field_name, number=number, type=kinds[kind], label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    types = {name: pool.FindMessageTypeByName(f"v2.{name}") for name in FIELDS}
    if hasattr(message_factory, "GetMessageClass"):
        return {name: message_factory.GetMessageClass(found) for name, found in types.items()}
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(found) for name, found in types.items()}


TYPES = message_types()


def call(channel, method, timeout=10.0, wait=True, **fields):
    request_type, response_type = TYPES[f"{method}Request"], TYPES[f"{method}Response"]
    for name in ("plaintext", "ciphertext"):
        if name in fields:
            fields[name] = base64.b64decode(fields[name])
    fields["annotations"] = {name: text.encode() for name, text in fields.pop("annotations", {}).items()}
    if method != "Decrypt":
        del fields["annotations"]
    stub = channel.unary_unary(
        f"/v2.KeyManagementService/{method}",
        request_serializer=request_type.SerializeToString,
        response_deserializer=response_type.FromString,
    )
    try:
        response = stub(request_type(**fields), timeout=timeout, wait_for_ready=wait)
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details()}
    answer = {}
    for name, kind in FIELDS[f"{method}Response"]:
        value = getattr(response, name)
        answer[name] = base64.b64encode(value).decode() if kind == "bytes" else dict(value) if kind == "map" else value
    return answer


with grpc.insecure_channel(f"unix:{sys.argv[1]}", [("grpc.default_authority", "localhost")]) as channel:
    for line in sys.stdin:
        print(json.dumps(call(channel, **json.loads(line))), flush=True)
