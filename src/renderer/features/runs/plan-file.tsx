import { Button } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ChangeEvent, Fragment, type ReactNode, useCallback, useRef, useState } from "react";
import { PlanRequestContext, type RequestDraft } from "#renderer/api/scan-button.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { type FilePlan, type Hunk, NEW_KEY_PLACEHOLDER } from "#shared/model/runs/plan.ts";
import { formatBytes } from "#shared/text/elapsed.ts";
import { formatAccounts } from "#shared/text/runs/plan.ts";
import diff from "./diff.module.css";
import { LoginsProvider, useLogins } from "./logins.tsx";
import classes from "./plan.module.css";
import { findMissing, type RenderIssuerSetup, RequestDialog, usualOptionsOf } from "./plan-dialog.tsx";
import { route, useMakePlan, useTakePlan } from "./queries.ts";
import { LineCounts } from "./run-state.tsx";

/** One authorized_keys file, and how it would differ. */
export function FileLine({ host, file, isOpen }: { host: string; file: FilePlan; isOpen: boolean }) {
  const { path, owner, mode, sizeBytes, hunks } = file;
  const accounts = formatAccounts(file);
  return (
    <li className={classes.file}>
      <details open={isOpen}>
        <summary className={classes.fileHead}>
          <LineCounts counts={file} />
          <span className={classes.path}>
            <Untrusted text={accounts} />{" "}
            <span className={classes.dim}>
              <Untrusted text={path} isMono />
            </span>
          </span>
          <span className={classes.dim}>
            <Untrusted text={`${owner}, ${mode}, ${formatBytes(sizeBytes)}`} limit={80} />
          </span>
        </summary>
        <Difference hunks={hunks} label={`${path} of ${accounts} on ${host}`} />
      </details>
    </li>
  );
}

const SIGNS = { " ": "kept", "+": "comes", "-": "goes" } as const;

/** Hunks of a unified diff. Every byte that is no text is written as `\xNN`. */
function Difference({ hunks, label }: { hunks: readonly Hunk[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className={diff.diff} tabIndex={0} aria-label={formatUntrusted(`What changes in ${label}`)}>
      {hunks.map((hunk) => (
        <Fragment key={hunk.line}>
          <p className={diff.at}>from line {hunk.line}</p>
          <ol>
            {hunk.rows.map(({ sign, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one hunk never move
              <li key={index} className={diff[SIGNS[sign]]}>
                <span className={diff.rowSign} role="img" aria-label={SIGNS[sign]}>
                  {sign === "-" ? "−" : sign}
                </span>
                <span className={diff.rowText}>
                  <WithPlaceholder text={text} limit={sign === " " ? 160 : 600} />
                </span>
              </li>
            ))}
          </ol>
        </Fragment>
      ))}
    </section>
  );
}

/** The placeholder of the key that is made only when the run begins is shown apart from text. */
function WithPlaceholder({ text, limit }: { text: string; limit: number }) {
  const [before = "", ...after] = text.split(NEW_KEY_PLACEHOLDER);
  return (
    <>
      <Untrusted text={before} limit={limit} />
      {after.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
        <Fragment key={index}>
          <mark className={diff.hole}>the new key</mark>
          <Untrusted text={part} limit={limit} />
        </Fragment>
      ))}
    </>
  );
}

/** Imports a plan that was exported, here or elsewhere. */
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
      const { planId } = await mutateAsync({ ...readPlan(await file.text()), mayPrompt: true });
      void navigate({ to: "/runs/plan", search: { id: planId } });
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

/** Checks only that it is a plan with its hash: the import checks its content. */
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

/**
 * Handles requests from every screen: a complete one is planned at once; for another, a dialog prompts for the rest.
 */
export const PlanRequests = (props: PlanRequestsProps) => (
  <LoginsProvider>
    <Requests {...props} />
  </LoginsProvider>
);

type PlanRequestsProps = { renderIssuerSetup: RenderIssuerSetup; children: ReactNode };

function Requests({ renderIssuerSetup, children }: PlanRequestsProps) {
  const [draft, setDraft] = useState<RequestDraft | null>(null);
  const navigate = useNavigate();
  const { identityFiles } = useLogins();
  const { mutate, isPending, error, reset } = useMakePlan();
  const plan = useCallback(
    (request: RequestDraft) =>
      mutate(
        { request, options: usualOptionsOf(request), identityFiles, mayPrompt: true },
        {
          onSuccess: ({ planId }) => {
            setDraft(null);
            void navigate({ to: "/runs/plan", search: { id: planId } });
          },
          // The dialog, where the request can be changed, says why there is no plan.
          onError: () => setDraft((before) => before ?? request),
        },
      ),
    [identityFiles, mutate, navigate],
  );
  const requestPlan = useCallback(
    (request: RequestDraft) => {
      reset();
      if (findMissing(request) === null) plan(request);
      else setDraft(request);
    },
    [plan, reset],
  );
  return (
    <PlanRequestContext value={requestPlan}>
      {children}
      {draft && (
        <RequestDialog
          draft={draft}
          isPlanning={isPending}
          error={error}
          renderIssuerSetup={renderIssuerSetup}
          onPlan={plan}
          onClose={() => setDraft(null)}
        />
      )}
    </PlanRequestContext>
  );
}
