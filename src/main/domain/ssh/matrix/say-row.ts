import type { Row } from "./row.ts";

/** A row as one line: the file, the setting, the account and its disk, each where it is not the ordinary one. */
export function sayRow(row: Row): string {
  const said = [
    row.called ?? show(row.file ?? "<key>"),
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
