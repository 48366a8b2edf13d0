// An unmodified @aws-sdk/client-kms against a cluster of two regions: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
// name its profiles.
//
// Usage: client_kms_calls.mjs REGION OTHER_REGION
// Prints one line for each promise that was kept, and ends with an exception at the first that was not.

import assert from "node:assert/strict";
import * as models from "@aws-sdk/client-kms";
import { kms } from "./profiles.mjs";
import { until } from "./waiting.mjs";

const [HERE, THERE] = process.argv.slice(2);
const bytes = (text) => new TextEncoder().encode(text);

/** The call is refused with this exception, in the SDK's own class where it has one; answers the message. */
async function refused(name, status, call) {
  const error = await call.then(
    () => assert.fail(`not refused with ${name}`),
    (error) => error,
  );
  assert.deepEqual([error.name, error.$metadata?.httpStatusCode], [name, status], error);
  assert.ok(error instanceof (models[name] ?? models.KMSServiceException), error);
  assert.ok(error.$metadata.requestId, error);
  return error.message;
}

async function aProfileIsAllItNeeds() {
  process.env.AWS_PROFILE = `concord-${HERE}`;
  assert.ok(Array.isArray((await new models.KMS().listKeys()).Keys));
  delete process.env.AWS_PROFILE;
}

async function aKeyLivesItsLife() {
  const client = kms(HERE);
  const asked = Date.now();
  const Tags = [{ TagKey: "a", TagValue: "" }];
  const { KeyMetadata: made } = await client.createKey({ Description: "JavaScript ü", Tags });
  assert.equal(made.AWSAccountId, "111122223333");
  assert.equal(made.MultiRegion, false);
  assert.ok(Math.abs(made.CreationDate - asked) < 60_000, made.CreationDate);
  const KeyId = made.KeyId;
  assert.deepEqual((await client.describeKey({ KeyId })).KeyMetadata, made);
  assert.deepEqual((await client.listResourceTags({ KeyId })).Tags, Tags);
  await client.createAlias({ AliasName: "alias/javascript", TargetKeyId: KeyId });
  const EncryptionContext = { b: "2", a: "ü" };
  const sealed = await client.encrypt({ KeyId: "alias/javascript", Plaintext: bytes("\0secret"), EncryptionContext });
  assert.equal(sealed.KeyId, made.Arn);
  const opened = await client.decrypt({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext });
  assert.deepEqual([...opened.Plaintext], [...bytes("\0secret")]);
  const dataKey = await client.generateDataKey({ KeyId, KeySpec: "AES_256" });
  const again = await client.decrypt({ CiphertextBlob: dataKey.CiphertextBlob });
  assert.ok(Buffer.from(again.Plaintext).equals(dataKey.Plaintext) && dataKey.Plaintext.length === 32);
  await client.disableKey({ KeyId });
  await refused("DisabledException", 400, client.encrypt({ KeyId, Plaintext: bytes("x") }));
  await client.enableKey({ KeyId });
  const deletion = await client.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  assert.deepEqual([deletion.KeyId, deletion.KeyState], [made.Arn, "PendingDeletion"]);
  assert.ok(deletion.DeletionDate > asked + 6 * 86_400_000, deletion.DeletionDate);
}

async function whatOneRegionEncryptsAnotherDecrypts() {
  const [here, there] = [kms(HERE), kms(THERE)];
  const { KeyId } = (await here.createKey({ MultiRegion: true })).KeyMetadata;
  const { ReplicaKeyMetadata: replica } = await here.replicateKey({ KeyId, ReplicaRegion: THERE });
  assert.equal(replica.KeyState, "Creating");
  await until("the replica", async () => (await there.describeKey({ KeyId })).KeyMetadata.KeyState === "Enabled");
  const { CiphertextBlob } = await here.encrypt({ KeyId, Plaintext: bytes("attack at dawn") });
  const opened = await there.decrypt({ CiphertextBlob });
  assert.equal(Buffer.from(opened.Plaintext).toString(), "attack at dawn");
  assert.equal(opened.KeyId, replica.Arn);
}

async function signaturesAndMacsVerify() {
  const client = kms(HERE);
  const Message = bytes("m");
  const signer = (await client.createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" })).KeyMetadata.KeyId;
  const signing = { KeyId: signer, Message, SigningAlgorithm: "ECDSA_SHA_256" };
  const { Signature } = await client.sign(signing);
  assert.equal((await client.verify({ Signature, ...signing })).SignatureValid, true);
  const altered = { ...signing, Message: bytes("n") };
  await refused("KMSInvalidSignatureException", 400, client.verify({ Signature, ...altered }));
  const coder = (await client.createKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" })).KeyMetadata.KeyId;
  const coding = { KeyId: coder, Message, MacAlgorithm: "HMAC_SHA_256" };
  const { Mac } = await client.generateMac(coding);
  assert.equal((await client.verifyMac({ Mac, ...coding })).MacValid, true);
  await refused("KMSInvalidMacException", 400, client.verifyMac({ Mac: Mac.with(0, Mac[0] ^ 1), ...coding }));
}

async function listsComeInPages() {
  const client = kms(HERE);
  const made = [];
  for (let count = 0; count < 3; count += 1) made.push((await client.createKey({})).KeyMetadata.KeyId);
  const listed = [];
  for await (const page of models.paginateListKeys({ client, pageSize: 1 }, {})) {
    assert.ok(page.Keys.length <= 1, page);
    listed.push(...page.Keys.map((entry) => entry.KeyId));
  }
  assert.equal(new Set(listed).size, listed.length);
  assert.deepEqual(made.filter((key) => !listed.includes(key)), []);
}

async function refusalsAreThoseOfAws() {
  const client = kms(HERE);
  assert.equal(await refused("NotFoundException", 400, client.describeKey({ KeyId: "x" })), "Invalid keyId 'x'");
  await refused("InvalidCiphertextException", 400, client.decrypt({ CiphertextBlob: new Uint8Array(200) }));
  await refused("ValidationException", 400, client.describeKey({}));
  await refused("ValidationException", 400, client.generateRandom({ NumberOfBytes: 1025 }));
  await refused("SerializationException", 400, client.describeKey({ KeyId: 5 }));
  const theirs = (await client.createKey({})).KeyMetadata.Arn;
  await refused("AccessDeniedException", 400, kms(HERE, "-2").describeKey({ KeyId: theirs }));
}

async function signaturesOfOthersAreRefused() {
  const own = await kms(HERE).config.credentials();
  const { accessKeyId, secretAccessKey } = own;
  const wrong = { credentials: { accessKeyId, secretAccessKey: "x".repeat(40) } };
  await refused("InvalidSignatureException", 400, kms(HERE, "", wrong).listKeys({}));
  const stranger = { credentials: { accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey } };
  await refused("UnrecognizedClientException", 400, kms(HERE, "", stranger).listKeys({}));
  const session = { credentials: { accessKeyId, secretAccessKey, sessionToken: "t" } };
  await refused("UnrecognizedClientException", 400, kms(HERE, "", session).listKeys({}));
  await refused("InvalidSignatureException", 400, kms(HERE, "", { region: THERE }).listKeys({}));
}

const PROMISES = [
  aProfileIsAllItNeeds,
  aKeyLivesItsLife,
  whatOneRegionEncryptsAnotherDecrypts,
  signaturesAndMacsVerify,
  listsComeInPages,
  refusalsAreThoseOfAws,
  signaturesOfOthersAreRefused,
];

for (const promise of PROMISES) {
  await promise();
  console.log(promise.name);
}
