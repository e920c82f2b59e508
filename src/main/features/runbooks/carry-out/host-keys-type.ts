import type { HeldLogin } from "#connect/host-sessions.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import type { Evidence } from "#shared/model/step-result.ts";

type NewHostKey = { host: string; port: number; newLine: string };

/** What a rotation of a host key does beside the change of sshd's configuration. */
export type HostKeys = {
  /** Puts the key where the configuration names it, has sshd read that, and proves what it is about on a fresh connection. */
  prove(
    asked: NewHostKey & {
      phase: "add" | "remove";
      oldKey: string | null;
      keyFile: string;
      comment: string;
      loginKey: ProofKey | null;
    },
    login: HeldLogin,
  ): Promise<
    | { kind: "proved" | "unverified"; evidence: Evidence[] }
    | { kind: "refused" | "unsure" | "alarm"; message: string }
  >;
  /** Once the configuration was taken back. Null: done, or there was nothing to do. */
  takeBack(asked: NewHostKey & { oldKey: string | null }, login: HeldLogin): Promise<string | null>;
};
