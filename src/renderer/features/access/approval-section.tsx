import { Button } from "@mantine/core";
import { useState } from "react";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { GrantDetail } from "#shared/model/grant.ts";
import { EVENT_WORD } from "#shared/text/change.ts";
import classes from "./access.module.css";
import { ApproveDialog } from "./approve-dialog.tsx";
import { useHistory, useUnapprove } from "./queries.ts";

/** Whether the line was approved, for whom and for what. */
export function ApprovalSection({ grant }: { grant: GrantDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, error, isPending } = useUnapprove();
  const { approval, isRogue, id } = grant;
  const withdraw = () => mutate({ grants: [id] }, { onSuccess: () => toast("The approval is withdrawn") });
  return (
    <Section title="Approval">
      {approval === null ? (
        <p className={classes.reason}>
          {isRogue ? "Not approved, and not there at the baseline." : "Not approved."}
        </p>
      ) : (
        <Facts>
          <Fact name="Owner">
            <Untrusted text={approval.owner} />
          </Fact>
          <Fact name="Purpose">
            <Untrusted text={approval.purpose} />
          </Fact>
          <Fact name="Review on">{approval.reviewOn ?? "never"}</Fact>
          <Fact name="Approved">
            <Exactly instant={approval.approvedAt} />
          </Fact>
        </Facts>
      )}
      <div className={classes.approvalActions}>
        <Button size="compact-sm" variant="default" onClick={() => setIsAsking(true)}>
          {approval === null ? "Approve" : "Approve anew"}
        </Button>
        {approval !== null && (
          <Button size="compact-sm" variant="subtle" color="gray" loading={isPending} onClick={withdraw}>
            Withdraw
          </Button>
        )}
      </div>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      {isAsking && <ApproveDialog grants={[grant]} onClose={() => setIsAsking(false)} />}
    </Section>
  );
}

/** What happened to the grant, the newest first. */
export function HistorySection({ id }: { id: number }) {
  const events = useHistory(id);
  if (!events) return null;
  return (
    <Section title="History" count={events.length}>
      <Lines>
        {events.map(({ at, what, details }) => (
          <Line
            key={`${at} ${what} ${details.join(" ")}`}
            end={<Exactly instant={at} />}
            below={details.length > 0 && <Untrusted text={details.join("; ")} limit={600} />}
          >
            {EVENT_WORD[what]}
          </Line>
        ))}
      </Lines>
    </Section>
  );
}
