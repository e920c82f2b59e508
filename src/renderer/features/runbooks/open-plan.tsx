import { Button } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { type ChangeEvent, useRef, useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { route, useTakePlan } from "./queries.ts";

/** Takes a plan that was exported, here or elsewhere. */
export function OpenPlan() {
  const input = useRef<HTMLInputElement>(null);
  const navigate = route.useNavigate();
  const { mutateAsync } = useTakePlan();
  const [failure, setFailure] = useState<string | null>(null);
  const take = async ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    const file = currentTarget.files?.[0];
    currentTarget.value = "";
    if (!file) return;
    try {
      const { planId } = await mutateAsync({ ...readPlan(await file.text()), mayAsk: true });
      void navigate({ to: "/runbooks/plan", search: { id: planId } });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setFailure(error.message);
    }
  };
  return (
    <>
      <Button
        variant="default"
        size="xs"
        h={30}
        leftSection={<IconFileImport size={15} />}
        title="Open a plan that was exported as JSON"
        onClick={() => input.current?.click()}
      >
        Open a plan
      </Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="A plan as JSON"
        onChange={(event) => void take(event)}
      />
      <Dialog title="No plan" isOpen={failure !== null} onClose={() => setFailure(null)} width={460}>
        <p role="alert">
          <Untrusted text={failure ?? ""} limit={1_000} />
        </p>
      </Dialog>
    </>
  );
}

/** What is in it is judged by whoever takes it; here only that it is a plan and its hash. */
function readPlan(text: string): { plan: unknown; hash: string } {
  const read = parse(text);
  if (
    typeof read === "object" &&
    read !== null &&
    "plan" in read &&
    "hash" in read &&
    typeof read.hash === "string"
  )
    return { plan: read.plan, hash: read.hash };
  throw new Error("the file is no plan of Latchkey; take one that was exported as JSON");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
