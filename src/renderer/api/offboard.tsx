import { Button, Checkbox } from "@mantine/core";
import { IconUserMinus } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { PersonDetail } from "#shared/model/access/person.ts";
import { formatCount } from "#shared/text/count.ts";
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

type SharedKey = PersonDetail["sharedKeys"][number];
type Decision = { grants: number[]; shared: SharedKey[] };

/** Plans to revoke every grant of these people, on every host. A key that others have, too, is asked about by name. */
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
      if (shared.length === 0) plan(grants);
      else setDecision({ grants, shared });
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
      {decision && <SharedKeys {...decision} onPlan={plan} onClose={() => setDecision(null)} />}
      <Dialog title="No plan" isOpen={failure !== null} onClose={() => setFailure(null)} width={460}>
        <p role="alert">
          <Untrusted text={failure ?? ""} limit={600} />
        </p>
      </Dialog>
    </>
  );
}

type SharedProps = Decision & { onPlan: (grants: readonly number[]) => void; onClose: () => void };

/** To revoke such a key shuts out others who are there: nobody decides that but the user. */
function SharedKeys({ grants, shared, onPlan, onClose }: SharedProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (fingerprint: string) => {
    const next = new Set(chosen);
    if (!next.delete(fingerprint)) next.add(fingerprint);
    setChosen(next);
  };
  const all = [...grants, ...shared.flatMap((key) => (chosen.has(key.fingerprint) ? key.grants : []))];
  return (
    <Dialog title="Keys that others have, too" isOpen onClose={onClose} width={560}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onPlan([...new Set(all)]);
        }}
      >
        <p>
          These keys are also listed for people who are there. Revoked, they shut these out; left, whoever has
          left may still have them: rotate them instead.
        </p>
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
        <DialogFoot error={null} submit="Preview the plan" isPending={false} isDisabled={all.length === 0} />
      </form>
    </Dialog>
  );
}
