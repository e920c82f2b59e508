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
  const letters = own
    .toReversed()
    .flatMap(({ phase }) => (phase === "remove" ? ["r"] : phase === "add" ? ["a"] : []));
  const restores = letters.flatMap((letter) =>
    host.files.map(({ path }, index) => {
      const folder = path.slice(0, path.lastIndexOf("/"));
      const kept = quoteWord(`${folder}/.latchkey/${token}/before-f${index}${letter}`);
      // Renamed, never copied: whose folder it is may have laid a link where a copy would go.
      return `[ ! -f ${kept} ] || mv -f ${kept} ${quoteWord(path)}`;
    }),
  );
  const folders = new Set(host.files.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
  const clears = [...folders].flatMap((folder) => sayClear(`${folder}/.latchkey`, token));
  const login = host.user === null ? host.host : `${host.user}@${host.host}`;
  return [`ssh -p ${host.port} ${quoteWord(login)}`, ...restores, ...clears];
}

/** What the run has kept in a folder goes, and its lock; another's stays. */
const sayClear = (folder: string, token: string): string[] => [
  `rm -rf ${quoteWord(`${folder}/${token}`)}`,
  `for lock in ${quoteWord(folder)}/lock-*; do case $(readlink "$lock") in ${token},*) rm -f "$lock" ;; esac; done`,
  `rmdir ${quoteWord(folder)} 2>/dev/null || true`,
];
