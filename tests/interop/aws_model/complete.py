"""Proves from the record of what was asked and answered that nothing of botocore's service model was left out."""

from aws_model.calls import CALLS
from aws_model.errors import NOT_HERE, NOWHERE, SPECIAL, is_provokable
from aws_model.walk import BEYOND_THE_MODEL

OPERATIONS = 56

# Members that the model requires of no input, and without which there is still none.
NEEDED_ALL_THE_SAME = {
    "Decrypt": {"CiphertextBlob"},
    "GenerateDataKey": {"KeySpec"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec"},
    "GenerateRandom": {"NumberOfBytes"},
    "ImportKeyMaterial": {"ValidTo"},
    "ReEncrypt": {"CiphertextBlob"},
}

_NO_RECIPIENT = "a Recipient is refused until supported"
_NO_KEY_STORES = "custom key stores are not supported yet"

# Members of answers that are never there.
NEVER_ANSWERED = {
    ("DecryptResponse", "CiphertextForRecipient"): _NO_RECIPIENT,
    ("DeriveSharedSecretResponse", "CiphertextForRecipient"): _NO_RECIPIENT,
    ("GenerateDataKeyPairResponse", "CiphertextForRecipient"): _NO_RECIPIENT,
    ("GenerateDataKeyResponse", "CiphertextForRecipient"): _NO_RECIPIENT,
    ("GenerateRandomResponse", "CiphertextForRecipient"): _NO_RECIPIENT,
    ("GetKeyRotationStatusResponse", "OnDemandRotationStartDate"): "only while a rotation is under way, for a moment",
    ("KeyLastUsageData", "CloudTrailEventId"): "there is no CloudTrail",
    ("KeyMetadata", "CloudHsmClusterId"): _NO_KEY_STORES,
    ("KeyMetadata", "CustomKeyStoreId"): _NO_KEY_STORES,
    ("KeyMetadata", "XksKeyConfiguration"): _NO_KEY_STORES,
    ("XksKeyConfigurationType", "Id"): _NO_KEY_STORES,
}


def every_operation_is_called_or_unsupported(model, record):
    assert len(model.operation_names) == OPERATIONS, len(model.operation_names)
    assert set(CALLS) <= set(model.operation_names), set(CALLS) - set(model.operation_names)
    _none([name for name in CALLS if not record.succeeded[name]], "never succeeded")
    not_built = set(model.operation_names) - set(CALLS)
    unsupported = {name for name, code in record.refused if code == "UnsupportedOperationException"}
    _none(not_built - unsupported, "are neither called nor unsupported")


def every_operation_takes_its_minimal_input(model, record):
    lacking = []
    for name in CALLS:
        required = set(model.operation_model(name).input_shape.required_members)
        minimal = required | NEEDED_ALL_THE_SAME.get(name, set())
        if frozenset(minimal) not in record.succeeded[name]:
            lacking.append(f"{name} {sorted(minimal)}")
    _none(lacking, "were not called so")


def every_member_of_every_input_is_taken_or_refused_for_itself(model, record):
    wrong = []
    for name, made in CALLS.items():
        members = set(model.operation_model(name).input_shape.members)
        taken = set().union(*record.succeeded[name])
        refused = set(made.refuses)
        wrong += [f"{name}.{member} is not set" for member in members - taken - refused]
        wrong += [f"{name}.{member} is listed as refused and is taken" for member in refused & taken]
        for member, (_, code) in made.refuses.items():
            if not any(member in given for given in record.refused[name, code]):
                wrong.append(f"{name}.{member} was not refused")
    _none(wrong, "")


def every_error_of_every_operation_is_provoked_or_has_a_reason(model, record):
    pairs = set(_pairs(model))
    provoked = {pair for pair, given in record.refused.items() if given}
    provokable = {pair for pair in pairs if is_provokable(*pair)}
    _none(provokable - provoked, "were not provoked")
    _none((pairs - provokable) & provoked, "are listed as not provokable and were provoked")


def no_reason_is_superfluous(model, record):
    pairs = set(_pairs(model))
    _none(set(NOT_HERE) - pairs, "are no errors of their operation")
    _none(set(SPECIAL) - pairs, "are provoked and no errors of their operation")
    _none({pair for pair in NOT_HERE if pair[1] in NOWHERE}, "have two reasons")
    _none(set(NOWHERE) - {code for _, code in pairs}, "are errors of no operation")
    listed = {name: set(codes) for name, codes in _by_operation(pairs).items()}
    _none({pair for pair in BEYOND_THE_MODEL if pair[1] in listed[pair[0]]}, "are in the model")
    _none({pair for pair in BEYOND_THE_MODEL if not record.refused[pair]}, "are never answered")


def every_member_of_every_answer_was_there_or_has_a_reason(model, record):
    members = set()
    for name in CALLS:
        _collect(model.operation_model(name).output_shape, members)
    _none(members - record.answered - set(NEVER_ANSWERED), "were in no answer")
    _none(set(NEVER_ANSWERED) & record.answered, "are listed as never answered and were")
    _none(set(NEVER_ANSWERED) - members, "are members of no answer")


def _pairs(model):
    for name in CALLS:
        for shape in model.operation_model(name).error_shapes:
            yield name, shape.name


def _by_operation(pairs):
    listed = {}
    for name, code in pairs:
        listed.setdefault(name, []).append(code)
    return listed


def _collect(shape, members):
    """All members of a shape and of the shapes within it."""
    if shape is None:
        return
    if shape.type_name == "list":
        _collect(shape.member, members)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            members.add((shape.name, name))
            _collect(member, members)


def _none(found, what):
    assert not found, f"{what}: {sorted(map(str, found))}"


PROOFS = [
    every_operation_is_called_or_unsupported,
    every_operation_takes_its_minimal_input,
    every_member_of_every_input_is_taken_or_refused_for_itself,
    every_error_of_every_operation_is_provoked_or_has_a_reason,
    no_reason_is_superfluous,
    every_member_of_every_answer_was_there_or_has_a_reason,
]
