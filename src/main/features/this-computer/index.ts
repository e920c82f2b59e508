import { implement } from "@orpc/server";
import type { lookAtThisComputer } from "#net/local/this-computer.ts";
import { thisComputer } from "#shared/contract/this-computer.ts";
import type { Workstation } from "#shared/model/workstation.ts";

type Deps = { workstation: Workstation; look: typeof lookAtThisComputer };

export function createThisComputer({ workstation, look }: Deps) {
  const os = implement(thisComputer);
  return { look: os.look.handler(() => look(workstation)) };
}
