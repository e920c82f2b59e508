import { implement } from "@orpc/server";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { inspectThisComputer } from "#net/local/this-computer.ts";
import { type ThisComputer, thisComputer } from "#shared/contract/settings.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";

type Deps = {
  workstation: Workstation;
  loadSshConfig: (
    workstation: Workstation,
    file: null,
  ) => Promise<{ config: Pick<SshConfig, "names" | "broken" | "notes">; files: string[] }>;
};

export function createThisComputer({ workstation, loadSshConfig }: Deps) {
  const os = implement(thisComputer);
  return {
    inspect: os.inspect.handler(async (): Promise<ThisComputer> => {
      const [found, { config, files }] = await Promise.all([
        inspectThisComputer(workstation),
        loadSshConfig(workstation, null),
      ]);
      const { names, broken, notes } = config;
      return {
        ...found,
        sshConfig: { files, hosts: names.length, broken: broken.length, notes: [...notes] },
      };
    }),
  };
}
