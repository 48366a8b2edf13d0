// Waiting for a condition with a deadline: the only way the programs here wait.

import { setTimeout as pause } from "node:timers/promises";

const WITHIN_MS = 30_000;
const POLL_MS = 100;

/** Asks until the answer is true; a refusal means not yet, and the last one is told when it never becomes true. */
export async function until(what, ask) {
  const end = performance.now() + WITHIN_MS;
  let last;
  while (performance.now() < end) {
    try {
      if (await ask()) return;
    } catch (refusal) {
      last = refusal;
    }
    await pause(POLL_MS);
  }
  throw new Error(`waited in vain for ${what}`, { cause: last });
}
