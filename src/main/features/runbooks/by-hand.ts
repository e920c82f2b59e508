import { quoteWord } from "#net/ssh/hand/words.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import type { RunStep } from "#shared/model/run.ts";

/** What to do by hand where a run could neither do nor undo a step: a command a line, to be run in this order. */
export function sayByHand(plan: Plan, steps: readonly RunStep[], token: string): string[] {
  const stuck = steps.filter(({ state }) => state === "needs-attention");
  const hosts = plan.hosts.filter(({ host, port }) =>
    stuck.some((step) => step.host === host && step.port === port),
  );
  return hosts.flatMap((host) => sayHost(host, stuck, token));
}

function sayHost(host: HostPlan, stuck: readonly RunStep[], token: string): string[] {
  const own = stuck.filter((step) => step.host === host.host && step.port === host.port);
  const letters = own.flatMap(({ phase }) => (phase === "remove" ? ["r"] : phase === "add" ? ["a"] : []));
  const restores = letters.flatMap((letter) =>
    host.files.map(({ path }, index) => {
      const folder = path.slice(0, path.lastIndexOf("/"));
      const kept = quoteWord(`${folder}/.latchkey/${token}/before-f${index}${letter}`);
      const file = quoteWord(path);
      return `[ ! -f ${kept} ] || { cp -p ${kept} ${quoteWord(`${path}.back`)} && mv -f ${quoteWord(`${path}.back`)} ${file}; }`;
    }),
  );
  const folders = new Set(host.files.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
  const clears = [...folders].map((folder) => `rm -rf ${quoteWord(`${folder}/.latchkey/${token}`)}`);
  const login = host.user === null ? host.host : `${host.user}@${host.host}`;
  return [`ssh -p ${host.port} ${quoteWord(login)}`, ...restores, ...clears];
}
