/** Opens a vault in this very process, and keeps so many more secrets in it, one right after the other. */
import { openByPassphrase } from "#net/vault/answer-requests.ts";
import { COST, typed } from "./typed.ts";

const [path = "", count = "1"] = process.argv.slice(2);
const vault = openByPassphrase({ path, cost: COST }, typed("the passphrase"));
const ids = Array.from({ length: Number(count) }, () =>
  vault?.keep(typed("the second"), { kind: "tsig", label: "" }),
);
process.stdout.write(ids.map((kept) => kept?.id).join(" "));
