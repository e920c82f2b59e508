import { Button, Textarea, TextInput } from "@mantine/core";
import { IconCheck, IconClock, IconHourglass, IconSignature } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { Line, Lines, Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { CHALLENGE_NAMESPACE, type RunConfirmation, type RunDetail } from "#shared/model/runs/run.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { useConfirmKey } from "./queries.ts";
import renewal from "./renewal.module.css";
import { ContentTag } from "./run-state.tsx";
import classes from "./runs.module.css";

const STATES = {
  waits: { tone: "amber", Icon: IconHourglass, word: "Not verified" },
  later: { tone: "gray", Icon: IconClock, word: "Not due" },
  approved: { tone: "green", Icon: IconCheck, word: "Approved" },
} as const;

/** How a new key that somebody else holds is confirmed, since no login with it can be tried here. */
export function ConfirmKey({ run: { id, state, confirmation } }: { run: RunDetail }) {
  if (state !== "waiting" || !confirmation) return null;
  const { challenge, isSigned, accounts } = confirmation;
  const waiting = accounts.filter((one) => one.state === "waits");
  if (waiting.length === 0) return null;
  return (
    <div className={renewal.orders}>
      <Section title="Verify the new key">
        <p className={classes.note}>
          Nobody can log in with it from here. The old key stays until the journal of each host shows a login,
          the owner of the new key signs with it, or you approve the account by name.
        </p>
        {challenge !== null && !isSigned && <SignChallenge runId={id} challenge={challenge} />}
        {isSigned && (
          <p role="status" className={classes.note}>
            Its owner has signed. Go on: each host is checked for whether it accepts the key.
          </p>
        )}
        <ApproveAccount runId={id} waiting={waiting} />
        <Lines>
          {accounts.map((one) => (
            <Line key={formatAccount(one)} end={<ContentTag content={STATES[one.state]} />}>
              <Untrusted text={formatAccount(one)} isMono />
            </Line>
          ))}
        </Lines>
      </Section>
    </div>
  );
}

function SignChallenge({ runId, challenge }: { runId: RunDetail["id"]; challenge: string }) {
  const [signature, setSignature] = useState("");
  const { mutate, isPending, error } = useConfirmKey();
  return (
    <form
      className={renewal.importForm}
      onSubmit={(event) => {
        event.preventDefault();
        mutate({ runId, signature });
      }}
    >
      <p className={classes.note}>
        The owner of the key saves this as challenge.txt and signs it{" "}
        <CopyMark value={challenge} what="challenge" />
      </p>
      <Verbatim>
        {challenge
          .trimEnd()
          .split("\n")
          .map((line) => (
            <Fragment key={line}>
              <Untrusted text={line} limit={300} />
              {"\n"}
            </Fragment>
          ))}
      </Verbatim>
      <Verbatim>{`ssh-keygen -Y sign -n ${CHALLENGE_NAMESPACE} -f KEY challenge.txt`}</Verbatim>
      <Textarea
        size="xs"
        label="The signature"
        description="What ssh-keygen wrote to challenge.txt.sig"
        placeholder="-----BEGIN SSH SIGNATURE-----"
        autosize
        minRows={3}
        maxRows={8}
        value={signature}
        onChange={(event) => setSignature(event.currentTarget.value)}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
      />
      <Refusal error={error} />
      <div className={renewal.request}>
        <Button
          type="submit"
          size="xs"
          variant="default"
          leftSection={<IconSignature size={15} />}
          loading={isPending}
          disabled={signature.trim() === ""}
        >
          Check the signature
        </Button>
      </div>
    </form>
  );
}

type ApproveProps = { runId: RunDetail["id"]; waiting: RunConfirmation["accounts"] };

function ApproveAccount({ runId, waiting }: ApproveProps) {
  const [typed, setTyped] = useState("");
  const { mutate, isPending, error } = useConfirmKey();
  // biome-ignore lint/plugin: whoever approves it types what is shown
  const named = waiting.find((one) => formatAccount(one) === typed.trim());
  return (
    <form
      className={renewal.importForm}
      onSubmit={(event) => {
        event.preventDefault();
        if (!named) return;
        const { host, port, account } = named;
        mutate({ runId, approvals: [{ host, port, account }] }, { onSuccess: () => setTyped("") });
      }}
    >
      <TextInput
        size="xs"
        label="Approve without verification"
        description="Type an account as it stands below. If the new key does not get in there, nobody may"
        placeholder="user@host"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <Refusal error={error} />
      <div className={renewal.request}>
        <Button type="submit" size="xs" variant="default" loading={isPending} disabled={!named}>
          Approve
        </Button>
      </div>
    </form>
  );
}

function Refusal({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <p role="alert" className={classes.refusal}>
      <Untrusted text={error.message} limit={1_000} />
    </p>
  );
}
