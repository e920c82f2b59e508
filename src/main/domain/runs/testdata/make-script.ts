import { hashPlan } from "#domain/runs/hash-plan.ts";
import { partsOf } from "#domain/runs/offline/script-parts.ts";
import { type ScriptParts, writeScript } from "#domain/runs/offline/write-script.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { GIVEN, makeAccountFacts, makeFileFacts, makeHostFacts, makeStand, ROTATE } from "./make-facts.ts";
import { NEW_KEY, OLD_KEY } from "./make-keys-file.ts";
import { planFor } from "./plan-for.ts";

export const OTHER = `${SAMPLE_KEYS.rsa} bob`;
export const BEFORE = `# 'kept' \\x41 %\r\nfrom="10.0.0.0/8",command="x '\\"" ${OLD_KEY} a\n${OTHER}`;
export const AFTER = `# 'kept' \\x41 %\r\nfrom="10.0.0.0/8",command="x '\\"" ${NEW_KEY} a\n${OTHER}`;

export const NONCE = "5".repeat(64);

/**
 * The script of a plan that replaces the key in ann's file; `others`, whose numbers follow hers, have the same file.
 */
export const makeScript =
  (before: string, signer: string | null = null, others: readonly string[] = []) =>
  (uid: number, hostKey: string, parts: Omit<ScriptParts, "sentences">) => {
    const files = ["ann", ...others].map((owner, index) =>
      makeFileFacts(owner, before, {
        stand: makeStand(before, { uid: uid + index, gid: uid + index, owner }),
      }),
    );
    const accounts = files.map((file) => makeAccountFacts(file.accounts[0] ?? "", [file]));
    const plan = planFor([makeHostFacts("web1", "", { hostKey, files, accounts })], {
      provided: GIVEN,
      request: { ...ROTATE, newKey: NEW_KEY },
      here: [],
    });
    const hash = hashPlan(plan);
    const [part] = partsOf(plan, []);
    const sentences = { immutable: "is immutable", "read-only": "lies on a file system that is read-only" };
    const script =
      part &&
      writeScript(
        { plan, hash, newKey: NEW_KEY, signer, leftOut: [] },
        { ...part, nonce: NONCE },
        { ...parts, sentences },
      );
    if (!script) throw new Error("there is no script");
    return { plan, hash, script };
  };
