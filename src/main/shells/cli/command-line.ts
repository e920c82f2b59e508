import { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { VERSION } from "#shared/model/version.ts";
import { addAccept } from "./accept.ts";
import { addAccess } from "./access.ts";
import { addApprove } from "./approve.ts";
import { createBareProgram } from "./bare-program.ts";
import { addBaseline } from "./baseline.ts";
import { addBundles } from "./bundles.ts";
import { addCall } from "./call.ts";
import { addCertificates } from "./certificates.ts";
import { addChanges } from "./changes.ts";
import { addClaims } from "./claims.ts";
import { addDatabase } from "./database.ts";
import { explain } from "./explain.ts";
import { addFindings } from "./findings.ts";
import { addForecast } from "./forecast.ts";
import { addGrants } from "./grants.ts";
import { addGraph } from "./graph.ts";
import { addHostKeys } from "./host-keys.ts";
import { addHosts } from "./hosts.ts";
import { addInspect } from "./inspect.ts";
import { addIssuers } from "./issuers.ts";
import { addLabel } from "./label.ts";
import { addPeople } from "./people.ts";
import { addRotate } from "./rotate.ts";
import { addRules } from "./rules.ts";
import { addRuns } from "./runs.ts";
import { addScan } from "./scan.ts";
import { addScope } from "./scope.ts";
import { addServe, serveUntilStopped } from "./serve.ts";
import { addServed } from "./served.ts";
import { MORE, type Session } from "./session.ts";
import { addTargets } from "./targets.ts";
import { addTrust } from "./trust.ts";
import { addVault } from "./vault.ts";
import { addVerify } from "./verify.ts";
import type { World } from "./world.ts";

/** The whole command line. Answers with the exit code: 0 done, 1 attention, 2 refused, 3 could not do it. */
export async function runCommandLine(argv: readonly string[], world: World): Promise<number> {
  let code = 0;
  const finish = (result: number) => {
    code = result;
  };
  try {
    await createProgram({ world, finish }).parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return explain(error, world);
  }
}

/** All commands, as they are typed. */
export function createProgram(session: Session): Command {
  const { world } = session;
  const program = createBareProgram(world)
    .description("What expires, where it is served from, and who can log in where.")
    .usage("[command] [options]")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpCommand(
      new Command("help").argument("[command]").description("print the help of a command").helpGroup(MORE),
    )
    .configureHelp({ showGlobalOptions: true, subcommandTerm: sayCommand })
    .addHelpText("after", HELP)
    .allowExcessArguments()
    .action(async () => {
      const [word] = program.args;
      if (word !== undefined)
        throw new Refusal("not-found", `there is no command ${word}; latchkey --help lists them`);
      session.finish(await serveUntilStopped(program.opts(), world));
    });
  for (const add of [addScan, addTargets, addBundles, addClaims]) add(program, session);
  for (const add of [addCertificates, addAccess, addHosts, addHostKeys, addFindings, addInspect, addVerify])
    add(program, session);
  for (const add of [addServed, addGraph, addChanges, addForecast]) add(program, session);
  for (const add of [addRotate, addGrants, addRuns]) add(program, session);
  for (const add of [addTrust, addPeople, addScope, addBaseline, addApprove]) add(program, session);
  for (const add of [addAccept, addRules, addLabel]) add(program, session);
  for (const add of [addServe, addDatabase, addVault, addIssuers, addCall]) add(program, session);
  return program;
}

/** A command in the list of commands: its arguments, not its options. */
const sayCommand = (command: Command): string =>
  [command.name(), command.usage().replace(/^\[options\] ?/, "")].join(" ").trimEnd();

const HELP = `
Without a command, the screens are served to this machine's browser. latchkey COMMAND --help says more.

Examples:
  latchkey scan root@web1.example shop.example:443
  latchkey certificates --expiring 30
  latchkey access --account root

Exit codes: 0 done; 1 done, and something needs attention (--fail-on, --strict); 2 wrong usage or
refused input; 3 could not do it; 141 whoever read the output has left.`;
