import { assertNever } from "../../model/assert-never.ts";
import type {
  BundleSignature,
  BundleStanding,
  BundleStandingKind,
  ClaimDifference,
  ClaimReason,
} from "../../model/hosts/bundle.ts";
import type { BundleView, ImportedBundle } from "../../model/hosts/imported-bundle.ts";
import { formatCount } from "../count.ts";
import { formatHostAddress } from "./target.ts";

type Facts = Pick<BundleView, "host" | "port" | "isNewHost" | "readAs" | "accountCount" | "collectedAt">;

/** What a bundle is, for people. */
function formatBundle({ host, port, isNewHost, readAs, accountCount, collectedAt }: Facts): string {
  const address = `${formatHostAddress({ host, port })}${isNewHost ? ", a new host" : ""}`;
  return `${address}: read as ${readAs}, ${formatCount(accountCount, "account")}, collected ${collectedAt}`;
}

/** The result of an import. */
export function describeImported(bundle: ImportedBundle): string {
  const { wasKnown, importedAt, state, message, signature, collectorIssuedAt, isSignedSince } = bundle;
  if (wasKnown) {
    const news = isSignedSince
      ? `only its host's signature is new: ${formatStanding(bundle)}`
      : "nothing has changed";
    return `already imported on ${importedAt}, as ${formatHostAddress(bundle)}; ${news}`;
  }
  const part = state === "ok" ? "" : `; read in part: ${message}`;
  const said = [formatStanding(bundle), formatCollector(collectorIssuedAt), formatSignature(signature)];
  return `${formatBundle(bundle)}${part}; ${said.filter(Boolean).join("; ")}`;
}

/** In a word or two, for a host that is known from a bundle, and for the scan that the bundle is. */
export function formatStandingKind(standing: BundleStandingKind): string {
  switch (standing) {
    case "verified":
      return "a bundle, verified by the host key";
    case "first-use":
      return "a bundle, signed by a host key that is known from bundles only";
    case "claimed":
      return "a bundle, claimed: nothing shows that it is of this host";
    default:
      return assertNever(standing);
  }
}

type Standing = { standing: BundleStanding; whyUnsigned: string; differences?: ClaimDifference[] | null };

/** Whether a bundle is of the host that it names, and what follows from that. */
export function formatStanding({ standing, whyUnsigned, differences = null }: Standing): string {
  switch (standing.kind) {
    case "verified":
      return `verified: signed by the host key ${standing.fingerprint}, which is known`;
    case "first-use":
      return `first use: signed by the host key ${standing.fingerprint}, which is known from bundles of this host only; compare it with the key on the host`;
    case "claimed": {
      const why = `${formatClaimReason(standing.why)}${whyUnsigned && ` (${whyUnsigned})`}`;
      if (!standing.isBeside) return `claimed: ${why}, so nothing shows that it is of this host`;
      const beside = `claimed: ${why}; it stands beside what is known of the host, and changes none of it`;
      return differences === null ? beside : `${beside}; ${formatDifferences(differences)}`;
    }
    default:
      return assertNever(standing);
  }
}

/** Why nothing shows of which host a bundle is. */
export function formatClaimReason(why: ClaimReason): string {
  switch (why) {
    case "unsigned":
      return "no host key has signed it";
    case "other-key":
      return "it is signed by a host key by which the host is not known";
    case "no-key":
      return "no host key is known of the host that it could be compared with";
    default:
      return assertNever(why);
  }
}

/** In one sentence, without the names. */
export function formatDifferences(differences: readonly ClaimDifference[]): string {
  if (differences.length === 0) return "it claims nothing that differs from what is known";
  const one = ({ what, claimedCount, knownCount }: ClaimDifference) =>
    `${formatCount(claimedCount, what)} only it has, ${formatCount(knownCount, what)} it has not`;
  return `compared with what is known: ${differences.map(one).join("; ")}`;
}

/** What to do where a bundle is not verified, and the host is known better. */
export const refuseUnapproved = (address: { host: string; port: number }, why: ClaimReason): string =>
  `nothing shows that it is of ${formatHostAddress(address)}: ${formatClaimReason(why)}. Collect it again as root, with the collector of this version; or keep what it claims beside what is known, by --approve-unverified ${formatHostAddress(address)}`;

const formatCollector = (collectorIssuedAt: string | null): string =>
  collectorIssuedAt === null
    ? "written by a collector that was not issued here"
    : `written by the collector that was issued here on ${collectorIssuedAt}`;

/** Who signed a bundle. */
export function formatSignature(signature: BundleSignature): string {
  switch (signature.kind) {
    case "none":
      return "no person has signed it";
    case "known":
      return `signed by ${signature.signer}, with ${signature.keyType} ${signature.fingerprint}`;
    case "gone":
      return `signed by ${signature.signer}, who has left, with ${signature.keyType} ${signature.fingerprint}`;
    case "unknown":
      return `signed with ${signature.keyType} ${signature.fingerprint}, which nobody here is known by`;
    case "unsupported":
      return `its signature was not checked: ${signature.why}`;
  }
}

/** One page to print: what to take to an air-gapped host, what to type there, and what to bring back. */
export const BUNDLE_INSTRUCTIONS = `LATCHKEY: READING A HOST THAT NO NETWORK LEADS TO

You copy a script there and a file back. The script only reads: it writes nothing on the host but
what you let it print into a file of yours, it installs nothing and opens no connection.

1  COPY
   [ ] collect.sh     made here with:  latchkey collector > collect.sh
   [ ] this page
   [ ] a medium with 16 MiB free for each host: no bundle is larger

2  RUN IT THERE, with the medium at /mnt
   As root, which sees everything:
       sudo sh /mnt/collect.sh > /mnt/$(uname -n).bundle
   Without root, which sees what this login may see; the rest is named as not read:
       sh /mnt/collect.sh > /mnt/$(uname -n).bundle
   It takes a second or so, and it needs sh with awk and od (coreutils or busybox). Once is enough. Then
   wait until everything is on the medium:
       sync; grep -a -c '^end ' /mnt/$(uname -n).bundle; tail -n 1 /mnt/$(uname -n).bundle
   says 1, and ends with "END SSH SIGNATURE". With 0 the bundle is not whole: run it again.
   As root, the script has the host's own SSH keys sign what it wrote (ssh-keygen of OpenSSH 8.1 or
   later). By that it is known to be of this host; where the last line is "host-unsigned", it is not.

3  VOUCH FOR IT THERE, if you will (with your own SSH key, or one on a security key)
       ssh-keygen -Y sign -n latchkey-bundle -f ~/.ssh/id_ed25519 /mnt/$(uname -n).bundle
   writes $(uname -n).bundle.sig beside it. Copy both.

4  IMPORT IT HERE
       latchkey import /media/web1.bundle        or drop the files on the window
   Host keys say which host it is. One that is not known by its keys becomes a new host, called as it
   calls itself, or as you say:
       latchkey import --as vault.corp /media/web1.bundle
   Of a host that is known already, a bundle that its own key has not signed changes nothing. What it
   claims is kept beside what is known, if you name the host:
       latchkey import --approve-unverified web1 /media/web1.bundle
   With --require-signature only a bundle is taken that somebody of your people sources has signed, or a key
   that you name with --signer FILE.
   Everything is dated when it was collected, by the host's own clock: see that it is right. From more
   than five minutes in the future nothing is taken.
   The same bundle twice changes nothing. One that is older than what is known, cut or altered is
   refused, and nothing of it is kept.

WHAT IS IN A BUNDLE
   Host name, operating system and versions; accounts, groups and shells; of each password its class
   alone (set, locked, none); the settings of sshd; authorized_keys files, whole; the public keys of
   host keys and of private keys, with the paths, owners and modes of the latter; certificates; rules of
   sudo and doas; known_hosts, and what ssh_config says of hosts; sums of logins by key from the logs.
   That shows an attacker the way in: keep it as you keep a list of your hosts, and wipe the medium.

WHAT IS NOT
   No private key. No password and no password hash. No content of other files.
`;
