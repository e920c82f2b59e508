import { isInParts, mainPhase, partsOf, type ScriptPart } from "#domain/runs/offline/script-parts.ts";
import { type ScriptParts, writeScript } from "#domain/runs/offline/write-script.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { findFingerprint, randomNonce, signBytes } from "#net/local/sign-bytes.ts";
import { isOffline } from "#runs/engine/runbook.ts";
import { findWatch } from "#runs/kinds/access/grace.ts";
import { type Agreement, readyPlan, refuseUnagreed } from "#runs/planning/plans.ts";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  SCRIPT_NAMESPACE,
  type ScriptFile,
  type Scripts,
  UNSIGNED_SCRIPTS,
} from "#shared/model/runs/offline-script.ts";
import { type AccessPlan, newKeyOf, offlinePlan, privateKeysHere } from "#shared/model/runs/plan.ts";
import type { OldKeyUse, Phase, RunId } from "#shared/model/runs/run.ts";
import { formatCount } from "#shared/text/count.ts";
import { HOST_REFUSALS } from "#shared/text/runs/host-refusal.ts";
import { formatUse } from "#shared/text/runs/old-key.ts";
import { UNSIGNED_CHECK } from "#shared/text/runs/plan.ts";
import { type ConfirmDeps, createClaimConfirmer } from "./claims.ts";

/** What every script consists of, as the program ships it. */
type OfflineParts = Omit<ScriptParts, "sentences">;

export type ExportDeps = ConfirmDeps & {
  offlineParts: OfflineParts;
  workstation: Pick<Workstation, "home" | "agentSocket">;
};

export type ScriptExport = Agreement & { signWith: string | null };

/** A script for each host of a plan that has something to do now, signed if the user names a key for that. */
export function createScriptExport({ store, offlineParts, workstation, now, ...deps }: ExportDeps) {
  const { runs, journal, offline, files: runFiles } = store.runbooks;
  const confirmClaims = createClaimConfirmer({ store, now, ...deps });

  return async (found: PlanDetail, { signWith, ...agreed }: ScriptExport): Promise<Scripts> => {
    const { id, hash } = found;
    const plan = offlinePlan(readyPlan(found));
    if (!plan) throw new Error(`plan ${id} is of a kind that has no scripts`);
    refuseUnscripted(plan);
    const before = found.runId === null ? null : runs.find(found.runId);
    if (before && !isOffline(before))
      throw new Refusal(
        "conflict",
        `plan ${id} was run from here, as run ${before.id}; no script of it is left`,
      );
    if (before) await confirmClaims(before.id);
    const run = before && runs.find(before.id);
    // The acknowledgements of an offline run were given for its first part.
    if (!run) refuseUnagreed(id, plan, agreed);
    const parts = partsOf(plan, run ? journal.steps(run.id) : []);
    if (parts.length === 0 && run)
      throw new Refusal(
        "conflict",
        `nothing of plan ${id} is left for offline scripts: run ${run.id} has it all`,
      );
    if (signWith === null && !agreed.acknowledgements.includes(UNSIGNED_SCRIPTS))
      throw new Refusal(
        "conflict",
        `1 acknowledgement missing: ${UNSIGNED_SCRIPTS} (${UNSIGNED_CHECK.text})`,
      );
    const key = signWith === null ? null : await findSigner(signWith, workstation);
    const of = {
      plan,
      hash: hash ?? "",
      newKey: keyLineOf(plan, run),
      signer: key?.fingerprint ?? null,
      leftOut: run ? runFiles.all(run.id) : [],
    };
    const scripts = parts.flatMap((part) => {
      const nonce = randomNonce();
      const text = writeScript(of, { ...part, nonce }, { ...offlineParts, sentences: HOST_REFUSALS });
      return text === null ? [] : [{ file: { ...fileOf(plan, part), text }, nonce }];
    });
    const written = scripts.map(({ file }) => file);
    const { files, signer } = await signAll(written, key, workstation.agentSocket);
    const hosts = files.map((file) => ({ host: file.host, port: file.port, phases: file.phases }));
    const about = { plan: id, hash, hosts, signer: signer?.fingerprint ?? null };
    const at = toInstant(now());
    await store.queueWrite(() => {
      for (const {
        nonce,
        file: { host, port, phases },
      } of scripts)
        offline.addScript({ nonce, planId: id, host, port, phases, at });
      store.events.append({ at, kind: "scripts-exported", detail: about });
    });
    const uses = (run && findWatch(store, run)?.uses) ?? [];
    return { files, signer, notes: [...notesOf(plan, parts, signer), ...uses.map(formatShutOut)] };
  };
}

type Unsigned = Omit<ScriptFile, "signature">;

/** Refuses what no script can do of such a plan. */
function refuseUnscripted(plan: AccessPlan): void {
  const fresh = plan.hosts.flatMap(({ files }) => files).find(({ creates }) => creates !== undefined);
  if (fresh)
    throw new Refusal(
      "conflict",
      `${fresh.path} is not there yet, and a script writes only what is: make it there, and plan again`,
    );
  const newKey = newKeyOf(plan);
  if (newKey?.kind === "made-here")
    throw new Refusal(
      "conflict",
      `the new key would be made on this computer by a run, and a script can only grant one that exists: make it (ssh-keygen -t ${newKey.keyType}), and name its .pub file by --new-key`,
    );
}

function keyLineOf(plan: AccessPlan, run: { id: RunId; newKey: { line: string } | null } | null) {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "provided" ? newKey.line : (run?.newKey?.line ?? null);
}

function fileOf(plan: AccessPlan, { host: { host, port }, phases }: ScriptPart): Omit<Unsigned, "text"> {
  return {
    name: `${nameOf(host)}-${port}${isInParts(plan) ? `-${mainPhase(phases)}` : ""}.sh`,
    host,
    port,
    phases,
  };
}

/** A valid file name, whatever the host is called. */
const nameOf = (host: string): string => host.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^[.-]/, "_");

/** A key file here, and the key that it signs with. */
type Signer = { keyFile: string; path: string; fingerprint: string };

async function findSigner(keyFile: string, { home }: ExportDeps["workstation"]): Promise<Signer> {
  const path = keyFile.replace(/^~(?=\/)/, home);
  const found = await findFingerprint(path);
  if ("why" in found) throw new Refusal("invalid-input", `${keyFile} cannot sign: ${found.why}`);
  return { keyFile, path, fingerprint: found.fingerprint };
}

/** Each script says by which key it is signed, so all are signed by that one. */
async function signAll(
  scripts: readonly Unsigned[],
  signer: Signer | null,
  agentSocket: string | null,
): Promise<Pick<Scripts, "files" | "signer">> {
  if (signer === null) return { files: scripts.map((one) => ({ ...one, signature: null })), signer: null };
  const { keyFile, path, fingerprint } = signer;
  const files: ScriptFile[] = [];
  let seen: Scripts["signer"] = null;
  for (const script of scripts) {
    const bytes = Buffer.from(script.text, "utf8");
    const signed = await signBytes(bytes, { keyFile: path, namespace: SCRIPT_NAMESPACE, agentSocket });
    if ("why" in signed) throw new Refusal("invalid-input", `${keyFile} cannot sign: ${signed.why}`);
    const checked = checkSignature(signed.signature, bytes, SCRIPT_NAMESPACE);
    if (checked.kind !== "good") throw new Refusal("invalid-input", `${keyFile} cannot sign: ${checked.why}`);
    if (checked.key.fingerprint !== fingerprint)
      throw new Refusal("invalid-input", `${keyFile} cannot sign: the .pub file beside it is of another key`);
    seen = { keyType: checked.key.keyType, fingerprint };
    files.push({ ...script, signature: signed.signature });
  }
  return { files, signer: seen };
}

/** From its date on a script removes the old line, whatever logs show by then. */
const formatShutOut = (use: OldKeyUse): string =>
  `${formatUse(use)}: give whoever that is the new key before the old line goes`;

function notesOf(plan: AccessPlan, parts: readonly ScriptPart[], signer: Scripts["signer"]): string[] {
  const [part] = parts;
  return [
    signer
      ? `signed with ${signer.keyType} ${signer.fingerprint}: give that fingerprint to whoever runs them, over another channel than the scripts`
      : "not signed: whoever transports them could change them; name a key to sign with",
    ...(isInParts(plan) && part ? [formatPart(mainPhase(part.phases), parts.length)] : []),
    ...(part?.notBefore
      ? [
          `it removes nothing before ${part.notBefore}, when the days of grace are over; run with --now, it does so at once`,
        ]
      : []),
    ...privateKeysHere(plan).map(
      ({ path }) =>
        `${path} on this computer is replaced by no script: put the new private key there once the new lines stand`,
    ),
    ...plan.checks.flatMap(({ state, text }) => (state === "acknowledge" ? [`acknowledged: ${text}`] : [])),
  ];
}

/** If there are several parts: what this one does, and which results must be imported before the next. */
function formatPart(phase: Phase, hosts: number): string {
  const back = `import the results of ${formatCount(hosts, "host")}, then export again`;
  switch (phase) {
    case "create-key":
      return `this part makes the new key where the old one is held; ${back} for the new lines`;
    case "grant":
      return `this part adds the new lines, and no old one goes; ${back} for what comes next`;
    case "install-key":
      return `this part puts the new key in the place of the old one, for its line stands everywhere; ${back} for the removal`;
    case "revoke":
      return "this part removes the old lines, for the new ones stand on every host";
    case "keep":
    case "finish":
      return "this part clears away what was kept of the old key, for no line of it is left";
    case "request":
    case "issue":
    case "install":
    case "post-check":
      throw new Error("certificates are renewed by no script");
    case "test":
    case "reload":
      throw new Error("servers are reloaded by no script");
    case "disable":
    case "remove":
      throw new Error("accounts are disabled and removed by no script");
    default:
      return assertNever(phase);
  }
}
