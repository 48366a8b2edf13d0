// Clients of a cluster's profiles. The SDK takes the endpoint of a profile only if AWS_PROFILE names it, not if its own
// `profile` setting does.

import { readFileSync } from "node:fs";
import { KMS } from "@aws-sdk/client-kms";

const CONFIG = readFileSync(process.env.AWS_CONFIG_FILE, "utf8");

function endpointOf(profile) {
  const [, section] = CONFIG.split(`[profile ${profile}]\n`);
  return section.match(/^endpoint_url = (.*)$/m)[1];
}

/** A client of a region, with the profile of an account: "" or "-2". */
export function kms(region, account = "", settings = {}) {
  const profile = `concord${account}-${region}`;
  return new KMS({ profile, region, endpoint: endpointOf(profile), maxAttempts: 1, ...settings });
}
