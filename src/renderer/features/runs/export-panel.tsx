import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconBraces, IconFileCode } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { PlanDetail, RenewalRequest } from "#shared/contract/runs.ts";
import { UNSIGNED_SCRIPTS } from "#shared/model/runs/offline-script.ts";
import {
  isKeyPlan,
  isRenewal,
  oldKeyOf,
  type Plan,
  type ReloadPlan,
  type RenewalPlan,
} from "#shared/model/runs/plan.ts";
import { POST_CHECK_MINUTES, UNDO_HOURS } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost, formatHostAddress } from "#shared/text/hosts/target.ts";
import { formatCommandOf } from "#shared/text/runs/plan.ts";
import { EDITED } from "./apply-panel.tsx";
import classes from "./decision.module.css";
import { useScripts } from "./queries.ts";

type Props = {
  found: PlanDetail;
  plan: Plan;
  hash: string;
  acknowledgements: ReadonlySet<string>;
  typed: string;
  /** Its options were changed since, and it does not hold them. */
  isEdited: boolean;
};

/** The plan as a file, for the command line; and as scripts, for offline hosts. */
export function ExportPanel({ found: { id }, plan, hash, acknowledgements, typed, isEdited }: Props) {
  const fetchScripts = useScripts();
  // What endpoints serve after a renewal, or a reload, and that an account is shut, is verified from here.
  const hasScripts = isKeyPlan(plan) && plan.kind !== "disable-account";
  const [failure, setFailure] = useState<string | null>(null);
  const [signWith, setSignWith] = useState("");
  const [isUnsigned, setUnsigned] = useState(false);
  const [notes, setNotes] = useState<string[]>([]);
  const exportScripts = async () => {
    try {
      setNotes([]);
      const { files, notes: scriptNotes } = await fetchScripts({
        planId: id,
        signWith: signWith.trim() || null,
        acknowledgements: isUnsigned ? [...acknowledgements, UNSIGNED_SCRIPTS] : [...acknowledgements],
        typed: typed || null,
      });
      if (files.length === 0) return setFailure("no script could be made of this plan");
      for (const { name, text, signature } of files) {
        download(name, "text/x-shellscript", text);
        if (signature !== null) download(`${name}.sig`, "text/plain", signature);
      }
      setNotes(scriptNotes);
      setFailure(null);
      toast(`Exported ${formatCount(files.length, "script")}`);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setFailure(error.message);
    }
  };
  return (
    <Panel title="Export">
      <div className={classes.exports}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconBraces size={15} />}
          disabled={isEdited}
          {...(isEdited && { title: EDITED })}
          onClick={() => download(nameFile(id), "application/json", writePlan(plan, hash))}
        >
          As JSON
        </Button>
        {hasScripts && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconFileCode size={15} />}
            disabled={isEdited}
            title={isEdited ? EDITED : "One offline script per host, to be run there by hand"}
            onClick={() => void exportScripts()}
          >
            As scripts
          </Button>
        )}
      </div>
      {hasScripts && (
        <div className={classes.signing}>
          <SignField signWith={signWith} onChange={setSignWith} />
          {signWith.trim() === "" && (
            <Checkbox
              size="xs"
              label="Export unsigned scripts"
              description="Whoever transports unsigned scripts could change what root runs"
              checked={isUnsigned}
              onChange={({ currentTarget }) => setUnsigned(currentTarget.checked)}
            />
          )}
        </div>
      )}
      {notes.length > 0 && (
        <ul className={classes.why} aria-label="What to know of the scripts">
          {notes.map((note) => (
            <li key={note}>
              <Untrusted text={note} limit={600} />
            </li>
          ))}
        </ul>
      )}
      {failure !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={failure} limit={600} />
        </p>
      )}
    </Panel>
  );
}

function SignField({ signWith, onChange }: { signWith: string; onChange: (path: string) => void }) {
  return (
    <TextInput
      size="xs"
      label="Sign scripts with"
      description="A private key file on this computer, or the .pub file of a key that the agent has"
      placeholder="~/.ssh/id_ed25519"
      value={signWith}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

const writePlan = (plan: Plan, hash: string): string => `${JSON.stringify({ hash, plan }, null, 2)}\n`;

/** The command that does the same. */
export function CommandNote({ found: { id, request }, plan }: Pick<Props, "found" | "plan">) {
  const command = formatCommand({ id, plan, request });
  return (
    <p className={classes.command}>
      On the command line <CopyMark value={command} what="command" />
      <code>
        {command.split(" ").map((word, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the words of one command never move
          <Fragment key={index}>
            <span className={classes.word}>
              <Untrusted text={word} />
            </span>{" "}
          </Fragment>
        ))}
      </code>
    </p>
  );
}

/** What a person runs on a host, a command a line. */
export const Commands = ({ lines }: { lines: readonly string[] }) => (
  <Verbatim>
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one script never move
      <Fragment key={index}>
        <Untrusted text={line} limit={2_000} />
        {"\n"}
      </Fragment>
    ))}
  </Verbatim>
);

/** The name of the file that a plan is exported to. */
const nameFile = (planId: number): string => `latchkey-plan-${planId}.json`;

/** The command for a plan: with the options of its request, or else with the plan as a file. */
function formatCommand({
  id,
  plan,
  request,
}: {
  id: number;
  plan: Plan;
  request: PlanDetail["request"];
}): string {
  if (request?.kind === "rotate-key")
    return `latchkey rotate key ${quote(oldKeyOf(plan) ?? request.fingerprint)} ${formatOptions(plan, request)}`;
  if (request?.kind === "rotate-host-key") {
    const address = request.port === 22 ? request.host : formatHostAddress(request);
    return `latchkey rotate host-key ${quote(address)} ${formatOptions(plan, request)}`;
  }
  if (request?.kind === "rotate-certificate" && isRenewal(plan) && request.challenge === null)
    return formatRenewal(plan, request);
  if (plan.kind === "reload") return formatReload(plan);
  return `${formatCommandOf(plan.kind)} --apply ${nameFile(id)}`;
}

const formatUndoTime = (plan: Plan): string[] => {
  if (plan.kind === "rotate-host-key" || !("undoHours" in plan.options)) return [];
  const { undoHours } = plan.options;
  if (undoHours === UNDO_HOURS) return [];
  return [`--keep-old ${undoHours === 0 ? "0" : `${undoHours}h`}`];
};

const formatOptions = (plan: Plan, { keyType = "ed25519" }: { keyType?: string }): string =>
  [
    ...(keyType === "ed25519" ? [] : [`--key-type ${keyType}`]),
    ...("graceDays" in plan.options && plan.options.graceDays > 0
      ? [`--grace ${plan.options.graceDays}`]
      : []),
    ...formatUndoTime(plan),
    "--apply",
  ].join(" ");

function formatRenewal(
  { options: { postCheckMinutes } }: RenewalPlan,
  { certificates, endpoints, isDue, issuer, keyKind, makesKeyHere }: RenewalRequest,
): string {
  const served = endpoints.map(
    (one) => `${formatHostAddress(one)}${one.serverName === null ? "" : `/${one.serverName}`}`,
  );
  return [
    "latchkey rotate certificate",
    ...[...certificates, ...served].map(quote),
    ...(isDue ? ["--due"] : []),
    ...(issuer === null ? [] : [`--issuer ${quote(issuer)}`]),
    ...(keyKind === null ? [] : [`--key ${keyKind}`]),
    ...(makesKeyHere ? ["--key-here"] : []),
    ...(postCheckMinutes === POST_CHECK_MINUTES ? [] : [`--post-check ${postCheckMinutes}`]),
    "--apply",
  ].join(" ");
}

const formatReload = ({ hosts }: ReloadPlan): string =>
  [
    "latchkey reload",
    ...hosts.flatMap((host) =>
      host.servers.map(({ service }) => quote(`${service.server}@${formatHost(host)}`)),
    ),
    "--apply",
  ].join(" ");

/** One word to a POSIX shell. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
