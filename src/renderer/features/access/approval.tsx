import { Button, Menu } from "@mantine/core";
import {
  IconCertificate,
  IconChevronDown,
  IconRefresh,
  IconShieldLock,
  IconTrash,
} from "@tabler/icons-react";
import type { ApprovedThing } from "#renderer/api/approve.tsx";
import { type RequestDraft, usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { GrantRow } from "#shared/model/access/grant.ts";
import { EVENT_WORD } from "#shared/text/access/change.ts";
import { useHistory } from "./queries.ts";

/** A grant as what is approved. */
export const toApproved = ({ id, account, host, approval }: Approved): ApprovedThing => ({
  kind: "grant",
  id,
  name: `${account} on ${host}`,
  approval,
});

type Approved = Pick<GrantRow, "id" | "account" | "host" | "approval">;

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
