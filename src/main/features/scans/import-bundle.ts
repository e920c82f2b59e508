import type { AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import { createSharedWork } from "#domain/x509/path/build-paths.ts";
import type { BundleStanding, ClaimDifference } from "#shared/model/hosts/bundle.ts";
import type { ImportedBundle } from "#shared/model/hosts/imported-bundle.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { refuseUnapproved } from "#shared/text/hosts/bundle.ts";
import type { KnownTexts } from "#store/claim-table.ts";
import type { CollectedHost, HostProbe } from "#store/probe-record.ts";
import type { RecordingStore } from "#store/recording-store.ts";
import type { OfflineReading } from "#store/runs/host-readings.ts";
import type { Store } from "#store/store.ts";
import { createReader } from "./describe-probe.ts";
import { type BundlePlan, isKeptBeside, planBundle } from "./plan-bundle.ts";
import type { ReadProbe } from "./recording/batches.ts";
import { createServedEvaluator, type ServedEvaluator } from "./recording/evaluate-served-by.ts";
import type { OfflineBundle, StreamResult } from "./recording/messages.ts";
import { createPublicNoter } from "./recording/note-certificates.ts";
import { createViolationRecorder } from "./recording/record-violations.ts";
import type { ImportBundle } from "./recording/recorder.ts";

/**
 * Imports bundles: a bundle is read, evaluated and written like a probe, in a scan of its own with the date of its
 * collection. A bundle whose host nothing verifies is kept as a claim beside a more reliable reading. Call it within a
 * transaction: either all of this happens or nothing.
 */
export function createBundleImporter(store: RecordingStore, read: ReadProbe): ImportBundle {
  const work = createSharedWork();
  const notePublic = createPublicNoter(store.chains, { work });
  const recordViolations = createViolationRecorder(store, { work });
  const evaluateServed = createServedEvaluator(store);
  return (offline, importedAt) => {
    const plan = planBundle(store, offline, importedAt);
    const { bundle, signers, user: _, known, isSignedSince, ...described } = plan;
    const { host, port, signature, collectedAt, standing } = described;
    const nothing = { differences: null, isSignedSince, wasKnown: true, state: "ok", message: "" } as const;
    if (known) {
      if (isSignedSince) markSigned(store, plan, importedAt);
      const { scanId } = known;
      return { ...described, ...nothing, scanId, importedAt: known.importedAt };
    }
    if (standing.kind === "claimed" && standing.isBeside)
      return {
        ...described,
        ...nothing,
        ...keepBeside(store, read, { plan, offline, importedAt }),
        wasKnown: false,
      };
    store.claims.drop(bundle.digest);
    const { scanId, probe } = write(store, { read, evaluateServed }, plan);
    notePublic(probe);
    recordViolations(probe);
    const { digest, collection } = bundle;
    const bound = { standing: standing.kind, signedBy: signers };
    store.bundles.add({
      scanId,
      digest,
      host,
      port,
      importedAt,
      signature,
      nonce: collection.nonce,
      ...bound,
    });
    const detail = { scanId, host, port, digest, collectedAt, signature, ...bound };
    store.events.append({ at: importedAt, kind: "bundle-imported", detail });
    const { state, message } = probe;
    return { ...described, ...nothing, scanId, importedAt, wasKnown: false, state, message };
  };
}

/** Where a bundle differs from what is known of its host; null where it is not kept beside that. */
function differencesOf({ claims }: Pick<RecordingStore, "claims">, read: ReadProbe, plan: BundlePlan) {
  if (plan.known || !isKeptBeside(plan.standing)) return null;
  const { host, port, user, collectedAt: at } = plan;
  const target = { kind: "ssh" as const, host, port, user };
  const probe = readOffline(read, plan, { scanId: NO_SCAN, at, target, tookMs: 0, isOffline: true });
  const known = claims.known(host, port);
  return known && probe.collected ? compareClaim(probe.collected, known) : [];
}

/** The result is compared, and recorded nowhere. */
const NO_SCAN = 0 as StreamResult["identity"]["scanId"];

type Beside = { plan: BundlePlan; offline: OfflineBundle; importedAt: string };

function keepBeside(store: RecordingStore, read: ReadProbe, { plan, offline, importedAt }: Beside) {
  const { bundle, host, port, standing, signature, collectedAt, readAs, accountCount } = plan;
  if (standing.kind !== "claimed") throw new Error("what is verified is not kept beside");
  if (!offline.approved.some((one) => one.host === host && one.port === port))
    throw new Refusal("conflict", refuseUnapproved(plan, standing.why));
  const differences = differencesOf(store, read, plan) ?? [];
  const { digest, collection } = bundle;
  const claim = { host, port, digest, collectedAt, importedAt, signature, why: standing.why };
  store.claims.add({ ...claim, nonce: collection.nonce, readAs, accountCount, differences });
  store.events.append({ at: importedAt, kind: "bundle-claimed", detail: claim });
  return { scanId: null, importedAt, differences };
}

/** Records the host's own signature alone: the content of the bundle was imported before. */
function markSigned(store: RecordingStore, { bundle, signers, ...plan }: BundlePlan, at: string): void {
  const { host, port, standing, collectedAt } = plan;
  const { digest } = bundle;
  store.bundles.stand(digest, standing.kind, signers);
  const signedBy = standing.kind === "claimed" ? null : standing.fingerprint;
  store.offlineReadings.stand({ host, port }, { at: collectedAt, standing: standing.kind, signedBy });
  const detail = { host, port, digest, standing: standing.kind, signedBy: signers };
  store.events.append({ at, kind: "bundle-signed", detail });
}

/** The host is not remembered as a target: nobody has said that it can be reached from here. */
function write(
  store: RecordingStore,
  { read, evaluateServed }: { read: ReadProbe; evaluateServed: ServedEvaluator },
  plan: BundlePlan,
) {
  const { host, port, user, collectedAt: at } = plan;
  const target = { kind: "ssh" as const, host, port, user };
  const scanId = store.scans.beginOffline(host, at);
  const probe = readOffline(read, plan, { scanId, at, target, tookMs: 0, isOffline: true });
  store.hosts.recordProbe(probe);
  const standing = plan.standing.kind;
  store.offlineReadings.put(
    { host, port },
    { at, standing, reading: describeOffline(plan.bundle.collection, plan.standing) },
  );
  evaluateServed.after(probe);
  store.scans.finish(scanId, "finished", at);
  return { scanId, probe };
}

/**
 * The host was not connected to, so there is no host key. The error of its clock is not known, but it is ahead by at
 * least as much as the bundle is ahead of this computer's clock. By that, an older bundle of it is known to be older.
 */
function readOffline(
  read: ReadProbe,
  { bundle: { stream, collection }, signers }: BundlePlan,
  identity: StreamResult["identity"],
): HostProbe {
  const reading = {
    state: "ok",
    outcome: "collected",
    message: "",
    ending: "",
    stream,
    hostKey: null,
  } as const;
  const probe = read({ kind: "stream", identity, nonce: collection.nonce, reading, lost: null });
  if (!("collected" in probe) || !probe.collected) throw new Error("a whole bundle was not read");
  const ahead = probe.collected.clockAheadSeconds ?? 0;
  const keyFiles = withoutForeignVerifications(probe.collected.keyFiles, collection.signingHost, signers);
  return {
    ...probe,
    collected: { ...probe.collected, keyFiles, clockAheadSeconds: ahead > 0 ? ahead : null },
  };
}

/**
 * The statement that key files have signed names the host by its keys, and one of these must have signed the bundle:
 * whoever makes a bundle can insert the verifications of another host's bundle, and that host's public keys.
 */
function withoutForeignVerifications(
  keyFiles: CollectedHost["keyFiles"],
  signingHost: string,
  signers: readonly string[],
): CollectedHost["keyFiles"] {
  const named = signingHost.split(",");
  if (signers.some((signer) => named.includes(signer))) return keyFiles;
  return keyFiles.map((file) =>
    file.possession.kind === "verified"
      ? { ...file, possession: { kind: "claimed", why: "not-signed" } }
      : file,
  );
}

/**
 * What plans need of a host that is known by its bundle alone. Its key is one that signed the bundle: anybody can name
 * one.
 */
function describeOffline(collection: Collection, standing: BundleStanding): OfflineReading {
  const { accounts, authorizedKeys, sshd } = collection;
  const named = new Set(authorizedKeys.flatMap((file) => file.accounts));
  return {
    signedBy: standing.kind === "claimed" ? null : standing.fingerprint,
    accounts: accounts
      .filter(({ name }) => named.has(name))
      .map(({ name, uid, gid, shell }) => {
        const settings = sshd.effective?.get(name);
        const settingOf = (keyword: string): string | null => {
          const value = settings?.get(keyword)?.[0] ?? "none";
          return value.toLowerCase() === "none" ? null : value;
        };
        return {
          name,
          uid,
          gid,
          shell,
          isSshdKnown: settings !== undefined,
          keysCommand: settingOf("authorizedkeyscommand"),
          authenticationMethods: settings?.get("authenticationmethods")?.[0] ?? null,
          forceCommand: settingOf("forcecommand"),
        };
      }),
    files: authorizedKeys.map((file) => describeFile(file, collection)),
  };
}

function describeFile(file: AuthorizedKeysFile, { accounts }: Collection): OfflineReading["files"][number] {
  const { path, accounts: names, realPath, bytes, walk } = file;
  const entry = walk[0]?.type === "file" ? walk[0] : null;
  const why = formatObstacle(file, entry !== null);
  return {
    path,
    accounts: names,
    realPath,
    why,
    base64: why === null && bytes ? Buffer.from(bytes).toString("base64") : null,
    uid: entry?.uid ?? -1,
    gid: entry?.gid ?? -1,
    owner: accounts.find(({ uid }) => uid === entry?.uid)?.name ?? "",
    mode: entry ? `0${entry.mode.toString(8).padStart(3, "0")}`.slice(-4) : "",
  };
}

/** Why the file would not be changed; other obstacles show up on the host. */
function formatObstacle(
  { path, bytes, whyUnreadable, isCut, isLink, linkCount }: AuthorizedKeysFile,
  hasEntry: boolean,
): string | null {
  if (bytes === null) return whyUnreadable ?? `${path} was not read`;
  if (isCut) return `${path} is too large for a bundle`;
  if (isLink)
    return `${path} is a symbolic link: change the file that it leads to, or put a file in its place`;
  if (linkCount !== null && linkCount > 1) return `${path} has more than one name (hard link)`;
  return hasEntry ? null : `the bundle does not say whose ${path} is`;
}

/** So many of each kind are named. */
const MOST_NAMED = 20;

/** The differences between a bundle and what is known of its host, for each kind that differs. */
function compareClaim(collected: CollectedHost, known: KnownTexts): ClaimDifference[] {
  const claimed: KnownTexts = {
    account: new Set(collected.accounts.map(({ name }) => name)),
    grant: new Set(collected.grants.map(({ account, text }) => `${account}: ${text}`)),
    "key file": new Set(collected.keyFiles.map(({ path, fingerprint }) => `${path} ${fingerprint ?? ""}`)),
    "host key": new Set(collected.hostKeys.map(({ fingerprint }) => fingerprint)),
    certificate: new Set(
      collected.certificateFiles.flatMap(({ path, certificates }) =>
        certificates.map(({ certificate }) => `${path} ${certificate.sha256}`),
      ),
    ),
  };
  return KINDS.flatMap((what) => {
    const [here, there] = [claimed[what], known[what]];
    const onlyClaimed = [...here].filter((text) => !there.has(text));
    const onlyKnown = [...there].filter((text) => !here.has(text));
    if (onlyClaimed.length + onlyKnown.length === 0) return [];
    return {
      what,
      claimedCount: onlyClaimed.length,
      knownCount: onlyKnown.length,
      claimed: onlyClaimed.slice(0, MOST_NAMED),
      known: onlyKnown.slice(0, MOST_NAMED),
    };
  });
}

const KINDS = ["account", "grant", "key file", "host key", "certificate"] as const;

/** Returns what importing bundles would do, with their differences from what is known. Changes nothing. */
export function createBundlePlanner(store: Store) {
  const read = createReader(store);
  return (offline: OfflineBundle, at: Instant): BundlePlan & Pick<ImportedBundle, "differences"> => {
    const plan = planBundle(store, offline, at);
    return { ...plan, differences: differencesOf(store, read, plan) };
  };
}
