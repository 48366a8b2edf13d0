"""KMS by its service model: an unmodified boto3 calls every operation, and every answer is walked against the model.

Usage: model_calls.py REGION OTHER_REGION
AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the profiles. Prints one line for each promise that was kept, then
all that was not, and ends with 1 if there is any of that.
"""

import logging
import sys
import warnings

warnings.simplefilter("error")

from aws_model import answers, calls, complete, errors
from aws_model.report import Report
from aws_model.walk import Record
from aws_model.world import World


def main(here, there):
    report, record = Report(), Record(built=set(calls.CALLS))
    logging.getLogger().addHandler(report)
    world = World(here, there, record)
    model = world.kms.meta.service_model
    for operation in calls.CALLS:
        promise = f"{operation} answers minimal and full input"
        report.keep(promise, calls.answers_minimal_and_full_input, world, operation)
        for shape in model.operation_model(operation).error_shapes:
            if errors.is_provokable(operation, shape.name):
                promise = f"{operation} refuses with {shape.name}"
                report.keep(promise, errors.provoke, world, operation, shape.name)
    for operation in sorted(set(model.operation_names) - set(calls.CALLS)):
        report.keep(f"{operation} is unsupported", calls.is_unsupported, world, operation)
    for answer in answers.ANSWERS:
        report.keep(answer.__name__, answer, world)
    for proof in complete.PROOFS:
        report.keep(proof.__name__, proof, model, record)
    report.failures += sorted(set(record.faults))
    for failure in report.failures:
        print(f"FAILED {failure}", flush=True)
    return bool(report.failures)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
