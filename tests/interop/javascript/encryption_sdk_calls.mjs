// An unmodified AWS Encryption SDK for JavaScript against a cluster of two regions: AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE name its profiles.
//
// Usage: encryption_sdk_calls.mjs REGION OTHER_REGION
// Prints one line for each promise that was kept, and ends with an exception at the first that was not.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode,
  AwsKmsMrkAwareSymmetricKeyringNode,
  CommitmentPolicy,
  KmsKeyringNode,
  buildAwsKmsMrkAwareDiscoveryMultiKeyringNode,
  buildAwsKmsMrkAwareStrictMultiKeyringNode,
  buildClient,
} from "@aws-crypto/client-node";
import { kms } from "./profiles.mjs";
import { until } from "./waiting.mjs";

const [HERE, THERE] = process.argv.slice(2);
const [ACCOUNT, OTHER_ACCOUNT] = ["111122223333", "444455556666"];
const CONTEXT = { purpose: "test", ü: "2" };

const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

/** As the SDK's builders ask for clients. */
const clientProvider = (region) => kms(region);

async function newKey(region, parameters = {}) {
  return (await kms(region).createKey(parameters)).KeyMetadata.Arn;
}

/** A key in both regions; answers its ARN here. */
async function newMultiRegionKey() {
  const arn = await newKey(HERE, { MultiRegion: true });
  const KeyId = arn.split("/")[1];
  await kms(HERE).replicateKey({ KeyId, ReplicaRegion: THERE });
  const there = kms(THERE);
  await until("the replica", async () => (await there.describeKey({ KeyId })).KeyMetadata.KeyState === "Enabled");
  return arn;
}

/** Decrypts with whatever key of the account a message names, in this region. */
function discovery(region, account = ACCOUNT) {
  const discoveryFilter = { accountIDs: [account], partition: "aws" };
  return new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({ client: kms(region), discoveryFilter });
}

async function encrypted(plaintext, keyring) {
  return (await sdk.encrypt(keyring, plaintext, { encryptionContext: CONTEXT })).result;
}

async function decrypted(message, keyring) {
  const { plaintext, messageHeader } = await sdk.decrypt(keyring, message);
  for (const [name, value] of Object.entries(CONTEXT)) assert.equal(messageHeader.encryptionContext[name], value);
  return plaintext.toString();
}

async function whatOneRegionEncryptsAnotherDecryptsByDiscovery() {
  const arn = await newMultiRegionKey();
  const here = new AwsKmsMrkAwareSymmetricKeyringNode({ client: kms(HERE), keyId: arn });
  const message = await encrypted("attack at dawn", here);
  for (const region of [THERE, HERE]) assert.equal(await decrypted(message, discovery(region)), "attack at dawn");
  const replica = arn.replace(HERE, THERE);
  const there = new AwsKmsMrkAwareSymmetricKeyringNode({ client: kms(THERE), keyId: replica });
  assert.equal(await decrypted(message, there), "attack at dawn");
  assert.equal(await decrypted(await encrypted("back", there), discovery(HERE)), "back");
}

async function multiKeyringsKnowEveryRegion() {
  const arn = await newMultiRegionKey();
  const other = await newKey(THERE);
  const keys = { generatorKeyId: arn, keyIds: [other] };
  const strict = buildAwsKmsMrkAwareStrictMultiKeyringNode({ clientProvider, ...keys });
  const message = await encrypted("either", strict);
  assert.equal(await decrypted(message, strict), "either");
  const discoveryFilter = { accountIDs: [ACCOUNT], partition: "aws" };
  for (const regions of [[HERE], [THERE], [HERE, THERE]]) {
    const found = buildAwsKmsMrkAwareDiscoveryMultiKeyringNode({ clientProvider, regions, discoveryFilter });
    assert.equal(await decrypted(message, found), "either");
  }
}

async function streamsAreDecryptedInTheOtherRegion() {
  const arn = await newMultiRegionKey();
  const plaintext = Buffer.alloc(1 << 20, "stream");
  const keyring = new AwsKmsMrkAwareSymmetricKeyringNode({ client: kms(HERE), keyId: arn });
  const opened = [];
  await pipeline(
    Readable.from([plaintext]),
    sdk.encryptStream(keyring, { encryptionContext: CONTEXT }),
    sdk.decryptStream(discovery(THERE)),
    async (chunks) => {
      for await (const chunk of chunks) opened.push(chunk);
    },
  );
  assert.ok(Buffer.concat(opened).equals(plaintext));
}

async function discoveryFindsNothingOfOtherRegionsAndAccounts() {
  const keyring = new KmsKeyringNode({ clientProvider, generatorKeyId: await newKey(HERE) });
  const message = await encrypted("here", keyring);
  await assert.rejects(decrypted(message, discovery(THERE)), /Unable to decrypt data key/);
  await assert.rejects(decrypted(message, discovery(HERE, OTHER_ACCOUNT)), /Unable to decrypt data key/);
  assert.equal(await decrypted(message, discovery(HERE)), "here");
}

const PROMISES = [
  whatOneRegionEncryptsAnotherDecryptsByDiscovery,
  multiKeyringsKnowEveryRegion,
  streamsAreDecryptedInTheOtherRegion,
  discoveryFindsNothingOfOtherRegionsAndAccounts,
];

for (const promise of PROMISES) {
  await promise();
  console.log(promise.name);
}
