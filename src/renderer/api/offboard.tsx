import { Button, Checkbox, Stack } from "@mantine/core";
import { IconUserMinus } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { PersonDetail } from "#shared/model/access/person.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import { OwnAccounts } from "./belongings.tsx";
import { useApi } from "./connection.ts";
import { usePlanRequest } from "./scan-button.tsx";

type Props = {
  /** People by the ids of any of their entries. */
  ids: readonly number[];
  buttonProps: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
  children?: ReactNode;
};

/** So many grants fit in one plan. */
const MOST_GRANTS = 10_000;

/** So many things are named in the dialog; the person's drawer has them all. */
const MOST_NAMED = 8;

type SharedKey = PersonDetail["sharedKeys"][number];
type Decision = {
  grants: number[];
  shared: SharedKey[];
  /** Things and tags, as people call them. */
  owned: string[];
  accounts: PersonDetail["ownAccounts"];
};

/**
 * Plans to revoke every grant of these people, on every host. A key that others have, too, is asked about by name, and
 * what nobody answers for or gets into afterwards is named.
 */
export function OffboardButton({ ids, buttonProps, children = "Offboard" }: Props) {
  const requestPlan = usePlanRequest();
  const { people } = useApi();
  const [failure, setFailure] = useState<string | null>(null);
  const [decision, setDecision] = useState<Decision | null>(null);
  const [isSearching, setIsSearching] = useState(false);
  const plan = (grants: readonly number[]) => {
    setDecision(null);
    if (grants.length === 0) setFailure("none of their keys is in a grant: there is nothing to revoke");
    else if (grants.length > MOST_GRANTS)
      setFailure(
        `their keys are in ${formatCount(grants.length, "grant")}, and a plan takes ${formatCount(MOST_GRANTS, "grant")}: remove those of some hosts first, under Grants`,
      );
    else requestPlan({ kind: "remove-grants", grants: [...grants] });
  };
  const offboard = async () => {
    setIsSearching(true);
    try {
      const found = await Promise.all(ids.map((id) => people.find.call({ id })));
      const grants = [...new Set(found.flatMap((person) => person.grants))];
      const shared = found.flatMap(({ sharedKeys }) => sharedKeys);
      const owned = found.flatMap(({ owned: things, ownedTags }) => [
        ...things.map(formatLabelled),
        ...ownedTags.map((tag) => `tag ${tag}`),
      ]);
      const accounts = found.flatMap((person) => person.ownAccounts);
      if (shared.length + owned.length > 0) setDecision({ grants, shared, owned, accounts });
      else {
        plan(grants);
        if (accounts.length > 0)
          toast(`Nobody else gets into ${formatCount(accounts.length, "account")}: see the person`);
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setFailure(error.message);
    } finally {
      setIsSearching(false);
    }
  };
  return (
    <>
      <Button
        {...buttonProps}
        leftSection={<IconUserMinus size={15} />}
        loading={isSearching}
        onClick={() => void offboard()}
      >
        {children}
      </Button>
      {decision && <Remaining {...decision} onPlan={plan} onClose={() => setDecision(null)} />}
      <Dialog title="No plan" isOpen={failure !== null} onClose={() => setFailure(null)} width={460}>
        <p role="alert">
          <Untrusted text={failure ?? ""} limit={600} />
        </p>
      </Dialog>
    </>
  );
}

type RemainingProps = Decision & { onPlan: (grants: readonly number[]) => void; onClose: () => void };

/**
 * To revoke a key that others have shuts these out: nobody decides that but the user. What they answer for, and what only
 * they get into, is not theirs to keep either.
 */
function Remaining({ grants, shared, owned, accounts, onPlan, onClose }: RemainingProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (fingerprint: string) => {
    const next = new Set(chosen);
    if (!next.delete(fingerprint)) next.add(fingerprint);
    setChosen(next);
  };
  const all = [...grants, ...shared.flatMap((key) => (chosen.has(key.fingerprint) ? key.grants : []))];
  return (
    <Dialog
      title={shared.length > 0 ? "Keys that others have, too" : "What else is theirs"}
      isOpen
      onClose={onClose}
      width={560}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onPlan([...new Set(all)]);
        }}
      >
        <Stack gap={10}>
          {shared.length > 0 && (
            <p>
              These keys are also listed for people who are there. Revoked, they shut these out; left, whoever
              has left may still have them: rotate them instead.
            </p>
          )}
          {shared.length > 0 && (
            <ul>
              {shared.map(({ fingerprint, people, grants: theirs }) => (
                <li key={fingerprint}>
                  <Checkbox
                    size="xs"
                    mt={8}
                    checked={chosen.has(fingerprint)}
                    onChange={() => toggle(fingerprint)}
                    label={
                      <>
                        Revoke <Fingerprint value={fingerprint} /> of{" "}
                        <Untrusted text={people.join(", ")} limit={120} />, too:{" "}
                        {formatCount(theirs.length, "grant")}
                      </>
                    }
                  />
                </li>
              ))}
            </ul>
          )}
          {owned.length > 0 && (
            <>
              <p>
                They answer for {formatCount(owned.length, "thing")}: name another owner under People, or by
                latchkey people move.
              </p>
              <Lines>
                {owned.slice(0, MOST_NAMED).map((thing) => (
                  <Line key={thing}>
                    <Untrusted text={thing} limit={120} />
                  </Line>
                ))}
              </Lines>
            </>
          )}
          {accounts.length > 0 && (
            <>
              <p>
                Nobody but they get into {formatCount(accounts.length, "account")}: disable what nobody needs
                once the keys are revoked.
              </p>
              <OwnAccounts accounts={accounts.slice(0, MOST_NAMED)} />
            </>
          )}
        </Stack>
        <DialogFoot error={null} submit="Preview the plan" isPending={false} isDisabled={all.length === 0} />
      </form>
    </Dialog>
  );
}
