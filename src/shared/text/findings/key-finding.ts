import type { FindingText } from "../../model/finding.ts";
import { formatCount } from "../count.ts";
import { nameSome } from "./certificate-finding.ts";

type Certificates = {
  /** The first of them: whose, and until when. */
  certificates: readonly string[];
  count: number;
};

/** Says of a key that several certificates have that are seen now. */
export const describeSharedTlsKey = ({ certificates, count }: Certificates): FindingText => ({
  sentence: `one key is in ${formatCount(count, "certificate")} that are seen now: whoever gets hold of it can stand in for each`,
  evidence: nameSome(certificates, count, "certificate"),
  remedy: "give each certificate a key of its own at its next renewal",
});

type Kept = Certificates & { days: number; firstFrom: string; lastFrom: string };

/** Says of a key that it was kept when one certificate took the place of another. */
export const describeKeptTlsKey = ({
  certificates,
  count,
  days,
  firstFrom,
  lastFrom,
}: Kept): FindingText => ({
  sentence: `its key was kept for ${formatCount(days, "day")} of renewals: a copy that was made of it in that time still works`,
  evidence: [
    `the first certificate of this key is valid from ${firstFrom}, the last from ${lastFrom}`,
    ...nameSome(certificates, count, "certificate"),
  ],
  remedy: "make a new key at the next renewal, and let what renews it make one each time",
});

type Held = {
  /** Its fingerprint, or the hash of its public key. */
  name: string;
  hostCount: number;
  files: readonly string[];
  fileCount: number;
  /** Somebody logs in with it. */
  isSsh: boolean;
};

/** Says of a private key on how many hosts it lies. */
export const describeHeldKey = ({ name, hostCount, files, fileCount, isSsh }: Held): FindingText => ({
  sentence: `one private key lies on ${formatCount(hostCount, "host")}: whoever can read it on one of them has it for all`,
  evidence: [name, ...nameSome(files, fileCount, "place")],
  remedy: isSsh
    ? "make a key of its own on each host, grant each where it is needed, and remove the copies"
    : "make a key and a certificate of its own for each host; where several have to serve one name together, accept this",
});

/** Says of hosts that they present one host key. */
export const describeHostKeyShared = (
  fingerprint: string,
  hosts: readonly string[],
  count: number,
): FindingText => ({
  sentence: `one host key is presented under ${formatCount(count, "name")}: unless they are one machine, whoever controls one can stand in for the others`,
  evidence: [fingerprint, ...nameSome(hosts, count, "host")],
  remedy:
    "if they are one machine, accept this; if one is a copy of another, make new host keys on the copy: rm /etc/ssh/ssh_host_*, then ssh-keygen -A",
});

export type KeyExchange = "classical" | "no-tls13";

/** Says of an endpoint that what is sent to it can be recorded now and read later. */
export const describeKeyExchange = (found: KeyExchange, facts: readonly string[]): FindingText => ({
  sentence:
    found === "classical"
      ? "it takes no hybrid group in TLS 1.3: what is recorded of it today can be read by whoever has a quantum computer one day"
      : "it does not speak TLS 1.3, without which there are no hybrid groups: what is recorded of it today can be read by whoever has a quantum computer one day",
  evidence: [...facts],
  remedy:
    "turn on X25519MLKEM768 where what is sent has to stay secret for years: OpenSSL 3.5, Go 1.24 and their servers have it; certificates can wait",
});

export type Replaced = {
  at: string;
  before: { subject: string; sha256: string; notAfter: string };
  after: { subject: string; sha256: string; notAfter: string };
};

/** Says of an endpoint that its certificate has been replaced by nothing that this program knows of. */
export const describeReplaced = ({ at, before, after }: Replaced): FindingText => ({
  sentence: "it presents another certificate than before, and no runbook has replaced it",
  evidence: [
    `noticed by the scan of ${at}`,
    `before: ${before.subject}, until ${before.notAfter}, SHA-256 ${before.sha256}`,
    `now: ${after.subject}, until ${after.notAfter}, SHA-256 ${after.sha256}`,
  ],
  remedy:
    "ask whoever answers for it whether they replaced it; accept this if so, and look for who did if not",
});

export const ACROSS_ENVIRONMENTS_SEVERITY = "medium";

/** Says of a key that it opens accounts of several environments. Written by strangers in part. */
export const describeAcrossEnvironments = (
  environments: readonly { environment: string; opens: readonly string[] }[],
): FindingText => ({
  sentence: `one key opens accounts of ${environments.map(({ environment }) => environment).join(", ")}`,
  evidence: environments.map(({ environment, opens }) => `${environment}: ${opens.join(", ")}`),
  remedy: "give each environment a key of its own: whoever gets into one is otherwise in the other",
});
