import { NO_SSH_CONFIG, type SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { parseTargets } from "#domain/targets/parse-targets.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/targets.ts";
import type { Target } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";

type ReadTargets = { targets: Target[]; broken: BrokenEntry[]; notes: string[]; sshConfig: SshConfig };

/** Reads what people write as targets, with what this workstation's ssh_config and known_hosts add to it. */
export type TargetReader = (wish: TargetText) => Promise<ReadTargets>;

export function createTargetReader(_deps: { workstation: Workstation }): TargetReader {
  return async ({ text, only }) => ({
    targets: parseTargets(text, only),
    broken: [],
    notes: [],
    sshConfig: NO_SSH_CONFIG,
  });
}
