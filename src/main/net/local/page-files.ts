import { isAbsolute, join, relative, resolve } from "node:path";
import { assertNever } from "#shared/model/assert-never.ts";
import type { NamedFile } from "#shared/model/local-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import {
  isRenewal,
  newKeyOf,
  Plan,
  type PrivateKeyPlan,
  plannedCertificates,
  privateKeysByHost,
  privateKeysHere,
} from "#shared/model/runs/plan.ts";

/** Files that the person who started Latchkey named at the command line, in addition to the defaults. */
export type StartFiles = {
  sshConfigs: readonly string[];
  /** Private keys to log in and to sign with; a new one may be created at such a path, too. */
  identities: readonly string[];
  /** Programs that set DNS records. */
  programs: readonly string[];
};

export const NO_START_FILES: StartFiles = { sshConfigs: [], identities: [], programs: [] };

type Deps = {
  home: string;
  startFiles: StartFiles;
  /** Programs that an issuer has already. Only a command line can set one for the first time. */
  listPrograms: () => Promise<readonly string[]>;
};

/**
 * Which files of this computer a page may name: those of the user's `~/.ssh`, the usual ssh_config, and those that were
 * named at the start. We read, run or write what a page names, and our error about it reaches the page.
 */
export function createPageFiles({ home, startFiles, listPrograms }: Deps) {
  const toPath = (text: string) => resolve(text.replace(/^~(?=\/)/, () => home));
  const isIn = (files: readonly string[], path: string) =>
    files.some((file) => toPath(file) === toPath(path));

  function isOwnKey(path: string): boolean {
    // `.~Resolved as the reader of this kind of file does: `~` is expanded only for files to log in or sign with.~`.
    const inner = relative(join(home, ".ssh"), path);
    const isBelow = inner !== "" && !inner.startsWith("..") && !isAbsolute(inner);
    return isBelow || isIn(startFiles.identities, path);
  }

  async function whyNot({ use, value }: NamedFile): Promise<string | null> {
    if (use === "plan") return whyNotPlan(value);
    if (typeof value !== "string") return null;
    switch (use) {
      case "ssh-config":
        return isIn([join(home, ".ssh/config"), "/etc/ssh/ssh_config", ...startFiles.sshConfigs], value)
          ? null
          : formatRefusal(value, "it is not your ssh_config", "--ssh-config");
      case "key-or-identity":
        return isKey(value) || isOwnKey(resolve(value)) ? null : formatRefusal(value, NO_KEY, "--identity");
      case "identity":
        return isOwnKey(toPath(value)) ? null : formatRefusal(value, NO_KEY, "--identity");
      case "new-key":
        return isOwnKey(resolve(value)) ? null : formatRefusal(value, NO_KEY, "--identity");
      case "program":
        return isIn([...startFiles.programs, ...(await listPrograms())], value)
          ? null
          : formatRefusal(value, "no issuer has this program", "--dns-hook");
      default:
        return assertNever(use);
    }
  }

  /** An exported plan names files by itself. A value that is no plan is refused where it is imported. */
  async function whyNotPlan(value: unknown): Promise<string | null> {
    const { data } = Plan.safeParse(value);
    if (!data) return null;
    for (const named of filesOfPlan(data)) {
      const why = await whyNot(named);
      if (why !== null) return why;
    }
    return null;
  }

  return {
    /** Refuses an input that names any other file. */
    async check(named: readonly NamedFile[]): Promise<void> {
      for (const each of named) {
        const why = await whyNot(each);
        if (why !== null) throw new Refusal("invalid-input", why);
      }
    },
  };
}

const NO_KEY = "it is not in your ~/.ssh";

const formatRefusal = (path: string, why: string, option: string): string =>
  `${path} cannot be named here, for ${why}; name it when Latchkey is started (${option} ${path}), or use the command line`;

const isKey = (text: string): boolean =>
  text.startsWith("SHA256:") || /(?:^|\s)(?:ssh-|ecdsa-sha2-|sk-)\S+\s+AAAA/.test(text);

/** The files of this computer that a plan names. */
function filesOfPlan(plan: Plan): NamedFile[] {
  const newKey = newKeyOf(plan);
  const isHere = ({ host, kind }: PrivateKeyPlan) => host === null && kind === "file";
  const keyPlans = [...privateKeysHere(plan), ...privateKeysByHost(plan).flat()].filter(isHere);
  const certificates = isRenewal(plan) ? plannedCertificates(plan) : [];
  return [
    ...(newKey && newKey.kind !== "made-on-host" ? [newKey.path] : []),
    ...(plan.kind === "tighten-grants" ? [plan.verificationKey] : []),
    ...keyPlans.map(({ path }) => path),
  ]
    .map((value): NamedFile => ({ use: "identity", value }))
    .concat(
      certificates.flatMap(({ challenge }) =>
        challenge?.kind === "dns-hook" ? [{ use: "program", value: challenge.program }] : [],
      ),
    );
}
