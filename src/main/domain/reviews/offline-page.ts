import { hash } from "node:crypto";
import { ANSWER_FORMAT, REVIEW_NAMESPACE, type ReviewItem } from "#shared/model/access/review.ts";
import { formatReviewed, listFacts, toFileWord } from "#shared/text/access/review.ts";
import { formatCount } from "#shared/text/count.ts";
import { toHtml, toScriptJson } from "#shared/text/untrusted-text.ts";

/** What a page is made of. `about`: what the review is about, in a few words. */
type PageContent = {
  token: string;
  name: string;
  snapshot: string;
  reviewer: string;
  about: string;
  dueAt: string;
  items: readonly ReviewItem[];
};

/**
 * One file that a reviewer opens from anywhere, without a network: its policy lets in the one script and the one style that
 * are in it, by their digests, and nothing else. What strangers wrote is text between tags; what the script sends back is in a
 * data block, which nothing runs.
 */
export function writeOfflinePage({ items, about, dueAt, ...review }: PageContent): string {
  const { name, reviewer } = review;
  const file = `${name}-${toFileWord(reviewer)}.answer.json`;
  const meta = { format: ANSWER_FORMAT, review: review.token, name, reviewer, snapshot: review.snapshot };
  const policy = `default-src 'none'; script-src '${digestOf(SCRIPT)}'; style-src '${digestOf(STYLE)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>Review ${toHtml(name)}</title><style>${STYLE}</style></head><body>
<header><h1>Review ${toHtml(name)}</h1>
<p>${toHtml(`${about.slice(0, 1).toUpperCase()}${about.slice(1)}. ${reviewer} decides on ${formatCount(items.length, "item")} by ${dueAt.slice(0, 10)}.`)}</p>
<p>Decide on each item and say why. Save the answer, sign it with your own SSH key, and send both files back. Nothing here is sent anywhere.</p>
<p><label>Reason where an item has none of its own <input id="common" maxlength="500"></label></p></header>
<main>${items.map(writeItem).join("\n")}</main>
<footer><p id="count" role="status"></p><button id="save" type="button">Save the answer</button>
<p>Then, where your key is:</p><pre>ssh-keygen -Y sign -n ${REVIEW_NAMESPACE} -f ~/.ssh/id_ed25519 ${toHtml(file)}</pre></footer>
<script type="application/json" id="review">${toScriptJson({ ...meta, file })}</script>
<script>${SCRIPT}</script></body></html>
`;
}

const digestOf = (text: string): string => `sha256-${hash("sha256", text, "base64")}`;

function writeItem({ item, evidence }: ReviewItem): string {
  const facts = listFacts(evidence).map(
    ({ name, value }) => `<dt>${toHtml(name)}</dt><dd>${toHtml(value)}</dd>`,
  );
  const choices = CHOICES.map(
    ({ choice, label }) =>
      `<label><input type="radio" name="choice-${item}" value="${choice}"> ${label}</label>`,
  );
  return `<fieldset data-item="${item}"><legend>${item}. ${toHtml(formatReviewed(evidence))}</legend>
<dl>${facts.join("")}</dl>
<p>${choices.join(" ")} <label>to <input data-field="to" maxlength="200"></label></p>
<p><label>Reason <input data-field="reason" maxlength="500"></label></p></fieldset>`;
}

const CHOICES = [
  { choice: "keep", label: "Keep" },
  { choice: "revoke", label: "Revoke" },
  { choice: "reassign", label: "Reassign" },
] as const;

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:1.5rem auto;padding:0 1rem}fieldset{margin:0 0 1rem;border:1px solid #8888;border-radius:.4rem}legend{font-weight:600;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:0;font-size:.9em}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}input:not([type=radio]){width:min(28rem,100%);font:inherit}footer{position:sticky;bottom:0;background:Canvas;border-top:1px solid #8888;padding:.5rem 0}pre{overflow:auto}button{font:inherit;padding:.3rem 1rem}.wrong{outline:2px solid #c33}`;

/** Runs in the reviewer's browser. What it saves is what was chosen, and nothing of the page's text. */
const SCRIPT = `"use strict";
const { file, ...meta } = JSON.parse(document.getElementById("review").textContent);
const sets = Array.from(document.querySelectorAll("fieldset"));
const common = document.getElementById("common");
const count = document.getElementById("count");
const choiceOf = (set) => set.querySelector("input[type=radio]:checked")?.value ?? null;
const fieldOf = (set, name) => set.querySelector('[data-field="' + name + '"]').value.trim();
let isSaved = true;
function read() {
  const decisions = [];
  const wrong = [];
  for (const set of sets) {
    const choice = choiceOf(set);
    if (choice === null) continue;
    const to = choice === "reassign" ? fieldOf(set, "to") : null;
    const reason = fieldOf(set, "reason") || common.value.trim();
    if (reason === "" || to === "") wrong.push(set);
    decisions.push({ item: Number(set.dataset.item), choice, to, reason });
  }
  return { decisions, wrong };
}
function show() {
  const { decisions } = read();
  count.textContent = decisions.length + " of " + sets.length + " decided";
}
document.addEventListener("input", () => { isSaved = false; show(); });
document.getElementById("save").addEventListener("click", () => {
  const { decisions, wrong } = read();
  for (const set of sets) set.classList.toggle("wrong", wrong.includes(set));
  if (wrong.length > 0 || decisions.length === 0) {
    count.textContent = decisions.length === 0 ? "Nothing is decided yet" : wrong.length + " of these need a reason, or somebody to reassign it to";
    wrong[0]?.scrollIntoView();
    return;
  }
  const text = JSON.stringify({ ...meta, writtenAt: new Date().toISOString(), decisions }, null, 1) + "\\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = file;
  link.click();
  isSaved = true;
  count.textContent = decisions.length + " of " + sets.length + " decided, saved as " + file;
});
window.addEventListener("beforeunload", (event) => { if (!isSaved) event.preventDefault(); });
show();
`;
