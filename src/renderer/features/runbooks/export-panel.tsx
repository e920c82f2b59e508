import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconBraces, IconFileCode } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { PlanDetail } from "#shared/contract/runbooks.ts";
import type { Plan } from "#shared/model/plan.ts";
import { UNSIGNED_SCRIPTS } from "#shared/model/script.ts";
import { formatCount } from "#shared/text/count.ts";
import { EDITED } from "./apply-panel.tsx";
import { formatCommand, nameFile } from "./commands.tsx";
import classes from "./decision.module.css";
import { useScripts } from "./queries.ts";

type Props = {
  found: PlanDetail;
  plan: Plan;
  hash: string;
  consents: ReadonlySet<string>;
  typed: string;
  /** Its options were changed since, and it does not hold them. */
  isEdited: boolean;
};

/** The plan as a file, for the command line; and as scripts, for hosts that nothing reaches. */
export function ExportPanel({ found: { id }, plan, hash, consents, typed, isEdited }: Props) {
  const fetchScripts = useScripts();
  // What certificates are served as is proved from here.
  const isCarried = plan.kind !== "rotate-certificate";
  const [failure, setFailure] = useState<string | null>(null);
  const [signWith, setSignWith] = useState("");
  const [isUnsigned, setUnsigned] = useState(false);
  const [notes, setNotes] = useState<string[]>([]);
  const exportScripts = async () => {
    try {
      setNotes([]);
      const { files, notes: told } = await fetchScripts({
        planId: id,
        signWith: signWith.trim() || null,
        consents: isUnsigned ? [...consents, UNSIGNED_SCRIPTS] : [...consents],
        typed: typed || null,
      });
      if (files.length === 0) return setFailure("no script could be made of this plan");
      for (const { name, text, signature } of files) {
        download(name, "text/x-shellscript", text);
        if (signature !== null) download(`${name}.sig`, "text/plain", signature);
      }
      setNotes(told);
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
        {isCarried && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconFileCode size={15} />}
            disabled={isEdited}
            title={isEdited ? EDITED : "One script a host, to be carried there and run by hand"}
            onClick={() => void exportScripts()}
          >
            As scripts
          </Button>
        )}
      </div>
      {isCarried && (
        <div className={classes.signing}>
          <SignField signWith={signWith} onChange={setSignWith} />
          {signWith.trim() === "" && (
            <Checkbox
              size="xs"
              label="Export unsigned scripts"
              description="Whoever carries them could change what is done there as root"
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

/** The same by the command line. */
export function CommandNote({ found: { id, wish }, plan }: Pick<Props, "found" | "plan">) {
  const command = formatCommand({ id, plan, wish });
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
