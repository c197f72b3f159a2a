"""Calls of boto3 whose answers botocore's own model checks; imported by the programs beside it."""

import json

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from client_checks import CONFIG, check

iam = boto3.client("iam", config=CONFIG)
validator = ParamValidator()


def as_sent(value):
    """botocore has decoded the policy documents of an answer."""
    if isinstance(value, list):
        return [as_sent(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: json.dumps(item) if name.endswith("Document") and isinstance(item, dict) else as_sent(item)
        for name, item in value.items()
    }


def ask(operation, client=iam, **arguments):
    """Calls an operation; the answer must have the members, types and bounds that the model says."""
    answer = getattr(client, operation)(**arguments)
    metadata = answer.pop("ResponseMetadata")
    check(metadata["HTTPStatusCode"] == 200 and metadata["RequestId"], f"metadata of {operation}")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).output_shape
    if shape is None:
        check(answer == {}, f"{operation} answers nothing")
    else:
        report = validator.validate(as_sent(answer), shape)
        check(not report.has_errors(), f"{operation}: {report.generate_report()}")
    return answer


def refused(code, status, operation, client=iam, **arguments):
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        check(found == (code, status), f"{error} instead of {code}")
        check(isinstance(error, getattr(client.exceptions, f"{code}Exception", ClientError)), f"class of {code}")
        return error.response["Error"]["Message"]
    raise AssertionError(f"{operation}: {code} expected")
