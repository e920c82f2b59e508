import type { Command } from "commander";

const SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** One example for each command whose help has no other, by the words of the command. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "targets add": "targets add root@web1.example shop.example:443",
  "targets list": "targets list",
  "targets remove": "targets remove shop.example:443",
  "targets preview": "targets preview 10.0.0.0/28 web[01-20].example:8443",
  claims: "claims --drop 3",
  hosts: "hosts --state failed",
  "graph reach": "graph reach deploy@web1.example --root",
  "graph path": "graph path person:alice root@db1.example",
  "graph list": "graph list --by person --standing gone",
  "graph mutual": "graph mutual --certain",
  "graph shared": "graph shared",
  timeline: "timeline --by owner --weeks 12",
  "runs list": "runs list rotate",
  "runs show": "runs show 3",
  "runs repair": "runs repair 3",
  "runs csr": "runs csr 3 --out requests",
  "runs certificate": "runs certificate 3 --file web1.pem",
  "runs challenge": "runs challenge 3 --out challenge.txt",
  "runs resume": "runs resume 3",
  "runs rollback": "runs rollback 3",
  "runs undo": "runs undo 3",
  chain: `chain ${SHA256}`,
  "trust list": "trust list",
  "trust add": "trust add corp-root.pem",
  "trust fetch": `trust fetch ${SHA256}`,
  "trust ask": `trust ask ${SHA256}`,
  "trust remove": `trust remove ${SHA256}`,
  "people list": "people list alice",
  "people import": "people import people.csv --complete",
  "people remove": "people remove people.csv",
  "inventory show": "inventory show",
  "inventory complete": "inventory complete --note 'laptops: their keys are in people.csv'",
  "inventory incomplete": "inventory incomplete",
  "reviews assign": "reviews assign root-2027q1 13 --to bob",
  "reviews end": "reviews end root-2027q1",
  "baseline set": "baseline set --scan 12",
  "baseline show": "baseline show",
  "baseline clear": "baseline clear",
  unapprove: "unapprove --host web1.example --account deploy",
  unaccept: "unaccept --rule certificate-expired --host web1.example",
  serve: "serve --port 8443",
  "database check": "database check",
  "database backup": "database backup",
  "database backups": "database backups",
  "database seal": "database seal",
  "database restore": "database restore latest",
  "vault status": "vault status",
  "vault create": "vault create",
  "vault unlock": "vault unlock",
  "vault lock": "vault lock",
  "vault change": "vault change",
  "vault recovery": "vault recovery set",
  "vault passphrases": "vault passphrases",
  "vault forget": "vault forget 2",
  "vault keyring": "vault keyring on",
  "issuers list": "issuers list",
  "issuers add local": "issuers add local corp --permit .corp.example",
  "issuers add ca":
    "issuers add ca old-corp --certificate ca-and-root.pem --key ca.key --permit .corp.example",
  "issuers add acme":
    "issuers add acme le --directory https://acme-v02.api.letsencrypt.org/directory --challenge webroot:/var/www/html --agree-terms",
  "issuers add csr": "issuers add csr pki --note 'mail pki@corp.example'",
  "issuers challenge": "issuers challenge le --challenge served",
  "issuers set": "issuers set corp --days 30",
  "issuers remove": "issuers remove corp",
  "issuers test": "issuers test le",
  "issuers sign": "issuers sign corp --csr web1.csr --out web1.pem",
  "issuers issued": "issuers issued corp",
  "issuers revoke": "issuers revoke corp web1.pem --reason key-compromise",
  "issuers crl": "issuers crl corp --out corp.crl",
  "issuers root": "issuers root corp --out corp-root.pem",
  "issuers renewal": `issuers renewal le ${SHA256}`,
};

/** Adds to the help of each command its example. */
export function addExamples(program: Command): void {
  for (const [words, example] of Object.entries(EXAMPLES))
    findCommand(program, words.split(" "))?.addHelpText("after", `\nExample:\n  latchkey ${example}`);
}

const findCommand = (program: Command, words: readonly string[]): Command | undefined =>
  words.reduce<Command | undefined>(
    (command, word) => command?.commands.find((one) => one.name() === word),
    program,
  );
