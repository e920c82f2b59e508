import { quoteWord } from "#net/ssh/hand/words.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import type { HostPlan, Plan } from "#shared/model/plan.ts";
import type { RunFile, RunStep } from "#shared/model/run.ts";

/** What to do by hand where a run could neither do nor undo a step: a command a line, to be run in this order. */
export function sayByHand(
  plan: Plan,
  steps: readonly RunStep[],
  files: readonly RunFile[],
  token: string,
): string[] {
  const stuck = steps.filter(({ state }) => state === "needs-attention");
  const hosts = plan.hosts.filter(({ host, port }) =>
    stuck.some((step) => step.host === host && step.port === port),
  );
  return hosts.flatMap((host) => sayHost(host, stuck, files, token));
}

function sayHost(
  host: HostPlan,
  stuck: readonly RunStep[],
  files: readonly RunFile[],
  token: string,
): string[] {
  const stuckFiles = files.filter(
    (file) => file.fate === "stuck" && file.host === host.host && file.port === host.port,
  );
  const own = stuck.filter((step) => step.host === host.host && step.port === host.port);
  const changes = own.toReversed().filter(({ phase }) => phase === "remove" || phase === "add");
  const restores = changes.flatMap((step) => sayFiles(host, step, stuckFiles, token));
  const folders = new Set(host.files.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
  const clears = [...folders].flatMap((folder, index) => sayClear(`${folder}/.latchkey`, token, index));
  const login = host.user === null ? host.host : `${host.user}@${host.host}`;
  if (host.certificates) {
    const lines = own.flatMap(({ phase }) => sayStuck(host.certificates ?? [], phase, token));
    return lines.length === 0 ? [] : [`ssh -p ${host.port} ${quoteWord(login)}`, ...lines];
  }
  return [`ssh -p ${host.port} ${quoteWord(login)}`, ...restores, ...clears];
}

/** Where it is known which files are stuck, the others stand as they should, and may have what somebody has written. */
function sayFiles(
  { files }: HostPlan,
  { phase }: RunStep,
  stuck: readonly RunFile[],
  token: string,
): string[] {
  return files.flatMap(({ path }, index) => {
    const found = stuck.find((one) => one.path === path);
    if (stuck.length > 0 && found?.phase !== phase) return [];
    const { putBack = [], takeOut = [] } = found ?? {};
    if (putBack.length + takeOut.length > 0)
      return [
        ...putBack.map((line) => `# put back into ${path}: ${line}`),
        ...takeOut.map((line) => `# take out of ${path}: ${line}`),
      ];
    const folder = path.slice(0, path.lastIndexOf("/"));
    const id = `f${index}${phase === "remove" ? "r" : "a"}`;
    const kept = quoteWord(`${folder}/.latchkey/${token}/before-${id}`);
    return sayRestore(quoteWord(path), kept, `${token}-${id}`);
  });
}

/** What differs is shown first, and what stands there is kept in the home of whoever logs in: it may be somebody's change. */
const sayRestore = (path: string, kept: string, name: string): string[] => [
  `[ ! -f ${kept} ] || diff ${path} ${kept} || true`,
  // Renamed, never copied: whose folder it is may have laid a link where a copy would go.
  `[ ! -f ${kept} ] || { { [ ! -f ${path} ] || cp -p ${path} ~/latchkey-${name}; } && mv -f ${kept} ${path}; }`,
];

/**
 * What the run has kept in a folder is moved to the home of whoever logs in, for a late edit may be among it; its lock goes,
 * another's stays.
 */
const sayClear = (folder: string, token: string, index: number): string[] => [
  `[ ! -d ${quoteWord(`${folder}/${token}`)} ] || mv ${quoteWord(`${folder}/${token}`)} ~/latchkey-${token}-${index}`,
  `for lock in ${quoteWord(folder)}/lock-*; do case $(readlink "$lock") in ${token},*) rm -f "$lock" ;; esac; done`,
  `rmdir ${quoteWord(folder)} 2>/dev/null || true`,
];

/** Only where an installation is stuck do old files go back: before it none were changed, and after it the new ones are proved. */
function sayStuck(changes: readonly CertificateChange[], phase: RunStep["phase"], token: string): string[] {
  if (phase === "install") return sayPairs(changes, token);
  if (phase !== "commit" && phase !== "request") return [];
  const dens = changes.flatMap(({ id, files }) => [
    `/var/lib/latchkey/${token}/${id}`,
    ...files.map(({ real }) => `${real.slice(0, real.lastIndexOf("/"))}/.latchkey-${token}-${id}`),
  ]);
  return [...new Set(dens)].map((den) => `rm -rf ${quoteWord(den)}`);
}

/** The old files of a pair, wherever they are kept, and the servers that read them. */
function sayPairs(certificates: readonly CertificateChange[], token: string): string[] {
  const restores = certificates.flatMap(({ id, files }) =>
    files.flatMap(({ real, before }, nth) => {
      const folder = real.slice(0, real.lastIndexOf("/"));
      return [`/var/lib/latchkey/${token}/${id}`, `${folder}/.latchkey-${token}-${id}`].map((den) => {
        const kept = quoteWord(`${den}/held-${nth}.${before}`);
        return `[ ! -f ${kept} ] || mv -f ${kept} ${quoteWord(real)}`;
      });
    }),
  );
  const servers = new Set(certificates.flatMap(({ consumers }) => consumers.map(({ server }) => server)));
  return [
    ...restores,
    `# have these read their files again, and look at what they serve: ${[...servers].join(", ")}`,
  ];
}
