import type { Finding } from "../model/finding.ts";

type Said = Pick<Finding, "sentence" | "evidence" | "remedy">;

export type KeyExchange = "classical" | "no-tls13";

/** Says of an endpoint that what is sent to it can be recorded now and read later. */
export const describeKeyExchange = (found: KeyExchange, facts: readonly string[]): Said => ({
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
export const describeReplaced = ({ at, before, after }: Replaced): Said => ({
  sentence: "it presents another certificate than before, and no runbook has replaced it",
  evidence: [
    `noticed by the scan of ${at}`,
    `before: ${before.subject}, until ${before.notAfter}, SHA-256 ${before.sha256}`,
    `now: ${after.subject}, until ${after.notAfter}, SHA-256 ${after.sha256}`,
  ],
  remedy:
    "ask whoever answers for it whether they replaced it; accept this if so, and look for who did if not",
});
