import type { Row } from "./row.ts";

/** A row as one line: the file, the setting, the account and its disk, each where it is not the ordinary one. */
export function sayRow(row: Row): string {
  const said = [
    row.called ?? show(row.file ?? "<key>"),
    ...[row.setting, row.account?.words, row.disk?.words].filter((words) => words !== undefined).map(show),
  ];
  const answer =
    row.sshd === "accepts" ? "sshd lets it in, and we say yes" : "sshd refuses it, and we say no";
  const because = row.because === undefined ? "" : ` (${row.because})`;
  return `${said.join(" | ")}: ${answer}${because}`;
}

/** What is not seen is spelled; lines are told apart by a semicolon. */
function show(text: string): string {
  const spelled = text.replace(/\n$/, "").replaceAll("\n", "; ").replaceAll("\t", "\\t");
  return spelled === "" ? "no line" : spelled;
}
