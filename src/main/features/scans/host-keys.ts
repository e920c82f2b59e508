import type { AgainstKey } from "#domain/findings/host-findings.ts";
import { judgeHostCertificate } from "#domain/ssh/host-certificate.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { type KnownHosts, readKnownHosts } from "#domain/ssh/known-hosts.ts";
import {
  type HostKeyJudgement,
  type HostKeyKnowledge,
  judgeHostKey,
  preferHostKeyTypes,
  sayHostKey,
} from "#domain/ssh/known-hosts-judgement.ts";
import type { readKnownHostsFiles } from "#net/local/known-hosts-files.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import type { fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import type { HostKeyAnswer, VerifyHostKey } from "#net/ssh/log-in.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  readKnownHostsFiles: typeof readKnownHostsFiles;
  fetchHostCertificate: typeof fetchHostCertificate;
  now: () => Date;
};

type Question = Parameters<VerifyHostKey>[0];

/** A host that shows a bad certificate is refused, `--accept-new` or not; `why` says what is wrong with it. */
type Judgement = HostKeyJudgement & { why?: string | undefined };

export type HostKeys = {
  /** Host key algorithms for a host, those of keys known for it first. */
  preferTypes(target: SshTarget): string[];
  /** The answer for one visit, and afterwards what speaks against the key, for the finding about it. */
  verifierFor(
    target: SshTarget,
    signal: AbortSignal,
  ): { verify: VerifyHostKey; findAgainst: () => AgainstKey | null };
};

/**
 * Decides whether a host is the one it says it is, before anything of ours is sent to it. known_hosts is read
 * once a scan. With `acceptNew` a host that was never seen gets a pin; a changed key is refused all the same.
 */
export async function createHostKeys(deps: Deps, { home, acceptNew }: { home: string; acceptNew: boolean }) {
  const { files } = await deps.readKnownHostsFiles(home);
  const knownHosts: KnownHosts[] = files.map(({ path, text }) => readKnownHosts(text, path));
  const knowledgeOf = ({ host, port }: { host: string; port: number }): HostKeyKnowledge => ({
    knownHosts,
    pin: deps.store.pins.find(host, port),
  });

  return {
    preferTypes: (target) => preferHostKeyTypes(target.host, target.port, knowledgeOf(target)),

    verifierFor(target, signal) {
      let judgement: Judgement | null = null;
      return {
        findAgainst: () => judgement && findAgainst(judgement),
        async verify(question) {
          judgement = await judge(deps, question, knowledgeOf(question), signal);
          const isPinned = judgement.kind === "unknown" && acceptNew && pin(target, question.blob);
          return isPinned ? { kind: "trusted" } : toAnswer(question, judgement);
        },
      };
    },
  } satisfies HostKeys;

  /** False for what is no key at all: that is trusted by nobody. */
  function pin({ host, port }: SshTarget, blob: Uint8Array): boolean {
    const key = readKeyBlob(blob);
    if (!key) return false;
    const at = toInstant(deps.now());
    const { keyType, fingerprint } = key;
    deps.store.atomically(() => {
      deps.store.pins.put({ host, port, keyType, fingerprint, blob, source: "accepted", pinnedAt: at });
      deps.store.events.append({
        at,
        kind: "host-key-trusted",
        detail: { host, port, keyType, fingerprint, by: "accept-new" },
      });
    });
    return true;
  }
}

/** The judgement of the key, after the host was asked for its certificate where an authority vouches for it. */
async function judge(
  { fetchHostCertificate, now }: Deps,
  question: Question,
  knowledge: HostKeyKnowledge,
  signal: AbortSignal,
): Promise<Judgement> {
  const judgement = judgeHostKey(question, knowledge);
  if (judgement.kind !== "needs-certificate") return judgement;
  const { host, port, blob: presented } = question;
  const keyType = readKeyBlob(presented)?.keyType ?? "";
  const fetched = await fetchHostCertificate({
    host,
    port,
    keyType,
    timeoutMs: SSH_LIMITS.connectMs,
    signal,
  });
  if (fetched.kind === "none") return judgement.otherwise;
  const { authorities } = judgement;
  const vouched = judgeHostCertificate(
    { host, port, blob: fetched.blob, presented, authorities, now: now() },
    knowledge,
  );
  return "why" in vouched ? { ...judgement, why: vouched.why } : vouched;
}

function toAnswer(question: Question, judgement: Judgement): HostKeyAnswer {
  const message = [sayHostKey(question, judgement), judgement.why].filter(Boolean).join(": ");
  switch (judgement.kind) {
    case "trusted":
      return { kind: "trusted" };
    case "needs-certificate":
      return toAnswer(question, { ...judgement.otherwise, why: judgement.why });
    case "unknown":
      return { kind: "refused", outcome: "host-key-unknown", message };
    case "changed":
    case "revoked":
      return { kind: "refused", outcome: "host-key-changed", message };
    default:
      return assertNever(judgement);
  }
}

/** Null for a key that is trusted, or merely unknown. */
function findAgainst(judgement: HostKeyJudgement): AgainstKey | null {
  switch (judgement.kind) {
    case "needs-certificate":
      return findAgainst(judgement.otherwise);
    case "changed":
      return { isRevoked: false, evidence: sayKnown(judgement) };
    case "revoked":
      return { isRevoked: true, evidence: `revoked at ${judgement.where}` };
    case "trusted":
    case "unknown":
      return null;
    default:
      return assertNever(judgement);
  }
}

const sayKnown = ({ known }: Extract<HostKeyJudgement, { kind: "changed" }>): string =>
  `trusted: ${known.map(({ keyType, fingerprint, where }) => `${keyType} ${fingerprint} (${where})`).join(", ")}`;
