import { Button, Menu } from "@mantine/core";
import {
  IconCertificate,
  IconChevronDown,
  IconRefresh,
  IconShieldLock,
  IconTrash,
} from "@tabler/icons-react";
import { type RequestDraft, usePlanRequest } from "#renderer/api/plan-request.ts";
import type { GrantRow } from "#shared/model/grant.ts";

type Grant = Pick<GrantRow, "id" | "fingerprint">;
type Look = { variant: "default" | "subtle"; size: "xs" | "compact-sm" };

/** What can be changed of grants: each makes a plan first. Of several keys there is none to rotate. */
export function GrantActions({ grants, look }: { grants: readonly Grant[]; look: Look }) {
  const requestPlan = usePlanRequest();
  const rotation = toRotation(grants);
  const ids = idsOf(grants);
  return (
    <>
      {rotation && (
        <Button
          {...look}
          leftSection={<IconRefresh size={15} />}
          title="Replace this key wherever it is granted and held (r)"
          onClick={() => requestPlan(rotation)}
        >
          Rotate the key
        </Button>
      )}
      <Button
        {...look}
        leftSection={<IconTrash size={15} />}
        title="Take the line out of its file (d)"
        onClick={() => requestPlan({ kind: "remove-grants", grants: ids })}
      >
        Remove
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button {...look} rightSection={<IconChevronDown size={14} />}>
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
