import type { Finding } from "../model/finding.ts";
import { nameSome } from "./certificate-finding.ts";
import { formatCount } from "./count.ts";

type Said = Pick<Finding, "sentence" | "evidence" | "remedy">;

type Certificates = {
  /** The first of them: whose, and until when. */
  certificates: readonly string[];
  count: number;
};

/** Says of a key that several certificates have that are seen now. */
export const describeSharedTlsKey = ({ certificates, count }: Certificates): Said => ({
  sentence: `one key is in ${formatCount(count, "certificate")} that are seen now: whoever gets hold of it can stand in for each`,
  evidence: nameSome(certificates, count, "certificate"),
  remedy: "give each certificate a key of its own at its next renewal",
});

type Kept = Certificates & { days: number; firstFrom: string; lastFrom: string };

/** Says of a key that it was kept when one certificate took the place of another. */
export const sayKeptKey = ({ certificates, count, days, firstFrom, lastFrom }: Kept): Said => ({
  sentence: `its key was kept for ${formatCount(days, "day")} of renewals: a copy that was made of it in that time still works`,
  evidence: [
    `the first certificate of this key is valid from ${firstFrom}, the last from ${lastFrom}`,
    ...nameSome(certificates, count, "certificate"),
  ],
  remedy: "make a new key at the next renewal, and let what renews it make one each time",
});

type Held = {
  /** Its fingerprint, or the hash of its public half. */
  name: string;
  hostCount: number;
  places: readonly string[];
  placeCount: number;
  /** Somebody logs in with it. */
  isSsh: boolean;
};

/** Says of a private key on how many hosts it lies. */
export const describeHeldKey = ({ name, hostCount, places, placeCount, isSsh }: Held): Said => ({
  sentence: `one private key lies on ${formatCount(hostCount, "host")}: whoever can read it on one of them has it for all`,
  evidence: [name, ...nameSome(places, placeCount, "place")],
  remedy: isSsh
    ? "make a key of its own on each host, grant each where it is needed, and remove the copies"
    : "make a key and a certificate of its own for each host; where several have to serve one name together, accept this",
});

/** Says of hosts that they present one host key. */
export const describeHostKeyShared = (
  fingerprint: string,
  hosts: readonly string[],
  count: number,
): Said => ({
  sentence: `one host key is presented under ${formatCount(count, "name")}: unless they are one machine, whoever controls one can stand in for the others`,
  evidence: [fingerprint, ...nameSome(hosts, count, "host")],
  remedy:
    "if they are one machine, accept this; if one is a copy of another, make new host keys on the copy: rm /etc/ssh/ssh_host_*, then ssh-keygen -A",
});
