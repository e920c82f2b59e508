import { Autocomplete, Button, Menu, TextInput } from "@mantine/core";
import {
  IconCertificate,
  IconChevronDown,
  IconRefresh,
  IconShieldLock,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { type RequestDraft, usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { GrantDetail, GrantRow } from "#shared/model/access/grant.ts";
import { EVENT_WORD } from "#shared/text/access/change.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./access.module.css";
import { useApprove, useHistory, useNames, useUnapprove } from "./queries.ts";

/** Whether the line was approved, for whom and for what. */
export function ApprovalSection({ grant }: { grant: GrantDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, error, isPending } = useUnapprove();
  const { approval, isUnapproved, id } = grant;
  const withdraw = () => mutate({ grants: [id] }, { onSuccess: () => toast("The approval is withdrawn") });
  return (
    <Section title="Approval">
      {approval === null ? (
        <p className={classes.reason}>
          {isUnapproved ? "Not approved, and not there at the baseline." : "Not approved."}
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

type Props = {
  grants: readonly Pick<GrantRow, "id" | "account" | "host" | "approval">[];
  onClose: () => void;
  onDone?: () => void;
};

/** Approves grants, with an owner and a purpose. */
export function ApproveDialog({ grants, onClose, onDone }: Props) {
  const [first] = grants;
  const before = grants.length === 1 ? first?.approval : null;
  const [owner, setOwner] = useState(before?.owner ?? "");
  const [purpose, setPurpose] = useState(before?.purpose ?? "");
  const [reviewOn, setReviewOn] = useState(before?.reviewOn ?? "");
  const names = useNames(owner);
  const { mutate, error, isPending } = useApprove();
  const approve = () =>
    mutate(
      { grants: grants.map(({ id }) => id), owner, purpose, reviewOn: reviewOn || null },
      {
        onSuccess: ({ approved }) => {
          toast(`${formatCount(approved, "grant")} approved`);
          onDone?.();
          onClose();
        },
      },
    );
  const isWhole = owner.trim() !== "" && purpose.trim() !== "";
  return (
    <Dialog
      title={grants.length === 1 ? "Approve this grant" : `Approve ${formatCount(grants.length, "grant")}`}
      isOpen
      onClose={onClose}
      width={520}
    >
      <form action={approve} className={classes.form}>
        {first && grants.length === 1 && (
          <p>
            <Untrusted text={`${first.account} on ${first.host}`} />
          </p>
        )}
        <p className={classes.reason}>
          An approval is for this exact line: once the line is changed, it needs another.
        </p>
        <Autocomplete
          size="xs"
          label="Owner"
          description="Who answers for it"
          data={names.map(formatUntrusted)}
          value={owner}
          onChange={setOwner}
          maxLength={200}
          data-autofocus
        />
        <TextInput
          size="xs"
          label="Purpose"
          placeholder="nightly backups"
          value={purpose}
          onChange={(event) => setPurpose(event.currentTarget.value)}
          maxLength={500}
        />
        <TextInput
          size="xs"
          type="date"
          label="Review on"
          description="That day it becomes a finding; empty for never"
          value={reviewOn}
          onChange={(event) => setReviewOn(event.currentTarget.value)}
        />
        <DialogFoot error={error} submit="Approve" isPending={isPending} isDisabled={!isWhole} />
      </form>
    </Dialog>
  );
}

type Grant = Pick<GrantRow, "id" | "fingerprint">;
type ActionButtonProps = { variant: "default" | "subtle"; size: "xs" | "compact-sm" };

/** What can be changed of grants: each button makes a plan first. Grants of several keys have no one key to rotate. */
export function GrantActions({
  grants,
  buttonProps,
}: {
  grants: readonly Grant[];
  buttonProps: ActionButtonProps;
}) {
  const requestPlan = usePlanRequest();
  const rotation = toRotation(grants);
  const ids = idsOf(grants);
  return (
    <>
      {rotation && (
        <Button
          {...buttonProps}
          leftSection={<IconRefresh size={15} />}
          title="Replace this key wherever it is granted or stored (r)"
          onClick={() => requestPlan(rotation)}
        >
          Rotate the key
        </Button>
      )}
      <Button
        {...buttonProps}
        leftSection={<IconTrash size={15} />}
        title="Remove the line from its file (d)"
        onClick={() => requestPlan({ kind: "remove-grants", grants: ids })}
      >
        Remove
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button {...buttonProps} rightSection={<IconChevronDown size={14} />}>
            Change
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconShieldLock size={15} />}
            onClick={() => requestPlan({ kind: "tighten-grants", grants: ids })}
          >
            Tighten
          </Menu.Item>
          <Menu.Item
            leftSection={<IconCertificate size={15} />}
            onClick={() => requestPlan({ kind: "move-to-authority", grants: ids, authority: "" })}
          >
            Move to an authority
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** `r` rotates the key of the rows, `d` removes them. */
export function useGrantKeys() {
  const requestPlan = usePlanRequest();
  return {
    r: (grants: readonly Grant[]) => {
      const rotation = toRotation(grants);
      if (rotation) requestPlan(rotation);
    },
    d: (grants: readonly Grant[]) => requestPlan({ kind: "remove-grants", grants: idsOf(grants) }),
  };
}

const idsOf = (grants: readonly Grant[]): number[] => grants.map(({ id }) => id);

/** Null where the grants are not of one key that could be read. */
function toRotation(grants: readonly Grant[]): RequestDraft | null {
  const [fingerprint, ...others] = new Set(grants.map((grant) => grant.fingerprint));
  return fingerprint && others.length === 0 ? { kind: "rotate-key", fingerprint } : null;
}
