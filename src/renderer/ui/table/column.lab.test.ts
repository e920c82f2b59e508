import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { PAYLOADS } from "#store/testing/hostile/payloads.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type Column, printCsv } from "./column.ts";

const run = promisify(execFile);

/** Spreadsheets that run without a screen: how each reads a CSV, and what marks a computed cell in its own format. */
const SPREADSHEETS = {
  Gnumeric: {
    read: async (folder: string, file: string) => {
      const out = join(folder, "out.xml");
      await run("ssconvert", ["--export-type=Gnumeric_XmlIO:sax:0", file, out]);
      return readFile(out, "utf8");
    },
    formula: /<gnm:Cell (?![^>]*ValueType)[^>]*>[^<]*/g,
  },
  LibreOffice: {
    read: async (folder: string, file: string) => {
      const profile = `-env:UserInstallation=${pathToFileURL(join(folder, "profile")).href}`;
      await run("soffice", [profile, "--headless", "--convert-to", "fods", "--outdir", folder, file]);
      return readFile(file.replace(/csv$/, "fods"), "utf8");
    },
    formula: /table:formula="[^"]*"/g,
  },
};

const FORMULAS = [
  "=1+1",
  '=HYPERLINK("http://evil.example","x")',
  "=cmd|' /C calc'!A0",
  "=DDE(1)",
  '=WEBSERVICE("http://x")',
];
const LEADS = [
  "",
  "'",
  " ",
  "\t",
  "\r",
  "\n",
  "\0",
  "+",
  "-",
  "@",
  '"',
  ",",
  ";",
  "\u00a0",
  "\ufeff",
  "\u200b",
  "\u2028",
  "\v",
  "\f",
];
const FIELDS = [...PAYLOADS, ...LEADS.flatMap((lead) => FORMULAS.map((formula) => `${lead}${formula}`))];

const columns: Column<string>[] = ["First", "Second"].map((title) => ({
  id: title,
  title,
  minWidth: 0,
  cell: () => null,
  text: (field) => field,
}));

const isThere = async (command: string): Promise<boolean> =>
  run(command, ["--version"]).then(
    () => true,
    () => false,
  );

const SHEETS = [
  { name: "Gnumeric", hasIt: await isThere("ssconvert") },
  { name: "LibreOffice", hasIt: await isThere("soffice") },
] as const;

for (const { name, hasIt } of SHEETS) {
  test.skipIf(!hasIt)(
    `${name} finds no formula in what a list exports, and would in the same without our quote`,
    async () => {
      await using folder = await makeTemporaryFolder();
      const { read, formula } = SPREADSHEETS[name];
      const findFormulas = async (text: string) => {
        const file = join(folder.path, "list.csv");
        await writeFile(file, text);
        return (await read(folder.path, file)).match(formula) ?? [];
      };
      const exported = printCsv(columns, FIELDS);
      expect(await findFormulas(exported)).toEqual([]);
      expect((await findFormulas(exported.replaceAll(/(^|,|")'/gm, "$1"))).length).toBeGreaterThan(4);
    },
  );
}
