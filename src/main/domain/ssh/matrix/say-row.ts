import type { Row } from "./row.ts";

/** A row as one line: the file, other files, the setting, the account and its disk, each where it is not the ordinary one. */
export function formatRow(row: Row): string {
  const files = row.called
    ? []
    : Object.entries(row.files ?? {}).map(([path, text]) => `${path} says ${text}`);
  const said = [
    row.called ?? show(row.file ?? "<key>"),
    ...files.map(show),
    ...[row.setting, row.account?.words, row.disk?.words].filter((words) => words !== undefined).map(show),
  ];
  const [sshd, we] = row.sshd === "accepts" ? ["lets it in", "yes"] : ["refuses it", "no"];
  const because = row.open ?? row.because;
  const verdict = `${row.open ? "unknown" : we}${because ? ` (${because})` : ""}`;
  return `${said.join(" | ")}: sshd ${sshd}, and we say ${verdict}`;
}

/** What is not seen is spelled; lines are told apart by a semicolon. */
function show(text: string): string {
  const spelled = text.replace(/\n$/, "").replaceAll("\n", "; ").replaceAll("\t", "\\t");
  return spelled === "" ? "no line" : spelled;
}
