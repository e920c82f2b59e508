import { Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/plan-request.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { PersonRow } from "#shared/model/person.ts";
import { useGrantsOf } from "./queries.ts";

type Props = {
  people: readonly PersonRow[];
  look: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/** Plans to take out every grant of the keys of these people. */
export function RemoveTheirGrants({ people, look }: Props) {
  const requestPlan = usePlanRequest();
  const findGrants = useGrantsOf();
  const [failure, setFailure] = useState<string | null>(null);
  const [isLooking, setIsLooking] = useState(false);
  const remove = async () => {
    setIsLooking(true);
    try {
      const grants = await findGrants(people);
      if (grants.length > 0) requestPlan({ kind: "remove-grants", grants });
      else setFailure("none of their keys is in a grant");
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setFailure(error.message);
    } finally {
      setIsLooking(false);
    }
  };
  return (
    <>
      <Button
        {...look}
        leftSection={<IconTrash size={15} />}
        loading={isLooking}
        onClick={() => void remove()}
      >
        Remove their grants
      </Button>
      <Dialog title="No plan" isOpen={failure !== null} onClose={() => setFailure(null)} width={460}>
        <p role="alert">
          <Untrusted text={failure ?? ""} limit={600} />
        </p>
      </Dialog>
    </>
  );
}
