/** Opens a vault in this very process, and keeps one more secret in it. */
import { openByPassphrase } from "#net/vault/find-vault.ts";
import { COST, typed } from "./typed.ts";

const [path = ""] = process.argv.slice(2);
const { id } =
  openByPassphrase({ path, cost: COST }, typed("the passphrase"))?.keep(typed("the second"), {
    ...{ kind: "tsig", label: "" },
  }) ?? {};
process.stdout.write(id ?? "it does not open");
