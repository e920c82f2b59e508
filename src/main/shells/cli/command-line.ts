import { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { VERSION } from "#shared/model/version.ts";
import { formatSimilar } from "#shared/text/similar.ts";
import { addExamples } from "./examples.ts";
import { findWord } from "./find-word.ts";
import { explain } from "./options.ts";
import { MORE, type Session, type World } from "./session.ts";
import { createBareProgram } from "./verify-line.ts";

type Add = (program: Command, session: Session) => void;

/** A module that adds commands, with the names of these: it is loaded for them, and for help. */
type Part = { names: readonly string[]; load: () => Promise<Add> };

/** In the order of the help. */
export const PARTS: readonly Part[] = [
  { names: ["scan"], load: async () => (await import("./scan/scan.ts")).addScan },
  { names: ["targets"], load: async () => (await import("./scan/targets.ts")).addTargets },
  { names: ["collector", "import"], load: async () => (await import("./scan/bundles.ts")).addBundles },
  { names: ["today"], load: async () => (await import("./report/today.ts")).addToday },
  { names: ["claims"], load: async () => (await import("./scan/bundles.ts")).addClaims },
  { names: ["certificates"], load: async () => (await import("./report/certificates.ts")).addCertificates },
  { names: ["access"], load: async () => (await import("./report/access.ts")).addAccess },
  { names: ["accounts"], load: async () => (await import("./report/accounts.ts")).addAccounts },
  { names: ["logins"], load: async () => (await import("./report/logins.ts")).addLogins },
  { names: ["hosts"], load: async () => (await import("./report/hosts.ts")).addHosts },
  { names: ["host-keys"], load: async () => (await import("./report/hosts.ts")).addHostKeys },
  { names: ["findings"], load: async () => (await import("./report/findings.ts")).addFindings },
  { names: ["inspect"], load: async () => (await import("./report/inspect.ts")).addInspect },
  { names: ["verify"], load: async () => (await import("./report/verify.ts")).addVerify },
  { names: ["served"], load: async () => (await import("./report/served.ts")).addServed },
  { names: ["graph"], load: async () => (await import("./report/graph.ts")).addGraph },
  { names: ["changes"], load: async () => (await import("./report/changes.ts")).addChanges },
  { names: ["forecast", "timeline"], load: async () => (await import("./report/forecast.ts")).addForecast },
  { names: ["rotate"], load: async () => (await import("./change/rotate.ts")).addRotate },
  { names: ["reload"], load: async () => (await import("./change/reload.ts")).addReload },
  {
    names: ["disable", "remove", "restore"],
    load: async () => (await import("./change/disable.ts")).addDisable,
  },
  { names: ["grants"], load: async () => (await import("./change/access.ts")).addGrants },
  { names: ["runs"], load: async () => (await import("./change/runs.ts")).addRuns },
  { names: ["trust", "chain"], load: async () => (await import("./report/trust.ts")).addTrust },
  { names: ["people"], load: async () => (await import("./manage/people.ts")).addPeople },
  { names: ["inventory"], load: async () => (await import("./manage/people.ts")).addInventory },
  { names: ["baseline"], load: async () => (await import("./manage/decisions.ts")).addBaseline },
  { names: ["approve", "unapprove"], load: async () => (await import("./manage/decisions.ts")).addApprove },
  { names: ["accept", "unaccept"], load: async () => (await import("./manage/decisions.ts")).addAccept },
  { names: ["rules"], load: async () => (await import("./manage/decisions.ts")).addRules },
  { names: ["reviews"], load: async () => (await import("./manage/reviews.ts")).addReviews },
  { names: ["label", "tags"], load: async () => (await import("./manage/label.ts")).addLabel },
  { names: ["serve"], load: async () => (await import("./manage/serve.ts")).addServe },
  { names: ["database"], load: async () => (await import("./manage/database.ts")).addDatabase },
  { names: ["vault"], load: async () => (await import("./manage/vault.ts")).addVault },
  { names: ["issuers"], load: async () => (await import("./manage/issuers.ts")).addIssuers },
  { names: ["completion"], load: async () => (await import("./manage/completion.ts")).addCompletion },
  { names: ["call"], load: async () => (await import("./manage/call.ts")).addCall },
];

const NAMES = PARTS.flatMap(({ names }) => names);

/** The whole command line. Returns the exit code: 0 done, 1 attention, 2 refused, 3 could not do it. */
export async function runCommandLine(argv: readonly string[], world: World): Promise<number> {
  let code = 0;
  const finish = (result: number) => {
    code = result;
  };
  try {
    refuseUnknown(findWord(argv));
    const program = await createProgram({ world, finish }, partsFor(argv));
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return explain(error, world);
  }
}

/** Before its options are read, of which an unknown command knows none. */
function refuseUnknown(word: string | null): void {
  if (word === null || word === "help" || NAMES.includes(word)) return;
  throw new Refusal(
    "not-found",
    `there is no command ${word}${formatSimilar(word, NAMES)}; latchkey --help lists them`,
  );
}

/** For one command its own part alone; for help, for a completion and for an unknown command, all of them. */
function partsFor(argv: readonly string[]): readonly Part[] {
  const word = findWord(argv);
  if (word === "completion") return PARTS;
  const parts = PARTS.filter(({ names }) => word !== null && names.includes(word));
  return parts.length > 0 ? parts : PARTS;
}

/** The commands of these parts, as they are typed. */
export async function createProgram(session: Session, parts = PARTS): Promise<Command> {
  const { world } = session;
  const program = createBareProgram(world)
    .description("Find out which certificates expire where, and who can log in where; then renew and rotate.")
    .usage("[command] [options]")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpCommand(
      new Command("help").argument("[command]").description("print the help of a command").helpGroup(MORE),
    )
    .configureHelp({ showGlobalOptions: true, subcommandTerm: formatCommand })
    .addHelpText("after", HELP)
    .action(async () => {
      const [word] = program.args;
      refuseUnknown(word ?? null);
      const { serveUntilStopped } = await import("./manage/serve.ts");
      session.finish(await serveUntilStopped(program.opts(), world));
    });
  for (const add of await Promise.all(parts.map(({ load }) => load()))) add(program, session);
  addExamples(program);
  // Not before: its commands would take words that they do not use, too.
  return program.allowExcessArguments();
}

/** A command in the list of commands: its arguments, not its options. */
const formatCommand = (command: Command): string =>
  [command.name(), command.usage().replace(/^\[options\] ?/, "")].join(" ").trimEnd();

const HELP = `
Without a command, Latchkey serves its screens to this machine's browser. For details: latchkey COMMAND --help.

Examples:
  latchkey scan root@web1.example shop.example:443
  latchkey certificates --expiring 30
  latchkey access --account root

Exit codes: 0 done; 1 done, but something needs attention (--fail-on, --strict); 2 wrong usage or
invalid input; 3 failed; 141 the reader of the output closed the pipe.`;
